"""YAML as plain values that still know their lines.

Read as YAML 1.2 reads: `on`, `yes`, `NO` and `23:00` are text, and only `true` and `false` are not.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from tocsin.config.problems import Fault, Mark, Place
from tocsin.errors import ConfigError, InvalidSchedule, Problem
from tocsin.jobs.walltime import check_timezone

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 2_000_000
MAX_FAULTS = 1_000
KEY_STEP = "[key]"  # how the validation library points at a key itself

START: Final[Mark] = (1, 1)
Scalar = str | int | float | bool | None

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SAID = {
    "tab character": "a tab stands in the indentation; use spaces",
    "cannot start any token": "a tab or a reserved character begins a value; put text in quotes",
    "mapping values are not allowed": "a ':' is out of place; mind the indentation, put text in quotes",
    "could not find expected ':'": "a ':' is missing after the key",
    "did not find expected key": "the indentation does not fit the lines above",
    "<block end>": "the indentation does not fit the lines above",
    "did not find expected '-'": "the indentation does not fit the list above",
    "expected ',' or": "a list or mapping in brackets is not closed, or lacks a comma",
    "node content": "a value is missing, or a bracket is not closed",
    "unexpected end of stream": "a quotation mark is not closed",
    "unknown escape character": "YAML does not know this character after a backslash; use single quotes",
    "found undefined": "is not defined above",
    "special characters are not allowed": "a control character stands in the file; remove it",
    "control characters are not allowed": "a control character stands in the file; remove it",
}


class Node:
    """A value at its mark: a scalar, a list of nodes, or a mapping of keys to their mark and node.

    `nodes` counts all values within it, aliases followed. It `is_open` until its end was read.
    """

    __slots__ = ("entries", "is_open", "items", "mark", "nodes", "scalar")

    def __init__(self, mark: Mark, scalar: Scalar = None) -> None:
        self.mark = mark
        self.scalar = scalar
        self.items: list[Node] | None = None
        self.entries: dict[str, tuple[Mark, Node]] | None = None
        self.nodes = 1
        self.is_open = False

    def plain(self) -> object:
        """Return it as dicts, lists and scalars."""
        if self.entries is not None:
            return {name: node.plain() for name, (_, node) in self.entries.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.scalar


class Document:
    """What a file says and where it says it.

    `faults` are those of its YAML; `is_whole` says whether it could be read to its end all the same.
    """

    def __init__(self, root: Node | None, faults: list[Fault], *, is_whole: bool) -> None:
        self._root = root or Node(START)
        self.faults = tuple(faults)
        self.is_whole = is_whole

    @property
    def data(self) -> object:
        """The same as dicts, lists and scalars; an empty file is an empty mapping."""
        plain = self._root.plain()
        return {} if plain is None else plain

    def mark_of(self, place: Place) -> Mark:
        """Return the line and column of a place, or of the nearest thing around it that exists."""
        return self._walk(place)[1]

    def line_of(self, place: Place) -> int:
        """Return the line alone."""
        return self.mark_of(place)[0]

    def resolved(self, place: Place) -> Place:
        """Return the place as it is written: a list's only item may stand without the list."""
        return self._walk(place)[0]

    def source_of(self, _place: Place) -> str:
        """Return nothing: everything stands in this one file."""
        return ""

    def _walk(self, place: Place) -> tuple[Place, Mark]:
        node, mark, steps = self._root, self._root.mark, list[str | int]()
        for step in place:
            if isinstance(step, str) and node.entries is not None and step in node.entries:
                mark, node = node.entries[step]
            elif isinstance(step, int) and node.items is not None and step < len(node.items):
                node = node.items[step]
                mark = node.mark
            elif isinstance(step, int) or step == KEY_STEP:
                continue
            steps.append(step)
        return tuple(steps), mark


