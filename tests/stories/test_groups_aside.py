"""What is wrong with one group, or with one step beside the jobs, costs that alone."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stories.story import Story
from tocsin.alerts.group import Group
from tocsin.engine import escalating, storming
from tocsin.engine.book import Book
from tocsin.engine.troubles import Check
from tocsin.oncall.escalation import Level, Policy

PLAIN = Level(name="on call", targets=("on-call",), timeout_minutes=15)
MANAGER = Level(name="manager", targets=("manager",), timeout_minutes=15)


def storm(story: Story, at: str = "02:00", count: int = 10, name: str = "job") -> None:
    for number in range(count):
        story.at(at).fails(f"{name}-{number}")


def groups(story: Story) -> list[Group]:
    with story.server.store.reading() as reading:
        return reading.groups(10)


def shown(story: Story) -> str:
    with story.server.store.reading() as reading:
        return story.server.metrics.render(reading.counts()).decode()


def poison(path: Path) -> None:
    """Take out of what is kept of a group that waits when it began to."""
    with sqlite3.connect(path) as file:
        changed = file.execute(
            "UPDATE alert_groups SET body = json_remove(body, '$.added_at') WHERE closed_at IS NULL"
        )
        assert changed.rowcount == 1


def test_a_group_that_cannot_be_told_sets_no_due_job_aside_and_holds_up_no_other_group(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        story.job(f"nightly-{number}", schedule="1 2 * * *", grace=1)
    storm(story)
    poison(tmp_path / "tocsin.db")
    story.server.may_find = frozenset({Check.GROUPS_ASIDE})
    story.until("02:04")
    story.until("02:10")

    assert [job for job in story.heard if job[0] == "02:02"] == [("02:02", "critical", "firing")]
    assert [h.message.job for h in story.messages if story.clock_time(h.at) == "02:02:30"] == [
        "nightly-1",
        "nightly-2",
    ]
    with story.server.store.reading() as reading:
        assert reading.set_aside(story.clock.at) == []
    assert story.server.found == {Check.GROUPS_ASIDE}
    assert 'tocsin_rules_set_aside_total{rule="group"}' in shown(story)
    assert "could not be told and is put off" in caplog.text


def test_a_storm_whose_turn_failed_half_way_is_told_once_when_the_cause_is_gone(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*_: Any, **__: Any) -> None:  # noqa: ANN401 - as it is called
        raise RuntimeError("half of it is owed")

    story.escalates(PLAIN)
    storm(story)
    story.until("02:00:20")
    monkeypatch.setattr(storming, "_tell_level", breaks_off)
    story.server.may_find = frozenset({Check.GROUPS_ASIDE, Check.UNHEARD, Check.ESCALATIONS})
    assert story.silent_until("02:03")
    assert groups(story)[0].seq == 0
    assert not groups(story)[0].has_spoken

    monkeypatch.undo()
    story.until("02:10")

    told = [
        (story.clock_time(h.at), h.target, h.message.job) for h in story.messages if h.message.tells_of_many
    ]
    assert told == [("02:05:30", "team", "9 more jobs"), ("02:05:30", "on-call", "9 more jobs")]
    assert [group.aside_until for group in groups(story)] == [None]


def test_a_policy_whose_levels_cannot_be_found_costs_its_own_groups_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(policy: Policy, book: Book, now: datetime) -> tuple[tuple[str, ...], ...]:
        raise ZeroDivisionError(policy.name)

    story.escalates(PLAIN, MANAGER)
    story.job("nightly", schedule="15 2 * * *", grace=1)
    storm(story)
    story.until("02:01")
    monkeypatch.setattr(storming, "behind", lost)
    story.server.may_find = frozenset({Check.GROUPS_ASIDE, Check.ESCALATIONS})
    story.until("02:18")

    assert story.heard_of("nightly") == [("02:16", "critical", "firing")] * 2
    assert story.heard_by("manager") == []
    assert story.server.found == {Check.GROUPS_ASIDE, Check.ESCALATIONS}

    monkeypatch.undo()
    story.until("02:25")
    assert ("02:20:30", "critical", "escalated") in story.heard_by("manager")


def test_a_job_that_cannot_be_judged_leaves_nothing_of_itself_in_a_group(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*_: Any, **__: Any) -> None:  # noqa: ANN401 - as it is called
        raise RuntimeError("it is in the group by now")

    story.escalates(PLAIN)
    story.at("02:00").fails("etl")
    monkeypatch.setattr(escalating, "_handed_over", breaks_off)
    story.at("02:00:10").fails("load")

    assert [group.waiting for group in groups(story)] == [0]
    assert story.open == [("etl", "job_failure", "critical")]


def told_of_jobs(story: Story, since: str) -> list[tuple[str, str, str]]:
    return [
        (story.clock_time(h.at), h.message.job, h.message.kind.value)
        for h in story.messages
        if h.at >= story.instant(since) and h.message.environment != "tocsin"
    ]


def test_what_comes_to_a_group_that_cannot_be_told_is_told_without_it(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storm(story)
    poison(tmp_path / "tocsin.db")
    story.server.may_find = frozenset({Check.GROUPS_ASIDE})
    story.at("02:03").fails("late")
    assert story.heard_of("late") == []
    poison(tmp_path / "tocsin.db")
    story.until("02:10")

    assert [what for _, what, _ in told_of_jobs(story, "02:05")] == ["job-1", "9 more jobs"]
    assert caplog.text.count("could not be told and is put off") == 2
    for number in range(10):
        story.at("02:20").succeeds(f"job-{number}")
    story.at("02:20").succeeds("late")
    assert told_of_jobs(story, "02:20")[-1] == ("02:20", "9 jobs", "resolved")
    assert story.open == []


def test_a_storm_that_cannot_be_told_of_again_is_closed_where_it_was_told_and_told_anew(
    story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks_off(*_: Any, **__: Any) -> None:  # noqa: ANN401 - as it is called
        raise RuntimeError("not this one")

    storm(story)
    story.until("02:01")
    story.server.may_find = frozenset({Check.GROUPS_ASIDE})
    monkeypatch.setattr(storming, "_speak", breaks_off)
    story.until("06:05:30")
    monkeypatch.undo()
    story.until("06:10")

    assert sorted(told_of_jobs(story, "06:01")) == [
        ("06:05:30", "9 jobs", "resolved"),
        ("06:05:30", "job-1", "firing"),
        ("06:06", "8 more jobs", "firing"),
    ]
    assert "are told anew, each as it now is" in story.titles
    assert caplog.text.count("could not be told and is put off") == 2
