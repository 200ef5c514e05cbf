"""Check-ins that come twice, late, in the wrong order, or make no sense."""

from tests.stories.moment import Moment
from tests.stories.story import Story
from tocsin.jobs.checkin import Answered, CheckInKind

START, SUCCESS, FAIL = CheckInKind.START, CheckInKind.SUCCESS, CheckInKind.FAIL


def answers(moment: Moment) -> list[str]:
    return [answer.status.value for answer in moment.answers]


def test_the_same_check_in_twice_counts_once(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", seq=1)
    story.at("02:01").resolves("ann")
    moment = story.at("02:02").fails("etl", run="a", seq=1)

    assert answers(moment) == ["duplicate"]
    assert story.open == []


def test_a_start_that_comes_after_the_end_fills_the_gap(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("02:12").succeeds("etl", run="a", seq=2)
    moment = story.at("02:13").starts("etl", run="a", seq=1, happened="02:02")

    assert answers(moment) == ["accepted"]
    run = story.run("etl", "a")
    assert run.execution is not None
    assert run.execution.total_seconds() == 600
    assert story.silent_until("Wed 02:14")


def test_an_old_failure_that_comes_after_a_newer_success_is_no_alarm(story: Story) -> None:
    story.at("02:30").starts("etl", run="b").succeeds("etl", run="b")
    story.at("02:40").fails("etl", run="a", happened="02:10")

    assert story.heard == []
    assert [o.run for o in story.watch("etl").state.recent] == ["a", "b"]


def test_the_first_attempts_failure_that_comes_after_the_second_ones_success_changes_nothing(
    story: Story,
) -> None:
    story.at("02:10").starts("etl", run="a", attempt=2).succeeds("etl", run="a", attempt=2, seq=4)
    moment = story.at("02:11").fails("etl", run="a", attempt=1, seq=2, happened="02:05")

    assert answers(moment) == ["late"]
    assert story.heard == []


def test_an_end_before_its_start_is_a_run_of_no_length(story: Story) -> None:
    story.at("02:10").starts("etl", run="a")
    story.at("02:11").succeeds("etl", run="a", happened="02:05")

    run = story.run("etl", "a")
    assert run.execution is not None
    assert run.execution.total_seconds() == 0


def test_what_comes_for_a_closed_run_and_changes_nothing_is_answered_so(story: Story) -> None:
    story.at("02:10").starts("etl", run="a").succeeds("etl", run="a")
    moment = story.at("02:11").beats("etl", run="a")
    assert answers(moment) == ["late"]

    moment = story.at("02:12").succeeds("etl", run="a")
    assert answers(moment) == ["late"]
    assert story.heard == []


def test_a_log_for_a_closed_run_is_taken(story: Story) -> None:
    story.at("02:10").starts("etl", run="a").fails("etl", run="a")
    moment = story.at("02:11").logs("etl", run="a", error="the last words")

    run = story.run("etl", "a")
    assert run.detail is not None
    assert run.detail.error_message == "the last words"
    assert answers(moment) == ["accepted"]


def test_heartbeats_in_the_wrong_order_do_not_turn_progress_back(story: Story) -> None:
    story.at("02:00").starts("etl", run="a")
    story.at("02:10").beats("etl", run="a", done=50)
    story.at("02:11").beats("etl", run="a", done=20, happened="02:05")

    (run,) = story.watch("etl").state.open_runs
    assert run.progress is not None
    assert run.progress.done == 50


def test_a_whole_spool_that_comes_at_once_is_judged_as_it_happened(story: Story) -> None:
    story.job("etl", schedule="0 * * * *", grace=30)
    story.until("00:59")

    moment = story.at("00:59").report_all(
        (START, "etl", {"run": "a", "happened": "00:00:30"}),
        (FAIL, "etl", {"run": "a", "happened": "00:10"}),
        (START, "etl", {"run": "b", "happened": "00:20"}),
        (SUCCESS, "etl", {"run": "b", "happened": "00:50"}),
    )

    assert answers(moment) == ["accepted"] * 4
    assert story.open == []
    assert [o.status.value for o in story.watch("etl").state.recent if o.status] == ["failed", "success"]


def test_the_end_of_a_run_that_nobody_knows_is_taken_for_what_it_says(story: Story) -> None:
    moment = story.at("02:10").succeeds("etl", run="x")

    assert moment.answers[0].status is Answered.ACCEPTED
    assert story.run("etl", "x").status.value == "success"
