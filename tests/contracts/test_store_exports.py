"""What is exported from any store and imported into any other is exported from there to the same bytes."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.contracts.kept import MINUTE, NOON, a_check_in, a_run, an_occurrence, committed, ended, registered
from tocsin.alerts.route import Route
from tocsin.cli import carrying
from tocsin.cli.carrying import cut
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.commands import Done, Refused, TakeHistory, TeachRun
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.importing import take_history
from tocsin.engine.ingest import take_in
from tocsin.engine.teaching import teach
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail, Progress, Records
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.jobs.run import Meaning, Remark
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.base import Store
from tocsin.store.codec import EPOCH
from tocsin.store.sqlite import SqliteStore
from tocsin.web.api import exporting
from tocsin.web.api.exporting import Portion, history_of, portion_of

LATER = NOON + timedelta(days=40)
DAILY = Definition(
    schedule=read_schedule("0 12 * * *", "Europe/Berlin"),
    timezone="Europe/Berlin",
    sla=SLA(deadline_offset_minutes=90),
    labels=(("team", "data"),),
    upstream=("source",),
    rank=Rank.API,
)
DETAIL = Detail(
    exit_code=3,
    error_type="ValueError",
    error_message="no such column: größe",
    log_tail="line\nline ␀",
    cpu_seconds=1.5,
    metrics=(("row_count", 12.0),),
    context=(("host", "web-1"),),
    metadata='{"a":[1,{"b":null}]}',
)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    """A store with a history."""
    opened = SqliteStore(str(tmp_path / "source.db"))
    with committed(opened) as writing:
        draft = Draft(writing, _book(), NOON, _ids())
        draft.load(
            writing.register(
                [Job(name="daily", environment="production", registered_at=NOON, definition=DAILY)]
            ).values()
        )
        for days in range(1, 6):
            for check_in in _of_a_day(NOON + timedelta(days=days)):
                draft.now = check_in.received_at
                take_in(draft, [check_in])
                draft.write()
                draft = Draft(writing, _book(), check_in.received_at, draft.new_id)
    yield opened
    opened.close()


def _of_a_day(at: datetime) -> list[CheckIn]:
    plain = CheckIn(job="daily", kind=CheckInKind.START, at=at, received_at=at, run=f"r-{at:%d}", seq=1)
    other = replace(plain, job="other/job", run=None, seq=None, environment="staging", labels=(("a", "b"),))
    return [
        plain,
        other,
        replace(plain, kind=CheckInKind.HEARTBEAT, seq=2, progress=Progress(done=1, total=3), attempt=1),
        replace(other, kind=CheckInKind.FAIL, at=at - MINUTE, received_at=at + MINUTE, detail=DETAIL),
        replace(
            plain,
            kind=CheckInKind.SUCCESS,
            seq=3,
            at=at + MINUTE,
            received_at=at + MINUTE,
            records=Records(ok=7, failed=0),
            nominal_at=at - timedelta(hours=1),
            partition="eu",
        ),
        replace(plain, run="back", backfill=True, seq=at.day, kind=CheckInKind.LOG),
    ]


def _ids() -> Callable[[], str]:
    return (f"id-{number}" for number in count(1)).__next__


def _book() -> Book:
    configuration = Configuration(
        digest="", rules=DEFAULT_RULES, route=Route(receiver="team"), targets={"team": ("team",)}
    )
    return Book(configuration=configuration, version=1, rule_book=RuleBook(DEFAULT_RULES))


def exported(store: Store, *, since: datetime | None = None, jobs: str = "") -> list[bytes]:
    portion: Portion | None = Portion()
    lines: list[bytes] = []
    while portion is not None:
        with store.reading() as reading:
            found, portion = portion_of(reading, portion, since=since, jobs=jobs)
        lines += found
    return lines


def imported(store: Store, lines: list[bytes], folder: Path) -> tuple[int, int]:
    """Give a store the lines as the command line would."""
    new = known = 0
    path = folder / "history.jsonl"
    path.write_bytes(b"".join(lines))
    with store.reading() as reading:
        watches = reading.jobs(after=None, limit=100)
    seen = {watch.job.key: watch.state.last_seen_at for watch in watches}
    for portion in cut(path, {(key.environment, key.name): at for key, at in seen.items() if at is not None}):
        known += portion.known
        history = history_of(portion.lines.splitlines(), "kim", first=portion.first)
        with committed(store) as writing:
            draft = Draft(writing, _book(), LATER, _ids())
            done = take_history(draft, history)
            draft.write()
        assert isinstance(done, Done)
        assert draft.notifications == []
        new, known = new + done.count, known + done.known
    return new, known


@pytest.mark.parametrize("at_once", [1_000, 3])
def test_a_history_goes_into_an_empty_store_and_comes_out_the_same(
    source: Store, store: Store, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "LINES_AT_ONCE", at_once)
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(exporting, "MOST_ROWS", 8)
    lines = exported(source)
    kinds = [line.split(b'"', 4)[3].decode() for line in lines]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "tocsin-history": 1,
        "job": 2,
        "run": 10,
        "occurrence": 5,
        "check_in": 30,
    }

    imported(store, lines, tmp_path)

    assert exported(store) == lines


def test_the_same_history_twice_is_there_once(
    source: Store, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "LINES_AT_ONCE", 7)
    lines = exported(source)
    first = imported(store, lines, tmp_path)
    again = imported(store, lines, tmp_path)

    assert first == (len(lines) - 1, 0)
    assert again == (5, len(lines) - 6)  # what became of expected runs is written anew, as it was
    assert exported(store) == lines


def test_what_is_imported_is_held_against_nobody(source: Store, store: Store, tmp_path: Path) -> None:
    imported(store, exported(source), tmp_path)

    with store.reading() as reading:
        watch = reading.job(JobKey("staging", "other/job"))
        daily = reading.job(JobKey("production", "daily"))
    assert watch is not None
    assert daily is not None
    assert watch.state.last is not None
    assert watch.state.last.status.is_bad
    assert watch.state.failures == ()
    assert [o for o in daily.state.occurrences if o.nominal_at <= LATER] == []
    assert daily.due_at is not None
    assert daily.due_at > LATER


def test_what_a_person_has_said_of_a_run_goes_with_it(source: Store, store: Store, tmp_path: Path) -> None:
    said = TeachRun(
        job=JobKey("production", "daily"), run="r-23", meaning=Meaning.EXCLUDED, who="ann", note="full load"
    )
    with committed(source) as writing:
        draft = Draft(writing, _book(), LATER, _ids())
        assert isinstance(teach(draft, said), Done)
        draft.write()

    imported(store, exported(source), tmp_path)

    with store.reading() as reading:
        watch = reading.job(said.job)
        assert watch is not None
        run, other = (reading.run(watch.job.id, key) for key in ("r-23", "r-24"))
    assert run is not None
    assert other is not None
    assert run.remark == Remark(meaning=Meaning.EXCLUDED, at=LATER, who="ann", note="full load")
    assert run.is_excluded
    assert other.remark is None


def test_only_what_is_wanted_is_exported(source: Store) -> None:
    lines = exported(source, since=NOON + timedelta(days=4), jobs="dai")

    assert [line for line in lines if b"other/job" in line] == []
    assert len([line for line in lines if line.startswith(b'{"type":"check_in"')]) == 8
    assert lines[0].startswith(b'{"type":"tocsin-history","version":1,"since":"2026-11-25T12:00')


def test_what_jobs_have_said_since_stays_as_it_is(source: Store, store: Store, tmp_path: Path) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "daily")
        late = replace(watch.state, last_seen_at=LATER)
        writing.save_runs([(watch.job.id, ended(a_run("r-22"), NOON))])
        writing.save([replace(watch, state=late)])

    imported(store, exported(source), tmp_path)

    with store.reading() as reading:
        assert reading.log(watch.job.id, before=None, limit=100) == []
        kept = reading.run(watch.job.id, "r-22")
        assert kept == ended(a_run("r-22"), NOON)
        assert reading.run(watch.job.id, "r-23") is not None


def test_our_own_environment_takes_no_history(store: Store) -> None:
    history = TakeHistory(who="kim", check_ins=(replace(a_check_in(), environment="tocsin"),))
    with committed(store) as writing:
        assert isinstance(take_history(Draft(writing, _book(), LATER, _ids()), history), Refused)


def test_a_deleted_job_is_not_exported(store: Store) -> None:
    with committed(store) as writing:
        gone, kept = registered(writing, "gone", "kept")
        for watch in (gone, kept):
            writing.save_runs([(watch.job.id, ended(a_run(), NOON))])
            writing.save_occurrences([(watch.job.id, an_occurrence())])
            writing.append([(watch.job.id, replace(a_check_in(), job=watch.job.name))])
            writing.save([replace(watch, due_at=LATER)])
        writing.delete(gone.job.id)

    with store.reading() as reading:
        found = [one.job.name for one in reading.runs_from(0, EPOCH, 10)]
        found += [one.job.name for one in reading.occurrences_from(0, EPOCH, 10)]
        found += [one.job.name for one in reading.check_ins_from(0, EPOCH, 10)]
    assert found == ["kept", "kept", "kept"]
