"""A server that only commits, for a test to kill: `python -m tests.contracts.writer_to_kill KIND URL`.

Each line that it prints is the number of a transaction that is committed.
"""

import sys

from tests.contracts.kept import NOON, SECOND, Place, a_check_in, an_alert, changed, committed, due, key, owed


def main(kind: str, url: str) -> None:
    store = Place(kind=kind, url=url).open()
    with committed(store) as writing:
        number = int(writing.note("number") or 0)
    while True:
        number += 1
        with committed(store) as writing:
            watch = writing.watches([key()])[key()]
            writing.append([(watch.job.id, a_check_in(number))])
            writing.save([due(watch, NOON + number * SECOND)])
            writing.save_alerts([changed(an_alert(), summary=str(number))])
            writing.enqueue([owed(str(number), seq=number)])
            writing.save_note("number", str(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
