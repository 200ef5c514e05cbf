"""What a person's word makes of silences: made, ended later, ended now."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.matcher import match_all
from tocsin.alerts.silence import Silence
from tocsin.engine.commands import AddSilence, Done, ExpireSilence, ExtendSilence, Refusal, Refused, Result
from tocsin.engine.draft import Draft
from tocsin.engine.hastening import hasten_groups
from tocsin.engine.hushing import take_out_of_waits
from tocsin.engine.voicing import labels_of
from tocsin.store.base import Writing

MAX_SILENCE: Final = timedelta(days=366)


def on_silence(draft: Draft, command: AddSilence | ExtendSilence | ExpireSilence) -> Result:
    """Carry out one command about silences."""
    match command:
        case AddSilence():
            return _add(draft, command)
        case ExtendSilence():
            return _extend(draft, command)
        case ExpireSilence():
            return _expire(draft, command)


def fault_of(command: AddSilence, now: datetime) -> str | None:
    """Return why a silence would be refused at this instant, or None if it would not be."""
    if not command.matchers or all(m.matches({}) for m in command.matchers):
        return "at least one matcher must not match everything, or all alerts would be muted"
    starts_at = max(command.starts_at, now)
    if command.ends_at <= starts_at or command.ends_at - starts_at > MAX_SILENCE:
        return f"it must end after it starts and after now, and last at most {MAX_SILENCE.days} days"
    return None


def _add(draft: Draft, command: AddSilence) -> Result:
    fault = fault_of(command, draft.now)
    if fault is not None:
        return Refused(reason=Refusal.INVALID, message=fault)
    silence = Silence(
        id=draft.new_id(),
        matchers=command.matchers,
        starts_at=max(command.starts_at, draft.now),
        ends_at=command.ends_at,
        created_by=command.who,
        created_at=draft.now,
        comment=command.comment,
    )
    draft.writing.save_silence(silence)
    take_out_of_waits(draft, silence)
    return Done(message=f"silenced until {_end_of(silence)}; judging goes on", id=silence.id)


def _extend(draft: Draft, command: ExtendSilence) -> Result:
    silence = _found(draft, command.silence_id)
    if silence is None:
        return _none_such(command.silence_id)
    if command.ends_at == silence.ends_at:
        return Done(message=f"it ends at {_end_of(silence)} already", id=silence.id)
    if command.ends_at < silence.ends_at:
        message = f"it ends at {_end_of(silence)}, which is later; to end it sooner, end it now"
        return Refused(reason=Refusal.INVALID, message=message)
    if command.ends_at - max(silence.starts_at, draft.now) > MAX_SILENCE:
        message = f"it may go on for at most {MAX_SILENCE.days} days"
        return Refused(reason=Refusal.INVALID, message=message)
    longer = dataclasses.replace(silence, ends_at=command.ends_at, extended_by=command.who)
    draft.writing.save_silence(longer)
    return Done(message=f"silenced until {_end_of(longer)}; judging goes on", id=silence.id)


def _expire(draft: Draft, command: ExpireSilence) -> Result:
    silence = _found(draft, command.silence_id)
    if silence is None:
        return _none_such(command.silence_id)
    ended = dataclasses.replace(silence, ends_at=draft.now, expired_by=command.who)
    draft.writing.save_silence(ended)
    let_out(draft.writing, [ended], draft.now)
    return Done(message="expired; what it kept back is told now if it still holds", id=silence.id)


def lifted(before: Iterable[Silence], after: Iterable[Silence], now: datetime) -> list[Silence]:
    """Return the silences of `before` that somebody has ended early: they are not among those `after`."""
    left = {silence.id for silence in after}
    return [one for one in before if one.id not in left and one.ends_at > now]


def let_out(writing: Writing, silences: Iterable[Silence], now: datetime) -> None:
    """Look at what these kept back: its alerts and, whatever they hold, the groups."""
    ended = tuple(silences)
    if not ended:
        return
    held_back = ((alert.job_id, labels_of(alert)) for alert in writing.open_alerts_held_back())
    muted = [job_id for job_id, labels in held_back if any(match_all(s.matchers, labels) for s in ended)]
    writing.mark_due(muted, now)
    hasten_groups(writing, now)


def _found(draft: Draft, silence_id: str) -> Silence | None:
    return next((one for one in draft.writing.silences(draft.now) if one.id == silence_id), None)


def _none_such(silence_id: str) -> Refused:
    message = f"there is no silence {silence_id!r} that has not ended"
    return Refused(reason=Refusal.NOT_FOUND, message=message)


def _end_of(silence: Silence) -> str:
    return f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
