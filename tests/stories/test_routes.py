"""Who is told: the first route that matches, and a default that always exists."""

from dataclasses import replace
from datetime import timedelta

from tests.stories.story import Story


def test_the_first_route_that_matches_is_taken(story: Story) -> None:
    story.routes(
        ("severity=~critical|page", "on-call"), ("severity=critical", "never"), ("job=load", "loaders")
    )
    story.rule("no_data", severity="warning")

    story.at("02:00").fails("etl").succeeds("load", records=0).succeeds("etl-2", records=0)

    assert story.heard_by("on-call") == [("02:00", "critical", "firing")]
    assert story.heard_by("loaders") == [("02:00", "warning", "firing")]
    assert story.heard_by("team") == [("02:00", "warning", "firing")]
    assert story.heard_by("never") == []


def test_labels_of_the_job_choose_the_route(story: Story) -> None:
    story.routes(('team="data" environment="production"', "data-slack"))
    story.job("etl", labels=(("team", "data"),))
    story.job("etl", environment="staging", labels=(("team", "data"),))

    story.at("02:00").fails("etl").fails("etl", environment="staging")

    assert len(story.heard_by("data-slack")) == 1
    assert len(story.heard_by("team")) == 1


def test_labels_that_a_check_in_brings_choose_the_route_as_well(story: Story) -> None:
    story.routes(("team=data", "data-slack"))

    story.at("02:00").fails("etl", labels=(("team", "data"),))

    assert story.heard_by("data-slack") == [("02:00", "critical", "firing")]


def test_whoever_was_told_on_the_way_up_hears_of_the_end(story: Story) -> None:
    story.routes(("severity=page", "on-call"))
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("09:00").succeeds("report")

    assert story.heard_by("on-call") == [("08:30", "page", "louder"), ("09:00", "page", "resolved")]
    assert story.heard_by("team") == [
        ("07:00", "warning", "firing"),
        ("07:30", "critical", "louder"),
        ("08:00", "critical", "louder"),
        ("09:00", "page", "resolved"),
    ]


def test_a_receiver_that_was_away_gets_the_beginning_before_the_end(story: Story) -> None:
    story.receivers["team"].is_down = True
    story.at("02:00").fails("etl", run="a")
    story.at("02:00:20").succeeds("etl", run="b")
    story.receivers["team"].is_down = False
    story.until("02:10")

    assert [kind for _, _, kind in story.heard] == ["firing", "resolved"]


def test_a_route_says_how_often_what_it_tells_is_told_again(story: Story) -> None:
    both = ("job=both", "calm", "continue"), ("job=both", "keen")
    story.routes(("job=seldom", "calm"), ("job=often", "keen"), *both)
    every = (24, 1, 24, 1)
    routes = tuple(
        replace(route, repeat_every=timedelta(hours=hours))
        for route, hours in zip(story.route.routes, every, strict=True)
    )
    story.route = replace(story.route, group_wait_for=timedelta(0), routes=routes)
    for job in ("usual", "seldom", "often", "both"):
        story.at("02:00").fails(job)

    story.until("09:00")

    times = {job: [when for when, *_ in story.heard_of(job)] for job in ("usual", "seldom", "often")}
    assert times == {
        "usual": ["02:00", "06:00"],
        "seldom": ["02:00"],
        "often": ["02:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00", "09:00"],
    }
    assert [when for when, *_ in story.heard_of("both")][2:4] == ["03:00", "03:00"]
