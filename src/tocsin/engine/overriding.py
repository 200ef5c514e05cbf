"""What a person's command makes of overrides: who is on call instead, and for how long."""

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from tocsin.engine.commands import AddOverrides, Done, Refusal, Refused, RemoveOverride, Result
from tocsin.engine.draft import Draft
from tocsin.engine.own_jobs import HAND_OVERS, wake
from tocsin.oncall.override import Cover, Override
from tocsin.rules.wording import plural

MAX_OVERRIDE: Final = timedelta(days=366)
MAX_AHEAD: Final = timedelta(days=2 * 366)
MAX_OVERRIDES: Final = 1_000

IMPORTED: Final = "ical-"
"""What the ids of overrides that were made of a calendar begin with."""

_SHOWN: Final = 20


def add_overrides(draft: Draft, command: AddOverrides) -> Result:
    """Keep all of the overrides, or none of them with the reason why."""
    kept = {one.id: one for one in draft.writing.overrides(draft.now) if one.schedule == command.schedule}
    refused = _refusal(draft, command, kept)
    if refused is not None:
        return refused
    swap = draft.new_id() if command.is_swap else ""
    made = [_override(draft, command, cover, swap) for cover in command.covers]
    for override in made:
        if not _says_the_same(kept.get(override.id), override):
            draft.writing.save_override(override)
    for override in _over(command, kept):
        _end(draft, override, command.who)
    wake(draft.writing, [HAND_OVERS], draft.now)
    if swap:
        return Done(message="swapped: " + " and ".join(_told(one) for one in made), id=swap)
    if len(made) == 1:
        return Done(message=_told(made[0]), id=made[0].id)
    if not made:
        return Done(message=f"what was cancelled has ended in {command.schedule!r}: the rotations hold again")
    return Done(message=f"{plural(len(made), 'override')} kept in {command.schedule!r}")


def remove_override(draft: Draft, command: RemoveOverride) -> Result:
    """End an override now, or both of a swap."""
    found = [one for one in draft.writing.overrides(draft.now) if command.override_id in (one.id, one.swap)]
    if not found:
        message = f"there is no override {command.override_id!r} that has not ended"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    for override in found:
        _end(draft, override, command.who)
    wake(draft.writing, [HAND_OVERS], draft.now)
    what = "the override" if len(found) == 1 else "both overrides of the swap"
    return Done(message=f"{what} removed: the rotations hold again", id=command.override_id)


def _over(command: AddOverrides, kept: Mapping[str, Override]) -> list[Override]:
    """Return what was made of events that are over or cancelled by now."""
    again = {override_id(command.schedule, cover.uid) for cover in command.covers if cover.uid}
    ids = dict.fromkeys(override_id(command.schedule, uid) for uid in command.over)
    return [kept[one] for one in ids if one in kept and one not in again]


def _end(draft: Draft, override: Override, who: str) -> None:
    draft.writing.save_override(dataclasses.replace(override, ends_at=draft.now, removed_by=who))


def _refusal(draft: Draft, command: AddOverrides, kept: Mapping[str, Override]) -> Refused | None:
    configuration = draft.book.configuration
    if command.schedule not in configuration.on_call_schedules:
        known = ", ".join(sorted(configuration.on_call_schedules)[:_SHOWN]) or "none"
        message = f"there is no on-call schedule {command.schedule!r}; there are: {known}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    for cover in command.covers:
        fault = _fault(draft, cover)
        if fault:
            return Refused(reason=Refusal.INVALID, message=fault)
    again = {override_id(command.schedule, cover.uid) for cover in command.covers if cover.uid}
    others = len(kept.keys() - again)
    if not (command.covers or _over(command, kept)) or others + len(command.covers) > MAX_OVERRIDES:
        message = (
            f"{command.schedule!r} has {others} overrides; from 1 to {MAX_OVERRIDES - others} can be added"
        )
        return Refused(reason=Refusal.CONFLICT, message=message)
    return None


def _fault(draft: Draft, cover: Cover) -> str:
    responders = draft.book.configuration.responders
    if cover.responder not in responders:
        known = ", ".join(sorted(responders)[:_SHOWN]) or "none"
        return f"there is no responder {cover.responder!r}; there are: {known}"
    if cover.ends_at <= max(cover.starts_at, draft.now):
        return "an override must end after it starts, and after now"
    if cover.ends_at - max(cover.starts_at, draft.now) > MAX_OVERRIDE:
        return f"an override lasts at most {MAX_OVERRIDE.days} days; for longer, change the rotation"
    if cover.ends_at > draft.now + MAX_AHEAD:
        return f"an override ends within {MAX_AHEAD.days} days; for later, change the rotation"
    return ""


def _override(draft: Draft, command: AddOverrides, cover: Cover, swap: str) -> Override:
    return Override(
        id=override_id(command.schedule, cover.uid) if cover.uid else draft.new_id(),
        schedule=command.schedule,
        responder=cover.responder,
        starts_at=max(cover.starts_at, draft.now),
        ends_at=cover.ends_at,
        created_by=command.who,
        created_at=draft.now,
        comment=command.comment,
        swap=swap,
    )


def _says_the_same(known: Override | None, override: Override) -> bool:
    """Tell whether it is kept already: then it must not become newer than what was decided since."""
    return (
        known is not None
        and (known.responder, known.ends_at) == (override.responder, override.ends_at)
        and known.starts_at in (override.starts_at, known.created_at)
    )


def override_id(schedule: str, uid: str) -> str:
    """Return one id for one event of a calendar, so that importing it again changes what it made before."""
    digest = hashlib.blake2b(f"{schedule}\n{uid}".encode(), digest_size=8).hexdigest()
    return f"{IMPORTED}{digest}"


def _told(override: Override) -> str:
    return (
        f"{override.responder} is on call in {override.schedule!r} "
        f"from {override.starts_at:%Y-%m-%d %H:%M} to {override.ends_at:%Y-%m-%d %H:%M} UTC"
    )
