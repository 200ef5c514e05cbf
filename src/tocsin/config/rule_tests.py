"""Tests of a configuration read from a file: each mistake with its line, all at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tocsin.config.as_written import nothing_called
from tocsin.config.grammar import rule_tests as grammar
from tocsin.config.grammar.keys import GrammarKeys
from tocsin.config.loading import configuration_in, load_configuration
from tocsin.config.problems import Fault, Place, told, translate
from tocsin.config.reading import Document, content_of, read
from tocsin.config.rule_test_instants import unreadable_instants
from tocsin.config.rule_test_times import MOST, read_beginning, read_length, read_when, repeated
from tocsin.engine.configuration import Configuration
from tocsin.engine.rehearsing import Expected, Quiet, RuleTest, State
from tocsin.errors import ConfigError, InvalidSchedule
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT, CheckIn, CheckInKind, Detail, Progress, Records
from tocsin.jobs.job import JobKey
from tocsin.jobs.walltime import check_timezone
from tocsin.rules.finding import Severity

MOST_CHECK_INS: Final = 100_000
AFTER_THE_LAST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTests:
    """What a file of tests says: the tests, and the configuration that they are for."""

    source: str
    configuration: Configuration
    tests: tuple[RuleTest, ...]


def load_tests(path: str | Path) -> RuleTests:
    """Return the tests of a file; secrets of its configuration need not be there, for nothing is sent.

    Raises ConfigError with every problem found.
    """
    source, folder = str(path), Path(path).parent
    document = read(content_of(Path(path), "; docs/howto/test-your-rules.md says how to write one"))
    faults, configuration = list(document.faults), None
    data = document.data
    if not document.is_whole:
        raise ConfigError(source, told(faults, document))
    if isinstance(data, dict):
        configuration, more = _configuration(data.get("config"), folder)
        faults += more
    faults += _grammar_faults(data)
    tests: list[RuleTest] = []
    about = _About(document=document, configuration=configuration, timezone=_general_timezone(data))
    for number, written in _each_test(data):
        place = ("tests", number)
        try:
            sound = grammar.RuleTest.model_validate(written)
        except ValidationError:
            faults += unreadable_instants(written, place)
        else:
            tests += _tests(sound, about, place, faults)
    if faults or configuration is None:
        raise ConfigError(source, told(faults, document))
    return RuleTests(source=source, configuration=configuration, tests=tuple(tests))


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What every test of a file is read against."""

    document: Document
    configuration: Configuration | None
    timezone: str | None

    def zone_of(self, test: grammar.RuleTest) -> str:
        """Return in which zone the instants of a test are."""
        usual = "UTC" if self.configuration is None else self.configuration.defaults.timezone
        return test.timezone or self.timezone or usual


def _configuration(written: object, folder: Path) -> tuple[Configuration | None, list[Fault]]:
    """Return the configuration under test, or what is wrong with it; of a file of its own the first."""
    if isinstance(written, str):
        path = folder / written
        try:
            return load_configuration(path), []
        except ConfigError as error:
            more = f"; see all {len(error.problems)} with: tocsin check {path}" if error.problems[1:] else ""
            message = f"cannot be used: {error.problems[0].told(str(path))}{more}"
            return None, [Fault(place=("config",), message=message)]
    if not isinstance(written, dict):
        return None, []
    found, faults = configuration_in(written, folder)
    return found, [replace(fault, place=("config", *fault.place)) for fault in faults]


def _grammar_faults(data: object) -> list[Fault]:
    try:
        grammar.RuleTests.model_validate(data)
    except ValidationError as error:
        keys = GrammarKeys(grammar.RuleTests)
        return [translate(detail, keys) for detail in error.errors(include_url=False)]
    return []


def _each_test(data: object) -> Iterator[tuple[int, object]]:
    """Return the tests as they are written, so that a mistake in one hides none in another."""
    written = data.get("tests") if isinstance(data, dict) else None
    return enumerate(written if isinstance(written, list) else ())


def _general_timezone(data: object) -> str | None:
    written = data.get("timezone") if isinstance(data, dict) else None
    try:
        return check_timezone(written) if isinstance(written, str) else None
    except InvalidSchedule:
        return None


def _tests(written: grammar.RuleTest, about: _About, place: Place, faults: list[Fault]) -> list[RuleTest]:
    """Return the test, or none where something is wrong with it."""
    reader = _Reader(written, about, place)
    test = reader.test()
    faults += reader.faults
    return [] if test is None else [test]


