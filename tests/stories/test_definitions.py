"""Jobs that are defined anew: by the file, by the API, by the job itself."""

from tests.stories.story import Story
from tests.stories.words import definition_of
from tocsin.jobs.job import Definition, Rank


def by_itself() -> Definition:
    return definition_of("UTC", schedule="0 2 * * *", grace=15, rank=Rank.CHECK_IN)


def test_a_new_configuration_is_judged_by_from_then_on(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.until("01:00")

    story.job("etl", schedule="0 3 * * *", grace=15)
    story.reloads()

    assert story.silent_until("03:14")
    story.until("03:15")
    assert story.heard == [("03:15", "critical", "firing")]


def test_an_alert_about_what_is_no_longer_expected_is_closed_with_that_reason(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.until("02:30")

    story.job("etl", schedule="0 5 * * *", grace=15)
    story.reloads()

    assert story.heard[-1] == ("02:30", "critical", "resolved")
    assert "its definition has changed" in story.last.text
    assert ("02:30", "job_redefined") in story.history("etl")


def test_a_run_on_its_way_meets_the_new_deadline(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", deadline="06:00")
    story.at("02:01").starts("etl")
    story.until("04:00")

    story.job("etl", schedule="0 2 * * *", deadline="05:00")
    story.reloads()
    story.until("05:00")

    assert [at for at, _, _ in story.heard] == ["04:30", "04:45", "05:00"]


def test_another_runbook_moves_no_promise(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.until("02:30")

    story.job("etl", schedule="0 2 * * *", grace=15, runbook="https://wiki.example.com/etl")
    story.reloads()

    assert story.open == [("etl", "missing_run", "critical")]
    assert story.heard == [("02:15", "critical", "firing")]


def test_a_job_that_the_file_no_longer_names_is_promised_nothing(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)
    story.until("02:30")

    story.forget("etl")
    story.reloads()

    assert story.open == []
    assert story.silent_until("Thu 00:00")


def test_a_rule_that_is_gone_closes_what_it_opened(story: Story) -> None:
    story.at("02:00").fails("etl")

    story.rules = tuple(rule for rule in story.rules if rule.condition != "job_failure")
    story.reloads()

    assert story.heard[-1] == ("02:00", "critical", "resolved")
    assert ("02:00", "rule_removed") in story.history("etl")
    assert "does not watch it any more" in story.last.text


def test_a_new_rule_looks_at_what_is_known(story: Story) -> None:
    story.rules = ()
    story.at("02:00").fails("etl")
    assert story.heard == []

    story.rule("job_failure", severity="page")
    story.reloads()
    assert story.heard == [("02:00", "page", "firing")]


def test_a_job_defines_itself_in_its_check_in(story: Story) -> None:
    story.at("01:00").starts("etl", definition=by_itself()).succeeds("etl")

    assert story.watch("etl").job.definition.rank is Rank.CHECK_IN
    story.until("02:15")
    assert story.heard == [("02:15", "critical", "firing")]


def test_what_a_job_says_of_itself_does_not_change_what_the_file_says(story: Story) -> None:
    story.job("etl", schedule="0 5 * * *", grace=15)

    story.at("01:00").starts("etl", definition=by_itself())

    assert story.silent_until("05:14")


def test_what_the_api_says_holds_over_the_check_in_and_under_the_file(story: Story) -> None:
    story.at("01:00").defines("etl", schedule="0 3 * * *", grace=15)
    story.at("01:10").starts("etl", run="a", definition=by_itself())
    story.at("01:11").succeeds("etl", run="a")
    story.until("03:15")
    assert story.heard == [("03:15", "critical", "firing")]

    story.job("etl", schedule="0 4 * * *", grace=15)
    story.reloads()
    assert story.open == []
    assert "defined in the configuration file" in story.at("03:20").defines("etl", schedule="0 3 * * *").told


def test_the_same_words_in_every_check_in_change_nothing(story: Story) -> None:
    said = by_itself()

    story.at("01:00").starts("etl", run="a", definition=said).succeeds("etl", run="a", definition=said)
    story.at("02:20").starts("etl", run="b", definition=said)

    assert story.heard == [("02:15", "critical", "firing")]
    assert story.open == [("etl", "missing_run", "critical")]
