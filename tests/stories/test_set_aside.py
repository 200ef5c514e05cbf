"""A rule that raises is set aside for an hour; it stops nothing else."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stories.story import Story
from tocsin.engine.troubles import Check
from tocsin.jobs import settling
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.job import Job
from tocsin.jobs.run import RunStatus
from tocsin.rules import judge as judging
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Verdict
from tocsin.rules.rule import Rule
from tocsin.store.rows import Counts


@pytest.fixture(autouse=True)
def _is_found(story: Story) -> None:
    """Whatever is set aside for two audits is found by them."""
    story.server.may_find = frozenset({Check.SET_ASIDE})


class Broken:
    """A condition with a fault that can be mended."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime]] = []
        self.is_broken = True

    def __call__(self, _rule: Rule, facts: Facts, now: datetime) -> Verdict:
        self.asked.append((facts.job.name, now))
        if self.is_broken:
            raise ZeroDivisionError("no runs yet")
        return Verdict()


@pytest.fixture
def broken(story: Story, monkeypatch: pytest.MonkeyPatch) -> Broken:
    condition = Broken()
    conditions: Mapping[str, judging.Judge] = {**judging.CONDITIONS, "broken": condition}
    monkeypatch.setattr(judging, "CONDITIONS", conditions)
    story.rule("broken")
    return condition


def test_a_rule_that_raises_stops_no_other(story: Story, broken: Broken) -> None:
    story.at("02:00").fails("etl")

    assert story.heard == [("02:00", "critical", "firing")]


def test_it_is_not_asked_again_about_that_job_for_an_hour(story: Story, broken: Broken) -> None:
    story.at("02:00").starts("etl", run="a")
    story.at("02:30").beats("etl", run="a")
    story.at("02:30").starts("load")
    asked = [(job, story.clock_time(at)) for job, at in broken.asked]
    assert asked == [("etl", "02:00"), ("load", "02:30")]

    story.until("03:00")
    assert [(job, story.clock_time(at)) for job, at in broken.asked][2:] == [("etl", "03:00")]


def test_it_is_shown_and_counted(story: Story, broken: Broken) -> None:
    story.at("02:00").starts("etl")

    with story.server.store.reading() as reading:
        (item,) = reading.set_aside(story.clock.at)
    assert (item.rule, item.error) == ("broken", "ZeroDivisionError: no runs yet")
    assert story.clock_time(item.until_at) == "03:00"
    assert b'rule="broken"' in story.server.metrics.render(counts_of(story))
    assert story.server.found == set()
    story.until("02:05")
    story.until("02:10")
    assert story.server.found == {Check.SET_ASIDE}


def counts_of(story: Story) -> Counts:
    with story.server.store.reading() as reading:
        return reading.counts()


def test_once_mended_it_is_asked_as_ever(story: Story, broken: Broken) -> None:
    story.at("02:00").starts("etl", run="a")
    broken.is_broken = False
    story.until("03:00")
    story.at("03:10").beats("etl", run="a")

    assert story.clock_time(broken.asked[-1][1]) == "03:10"


