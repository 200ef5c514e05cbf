"""Groups: alerts that are told together, and whoever has all of them in hand."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from fastapi import APIRouter

from tocsin.alerts.group import Group, Member, shared_cause
from tocsin.engine.commands import AcknowledgeGroup, Done
from tocsin.rules.wording import plural
from tocsin.store.base import Reading
from tocsin.web.api.alerts import MAX_NOTE, Acknowledgement, end_of
from tocsin.web.api.around import AtRiskShape, at_risk_shape
from tocsin.web.api.climbing import ClimbShape, climb_shape
from tocsin.web.api.describing import alert_shape, notification_shapes
from tocsin.web.api.inputs import Cursor, Limit, Who, not_found, read_cursor, refusal, write_cursor
from tocsin.web.api.shape import Page, Shape
from tocsin.web.api.shapes import AlertShape, DoneShape, NotificationShape
from tocsin.web.faults import ProblemError
from tocsin.web.names import kept_text
from tocsin.web.wiring import Wired, Wiring

MAX_SLICES: Final = 500

router = APIRouter(prefix="/api/v1/groups", tags=["groups"])


class MemberShape(Shape):
    """One alert of a group, as a message names it."""

    alert_id: str
    environment: str
    job: str
    summary: str
    at: datetime
    """When it was handed to the group."""


class CauseShape(Shape):
    """What more than half of the alerts share."""

    kind: str
    """`error`, `trouble` (of a job that they need), `upstream`, `host`, or `label` and its name."""
    what: str
    count: int
    """How many share it; of a great many different causes, at most so many."""


class GroupShape(Shape):
    """Alerts that go one way with the same labels, while anything is owed of them."""

    id: str
    is_open: bool
    receiver: str
    severity: str
    labels: dict[str, str]
    opened_at: datetime
    closed_at: datetime | None
    told_as_one_at: datetime | None
    """When alerts of it were last told as one; null while each was told by itself."""
    due_at: datetime | None
    """When there may be more to say."""
    waiting: int
    """How many were added and are not told yet."""
    open: int
    """How many of those that were told as one are not over."""
    taken: int
    """How many of these somebody has in hand."""
    apart: int
    """How many others of these are told by themselves since, or are kept from it."""
    over: int
    """How many of those that were told as one have ended."""
    total: int
    """How many were ever added, without those that were told by themselves."""
    first: MemberShape | None
    shared_cause: CauseShape | None


class WholeGroupShape(GroupShape):
    """A group with what was told of it, and a page of its alerts."""

    escalation: ClimbShape | None
    """How far the levels were told of all that was told as one; null where nobody escalates it."""
    at_risk: AtRiskShape | None
    """The jobs that need any of its jobs, `count` of them at least; null where none does."""
    notifications: list[NotificationShape]
    alerts: list[AlertShape]
    """Those that were ever handed to it, by their ids."""
    next: str | None
    """Give it as `cursor` to get the next of its alerts."""


@router.get("")
def list_groups(wired: Wired, _: Who, limit: Limit = 100, cursor: Cursor = None) -> Page[GroupShape]:
    """List the groups of which something is owed, in pages by their ids, the newest of a page first."""
    place = read_cursor(cursor, 1)
    with wired.store.reading() as reading:
        found = reading.groups(limit + 1, after=place[0] if place else "")
    shown = found[:limit]
    newest = sorted(shown, key=lambda group: group.opened_at, reverse=True)
    following = write_cursor(shown[-1].id) if len(found) > limit else None
    return Page(items=[group_shape(group) for group in newest], next=following)


@router.get("/{group_id}")
def get_group(
    wired: Wired, _: Who, group_id: str, limit: Limit = 100, cursor: Cursor = None
) -> WholeGroupShape:
    """Return one group with what was told of it to whom, and its alerts in pages."""
    place = read_cursor(cursor, 1)
    with wired.store.reading() as reading:
        group = found_group(reading, group_id)
        found = reading.alerts_of_group(group_id, after=place[0] if place else "", limit=limit + 1)
        notifications = reading.notifications(group_id)
        deliveries = reading.deliveries([one.key for one in notifications])
    shown = found[:limit]
    return WholeGroupShape(
        **dict(group_shape(group)),
        escalation=climb_shape(group.climb) if group.has_spoken else None,
        at_risk=at_risk_shape(group.at_risk),
        notifications=notification_shapes(notifications, deliveries),
        alerts=[alert_shape(alert) for alert in shown],
        next=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.post("/{group_id}/acknowledge")
def acknowledge_group(
    wired: Wired, who: Who, group_id: str, body: Acknowledgement | None = None
) -> DoneShape:
    """Say that you have in hand what was told of it and fires; what waits or got louder is left out."""
    until_at = end_of(body.until, body.for_minutes, wired.clock.now()) if body else None
    note = kept_text(body.note, MAX_NOTE) if body else ""
    return take_all(wired, AcknowledgeGroup(group_id=group_id, who=who, note=note, until_at=until_at))


def take_all(wired: Wiring, command: AcknowledgeGroup) -> DoneShape:
    """Acknowledge the alerts of a group slice by slice; say how many there were, or end the request.

    With `goes_on` it is one command, however many they are, for those who do not wait so long.
    """
    count, is_going_on = 0, False
    for _ in range(MAX_SLICES):
        result = wired.engine.command(command)
        if not isinstance(result, Done):
            raise refusal(result)
        count, is_going_on = count + result.count, result.is_going_on
        if not result.after:
            break
        command = replace(command, after=result.after)
    if is_going_on:
        message = f"acknowledged {plural(count, 'alert')} so far; the others of the group follow"
        return DoneShape(message=message, id=command.group_id)
    if not count:
        return DoneShape(message="none of its alerts waits for somebody", id=command.group_id)
    message = f"acknowledged {plural(count, 'alert')}; none is repeated unless it gets worse"
    return DoneShape(message=message, id=command.group_id)


def found_group(reading: Reading, group_id: str) -> Group:
    """Return a group, or end the request with 404."""
    group = reading.group(group_id)
    if group is None:
        raise ProblemError(not_found(f"There is no group {group_id[:200]!r}.", "group_id"))
    return group


def group_shape(group: Group) -> GroupShape:
    """Return a group as the API tells it."""
    cause = shared_cause(group)
    return GroupShape(
        id=group.id,
        is_open=group.closed_at is None,
        receiver=group.receiver,
        severity=group.severity.word,
        labels=dict(group.labels),
        opened_at=group.opened_at,
        closed_at=group.closed_at,
        told_as_one_at=group.together_at,
        due_at=group.due_at,
        waiting=group.waiting,
        open=group.open,
        taken=group.taken,
        apart=group.apart,
        over=group.over,
        total=group.total,
        first=_member_shape(group.first) if group.first is not None else None,
        shared_cause=None
        if cause is None
        else CauseShape(kind=cause.kind, what=cause.what, count=min(cause.count, group.total)),
    )


def _member_shape(member: Member) -> MemberShape:
    return MemberShape(
        alert_id=member.alert_id,
        environment=member.environment,
        job=member.job,
        summary=member.summary,
        at=member.at,
    )
