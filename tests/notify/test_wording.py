from datetime import UTC, datetime, timedelta

import pytest

from tests.notify.messages import AT, a_message
from tocsin.notify import wording
from tocsin.notify.message import MessageKind


@pytest.mark.parametrize(
    ("kind", "headline"),
    [
        (MessageKind.FIRING, "CRITICAL: daily_etl missed its deadline 06:00"),
        (MessageKind.LOUDER, "NOW CRITICAL: daily_etl missed its deadline 06:00"),
        (MessageKind.REPEAT, "STILL CRITICAL: daily_etl missed its deadline 06:00"),
        (MessageKind.ACKNOWLEDGED, "ACKNOWLEDGED: daily_etl missed its deadline 06:00"),
        (MessageKind.RESOLVED, "RESOLVED: daily_etl missed its deadline 06:00"),
        (MessageKind.SUMMARY, "SUMMARY: daily_etl missed its deadline 06:00"),
        (MessageKind.TEST, "TEST: daily_etl missed its deadline 06:00"),
    ],
)
def test_the_headline_says_how_things_stand(kind: MessageKind, headline: str) -> None:
    assert wording.headline(a_message(kind=kind)) == headline


def test_the_headline_names_an_environment_other_than_production_and_a_possible_repeat() -> None:
    message = a_message(environment="staging", may_repeat=True)

    assert wording.headline(message) == "CRITICAL: daily_etl [staging] missed its deadline 06:00 (may repeat)"


@pytest.mark.parametrize("title", ["daily_etl failed", "daily_etl: failed", "failed"])
def test_the_job_is_named_once(title: str) -> None:
    assert wording.headline(a_message(title=title)) == "CRITICAL: daily_etl failed"


@pytest.mark.parametrize(
    ("severity", "colour"),
    [("info", "#36a64f"), ("warning", "#ffcc00"), ("critical", "#ff0000"), ("page", "#8b0000")],
)
def test_colours_go_by_severity_and_turn_green_in_the_end(severity: str, colour: str) -> None:
    assert wording.colour(a_message(severity=severity)) == colour
    assert wording.colour(a_message(severity=severity, kind=MessageKind.RESOLVED)) == wording.RESOLVED_COLOUR


def test_an_unknown_severity_is_told_without_a_colour_of_its_own() -> None:
    assert wording.headline(a_message(severity="doom")).startswith("DOOM:")
    assert wording.colour(a_message(severity="doom")) == wording.NEUTRAL_COLOUR


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Berlin", "2026-03-30 07:30:02 CEST (Europe/Berlin)"),
        ("UTC", "2026-03-30 05:30:02 UTC"),
        ("Mars/Olympus", "2026-03-30 05:30:02 UTC"),
        ("../../etc/passwd", "2026-03-30 05:30:02 UTC"),
        ("", "2026-03-30 05:30:02 UTC"),
    ],
)
def test_people_read_instants_in_the_zone_of_the_job(zone: str, moment: str) -> None:
    assert wording.moment(AT, zone) == moment


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert wording.moment(first, "Europe/Berlin") == "2026-10-25 02:30:00 CEST (Europe/Berlin)"
    assert (
        wording.moment(first + timedelta(hours=1), "Europe/Berlin")
        == "2026-10-25 02:30:00 CET (Europe/Berlin)"
    )


@pytest.mark.parametrize(
    ("seconds", "span"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (725, "12 min 5 s"),
        (3600, "1 h"),
        (5402, "1 h 30 min"),
        (86400 * 3 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_spans_are_said_in_two_units(seconds: float, span: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == span


def test_since_when_and_for_how_long() -> None:
    assert wording.since(a_message()) == "2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min"
    assert wording.since(a_message(opened_at=AT)) == "2026-03-30 07:30:02 CEST (Europe/Berlin)"
