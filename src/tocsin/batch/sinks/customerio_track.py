"""Customer.io's Track API, version 2: people, objects and deliveries in batches, bad ones named by index.

Written after Customer.io's own OpenAPI description of `POST /api/v2/batch`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from tocsin.batch.encoding import encode_json
from tocsin.batch.limits import Limits, per_second
from tocsin.batch.outcome import Kind, Refused, Rejected
from tocsin.batch.sinks.address import basic, scope_of
from tocsin.batch.sinks.customerio import MAX_BYTES, MAX_RECORD_BYTES, host_in, id_text, key_of
from tocsin.batch.sinks.http import HTTPSink, envelope
from tocsin.batch.sinks.indexed import IndexedErrors
from tocsin.batch.sinks.instants import unix_instant
from tocsin.batch.sinks.ulid import ulid_of
from tocsin.batch.words import a_kind

HOSTS: Final = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}
RATE: Final = "1000/s"
MAX_ID_BYTES: Final = 150
MAX_NAME_BYTES: Final = 100
MAX_ATTRIBUTES: Final = 300
MAX_ATTRIBUTE_NAME_BYTES: Final = 150
MAX_ATTRIBUTE_BYTES: Final = 1_000

_PERSON_IDS: Final = ("id", "email", "phone", "cio_id")
_MERGED_BY: Final = ("id", "email", "cio_id")
_METRICS: Final = ("opened", "converted", "delivered")
_WITHOUT_LIMIT: Final = "cio_subscription_preferences"  # a whole object of their own making
_ERRORS: Final = IndexedErrors(
    path=("errors",), index="batch_index", words=("reason", "field", "message"), only_207=True
)

Record = dict[str, Any]


class CustomerIOTrack(HTTPSink):
    """Entities of Customer.io's Track API; a record is an object with `type`, `action` and `identifiers`.

    `site_id` and `api_key` are those of the workspace, `region` us or eu. Bad records cost themselves alone:
    the service names them, and takes the others. Events, pages and screens get an `id` by which the service
    ignores repeats, a ULID that is derived from the id of the record; a `timestamp` may be seconds since
    1970 or an instant with its zone. Records that the service would not take are rejected before anything
    is sent: not exactly one identifier, fields of their action missing, names, ids and attributes over the
    published limits, more than `max_record_bytes`.

    `url` replaces the region's host. Bodies are never compressed, for nobody says that the service takes it.
    Raises InvalidPipeline for settings that cannot be used.
    """

    takes_gzip = False

    def __init__(
        self,
        site_id: str,
        api_key: str,
        *,
        region: Literal["us", "eu"] = "us",
        rate: str | float = RATE,
        max_record_bytes: int = MAX_RECORD_BYTES,
        max_bytes: int = MAX_BYTES,
        concurrency: int | None = None,
        url: str = "",
        allow_http: bool = False,
    ) -> None:
        host = (url or host_in(HOSTS, region)).rstrip("/")
        keys = (key_of(site_id, "site_id"), key_of(api_key, "api_key"))
        limits = Limits(
            max_bytes=max_bytes,
            max_record_bytes=max_record_bytes,
            requests_per_second=per_second(rate),
            max_concurrency=concurrency,
            scope=scope_of(f"customerio:{region}", "track", host, *keys),
        )
        super().__init__(
            f"{host}/api/v2/batch",
            name="Customer.io (Track)",
            limits=limits,
            framing=envelope("batch", {}),
            authorization=basic(*keys),
            secrets=keys,
            reader=_ERRORS,
            allow_http=allow_http,
        )
        self._region = region
        self._region_url = f"{host}/api/v1/accounts/region"

    def encode(self, record: object, record_id: str) -> bytes:
        """Return an entity as JSON; raises Rejected for one that Customer.io would not take."""
        return self._within(encode_json(_entity(record, record_id)))

    async def check(self) -> Refused | None:
        """Return what would keep everything from getting through: wrong keys, or those of another region."""
        return await self._asked("GET", self._region_url)

    def _told(self, body: bytes) -> Refused | None:
        try:
            told = msgspec.json.decode(body, type=dict[str, object])
        except (msgspec.MsgspecError, ValueError):
            return Refused(
                Kind.UNKNOWN, f"{self._where} told its region in no JSON: {self._where.hidden(body)}"
            )
        theirs = told.get("region")
        if isinstance(theirs, str) and theirs in HOSTS and theirs != self._region:
            reason = f"the workspace is in the region {theirs}, and the pipeline says {self._region}"
            return Refused(Kind.UNAUTHORIZED, reason)
        return None


def _entity(record: object, record_id: str) -> Record:
    if not isinstance(record, Mapping):
        raise Rejected(f"it is {a_kind(record)}, and an entity of Customer.io is an object")
    kind, action = record.get("type"), record.get("action")
    actions = _ACTIONS.get(kind) if isinstance(kind, str) else None
    if actions is None:
        raise Rejected(f"type is {kind!r}; it is one of {', '.join(_ACTIONS)}")
    checks = actions.get(action) if isinstance(action, str) else None
    if checks is None:
        raise Rejected(f"action is {action!r}; of a {kind} it is one of {', '.join(actions)}")
    entity: Record = {**record}
    if entity.get("timestamp") is not None:
        entity["timestamp"] = unix_instant(entity["timestamp"], "timestamp")
    for check in checks:
        check(entity, record_id)
    return entity


Check = Callable[[Record, str], None]


def _one_of(entity: Record, field: str, names: tuple[str, ...]) -> None:
    """Require exactly one identifier, and make it text."""
    given = entity.get(field)
    if not isinstance(given, Mapping) or len(given) != 1 or not set(given) <= set(names):
        raise Rejected(f"{field} has exactly one of {', '.join(names)}")
    (name, value), *_ = given.items()
    entity[field] = {name: _id(value, f"{field}.{name}")}


def _id(value: object, field: str) -> str:
    text = id_text(value, field)
    if text is None:
        raise Rejected(f"{field} is empty")
    return _short(text, field, MAX_ID_BYTES)


def _short(text: str, field: str, most: int) -> str:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > most:
        raise Rejected(f"{field} has {size} bytes, and Customer.io takes {most}")
    return text


def _person(entity: Record, _: str) -> None:
    _one_of(entity, "identifiers", _PERSON_IDS)


def _pair(entity: Record, _: str) -> None:
    _one_of(entity, "primary", _MERGED_BY)
    _one_of(entity, "secondary", _MERGED_BY)


def _object(entity: Record, _: str) -> None:
    given = entity.get("identifiers")
    if not isinstance(given, Mapping) or set(given) not in (
        {"object_type_id", "object_id"},
        {"cio_object_id"},
    ):
        raise Rejected("identifiers of an object are object_type_id and object_id, or cio_object_id alone")
    entity["identifiers"] = {name: _id(value, f"identifiers.{name}") for name, value in given.items()}


def _named(entity: Record, _: str) -> None:
    name = entity.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Rejected(f"an {entity['action']} needs a name")
    _short(name, "name", MAX_NAME_BYTES)


def _known_again(entity: Record, record_id: str) -> None:
    """Give it the id by which Customer.io ignores repeats."""
    entity["id"] = ulid_of(str(entity.get("id") or record_id), 1_000 * (entity.get("timestamp") or 0))


def _details(entity: Record, _: str) -> None:
    if entity.get("attributes") is not None and not isinstance(entity["attributes"], Mapping):
        raise Rejected(f"attributes is {a_kind(entity['attributes'])}; it is an object")


def _attributes(entity: Record, record_id: str) -> None:
    _details(entity, record_id)
    given = entity.get("attributes") or {}
    if len(given) > MAX_ATTRIBUTES:
        raise Rejected(f"it has {len(given)} attributes, and Customer.io takes {MAX_ATTRIBUTES}")
    for name, value in given.items():
        _short(str(name), f"the name of the attribute {str(name)[:40]}", MAX_ATTRIBUTE_NAME_BYTES)
        if name == _WITHOUT_LIMIT or value is None or isinstance(value, bool | int | float):
            continue
        text = value if isinstance(value, str) else encode_json(value).decode()
        _short(text, f"the attribute {name}", MAX_ATTRIBUTE_BYTES)


def _related(entity: Record, _: str) -> None:
    given = entity.get("cio_relationships")
    if not isinstance(given, list) or not given or not all(isinstance(one, Mapping) for one in given):
        raise Rejected(f"{entity['action']} needs cio_relationships, a list of objects")


def _device(entity: Record, _: str) -> None:
    device = entity.get("device")
    if not isinstance(device, Mapping) or not isinstance(device.get("token"), str) or not device["token"]:
        raise Rejected(f"{entity['action']} needs a device with its token")


def _delivery(entity: Record, _: str) -> None:
    _one_of(entity, "identifiers", ("id",))
    if entity.get("name") not in _METRICS:
        raise Rejected(f"name is {entity.get('name')!r}; of a delivery it is one of {', '.join(_METRICS)}")
    attributes = entity.get("attributes")
    if not isinstance(attributes, Mapping) or not attributes.get("device_token"):
        raise Rejected("a delivery needs attributes.device_token")


_SEEN: Final[tuple[Check, ...]] = (_person, _named, _details, _known_again)
_ACTIONS: Final[dict[str, dict[str, tuple[Check, ...]]]] = {
    "person": {
        "identify": (_person, _attributes),
        "delete": (_person,),
        "event": _SEEN,
        "screen": _SEEN,
        "page": _SEEN,
        "add_relationships": (_person, _related),
        "delete_relationships": (_person, _related),
        "add_device": (_person, _device),
        "delete_device": (_person, _device),
        "merge": (_pair,),
        "suppress": (_person,),
        "unsuppress": (_person,),
    },
    "object": {
        "identify": (_object, _attributes),
        "identify_anonymous": (_object, _attributes),
        "delete": (_object,),
        "add_relationships": (_object, _related),
        "delete_relationships": (_object, _related),
    },
    "delivery": {"event": (_delivery,)},
}


def person(action: str, **fields: object) -> Record:
    """Return a record of a person: `person("identify", id="42", attributes={…})`.

    One of `id`, `email`, `phone` and `cio_id` says who it is; the other fields are of the action. Events
    that bring an `id` of their own have it as `event_id`.
    """
    who = {name: fields.pop(name) for name in _PERSON_IDS if name in fields}
    if "event_id" in fields:
        fields["id"] = fields.pop("event_id")
    return {"type": "person", "action": action, **({"identifiers": who} if who else {}), **fields}


def thing(action: str, object_type_id: str | int, object_id: str | int, **fields: object) -> Record:
    """Return a record of an object, such as a company: `thing("identify", 1, "acme", attributes=…)`."""
    identifiers = {"object_type_id": object_type_id, "object_id": object_id}
    return {"type": "object", "action": action, "identifiers": identifiers, **fields}


def identify(attributes: Mapping[str, object] | None = None, **who: object) -> Record:
    """Return the record that adds or updates a person: `identify({"plan": "pro"}, id="42")`."""
    return person("identify", **who, attributes=attributes or {})


def track(name: str, attributes: Mapping[str, object] | None = None, **who: object) -> Record:
    """Return the record of what a person has done: `track("purchase", {"price": 3}, id="42")`."""
    return person("event", **who, name=name, attributes=attributes or {})


def suppress(**who: object) -> Record:
    """Return the record that deletes a person and keeps their identifiers from being added again."""
    return person("suppress", **who)


def unsuppress(**who: object) -> Record:
    """Return the record that lets a suppressed person be added again."""
    return person("unsuppress", **who)


def delete(**who: object) -> Record:
    """Return the record that deletes a person, who may be added again."""
    return person("delete", **who)
