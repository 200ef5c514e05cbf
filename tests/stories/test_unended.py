"""Runs that say nothing between their start and their end, and whose end does not come."""

from tests.stories.story import Story

HOST_IS_GONE = ("critical", "firing")


def _nights(story: Story, job: str, *days: str, minutes: int = 30) -> None:
    for day in days:
        story.at(f"{day} 02:00").starts(job)
        story.at(f"{day} 02:{minutes}").succeeds(job)


def test_a_job_that_starts_every_night_and_never_ends_is_told_when_its_schedule_has_come_round_twice(
    story: Story,
) -> None:
    story.job("etl", schedule="0 2 * * *")

    for day in ("Tue", "Wed", "Thu", "Fri"):
        story.at(f"{day} 02:00").starts("etl")
    story.until("Fri 23:00")

    when = [h for h in story.heard if h[2] == "firing"]
    assert when == [("Thu 02:00", *HOST_IS_GONE)]
    assert story.titles[0] == "never reported an end, 2 d after it started"
    assert story.open == [("etl", "stalled", "critical")]


def test_where_it_is_known_how_long_it_takes_one_round_is_enough(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")

    _nights(story, "etl", "Tue", "Wed", "Thu")
    story.at("Fri 02:00").starts("etl")
    story.at("Sat 02:00").starts("etl")
    story.until("Sat 02:10")

    assert story.heard == [("Sat 02:01", *HOST_IS_GONE)]
    story.at("Sat 02:30").succeeds("etl")
    assert story.heard[-1] == ("Sat 02:30", "critical", "resolved")
    assert story.silent_until("Sun 02:00")


def test_a_run_that_a_later_good_one_has_overtaken_is_not_told_of(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")

    story.at("02:00").starts("etl", run="killed")
    _nights(story, "etl", "Wed", "Thu")

    assert story.silent_until("Fri 01:59")


def test_a_frequent_job_that_takes_long_for_once_gives_no_alarm(story: Story) -> None:
    story.job("sync", schedule="*/5 2 * * *")

    story.at("02:00").starts("sync", run="long")
    for minute in range(5, 60, 5):
        story.at(f"02:{minute:02}").skips("sync", run=f"{minute}")
    story.at("03:00").skips("sync", run="60")
    story.at("03:04").succeeds("sync", run="long")

    assert story.messages == []


def test_a_job_that_usually_takes_long_has_ten_times_as_long(story: Story) -> None:
    story.job("train", schedule="0 2 * * *", grace=600)

    for day in ("Tue", "Wed", "Thu"):
        story.at(f"{day} 02:00").starts("train")
        story.at(f"{day} 07:00").succeeds("train")
    for day in ("Fri", "Sat", "Sun"):
        story.at(f"{day} 02:00").starts("train")

    assert story.silent_until("Sun 03:59")
    story.until("Sun 04:00")
    assert story.heard == [("Sun 04:00", *HOST_IS_GONE)]


def test_a_run_without_a_schedule_may_take_as_long_as_it_likes(story: Story) -> None:
    story.at("02:00").starts("etl")

    assert story.silent_until("Mon 02:00")


def test_what_ended_while_nobody_could_hear_it_is_unknown(story: Story) -> None:
    story.job("etl", schedule="0 1 * * *")

    story.at("01:00").starts("etl", run="a")
    story.down("02:00", "03:00")
    story.until("04:00")

    assert story.heard == [("03:05:01", "critical", "firing")]
    assert story.last.job == "tocsin"
    assert ("etl", "run a has not reported an end") in story.last.evidence
    story.at("Wed 01:00").starts("etl", run="b")
    story.at("Wed 01:30").succeeds("etl", run="b")
    assert story.heard[-1] == ("Wed 01:30", "critical", "resolved")
    assert story.silent_until("Thu 00:59")


def test_a_run_that_usually_takes_longer_than_the_outage_has_twice_that_time(story: Story) -> None:
    story.job("etl", schedule="0 1 * * *")

    story.at("01:00").starts("etl")
    story.at("05:00").succeeds("etl")
    story.at("Wed 01:00").starts("etl")
    story.down("Wed 02:00", "Wed 03:00")
    story.at("Wed 08:59").succeeds("etl")

    assert story.messages == []


def test_what_a_client_delivers_within_the_wait_is_known(story: Story) -> None:
    story.job("etl", schedule="0 1 * * *")

    story.at("01:00").starts("etl", run="a")
    story.down("02:00", "03:00")
    story.at("03:04").succeeds("etl", run="a", happened="02:30")

    assert story.silent_until("Wed 00:59")
