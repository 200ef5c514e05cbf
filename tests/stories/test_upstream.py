"""What follows from the trouble of a job that another needs is not told beside it."""

from tests.stories.story import Story


def test_what_is_late_because_of_what_it_needs_is_not_told_beside_it(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.until("23:00")

    assert story.heard_of("report") == []
    assert ("report", "missing_run", "critical") in story.open
    assert [h for h in story.history("report") if h[0] == "03:05"] == [
        ("03:05", "opened"),
        ("03:05", "inhibited"),
    ]
    assert story.notes("report")[1].endswith("of extract is open, which it needs")


def test_what_still_holds_is_told_a_moment_after_the_end_of_what_muted_it(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.at("04:00").succeeds("extract")
    story.until("05:00")

    assert story.heard_of("report") == [("04:00:15", "critical", "firing")]
    assert story.history("report")[2:] == [("04:00", "inhibition_ended"), ("04:00:15", "told")]


def test_what_ends_in_that_moment_is_never_told(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.at("04:00").succeeds("extract")
    story.at("04:00:10").succeeds("report")

    assert story.silent_until("23:00")
    assert story.heard_of("report") == []


def test_a_cause_that_is_found_out_a_moment_later_is_waited_for(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))

    story.at("03:05:10").fails("extract")
    story.until("05:00")

    assert [h[0] for h in story.heard_of("extract")] == ["03:05:10"]
    assert story.heard_of("report") == []


def test_without_such_a_cause_it_is_told_after_that_moment(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))

    story.until("05:00")

    assert story.heard_of("report") == [("03:05:15", "critical", "firing")]


def test_its_own_failure_is_told(story: Story) -> None:
    story.job("report", upstream=("extract",))
    story.at("02:00").fails("extract")

    story.at("03:00").fails("report")
    story.until("03:10")

    assert [kind for _, _, kind in story.heard_of("report")] == ["firing"]


def test_what_began_at_a_receiver_is_closed_there_though_it_was_muted_in_between(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.until("04:00")
    assert story.heard_of("report") == [("03:05:15", "critical", "firing")]

    story.at("04:00").fails("extract")
    story.until("12:00")
    assert len(story.heard_of("report")) == 1  # its repeats are muted

    story.at("12:00").succeeds("report")
    assert story.heard_of("report")[1:] == [("12:00", "critical", "resolved")]
