"""Why nobody has been told of a firing alert, for all to see; or that nothing says why. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final

from tocsin.alerts.alert import KEEPS_BACK, Alert, Entry, Reason
from tocsin.alerts.group import Group
from tocsin.oncall.escalation import Climb, Status

_TELLS_OF_THE_TROUBLE: Final = frozenset(
    {
        Reason.OPENED,
        Reason.LOUDER,
        Reason.QUIETER,
        Reason.UPDATED,
        Reason.UNCHANGED,
        Reason.NOTHING_TO_SAY,
        Reason.ACKNOWLEDGEMENT_ENDED,
        Reason.SNOOZE_ENDED,
        Reason.INHIBITION_ENDED,
        Reason.TOLD,
        Reason.REPEATED,
        Reason.CAUGHT_UP,
        Reason.GROUPED,
        Reason.BACKFILL,
        Reason.FLAPPING,
        Reason.ESCALATION_BEGUN,
        Reason.ESCALATED,
        Reason.ESCALATION_WENT_ON,
        Reason.ESCALATED_AS_ONE,
        Reason.LEVEL_PASSED_OVER,
        *KEEPS_BACK,
    }
)


class Excuse(Enum):
    """What keeps an alert from being told, or why nobody had to be."""

    PUT_OFF = "put off by a person"
    HELD_BACK = "kept back until an instant to come"
    EXPLAINED = "another alert explains it"
    WAITS = "waits for its group"
    DIGEST = "told daily, and nobody at once"


def excuse_of(alert: Alert, groups: Iterable[Group | None], late: datetime) -> Excuse | None:
    """Return why nobody was told of a firing alert, as far as it and its groups say.

    What should have been told before `late` has no excuse any more.
    """
    if alert.snooze is not None:
        return Excuse.PUT_OFF
    if alert.inhibited is not None:
        until_at = alert.inhibited.until_at
        return Excuse.EXPLAINED if until_at is None or until_at >= late else None
    if alert.held_back_until is not None:
        return Excuse.HELD_BACK if alert.held_back_until >= late else None
    for group in groups:
        if group is not None and group.waiting and group.due_at is not None:
            return Excuse.WAITS
        if group is not None and group.has_spoken and not group.targets:
            return Excuse.DIGEST
    return Excuse.DIGEST if alert.told.last_at is not None and not alert.told.targets else None


def is_explained(entries: Sequence[Entry]) -> bool:
    """Whether the last line of a history is of a kind that keeps an alert quiet until something else happens.

    What is kept back until an instant, or left to a group, says so itself; its line alone is no excuse.
    """
    return bool(entries) and entries[-1].reason not in _TELLS_OF_THE_TROUBLE


def will_climb(climb: Climb | None, job_due_at: datetime | None) -> bool:
    """Whether a climb that is under way has its next instant, and its job is looked at by then."""
    if climb is None or climb.status not in (Status.PENDING, Status.ESCALATED):
        return True
    if climb.next_at is not None:
        return job_due_at is not None and job_due_at <= climb.next_at
    passed = {one.level for one in climb.passed}
    left = [
        level
        for number, level in enumerate(climb.policy.levels[climb.level :], start=climb.level + 1)
        if number not in passed and level.minutes_before_deadline is None
    ]
    return not left and climb.policy.repeat_after_minutes is None
