"""One alert may go several ways, and a way may be closed for a time."""

from dataclasses import replace

from tests.stories.story import Story
from tests.stories.test_storms_escalate import MANAGER, ON_CALL


def test_a_route_that_continues_tells_its_receiver_and_the_next_one(story: Story) -> None:
    story.routes(("severity=critical", "audit", "continue"), ("job=etl", "data"), ("job=etl", "never"))

    story.at("02:00").fails("etl")

    assert story.heard_by("audit") == story.heard_by("data") == [("02:00", "critical", "firing")]
    assert story.heard_by("never") == story.heard_by("team") == []


def test_a_receiver_on_two_ways_is_told_once(story: Story) -> None:
    story.routes(("severity=critical", "data", "continue"), ("job=etl", "data"))

    story.at("02:00").fails("etl")

    assert story.heard == [("02:00", "critical", "firing")]


def test_a_muted_way_is_told_when_its_time_is_over_and_the_history_says_why(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "data", "mute=night"))

    story.at("02:00").fails("etl")
    assert story.silent_until("05:59:59")
    story.until("06:00")

    assert story.heard_by("data") == [("06:00", "critical", "firing")]
    assert story.history("etl") == [("02:00", "opened"), ("02:00", "muted"), ("06:00", "told")]
    assert story.notes("etl")[1] == "data by night until 2026-03-10 06:00 UTC (route/routes[0])"


def test_a_way_with_active_times_is_told_when_they_begin(story: Story) -> None:
    story.begins("2026-03-07", zone="Europe/Berlin")
    story.time_interval("office", "09:00-17:00", weekdays="monday:friday", zone="Europe/Berlin")
    story.routes(("job=etl", "data", "active=office"))

    story.at("12:00").fails("etl")
    story.until("Mon 10:00")

    assert story.heard == [("Mon 09:00", "critical", "firing")]


def test_one_way_is_told_at_once_and_the_muted_one_afterwards(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "pager", "continue"), ("job=etl", "data", "mute=night"))

    story.at("03:00").fails("etl")
    story.until("06:30")

    assert story.heard_by("pager") == [("03:00", "critical", "firing")]
    assert story.heard_by("data") == [("06:00", "critical", "firing")]
    assert [why for _, why in story.history("etl")] == ["opened", "told", "muted", "caught_up"]


def test_whoever_was_muted_when_it_got_worse_hears_so_later(story: Story) -> None:
    story.time_interval("morning", "07:15-09:15")
    story.routes(("job=report", "pager", "continue"), ("job=report", "data", "mute=morning"))
    story.job("report", deadline="09:00", warn=120, critical=90)

    story.until("10:00")

    assert story.heard_by("pager") == [
        ("07:00", "warning", "firing"),
        ("07:30", "critical", "louder"),
        ("09:00", "critical", "louder"),
    ]
    assert story.heard_by("data") == [
        ("07:00", "warning", "firing"),
        ("09:15", "critical", "louder"),
    ]


def test_what_was_over_before_its_time_came_is_never_told_there(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "pager", "continue"), ("job=etl", "data", "mute=night"))

    story.at("02:00").fails("etl")
    story.at("03:00").succeeds("etl")
    story.until("07:00")

    assert [kind for _, _, kind in story.heard_by("pager")] == ["firing", "resolved"]
    assert story.heard_by("data") == []


def test_what_was_opened_on_a_way_is_closed_there_while_it_is_muted(story: Story) -> None:
    story.time_interval("later", "03:00-06:00")
    story.routes(("job=etl", "data", "mute=later"))

    story.at("02:00").fails("etl")
    story.at("04:00").succeeds("etl")

    assert story.heard_by("data") == [("02:00", "critical", "firing"), ("04:00", "critical", "resolved")]


def test_what_somebody_has_in_hand_is_not_told_when_the_way_opens(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "pager", "continue"), ("job=etl", "data", "mute=night"))

    story.at("02:00").fails("etl")
    story.at("03:00").acknowledges("ann")
    story.until("07:00")

    assert story.heard_by("data") == []


def test_a_silence_holds_beyond_the_end_of_a_time_interval(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "pager", "continue"), ("job=etl", "data", "mute=night"))

    story.at("04:00").fails("etl")
    story.at("05:00").silences("job=etl", until="07:00")
    story.until("07:00")

    assert story.heard_by("data") == [("07:00", "critical", "firing")]
    assert story.heard_by("pager") == [("04:00", "critical", "firing")]


