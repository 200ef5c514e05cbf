"""`make run`: real jobs on real flights succeed, fail, hang, stay away and come late, and you hear of each.

Everything is real: the server, the jobs, their input, the faults in it, and the webhook receiver that checks
what it is told. Takes about a minute; then the server stays up until Ctrl-C, or with --once the exit code
says whether every alert and every resolution arrived.
"""

import argparse
import base64
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import screen
from hook import Hook
from play import EXPECTED, Play
from stage import Stage, StageError, free_port

PORT = 8465
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 5.0
TURN_SECONDS = 3_600.0
FLIGHTS = 336_776
INTERRUPTED = 130


def main() -> int:
    """Return the exit code: 0 if all was told, 1 if not, 130 if Ctrl-C came before that was known."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="tocsin-flights-") as folder:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        hook = Hook(secret)
        stage = Stage(Path(folder), free_port(options.port))
        if stage.port != options.port:
            screen.say(f"port {options.port} is taken; this server listens on {stage.port}")
        try:
            return _show(stage, hook, secret, options)
        except StageError as error:
            screen.say("", f"The example cannot go on: {error}")
            return 1
        finally:
            signal.signal(
                signal.SIGINT, signal.SIG_IGN
            )  # whoever is impatient now would leave processes behind
            stage.close()
            hook.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--once", action="store_true", help="end when the play is over; exit code 0 if all was told"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"where the page is (default: {PORT})")
    parser.add_argument(
        "--look",
        type=float,
        default=LOOK_SECONDS,
        metavar="S",
        help="seconds to look at what is wrong (default: 5)",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_SECONDS,
        metavar="S",
        help="longest wait of each act (default: 120)",
    )
    return parser.parse_args()


def _show(stage: Stage, hook: Hook, secret: str, options: argparse.Namespace) -> int:
    told = False
    play = Play(stage, hook, patience_seconds=options.patience)
    try:
        stage.open_server(hook.url, secret, within_seconds=max(options.patience, 30.0))
        screen.open_curtain(stage.url, FLIGHTS)
        play.load()
        if play.go_wrong():
            screen.between_acts(options.look)
            play.go_on(options.look)
            play.mend()
        faults = [*_faults(hook), *_faults_of_console(stage)]
        screen.close_curtain(hook.words, faults)
        told = not faults
        if faults:
            screen.say("", "The server's log ends so:", stage.server_log())
        if not options.once:
            screen.stay(stage.url)
            while True:
                play.go_on(TURN_SECONDS)
    except KeyboardInterrupt:
        screen.say("", "Stopping the jobs and the server.")
        return 0 if told else INTERRUPTED
    return 0 if told else 1


def _faults(hook: Hook) -> Iterator[str]:
    """Return what the receiver has not heard, or should not have."""
    for expected in EXPECTED:
        lacking = expected.lacks(hook.words)
        if lacking:
            yield f"{expected.job}: {expected.condition} was not told ({', '.join(lacking)})"
        elif not expected.is_over(hook.words):
            yield f"{expected.job}: that {expected.condition} is over was not told"
    wanted = {(expected.job, expected.condition) for expected in EXPECTED}
    for word in hook.words:
        if (word.job, word.condition) not in wanted:
            yield f"{word.job}: {word.condition} was told, and nothing of the kind was wrong"
    if hook.refused:
        yield f"{hook.refused} requests to the webhook had no good signature"


def _faults_of_console(stage: Stage) -> Iterator[str]:
    """Return which messages the server owes to the terminal, as its API says."""
    for alert in stage.ask("/api/v1/alerts?state=all")["items"]:
        for owed in stage.ask(f"/api/v1/alerts/{alert['id']}")["notifications"]:
            if owed["target"] == "everybody/console" and owed["state"] not in ("sent", "cancelled"):
                why = f"{owed['state']}: {owed['last_error']}"
                why = f"{owed['state']}: {owed['last_error']}"
                yield f"{alert['job']}: {owed['kind']} was not printed ({why})"


if __name__ == "__main__":
    sys.exit(main())
