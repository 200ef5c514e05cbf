"""What is done to each record before it is sent: mapped, checked, given an id, encoded."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast
from zlib import crc32

import msgspec

from tocsin.batch.calling import raised
from tocsin.batch.encoding import is_kept_whole, readable
from tocsin.batch.entries import Entries
from tocsin.batch.outcome import Category, Rejected
from tocsin.batch.sink import EncodeEach, Sink, encoding_of
from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.state.base import DeadLetter

Of = str | Callable[[Any], Any]
"""A field of the record as the source has it, or a function of that record."""

MAX_ID: Final = 200
MAX_WHY: Final = 1_000
_NOT_AGAIN: Final = " (it is not kept as it was, and cannot be sent again)"


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be sent: which, why, and what it was; `is_whole`: the payload is all of it."""

    ordinal: int
    record_id: str
    reason: str
    payload: bytes
    category: Category = Category.VALIDATION
    is_encoded: bool = False
    key: str = ""
    is_whole: bool = True


@dataclass(slots=True)
class Portion:
    """Records that go on together; `parts` says of the records that became several how many they became."""

    entries: Entries = field(default_factory=Entries)
    rejects: list[Reject] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    parts: dict[int, int] = field(default_factory=dict)
    size: int = 0
    refused: int = 0
    read: int = 0

    def refuse(self, reject: Reject) -> None:
        """Take up a record that cannot be sent."""
        self.rejects.append(reject)
        self.refused += len(reject.payload)

    @property
    def weight(self) -> int:
        """Return the bytes of all of it: what is refused needs memory too, until it is written down."""
        return self.size + self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How records are made ready: every function is called once a record, in this order.

    `map` returns what to send, a list of several, or None to leave the record out; `sanitize` returns a
    record with what must not be sent taken out; `validate` returns why a record is refused, or nothing. All
    may raise `Rejected`; whatever else they raise is a reason as well. `namespace` is in front of the ids
    that are made of ordinals.
    """

    sink: Sink
    namespace: str
    map: Callable[[Any], Any] | None = None
    key: Of | None = None
    id: Of | None = None
    sanitize: Callable[[Any], Any] | None = None
    validate: Callable[[Any], str | None] | None = None
    max_record_bytes: int | None = None

    _encode_each: EncodeEach = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encode_each", encoding_of(self.sink))

    @property
    def is_plain(self) -> bool:
        """Whether no function of the user's is called: what a run does most that has nothing to wait for."""
        has_function = self.map or self.sanitize or self.validate
        return not (has_function or callable(self.id) or callable(self.key))

    def take_each(self, first: int, records: Sequence[object], into: Portion) -> int:
        """Make records ready that follow one another in the source; return the ordinal after the last.

        Never raises for what is wrong with a record.
        """
        named = self._named(first, records) if self.is_plain else None
        if named is None:
            for ordinal, record in enumerate(records, first):
                self.take(ordinal, record, into)
        else:
            self._encode_all(first, records, *named, into)
        return first + len(records)

    def _named(self, first: int, records: Sequence[object]) -> tuple[list[str], list[str]] | None:
        """Return the ids and the keys of records, or None where they have to be looked at one by one."""
        if not _NOT_PLAIN.isdisjoint(map(type, records)):
            return None
        ids: list[str] | None
        if self.id is None:
            namespace = self.namespace
            ids = [f"{namespace}{ordinal}" for ordinal in range(first, first + len(records))]
        else:
            ids = _fields_of(self.id, records)
        keys = [""] * len(records) if self.key is None else _fields_of(self.key, records)
        return None if ids is None or keys is None else (ids, keys)

    def _encode_all(
        self, first: int, records: Sequence[object], ids: list[str], keys: list[str], into: Portion
    ) -> None:
        """Encode records; one that cannot be is taken by itself, which says why."""
        at = 0
        while at < len(records):
            bodies = list[bytes]()
            # What came before the one that raises is kept.
            with suppress(Exception):
                bodies.extend(self._encode_each(records[at:], ids[at:]))
            after = at + len(bodies)
            made = Entries(list(range(first + at, first + after)), ids[at:after], bodies, keys[at:after])
            self._add(made, records[at:after], into)
            if after < len(records):
                self.take(first + after, records[after], into)
            at = after + 1

    def _add(self, made: Entries, records: Sequence[object], into: Portion) -> None:
        """Add what was encoded, but for what is too large."""
        most, size = self.max_record_bytes or sys.maxsize, made.size
        if size > most and max(map(len, made.bodies)) > most:
            for place, body in enumerate(made.bodies):
                if len(body) > most:
                    self.take(made.ordinals[place], records[place], into)
            made = made.pick([place for place, body in enumerate(made.bodies) if len(body) <= most])
            size = made.size
        into.entries.extend(made)
        into.size += size
        into.read += len(made)

    def take(self, ordinal: int, record: object, into: Portion) -> None:
        """Make a record ready, or refuse it; never raises for what is wrong with a record."""
        into.read += 1
        record_id = f"{self.namespace}{ordinal}"
        if type(record) is BadRecord:
            reject = Reject(ordinal, record_id, record.reason, readable(record.text), is_whole=False)
            into.refuse(reject)
        elif type(record) is DeadLetter:
            self._take_letter(ordinal, record, into)
        else:
            self._take_record(ordinal, record_id, record, into)

    def _take_letter(self, ordinal: int, letter: DeadLetter, into: Portion) -> None:
        """Send a dead letter as it was, with its own id; one that was never encoded is a record again."""
        if letter.is_redacted:
            why = letter.reason if letter.reason.endswith(_NOT_AGAIN) else f"{letter.reason}{_NOT_AGAIN}"
            into.refuse(
                Reject(ordinal, letter.record_id, why, letter.payload, key=letter.key, is_whole=False)
            )
        elif letter.is_encoded:
            into.entries.append((ordinal, letter.record_id, letter.payload, letter.key))
            into.size += len(letter.payload)
        else:
            record = msgspec.json.decode(letter.payload)
            self._take_record(ordinal, letter.record_id, record, into)

    def _take_record(self, ordinal: int, record_id: str, record: object, into: Portion) -> None:
        key = ""
        try:
            if self.id is not None:
                record_id = _text_of(self.id, record, "id")
            key = "" if self.key is None else _text_of(self.key, record, "key")
            mapped = record if self.map is None else self.map(record)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one record, it must not stop the others
            into.refuse(_kept(ordinal, record_id, _why(error, "map"), record, key=key))
            return
        if self.map is not None and isinstance(mapped, list):
            self._take_several(_Taken(ordinal, record_id, key, record), mapped, into)
        elif self.map is not None and mapped is None:
            into.skipped.append(ordinal)
        else:
            self._encode(_Taken(ordinal, record_id, key, record), record_id, mapped, into)

    def _take_several(self, taken: "_Taken", mapped: list[object], into: Portion) -> None:
        if not mapped:
            into.skipped.append(taken.ordinal)
            return
        into.parts[taken.ordinal] = len(mapped)
        for number, one in enumerate(mapped):
            self._encode(taken, f"{taken.record_id}/{number}", one, into)

    def _encode(self, taken: "_Taken", record_id: str, record: object, into: Portion) -> None:
        """Encode what is sent; what cannot be is kept as the source had it, to be mapped anew."""
        where = "sanitize"
        try:
            if self.sanitize is not None:
                record = _cleaned(self.sanitize, record)
            where = "validate"
            if self.validate is not None:
                _look(self.validate, record)
            where = "encode"
            body = self.sink.encode(record, record_id)
            most = self.max_record_bytes
            if most is not None and len(body) > most:
                raise Rejected(f"it has {len(body):,} bytes; a record may have {most:,}")  # noqa: TRY301 -- what is too large is refused like what is wrong
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one record, it must not stop the others
            reason = _why(error, where)
            into.refuse(_kept(taken.ordinal, taken.record_id, reason, taken.record, key=taken.key))
            return
        into.entries.append((taken.ordinal, record_id, body, taken.key))
        into.size += len(body)


