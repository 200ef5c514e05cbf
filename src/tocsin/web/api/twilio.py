"""What Twilio posts: replies to text messages, keys that were pressed during a call, what came of either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from tocsin.dialects.twilio import is_genuine
from tocsin.engine.commands import NoteUndelivered
from tocsin.errors import StoreUnavailable
from tocsin.notify import inert, twiml
from tocsin.notify.answering import Act, Line, read_key, read_reply
from tocsin.store.rows import NotificationState
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.telephone import answer_reply, carry_out, words_of
from tocsin.web.wiring import Wired, Wiring

MAX_BODY: Final = 16 * 2**10
MAX_FIELDS: Final = 200
MAX_TURNS: Final = 5
EXPLAINED_SECONDS: Final = 900
CODE_LIMIT: Final = 20

_UNDELIVERED_TEXT: Final = frozenset({"undelivered", "failed"})
_UNANSWERED_CALL: Final = frozenset({"busy", "no-answer", "failed", "canceled"})

router = APIRouter(prefix="/api/v1/hooks/twilio", tags=["receivers"])

_TOO_LARGE: Final = Problem(
    status=413, code="too_large", message=f"The body is larger than {MAX_BODY // 2**10} KiB."
)
_UNREADABLE: Final = Problem(
    status=400, code="bad_request", message="The body is not a form as Twilio posts it."
)
_NOT_TWILIO: Final = Problem(
    status=401,
    code="unauthorized",
    message="The signature does not fit. If Twilio sent this, `base_url` must be the address that it posts "
    "to, and `auth_token` the token of its account.",
)
_NOT_YET: Final = Problem(
    status=503, code="not_yet", message="What this is about could not be noted just now; ask again."
)
_STRANGER: Final = Problem(
    status=403, code="unknown_number", message="No receiver has this telephone number, so nothing was done."
)


class Document(Response):
    """An answer in Twilio's own language."""

    media_type = "text/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A request that Twilio has signed: its fields, and whose telephone it speaks of."""

    fields: Mapping[str, str]
    lines: Sequence[Line]


async def _body_of(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body_of)]


@router.post("/sms", response_class=Document)
def take_reply(wired: Wired, request: Request, body: Body) -> Document:
    """Take the reply to a text message, as Twilio posts and signs it; `1` and a code acknowledges."""
    posted = _posted(wired, request, body, number_in="From", way="sms")
    delivery = f"sms/{posted.fields.get('MessageSid', '')}"
    if posted.fields.get("OptOutType") or wired.replays.has(delivery):
        return Document(twiml.NOTHING)
    reply = read_reply(posted.fields.get("Body", ""))
    if reply.act is Act.UNCLEAR and not _may_explain(wired, posted.lines[0].number):
        return Document(twiml.NOTHING)
    said = answer_reply(wired, posted.lines, reply)
    wired.replays.remember(delivery)
    return Document(twiml.answer(said))


@router.post("/voice", response_class=Document)
def take_key(
    wired: Wired,
    request: Request,
    body: Body,
    alert: Annotated[str, Query(max_length=200)] = "",
    turn: Annotated[int, Query(ge=1, le=MAX_TURNS)] = 1,
) -> Document:
    """Take the key that was pressed during a call: 4 acknowledges, 6 resolves, any other reads it again."""
    posted = _posted(wired, request, body, number_in="To", way="phone")
    line, act = posted.lines[0], read_key(posted.fields.get("Digits", ""))
    if act is Act.REPEAT:
        return Document(_again(wired, line, alert, turn, request.url.path))
    said = carry_out(wired, line.who, alert, act)
    return Document(twiml.say(said, language=line.language, voice=line.voice))


@router.post("/status", status_code=204)
def take_status(
    wired: Wired,
    request: Request,
    body: Body,
    alert: Annotated[str, Query(max_length=200)] = "",
    notification: Annotated[str, Query(max_length=500)] = "",
) -> None:
    """Take what became of a text message or a call; one that reached nobody is told to the fallback."""
    posted = _posted(wired, request, body, number_in="To", way="sms")
    report = _report(posted.fields, notification)
    if report is None:
        return
    targets = {line.target for line in posted.lines}
    with wired.store.reading() as reading:
        owed = [one for one in reading.notifications(alert) if one.key == notification]
    if not owed or owed[0].target not in targets:
        return
    if owed[0].state is NotificationState.SENDING:  # it may be told before what we were answered is kept
        raise ProblemError(_NOT_YET)
    try:
        wired.engine.command(report)
    except StoreUnavailable:
        raise ProblemError(_NOT_YET) from None


def _report(fields: Mapping[str, str], key: str) -> NoteUndelivered | None:
    """Return what is to be noted; None of what has arrived, or is on its way."""
    is_call = "CallStatus" in fields
    status = fields.get("CallStatus" if is_call else "MessageStatus", "")
    if status not in (_UNANSWERED_CALL if is_call else _UNDELIVERED_TEXT):
        return None
    code = inert.line(fields.get("ErrorCode", ""), CODE_LIMIT)
    return NoteUndelivered(
        key=key,
        reference=fields.get("CallSid" if is_call else "MessageSid", ""),
        detail=f"Twilio: {status}" + (f", error {code}" if code not in {"", "0"} else ""),
        is_only_for_open=is_call,
    )


def _may_explain(wired: Wiring, number: str) -> bool:
    """Whether to say how to answer: seldom, lest we go on for ever with somebody's automatic reply."""
    explained = f"explained/{number}/{int(wired.clock.now().timestamp()) // EXPLAINED_SECONDS}"
    if wired.replays.has(explained):
        return False
    wired.replays.remember(explained)
    return True


def _again(wired: Wiring, line: Line, alert: str, turn: int, path: str) -> str:
    words = words_of(wired, alert)
    if not words or turn >= MAX_TURNS:
        text = "It stays open. Goodbye." if words else "There is no such alert any more. Goodbye."
        return twiml.say(text, language=line.language, voice=line.voice)
    action = f"{wired.settings.base_url}{path}?{urlencode({'alert': alert, 'turn': turn + 1})}"
    return twiml.ask(words, action=action, language=line.language, voice=line.voice)


def _posted(wired: Wiring, request: Request, body: bytes, *, number_in: str, way: str) -> Posted:
    """Return what was posted, or end the request: too long, unreadable, not from Twilio, from a stranger."""
    if len(body) > MAX_BODY:
        raise ProblemError(_TOO_LARGE)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise ProblemError(_UNREADABLE) from None
    fields = dict(reversed(pairs))
    settings = wired.settings
    lines = [line for line in settings.lines if line.account_sid == fields.get("AccountSid")]
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{settings.base_url}{request.url.path}{query}"
    signature = request.headers.get("x-twilio-signature", "")
    tokens = {line.auth_token for line in lines}
    if not settings.base_url or not is_genuine(sorted(tokens), address, pairs, signature):
        raise ProblemError(_NOT_TWILIO)
    known = [line for line in lines if line.number == fields.get(number_in)]
    if not known:
        raise ProblemError(_STRANGER)
    return Posted(fields=fields, lines=sorted(known, key=lambda line: line.way != way))