class _Reader:
    """Reads one test; what is wrong with it is gathered in `faults`."""

    def __init__(self, written: grammar.RuleTest, about: _About, place: Place) -> None:
        self.faults: list[Fault] = []
        self._written = written
        self._about = about
        self._place = place
        self._zone = about.zone_of(written)
        self._starts_at: datetime | None = None

    def test(self) -> RuleTest | None:
        """Return the test; None where something is wrong with it."""
        written = self._written
        self._starts_at = self._read_beginning()
        if self._starts_at is None:
            return None
        check_ins = sorted(self._check_ins(self._starts_at), key=lambda one: one.received_at)
        expected = list(self._expected(self._starts_at, {JobKey(c.environment, c.job) for c in check_ins}))
        ends_at = self._ends_at(self._starts_at, check_ins, expected)
        if not written.expect and not written.no_alerts:
            self._fault("expects nothing; add lines to 'expect', or no_alerts: true", "name")
        if written.expect and written.no_alerts:
            self._fault("contradicts 'expect'; keep one of the two", "no_alerts")
        if self.faults:
            return None
        return RuleTest(
            name=written.name,
            line=self._about.document.line_of((*self._place, "name")),
            starts_at=self._starts_at,
            ends_at=ends_at,
            timezone=self._zone,
            check_ins=tuple(check_ins),
            expected=tuple(expected),
            allows_others=written.allow_others,
        )

    def _fault(self, message: str, *steps: str | int, suggestion: str | None = None) -> None:
        self.faults.append(Fault(place=(*self._place, *steps), message=message, suggestion=suggestion))

    def _read_beginning(self) -> datetime | None:
        try:
            return read_beginning(self._written.now, self._zone)
        except InvalidSchedule as error:
            self._fault(str(error), "now")
            return None

    def _when(self, text: str, before_at: datetime, *steps: str | int) -> datetime | None:
        """Return an instant within the test; None, and a fault, where it is none."""
        begins_at = self._starts_at or before_at
        try:
            at = read_when(text, begins_at=begins_at, before_at=before_at, timezone=self._zone)
        except (InvalidSchedule, OverflowError) as error:
            self._fault(str(error) or "is too far away", *steps)
            return None
        if at < begins_at:
            self._fault(f"{text!r} is before the test begins; say when that is: now: 2026-03-10", *steps)
            return None
        if at > begins_at + MOST:
            self._fault(f"{text!r} is more than {MOST.days} days after the test begins", *steps)
            return None
        return at

    # ------------------------------------------------------------ check-ins
    def _check_ins(self, starts_at: datetime) -> Iterator[CheckIn]:
        before_at, count = starts_at, 0
        for number, line in enumerate(self._written.check_ins):
            instants = self._instants(line, before_at, number)
            count += len(instants)
            if count > MOST_CHECK_INS:
                self._fault(f"has more than {MOST_CHECK_INS} check-ins", "check_ins")
                return
            if not instants:
                continue
            before_at = instants[-1]
            yield from self._reported(line, instants, number)

    def _instants(self, line: grammar.CheckInLine, before_at: datetime, number: int) -> list[datetime]:
        place = ("check_ins", number)
        if (line.kind is None) == (line.runs is None):
            self._fault("needs 'kind' or 'runs', and not both", *place)
        if line.at is not None:
            if line.every or line.start or line.times:
                self._fault("is given beside 'every'; keep 'at', or every, from and times", *place, "at")
            at = self._when(line.at, before_at, *place)
            return [] if at is None else [at]
        if not (line.every and line.start and line.times):
            self._fault("needs 'at', or every, from and times", *place)
            return []
        first_at = self._when(line.start, before_at, *place)
        every = self._length(line.every, *place)
        if first_at is None or every is None:
            return []
        if every * line.times > MOST:
            self._fault(f"goes on for more than {MOST.days} days", *place)
            return []
        return repeated(first_at, every, line.times, self._zone)

    def _length(self, text: str, *steps: str | int) -> timedelta | None:
        try:
            return read_length(text)
        except InvalidSchedule as error:
            self._fault(str(error), *steps)
            return None

    def _reported(
        self, line: grammar.CheckInLine, instants: list[datetime], number: int
    ) -> Iterator[CheckIn]:
        nominal_at = None
        if line.nominal_at is not None:
            nominal_at = self._when(line.nominal_at, instants[0], "check_ins", number)
        lasts = None if line.runs is None else self._length(line.runs, "check_ins", number)
        for time, at in enumerate(instants, start=1):
            if lasts is None:
                yield _check_in(line, CheckInKind(line.kind or "log"), at, nominal_at, line.run)
            else:
                run = line.run or f"line-{number + 1}-{time}"
                yield _check_in(line, CheckInKind.START, at, nominal_at, run)
                yield _check_in(line, CheckInKind.SUCCESS, at + lasts, nominal_at, run)

    # ------------------------------------------------------------ expectations
    def _expected(self, starts_at: datetime, reported: set[JobKey]) -> Iterator[Expected | Quiet]:
        before_at = starts_at
        for number, line in enumerate(self._written.expect):
            place = ("expect", number)
            key = None
            if line.job is not None:
                key = JobKey(line.environment or DEFAULT_ENVIRONMENT, line.job)
                self._see_that_it_is_known(key, reported, place)
            one = (
                self._quiet(line, key, before_at, place)
                if line.nothing
                else self._alert(line, key, before_at, place)
            )
            if one is not None:
                before_at = one.until_at if isinstance(one, Quiet) else one.at
                yield one
        if self._written.no_alerts and not self._written.expect:
            line_number = self._about.document.line_of((*self._place, "no_alerts"))
            yield Quiet(line=line_number, since_at=starts_at, until_at=starts_at + 2 * MOST)

    def _see_that_it_is_known(self, key: JobKey, reported: set[JobKey], place: tuple[str, int]) -> None:
        configuration = self._about.configuration
        known = reported | (set(configuration.jobs) if configuration is not None else set())
        if configuration is not None and key not in known:
            names = [one.name for one in known if one.environment == key.environment]
            fault = nothing_called(key.name, f"job of environment {key.environment!r}", (), names)
            self._fault(fault.message, *place, suggestion=fault.suggestion)

    def _quiet(
        self, line: grammar.Expectation, key: JobKey | None, before_at: datetime, place: tuple[str, int]
    ) -> Quiet | None:
        if (line.at is None) == (line.until is None):
            self._fault("'nothing' needs 'at' or 'until', and not both", *place)
            return None
        end_at = self._when(line.at or line.until or "", before_at, *place)
        since_at = self._starts_at if line.start is None else self._when(line.start, before_at, *place)
        if end_at is None or since_at is None:
            return None
        if end_at < since_at:
            self._fault("'until' is before 'from'", *place)
        number = self._about.document.line_of((*self._place, *place))
        return Quiet(
            line=number, since_at=end_at if line.until is None else since_at, until_at=end_at, key=key
        )

    def _alert(
        self, line: grammar.Expectation, key: JobKey | None, before_at: datetime, place: tuple[str, int]
    ) -> Expected | None:
        missing = [name for name in ("at", "job", "condition") if getattr(line, name) is None]
        if missing:
            self._fault(f"needs {' and '.join(missing)}, or nothing: true", *place)
            return None
        for word in ("told", "not_told"):
            for name in getattr(line, word) or ():
                self._see_that_it_can_be_told(name, (*place, word))
        at = self._when(line.at or "", before_at, *place)
        if at is None or key is None:
            return None
        return Expected(
            line=self._about.document.line_of((*self._place, *place)),
            at=at,
            key=key,
            condition=line.condition or "",
            severity=Severity[line.severity.upper()] if line.severity else None,
            state=State(line.state),
            told=None if line.told is None else tuple(line.told),
            not_told=tuple(line.not_told or ()),
        )

    def _see_that_it_can_be_told(self, name: str, place: tuple[str | int, ...]) -> None:
        configuration = self._about.configuration
        if configuration is not None and name not in configuration.targets:
            fault = nothing_called(name, "receiver", (), configuration.targets)
            self._fault(fault.message, *place, suggestion=fault.suggestion)

    def _ends_at(
        self, starts_at: datetime, check_ins: list[CheckIn], expected: list[Expected | Quiet]
    ) -> datetime:
        """Return until when a test is played: as it says, else a little longer than its last line."""
        last = [one.received_at for one in check_ins]
        last += [one.at if isinstance(one, Expected) else one.until_at for one in expected]
        last_at = max((at for at in last if at <= starts_at + MOST), default=starts_at)
        if self._written.until is None:
            return last_at + AFTER_THE_LAST
        until = self._when(self._written.until, last_at, "until")
        if until is not None and until < last_at:
            self._fault("is before the last line of the test", "until")
        return until or last_at


def _check_in(
    line: grammar.CheckInLine, kind: CheckInKind, at: datetime, nominal_at: datetime | None, run: str | None
) -> CheckIn:
    ends = kind is not CheckInKind.START
    has_records = line.records is not None or line.records_failed is not None
    return CheckIn(
        job=line.job,
        kind=kind,
        at=at,
        received_at=at,
        environment=line.environment or DEFAULT_ENVIRONMENT,
        run=run,
        nominal_at=nominal_at,
        partition=line.partition or "",
        backfill=line.backfill,
        attempt=line.attempt,
        max_attempts=line.max_attempts,
        progress=None if line.done is None else Progress(done=line.done, total=line.total),
        records=Records(ok=line.records, failed=line.records_failed) if has_records and ends else None,
        detail=_detail(line) if ends else None,
        labels=_pairs(line.labels),
    )


def _detail(line: grammar.CheckInLine) -> Detail | None:
    detail = Detail(
        exit_code=line.exit_code,
        error_type=line.error_type,
        error_message=line.error_message,
        metrics=tuple(sorted((line.metrics or {}).items())),
    )
    return None if detail == Detail() else detail


def _pairs(labels: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((labels or {}).items()))
