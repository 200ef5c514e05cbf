"""What a failure is: its class, its cause and its signature, told from what a run says of its end. Pure.

A table is asked from its first row to its last, and the first that fits names the cause. A row fits when all
fits that it asks for: the exit code, the signal, the type of the error, and a pattern in its words.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final

import re2
from msgspec import Struct

from tocsin.jobs.checkin import Detail
from tocsin.jobs.run import Run, RunStatus
from tocsin.rules.pattern import compile_pattern
from tocsin.rules.signature import id_of, signature

MAX_TAIL_LINES: Final = 20
MAX_TAIL: Final = 2_000
MAX_FOUND: Final = 60
MAX_WORDS: Final = 160
_MAX_ASKED: Final = 500
_BY_SIGNAL: Final = 128
LARGEST_SIGNAL: Final = 64
_REMEMBERED: Final = 1_024
SIGNALS: Final = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
}
_ENDED: Final = r"(non-?zero )?(exit (code|status)|return code|error code is|status|code):? *-?[0-9]+"
_SAYS_NOTHING: Final = re2.compile(
    r"(?i)^(\S+: )?("
    rf"(exited( with)? )?{_ENDED}"
    rf"|(bash |shell )?(command|process|job|task|script|step|subprocess)\b.{{0,300}}\b{_ENDED}"
    r"|(ended|killed|terminated) by (signal )?\S+"
    r"|((the )?(job|task|script|run|step|command|process) )?(has )?(failed|error|exception)"
    r"|systemexit(: *-?[0-9]+)?|-?[0-9]+"
    r")[.!]?$"
)
"""What an error says that tells no more than that there was one."""


class FailureClass(Enum):
    """Whether it may pass by itself.

    TRANSIENT: the same run, started again later, may well succeed. PERMANENT: it fails again until somebody
    has changed something. UNKNOWN: nobody can tell by what it said.
    """

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A row of the table: by what a failure is known, and what is said of it.

    `signals` are also those that an exit code stands for: 137 and -9 are signal 9. `error_types` are compared
    without regard to case, and a type fits by its last part too: `OutOfMemoryError` fits
    `java.lang.OutOfMemoryError`. `pattern` is RE2 and may stand anywhere. `said` is the cause in words,
    `name` its name for programs; `next_step` may be empty.
    """

    name: str
    failure_class: FailureClass
    said: str = ""
    next_step: str = ""
    exit_codes: tuple[int, ...] = ()
    signals: tuple[int, ...] = ()
    error_types: tuple[str, ...] = ()
    pattern: str = ""

    @property
    def words(self) -> str:
        """The cause as people read it."""
        return self.said or self.name.replace("_", " ")


