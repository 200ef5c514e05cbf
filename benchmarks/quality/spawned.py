"""Runs a command, and tells on stderr what it took; small, for no process counts as smaller than its parent.

    python -S spawned.py SECONDS COMMAND …

After so many seconds the command is ended.
"""

import json
import os
import signal
import sys
import time

limit, *command = sys.argv[1:]
began = time.perf_counter()
pid = os.fork()
if pid == 0:
    signal.alarm(int(limit))
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    os.execv(command[0], command)  # noqa: S606 -- the benchmark's own commands
_, status, used = os.wait4(pid, 0)
told = {
    "code": os.waitstatus_to_exitcode(status),
    "seconds": time.perf_counter() - began,
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_mib": used.ru_maxrss / 1024,
}
print(json.dumps(told), file=sys.stderr)
