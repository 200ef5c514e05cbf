"""What is promised of a job is edited while its run is due, late, or at work: nothing known is forgotten."""

from typing import Unpack

from tests.stories.story import Story
from tests.stories.words import JobWords, definition_of
from tocsin.jobs.job import Definition, Rank
from tocsin.rules.defaults import DEFAULT_RULES

SLA_ALONE = tuple(rule for rule in DEFAULT_RULES if rule.condition == "sla_breach")


def nightly(story: Story, **more: Unpack[JobWords]) -> None:
    words: JobWords = {"schedule": "0 2 * * *", "grace": 15, "deadline": "06:00"}
    words.update(more)
    story.job("etl", **words)


def by_itself(grace: float = 5, warn: float = 30) -> Definition:
    return definition_of(
        "UTC", schedule="0 2 * * *", deadline="06:00", grace=grace, warn=warn, rank=Rank.CHECK_IN
    )


def test_a_run_that_is_due_is_missed_though_its_warnings_were_edited_meanwhile(story: Story) -> None:
    nightly(story)
    story.until("02:05")

    nightly(story, warn=45)
    story.reloads()
    story.until("02:15")

    assert story.heard == [("02:15", "critical", "firing")]


def test_what_is_missed_stays_missed_when_somebody_edits_its_promises(story: Story) -> None:
    nightly(story)
    story.until("03:00")

    nightly(story, warn=45)
    story.reloads()

    assert story.open == [("etl", "missing_run", "critical")]
    assert story.heard == [("02:15", "critical", "firing")]


def test_what_has_missed_its_deadline_goes_on_missing_it_when_somebody_edits_its_warnings(
    story: Story,
) -> None:
    nightly(story)
    story.at("02:00").starts("etl", run="r")
    story.until("07:00")

    nightly(story, warn=45)
    story.reloads()

    assert story.open == [("etl", "sla_breach", "page")]
    assert "resolved" not in [kind for _, _, kind in story.heard]


def test_a_failed_run_still_owes_its_deadline_when_somebody_edits_its_warnings(story: Story) -> None:
    story.rules = SLA_ALONE
    nightly(story)
    story.at("02:00").starts("etl", run="r")
    story.at("02:10").fails("etl", run="r")

    nightly(story, warn=45)
    story.reloads()
    story.until("06:00")

    assert [at for at, _, _ in story.heard] == ["05:15", "05:45", "06:00"]


def test_more_patience_takes_back_what_is_missed_until_that_is_over_too(story: Story) -> None:
    nightly(story)
    story.until("02:20")

    nightly(story, grace=60)
    story.reloads()

    assert story.heard == [("02:15", "critical", "firing"), ("02:20", "critical", "resolved")]
    assert ("02:20", "job_redefined") in story.history("etl")
    story.until("03:00")
    assert story.heard[-1] == ("03:00", "critical", "firing")


def test_a_deadline_that_is_put_off_is_missed_at_its_new_time(story: Story) -> None:
    nightly(story)
    story.at("02:00").starts("etl", run="r")
    story.until("06:01")

    nightly(story, deadline="08:00")
    story.reloads()
    assert story.heard[-1] == ("06:01", "critical", "resolved")
    story.until("08:00")

    assert [at for at, _, _ in story.heard[-3:]] == ["07:30", "07:45", "08:00"]


def test_a_deadline_that_is_moved_into_the_past_holds_from_the_next_run_on(story: Story) -> None:
    nightly(story, warn=0, critical=0)
    story.at("02:00").starts("etl", run="r")
    story.until("04:00")

    nightly(story, warn=0, critical=0, deadline="03:00")
    story.reloads()
    story.until("06:00")

    assert story.heard == [("06:00", "critical", "firing")]


def test_a_grace_that_is_cut_to_the_past_holds_from_the_next_run_on(story: Story) -> None:
    nightly(story, grace=60)
    story.until("02:30")

    nightly(story, grace=15)
    story.reloads()
    story.until("03:00")

    assert story.heard == [("03:00", "critical", "firing")]


def test_the_first_run_of_a_job_that_defines_itself_has_its_deadline(story: Story) -> None:
    story.at("02:00:01").starts("etl", run="a", definition=by_itself())
    story.until("06:00")

    assert [at for at, _, _ in story.heard] == ["05:30", "05:45", "06:00"]


def test_a_job_tried_out_by_hand_far_from_its_hour_owes_no_deadline(story: Story) -> None:
    story.at("05:50").starts("etl", run="a", definition=by_itself())

    assert story.silent_until("07:00")


def test_a_promise_made_after_its_own_deadline_is_none(story: Story) -> None:
    story.at("09:00").starts("etl", run="a", happened="02:00:01", definition=by_itself())

    assert story.silent_until("Wed 01:00")


def test_a_second_run_owes_no_deadline_that_the_first_has_kept(story: Story) -> None:
    nightly(story)
    story.at("02:00").starts("etl", run="a").succeeds("etl", run="a")
    story.at("02:04").starts("etl", run="b")

    assert story.silent_until("07:00")


