"""Alerts that somebody takes in hand for a time, or puts off until a time, a run or a success."""

from tests.stories.story import Story


def test_an_acknowledgement_that_ends_is_told_again_then(story: Story) -> None:
    story.at("08:00").fails("etl")
    moment = story.at("08:10").acknowledges("ann", until="10:10")
    assert moment.told == "acknowledged until 2026-03-10 10:10 UTC; then it is told again if it still holds"

    assert story.silent_until("10:09:59")
    story.until("10:10")

    assert story.heard[-1] == ("10:10", "critical", "repeat")
    assert story.history("etl")[-3:] == [
        ("08:10", "acknowledged"),
        ("10:10", "acknowledgement_ended"),
        ("10:10", "repeated"),
    ]
    assert story.silent_until("14:09:59")
    story.until("14:10")
    assert story.heard[-1] == ("14:10", "critical", "repeat")


def test_what_is_over_before_an_acknowledgement_ends_is_not_told_again(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").acknowledges("ann", until="10:10")
    story.at("09:00").succeeds("etl")

    assert story.heard[-1] == ("09:00", "critical", "resolved")
    assert story.silent_until("Wed 08:00")


def test_an_end_is_kept_also_while_the_server_is_away(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").acknowledges("ann", until="10:10")
    story.down("09:00", "11:00")
    story.until("12:00")

    assert [kind for _, _, kind in story.heard] == ["firing", "repeat"]


def test_a_silence_keeps_back_what_an_ended_acknowledgement_owes(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").acknowledges("ann", until="10:10").silences("job=etl", "11:00")

    assert story.silent_until("10:59:59")
    story.until("11:00")
    assert story.heard[-1] == ("11:00", "critical", "repeat")


def test_a_snooze_until_a_time(story: Story) -> None:
    story.at("08:00").fails("etl")
    moment = story.at("08:10").snoozes("ann", until="13:00")
    assert moment.told == "snoozed until 2026-03-10 13:00 UTC; it is told at once if it gets worse"

    assert story.silent_until("12:59:59")
    story.until("13:00")
    assert story.heard[-1] == ("13:00", "critical", "repeat")
    assert ("08:10", "snoozed") in story.history("etl")
    assert ("13:00", "snooze_ended") in story.history("etl")


def test_a_snooze_until_the_next_run_ends_when_that_has_failed_too(story: Story) -> None:
    story.at("08:00").fails("etl", run="a")
    moment = story.at("08:10").snoozes("ann", end="next_run")
    assert "until its next run has ended, at most until 2026-03-17 08:10 UTC" in moment.told

    story.at("20:00").starts("etl", run="b")
    assert story.silent_until("20:30")
    assert len(story.heard) == 1
    story.at("20:30").fails("etl", run="b")
    assert story.heard[-1] == ("20:30", "critical", "repeat")


def test_a_snooze_until_the_next_success_passes_over_failures(story: Story) -> None:
    story.at("08:00").fails("etl", run="a")
    story.at("08:10").snoozes("ann", end="next_success")
    story.at("20:30").fails("etl", run="b")
    assert story.silent_until("Wed 07:00")

    story.at("Wed 08:00").succeeds("etl", run="c")
    assert story.heard[-1] == ("Wed 08:00", "critical", "resolved")
    assert len(story.heard) == 2


def test_who_snoozes_what_is_in_hand_or_over_is_told_so(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").acknowledges("ann")

    moment = story.at("08:20").snoozes("bob", until="13:00")

    assert (
        moment.told == "ann acknowledged it already at 2026-03-10 08:10 UTC, so there is nothing to put off"
    )


def test_an_end_in_the_past_or_in_the_distant_future_is_refused(story: Story) -> None:
    story.at("08:00").fails("etl")
    moment = story.at("08:10")

    for until in ("08:10", "2027-03-12 08:10"):
        assert moment.snoozes("ann", until=until).told == "it must end in the future, and within 366 days"
        assert moment.acknowledges("ann", until=until).told.startswith("it must end")
    assert ("08:10", "acknowledged") not in story.history("etl")


def test_what_fails_the_next_night_is_told_though_somebody_has_the_first_in_hand(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")
    story.at("02:00").starts("etl", run="a").fails("etl", run="a")
    story.at("02:20").acknowledges("ann")
    story.at("Wed 02:00").starts("etl", run="b").fails("etl", run="b")
    assert story.silent_until("Wed 02:19")
    story.until("Wed 02:21")

    assert story.heard[-1] == ("Wed 02:20", "critical", "repeat")
    assert dict(story.last.evidence)["acknowledged"] == (
        "by ann at 2026-03-10 02:20 UTC; it has come again since"
    )
    assert story.history("etl")[-2:] == [("Wed 02:20", "acknowledgement_ended"), ("Wed 02:20", "repeated")]
    story.at("Wed 02:30").acknowledges("bob")
    assert story.silent_until("Thu 01:59")


def test_what_has_not_come_again_stays_in_hand(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")
    story.at("02:00").starts("etl", run="a").fails("etl", run="a")
    story.at("02:20").acknowledges("ann")
    story.at("03:00").fails("etl", run="a2", nominal="02:00")

    assert story.silent_until("Wed 01:59")


def test_a_job_that_fails_every_five_minutes_is_told_once_a_day_while_it_is_in_hand(story: Story) -> None:
    story.at("00:00").fails("etl", run="a")
    story.at("00:01").acknowledges("ann")
    for number in range(1, 12 * 24):
        story.at(f"{number // 12:02}:{number % 12 * 5:02}").fails("etl", run=f"b{number}")
    assert len(story.heard) == 1
    story.until("Wed 00:10")

    assert story.heard[1:] == [("Wed 00:01", "critical", "repeat")]


def test_runs_that_do_not_start_either_are_told_though_the_first_is_in_hand(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")
    story.at("02:10").acknowledges("ann")
    story.until("Wed 03:00")

    assert story.heard[-1] == ("Wed 02:10", "critical", "repeat")


def test_an_acknowledgement_with_an_end_holds_until_then(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")
    story.at("02:00").starts("etl", run="a").fails("etl", run="a")
    story.at("02:20").acknowledges("ann", until="Fri 12:00")
    story.at("Wed 02:00").starts("etl", run="b").fails("etl", run="b")

    assert story.silent_until("Thu 02:00")
