"""Maintenance windows come again and mute what they match; they never hide that it is wrong or over."""

from tests.stories.story import Story
from tocsin.oncall.escalation import Level

BOSS = Level(name="boss", targets=("boss",), timeout_minutes=30)


def test_what_fails_in_a_window_is_judged_and_told_when_the_window_closes(story: Story) -> None:
    story.maintains("warehouse upgrade", 'job=~"etl.*"', "02:00-04:00")
    story.at("02:30").fails("etl")

    assert story.silent_until("03:59:59")
    assert story.open == [("etl", "job_failure", "critical")]
    story.until("04:00")
    assert story.heard == [("04:00", "critical", "firing")]


def test_the_history_names_the_window_that_kept_an_alert_back(story: Story) -> None:
    story.maintains("warehouse upgrade", "job=etl", "02:00-04:00")
    story.at("02:30").fails("etl")
    story.until("04:00")

    assert story.history("etl") == [("02:30", "opened"), ("02:30", "maintenance"), ("04:00", "told")]
    assert story.notes("etl")[1] == "maintenance warehouse upgrade: upgrade"


def test_a_window_comes_again_on_its_days_and_by_the_clock_of_its_zone(story: Story) -> None:
    story.maintains("patches", "job=etl", "01:00-03:00", weekdays="tuesday", zone="America/New_York")
    story.at("05:30").fails("etl", run="1").succeeds("etl", run="2")
    story.at("Wed 05:30").fails("etl", run="3").succeeds("etl", run="4")
    story.at("2026-03-17 06:30").fails("etl", run="5").succeeds("etl", run="6")

    assert [(at, kind) for at, _, kind in story.heard] == [("Wed 05:30", "firing"), ("Wed 05:30", "resolved")]


def test_what_was_over_before_the_window_closed_is_never_told(story: Story) -> None:
    story.maintains("upgrade", "job=etl", "02:00-04:00")
    story.at("02:30").fails("etl")
    story.at("03:00").succeeds("etl")

    assert story.silent_until("05:00")
    assert story.open == []


def test_what_was_opened_at_the_receiver_is_closed_there_also_within_a_window(story: Story) -> None:
    story.maintains("upgrade", "job=etl", "02:00-04:00")
    story.at("01:50").fails("etl")
    story.at("02:30").succeeds("etl")

    assert story.heard == [("01:50", "critical", "firing"), ("02:30", "critical", "resolved")]


def test_a_window_mutes_only_what_it_matches(story: Story) -> None:
    story.maintains("upgrade", "{job=etl, severity!=page}", "02:00-04:00")
    story.rule("job_failure", severity="page")

    story.at("02:30").fails("etl").fails("load")

    assert [at for at, _, _ in story.heard] == ["02:30", "02:30"]


def test_louder_news_wait_for_the_window_to_close_and_are_told_once(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)
    story.maintains("upgrade", "job=report", "07:10-10:00")
    story.until("10:00")

    assert story.heard == [("07:00", "warning", "firing"), ("10:00", "page", "louder")]


def test_a_silence_that_ends_in_a_window_leaves_it_to_the_window(story: Story) -> None:
    story.maintains("upgrade", "job=etl", "02:00-04:00")
    story.at("01:00").silences("job=etl", until="05:00")
    story.at("02:30").fails("etl")
    story.at("03:00").lifts_the_silence()
    story.until("04:00")

    assert [why for _, why in story.history("etl")] == ["opened", "silenced", "maintenance", "told"]
    assert story.heard == [("04:00", "critical", "firing")]


def test_no_level_of_an_escalation_is_told_within_a_window_and_afterwards_the_one_where_it_was(
    story: Story,
) -> None:
    story.escalates(Level(name="lead", targets=("lead",), timeout_minutes=15), BOSS)
    story.maintains("upgrade", "job=etl", "02:10-04:00")
    story.at("02:00").fails("etl")
    story.until("04:30")

    assert story.heard_by("lead")[0] == ("02:00", "critical", "firing")
    assert [at for at, _, _ in story.heard_by("boss")] != []
    assert min(at for at, _, _ in story.heard_by("boss")) >= "04:00"


def test_a_window_that_is_taken_out_of_the_file_tells_at_once_what_it_kept_back(story: Story) -> None:
    story.maintains("upgrade", "job=etl", "02:00-04:00")
    story.at("02:30").fails("etl")
    story.until("03:00")
    story.maintenance.clear()
    story.reloads()
    story.until("03:00:10")

    assert [(kind, severity) for _, severity, kind in story.heard] == [("firing", "critical")]
    assert story.heard[0][0].startswith("03:00")


def test_a_window_outlives_the_death_of_the_server(story: Story) -> None:
    story.maintains("upgrade", "job=etl", "02:00-04:00")
    story.at("02:30").fails("etl")
    story.down("03:00", "03:20")

    assert story.silent_until("03:59")
    story.until("04:00")
    assert story.heard_of("etl") == [("04:00", "critical", "firing")]
