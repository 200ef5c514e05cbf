"""What is kept of a job and cannot be read, by damage or because a newer Tocsin wrote it."""

import sqlite3

import psycopg
import pytest

from tests.contracts.kept import (
    MINUTE,
    NOON,
    Place,
    a_run,
    an_occurrence,
    changed,
    committed,
    due,
    key,
    registered,
)
from tests.contracts.several import Servers
from tocsin.jobs.state import JobState
from tocsin.store.base import Store
from tocsin.store.codec import micros
from tocsin.store.rows import Watch

DAMAGED = '{"open_runs": "lost"}'
PARTS = {
    "state": "UPDATE watches SET state = %s WHERE job_id = %s",
    "memory": "UPDATE memories SET memory = %s WHERE job_id = %s",
    "definition": "UPDATE jobs SET definition = %s WHERE id = %s",
}
NEWER = {"state": DAMAGED, "memory": '{"last": 7}', "definition": '{"labels": 7}'}
STATE = "SELECT state FROM watches WHERE job_id = %s"


def carry_out(place: Place, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    """Do something to the tables behind the store's back."""
    if place.kind == "sqlite":
        with sqlite3.connect(place.url) as file:
            return file.execute(statement.replace("%s", "?"), parameters).fetchall()
    with psycopg.connect(place.url, autocommit=True) as connection:
        found = connection.execute(statement.encode(), parameters)
        return found.fetchall() if found.description else []


@pytest.fixture(params=list(PARTS))
def damaged(request: pytest.FixtureRequest, place: Place) -> Watch:
    """One of the jobs "cursed" and "etl", both due at noon, as it was before a part of it was damaged."""
    store = place.open()
    with committed(store) as writing:
        cursed, etl = registered(writing, "cursed", "etl")
        state = JobState(open_runs=(a_run(),), last=a_run("old"))
        cursed = due(cursed, NOON, state=state)
        writing.save([cursed, due(etl, NOON)])
    store.close()
    carry_out(place, PARTS[request.param], NEWER[request.param], cursed.job.id)
    return cursed


def test_a_job_that_cannot_be_read_says_so_and_holds_up_no_other(place: Place, damaged: Watch) -> None:
    store = place.open()
    with committed(store) as writing:
        ways = [
            writing.due(NOON, 10),
            list(writing.watches([key("cursed"), key("etl")]).values()),
            writing.watches_by_id([damaged.job.id, damaged.job.id + 1]),
            writing.outdated(1, 10),
        ]
    with store.reading() as reading:
        ways.append(reading.jobs(after=None, limit=10))
    store.close()

    for found in ways:
        by_name = {watch.job.name: watch for watch in found}
        assert "cannot be read" in by_name["cursed"].unreadable
        assert by_name["cursed"].state == JobState()
        assert by_name["etl"].unreadable == ""


def test_saving_it_puts_it_off_and_leaves_what_is_kept_as_it_is(place: Place, damaged: Watch) -> None:
    before = carry_out(place, STATE, damaged.job.id)
    store = place.open()
    with committed(store) as writing:
        (found,) = writing.watches_by_id([damaged.job.id])
        writing.save([due(found, NOON + MINUTE, state=JobState(last=a_run("other")), judged_under=3)])
    store.close()
    store = place.open()
    with committed(store) as writing:
        (found,) = writing.watches_by_id([damaged.job.id])
    store.close()

    assert (found.due_at, found.judged_under) == (NOON + MINUTE, 3)
    assert found.unreadable
    assert carry_out(place, STATE, damaged.job.id) == before


def test_it_is_read_as_ever_once_it_is_mended_whoever_had_remembered_it(
    empty_schema: str, servers: Servers
) -> None:
    place = Place(kind="postgres", url=empty_schema)
    one = servers()
    with committed(one) as writing:
        (watch,) = registered(writing, "etl")
        watch = due(watch, NOON, state=JobState(open_runs=(a_run(),), last=a_run("old")))
        writing.save([watch])
    ((kept,),) = carry_out(place, STATE, watch.job.id)

    carry_out(place, PARTS["state"], DAMAGED, watch.job.id)
    assert seen(one, watch).unreadable
    assert seen(one, watch).unreadable
    carry_out(place, PARTS["state"], kept, watch.job.id)

    assert seen(one, watch) == watch


def seen(store: Store, watch: Watch) -> Watch:
    with committed(store) as writing:
        writing.save([changed(w, judged_under=0) for w in writing.watches_by_id([watch.job.id])])
        return writing.watches_by_id([watch.job.id])[0]


def test_lists_of_what_jobs_did_leave_out_what_cannot_be_read(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        job = watch.job.id
        writing.save_runs([(job, a_run("a")), (job, a_run("b"))])
        writing.save_occurrences([(job, an_occurrence()), (job, an_occurrence(NOON + MINUTE))])
    carry_out(place, "UPDATE runs SET body = %s WHERE key = %s", DAMAGED, "a")
    at = micros(NOON + MINUTE)
    carry_out(place, "UPDATE occurrences SET body = %s WHERE nominal_at = %s", DAMAGED, at)

    with store.reading() as reading:
        assert [run.key for run in reading.recent_runs([job], 10)[job]] == ["b"]
        assert reading.recent_occurrences([job], 10) == {job: [an_occurrence()]}
    store.close()
