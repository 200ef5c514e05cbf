"""People teach what is normal: a run tells nothing, was expected to be so, or is the new normal."""

import pytest

from tests.stories.story import Story
from tests.stories.test_explained import of_job
from tests.stories.test_unusual_durations import MARCH, nights
from tocsin.engine.commands import TeachRun
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Meaning

FROM_DAY = 21


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-03-01")
    story.job("etl")
    nights(story)
    return story


def at(day: int, clock: str) -> str:
    return f"{MARCH.format(day)} {clock}"


def run_of(story: Story, day: int, end: str) -> None:
    """Let the run of a night begin at 00:00 and end well."""
    story.at(at(day, "00:00")).starts("etl", run=f"r{day}")
    story.at(at(day, end)).succeeds("etl", run=f"r{day}")


def teach(story: Story, when: str, run: str, meaning: Meaning | None, note: str = "") -> str:
    job = JobKey("production", "etl")
    moment = story.at(when).orders(TeachRun(job=job, run=run, who="ann", meaning=meaning, note=note))
    return moment.told


@pytest.mark.parametrize(
    ("meaning", "reason"),
    [
        (Meaning.EXPECTED, "run_expected"),
        (Meaning.EXCLUDED, "run_excluded"),
        (Meaning.NEW_NORMAL, "called_normal"),
    ],
)
def test_an_alert_of_an_unusual_run_ends_with_what_was_said_of_it(
    march: Story, meaning: Meaning, reason: str
) -> None:
    run_of(march, FROM_DAY, "01:40")
    assert march.open == [("etl", "duration_anomaly", "warning")]

    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", meaning, "full load")

    assert march.open == []
    assert reason in [kind for _, kind in march.history("etl")]
    assert "full load" in march.notes("etl")
    assert "ann has said that" in str(march.last)
    march.until(at(FROM_DAY, "23:00"))
    assert march.open == []
    run = march.run("etl", f"r{FROM_DAY}")
    assert run.remark is not None
    assert (run.remark.meaning, run.remark.who, run.remark.note) == (meaning, "ann", "full load")


def test_what_is_said_of_a_run_at_work_ends_its_alert_and_holds_when_it_ends(march: Story) -> None:
    march.at(at(FROM_DAY, "00:00")).starts("etl", run="slow")
    march.until(at(FROM_DAY, "01:00"))
    assert march.open == [("etl", "duration_anomaly", "warning")]

    teach(march, at(FROM_DAY, "01:10"), "slow", Meaning.EXPECTED)
    assert march.open == []
    march.at(at(FROM_DAY, "03:00")).succeeds("etl", run="slow")
    march.until(at(FROM_DAY, "23:00"))

    assert march.open == []
    assert march.heard[-1][2] == "resolved"


def test_a_later_run_that_takes_as_long_as_an_expected_one_is_no_alarm_but_a_longer_one_is(
    march: Story,
) -> None:
    run_of(march, FROM_DAY, "01:40")
    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", Meaning.EXPECTED)
    run_of(march, FROM_DAY + 1, "00:15")
    run_of(march, FROM_DAY + 2, "01:42")
    assert march.open == []

    run_of(march, FROM_DAY + 3, "05:00")
    assert march.open == [("etl", "duration_anomaly", "warning")]


def test_taken_back_it_is_an_alarm_again(march: Story) -> None:
    run_of(march, FROM_DAY, "01:40")
    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", Meaning.EXPECTED)
    march.until(at(FROM_DAY, "10:00"))

    told = teach(march, at(FROM_DAY, "11:00"), f"r{FROM_DAY}", None)
    march.until(at(FROM_DAY, "12:00"))

    assert "nothing is said any more" in told
    assert march.open == [("etl", "duration_anomaly", "warning")]
    assert march.watch("etl").learned.precedents == ()
    assert march.run("etl", f"r{FROM_DAY}").remark is None


def test_what_was_called_the_new_normal_is_from_the_next_run_on(march: Story) -> None:
    run_of(march, FROM_DAY, "01:40")
    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", Meaning.NEW_NORMAL)
    told = len(march.heard)
    for day in range(FROM_DAY + 1, 31):
        run_of(march, day, "01:38" if day % 2 else "01:43")

    assert len(march.heard) == told
    normal = march.watch("etl").learned.normal
    assert normal is not None
    assert normal.shift is not None
    march.at("2026-03-31 00:00").starts("etl", run="slow")
    march.until("2026-03-31 12:00")
    assert march.open == [("etl", "duration_anomaly", "warning")]


def test_what_was_called_the_new_normal_later_counts_for_the_runs_since(march: Story) -> None:
    for day in range(FROM_DAY, FROM_DAY + 3):
        run_of(march, day, "01:40")
    assert march.open == [("etl", "duration_anomaly", "warning")]
    teach(march, at(FROM_DAY + 2, "08:00"), f"r{FROM_DAY}", Meaning.NEW_NORMAL)
    march.until(at(FROM_DAY + 2, "20:00"))
    assert march.open == []

    told = len(march.heard)
    run_of(march, FROM_DAY + 3, "01:41")
    march.until(at(FROM_DAY + 3, "20:00"))
    assert len(march.heard) == told


def test_nothing_is_learned_from_an_excluded_run_also_when_all_is_learned_anew(march: Story) -> None:
    run_of(march, FROM_DAY, "01:40")
    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", Meaning.EXCLUDED)
    march.until(at(FROM_DAY, "12:00"))
    normal = march.watch("etl").learned.normal
    assert normal is not None
    assert normal.n == FROM_DAY - 1

    march.at(at(FROM_DAY, "13:00")).succeeds("etl", run="early", happened=at(5, "03:15"))
    run_of(march, FROM_DAY + 1, "00:15")
    march.until(at(FROM_DAY + 1, "12:00"))
    normal = march.watch("etl").learned.normal
    assert normal is not None
    assert normal.n == FROM_DAY
    assert march.open == []


@pytest.mark.parametrize(
    ("run", "meaning", "words"),
    [
        ("nothing", Meaning.EXPECTED, "has no run 'nothing'"),
        ("bad", Meaning.EXPECTED, "did not end well"),
        ("slow", Meaning.NEW_NORMAL, "still at work"),
        ("1", None, "nobody has said anything"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(
    march: Story, run: str, meaning: Meaning | None, words: str
) -> None:
    march.at(at(FROM_DAY, "00:00")).fails("etl", run="bad").starts("etl", run="slow")

    assert words in teach(march, at(FROM_DAY, "00:05"), run, meaning)


def test_a_word_is_explained_where_the_rule_is(march: Story) -> None:
    run_of(march, FROM_DAY, "01:40")
    teach(march, at(FROM_DAY, "08:00"), f"r{FROM_DAY}", Meaning.EXPECTED, "full load")
    march.until(at(FROM_DAY, "09:00"))
    again = teach(march, at(FROM_DAY, "09:01"), f"r{FROM_DAY}", Meaning.EXPECTED, "full load")

    assert again == f"run r{FROM_DAY} is expected already, by ann"
    explained = of_job(march)
    (opinion,) = [one for one in explained.opinions if one.rule.condition == "duration_anomaly"]
    said = "called expected by ann, 2026-03-21 08:00 UTC: full load"
    assert (f"run r{FROM_DAY}", said) in opinion.facts
