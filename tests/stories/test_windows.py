"""Shares over the last hours: what fails now and then, and what fails too often."""

from tests.stories.story import Story


def test_too_many_bad_runs_of_a_day_are_told_once_and_end_when_the_day_has_passed(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.18, window_minutes=24 * 60)
    for hour in range(10):
        story.at(f"{hour:02}:00").succeeds("load", run=f"good-{hour}")
    for minute in (10, 20, 30):
        story.at(f"10:{minute}").fails("load", run=f"bad-{minute}")
        story.at(f"10:{minute + 5}").succeeds("load", run=f"again-{minute}")

    assert story.open == [("load", "failure_rate", "warning")]
    story.until("Wed 12:00")
    heard = [(at, kind) for at, _, kind in story.heard if kind != "repeat"]
    assert heard == [("10:30", "firing"), ("Wed 10:15", "resolved")], "a day later four runs are too few"


def test_a_share_is_not_told_of_too_few_runs(story: Story) -> None:
    story.rule("failure_rate", of="runs", threshold=0.2, window_minutes=60, fewest=3)

    story.at("02:00").fails("load", run="a").succeeds("load", run="b")
    assert ("load", "failure_rate", "warning") not in story.open

    story.at("02:01").succeeds("load", run="c")
    assert ("load", "failure_rate", "warning") in story.open


def test_it_ends_at_the_instant_at_which_the_bad_run_leaves_the_window(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.2, window_minutes=60, fewest=2)
    story.at("02:00").fails("load", run="a")
    story.at("02:30").succeeds("load", run="b")

    story.until("05:00")

    assert story.heard == [("02:30", "warning", "firing"), ("03:00", "warning", "resolved")]
    assert story.titles[0] == "more than 20 % of its runs of the last 1 h failed"


def test_records_of_many_runs_count_together(story: Story) -> None:
    story.job("load", max_failure_rate=0.05)
    story.rule("failure_rate", window_minutes=180)
    story.at("02:00").succeeds("load", run="a", records=900, failed_records=100)
    assert story.heard == [("02:00", "warning", "firing")]

    story.at("03:00").succeeds("load", run="b", records=2000, failed_records=0)
    assert story.heard[1:] == [("03:00", "warning", "resolved")]
    assert story.titles[0] == "more than 5 % of its records of the last 3 h failed"


def test_a_backfill_is_not_counted(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.0, window_minutes=60, fewest=1)

    story.at("02:00").fails("load", run="a", backfill=True, nominal="2026-03-01 02:00")

    assert story.silent_until("04:00")


def test_what_is_told_late_counts_when_it_ended(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.4, window_minutes=60, fewest=2)
    story.at("02:00").succeeds("load", run="a")

    story.at("02:50").fails("load", run="b", happened="01:55")
    assert story.heard == [("02:50", "warning", "firing")]
    assert story.silent_until("02:54")

    story.until("04:00")
    assert story.heard[1:] == [("02:55", "warning", "resolved")]


def test_a_run_that_ends_anew_counts_once(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.5, window_minutes=24 * 60, fewest=2)
    story.at("02:00").starts("load", run="a").fails("load", run="a")
    for number in range(30):
        story.at("02:10").succeeds("load", run=f"b{number}")
    story.at("03:00").starts("load", run="a", attempt=2)
    story.at("03:10").fails("load", run="a", attempt=2)

    with_it = story.watch("load").state
    assert with_it.tallies.count("[") + len([o for o in with_it.recent if o.is_run]) == 31


def test_over_many_runs_nothing_grows_and_the_share_stays_known(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.3, window_minutes=24 * 60)
    for number in range(200):
        moment = story.at(f"{number // 15:02}:{number % 15 * 4:02}")
        if number % 4 == 3:
            moment.fails("load", run=f"r{number}")
        else:
            moment.succeeds("load", run=f"r{number}")

    state = story.watch("load").state
    assert len(state.recent) == 20
    assert state.tallies.count("[") <= 64
    assert story.heard == []


def test_while_nobody_could_be_heard_nothing_leaves_the_window(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.4, window_minutes=60, fewest=2)
    story.at("02:00").fails("load", run="a")
    story.at("02:10").succeeds("load", run="b")
    assert story.heard == [("02:10", "warning", "firing")]

    story.down(since="02:50", until="03:10")
    story.at("03:12").fails("load", run="c", happened="02:55")
    story.until("03:14")
    assert [kind for _, _, kind in story.heard if kind == "resolved"] == []


def test_a_person_declares_a_window_over(story: Story) -> None:
    story.rules = ()
    story.rule("failure_rate", of="runs", threshold=0.4, window_minutes=600, fewest=2)
    story.at("02:00").fails("load", run="a").fails("load", run="b")
    assert story.open == [("load", "failure_rate", "warning")]

    story.at("02:10").resolves("ann")
    story.at("02:20").succeeds("load", run="c").succeeds("load", run="d")
    assert story.open == []
