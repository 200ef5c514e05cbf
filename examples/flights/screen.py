"""What the example says on the terminal besides the alerts, which the server prints itself."""

import os
import sys
from collections.abc import Sequence

from hook import Word
from play import EXPECTED, Expected

WIDTH = 80
BOLD, DIM, GOOD, BAD = "1", "2", "32", "1;31"


def say(*lines: str) -> None:
    """Print lines, at once."""
    print(*lines, sep="\n", flush=True)


def ink(text: str, code: str) -> str:
    """Return the text coloured, on a terminal that wants it."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def open_curtain(url: str, flights: int) -> None:
    """Say what this is and what is about to happen."""
    say(
        "",
        f"{ink('Tocsin', BOLD)}  watches six jobs on the {flights:,} flights that left New York in 2013.",
        f"The page, with what you will read here: {ink(url, BOLD)}",
        "",
        _row("load_flights", "loads them month by month, and is not worth a word", ""),
        *(_row(e.job, e.because, e.condition) for e in EXPECTED),
        "",
    )


def between_acts(seconds: float) -> None:
    """Say that everything has gone wrong."""
    _scene(f"Five alerts are open, here and on the page. In {seconds:.0f} seconds each is mended.")


def stay(url: str) -> None:
    """Say that the server stays."""
    say("", f"The server stays up at {ink(url, BOLD)} until you press Ctrl-C.", "")


def _scene(text: str) -> None:
    say(ink("─" * WIDTH, DIM), text, ink("─" * WIDTH, DIM), "")


def _row(job: str, text: str, condition: str) -> str:
    return f"  {job:<17}{ink(f'{text:<63}', DIM)}{condition}".rstrip()


def close_curtain(words: Sequence[Word], faults: Sequence[str]) -> None:
    """Print what was expected, heard and resolved, and what is missing."""
    head = f"{'JOB':<19}{'EXPECTED':<14}{'HEARD AFTER':<35}{'RESOLVED AFTER':>12}"
    say(ink("─" * WIDTH, DIM), ink(head, BOLD), *(_line(e, words) for e in EXPECTED), "")
    if faults:
        say(
            ink("Not everything was told as it should have been:", BAD), *(f"  - {fault}" for fault in faults)
        )
    else:
        say(
            f"{ink('✓', GOOD)} Each was told when it began and when it was over: on this terminal, and to a",
            "  webhook receiver that checked every signature. Nothing else was told.",
        )


def _line(expected: Expected, words: Sequence[Word]) -> str:
    heard = expected.heard(tuple(words))
    loud = [f"{word.severity} {word.at_seconds:.0f} s" for word in heard if word.kind != "resolved"]
    over = f"{heard[-1].at_seconds:.0f} s" if expected.is_over(tuple(words)) else "no"
    return f"{expected.job:<19}{expected.condition:<14}{', '.join(loud) or 'no':<35}{over:>12}"
