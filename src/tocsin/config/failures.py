"""The failures that a file names, made into the table that is asked, and what in them cannot be meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tocsin.config.as_written import items, nothing_called, words
from tocsin.config.grammar.failures import FailureRow, SeverityCase, number_of_signal
from tocsin.config.problems import Fault, Place, closest, written
from tocsin.errors import InvalidMatcher
from tocsin.jobs.job import Impact
from tocsin.rules import rule
from tocsin.rules.failure import FailureClass, FailureTable, KnownFailure, table_of
from tocsin.rules.failure_causes import CAUSES
from tocsin.rules.finding import Severity
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.known_failures import KNOWN_FAILURES, OUR_TABLE, TIMED_OUT
from tocsin.rules.pattern import compile_pattern
from tocsin.rules.weighing import COUNTED, OF_FAILURES

_ASKS: Final = ("exit_codes", "signals", "error_types", "pattern")
_CASE_ASKS: Final = ("class", "cause", "environment", "impact")
_PROBES: Final = ("", "x", "7 !", "Zoë\n\tq")
_ANY_CASE: Final = "(?i)"


def build_known_failures(rows: Sequence[FailureRow]) -> FailureTable:
    """Return the table that is asked of a failure: a file's rows, then ours as the file wants them."""
    if not rows:
        return OUR_TABLE
    changed = {row.name: row for row in rows if _asks_for_nothing(row)}
    own = tuple(_known(row) for row in rows if not _asks_for_nothing(row))
    ours = tuple(_changed(one, changed.get(one.name)) for one in KNOWN_FAILURES)
    return table_of(ours, own=own, timed_out=_changed(TIMED_OUT, changed.get(TIMED_OUT.name)))


def _asks_for_nothing(row: FailureRow) -> bool:
    return not any(getattr(row, key) for key in _ASKS)


def _known(row: FailureRow) -> KnownFailure:
    ours = CAUSES.get(row.name)
    plain = KnownFailure(
        name=row.name,
        failure_class=ours.failure_class if ours is not None else FailureClass.UNKNOWN,
        said=ours.said if ours is not None else "",
        next_step=ours.next_step if ours is not None else "",
        exit_codes=tuple(row.exit_codes or ()),
        signals=tuple(row.signals or ()),
        error_types=tuple(row.error_types or ()),
        pattern=row.pattern or "",
    )
    return _changed(plain, row)


def _changed(known: KnownFailure, row: FailureRow | None) -> KnownFailure:
    """Return a row with the class and the next step that a file says."""
    if row is None:
        return known
    of = known.failure_class if row.failure_class is None else FailureClass(row.failure_class)
    return replace(known, failure_class=of, next_step=row.note or known.next_step)


def build_severity_cases(cases: Sequence[SeverityCase]) -> tuple[rule.SeverityCase, ...]:
    """Return the cases of a rule."""
    return tuple(
        rule.SeverityCase(
            severity=Severity[case.severity.upper()],
            failure_classes=tuple(FailureClass(word) for word in case.failure_class or ()),
            causes=tuple(case.cause or ()),
            environments=tuple(case.environment or ()),
            impacts=tuple(Impact(word) for word in case.impact or ()),
            in_a_row=case.in_a_row or 1,
        )
        for case in cases
    )


def failure_faults(data: Mapping[str, object]) -> Iterator[Fault]:
    """Return every row and every case of a file that can never hold, and every cause that nothing has."""
    yield from _shadowed_rows(data)
    yield from _unsaid(data)
    known = {*CAUSES, *(str(row.get("name")) for _, row in items(data.get("failure_classes"), ()))}
    for place, one in items(data.get("rules"), ("rules",)):
        cases = one.get("severity_by")
        listed = list(items([cases] if isinstance(cases, dict) else cases, (*place, "severity_by")))
        yield from _shadowed_cases(listed)
        for at, case in listed:
            yield from _of_no_use(at, case, str(one.get("condition")))
            for where, name in words(case.get("cause"), (*at, "cause")):
                if name not in known:
                    yield nothing_called(name, "cause", where, known)


def _of_no_use(place: Place, case: Mapping[str, object], condition: str) -> Iterator[Fault]:
    """Tell what a case asks for that no finding of the condition can say."""
    if condition not in CONDITIONS:
        return
    for key in ("class", "cause"):
        if case.get(key) is not None and condition not in OF_FAILURES:
            message = (
                f"says nothing of {condition}: only {', '.join(sorted(OF_FAILURES))} is about a failed run"
            )
            yield Fault(place=(*place, key), message=message)
    if case.get("in_a_row") is not None and condition not in COUNTED:
        message = f"{condition} does not count what comes in a row; these do: {', '.join(sorted(COUNTED))}"
        yield Fault(place=(*place, "in_a_row"), message=message)


