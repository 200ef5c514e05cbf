"""How long a run may take, and how long it must."""

from tests.stories.story import Story


def test_a_run_that_takes_too_long_is_told_before_and_when_it_happens(story: Story) -> None:
    story.job("etl", max_minutes=120)

    story.at("02:00").starts("etl")
    story.at("04:20").succeeds("etl")

    assert story.heard == [
        ("03:30", "warning", "firing"),
        ("03:45", "critical", "louder"),
        ("04:00", "critical", "louder"),
        ("04:15", "page", "louder"),
        ("04:20", "page", "resolved"),
    ]
    assert story.titles[2] == "has run longer than the 2 h it may take"


def test_a_warning_in_the_first_half_of_the_allowed_time_is_left_out(story: Story) -> None:
    story.job("etl", max_minutes=30)

    story.at("02:00").starts("etl")

    assert story.silent_until("02:29")
    story.until("02:30")
    assert story.heard == [("02:30", "critical", "firing")]


def test_every_open_run_is_watched_not_only_the_newest(story: Story) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)

    story.at("02:00").starts("etl", run="a")
    story.at("02:30").starts("etl", run="b")
    story.at("02:50").succeeds("etl", run="b")
    story.until("03:00")

    assert story.heard == [("03:00", "critical", "firing")]
    assert dict(story.last.evidence)["run"] == "a"


def test_a_good_later_run_makes_up_for_one_that_hangs(story: Story) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)

    story.at("02:00").starts("etl", run="a")
    story.at("04:00").starts("etl", run="b")
    story.at("04:30").succeeds("etl", run="b")

    assert story.heard == [
        ("03:00", "critical", "firing"),
        ("03:15", "page", "louder"),
        ("04:30", "page", "resolved"),
    ]
    assert story.silent_until("Wed 00:00")


def test_a_run_that_failed_late_gets_no_worse_after_its_end(story: Story) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)

    story.at("02:00").starts("etl")
    story.at("03:05").fails("etl")
    story.until("03:30")

    assert ("etl", "sla_breach", "critical") in story.open


def test_a_run_that_ends_well_too_fast_did_not_do_its_work(story: Story) -> None:
    story.job("backup", min_minutes=10)

    story.at("02:00").starts("backup", run="a")
    story.at("02:01").succeeds("backup", run="a")
    story.at("03:00").starts("backup", run="b")
    story.at("03:30").succeeds("backup", run="b")

    assert story.heard == [("02:01", "warning", "firing"), ("03:30", "warning", "resolved")]
    assert story.titles[0] == "ended well after only 1 min; it never takes less than 10 min"


def test_starting_deadline_and_duration_are_separate_promises(story: Story) -> None:
    story.job(
        "etl",
        schedule="0 2 * * *",
        grace=10,
        deadline="06:00",
        max_minutes=60,
        min_minutes=5,
        warn=0,
        critical=0,
    )

    story.at("04:30").starts("etl", run="a")
    story.until("05:30")
    assert story.open == [("etl", "missing_run", "critical"), ("etl", "sla_breach", "critical")]
    assert story.titles == [
        "did not start at 2026-03-10 02:00 UTC",
        "has run longer than the 1 h it may take",
    ]

    story.at("05:40").fails("etl", run="a")
    story.until("06:00")
    assert ("etl", "job_failure", "critical") in story.open
    assert story.heard[-1] == ("06:00", "critical", "louder")
    assert story.titles[-1] == "missed its deadline 2026-03-10 06:00 UTC: the run has failed"
    assert story.last.evidence[0] == ("also", "has run longer than the 1 h it may take")


def test_a_run_that_was_too_fast_stays_told_though_many_others_end_well_after_it(story: Story) -> None:
    story.job("etl", min_minutes=5)
    story.at("02:00").starts("etl", run="a", partition="eu")
    story.at("02:01").succeeds("etl", run="a", partition="eu")
    for number in range(25):
        story.at("03:00").starts("etl", run=f"b{number}", partition=f"p{number}")
    for number in range(25):
        story.at("03:30").succeeds("etl", run=f"b{number}", partition=f"p{number}")
    assert story.open == [("etl", "sla_breach", "warning")]

    story.at("04:00").starts("etl", run="c", partition="eu")
    story.at("04:30").succeeds("etl", run="c", partition="eu")
    assert story.heard == [("02:01", "warning", "firing"), ("04:30", "warning", "resolved")]
