"""An open alert belongs to whomever its job belongs to by now, and tells what to do as it stands by now."""

from dataclasses import replace

from tests.stories.story import Story
from tocsin.alerts.route import Route
from tocsin.oncall.escalation import Level

TEAM_A, TEAM_B = (("team", "a"),), (("team", "b"),)


def test_an_alert_that_went_to_the_wrong_team_is_told_to_the_right_one_once_its_label_is_mended(
    story: Story,
) -> None:
    story.routes(("team=a", "a"), ("team=b", "b"))
    story.job("etl", schedule="0 2 * * *", labels=TEAM_A)
    story.until("03:00")
    story.job("etl", schedule="0 2 * * *", labels=TEAM_B)
    story.reloads()
    story.at("08:00").succeeds("etl")

    assert story.heard_by("a") == [("02:05", "critical", "firing"), ("08:00", "critical", "resolved")]
    assert story.heard_by("b") == [
        ("03:00", "critical", "firing"),
        ("07:00", "critical", "repeat"),
        ("08:00", "critical", "resolved"),
    ]
    assert ("03:00", "caught_up") in story.history("etl")


def test_a_label_that_a_check_in_brings_moves_the_alert_too(story: Story) -> None:
    story.routes(("team=a", "a"), ("team=b", "b"))
    story.at("02:00").fails("etl", labels=TEAM_A)
    story.at("02:10").logs("etl", run="x", labels=TEAM_B)

    assert story.heard_by("b") == [("02:10", "critical", "firing")]
    assert story.silent_until("06:00")


def test_whoever_a_new_route_names_hears_of_what_is_open(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.until("02:30")
    story.receiver("new")
    story.route = Route(receiver="new")
    story.reloads()
    story.until("02:31")

    assert story.heard_by("new") == [("02:30", "critical", "firing")]


def test_whoever_was_told_already_hears_nothing_anew_by_a_reload(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.until("02:30")
    story.routes(("job=etl", "team"), default="other")
    story.reloads()

    assert story.silent_until("05:59")


def test_what_somebody_has_in_hand_moves_without_a_word(story: Story) -> None:
    story.routes(("team=a", "a"), ("team=b", "b"))
    story.job("etl", schedule="0 2 * * *", labels=TEAM_A)
    story.at("02:30").acknowledges("ann")
    story.job("etl", schedule="0 2 * * *", labels=TEAM_B)
    story.reloads()

    assert story.silent_until("12:00")


def test_a_silence_holds_an_alert_by_the_labels_that_its_job_has_by_now(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", labels=TEAM_A)
    story.at("02:30").silences("team=b", until="12:00")
    story.job("etl", schedule="0 2 * * *", labels=TEAM_B)
    story.reloads()

    assert story.silent_until("11:59")


def test_a_repeat_names_the_runbook_as_it_is_by_now(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", runbook="https://wiki/old")
    story.until("03:00")
    story.job("etl", schedule="0 2 * * *", runbook="https://wiki/new")
    story.reloads()
    story.until("06:05")

    assert story.heard[-1] == ("06:05", "critical", "repeat")
    assert ("runbook", "https://wiki/new") in [(link.name, link.url) for link in story.last.links]


def test_the_levels_of_the_right_team_are_climbed_from_then_on(story: Story) -> None:
    a = Level(name="a", targets=("ann",), timeout_minutes=60)
    a_next = Level(name="a2", targets=("amy",), timeout_minutes=60)
    b = Level(name="b", targets=("bob",), timeout_minutes=60)
    story.escalates(a, a_next, name="of-a")
    story.escalates(b, name="of-b")
    story.routes(("team=a", "a"), ("team=b", "b"))
    first, second = story.route.routes
    branches = (replace(first, escalation="of-a"), replace(second, escalation="of-b"))
    story.route = replace(story.route, routes=branches)
    story.job("etl", schedule="0 2 * * *", labels=TEAM_A)
    story.until("02:30")
    story.job("etl", schedule="0 2 * * *", labels=TEAM_B)
    story.reloads()
    story.until("05:00")

    assert [at for at, _, _ in story.heard_by("ann")] == ["02:05"]
    assert [at for at, _, _ in story.heard_by("bob")] == ["02:30"]
    assert story.heard_by("amy") == []