def _unsaid(data: Mapping[str, object]) -> Iterator[Fault]:
    """Tell the rows that say too little: no class, nothing to be known by, or the same again."""
    first: dict[str, Place] = {}
    for place, row in items(data.get("failure_classes"), ("failure_classes",)):
        name = row.get("name")
        if isinstance(name, str) and name not in CAUSES and row.get("class") is None:
            message = "is required and missing: transient, permanent or unknown"
            yield Fault(place=(*place, "class"), message=message, suggestion=closest(name, CAUSES))
        if not isinstance(name, str) or any(row.get(key) not in (None, []) for key in _ASKS):
            continue
        if name not in CAUSES:
            message = f"needs one of {', '.join(_ASKS)}: nothing says by what it is known"
            yield Fault(place=place, message=message)
        elif name in first:
            yield Fault(place=place, message=f"{name!r} is changed already: {written(first[name])}")
        first.setdefault(name, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a row asks for, as it was written; None: anything."""

    exit_codes: frozenset[object] | None
    signals: frozenset[object] | None
    error_types: frozenset[str] | None
    pattern: str | None

    def takes(self, other: "_Wanted") -> bool:
        """Whether whatever fits the other fits this one too."""
        return (
            _within(other.exit_codes, self.exit_codes)
            and _within(other.signals, self.signals)
            and _within(_lasts(other.error_types, self.error_types), self.error_types)
            and (
                self.pattern is None or (other.pattern is not None and _implies(other.pattern, self.pattern))
            )
        )


def _shadowed_rows(data: Mapping[str, object]) -> Iterator[Fault]:
    earlier: list[tuple[Place, _Wanted]] = []
    for place, row in items(data.get("failure_classes"), ("failure_classes",)):
        wanted = _wanted(row)
        if wanted is None:
            continue
        taker = next((at for at, one in earlier if one.takes(wanted)), None)
        if taker is not None:
            message = (
                f"can never fit: {written(taker)} takes everything that this one does; put it after this one"
            )
            yield Fault(place=place, message=message)
        earlier.append((place, wanted))


def _wanted(row: Mapping[str, object]) -> _Wanted | None:
    """Return what a row asks for; None if that is nothing or cannot be read."""
    pattern = row.get("pattern")
    found = _Wanted(
        exit_codes=_set_of(row.get("exit_codes")),
        signals=_signals_of(row.get("signals")),
        error_types=_types_of(row.get("error_types")),
        pattern=None if not isinstance(pattern, str) or _takes_anything(pattern) else pattern,
    )
    return None if all(row.get(key) in (None, []) for key in _ASKS) else found


def _set_of(value: object) -> frozenset[object] | None:
    listed = value if isinstance(value, list) else [value]
    return frozenset(map(str, listed)) if value not in (None, []) else None


def _signals_of(value: object) -> frozenset[object] | None:
    listed = value if isinstance(value, list) else [value]
    return frozenset(number_of_signal(one) for one in listed) if value not in (None, []) else None


def _types_of(value: object) -> frozenset[str] | None:
    found = _set_of(value)
    return None if found is None else frozenset(str(one).lower() for one in found)


def _lasts(types: frozenset[str] | None, wanted: frozenset[str] | None) -> frozenset[str] | None:
    """Return types by their last part where that is what is wanted of them."""
    if types is None or wanted is None:
        return types
    return frozenset(one if one in wanted else one.rpartition(".")[2] for one in types)


def _within(
    inner: frozenset[object] | frozenset[str] | None, outer: frozenset[object] | frozenset[str] | None
) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _takes_anything(pattern: str) -> bool:
    try:
        compiled = compile_pattern(pattern)
    except InvalidMatcher:
        return False
    return all(compiled.search(probe) is not None for probe in _PROBES)


def _implies(pattern: str, other: str) -> bool:
    """Whether a text that holds one pattern holds the other: the same, or words within its words."""
    if pattern == other:
        return True
    inner, outer = other.removeprefix(_ANY_CASE), pattern.removeprefix(_ANY_CASE)
    if not (_is_literal(inner) and _is_literal(outer)):
        return False
    if other.startswith(_ANY_CASE):
        return inner.lower() in outer.lower()
    return not pattern.startswith(_ANY_CASE) and inner in outer


def _is_literal(pattern: str) -> bool:
    return re.search(r"[\\.^$*+?()\[\]{}|]", pattern) is None


def _shadowed_cases(cases: Sequence[tuple[Place, Mapping[str, object]]]) -> Iterator[Fault]:
    for number, (place, case) in enumerate(cases):
        taker = next((at for at, one in cases[:number] if _takes(one, case)), None)
        if taker is not None:
            message = f"can never hold: {written(taker)} holds whenever this one does; put it after this one"
            yield Fault(place=place, message=message)


def _takes(earlier: Mapping[str, object], later: Mapping[str, object]) -> bool:
    if not all(_within(_set_of(later.get(key)), _set_of(earlier.get(key))) for key in _CASE_ASKS):
        return False
    least, most = earlier.get("in_a_row") or 1, later.get("in_a_row") or 1
    return isinstance(least, int) and isinstance(most, int) and least <= most
