"""Who is told: the first route that matches, and a default that always exists."""

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
