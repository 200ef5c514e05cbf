"""`tocsin flush`: delivers what waits on this machine."""

import os
import sys
from collections.abc import Sequence

from tocsin.client.arguments import FLUSH_HELP, FlushOptions, Usage, read_flush
from tocsin.client.client import Client
from tocsin.client.notice import say

SOMETHING_WAITS = 1
USAGE = 2


def main(words: Sequence[str]) -> int:
    """Deliver and leave the process; returns only after help or a usage mistake."""
    try:
        options = read_flush(words)
    except Usage as mistake:
        if not str(mistake):
            sys.stdout.write(FLUSH_HELP)
            return 0
        say(f"{mistake} ('tocsin flush --help' shows the options)")
        return USAGE
    code = _flush(options)
    sys.stdout.flush()
    # A thread may sit in a name look-up that nothing can cut short.
    os._exit(code)


def _flush(options: FlushOptions) -> int:
    client = Client(options.server, quiet=options.quiet)
    standing = client.sweep(options.timeout_seconds)
    if not options.quiet:
        refused = f", {standing.rejected} rejected by the server" if standing.rejected else ""
        sys.stdout.write(f"{standing.delivered} delivered{refused}, {standing.waiting} waiting\n")
        for elsewhere in client.waiting_elsewhere():
            say(f"check-ins for another server wait in {elsewhere}; to deliver them, set TOCSIN_URL to it")
    return SOMETHING_WAITS if standing.waiting else 0
