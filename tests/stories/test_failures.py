"""A run that fails, its retries, and what makes up for it."""

from tests.stories.story import Story


def test_a_failure_is_told_at_once_with_its_cause_and_resolved_by_the_next_good_run(story: Story) -> None:
    story.at("02:10").starts("etl", run="a")
    story.at("02:12").fails("etl", run="a", error="disk full")
    story.at("03:00").succeeds("etl", run="b")

    assert story.heard == [("02:12", "critical", "firing"), ("03:00", "critical", "resolved")]
    assert story.titles == ["failed after 2 min: disk full", "failed after 2 min: disk full"]
    assert "well again" in story.last.text


def test_when_it_last_went_well_is_told_with_every_trouble(story: Story) -> None:
    story.job("late", deadline="05:00", warn=0, critical=0)
    story.at("02:00").starts("etl", run="a").succeeds("etl", run="a")
    story.at("03:00").fails("etl", run="b").fails("new", run="c")
    story.until("05:00")

    good = {heard.message.job: dict(heard.message.evidence)["last good run"] for heard in story.messages}
    assert good == {"etl": "2026-03-10 02:00 UTC", "new": "none so far", "late": "none so far"}


def test_a_time_out_is_a_failure(story: Story) -> None:
    story.at("02:10").starts("etl", run="a").times_out("etl", run="a")

    assert story.titles == ["timed out after 0.0 s"]


def test_nobody_is_told_while_retries_remain(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", attempt=1, max_attempts=3)
    story.at("02:05").fails("etl", run="a", attempt=1, max_attempts=3)
    story.at("02:06").starts("etl", run="a", attempt=2)
    story.at("02:10").fails("etl", run="a", attempt=2)
    story.at("02:11").starts("etl", run="a", attempt=3)
    assert story.silent_until("02:19")

    story.at("02:20").fails("etl", run="a", attempt=3, error="no route to host")
    assert story.titles == ["failed after 3 attempts: no route to host"]


def test_a_run_whose_last_attempt_succeeds_has_not_failed(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", attempt=1, max_attempts=2)
    story.at("02:05").fails("etl", run="a", attempt=1)
    story.at("02:06").starts("etl", run="a", attempt=2)
    story.at("02:10").succeeds("etl", run="a", attempt=2)

    assert story.silent_until("Wed 00:00")


def test_a_retry_that_is_announced_and_never_comes_is_a_failure(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", attempt=1, max_attempts=3)
    story.at("02:05").fails("etl", run="a", attempt=1)

    story.until("03:05")

    assert story.heard == [("03:05", "critical", "firing")]
    assert story.titles == ["failed, and the retry it announced (attempt 1 of 3) did not come"]
    story.at("03:10").starts("etl", run="a", attempt=2)
    assert story.open == []


def test_a_job_says_itself_how_long_its_retries_may_take(story: Story) -> None:
    story.job("etl", stalled_after_seconds=600)

    story.at("02:00").starts("etl", run="a").will_retry("etl", run="a", attempt=1, max_attempts=2)
    story.until("02:10")

    assert story.heard == [("02:10", "critical", "firing")]


def test_a_retry_that_never_comes_is_no_matter_once_another_run_has_done_the_work(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", max_attempts=3).fails("etl", run="a", attempt=1)
    story.at("02:30").starts("etl", run="b").succeeds("etl", run="b")

    assert story.silent_until("06:00")


def test_a_new_attempt_of_a_failed_run_resolves_nothing_until_it_is_good(story: Story) -> None:
    story.at("02:00").starts("etl", run="a").fails("etl", run="a")
    story.at("02:10").starts("etl", run="a", attempt=2)
    assert story.open == [("etl", "job_failure", "critical")]

    story.at("02:20").succeeds("etl", run="a", attempt=2)
    assert story.heard == [("02:00", "critical", "firing"), ("02:20", "critical", "resolved")]


def test_a_failure_after_a_success_is_never_hidden(story: Story) -> None:
    story.at("02:00").starts("etl", run="a").succeeds("etl", run="a")
    story.at("02:01").fails("etl", run="a", error="the wrapper saw exit code 3")

    assert story.heard == [("02:01", "critical", "firing")]


def test_further_failures_update_the_alert_and_are_counted(story: Story) -> None:
    story.at("02:00").fails("etl", run="a")
    story.at("03:00").fails("etl", run="b")

    assert story.heard == [("02:00", "critical", "firing")]
    (alert,) = story.alerts()
    assert alert.run == "b"
    assert ("bad runs", "2 since 2026-03-10 02:00 UTC") in alert.evidence


def test_the_severity_of_a_rule_is_the_severity_of_its_alerts(story: Story) -> None:
    story.rule("job_failure", severity="page", matchers=('tier="gold"',), name="gold failed")
    story.job("etl", labels=(("tier", "gold"),))
    story.job("toy")

    story.at("02:00").fails("etl").fails("toy")

    assert story.heard_of("etl") == [("02:00", "page", "firing")]
    assert story.heard_of("toy") == []


def test_a_run_that_is_never_heard_of_again_is_given_up_after_a_week(story: Story) -> None:
    story.at("02:00").starts("etl", run="a")

    assert story.silent_until("2026-03-17 01:59")
    story.until("2026-03-17 02:00")

    assert story.titles == ["never reported an end after 7 d"]
    story.at("2026-03-17 03:00").beats("etl", run="a")
    assert story.open == []


def test_a_lost_run_of_last_week_is_no_alarm_when_later_ones_were_good(story: Story) -> None:
    story.at("02:00").starts("etl", run="a")
    story.at("Wed 02:00").starts("etl", run="b").succeeds("etl", run="b")

    assert story.silent_until("2026-03-20 00:00")


def test_of_a_hundred_and_one_open_runs_one_is_let_go_and_is_no_failure(story: Story) -> None:
    for number in range(101):
        story.at("02:00").starts("etl", run=f"run-{number}")

    held = {run.key for run in story.watch("etl").state.open_runs}
    assert held == {f"run-{number}" for number in range(101) if number != 50}
    assert story.run("etl", "run-50").status.is_open
    assert story.messages == []


def test_a_failure_is_told_in_the_words_of_its_rule(story: Story) -> None:
    story.rule("job_failure", message="{job_id} broke: {error}")

    story.at("02:00").fails("etl", error="disk full")

    assert story.last.text == "etl broke: disk full"
    assert "template" not in dict(story.last.evidence)


def test_a_template_that_fails_when_it_is_needed_is_told_with_the_alert(story: Story) -> None:
    story.rule("job_failure", message="{{ error | times: 2 | divided_by: 0 }}")

    story.at("02:00").fails("etl", error="disk full")

    assert story.last.text == "etl failed: disk full."
    name, fault = story.last.evidence[0]
    assert name == "template"
    assert fault.startswith("the message of rule 'job_failure' was not used: line 1")
    story.at("03:00").succeeds("etl")
    assert "template" not in dict(story.last.evidence)
