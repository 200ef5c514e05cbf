"""The dead man's switch: an expected run does not start."""

from tests.stories.story import Story


def test_a_start_some_moments_late_is_not_missed_also_without_any_grace(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=0)

    story.at("02:00:04.9").starts("etl", run="a")
    story.at("02:30").succeeds("etl", run="a")
    assert story.silent_until("Wed 02:00:04.9")
    assert story.occurrences("etl") == [("02:00", "met")]

    story.until("Wed 02:00:05")
    assert story.heard == [("Wed 02:00:05", "critical", "firing")]


def test_a_run_that_does_not_start_is_told_when_its_grace_is_over_and_resolved_by_a_good_run(
    story: Story,
) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("03:00").starts("etl")
    story.at("03:30").succeeds("etl")

    assert story.heard == [("02:15", "critical", "firing"), ("03:30", "critical", "resolved")]
    assert story.titles[0] == "did not start at 2026-03-10 02:00 UTC"
    assert story.occurrences("etl") == [("02:00", "late")]


def test_a_run_that_starts_within_its_grace_is_not_missing(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("02:14:59").starts("etl")

    assert story.silent_until("Wed 02:14")


def test_a_run_that_started_late_stays_told_until_it_is_done(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("02:20").starts("etl")
    story.until("02:40")
    assert story.open == [("etl", "missing_run", "critical")]

    story.at("02:41").succeeds("etl")
    assert story.open == []


def test_news_of_a_start_in_time_takes_the_alarm_back_however_late_it_comes(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("02:20").starts("etl", happened="02:01")

    assert story.heard == [("02:15", "critical", "firing"), ("02:20", "critical", "resolved")]


def test_a_job_that_checks_in_only_at_its_end_is_watched_as_well(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=60)

    story.at("02:40").succeeds("etl")

    assert story.silent_until("Wed 02:59")
    story.until("Wed 03:00")
    assert story.heard == [("Wed 03:00", "critical", "firing")]


def test_a_missed_run_is_still_missed_when_the_next_one_is_due(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.rule("missing_run", fingerprint=("job", "environment", "condition"))

    story.until("Wed 02:20")
    assert len([h for h in story.heard if h[2] == "firing"]) == 1
    assert story.open == [("etl", "missing_run", "critical")]

    story.at("Wed 02:30").succeeds("etl")
    assert story.heard[-1] == ("Wed 02:30", "critical", "resolved")
    assert story.occurrences("etl") == [("02:00", "missed"), ("Wed 02:00", "late")]


def test_an_interval_counts_from_the_last_start(story: Story) -> None:
    story.begins("2026-03-10", at="10:00")
    story.job("sync", schedule="every 15m", grace=2)

    story.at("10:15").starts("sync").succeeds("sync")
    story.at("10:31").starts("sync").succeeds("sync")
    story.until("10:50")

    assert story.heard == [("10:48", "critical", "firing")]


def test_an_interval_keeps_watch_over_an_early_run(story: Story) -> None:
    story.begins("2026-03-10", at="10:00")
    story.job("sync", schedule="every 15m", grace=2, offset=10, warn=0, critical=0)

    story.at("10:14").starts("sync")
    story.until("10:30")

    assert story.heard_of("sync")[0] == ("10:25", "critical", "firing")
    assert ("sync", "sla_breach", "critical") in story.open


def test_a_weekly_job_has_the_whole_of_its_day(story: Story) -> None:
    story.begins("2026-03-14")  # a Saturday
    story.job("weekly_model_training", schedule="sunday", deadline="23:00", warn=120, critical=60)

    story.until("Sun 23:00")

    assert story.heard == [
        ("Sun 21:00", "warning", "firing"),
        ("Sun 22:00", "critical", "louder"),
        ("Sun 23:00", "critical", "louder"),
    ]


def test_a_weekly_job_without_a_deadline_is_missing_when_its_day_is_over(story: Story) -> None:
    story.begins("2026-03-14")
    story.job("cleanup", schedule="sunday", grace=30)

    story.until("Mon 01:00")

    assert story.heard == [("Mon 00:30", "critical", "firing")]


def test_an_oncalendar_expression_is_a_schedule_as_well(story: Story) -> None:
    story.job("report", schedule="Mon..Fri 07:30", grace=10)

    story.at("07:35").succeeds("report")

    assert story.silent_until("Wed 07:39")
    story.until("Wed 07:40")
    assert story.heard == [("Wed 07:40", "critical", "firing")]


def test_a_run_that_the_job_leaves_out_is_not_missing(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("02:01").skips("etl")

    assert story.silent_until("Wed 02:14")
    assert story.occurrences("etl") == [("02:00", "skipped")]


def test_a_job_that_nobody_listed_is_registered_and_only_its_own_words_are_promises(story: Story) -> None:
    moment = story.at("02:00").starts("adhoc")
    assert moment.answers[0].new_job
    moment.succeeds("adhoc")

    assert story.silent_until("Thu 00:00")
    assert story.watch("adhoc").due_at is None


def test_a_job_that_went_away_for_weeks_costs_one_alert_and_bounded_room(story: Story) -> None:
    story.job("sync", schedule="*/10 * * * *", grace=5)

    story.until("2026-03-13 00:00")

    assert [a.condition for a in story.alerts()] == ["missing_run"]
    assert len(story.watch("sync").state.occurrences) <= 20
    assert story.watch("sync").state.occurrences_dropped > 400
    story.at("2026-03-13 00:01").succeeds("sync")
    assert story.open == []
    assert story.watch("sync").state.occurrences_dropped == 0


def test_a_missing_run_is_noticed_again_however_long_the_grace(story: Story) -> None:
    story.job("sync", schedule="0 * * * *", grace=1800)
    story.at("Wed 06:30").resolves("ann")

    story.until("Wed 20:00")
    assert story.open == [("sync", "missing_run", "critical")]
    story.until("2026-03-13 20:00")
    assert story.open == [("sync", "missing_run", "critical")]


def test_a_job_that_only_pings_at_its_end_is_told_what_its_grace_must_cover(story: Story) -> None:
    story.job("backup", schedule="0 2 * * *", grace=5)
    story.at("02:30").succeeds("backup")

    story.until("Wed 02:05")
    assert story.titles[-1] == "has not reported for 2026-03-11 02:00 UTC"
    assert "grace_period_minutes" in story.last.next_step

    story.job("backup", schedule="0 2 * * *", grace=45)
    story.reloads()
    story.at("Wed 02:30").succeeds("backup")
    assert story.silent_until("Thu 02:44")


def test_runs_that_did_start_are_not_counted_as_missed(story: Story) -> None:
    story.job("sync", schedule="*/15 * * * *", grace=1)

    story.until("02:01")
    for minute in range(0, 600, 15):
        story.at(f"{2 + (minute + 15) // 60:02}:{(minute + 15) % 60:02}").starts("sync", run=f"{minute}")

    summaries = [alert.summary for alert in story.alerts() if alert.condition == "missing_run"]
    assert summaries == ["did not start at 2026-03-09 23:15 UTC, 16 expected runs missed"]
