"""To whom a run belongs: environment, occurrence, partition, backfill (F12)."""

from tests.stories.story import Story


def test_staging_never_resolves_production(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").succeeds("etl", environment="staging")
    assert story.open == [("etl", "job_failure", "critical")]

    story.at("02:20").succeeds("etl")
    assert story.open == []


def test_a_good_run_resolves_only_failures_of_its_own_partition(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", partition="eu")
    story.at("02:10").succeeds("etl", run="b", partition="us")
    assert story.open == [("etl", "job_failure", "critical")]

    story.at("02:20").succeeds("etl", run="c", partition="eu")
    assert story.open == []


def test_a_good_run_resolves_failures_of_the_same_and_of_earlier_occurrences(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", nominal="01:00")
    story.at("03:00").succeeds("etl", run="b", nominal="02:00")

    assert story.open == []


def test_a_good_run_of_an_earlier_occurrence_resolves_nothing_later(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", nominal="02:00")
    story.at("03:00").succeeds("etl", run="b", nominal="01:00", backfill=True)
    assert story.open == [("etl", "job_failure", "critical")]

    story.at("04:00").succeeds("etl", run="c", nominal="02:00")
    assert story.open == []


def test_the_failure_of_a_backfill_never_pages(story: Story) -> None:
    story.rule("job_failure", severity="page")

    story.at("02:00").fails("etl", run="a", nominal="2026-03-08 01:00", backfill=True)

    assert story.heard == [("02:00", "warning", "firing")]


def test_a_backfill_that_does_not_say_what_it_is_for_resolves_no_failure_but_its_like(story: Story) -> None:
    story.at("02:00").fails("etl", run="a")
    story.at("02:05").fails("etl", run="b", backfill=True)
    story.at("03:00").succeeds("etl", run="c", backfill=True)

    (alert,) = [a for a in story.alerts() if a.is_open]
    assert alert.run == "a"


def test_a_backfill_keeps_no_promise_of_today_but_makes_good_the_occurrence_it_is_for(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("Wed 01:00").succeeds("etl", run="a", partition="2026-03-01", backfill=True)
    story.until("Wed 02:15")
    assert len(story.watch("etl").state.occurrences) == 3

    story.at("Wed 03:00").succeeds("etl", run="b", nominal="02:00", backfill=True)
    assert story.occurrences("etl") == [("02:00", "late"), ("Wed 02:00", "missed")]
    assert story.open == [("etl", "missing_run", "critical")]


def test_a_nominal_time_says_which_occurrence_a_run_is_for(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("Wed 02:01").starts("etl", run="late", nominal="02:00").succeeds("etl", run="late")

    assert story.silent_until("Wed 02:14")
    story.until("Wed 02:15")
    assert story.heard[-1] == ("Wed 02:15", "critical", "firing")
    assert story.occurrences("etl") == [("02:00", "late"), ("Wed 02:00", "missed")]


def test_a_run_that_says_only_later_which_occurrence_it_is_for_gives_the_other_back(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("Wed 02:01").starts("etl", run="a")
    story.at("Wed 02:05").beats("etl", run="a", nominal="02:00")
    story.until("Wed 02:15")

    assert ("etl", "missing_run", "critical") in story.open
    assert story.watch("etl").state.occurrences[-2].run is None


def test_a_start_without_an_id_takes_up_the_run_that_was_queued(story: Story) -> None:
    story.at("02:00").queues("etl")
    story.at("02:05").starts("etl")
    story.at("02:30").succeeds("etl")

    assert len(story.watch("etl").state.recent) == 1
    assert story.watch("etl").state.open_runs == ()
    last = story.watch("etl").state.last
    assert last is not None
    assert last.queue_wait is not None
    assert last.queue_wait.total_seconds() == 300


def test_each_start_without_an_id_is_a_run_of_its_own(story: Story) -> None:
    story.at("02:00").starts("etl")
    story.at("03:00").starts("etl")

    assert len(story.watch("etl").state.open_runs) == 2
