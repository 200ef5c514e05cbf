"""Swaps: two responders take each other's shift, as two overrides."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from tocsin.oncall.override import Cover, Override
from tocsin.oncall.schedule import LOOK_AHEAD, MOST_STRETCHES, OnCallSchedule, on_call


class SwapFault(Enum):
    """Why two shifts cannot be swapped."""

    PAST = "past"
    TOO_FAR = "too_far"
    NOBODY = "nobody"
    ENDLESS = "endless"
    SAME_PERSON = "same_person"


SENTENCES: Final = {
    SwapFault.PAST: "lies in the past",
    SwapFault.TOO_FAR: "lies more than 366 days ahead",
    SwapFault.NOBODY: "is a time at which nobody is on call",
    SwapFault.ENDLESS: "falls into a shift that does not end within 366 days; add overrides instead",
    SwapFault.SAME_PERSON: "falls into a shift of the same person as the other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRefused:
    """Two shifts cannot be swapped because of what is at this instant."""

    reason: SwapFault
    at: datetime

    @property
    def sentence(self) -> str:
        """What is wrong, without its subject."""
        return SENTENCES[self.reason]


def swapped(
    schedule: OnCallSchedule,
    overrides: tuple[Override, ...],
    now: datetime,
    one_at: datetime,
    other_at: datetime,
) -> tuple[Cover, Cover] | SwapRefused:
    """Return the covers by which the shifts at two instants change hands; of one that has begun, the rest."""
    one = _shift_at(schedule, overrides, now, one_at)
    if isinstance(one, SwapRefused):
        return one
    other = _shift_at(schedule, overrides, now, other_at)
    if isinstance(other, SwapRefused):
        return other
    if one.responder == other.responder:
        return SwapRefused(reason=SwapFault.SAME_PERSON, at=other_at)
    return (
        Cover(responder=other.responder, starts_at=one.starts_at, ends_at=one.ends_at),
        Cover(responder=one.responder, starts_at=other.starts_at, ends_at=other.ends_at),
    )


def _shift_at(
    schedule: OnCallSchedule, overrides: tuple[Override, ...], now: datetime, instant: datetime
) -> Cover | SwapRefused:
    if instant < now:
        return SwapRefused(reason=SwapFault.PAST, at=instant)
    if instant > now + LOOK_AHEAD:
        return SwapRefused(reason=SwapFault.TOO_FAR, at=instant)
    starts_at, held = now, on_call(schedule, overrides, now)
    for _ in range(MOST_STRETCHES):
        if held.until_at is None or held.until_at > instant:
            break
        starts_at = held.until_at
        held = on_call(schedule, overrides, starts_at)
    if held.responder is None:
        return SwapRefused(reason=SwapFault.NOBODY, at=instant)
    if held.until_at is None:
        return SwapRefused(reason=SwapFault.ENDLESS, at=instant)
    return Cover(responder=held.responder, starts_at=starts_at, ends_at=held.until_at)
