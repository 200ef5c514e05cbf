"""While Tocsin was down: nothing is a false alarm, nothing is forgotten, nothing comes in a burst (★2)."""

from tests.stories.story import Story
from tocsin.jobs.checkin import CheckInKind

START, BEAT, SUCCESS, FAIL = CheckInKind.START, CheckInKind.HEARTBEAT, CheckInKind.SUCCESS, CheckInKind.FAIL


def test_what_shows_no_sign_of_life_after_a_downtime_is_unknown_in_one_summary(story: Story) -> None:
    for name in ("daily_etl", "backup", "report"):
        story.job(name, schedule="0 3 * * *", grace=10)
    story.job("later", schedule="0 6 * * *", grace=10)

    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:05:01", "critical", "firing")]
    assert story.last.job == "tocsin"
    assert "3 jobs showed no sign of life" in story.last.title
    listed = [name for name, _ in story.last.evidence]
    assert [name for name in listed if name in ("daily_etl", "backup", "report", "later")] == [
        "backup",
        "daily_etl",
        "report",
    ]
    assert [o for name in ("daily_etl", "later") for o in story.occurrences(name)] == [("03:00", "unknown")]


def test_jobs_that_deliver_in_time_what_they_had_put_aside_give_no_alarm_at_all(story: Story) -> None:
    story.job(
        "etl", schedule="0 3 * * *", grace=10, deadline="03:50", max_minutes=60, stalled_after_seconds=600
    )

    story.down("02:00", "04:00")
    story.at("04:03").report_all(
        (START, "etl", {"run": "a", "seq": 1, "happened": "03:00:01"}),
        (BEAT, "etl", {"run": "a", "seq": 2, "happened": "03:10"}),
        (SUCCESS, "etl", {"run": "a", "seq": 3, "happened": "03:20"}),
    )

    assert story.silent_until("Wed 02:59")
    assert story.occurrences("etl") == [("03:00", "met")]


def test_a_job_is_struck_off_the_summary_when_it_is_heard_again_and_the_last_one_closes_it(
    story: Story,
) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)
    story.job("load", schedule="0 3 * * *", grace=10)

    story.down("02:00", "04:00")
    story.at("05:00").starts("etl")
    assert "1 job showed" in story.alerts()[-1].summary

    story.at("05:30").succeeds("load")
    assert story.heard == [("04:05:01", "critical", "firing"), ("05:30", "critical", "resolved")]
    assert story.open == []


def test_a_sign_of_life_in_the_very_second_of_the_summary_is_heard(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)

    story.down("02:00", "04:00")
    story.at("04:05:02").succeeds("etl")
    story.until("06:00")

    assert story.heard == [("04:05:01", "critical", "firing"), ("04:05:02", "critical", "resolved")]


def test_a_summary_that_a_person_has_resolved_stays_resolved(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)

    story.down("02:00", "04:00")
    story.at("04:30").resolves("ann")

    assert story.heard[-1] == ("04:30", "critical", "resolved")
    assert story.silent_until("Wed 02:59")


def test_a_job_that_is_due_while_the_clients_still_flush_is_told_when_the_wait_is_over(story: Story) -> None:
    story.job("etl", schedule="1 4 * * *", grace=1)

    story.down("02:00", "04:00")
    story.until("04:30")

    assert story.heard == [("04:05", "critical", "firing")]
    assert story.last.condition == "missing_run"


def test_a_grace_that_ends_after_the_downtime_is_unknown_when_the_start_fell_into_it(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=90)

    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:30", "critical", "firing")]
    assert story.last.condition == "unknown"


def test_what_joins_the_summary_later_makes_it_louder(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)
    story.job("load", schedule="0 3 * * *", grace=90)

    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:05:01", "critical", "firing"), ("04:30", "critical", "louder")]
    assert "2 jobs" in story.last.title


def test_a_deadline_that_fell_into_the_downtime_is_unknown_and_a_later_one_is_not(story: Story) -> None:
    story.job("gone", deadline="03:00")
    story.job("next", deadline="05:00")

    story.down("02:00", "04:00")
    story.until("05:00")

    told = [(h.message.job, at, kind) for h, (at, _, kind) in zip(story.messages, story.heard, strict=True)]
    assert told == [
        ("tocsin", "04:05:01", "firing"),
        ("next", "04:30", "firing"),
        ("next", "04:45", "louder"),
        ("next", "05:00", "louder"),
    ]
    assert story.occurrences("gone") == [("00:00", "unknown")]


def test_an_unknown_run_pages_for_no_deadline_but_stays_in_the_summary(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10, deadline="06:00")

    story.down("02:00", "04:00")
    story.until("07:00")

    assert [h.message.job for h in story.messages] == ["tocsin"]
    assert story.open == [("tocsin", "unknown", "critical")]


