"""PagerDuty's webhook: what was acknowledged or resolved there is acknowledged or resolved here."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Request

from tocsin.alerts.alert import Reason
from tocsin.dialects.pagerduty import FORGED, Heard, Unheard, Word, hear
from tocsin.engine.commands import Acknowledge, AcknowledgeGroup, Done, Resolve, ResolveGroup
from tocsin.notify import inert
from tocsin.rules.wording import plural
from tocsin.web.api.groups import take_all
from tocsin.web.api.inputs import refusal
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.names import MAX_NAME
from tocsin.web.wiring import Wired, Wiring

KIND: Final = "pagerduty"
NOTE: Final = "told by PagerDuty"

_FORGED: Final = Problem(
    status=401,
    code="unauthorized",
    message="This is not signed as a webhook of PagerDuty for this receiver. The address ends with the name "
    "of a receiver, and its 'webhook_secret' is what PagerDuty showed when the webhook was made.",
)

router = APIRouter(prefix="/api/v1/hooks/pagerduty", tags=["receivers"])


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/{receiver}", status_code=202)
def take_pagerduty(
    wired: Wired,
    receiver: Annotated[str, Path(max_length=MAX_NAME)],
    body: Annotated[bytes, Depends(_body)],
    x_pagerduty_signature: Annotated[str, Header(max_length=1_000)] = "",
) -> DoneShape:
    """Take what PagerDuty tells, signed, of an incident that we opened: who has it, or that it is over."""
    hook = wired.settings.hook(KIND, receiver)
    if hook is None:
        raise ProblemError(_FORGED)
    heard = hear(body, x_pagerduty_signature, hook.secrets, wired.clock.now())
    if heard in FORGED:
        raise ProblemError(_FORGED)
    if isinstance(heard, Unheard):
        return DoneShape(message=f"nothing was done: {heard.value}")
    delivery = f"{KIND}/{heard.event_id}"
    if wired.replays.has(delivery):
        return DoneShape(message="nothing was done: this was told before", id=heard.alert_id)
    done = _carry_out(wired, heard)
    wired.replays.remember(delivery)
    return done


def _carry_out(wired: Wiring, heard: Heard) -> DoneShape:
    """Answer with what was done; a refusal is no error of PagerDuty's, which stops calling after three."""
    with wired.store.reading() as reading:
        is_group = reading.group(heard.alert_id) is not None
    if not is_group:
        return DoneShape(message=_about_one(wired, heard), id=heard.alert_id)
    if heard.word is Word.RESOLVED:
        return _resolve_all(wired, heard)
    who = inert.line(heard.who, MAX_NAME)
    told = AcknowledgeGroup(
        group_id=heard.alert_id, who=who, note=NOTE, goes_on=True, said_at=heard.occurred_at
    )
    return take_all(wired, told)


def _resolve_all(wired: Wiring, heard: Heard) -> DoneShape:
    """Resolve what the group speaks for, by one command: PagerDuty waits some seconds and asks again."""
    who = inert.line(heard.who, MAX_NAME)
    told = ResolveGroup(group_id=heard.alert_id, who=who, note=NOTE, goes_on=True, said_at=heard.occurred_at)
    done = wired.engine.command(told)
    if not isinstance(done, Done):
        raise refusal(done)
    rest = "so far; the others of the group follow" if done.is_going_on else "of the group"
    return DoneShape(message=f"resolved {plural(done.count, 'alert')} {rest}", id=heard.alert_id)


def _about_one(wired: Wiring, heard: Heard) -> str:
    alert_id, who = heard.alert_id, inert.line(heard.who, MAX_NAME)
    if _got_louder_since(wired, alert_id, heard.occurred_at):
        return "nothing was done: the alert got louder after that"
    if heard.word is Word.RESOLVED:
        return wired.engine.command(Resolve(alert_id=alert_id, who=who, note=NOTE)).message
    return wired.engine.command(Acknowledge(alert_id=alert_id, who=who, note=NOTE)).message


def _got_louder_since(wired: Wiring, alert_id: str, instant: datetime) -> bool:
    """Whether what was seen there is not yet what it is now: a delivery may come late, or again."""
    with wired.store.reading() as reading:
        history = reading.history(alert_id)
    return any(entry.reason is Reason.LOUDER and entry.at > instant for entry in history)
