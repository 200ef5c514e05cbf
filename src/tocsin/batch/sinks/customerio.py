"""Customer.io's Data Pipelines API: events, people and suppression, in batches, in either region.

Written after Customer.io's own OpenAPI description of `POST /v1/batch`. Its two libraries are not used: they
overwrite each other, take an over-large batch for delivered, and drop what they cannot send.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from tocsin.batch.encoding import encode_json, encode_made_each
from tocsin.batch.limits import Limits, per_second
from tocsin.batch.outcome import Refused, Rejected
from tocsin.batch.sinks.address import basic, scope_of
from tocsin.batch.sinks.http import HTTPSink, envelope
from tocsin.batch.sinks.instants import iso_instant
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline

HOSTS: Final = {"us": "https://cdp.customer.io", "eu": "https://cdp-eu.customer.io"}
MAX_RECORD_BYTES: Final = 32_000
MAX_BYTES: Final = 475_000
RATE: Final = "1000/s"
"""What Customer.io publishes: 3000 requests in 3 seconds, over which it may slow down or drop data."""

SUPPRESSED: Final = "User Suppressed"
UNSUPPRESSED: Final = "User Unsuppressed"
DELETED: Final = "User Deleted"
_OF_PEOPLE: Final = (SUPPRESSED, UNSUPPRESSED, DELETED)
_EMPTY: Final = b'{"batch":[]}'

Record = dict[str, Any]


class CustomerIO(HTTPSink):
    """Calls to Customer.io's Data Pipelines API; a record is an object with a `type`.

    `identify`, `track` and their like make such records. `api_key` is that of an HTTP source, `region` us or
    eu. In `strict` mode the service refuses a request with a bad call, which is then found; without it the
    answer is 200 whatever becomes of the calls, and bad ones are lost in its log. `context` and
    `integrations` apply to every call. `messageId` is the id of the record unless it brings one, `timestamp`
    an instant with its zone; a userId that is a whole number is sent as text. Calls that the service would
    not take are rejected before anything is sent: without userId or anonymousId, without the fields of their
    type, or larger than `max_record_bytes`.

    `url` replaces the region's host. Raises InvalidPipeline for settings that cannot be used.
    """

    def __init__(
        self,
        api_key: str,
        *,
        region: Literal["us", "eu"] = "us",
        api: Literal["pipelines"] = "pipelines",
        strict: bool = True,
        context: Mapping[str, object] | None = None,
        integrations: Mapping[str, object] | None = None,
        rate: str | float = RATE,
        max_record_bytes: int = MAX_RECORD_BYTES,
        max_bytes: int = MAX_BYTES,
        concurrency: int | None = None,
        compress: bool = False,
        url: str = "",
        allow_http: bool = False,
    ) -> None:
        if api != "pipelines":
            raise InvalidPipeline(f"api is {api!r}; it is pipelines, and CustomerIOTrack speaks the other")
        host = url or host_in(HOSTS, region)
        beside = {"context": context, "integrations": integrations}
        limits = Limits(
            max_bytes=max_bytes,
            max_record_bytes=max_record_bytes,
            requests_per_second=per_second(rate),
            max_concurrency=concurrency,
            scope=scope_of(f"customerio:{region}", api, host, key_of(api_key, "api_key")),
        )
        super().__init__(
            f"{host.rstrip('/')}/v1/batch",
            name="Customer.io",
            limits=limits,
            framing=envelope("batch", {name: value for name, value in beside.items() if value}),
            headers={"X-Strict-Mode": "1"} if strict else None,
            authorization=basic(api_key, ""),
            secrets=(api_key,),
            compress=compress,
            allow_http=allow_http,
        )

    def encode(self, record: object, record_id: str) -> bytes:
        """Return a call as JSON with its messageId; raises Rejected for one that would not be taken."""
        return self._within(encode_json(_call(record, record_id)))

    def encode_each(self, records: Sequence[object], ids: Sequence[str]) -> Iterable[bytes]:
        """Return many calls as JSON; what is too large is refused by whoever asks."""
        return encode_made_each(_call, records, ids)

    async def check(self) -> Refused | None:
        """Return what would keep everything from getting through: it sends a batch of nothing."""
        return await self._asked("POST", self._where.url, _EMPTY)


def host_in(hosts: Mapping[str, str], region: str) -> str:
    """Return the host of a region; raises InvalidPipeline."""
    if region not in hosts:
        raise InvalidPipeline(f"region is {region!r}; it is one of {', '.join(hosts)}")
    return hosts[region]


def key_of(key: str, name: str) -> str:
    """Return a key that can be one; raises InvalidPipeline, which does not repeat it."""
    text = str(key)
    if not text.strip() or not text.isprintable() or text != text.strip() or text == "None":
        raise InvalidPipeline(f"{name} is empty or has characters that no key has; is its variable set?")
    return key


def _call(record: object, record_id: str) -> Record:
    if not isinstance(record, Mapping):
        raise Rejected(f"it is {a_kind(record)}, and a call to Customer.io is an object")
    kind = record.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise Rejected(f"type is {kind!r}; it is one of {', '.join(_FIELDS)}")
    call: Record = {"messageId": record_id, **record}
    for name in ("userId", "anonymousId", "groupId", "previousId"):
        if name in call:
            call[name] = id_text(call[name], name)
    if not call["messageId"]:
        call["messageId"] = record_id
    if call.get("timestamp") is not None:
        call["timestamp"] = iso_instant(call["timestamp"], "timestamp")
    for name in ("traits", "properties", "context", "integrations"):
        if call.get(name) is not None and not isinstance(call[name], Mapping):
            raise Rejected(f"{name} is {a_kind(call[name])}; it is an object")
    fields(call)
    return call


def id_text(value: object, name: str) -> str | None:
    """Return an id as text, None for none; raises Rejected for what is no id."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Rejected(f"{name} is {a_kind(value)}; it is text or a whole number")