def test_a_run_that_owes_no_deadline_shows_none(story: Story) -> None:
    story.at("05:50").starts("etl", run="a", definition=by_itself())

    assert story.run("etl", "a").deadline_at is None


def test_a_start_that_brings_another_definition_has_its_deadline(story: Story) -> None:
    story.at("02:00:01").starts("etl", run="a", definition=by_itself()).succeeds("etl", run="a")

    story.at("Wed 02:00:01").starts("etl", run="b", definition=by_itself(warn=45))
    story.until("Wed 06:00")

    assert [at for at, _, _ in story.heard] == ["Wed 05:15", "Wed 05:45", "Wed 06:00"]


def test_two_versions_of_a_job_that_take_turns_hide_no_missed_run(story: Story) -> None:
    story.at("02:00:01").starts("etl", run="a", definition=by_itself()).succeeds("etl", run="a")

    for minute in range(60):
        story.at(f"Wed 02:{minute:02}").logs(
            "etl", run="x", definition=by_itself(grace=10 if minute % 2 else 5)
        )

    assert story.open == [("etl", "missing_run", "critical")]
    assert len(story.messages) <= 3, "they do not take turns in telling and taking back either"


def test_a_run_that_starts_in_time_for_a_promise_made_a_minute_ago_has_its_deadline(story: Story) -> None:
    story.until("02:02")
    nightly(story)
    story.reloads()

    story.at("02:03").starts("etl")
    story.until("06:00")

    assert [at for at, _, _ in story.heard] == ["05:30", "05:45", "06:00"]


def test_a_run_at_work_that_nothing_was_promised_of_has_the_deadline_that_it_is_given(story: Story) -> None:
    story.at("02:00").starts("etl")
    story.until("03:00")

    nightly(story)
    story.reloads()
    story.until("06:00")

    assert [at for at, _, _ in story.heard] == ["05:30", "05:45", "06:00"]


def test_a_run_that_hangs_is_not_all_clear_because_its_schedule_is_moved(story: Story) -> None:
    nightly(story)
    story.at("02:00").starts("etl")
    story.until("07:00")

    nightly(story, schedule="0 1 * * *")
    story.reloads()

    assert story.open == [("etl", "sla_breach", "page")]


def test_a_good_run_that_brings_another_definition_is_what_ends_the_alert(story: Story) -> None:
    story.at("01:00").starts("etl", run="a", definition=by_itself()).succeeds("etl", run="a")
    story.until("02:10")

    story.at("02:11").succeeds("etl", run="b", definition=by_itself(warn=45))

    assert ("02:11", "recovered") in story.history("etl")


def test_an_interval_whose_warnings_are_edited_counts_on_from_its_last_start(story: Story) -> None:
    story.job("etl", schedule="every 4h", grace=5, max_minutes=30)
    story.at("01:00").starts("etl").succeeds("etl")
    story.until("04:50")

    story.job("etl", schedule="every 4h", grace=5, max_minutes=40)
    story.reloads()
    story.until("05:05")

    assert story.heard == [("05:05", "critical", "firing")]


def test_a_schedule_that_gets_more_instants_skips_none_of_those_to_come(story: Story) -> None:
    nightly(story)
    story.at("02:00").starts("etl").succeeds("etl")
    story.until("03:00")

    nightly(story, schedule="0 2,4,14 * * *")
    story.reloads()
    story.until("04:15")

    assert story.heard == [("04:15", "critical", "firing")]


def test_a_deadline_that_did_not_fall_into_the_pause_holds_for_the_run_at_work(story: Story) -> None:
    nightly(story)
    story.at("02:00").starts("etl", run="r")
    story.at("02:30").pauses("etl")
    story.at("02:31").resumes("etl")
    story.until("06:00")

    assert [at for at, _, _ in story.heard] == ["05:30", "05:45", "06:00"]


def test_a_run_that_began_in_the_pause_has_its_deadline_after_it(story: Story) -> None:
    nightly(story)
    story.at("01:00").pauses("etl")
    story.at("Wed 02:00").starts("etl")
    story.at("Wed 02:05").resumes("etl")
    story.until("Wed 06:00")

    assert [at for at, _, _ in story.heard] == ["Wed 05:30", "Wed 05:45", "Wed 06:00"]


def test_a_run_that_was_due_in_the_pause_is_not_expected_after_it(story: Story) -> None:
    nightly(story)
    story.at("01:00").pauses("etl")
    story.at("02:05").resumes("etl")

    assert story.silent_until("Wed 02:00")


def test_a_run_that_was_due_before_the_pause_is_expected_after_it(story: Story) -> None:
    nightly(story)
    story.at("02:05").pauses("etl")
    story.at("02:10").resumes("etl")
    story.until("02:15")

    assert story.heard == [("02:15", "critical", "firing")]


def test_where_only_the_end_is_promised_a_pause_over_midnight_takes_no_deadline_away(story: Story) -> None:
    story.job("etl", deadline="06:00")
    story.at("Tue 23:00").pauses("etl")
    story.at("Wed 03:00").resumes("etl")
    story.until("Wed 06:00")

    assert story.heard[-1] == ("Wed 06:00", "critical", "louder")
