"""Many jobs in trouble at once: few messages, nobody forgotten."""

from dataclasses import replace

from tests.stories.story import Story
from tocsin.alerts.alert import AlertState


def test_the_first_of_a_group_is_told_at_once_and_the_next_after_a_moment(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:00:10").fails("load")

    story.until("02:01")

    assert story.heard_of("etl") == [("02:00", "critical", "firing")]
    assert story.heard_of("load") == [("02:00:40", "critical", "firing")]


def test_a_storm_is_told_once_and_once_more_with_the_total(story: Story) -> None:
    for second in range(60):
        for number in range(5):
            story.at(f"02:00:{second:02}").fails(f"job-{second}-{number}")

    story.until("02:10")

    first, storm = story.messages
    assert (first.message.job, first.message.kind.value) == ("job-0-0", "firing")
    assert storm.message.job == "299 more jobs"
    assert (first.message.tells_of_many, storm.message.tells_of_many) == (False, True)
    assert story.clock_time(storm.at) == "02:01:29"
    named = dict(storm.message.evidence)["jobs"]
    assert named.startswith("job-0-1, job-0-2, job-0-3, job-0-4, job-1-0, job-1-1")
    assert named.endswith("and 289 more")


def test_troubles_of_several_kinds_are_not_called_the_same(story: Story) -> None:
    story.route = replace(story.route, group_by=("environment",))
    for number in range(6):
        story.at("02:00").fails(f"job-{number}")
        story.at("02:00").succeeds(f"load-{number}", records=0)

    story.until("02:10")

    storm = story.messages[-1].message
    assert (storm.job, storm.title) == ("11 more jobs", "raised alerts")


def test_a_storm_is_told_by_the_times_of_its_own_route_wherever_a_reload_puts_that(story: Story) -> None:
    story.time_interval("morning", "00:00-14:00")
    story.routes(("severity=critical", "data"))
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.until("02:00:10")
    story.routes(("team=other", "other", "mute=morning"), ("severity=critical", "data"))
    story.reloads()

    story.until("03:00")

    assert [(story.clock_time(told.at), told.message.job) for told in story.messages] == [
        ("02:00", "job-0"),
        ("02:00:30", "9 more jobs"),
    ]


def test_a_storm_is_kept_quiet_by_its_own_route_wherever_a_reload_puts_that(story: Story) -> None:
    story.time_interval("morning", "02:00-14:00")
    story.routes(("team=other", "other"), ("severity=critical", "data"))
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.until("02:00:10")
    story.routes(("severity=critical", "data", "mute=morning"), ("team=other", "other"))
    story.reloads()

    story.until("15:00")

    told = [story.clock_time(told.at) for told in story.messages if told.message.job == "9 more jobs"]
    assert told == ["14:00"]


def test_what_most_of_a_storm_have_in_common_is_named(story: Story) -> None:
    for number in range(20):
        story.at("02:00").fails(f"job-{number}", error=f"connection to db-7:5432 refused (pid {number})")

    story.until("02:10")

    assert story.messages[-1].message.likely_cause == "all 19 report: connection to db-… refused (pid …)"


def test_the_end_of_a_storm_is_told_once_and_only_when_all_is_over(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    for number in range(9):
        story.at("03:00").succeeds(f"job-{number}")
    assert story.messages[-1].message.kind.value == "resolved"
    assert story.messages[-1].message.job == "job-0"

    story.at("03:30").succeeds("job-9")

    last = story.messages[-1]
    assert (story.clock_time(last.at), last.message.kind.value, last.message.job) == (
        "03:30",
        "resolved",
        "9 jobs",
    )
    assert len(story.messages) == 4


def test_a_storm_that_goes_on_is_repeated_as_one_until_all_of_it_is_in_hand(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")

    story.until("06:01")

    assert [h.message.job for h in story.messages if h.message.kind.value == "repeat"] == [
        "job-0",
        "9 jobs",
    ]
    story.at("06:02").acknowledges_all("ann")
    assert story.silent_until("23:00")


def test_what_is_over_before_it_was_told_is_not_counted(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    for number in range(4, 10):
        story.at("02:00:10").succeeds(f"job-{number}")

    story.until("02:05")

    assert [h.message.job for h in story.messages] == ["job-0", "job-1", "job-2", "job-3"]


def test_a_page_waits_for_nobody_while_there_are_few(story: Story) -> None:
    story.rule("job_failure", severity="page")
    for number in range(8):
        story.at("02:00").fails(f"job-{number}")

    story.until("02:00:01")
    assert [h.message.job for h in story.messages] == ["job-0", "job-1", "job-2", "job-3"]

    story.until("02:01")
    assert [h.message.job for h in story.messages[4:]] == ["4 more jobs"]
    assert story.clock_time(story.messages[4].at) == "02:00:05"


def test_different_troubles_are_different_groups(story: Story) -> None:
    story.job("late", schedule="0 2 * * *", grace=5)
    story.at("02:04").fails("etl")

    story.until("02:06")

    assert story.heard_of("etl") == [("02:04", "critical", "firing")]
    assert story.heard_of("late") == [("02:05", "critical", "firing")]


def test_after_a_crash_a_storm_is_told_once_all_the_same(story: Story) -> None:
    for number in range(20):
        story.at("02:00").fails(f"job-{number}")

    story.down("02:00:10", "02:00:50")
    story.until("02:10")

    assert [h.message.job for h in story.messages] == ["job-0", "19 more jobs"]


def test_what_gets_louder_is_told_again_as_one(story: Story) -> None:
    for number in range(10):
        story.job(f"job-{number}", deadline="02:30", warn=30, critical=15)

    story.until("02:20")

    assert story.heard_of("job-0") == [("02:00", "warning", "firing"), ("02:15", "critical", "louder")]
    assert story.heard_of("9 more jobs") == [
        ("02:00:30", "warning", "firing"),
        ("02:15:30", "critical", "firing"),
    ]
    assert story.heard_of("9 jobs") == []

    for number in range(10):
        story.at("02:25").succeeds(f"job-{number}")
    assert story.heard_of("9 jobs") == [("02:25", "critical", "resolved"), ("02:25", "warning", "resolved")]


def test_what_got_louder_than_its_group_is_not_taken_in_hand_with_it(story: Story) -> None:
    for number in range(10):
        story.job(f"job-{number}", deadline="02:30", warn=30, critical=15 if number == 5 else 1)

    story.at("02:20").acknowledges_the_group("ann")

    firing = [alert.job for alert in story.alerts() if alert.state is AlertState.FIRING]
    assert sorted(firing) == ["job-0", "job-5"]


def test_a_group_taken_in_hand_for_a_time_is_told_again_after_it(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.at("02:10").acknowledges_the_group("ann", until="03:00")

    told = len(story.messages)
    story.until("02:59:59")
    assert len(story.messages) == told

    story.until("03:10")
    assert [h.message.job for h in story.messages[told:]] == ["job-1", "8 jobs"]
    assert [h.message.kind.value for h in story.messages[told:]] == ["firing", "repeat"]


def test_a_group_cannot_be_taken_in_hand_until_an_instant_that_has_passed(story: Story) -> None:
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")

    told = story.at("02:10").acknowledges_the_group("ann", until="02:05").told

    assert told.startswith("it must end in the future")
    assert all(alert.state is AlertState.FIRING for alert in story.alerts())


def test_a_job_that_all_of_a_storm_need_is_named_as_its_cause(story: Story) -> None:
    for number in range(10):
        story.job(f"job-{number}", upstream=("extract",), labels=(("team", "data"),))
    for number in range(10):
        story.at("02:00").fails(f"job-{number}", error=f"{'abcdefghij'[number] * 5} is broken")

    story.until("02:10")

    assert story.messages[-1].message.likely_cause == "all 9 need extract"