class _Taken(NamedTuple):
    """A record as the source has it, with its ordinal, its id and its key."""

    ordinal: int
    record_id: str
    key: str
    record: object


_NOT_PLAIN: Final = frozenset({BadRecord, DeadLetter})
_QUICK_TEXTS: Final = frozenset({str, int})


def _text_of(of: Of, record: object, what: str) -> str:
    """Return a field of a record as text; raises Rejected where there is none."""
    if isinstance(of, str):
        value = record.get(of) if isinstance(record, Mapping) else getattr(record, of, None)
        name = f"{of} (its {what})"
    else:
        value, name = of(record), f"{what}"
    if value is None or value == "":
        raise Rejected(f"it has no {name}")
    text = str(value)
    if len(text) > MAX_ID:
        raise Rejected(f"its {what} has {len(text)} characters; {MAX_ID} are allowed")
    return text


def _cleaned(sanitize: Callable[[Any], Any], record: object) -> object:
    """Return what `sanitize` makes of a record; one that forgets to return it must not send nothing."""
    cleaned = sanitize(record)
    if cleaned is None and record is not None:
        raise Rejected("sanitize returned None; it returns the record that is sent")
    return cleaned


def _look(validate: Callable[[Any], str | None], record: object) -> None:
    """Raise what `validate` has against a record; of True and False nobody knows which one is good."""
    refused: object = validate(record)
    if isinstance(refused, bool):
        raise Rejected(f"validate returned {refused}; it returns why a record is refused, or None")
    if refused:
        raise Rejected(refused)


def _fields_of(of: Of, records: Sequence[object]) -> list[str] | None:
    """Return a field of many records as text, or None where they have to be looked at one by one."""
    if set(map(type, records)) != {dict}:
        return None
    values = [record.get(of) for record in cast("Sequence[dict[object, object]]", records)]
    if not set(map(type, values)) <= _QUICK_TEXTS:
        return None
    try:
        texts = [*map(str, values)]
    except ValueError:  # of a number with thousands of digits
        return None
    return texts if all(texts) and max(map(len, texts)) <= MAX_ID else None


def _why(error: Exception, where: str) -> str:
    if isinstance(error, Rejected):
        return str(error) or f"{where} rejected it"
    return f"{where} raised {raised(error)}"[:MAX_WHY]


def _kept(ordinal: int, record_id: str, reason: str, record: object, *, key: str = "") -> Reject:
    """Return a record that is refused as it can be kept, and whether that is all of it."""
    payload, is_whole = readable(record), is_kept_whole(record)
    return Reject(ordinal, record_id, reason, payload, key=key, is_whole=is_whole)


def lane_of(key: str, lanes: int) -> int:
    """Return the lane of a key: always the same one, on every machine."""
    return crc32(key.encode("utf-8", "surrogatepass")) % lanes