def test_a_run_that_was_on_its_way_is_asked_for_when_the_wait_is_over(story: Story) -> None:
    story.job("etl", stalled_after_seconds=600)

    story.at("01:59").starts("etl", run="a")
    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:05:01", "critical", "firing")]
    assert ("etl", "run a has shown no sign of life since") in story.last.evidence


def test_a_run_that_is_heard_again_is_judged_as_ever(story: Story) -> None:
    story.job("etl", max_minutes=90, warn=0, critical=0, stalled_after_seconds=3600)

    story.at("01:59").starts("etl", run="a")
    story.down("02:00", "04:00")
    story.at("04:02").beats("etl", run="a")
    story.until("04:05")

    assert story.heard == [("04:05", "page", "firing")]
    assert story.last.condition == "sla_breach"


def test_a_run_that_lives_without_progress_is_stalled_though_we_were_blind_when_it_began_to_be(
    story: Story,
) -> None:
    story.job("etl", no_progress_after_seconds=1800)

    story.at("01:50").starts("etl", run="a").beats("etl", run="a", done=5)
    story.down("02:00", "04:00")
    story.at("04:02").beats("etl", run="a", done=5)

    assert story.heard == [("04:02", "critical", "firing")]


def test_an_alert_that_was_open_is_not_called_well_because_we_cannot_know(story: Story) -> None:
    story.job("report", deadline="03:00", warn=90, critical=30)

    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard_of("report") == [("01:30", "warning", "firing")]
    assert ("report", "sla_breach", "warning") in story.open


def test_repeats_that_were_missed_come_once_and_not_before_we_know_whether_they_are_true(
    story: Story,
) -> None:
    story.at("01:00").fails("etl")
    story.at("01:00").fails("load")

    story.down("02:00", "20:00")
    story.at("20:03").succeeds("load", happened="03:00")
    story.until("21:00")

    assert story.heard_of("etl") == [("01:00", "critical", "firing"), ("20:05", "critical", "repeat")]
    assert story.heard_of("load") == [("01:00:30", "critical", "firing"), ("20:03", "critical", "resolved")]


def test_a_job_of_every_minute_gives_no_burst_after_a_night_without_us(story: Story) -> None:
    story.job("beat", schedule="* * * * *", grace=1)
    story.begins("2026-03-10", at="01:59:30")

    story.down("02:00:30", "09:00")
    story.until("09:04:59")
    assert story.heard == []

    story.until("09:30")
    assert story.heard_of("tocsin") == [("09:05:01", "critical", "firing")]
    assert story.heard_of("beat") == [
        ("09:05", "critical", "firing")
    ]  # it was due in our sight, and did not come


def test_a_server_that_dies_again_while_it_waits_starts_to_wait_anew(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)

    story.down("02:00", "04:00")
    story.down("04:03", "04:30")
    assert story.silent_until("04:34")
    story.until("05:00")

    assert story.heard == [("04:35:01", "critical", "firing")]


def test_a_machine_that_was_suspended_is_as_blind_as_one_that_was_down(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10, deadline="03:30")

    story.sleeps("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:05:01", "critical", "firing")]


def test_a_short_restart_is_no_blind_window(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)

    story.down("03:07", "03:08")
    story.until("03:30")

    assert story.heard == [("03:10", "critical", "firing")]


def test_failures_that_are_delivered_late_are_told(story: Story) -> None:
    story.down("02:00", "04:00")
    story.at("04:02").report_all(
        (START, "etl", {"run": "a", "happened": "03:00"}), (FAIL, "etl", {"run": "a", "happened": "03:10"})
    )

    assert story.heard == [("04:02", "critical", "firing")]


def test_a_retry_that_was_due_in_the_downtime_is_unknown(story: Story) -> None:
    story.at("01:30").starts("etl", run="a", max_attempts=3).fails("etl", run="a", attempt=1)
    story.down("02:00", "04:00")
    story.until("05:00")

    assert story.heard == [("04:05:01", "critical", "firing")]
    assert ("etl", "run a announced a retry that was not seen") in story.last.evidence


def test_a_summary_that_nobody_cared_for_is_closed_when_its_window_is_forgotten(story: Story) -> None:
    story.job("etl", schedule="0 3 10 3 *", grace=10)

    story.down("02:00", "04:00")
    story.until("2026-03-17 03:59")
    assert story.open == [("tocsin", "unknown", "critical")]

    story.until("2026-03-17 09:00")
    assert story.open == []
    assert "does not watch it any more" in story.last.text


def test_a_summary_taken_in_hand_for_a_time_is_told_again_after_it(story: Story) -> None:
    story.job("daily_etl", schedule="0 3 * * *", grace=10)

    story.down("02:00", "04:00")
    story.at("04:10").acknowledges("ann", until="05:00")
    assert story.silent_until("04:59")
    story.until("05:01")

    assert story.heard[-1] == ("05:00", "critical", "repeat")
    assert ("05:00", "acknowledgement_ended") in story.history("tocsin")
