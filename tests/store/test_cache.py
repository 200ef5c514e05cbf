"""What the writing session remembers of jobs."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tocsin.jobs.checkin import Detail
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.run import Run
from tocsin.jobs.state import JobState
from tocsin.store import cache
from tocsin.store.cache import WatchCache
from tocsin.store.rows import Watch

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_watch(number: int, name: str = "") -> Watch:
    return Watch(
        job=Job(id=number, name=name or f"job-{number}", environment="production", registered_at=NOON)
    )


def key(name: str) -> JobKey:
    return JobKey("production", name)


def said(log_tail: str) -> Run:
    return Run(key="x", last_sign_at=NOON, detail=Detail(log_tail=log_tail))


def failing(watch: Watch, log_tail: str) -> Watch:
    return replace(watch, state=JobState(failures=(said(log_tail),)))


def test_a_watch_is_found_by_id_and_by_key() -> None:
    known = WatchCache()
    kept = known.put(a_watch(1), 7)

    assert known.by_id(1) is known.by_key(key("job-1")) is kept
    assert known.id_of(key("job-1")) == 1
    assert (known.by_id(2), known.by_key(key("job-2")), known.id_of(key("job-2"))) == (None, None, None)


def test_a_job_that_took_the_name_of_another_is_found_by_it() -> None:
    known = WatchCache()
    known.put(a_watch(1, "etl"), 0)
    known.put(a_watch(2, "etl"), 0)

    known.drop(1)

    assert known.id_of(key("etl")) == 2


def test_a_renamed_job_is_found_no_more_by_its_old_name() -> None:
    known = WatchCache()
    known.put(a_watch(1, "old"), 0)
    known.put(a_watch(1, "new"), 0)

    assert known.id_of(key("old")) is None
    assert known.id_of(key("new")) == 1
    assert len(known) == 1


def test_what_was_used_longest_ago_is_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_WATCHES", 2)
    known = WatchCache()
    for number in (1, 2, 3):
        known.put(a_watch(number), 0)
    known.by_id(1)

    known.shrink()

    assert [known.by_id(number) is not None for number in (1, 2, 3)] == [True, False, True]


def test_heavy_watches_leave_room_for_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_WEIGHT", 200)
    known = WatchCache()
    kept = known.put(a_watch(1), 0)
    known.put(a_watch(2), 0)
    known.shrink()
    assert len(known) == 2

    known.renew(kept, failing(kept.watch, "x" * 300 * 200))
    known.shrink()

    assert known.by_id(1) is None
    assert known.by_id(2) is not None


@pytest.mark.parametrize("part", ["open_runs", "failures", "last"])
def test_what_a_run_said_weighs_wherever_the_run_is_held(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(cache, "MAX_WEIGHT", 200)
    known = WatchCache()
    run = said("x" * 300 * 200)
    known.put(replace(a_watch(1), state=JobState(**{part: run if part == "last" else (run,)})), 0)  # type: ignore[arg-type] # named above

    known.shrink()

    assert len(known) == 0


def test_the_weight_of_what_was_dropped_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_WEIGHT", 200)
    known = WatchCache()
    for number in range(20):
        known.put(failing(a_watch(number), "x" * 300 * 100), 0)
        known.drop(number)
    known.put(a_watch(1), 0)

    known.shrink()

    assert known.by_id(1) is not None
