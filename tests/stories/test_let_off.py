"""A person lets a job off: an expected run that need not come, or that may have been missed or late."""

from tests.stories.story import Story
from tests.stories.test_broken_promises import violations


def test_the_next_run_is_skipped_and_the_one_after_is_watched(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="06:00")

    moment = story.at("00:30").skips_the_run("etl", reason="no delivery today")
    assert moment.told == "skipped: the run of 2026-03-10 02:00 UTC need not come"
    assert story.silent_until("Wed 02:04")
    story.until("Wed 02:05")

    assert story.heard == [("Wed 02:05", "critical", "firing")]
    assert story.occurrences("etl") == [("02:00", "skipped"), ("Wed 02:00", "missed")]
    assert violations(story) == {}


def test_a_run_far_ahead_is_skipped_by_its_date_alone(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)
    story.at("06:00").succeeds("report")
    story.at("07:00").skips_the_run("report", "2026-03-13 00:00")

    for day in ("Wed", "Thu"):
        story.at(f"{day} 06:00").succeeds("report")
    assert story.silent_until("Sat 06:59")
    story.until("Sat 07:00")

    assert story.heard == [("Sat 07:00", "warning", "firing")]
    assert story.occurrences("report")[-1] == ("Fri 00:00", "skipped")


def test_a_skip_is_taken_back_while_it_is_to_come(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")

    story.at("00:30").skips_the_run("etl")
    story.at("00:40").expects_the_run_again("etl", "02:00")
    story.until("02:05")
    assert story.heard == [("02:05", "critical", "firing")]

    moment = story.at("03:00").expects_the_run_again("etl", "02:00")
    assert moment.told == "the run of 2026-03-10 02:00 UTC is not skipped"


def test_what_is_skipped_and_runs_all_the_same_owes_nothing(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")

    story.at("00:30").skips_the_run("etl")
    story.at("02:01").starts("etl")
    story.at("04:00").succeeds("etl")

    assert story.silent_until("Wed 02:04")
    assert story.occurrences("etl") == [("02:00", "skipped")]
    story.at("Wed 02:01").starts("etl")
    story.at("Wed 02:02").fails("etl")
    assert story.open == [("etl", "job_failure", "critical")]


def test_a_run_that_is_due_is_skipped_and_its_alert_ends_with_that_reason(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("07:10").skips_the_run("report", "00:00", reason="strike")

    assert story.heard == [("07:00", "warning", "firing"), ("07:10", "warning", "resolved")]
    assert ("07:10", "run_skipped") in story.history("report")
    assert "strike" in story.notes("report")
    (alert,) = story.alerts()
    assert alert.resolved_by == "ann"
    assert story.last.text == "report: ann has skipped the run that it was about (after 10 min)."
    assert story.silent_until("Wed 06:59")


def test_a_missed_run_is_excused(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")

    story.until("02:05")
    moment = story.at("04:00").excuses_the_run("etl", reason="the source was down")

    assert moment.told == "excused: the run of 2026-03-10 02:00 UTC does not count"
    assert story.heard == [("02:05", "critical", "firing"), ("04:00", "critical", "resolved")]
    assert ("04:00", "run_excused") in story.history("etl")
    again = story.at("04:05").excuses_the_run("etl", "02:00")
    assert again.told == "the run of 2026-03-10 02:00 UTC is excused already by ann"
    story.at("Wed 02:01").succeeds("etl")
    assert story.occurrences("etl") == [("02:00", "missed"), ("Wed 02:00", "met")]
    assert len(story.messages) == 2


def test_a_run_that_is_late_and_still_at_work_is_excused(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")
    story.rule("sla_breach", m_of_n=(2, 3))

    story.at("02:01").starts("etl")
    story.at("03:10").excuses_the_run("etl")
    story.at("04:00").succeeds("etl")
    story.at("Wed 02:01").starts("etl")
    story.at("Wed 04:00").succeeds("etl")  # the second late one, but the first does not count

    assert story.heard == []
    assert story.occurrences("etl") == [("02:00", "late"), ("Wed 02:00", "late")]
    story.at("Thu 02:01").starts("etl")
    story.until("Thu 03:00")
    assert story.heard[0] == ("Thu 02:30", "warning", "firing")


def test_other_missed_runs_keep_their_alert(story: Story) -> None:
    story.job("sync", schedule="0 * * * *")

    story.until("01:06")
    story.at("01:10").excuses_the_run("sync", "00:00")
    assert story.open == [("sync", "missing_run", "critical")]
    story.at("01:20").excuses_the_run("sync")
    assert story.open == [("sync", "missing_run", "critical")]  # that of 23:00 is missed as well
    story.at("01:30").excuses_the_run("sync")

    assert story.open == []
    assert ("01:30", "run_excused") in story.history("sync")


def test_what_was_made_good_long_ago_is_excused_for_the_record(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")
    story.at("02:01").starts("etl")
    story.at("03:30").succeeds("etl")
    story.at("Wed 02:01").starts("etl")
    story.at("Wed 02:30").succeeds("etl")

    moment = story.at("Wed 09:00").excuses_the_run("etl", "2026-03-10 00:00")

    assert moment.told == "excused: the run of 2026-03-10 02:00 UTC does not count"
    with story.server.store.reading() as reading:
        kept = reading.recent_occurrences([story.watch("etl").job.id], 10)
    (late,) = [one for one in next(iter(kept.values())) if one.status.value == "late"]
    assert late.let_off is not None
    assert late.let_off.who == "ann"


def test_of_an_interval_what_is_skipped_or_excused_counts_from_then_on(story: Story) -> None:
    story.begins("2026-03-10", at="00:01")
    story.job("poll", schedule="every 1h")

    story.at("00:10").succeeds("poll")
    story.at("00:20").skips_the_run("poll")
    assert story.silent_until("02:14")
    story.until("02:15")
    assert story.heard == [("02:15", "critical", "firing")]
    story.at("02:20").excuses_the_run("poll")
    assert story.heard[-1] == ("02:20", "critical", "resolved")


def test_what_cannot_be_let_off_is_refused_with_the_reason(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")

    story.at("02:01").starts("etl")
    assert "has begun" in story.at("02:10").skips_the_run("etl", "02:00").told
    assert "neither missed nor late" in story.at("02:11").excuses_the_run("etl", "02:00").told
    assert "no expected run of it was missed" in story.at("02:12").excuses_the_run("etl").told
    story.at("02:30").succeeds("etl")
    assert "is over" in story.at("02:31").skips_the_run("etl", "02:00").told
    assert "too far ahead" in story.at("02:32").skips_the_run("etl", "2029-01-01 02:00").told
    told = story.at("02:33").skips_the_run("etl", "2026-03-12 14:00").told
    assert told.startswith("skipped: the run of 2026-03-12 02:00 UTC")  # the one of that day
    assert "skipped already by ann" in story.at("02:34").skips_the_run("etl", "2026-03-12 02:00").told
    assert "there is no job" in story.at("02:35").skips_the_run("other").told


def test_no_more_than_fifty_runs_to_come_are_skipped(story: Story) -> None:
    story.begins("2026-03-10", at="00:01")
    story.job("sync", schedule="0 * * * *")
    moment = story.at("00:30")

    for _ in range(50):
        assert moment.skips_the_run("sync").told.startswith("skipped")
    assert "pause the job instead" in moment.skips_the_run("sync").told
    assert story.silent_until("Thu 02:59")  # those of 01:00 on Tuesday to 02:00 on Thursday
    story.until("Thu 03:05")
    assert story.heard == [("Thu 03:05", "critical", "firing")]


def test_what_was_skipped_stays_so_through_a_restart_and_an_edit(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")
    story.at("00:30").skips_the_run("etl")
    story.down("00:40", "00:41")
    story.job("etl", schedule="0 2 * * *", deadline="04:00")
    story.at("00:50")
    story.reloads()

    assert story.silent_until("Wed 02:04")
    assert story.occurrences("etl") == [("02:00", "skipped")]


def test_the_alert_of_a_late_run_ends_when_it_is_excused_and_does_not_come_again(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="03:00")

    story.at("02:01").starts("etl")
    story.at("03:05").excuses_the_run("etl", reason="the source was late")
    assert story.heard[-1] == ("03:05", "critical", "resolved")
    assert ("03:05", "run_excused") in story.history("etl")
    story.at("05:00").succeeds("etl")

    assert story.silent_until("Wed 02:04")
    assert story.occurrences("etl") == [("02:00", "late")]
