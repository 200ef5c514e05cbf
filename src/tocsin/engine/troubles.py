"""What an audit of Tocsin itself can find, and in which words people are told."""

from datetime import datetime
from enum import Enum
from typing import Final

from msgspec import Struct

from tocsin.alerts.muting import OWN_AUDIT
from tocsin.rules.finding import Finding, Severity, Why
from tocsin.rules.wording import clock_time, plural

CONDITION: Final = OWN_AUDIT
MAX_EXAMPLES: Final = 10

_LOG: Final = "See the server's log, and restart it if it does not go on by itself."


class Check(Enum):
    """A promise that the audit looks after."""

    STORE = "store"
    JUDGING = "judging"
    DELIVERING = "delivering"
    SIGN_OF_LIFE = "sign_of_life"
    DUE_JOBS = "due_jobs"
    LATE = "late"
    DUE_GROUPS = "due_groups"
    GROUPS_AT_REST = "groups_at_rest"
    GROUPS_ASIDE = "groups_aside"
    SET_ASIDE = "set_aside"
    UNHEARD = "unheard"
    ESCALATIONS = "escalations"
    UNCLAIMED = "unclaimed"
    UNCLAIMABLE = "unclaimable"
    NO_FALLBACK = "no_fallback"
    OWED = "owed"
    AUDIT = "audit"


WORDS: Final = {
    Check.STORE: ("the store cannot be used", "Nothing can be judged until it can: see what it says."),
    Check.JUDGING: ("nothing is judged any more", _LOG),
    Check.DELIVERING: ("nothing is handed out for delivery any more", _LOG),
    Check.SIGN_OF_LIFE: ("the server's signs of life do not reach the store", _LOG),
    Check.DUE_JOBS: ("jobs that are due are not looked at", _LOG),
    Check.LATE: ("judging has been behind for a quarter of an hour", "See what the machine is busy with."),
    Check.DUE_GROUPS: ("groups of alerts that are due are not told", _LOG),
    Check.GROUPS_AT_REST: (
        "groups hold alerts that nobody will tell of",
        "Look at these with tocsin groups.",
    ),
    Check.GROUPS_ASIDE: (
        "groups of alerts cannot be told",
        "Look at these with tocsin groups, tell people yourself, and see the server's log for the cause.",
    ),
    Check.SET_ASIDE: (
        "what has raised is set aside, and not done or asked meanwhile",
        "See the server's log for the cause, and do by hand what cannot wait.",
    ),
    Check.UNHEARD: ("alerts fire of which nobody was told", "Look at these alerts and their histories."),
    Check.ESCALATIONS: ("escalations will not go on by themselves", "Tell the next level yourself."),
    Check.UNCLAIMED: ("notifications are ready and not sent", _LOG),
    Check.UNCLAIMABLE: ("notifications can never be sent", "Tell these receivers yourself."),
    Check.NO_FALLBACK: ("notifications wait and their fallback is not told", _LOG),
    Check.AUDIT: ("a part of the audit cannot be made", _LOG),
    Check.OWED: ("notifications are owed for longer than they are tried", _LOG),
}


class Trouble(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A promise that is broken: since when it was seen, by how many things, and the first of them."""

    check: Check
    since_at: datetime
    count: int = 1
    examples: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        what, _ = WORDS[self.check]
        named = ", ".join(self.examples[:3])
        return f"{what}: {named}" if named else what


class AuditReport(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one server has found at `at`, by its own clock; `server` is another one after each start."""

    server: str
    host: str
    at: datetime
    troubles: tuple[Trouble, ...] = ()


def finding_of(trouble: Trouble, servers: tuple[str, ...]) -> Finding:
    """Return what people are told of a trouble that these servers have found."""
    what, next_step = WORDS[trouble.check]
    evidence = [("check", trouble.check.value), ("since", clock_time(trouble.since_at, "UTC"))]
    evidence += [("found by", ", ".join(servers[:MAX_EXAMPLES]))] if servers else []
    evidence += [("for example", example) for example in trouble.examples]
    if trouble.count > len(trouble.examples) > 0:
        evidence.append(("in all", plural(trouble.count, "row")))
    return Finding(
        rule="own audit",
        condition=CONDITION,
        severity=Severity.CRITICAL,
        why=Why.OWN_AUDIT,
        since_at=trouble.since_at,
        summary=f"Tocsin itself does not work: {what}",
        evidence=tuple(evidence),
        next_step=next_step,
    )