class Failure(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a failure is; `cause` is empty where no row of the table fits.

    `words` are the cause for people, with what it was known by; `signature` is equal for equal errors.
    """

    failure_class: FailureClass = FailureClass.UNKNOWN
    cause: str = ""
    words: str = ""
    next_step: str = ""
    signature: str = ""

    @property
    def signature_id(self) -> str:
        """The signature as 12 hexadecimal digits."""
        return id_of(self.signature)

    @property
    def class_in_words(self) -> str:
        """The class as a responder reads it."""
        return _CLASS_IN_WORDS[self.failure_class]


_CLASS_IN_WORDS: Final = {
    FailureClass.TRANSIENT: "transient: it may pass by itself",
    FailureClass.PERMANENT: "permanent: it fails again until it is mended",
    FailureClass.UNKNOWN: "unknown",
}


class _Signs(Struct, frozen=True, kw_only=True, gc=False):
    """By what a failure can be known, bounded: of a log no more than its last lines."""

    exit_code: int | None
    signal: int | None
    error_type: str
    error: str
    tail: str
    timed_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureTable:
    """Rows in the order in which they are asked; two of the same rows are the same table.

    `timed_out` is what a run is said to have failed of that reports a time-out itself, unless a row of `own`,
    which are a user's and come first, says otherwise.
    """

    digest: str
    own: tuple[KnownFailure, ...] = field(default=(), compare=False, repr=False)
    rows: tuple[KnownFailure, ...] = field(default=(), compare=False, repr=False)
    timed_out: KnownFailure | None = field(default=None, compare=False, repr=False)

    def failure_of(self, run: Run) -> Failure:
        """Return what a run has failed of, by what it said last."""
        detail = run.detail
        if detail is None and run.status is not RunStatus.TIMEOUT:
            return NOTHING_SAID
        return _failure(self, _signs(detail or _NO_DETAIL, timed_out=run.status is RunStatus.TIMEOUT))


_NO_DETAIL: Final = Detail()
NOTHING_SAID: Final = Failure()


def table_of(
    rows: Iterable[KnownFailure], *, own: Iterable[KnownFailure] = (), timed_out: KnownFailure | None = None
) -> FailureTable:
    """Return the table of these rows behind a user's own."""
    ours, theirs = tuple(rows), tuple(own)
    text = repr((theirs, ours, timed_out)).encode()
    digest = hashlib.blake2b(text, digest_size=8).hexdigest()
    return FailureTable(digest=digest, own=theirs, rows=ours, timed_out=timed_out)


def _signs(detail: Detail, *, timed_out: bool) -> _Signs:
    said = detail.error_message.strip()
    is_said = said.lower().startswith(detail.error_type.replace("_", " ").lower())
    error = ": ".join(part for part in ("" if is_said else detail.error_type, said) if part)
    return _Signs(
        exit_code=detail.exit_code,
        signal=_signal_of(detail),
        error_type=detail.error_type,
        error=error,
        tail=_end_of(detail.log_tail),
        timed_out=timed_out,
    )


def _signal_of(detail: Detail) -> int | None:
    """Return the signal that a run was ended by: as it said, or as its exit code means."""
    if detail.signal:
        return detail.signal
    code = detail.exit_code
    if code is None:
        return None
    signal = code - _BY_SIGNAL if code > _BY_SIGNAL else -code
    return signal if 0 < signal <= LARGEST_SIGNAL else None


def _end_of(log: str) -> str:
    if not log:
        return ""
    lines = [line for line in log[-4 * MAX_TAIL :].splitlines() if line.strip()]
    return "\n".join(lines[-MAX_TAIL_LINES:])[-MAX_TAIL:]


@lru_cache(maxsize=_REMEMBERED)
def _failure(table: FailureTable, signs: _Signs) -> Failure:
    is_telling = bool(signs.error) and _SAYS_NOTHING.search(signs.error[:_MAX_ASKED]) is None
    last = signs.error if is_telling else signs.tail.rpartition("\n")[2]
    row, found = _first(table, signs, signs.error if is_telling else f"{signs.error}\n{signs.tail}")
    if row is None and is_telling and signs.tail:
        row, found = _first(table, signs, signs.tail)
    if row is None:
        return Failure(signature=signature(last))
    is_said = not found or found.lower() == row.words.lower()
    return Failure(
        failure_class=row.failure_class,
        cause=row.name,
        words=(row.words if is_said else f"{row.words} ({found})")[:MAX_WORDS],
        next_step=row.next_step,
        signature=signature(last or row.words),
    )


def _first(table: FailureTable, signs: _Signs, text: str) -> tuple[KnownFailure | None, str]:
    """Return the first row that fits, and by what."""
    for row in table.own:
        if _asks_for(row, signs) and (not row.pattern or compile_pattern(row.pattern).search(text)):
            return row, _found(row, signs, text)
    if signs.timed_out and table.timed_out is not None:
        return table.timed_out, ""
    hits = _hits(table, text)
    for number, row in enumerate(table.rows):
        if (not row.pattern or number in hits) and _asks_for(row, signs):
            return row, _found(row, signs, text)
    return None, ""


def _hits(table: FailureTable, text: str) -> frozenset[int]:
    """Return the numbers of our rows whose patterns stand in a text.

    RE2 says alike that none does and that it had too little memory to tell. So one more pattern stands in
    every text: where even that is not found, each is looked for by itself.
    """
    patterns, numbers = _patterns_of(table)
    found = patterns.Match(text)
    if found:
        return frozenset(numbers[hit] for hit in found if hit < len(numbers))
    return frozenset(n for n in numbers if compile_pattern(table.rows[n].pattern).search(text))


@lru_cache(maxsize=8)
def _patterns_of(table: FailureTable) -> "tuple[re2.Set, tuple[int, ...]]":
    """Return the patterns of our rows as one, which is a hundred times as fast, and whose each is."""
    patterns, numbers = re2.Set.SearchSet(), []
    for number, row in enumerate(table.rows):
        if row.pattern:
            patterns.Add(row.pattern)
            numbers.append(number)
    patterns.Add("")
    patterns.Compile()
    return patterns, tuple(numbers)


def _asks_for(row: KnownFailure, signs: _Signs) -> bool:
    """Whether a row's codes, signals and types, where it has any, are those of the failure."""
    return (
        (not row.exit_codes or signs.exit_code in row.exit_codes)
        and (not row.signals or signs.signal in row.signals)
        and (not row.error_types or _is_one_of(signs.error_type, row.error_types))
    )


def _found(row: KnownFailure, signs: _Signs, text: str) -> str:
    """Return by what a failure is known to be of a row."""
    hit = compile_pattern(row.pattern).search(text) if row.pattern else None
    return (" ".join(hit.group(0).split())[:MAX_FOUND] if hit is not None else "") or _plainly(row, signs)


def _plainly(row: KnownFailure, signs: _Signs) -> str:
    if row.error_types:
        return signs.error_type[:MAX_FOUND]
    if row.signals and signs.signal is not None:
        return f"signal {signs.signal}" + (f", {SIGNALS[signs.signal]}" if signs.signal in SIGNALS else "")
    return f"exit code {signs.exit_code}" if row.exit_codes else ""


def _is_one_of(error_type: str, wanted: tuple[str, ...]) -> bool:
    lower = error_type.lower()
    last = lower.replace("$", ".").replace("::", ".").rpartition(".")[2]
    return any(lower == one.lower() or last == one.lower() for one in wanted)
