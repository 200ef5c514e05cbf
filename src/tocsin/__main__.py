"""The way in: `tocsin`, or `python -m tocsin`."""

import gc
import sys

COLLECT_AFTER = 50_000  # a start makes as many objects, and drops none


def main() -> int:
    """Return the exit code.

    `run` and `flush` load nothing but a little of the standard library: every cron job waits for them.
    """
    command, words = sys.argv[1:2], sys.argv[2:]
    if command in (["run"], ["flush"]):
        gc.set_threshold(COLLECT_AFTER)
    if command == ["run"]:
        from tocsin.client.command import main as run

        return run(words)
    if command == ["flush"]:
        from tocsin.client.flush import main as flush

        return flush(words)
    from tocsin.cli import main as rest

    return rest()


if __name__ == "__main__":
    sys.exit(main())