def test_what_it_had_opened_stays_open_and_is_repeated(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.at("02:00").fails("etl")

    def raises(rule: Rule, facts: Facts, now: datetime) -> Verdict:
        raise RuntimeError("broken by an update")

    monkeypatch.setattr(judging, "CONDITIONS", {**judging.CONDITIONS, "job_failure": raises})
    story.at("03:00").beats("etl", run="b")
    story.until("06:00")

    assert story.open == [("etl", "job_failure", "critical")]
    assert story.heard == [("02:00", "critical", "firing"), ("06:00", "critical", "repeat")]


def test_a_job_that_cannot_be_judged_at_all_costs_itself_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(job: Job, *rest: Any, **more: Any) -> object:  # noqa: ANN401 - as it is called
        if job.name == "cursed":
            raise ValueError("a state from another world")
        return settling.settle(job, *rest, **more)

    monkeypatch.setattr("tocsin.engine.looking.settle", fragile)
    story.at("02:00").report_all((CheckInKind.FAIL, "cursed", {}), (CheckInKind.FAIL, "etl", {}))

    assert story.heard_of("etl") == [("02:00", "critical", "firing")]
    with story.server.store.reading() as reading:
        assert [item.rule for item in reading.set_aside(story.clock.at)] == ["*"]
    assert story.watch("cursed").due_at is not None


def damage(story: Story, path: Path, job: str) -> None:
    """Make what is kept of a job unreadable while the server is away for a moment."""
    job_id = story.watch(job).job.id
    story.server.die()
    with sqlite3.connect(path) as file:
        file.execute("UPDATE watches SET state = '{\"open_runs\": 7}' WHERE job_id = ?", (job_id,))
    story.server.boot(story.configuration)


def test_a_job_whose_state_cannot_be_read_is_set_aside_and_time_goes_on_for_all_others(
    story: Story, tmp_path: Path
) -> None:
    for name in ("cursed", "etl"):
        story.job(name, schedule="0 3 * * *", grace=10)
    story.until("02:00")
    damage(story, tmp_path / "tocsin.db", "cursed")
    story.until("06:00")

    assert story.heard == [("03:10", "critical", "firing")]
    assert story.last.job == "etl"
    with story.server.store.reading() as reading:
        (item,) = reading.set_aside(story.clock.at)
    assert (item.rule, item.job_id) == ("*", story.watch("cursed").job.id)
    assert "cannot be read" in item.error
    assert story.server.found == {Check.SET_ASIDE}
    assert b'rule="*"' in story.server.metrics.render(counts_of(story))


def test_a_check_in_of_a_job_whose_state_cannot_be_read_is_kept_and_so_are_those_beside_it(
    story: Story, tmp_path: Path
) -> None:
    story.at("01:00").starts("cursed", run="a")
    damage(story, tmp_path / "tocsin.db", "cursed")
    story.at("02:00").report_all((CheckInKind.SUCCESS, "cursed", {"run": "a"}), (CheckInKind.FAIL, "etl", {}))

    assert story.heard == [("02:00", "critical", "firing")]
    with story.server.store.reading() as reading:
        log = reading.log(story.watch("cursed").job.id, before=None, limit=10)
        assert [line.check_in.kind for line in log] == [CheckInKind.SUCCESS, CheckInKind.START]
        assert [item.rule for item in reading.set_aside(story.clock.at)] == ["*"]


def corrupt(path: Path, table: str, where: str) -> None:
    """Damage rows behind the server's back."""
    with sqlite3.connect(path) as file:
        assert file.execute(f"UPDATE {table} SET body = '{{\"id\": 7' WHERE {where}").rowcount  # noqa: S608 -- the test's own


def test_a_job_whose_alert_cannot_be_read_holds_up_none_that_reports_with_it(
    story: Story, tmp_path: Path
) -> None:
    story.at("02:00").fails("cursed")
    corrupt(tmp_path / "tocsin.db", "alerts", "state = 'firing'")

    story.at("02:30").report_all((CheckInKind.SUCCESS, "cursed", {}), (CheckInKind.FAIL, "etl", {}))
    story.until("03:00")

    assert story.heard_of("etl") == [("02:30", "critical", "firing")]
    with story.server.store.reading() as reading:
        (item,) = reading.set_aside(story.clock.at)
    assert (item.rule, item.job_id) == ("*", story.watch("cursed").job.id)
    assert "a stored Alert cannot be read" in item.error


def test_a_list_leaves_out_what_cannot_be_read_and_says_so_in_the_log(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story.at("02:00").fails("cursed")
    corrupt(tmp_path / "tocsin.db", "alerts", "state = 'firing'")
    story.at("02:30").fails("etl")

    assert story.open == [("etl", "job_failure", "critical")]
    assert "left out: a stored Alert cannot be read" in caplog.text


def test_a_run_that_cannot_be_read_begins_anew(story: Story, tmp_path: Path) -> None:
    story.at("02:00").succeeds("etl", run="a")
    story.at("02:10").succeeds("etl", run="b")
    corrupt(tmp_path / "tocsin.db", "runs", "key = 'a'")
    story.at("02:30").report_all((CheckInKind.FAIL, "etl", {"run": "a"}), (CheckInKind.FAIL, "load", {}))

    assert story.run("etl", "a").status is RunStatus.FAILED
    assert sorted(story.open) == [("etl", "job_failure", "critical"), ("load", "job_failure", "critical")]


def test_a_silence_that_cannot_be_read_mutes_nothing_and_stops_nothing(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story.at("02:00").silences("job=etl", until="06:00")
    corrupt(tmp_path / "tocsin.db", "silences", "true")
    story.at("02:30").fails("etl")

    assert story.heard == [("02:30", "critical", "firing")]
    with story.server.store.reading() as reading:
        assert reading.silences(ended_since=story.clock.at) == []
    assert "left out: a stored Silence cannot be read" in caplog.text


def test_a_group_that_cannot_be_read_is_closed_and_holds_up_nobody_who_comes_to_it(
    story: Story, tmp_path: Path
) -> None:
    story.at("02:00").fails("etl")
    story.at("02:00:10").fails("load")
    corrupt(tmp_path / "tocsin.db", "alert_groups", "closed_at IS NULL")
    story.at("02:00:20").fails("report")
    story.until("02:05")

    assert story.heard_of("report") == [("02:00:20", "critical", "firing")]
    with story.server.store.reading() as reading:
        assert reading.set_aside(story.clock.at) == []