def content_of(path: Path, hint: str = "; make one with: tocsin init") -> bytes:
    """Return what stands in a file; raises ConfigError, with `hint` where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or "") if isinstance(error, OSError) else "the path is not one"
        told_to = hint if isinstance(error, FileNotFoundError) else ""
        problem = Problem(path="the file", message=f"cannot be read: {reason}{told_to}")
        raise ConfigError(str(path), (problem,)) from None


def read(text: bytes) -> Document:
    """Return what the file says; its `faults` say what keeps it from being read."""
    if len(text) > MAX_BYTES:
        return _broken(1, f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB, the most that is read")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _broken(text.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text")
    composer = _Composer()
    is_whole = False
    try:
        for event in _events(decoded):
            composer.take(event)
        is_whole = True
    except _TooMuch as error:
        composer.faults.append(Fault(message=str(error), mark=error.mark))
    except yaml.YAMLError as error:
        composer.faults.append(_said(error, decoded))
    return Document(composer.root, composer.faults, is_whole=is_whole)


def general_timezone(data: object, otherwise: str = "UTC") -> str:
    """Return the time zone that `defaults` name, where they name one that there is."""
    defaults = data.get("defaults") if isinstance(data, dict) else None
    written = defaults.get("timezone") if isinstance(defaults, dict) else None
    try:
        return check_timezone(written) if isinstance(written, str) else otherwise
    except InvalidSchedule:
        return otherwise


def _broken(line: int, message: str) -> Document:
    return Document(None, [Fault(message=message, mark=(line, 1))], is_whole=False)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _TooMuch(Exception):
    def __init__(self, mark: Mark, message: str) -> None:
        self.mark = mark
        super().__init__(message)


class _Open:
    """A list or mapping that is being read: the step that leads to it, and the key that awaits its value."""

    __slots__ = ("key", "key_mark", "node", "step")

    def __init__(self, node: Node, step: str | int) -> None:
        self.node = node
        self.step = step
        self.key: str | None = None
        self.key_mark = START

    @property
    def next_step(self) -> str | int:
        return len(self.node.items) if self.node.items is not None else self.key or ""


class _Composer:
    """Builds nodes from YAML's events, without recursion and within limits."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.faults: list[Fault] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        at = event.start_mark
        mark = (at.line + 1, at.column + 1) if at else START
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise _TooMuch(mark, "a file holds one document; remove what follows this '---'")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, mark)
        elif isinstance(event, yaml.AliasEvent):
            self._place(self._alias(event.anchor or "", mark), mark)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._enter(event, mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._leave()

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> None:
        inner = self._open[-1] if self._open else None
        if inner and inner.node.entries is not None and inner.key is None:
            if event.value in inner.node.entries:
                first = inner.node.entries[event.value][0][0]
                self._fault(mark, f"is written twice; the first time in line {first}", event.value)
            inner.key, inner.key_mark = event.value, mark
            return
        is_plain = event.implicit[0] and event.style in (None, "")
        self._begin(Node(mark, _value(event.value) if is_plain else event.value), event, mark)

    def _alias(self, anchor: str, mark: Mark) -> Node:
        node = self._anchors.get(anchor)
        if node is not None and not node.is_open:
            return node
        self._fault(mark, f"'*{anchor}' {'contains itself' if node else 'is not defined above'}")
        return Node(mark)

    def _enter(self, event: yaml.CollectionStartEvent, mark: Mark) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _TooMuch(mark, f"is nested deeper than {MAX_DEPTH} levels")
        node = Node(mark)
        if isinstance(event, yaml.MappingStartEvent):
            node.entries = {}
        else:
            node.items = []
        node.is_open = True
        step = self._open[-1].next_step if self._open else ""
        self._begin(node, event, mark)
        self._open.append(_Open(node, step))

    def _leave(self) -> None:
        node = self._open.pop().node
        node.is_open = False
        if node.entries is not None and "<<" in node.entries:
            self._merge(node.entries)
        if self._open:
            self._count(self._open[-1].node, node.nodes - 1)

    def _begin(self, node: Node, event: yaml.NodeEvent, mark: Mark) -> None:
        if event.anchor:
            self._anchors[event.anchor] = node
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", "?") and not str(tag).startswith("tag:yaml.org,2002:"):
            self._fault(mark, f"the tag {str(tag)[:50]!r} means nothing here; remove it")
        self._place(node, mark)

    def _place(self, node: Node, mark: Mark) -> None:
        if not self._open:
            self.root = node
            return
        inner = self._open[-1]
        if inner.node.items is not None:
            inner.node.items.append(node)
        elif inner.key is None:
            self._fault(mark, "a key must be text, not a list, a mapping or an alias")
            inner.key = ""
        elif inner.node.entries is not None:
            inner.node.entries.setdefault(inner.key, (inner.key_mark, node))
            inner.key = None
        self._count(inner.node, node.nodes)

    def _merge(self, entries: dict[str, tuple[Mark, Node]]) -> None:
        """Take over what `<<: *base` brings; the mapping's own keys win."""
        mark, merged = entries.pop("<<")
        for base in merged.items if merged.items is not None else [merged]:
            if base.entries is None:
                self._fault(mark, "'<<' takes over a mapping, written as '<<: *name'")
            for name, entry in (base.entries or {}).items():
                entries.setdefault(name, entry)

    def _count(self, node: Node, more: int) -> None:
        node.nodes += more
        if node.nodes > MAX_NODES:
            raise _TooMuch(node.mark, f"holds more than {MAX_NODES} values once its aliases are followed")

    def _fault(self, mark: Mark, message: str, key: str | None = None) -> None:
        if len(self.faults) < MAX_FAULTS:
            place = () if key is None else (*(inner.step for inner in self._open[1:]), key)
            self.faults.append(Fault(message=message, mark=mark, place=place))


def _value(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _said(error: yaml.YAMLError, text: str) -> Fault:
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    meaning = next((ours for theirs, ours in _SAID.items() if theirs in said), f"is not valid YAML: {said}")
    if mark:
        return Fault(message=meaning, mark=(mark.line + 1, mark.column + 1))
    return Fault(message=meaning, mark=(text.count("\n", 0, getattr(error, "position", 0)) + 1, 1))
