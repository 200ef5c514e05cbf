"""A job of many partitions: what is wrong with one stands, though runs of the others have pushed it out."""

import pytest

from tests.stories.story import Story

OTHERS = 25


def others_run(story: Story, at: str) -> None:
    """Let good runs of more other partitions end than a job's last outcomes hold."""
    for number in range(OTHERS):
        story.at(at).succeeds("load", partition=f"p{number}", run=f"{at}-{number}", records=5000)


@pytest.mark.parametrize(
    ("condition", "threshold", "bad", "good"),
    [
        ("min_records", 1000.0, (120, 0), (5000, 0)),
        ("failure_rate", 0.1, (50, 50), (100, 0)),
        ("throughput", 5.0, (60, 0), (90_000, 0)),
    ],
)
def test_a_limit_of_a_rule_that_one_broke_stands_until_a_good_run_of_it(
    story: Story, condition: str, threshold: float, bad: tuple[int, int], good: tuple[int, int]
) -> None:
    story.rule(condition, threshold=threshold)
    story.at("02:00").starts("load", partition="eu", run="a")
    story.at("02:10").succeeds("load", partition="eu", run="a", records=bad[0], failed_records=bad[1])
    for number in range(OTHERS):
        story.at("03:00").starts("load", partition=f"p{number}", run=f"b{number}")
    for number in range(OTHERS):
        story.at("03:10").succeeds(
            "load", partition=f"p{number}", run=f"b{number}", records=good[0], failed_records=good[1]
        )
    assert story.open == [("load", condition, "warning")]

    story.at("04:00").starts("load", partition="eu", run="c")
    story.at("04:10").succeeds("load", partition="eu", run="c", records=good[0], failed_records=good[1])
    assert story.heard == [("02:10", "warning", "firing"), ("04:10", "warning", "resolved")]


def test_a_limit_that_is_no_more_holds_nothing(story: Story) -> None:
    story.rule("min_records", threshold=1000.0)
    story.at("02:00").succeeds("load", partition="eu", run="a", records=120)
    others_run(story, "03:00")
    story.rules = tuple(rule for rule in story.rules if rule.condition != "min_records")
    story.rule("min_records", threshold=100.0)
    story.reloads()
    story.at("04:00").succeeds("load", partition="us", run="c", records=5000)

    assert story.open == []


@pytest.mark.parametrize("condition", ["min_records", "no_data"])
def test_a_row_that_was_one_too_many_stands_though_its_first_are_pushed_out(
    story: Story, condition: str
) -> None:
    if condition == "min_records":
        story.rule(condition, in_a_row=3, threshold=1000.0)
    else:
        story.rule(condition, in_a_row=3)
    short = 120 if condition == "min_records" else 0
    for number in range(3):
        story.at(f"02:0{number}").succeeds("load", partition="eu", run=f"a{number}", records=short)
    for number in range(18):
        story.at("03:00").succeeds("load", partition="us", run=f"b{number}", records=5000)
        assert story.open == [("load", condition, "warning")]

    story.at("04:00").succeeds("load", partition="eu", run="c", records=5000)
    assert story.open == []


def test_a_failure_among_too_many_stands_though_its_neighbours_are_pushed_out(story: Story) -> None:
    story.rule("job_failure", m_of_n=(2, 5))
    story.at("02:00").fails("load", partition="eu", run="a").fails("load", partition="us", run="b")
    others_run(story, "03:00")
    assert story.open == [("load", "job_failure", "critical")]

    story.at("04:00").succeeds("load", partition="eu", run="c").succeeds("load", partition="us", run="d")
    assert story.open == []


def test_a_run_that_was_too_fast_stands_until_a_good_one_of_its_partition(story: Story) -> None:
    story.job("load", min_minutes=10)
    story.rule("sla_breach", in_a_row=2)
    for number in range(2):
        story.at(f"02:{number}0").starts("load", partition="eu", run=f"a{number}")
        story.at(f"02:{number}1").succeeds("load", partition="eu", run=f"a{number}")
    for number in range(19):
        story.at("03:00").starts("load", partition="us", run=f"b{number}")
        story.at("03:20").succeeds("load", partition="us", run=f"b{number}")
        assert story.open == [("load", "sla_breach", "warning")]


def test_a_run_that_was_far_too_fast_stands_though_others_have_ended_before_it_is_learned_from(
    story: Story,
) -> None:
    story.begins("2026-03-01")
    story.job("load")
    for day in range(1, 21):
        story.at(f"2026-03-{day:02} 00:00").starts("load", partition="eu", run=str(day))
        story.at(f"2026-03-{day:02} 00:15").succeeds("load", partition="eu", run=str(day))
    for number in range(OTHERS):
        story.at("2026-03-20 23:47").starts("load", partition=f"p{number}", run=f"b{number}")
    story.at("2026-03-21 00:00").starts("load", partition="eu", run="fast")
    story.at("2026-03-21 00:01").succeeds("load", partition="eu", run="fast")
    assert story.open == [("load", "duration_anomaly", "warning")]
    for number in range(OTHERS):
        story.at("2026-03-21 00:02").succeeds("load", partition=f"p{number}", run=f"b{number}")
        assert story.open == [("load", "duration_anomaly", "warning")]

    story.at("2026-03-22 00:00").starts("load", partition="eu", run="c")
    story.at("2026-03-22 00:15").succeeds("load", partition="eu", run="c")
    assert story.open == []
