"""By what a source is known again when a run is resumed, and what has changed of it in words."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import IO, Any, Final

ENDS_BYTES: Final = 65_536
MAX_NAMED: Final = 3
_UNTELLABLE: Final = "one that cannot be known again, such as an iterator"


def fingerprint_of(kind: str, **facts: object) -> str:
    """Return a fingerprint of these facts, which JSON can say."""
    return json.dumps({"kind": kind, **facts}, ensure_ascii=False)


def digest(content: bytes) -> str:
    """Return 16 letters that are others for other bytes."""
    return blake2b(content, digest_size=8).hexdigest()


def ends_of(file: IO[bytes], size: int) -> tuple[str, str]:
    """Return digests of the first and of the last 64 KiB."""
    start = digest(file.read(ENDS_BYTES))
    file.seek(max(0, size - ENDS_BYTES))
    return start, digest(file.read(ENDS_BYTES))


def changed(old: str, new: str) -> str:
    """Return what differs between two fingerprints, for people; nothing where they are the same."""
    if old == new:
        return ""
    if not old or not new:
        return f"the source was {_named(old)} and is now {_named(new)}"
    before, after = json.loads(old), json.loads(new)
    if before["kind"] != after["kind"]:
        return f"the source was {_named(old)} and is now {_named(new)}"
    faults = _files(before.pop("files", []), after.pop("files", []))
    faults += [_fact(name, before.get(name), after.get(name)) for name in {**before, **after}]
    said = [fault for fault in faults if fault]
    more = f"; and {len(said) - MAX_NAMED} more changes" if len(said) > MAX_NAMED else ""
    return "; ".join(said[:MAX_NAMED]) + more


def _named(fingerprint: str) -> str:
    if not fingerprint:
        return _UNTELLABLE
    facts = json.loads(fingerprint)
    names = [str(file["name"]) for file in facts.get("files", [])]
    if names:
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more files"
    return f"a {facts['type']}" if "type" in facts else f"a {facts['kind']}"


def _fact(name: str, before: object, after: object) -> str:
    if before == after:
        return ""
    words = _WORDS.get(name, name)
    if name in _LONG:
        return f"{words} not what it was"
    return f"{words} {_shown(before)} and is now {_shown(after)}"


_LONG: Final = frozenset(("sql", "parameters", "plan", "first", "last", "ends"))
_WORDS: Final = {
    "type": "the source was a",
    "records": "the number of records was",
    "columns": "the columns were",
    "read_as": "it was read with",
    "sql": "the text of the query is",
    "parameters": "a parameter of the query is",
    "plan": "the plan of the frame is",
    "ends": "what the first and the last records say is",
    "first": "what the first rows say is",
    "last": "what the last rows say is",
}


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    return "as usual" if value is None else str(value)


def _files(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    old = {file["name"]: file for file in before}
    new = {file["name"]: file for file in after}
    return [
        *(_file(name, file, new[name]) for name, file in old.items() if name in new),
        *(f"{name} is new" for name in new if name not in old),
        *(f"{name} is gone" for name in old if name not in new),
    ]


def _file(name: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    if old == new:
        return ""
    if old["bytes"] != new["bytes"]:
        way = "grown" if old["bytes"] < new["bytes"] else "shrunk"
        return f"{name} has {way} from {_sizes(old['bytes'], new['bytes'])}"
    if (old.get("start"), old.get("end")) != (new.get("start"), new.get("end")):
        return f"{name} has other content of the same size"
    return f"{name} was written to since then, though its size and its ends are the same"


def _sizes(old: int, new: int) -> str:
    """Return "10 to 12 MB", in the largest unit in which the two differ visibly."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        was, became = (f"{size / unit:.1f}".removesuffix(".0") for size in (old, new))
        if min(old, new) >= unit and was != became:
            return f"{was} to {became} {name}"
    return f"{old:,} to {new:,} bytes"
