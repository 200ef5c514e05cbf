"""N in a row and M of N, for each condition."""

from tests.stories.story import Story


def test_failures_two_in_a_row(story: Story) -> None:
    story.rule("job_failure", in_a_row=2)

    story.at("01:00").fails("etl", run="a")
    story.at("02:00").succeeds("etl", run="b")
    story.at("03:00").fails("etl", run="c")
    assert story.silent_until("03:59")
    story.at("04:00").fails("etl", run="d")

    assert story.heard == [("04:00", "critical", "firing")]


def test_failures_in_a_row_are_counted_for_each_partition(story: Story) -> None:
    story.rule("job_failure", in_a_row=2)

    story.at("01:00").fails("etl", run="a", partition="eu").fails("etl", run="b", partition="us")
    assert story.silent_until("01:59")
    story.at("02:00").fails("etl", run="c", partition="eu")

    assert story.heard == [("02:00", "critical", "firing")]


def test_failures_two_of_the_last_three(story: Story) -> None:
    story.rule("job_failure", m_of_n=(2, 3))

    story.at("01:00").fails("etl", run="a")
    story.at("02:00").succeeds("etl", run="b")
    assert story.silent_until("02:59")
    story.at("03:00").fails("etl", run="c")
    story.at("04:00").succeeds("etl", run="d")
    story.at("05:00").fails("etl", run="e")
    story.at("06:00").succeeds("etl", run="f")
    story.at("07:00").succeeds("etl", run="g")
    story.at("08:00").fails("etl", run="h")

    assert [h[0] for h in story.heard if h[2] == "firing"] == ["03:00", "05:00"]
    assert [h[0] for h in story.heard if h[2] == "resolved"] == ["04:00", "06:00"]


def test_a_good_run_of_another_partition_does_not_end_two_of_three(story: Story) -> None:
    story.rule("job_failure", m_of_n=(2, 3))

    story.at("01:00").fails("etl", run="a", partition="eu")
    story.at("02:00").fails("etl", run="b", partition="eu")
    story.at("03:00").succeeds("etl", run="c", partition="us")

    assert story.open == [("etl", "job_failure", "critical")]


def test_missing_runs_two_in_a_row(story: Story) -> None:
    story.rule("missing_run", in_a_row=2)
    story.begins("2026-03-10", at="00:30")
    story.job("sync", schedule="0 * * * *", grace=10)

    story.at("02:05").starts("sync").fails("sync")  # it started: the row is broken, though nothing is done
    story.until("03:59")
    assert ("sync", "missing_run", "critical") not in story.open

    story.until("04:10")
    assert ("sync", "missing_run", "critical") in story.open


def test_missing_runs_two_of_the_last_three(story: Story) -> None:
    story.rule("missing_run", m_of_n=(2, 3))
    story.begins("2026-03-10", at="00:30")
    story.job("sync", schedule="0 * * * *", grace=10)

    story.at("02:05").succeeds("sync")
    assert story.silent_until("03:09")
    story.until("03:10")

    assert story.heard == [("03:10", "critical", "firing")]


def test_missed_deadlines_two_in_a_row(story: Story) -> None:
    story.rule("sla_breach", in_a_row=2)
    story.job("report", deadline="08:00", warn=0, critical=0)

    story.at("08:30").succeeds("report")
    assert story.silent_until("Wed 07:59")
    story.until("Wed 08:00")

    assert story.heard == [("Wed 08:00", "critical", "firing")]


def test_long_runs_two_of_the_last_three(story: Story) -> None:
    story.rule("sla_breach", m_of_n=(2, 3))
    story.job("etl", max_minutes=60, warn=0, critical=0)

    story.at("01:00").starts("etl", run="a")
    story.at("02:30").succeeds("etl", run="a")
    story.at("03:00").starts("etl", run="b")
    story.at("03:30").succeeds("etl", run="b")
    story.at("04:00").starts("etl", run="c")
    assert story.silent_until("04:59")
    story.until("05:00")

    assert story.heard == [("05:00", "critical", "firing")]


def test_stalls_two_in_a_row(story: Story) -> None:
    story.rule("stalled", in_a_row=2)
    story.job("etl", stalled_after_seconds=300)

    story.at("01:00").starts("etl", run="a")
    story.at("01:20").succeeds("etl", run="a")
    story.at("02:00").starts("etl", run="b")
    assert story.silent_until("02:04")
    story.until("02:05")

    assert story.heard == [("02:05", "critical", "firing")]


def test_stalls_by_the_runs_own_rhythm_two_in_a_row(story: Story) -> None:
    story.rule("stalled", in_a_row=2)

    for hour in ("01", "02"):
        story.at(f"{hour}:00").starts("etl", run=hour)
        for minute in range(1, 11):
            story.at(f"{hour}:{minute:02}").beats("etl", run=hour)
        story.at(f"{hour}:30").succeeds("etl", run=hour)

    assert [h[0] for h in story.heard] == ["02:14", "02:30"]


def test_empty_runs_two_in_a_row(story: Story) -> None:
    story.rule("no_data", in_a_row=2)

    story.at("01:00").succeeds("load", run="a", records=0)
    story.at("02:00").succeeds("load", run="b", records=0)
    story.at("03:00").succeeds("load", run="c", records=0)

    assert story.heard == [("02:00", "warning", "firing")]


def test_empty_runs_two_of_the_last_three(story: Story) -> None:
    story.rule("no_data", m_of_n=(2, 3))

    story.at("01:00").succeeds("load", run="a", records=0)
    story.at("02:00").succeeds("load", run="b", records=5)
    story.at("03:00").succeeds("load", run="c", records=0)
    story.at("04:00").succeeds("load", run="d", records=5)

    assert story.heard == [("03:00", "warning", "firing"), ("04:00", "warning", "resolved")]


def test_a_run_that_was_left_out_neither_counts_nor_breaks_a_row(story: Story) -> None:
    story.rule("job_failure", m_of_n=(2, 2))

    story.at("01:00").fails("etl", run="a")
    story.at("02:00").skips("etl", run="b")
    story.at("03:00").fails("etl", run="c")

    assert story.heard == [("03:00", "critical", "firing")]


def test_too_many_broken_deadlines_stay_too_many_however_many_runs_are_expected_since(story: Story) -> None:
    story.rule("sla_breach", m_of_n=(2, 3))
    story.job("etl", schedule="every 20m", deadline="01:30", grace=0, warn=0, critical=0)
    story.until("02:00")
    assert ("etl", "sla_breach", "page") in story.open

    story.until("12:00")

    assert ("etl", "sla_breach", "page") in story.open
    assert [reason for _, reason in story.history("etl") if reason == "recovered"] == []
