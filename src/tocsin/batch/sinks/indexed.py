"""Reads answers that name the bad records of a request by their index.

What cannot be understood is never taken for consent: an index out of range, or an answer that is cut off,
leaves every record of the request in doubt, and none is called delivered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec

from tocsin.batch.answers import in_words
from tocsin.batch.outcome import Delivered, Kind, Outcome, Partial, Refused
from tocsin.errors import InvalidPipeline

_FORM: Final = re.compile(
    r"(?P<path>[\w-]+(?:\.[\w-]+)*)?\[\]\.(?P<index>[\w-]+)(?:/(?P<words>[\w-]+(?:,[\w-]+)*))?"
)
_SILENT: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedErrors:
    """Where in a JSON answer the bad records stand: the way to the list, the index, and what is said of it.

    `only_207` reads no other answer, for all others mean that everything was taken, and takes a 207 that
    names no record for nonsense. See `errors_at`.
    """

    path: tuple[str, ...]
    index: str
    words: tuple[str, ...] = ()
    only_207: bool = False

    def reads(self, status: int) -> bool:
        """Return whether an answer of this status has to be read."""
        if self.only_207:
            return status == HTTPStatus.MULTI_STATUS
        return status not in _SILENT

    def outcome(self, status: int, body: bytes, count: int) -> Outcome:
        """Return what became of a request of so many records that was answered like this."""
        several = status == HTTPStatus.MULTI_STATUS
        if not body and not several:
            return Delivered()
        try:
            listed = self._listed(msgspec.json.decode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _in_doubt(status, "with what is no JSON", body)
        except LookupError:
            return _in_doubt(status, "with JSON of another form", body)
        if listed is None:
            return _in_doubt(status, "without its list of errors", body) if several else Delivered()
        return self._rejected(status, listed, count)

    def _listed(self, answer: object) -> list[object] | None:
        """Return the list of errors, None where there is none; LookupError for an answer of another form."""
        found = answer
        for name in self.path:
            if not isinstance(found, Mapping):
                raise LookupError  # noqa: TRY004 -- an answer is data, and its form no error of ours
            found = found.get(name)
            if found is None:
                return None
        if not isinstance(found, list):
            raise LookupError  # noqa: TRY004 -- the same
        return found

    def _rejected(self, status: int, listed: list[object], count: int) -> Outcome:
        rejected: dict[int, str] = {}
        for one in listed:
            index = one.get(self.index) if isinstance(one, Mapping) else None
            if not isinstance(one, Mapping) or type(index) is not int or not 0 <= index < count:
                return _in_doubt(status, f"naming a record that is none of the {count}", _json(one))
            rejected.setdefault(index, self._reason(one))
        if rejected:
            return Partial(rejected)
        if self.only_207:
            return _in_doubt(status, "and named no record", b"")
        return Delivered()

    def _reason(self, entry: Mapping[object, object]) -> str:
        said = [str(entry[word]) for word in self.words if entry.get(word)]
        return in_words(": ".join(said) or _json(entry))


def errors_at(where: str) -> IndexedErrors:
    """Return a reader of answers such as {"errors": [{"index": 3, "message": "no email"}]}.

    That one is written `errors[].index/message`: the way to the list with dots, the field of the index, which
    counts from 0, and after a slash the fields that say why, with commas. `[].index` is a list by itself.
    Raises InvalidPipeline.
    """
    found = _FORM.fullmatch(where)
    if found is None:
        raise InvalidPipeline(f"errors_at is {where!r}; write it like errors[].index/message")
    return IndexedErrors(
        path=tuple((found["path"] or "").split(".")) if found["path"] else (),
        index=found["index"],
        words=tuple(found["words"].split(",")) if found["words"] else (),
    )


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _in_doubt(status: int, how: str, body: bytes) -> Refused:
    said = in_words(body)
    return Refused(
        Kind.UNKNOWN, f"answered HTTP {status} {how}" + (f": {said}" if said else ""), status=status
    )
