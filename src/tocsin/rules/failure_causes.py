"""What failures are known to come of: for each cause its class, its words, and what to do about it.

Transient is what may be gone when the same run is started again later: a connection, a lock, a limit of the
rate. Permanent is what fails again until somebody has changed something: a credential, a full disk, the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.rules.failure import FailureClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause by its class, its words, and what to do where it is known."""

    failure_class: FailureClass
    said: str
    next_step: str


def _transient(said: str, next_step: str) -> Cause:
    return Cause(failure_class=FailureClass.TRANSIENT, said=said, next_step=next_step)


def _permanent(said: str, next_step: str) -> Cause:
    return Cause(failure_class=FailureClass.PERMANENT, said=said, next_step=next_step)


def _unknown(said: str, next_step: str) -> Cause:
    return Cause(failure_class=FailureClass.UNKNOWN, said=said, next_step=next_step)


CAUSES: Final[Mapping[str, Cause]] = {
    "out_of_memory": _permanent(
        "out of memory",
        "Give it more memory or smaller portions of its input; look also at what else ran on the "
        "host by then.",
    ),
    "out_of_disk": _permanent(
        "out of disk",
        "Free room where it writes: old output, temporary files and logs; look at `df -h` and `df "
        "-i`, or at the quota or tablespace, then run it again.",
    ),
    "rate_limit": _transient(
        "rate limit",
        "Let it ask less often or in smaller portions, or have the limit raised; then run it again.",
    ),
    "lock": _transient(
        "lock or deadlock",
        "Run it again; if it comes back, find what holds the lock at the same hour.",
    ),
    "certificate": _permanent(
        "certificate not accepted",
        "Renew the certificate of the other side, or the certificates that this host trusts.",
    ),
    "authentication": _permanent(
        "authentication refused",
        "Renew the credential that it uses, or give it the right one, then run it again.",
    ),
    "command_not_found": _permanent(
        "command not found",
        "Install what is missing where the job runs, or correct the PATH or the image that it runs in.",
    ),
    "not_executable": _permanent(
        "command cannot be executed",
        "Make the file executable (`chmod +x`) and see whether its first line names a program that is there.",
    ),
    "permission": _permanent(
        "permission denied",
        "Grant the account of the job the right that it lacks, or correct the path that it uses.",
    ),
    "dns": _transient(
        "name not resolved",
        "See whether the name is right and the host can resolve it, then run it again.",
    ),
    "unavailable": _transient(
        "service unavailable",
        "Wait until the service is well again, then run it; if it is yours, look at its load and its limits.",
    ),
    "connection": _transient(
        "connection failed",
        "See whether the other side is up and can be reached from this host, then run it again.",
    ),
    "time_out": _transient(
        "time-out",
        "See what it waited for: a slow query, a lock, the network; or give it more time.",
    ),
    "worker_lost": _transient(
        "a worker was lost",
        "Run it again; if it comes back, look at the nodes it ran on, and at their memory.",
    ),
    "interrupted": _transient(
        "interrupted",
        "See who or what stopped it: a restart, a deployment, a time limit or a person; then run it again.",
    ),
    "missing_module": _permanent(
        "module or library missing",
        "Install what is missing where the job runs, or correct the PATH or the image that it runs in.",
    ),
    "missing_table": _permanent(
        "table missing",
        "See whether what it reads was delivered, and whether the path or name is right.",
    ),
    "schema": _permanent(
        "schema does not fit",
        "Compare the columns that it expects with those of its source and target: one of them has changed.",
    ),
    "missing_file": _permanent(
        "file missing",
        "See whether what it reads was delivered, and whether the path or name is right.",
    ),
    "constraint": _permanent(
        "constraint violated",
        "Look for the records that are there twice or lack what they refer to; often it ran twice.",
    ),
    "bad_data": _permanent(
        "data cannot be read",
        "Look at the input that it could not read: at its source, or at what changed there last.",
    ),
    "crash": _unknown(
        "the program crashed",
        "Look for the core dump, and at which library or version was changed last.",
    ),
    "configuration": _permanent(
        "configuration wrong",
        "Correct the setting that it names, where the job runs.",
    ),
    "bug": _permanent(
        "fault in the code",
        "Look at the end of the log for the place in the code, and at what was deployed last.",
    ),
    "killed": _unknown(
        "killed",
        "See who killed it: mostly the kernel for lack of memory (`dmesg -T | grep -i oom`), else "
        "a container that was stopped or a person.",
    ),
    "temporary": _transient(
        "temporary, by its exit code",
        "Run it again; if it comes back, look at what ends it.",
    ),
}
