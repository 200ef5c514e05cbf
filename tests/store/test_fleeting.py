"""The tables in memory answer as every store does, for as much as is asked of them."""

import inspect
from datetime import UTC, datetime, timedelta

from tocsin.alerts.inhibition import Bond, Side
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.jobs.run import Run
from tocsin.store.base import Writing
from tocsin.store.fleeting import FleetingWriting
from tocsin.store.fleeting.jobs import MOST_RUNS
from tocsin.store.fleeting.waiting import Waiting

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OF_ITS_OWN = {"entries", "notifications", "has_wakes"}


def test_whatever_it_offers_is_asked_as_of_every_other_store() -> None:
    offered = {name for name in dir(FleetingWriting) if not name.startswith("_")} - OF_ITS_OWN

    other = [
        name
        for name in sorted(offered & set(dir(Writing)))
        if inspect.signature(getattr(FleetingWriting, name)) != inspect.signature(getattr(Writing, name))
    ]

    assert other == []


def test_what_waits_is_due_in_the_order_of_its_instants_and_only_for_the_newest_of_them() -> None:
    waiting = Waiting[int]()
    for number in range(200):
        waiting.put(number % 5, NOON + timedelta(minutes=200 - number))
    waiting.put(3, None)

    assert waiting.first_at() == NOON + timedelta(minutes=1)
    assert waiting.due(NOON + timedelta(minutes=4), 10) == [4, 2, 1]
    assert waiting.due(NOON + timedelta(minutes=4), 2) == [4, 2]


def test_who_needs_a_job_is_known_until_it_says_otherwise() -> None:
    writing = FleetingWriting()
    needs = Job(
        name="report", environment="production", registered_at=NOON, definition=Definition(upstream=("etl",))
    )
    (watch,) = writing.register([needs]).values()
    key = JobKey("production", "etl")
    assert [one.job.name for one in writing.needing(key, 10)] == ["report"]

    writing.save([type(watch)(job=Job(name="report", environment="production", registered_at=NOON, id=1))])

    assert writing.needing(key, 10) == []
    assert not writing.has_needs()


def test_of_very_many_runs_the_latest_heard_of_are_held() -> None:
    writing = FleetingWriting()
    for number in range(MOST_RUNS + 1):
        writing.save_runs([(1, Run(key=f"r{number}", last_sign_at=NOON))])

    found = writing.runs([(1, "r0"), (1, "r1"), (2, "r1")])

    assert [key for _, key in found] == ["r1"]


def test_the_newest_ended_runs_are_returned_oldest_first() -> None:
    writing = FleetingWriting()
    runs = [
        Run(key=f"r{n}", last_sign_at=NOON, started_at=NOON + n * HOUR, ended_at=NOON + (n + 1) * HOUR)
        for n in (3, 1, 2, 0)
    ]
    writing.save_runs([(1, run) for run in (*runs, Run(key="open", last_sign_at=NOON, started_at=NOON))])

    found = writing.ended_runs({1: NOON + HOUR, 2: NOON}, 2)

    assert {job_id: [run.key for run in of_job] for job_id, of_job in found.items()} == {
        1: ["r2", "r3"],
        2: [],
    }


def test_what_was_learned_of_the_past_is_kept_by_series() -> None:
    writing = FleetingWriting()
    writing.save_histories([(1, "", b"a"), (1, "rows", b"b"), (2, "", b"c"), (1, "", b"d")])

    assert writing.histories([1, 3]) == {(1, ""): b"d", (1, "rows"): b"b"}


def test_who_mutes_others_and_can_be_muted_under_one_key_has_one_bond_on_each_side() -> None:
    writing = FleetingWriting()
    both = [Bond(key="k", side=side, alert_id="a", job_id=1, job="etl") for side in (Side.BOTH, Side.TARGET)]

    writing.bind(["a"], [*both, *both])

    assert [writing.bonds("k", one.side, after="", limit=9) for one in both] == [[both[0]], [both[1]]]

    writing.bind(["a"], [])

    assert [writing.bonds("k", one.side, after="", limit=9) for one in both] == [[], []]