def test_two_intervals_that_follow_each_other_mute_until_the_end_of_the_second(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.time_interval("morning", "06:00-08:00")
    story.routes(("job=etl", "data", "mute=night,morning"))

    story.at("02:00").fails("etl")
    story.until("09:00")

    assert story.heard == [("08:00", "critical", "firing")]
    assert [why for _, why in story.history("etl")] == ["opened", "muted", "told"]


def test_a_way_that_is_never_open_says_nothing_until_the_routes_change(story: Story) -> None:
    story.time_interval("always", "")
    story.routes(("job=etl", "data", "mute=always"))

    story.at("02:00").fails("etl")
    assert story.silent_until("Mon 08:00")
    story.routes(("job=etl", "data"))
    story.reloads()

    assert story.heard == [("Mon 08:00", "critical", "firing")]


def test_a_storm_is_told_on_a_muted_way_when_it_opens_as_one_there_too(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("severity=critical", "pager", "continue"), ("severity=critical", "data", "mute=night"))

    for number in range(8):
        story.at("03:00").fails(f"etl-{number}")
    story.until("06:10")

    assert [at for at, _, _ in story.heard_by("pager")] == ["03:00", "03:00:30"]
    assert [at for at, _, _ in story.heard_by("data")] == ["06:00", "06:00:30"]
    assert story.last.job == "7 more jobs"
    assert [why for _, why in story.history("etl-7")] == ["opened", "grouped", "muted", "grouped"]


def test_a_group_is_quiet_while_its_way_is_and_says_afterwards_what_is_left(story: Story) -> None:
    story.time_interval("late", "21:00-23:30")
    story.routes(("severity=critical", "data", "mute=late"))

    for number in range(8):
        story.at("20:59:50").fails(f"etl-{number}")
    story.until("23:45")

    assert [(h.message.job, at) for h, (at, _, _) in zip(story.messages, story.heard, strict=True)] == [
        ("etl-0", "20:59:50"),
        ("7 more jobs", "23:30"),
    ]


def test_a_group_is_not_repeated_while_its_way_is_quiet_and_ends_all_the_same(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("severity=critical", "data", "mute=night"))

    for number in range(8):
        story.at("21:00").fails(f"etl-{number}")
    story.until("21:30")
    assert story.silent_until("Wed 05:30")
    for number in range(8):
        story.at("Wed 05:30").succeeds(f"etl-{number}")
    story.until("Wed 08:00")

    assert [kind for _, _, kind in story.heard] == ["firing", "firing", "resolved", "resolved"]
    assert {at for at, _, kind in story.heard if kind == "resolved"} == {"Wed 05:30"}


def test_a_mute_time_that_a_reload_takes_out_keeps_nothing_back_any_more(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "data", "mute=night"))
    story.escalates(ON_CALL, MANAGER)
    story.at("02:00").fails("etl")
    assert story.silent_until("02:30")

    story.route = replace(story.route, routes=(replace(story.route.routes[0], mute_time_intervals=()),))
    story.reloads()
    story.until("03:00")

    assert story.heard_by("data") == story.heard_by("ann") == [("02:30", "critical", "firing")]
    assert story.heard_by("bob") == [("02:45", "critical", "escalated")]
    assert [why for _, why in story.history("etl")] == [
        "opened",
        "muted",
        "told",
        "escalation_begun",
        "escalated",
    ]


def test_a_mute_time_that_a_reload_brings_lets_what_is_open_rest(story: Story) -> None:
    story.time_interval("night", "00:00-06:00")
    story.routes(("job=etl", "data"))
    story.escalates(ON_CALL, MANAGER)
    story.at("02:00").fails("etl")
    story.until("02:10")

    story.route = replace(
        story.route, routes=(replace(story.route.routes[0], mute_time_intervals=("night",)),)
    )
    story.reloads()
    story.until("06:20")

    assert story.heard_by("ann")[0] == ("02:00", "critical", "firing")
    assert {at for at, _, _ in story.heard[2:]} == {"06:00", "06:15"}
    assert story.heard_by("bob") == [("06:15", "critical", "escalated")]
