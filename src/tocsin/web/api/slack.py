"""Slack's interactions: buttons that people press in our messages."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Request, Response

from tocsin.alerts.matcher import Matcher
from tocsin.dialects.slack import Pressed, Unheard, Verb, doubt, pressed_in
from tocsin.engine.commands import Acknowledge, AcknowledgeGroup, AddSilence, Command, Resolve
from tocsin.errors import ChannelError, StoreError
from tocsin.notify import inert
from tocsin.notify.talkback import TalksBack
from tocsin.web.api.groups import take_all
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.settings import Hook
from tocsin.web.wiring import Wired, Wiring

KIND: Final = "slack"
SILENCE_FOR: Final = timedelta(hours=1)
MAX_BODY: Final = 64 * 2**10
MAX_FIELDS: Final = 5
MAX_NAME: Final = 100
MAX_ID: Final = 200
REPEATED: Final = "this very request came before"

router = APIRouter(prefix="/api/v1/hooks/slack", tags=["receivers"])


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MAX_BODY:
        message = f"The body is larger than {MAX_BODY // 2**10} KiB."
        raise ProblemError(Problem(status=413, code="too_large", message=message))
    return body


@router.post("", response_class=Response)
def take_slack(
    wired: Wired,
    tasks: BackgroundTasks,
    body: Annotated[bytes, Depends(_body)],
    x_slack_request_timestamp: Annotated[str, Header(max_length=100)] = "",
    x_slack_signature: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Take, signed by Slack, which buttons somebody pressed; they alone are told what came of it."""
    hook = _hook_of(wired, body, x_slack_request_timestamp, x_slack_signature)
    delivery = f"{KIND}/{x_slack_signature}"
    if wired.replays.has(delivery):
        raise _refusal(401, REPEATED)
    pressed = _pressed(body)
    for one in pressed:
        if _is_of_group(wired, one):
            tasks.add_task(_take_all, wired, hook, one)
        else:
            tasks.add_task(_reply, wired, hook, one, _carried_out(wired, one))
    wired.replays.remember(delivery)
    return Response(status_code=200)


def _hook_of(wired: Wiring, body: bytes, timestamp: str, signature: str) -> Hook:
    """Return the receiver whose app has signed this; several may be of one app, and the first will do."""
    why = Unheard.NOT_SIGNED
    for hook in wired.settings.hooks:
        if hook.kind == KIND:
            found = doubt(body, timestamp, signature, hook.secrets, wired.clock.now())
            if found is None:
                return hook
            why = found if why is not Unheard.NOT_FRESH else why
    raise _refusal(401, why.value)


def _pressed(body: bytes) -> tuple[Pressed, ...]:
    try:
        found = pressed_in(parse_qs(body.decode(), max_num_fields=MAX_FIELDS)["payload"][0])
    except (ValueError, KeyError):
        found = Unheard.UNREADABLE
    if isinstance(found, Unheard):
        raise _refusal(400, found.value)
    return found


def _refusal(status: int, why: str) -> ProblemError:
    code = "unauthorized" if status == 401 else "bad_request"  # noqa: PLR2004 -- as HTTP has it
    return ProblemError(Problem(status=status, code=code, message=f"This was not taken: {why}."))


def _carried_out(wired: Wiring, pressed: Pressed) -> str:
    """Do what was asked for, durably, and return how to say so."""
    with wired.store.reading() as reading:
        alert = reading.alert(inert.line(pressed.alert_id, MAX_ID))
    if alert is None:
        return "this alert is not known any more"
    who = _named(pressed)
    command: Command
    match pressed.verb:
        case Verb.ACKNOWLEDGE:
            command = Acknowledge(alert_id=alert.id, who=who)
        case Verb.RESOLVE:
            command = Resolve(alert_id=alert.id, who=who)
        case Verb.SILENCE:
            if not alert.is_open:
                return "it was resolved already; there is nothing to silence"
            now = wired.clock.now()
            names = (("job", alert.job), ("environment", alert.environment), ("condition", alert.condition))
            command = AddSilence(
                matchers=tuple(Matcher(name=name, operator="=", value=value) for name, value in names),
                starts_at=now,
                ends_at=now + SILENCE_FOR,
                who=who,
                comment=f"pressed in the message about alert {alert.id}",
            )
    return wired.engine.command(command).message


def _is_of_group(wired: Wiring, pressed: Pressed) -> bool:
    """Whether a message told of many as one, and not of one alert."""
    with wired.store.reading() as reading:
        return reading.group(inert.line(pressed.alert_id, MAX_ID)) is not None


def _take_all(wired: Wiring, hook: Hook, pressed: Pressed) -> None:
    """Take all of a group in hand, after Slack was answered: it waits three seconds and no longer."""
    group_id = inert.line(pressed.alert_id, MAX_ID)
    command = AcknowledgeGroup(group_id=group_id, who=_named(pressed), goes_on=True)
    try:
        said = take_all(wired, command).message
    except StoreError:
        said = "not all were acknowledged: Tocsin cannot write just now; press again later"
    except ProblemError as error:
        said = f"not all were acknowledged; press again later ({error})"
    _reply(wired, hook, pressed, said)


def _named(pressed: Pressed) -> str:
    """Return a person as Slack knows them: nobody here need have heard of them before."""
    name, number = inert.line(pressed.name, MAX_NAME), inert.line(pressed.user_id, MAX_NAME)
    return f"{name} (Slack {number})" if name else f"Slack {number}"


def _reply(wired: Wiring, hook: Hook, pressed: Pressed, text: str) -> None:
    channel: object = wired.engine.deliverer.channels.get(f"{hook.receiver}/{KIND}")
    now = wired.clock.now()
    if not pressed.reply_to or not isinstance(channel, TalksBack):
        return
    try:
        channel.reply(pressed.reply_to, f"Tocsin: {text}", at=now)
    except ChannelError as error:
        wired.metrics.error(KIND, f"who pressed a button could not be answered: {error}", now)