def _needs_somebody(call: Record) -> None:
    if not call.get("userId") and not call.get("anonymousId"):
        raise Rejected(f"a call of type {call['type']} needs userId or anonymousId")


def _needs_event(call: Record) -> None:
    event = call.get("event")
    if not isinstance(event, str) or not event.strip():
        raise Rejected("a call of type track needs the name of its event")
    if event in _OF_PEOPLE and not call.get("userId"):
        raise Rejected(f"{event} needs userId")
    if not call.get("groupId"):
        _needs_somebody(call)


def _needs_group(call: Record) -> None:
    _needs_somebody(call)
    if not call.get("groupId"):
        raise Rejected("a call of type group needs groupId")


def _needs_both_ids(call: Record) -> None:
    if not call.get("userId") or not call.get("previousId"):
        raise Rejected("a call of type alias needs userId and previousId")


_FIELDS: Final[dict[str, Callable[[Record], None]]] = {
    "identify": _needs_somebody,
    "track": _needs_event,
    "page": _needs_somebody,
    "screen": _needs_somebody,
    "group": _needs_group,
    "alias": _needs_both_ids,
}


def identify(
    user_id: str | int | None = None,
    traits: Mapping[str, object] | None = None,
    *,
    anonymous_id: str | None = None,
    timestamp: datetime | str | None = None,
) -> Record:
    """Return the call that adds a person or updates their traits."""
    return _made("identify", userId=user_id, anonymousId=anonymous_id, traits=traits, timestamp=timestamp)


def track(
    user_id: str | int | None,
    event: str,
    properties: Mapping[str, object] | None = None,
    *,
    anonymous_id: str | None = None,
    timestamp: datetime | str | None = None,
) -> Record:
    """Return the call that records what a person has done."""
    return _made(
        "track",
        userId=user_id,
        anonymousId=anonymous_id,
        event=event,
        properties=properties,
        timestamp=timestamp,
    )


def page(
    user_id: str | int | None,
    name: str = "",
    properties: Mapping[str, object] | None = None,
    *,
    anonymous_id: str | None = None,
    timestamp: datetime | str | None = None,
) -> Record:
    """Return the call that records which page a person has seen."""
    who = {"userId": user_id, "anonymousId": anonymous_id}
    return _made("page", **who, name=name or None, properties=properties, timestamp=timestamp)


def screen(
    user_id: str | int | None,
    name: str = "",
    properties: Mapping[str, object] | None = None,
    *,
    anonymous_id: str | None = None,
    timestamp: datetime | str | None = None,
) -> Record:
    """Return the call that records which screen of an app a person has seen."""
    who = {"userId": user_id, "anonymousId": anonymous_id}
    return _made("screen", **who, name=name or None, properties=properties, timestamp=timestamp)


def group(
    user_id: str | int | None,
    group_id: str | int,
    traits: Mapping[str, object] | None = None,
    *,
    anonymous_id: str | None = None,
    timestamp: datetime | str | None = None,
) -> Record:
    """Return the call that makes a person part of a group, such as a company, with the group's traits."""
    who = {"userId": user_id, "anonymousId": anonymous_id}
    return _made("group", **who, groupId=group_id, traits=traits, timestamp=timestamp)


def alias(user_id: str | int, previous_id: str | int, *, timestamp: datetime | str | None = None) -> Record:
    """Return the call that merges what was known under a previous id into a person."""
    return _made("alias", userId=user_id, previousId=previous_id, timestamp=timestamp)


def suppress(user_id: str | int) -> Record:
    """Return the call that deletes a person and keeps their id from being added again."""
    return track(user_id, SUPPRESSED)


def unsuppress(user_id: str | int) -> Record:
    """Return the call that lets a suppressed id be added again."""
    return track(user_id, UNSUPPRESSED)


def delete(user_id: str | int) -> Record:
    """Return the call that deletes a person, who may be added again."""
    return track(user_id, DELETED)


def _made(kind: str, **fields: object) -> Record:
    return {"type": kind, **{name: value for name, value in fields.items() if value is not None}}
