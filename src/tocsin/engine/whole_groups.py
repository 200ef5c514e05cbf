"""What a person's word makes of all alerts of a group, slice by slice, also when nobody waits for it.

Whoever waits asks for one slice after the other. Who cannot wait, such as a vendor's webhook, leaves what the
first slice has not done to the writer: it is kept with that slice, so that a restart goes on with it.
"""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.group import Group
from tocsin.alerts.together import was_told_by
from tocsin.engine.apart import is_of_the_store
from tocsin.engine.commands import (
    Acknowledge,
    AcknowledgeGroup,
    Done,
    Refusal,
    Refused,
    Resolve,
    ResolveGroup,
    Result,
)
from tocsin.engine.draft import Draft
from tocsin.engine.in_hand import acknowledge_one, fault_of, resolve_one
from tocsin.store.base import Writing

SLICE = 200
"""Most alerts of a group that one command reads: what jobs report passes between two of them."""
NOTE: Final = "said of whole groups"
MOST_UNFINISHED: Final = 1_000

_log = logging.getLogger("tocsin.engine")


class Unfinished(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said at an instant of a group, and is not carried out behind the alert `after`."""

    group_id: str
    who: str
    at: datetime
    after: str
    note: str = ""
    until_at: datetime | None = None
    is_over: bool = False

    @property
    def command(self) -> AcknowledgeGroup | ResolveGroup:
        """The command for its next slice."""
        if self.is_over:
            return ResolveGroup(group_id=self.group_id, who=self.who, note=self.note, after=self.after)
        return AcknowledgeGroup(
            group_id=self.group_id, who=self.who, note=self.note, until_at=self.until_at, after=self.after
        )


_UNFINISHED: Final = msgspec.json.Decoder(tuple[Unfinished, ...])


def on_group(draft: Draft, command: AcknowledgeGroup | ResolveGroup) -> Result:
    """Carry out one slice of what was said of a group; first also on what is beside it, if it is in hand."""
    result = _on_slice(draft, command)
    if isinstance(result, Done) and result.after and command.goes_on:
        if not _keep(draft.writing, _rest_of(command, result.after, draft.now)):
            message = f"{MOST_UNFINISHED} other groups are waited for; say it again later"
            return Refused(reason=Refusal.CONFLICT, message=message)
        return replace(result, after="", is_going_on=True)
    return result


def go_on(draft: Draft) -> bool:
    """Carry out one slice of what is unfinished, and return whether more is.

    Another server may do the same: a slice that is done twice changes nothing the second time.
    """
    first = next(iter(_read(draft.writing.note(NOTE))), None)
    if first is None:
        return False
    after = ""
    try:
        result = _on_slice(draft, replace(first.command, said_at=first.at))
    except Exception as error:  # what cannot be carried out must not hold up what else was said
        if is_of_the_store(error):
            raise
        _log.exception("what %r said of group %s could not be done to its end", first.who, first.group_id)
    else:
        draft.write()
        after = result.after if isinstance(result, Done) else ""
    return _advance(draft.writing, first, after)


def _advance(writing: Writing, first: Unfinished, after: str) -> bool:
    """Keep where a word has come to, behind all others, unless another server has been quicker.

    Groups are locked after the jobs, as everywhere.
    """
    writing.lock_groups()
    kept = _read(writing.note(NOTE))
    left = [one for one in kept if one != first]
    if after and len(left) < len(kept):
        left.append(msgspec.structs.replace(first, after=after))
    _save(writing, left)
    return bool(left)


def _keep(writing: Writing, rest: Unfinished) -> bool:
    writing.lock_groups()
    kept = [one for one in _read(writing.note(NOTE)) if not _says_less(one, rest)]
    _save(writing, [*kept, rest][:MOST_UNFINISHED])
    return len(kept) < MOST_UNFINISHED


def _says_less(one: Unfinished, rest: Unfinished) -> bool:
    """Whether what was said of the group before is said again, or of no use now that it is over."""
    return one.group_id == rest.group_id and (rest.is_over or not one.is_over)


def _read(text: str | None) -> tuple[Unfinished, ...]:
    try:
        return _UNFINISHED.decode(text) if text else ()
    except msgspec.MsgspecError:
        return ()


def _save(writing: Writing, unfinished: list[Unfinished]) -> None:
    writing.save_note(NOTE, msgspec.json.encode(unfinished).decode())


def _rest_of(command: AcknowledgeGroup | ResolveGroup, after: str, now: datetime) -> Unfinished:
    return Unfinished(
        at=command.said_at or now,
        group_id=command.group_id,
        who=command.who,
        note=command.note,
        until_at=command.until_at if isinstance(command, AcknowledgeGroup) else None,
        is_over=isinstance(command, ResolveGroup),
        after=after,
    )


def _on_slice(draft: Draft, command: AcknowledgeGroup | ResolveGroup) -> Result:
    """Do one slice of what can be meant."""
    group = draft.writing.group(command.group_id)
    if group is None:
        return Refused(reason=Refusal.NOT_FOUND, message=f"there is no group {command.group_id!r}")
    fault = fault_of(command.until_at, draft.now) if isinstance(command, AcknowledgeGroup) else None
    if fault is not None and not command.after:
        return Refused(reason=Refusal.INVALID, message=fault)
    found = draft.writing.alerts_of_group(command.group_id, after=command.after, limit=SLICE)
    after = found[-1].id if len(found) == SLICE else ""
    if command.said_at is not None:
        found = [one for one in found if _was_told_by(command.said_at, one, group, draft.now)]
    if isinstance(command, AcknowledgeGroup):
        count, is_left = _take(draft, group, found, command), group.open > group.taken
    else:
        count, is_left = _end(draft, group, found, command), group.open > 0
    return Done(message="done", id=command.group_id, count=count, after=after if is_left else "")


def _was_told_by(instant: datetime, alert: Alert, group: Group, now: datetime) -> bool:
    """Whether somebody can mean an alert who spoke at this instant: it was there, and told as one by then."""
    if _is_younger(alert, instant, now):
        return False
    return any(one.group == group.id and was_told_by(group, one.batch, instant, now) for one in alert.bonds)


def _is_younger(alert: Alert, instant: datetime, now: datetime) -> bool:
    return instant < alert.opened_at <= now


def _take(draft: Draft, group: Group, found: list[Alert], command: AcknowledgeGroup) -> int:
    beside = () if command.after else (draft.writing.alert(alert_id) for alert_id in _beside(group))
    said_at = command.said_at or draft.now
    asked = [
        *found,
        *(alert for alert in beside if alert is not None and not _is_younger(alert, said_at, draft.now)),
    ]
    locked = _locked(draft, [alert for alert in asked if _is_to_take(alert, group)])
    taken = [alert for alert in locked if _is_to_take(alert, group)]
    for alert in taken:
        one = Acknowledge(alert_id=alert.id, who=command.who, note=command.note, until_at=command.until_at)
        acknowledge_one(draft, alert, one)
    return len(taken)


def _end(draft: Draft, group: Group, found: list[Alert], command: ResolveGroup) -> int:
    locked = _locked(draft, [alert for alert in found if _is_to_end(alert, group)])
    ended = [alert for alert in locked if _is_to_end(alert, group)]
    for alert in ended:
        resolve_one(draft, alert, Resolve(alert_id=alert.id, who=command.who, note=command.note))
    return len(ended)


def _locked(draft: Draft, wanted: list[Alert]) -> list[Alert]:
    """Return alerts as they are once no other transaction can change them."""
    ids = {alert.id for alert in wanted}
    job_ids = sorted({alert.job_id for alert in wanted})
    draft.load(draft.writing.watches_by_id(job_ids))
    return [alert for job_id in job_ids for alert in draft.alerts_of(job_id) if alert.id in ids]


def _beside(group: Group) -> tuple[str, ...]:
    """Return the alerts that were told by themselves and are escalated with a group."""
    return () if group.climb is None else group.beside


def _is_to_take(alert: Alert, group: Group) -> bool:
    """Whether nobody has the alert, and it has not got louder than the group has said."""
    if alert.state is not AlertState.FIRING:
        return False
    is_beside = alert.id in _beside(group) and alert.severity <= group.severity
    return is_beside or _is_of(alert, group)


def _is_to_end(alert: Alert, group: Group) -> bool:
    return alert.is_open and _is_of(alert, group)


def _is_of(alert: Alert, group: Group) -> bool:
    """Whether an alert was told as one of a group: of what still waits nobody can have known.

    Nor of what it has become since where it has left the group louder.
    """
    if any(one.group == group.id and one.batch < group.batch for one in alert.pooled):
        return True
    known = (one for one in alert.left if one.group == group.id)
    return any((alert.severity, alert.step) <= (one.severity, one.step) for one in known)
