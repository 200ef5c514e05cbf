"""What is wrong with one run is told once: of several alerts about it the gravest speaks."""

import pytest

from tests.stories.story import Story
from tocsin.alerts.alert import SnoozeEnd
from tocsin.engine.commands import Snooze

USUAL = (15, 14, 16, 15, 13, 15, 17, 15, 14, 16)
NIGHT = "2026-03-20"
NEXT = "2026-03-21"


def nights(story: Story, first: int = 1, last: int = 20) -> None:
    """Let the job run each night from 01:00 for about fifteen minutes."""
    for day in range(first, last):
        at = f"2026-03-{day:02} 01:{{:02}}"
        story.at(at.format(0)).starts("etl", run=str(day))
        story.at(at.format(USUAL[day % len(USUAL)])).succeeds("etl", run=str(day))


@pytest.fixture
def march(story: Story) -> Story:
    """The default rules, and a job with all that can be promised of a night."""
    story.begins("2026-02-28", at="22:00")
    story.job("etl", schedule="0 1 * * *", deadline="02:00", max_minutes=55)
    nights(story)
    assert story.heard == []
    return story


def told(story: Story) -> list[tuple[str, str, str]]:
    """What was told: the condition, how severe, and what kind of news."""
    return [(h.message.condition, h.message.severity, h.message.kind.value) for h in story.messages]


def test_a_slow_run_is_told_once_and_then_only_what_is_worse(march: Story) -> None:
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.until(f"{NIGHT} 02:20")

    assert told(march) == [
        ("duration_anomaly", "warning", "firing"),
        ("sla_breach", "warning", "firing"),
        ("sla_breach", "critical", "louder"),
        ("sla_breach", "critical", "louder"),
        ("sla_breach", "page", "louder"),
    ]
    assert march.titles[3] == "has run longer than the 55 min it may take"
    assert {condition for _, condition, _ in march.open} == {
        "deadline_risk",
        "duration_anomaly",
        "sla_breach",
    }


def test_that_a_late_run_was_slow_is_no_news_once_it_has_ended(march: Story) -> None:
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.at(f"{NIGHT} 02:30").succeeds("etl", run="slow")
    march.until(f"{NIGHT} 23:00")
    assert [one for one in told(march) if one[0] == "duration_anomaly"] == [
        ("duration_anomaly", "warning", "firing")
    ]

    nights(march, 21, 22)
    assert told(march)[-1] == ("duration_anomaly", "warning", "resolved")
    assert march.open == []


def test_another_slow_run_after_it_is_told(march: Story) -> None:
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.at(f"{NIGHT} 02:30").succeeds("etl", run="slow")
    march.at(f"{NEXT} 01:00").starts("etl", run="again")
    march.until(f"{NEXT} 01:26")

    assert told(march)[-1][0] in ("duration_anomaly", "deadline_risk")


def test_a_run_that_does_not_start_is_told_and_then_that_its_deadline_is_missed(march: Story) -> None:
    march.until(f"{NIGHT} 02:20")

    assert told(march) == [
        ("missing_run", "critical", "firing"),
        ("sla_breach", "critical", "firing"),
        ("sla_breach", "page", "louder"),
    ]


def test_a_run_that_starts_too_late_is_at_risk_though_it_was_told_that_it_did_not_start(march: Story) -> None:
    march.job("etl", schedule="0 1 * * *", deadline="02:00", warn=0, critical=0)
    march.reloads()
    march.at(f"{NIGHT} 01:50").starts("etl", run="late")
    march.until(f"{NIGHT} 01:56")

    assert told(march) == [("missing_run", "critical", "firing"), ("deadline_risk", "warning", "firing")]


def test_a_failed_run_is_told_and_then_that_its_deadline_is_missed(march: Story) -> None:
    march.at(f"{NIGHT} 01:00").starts("etl", run="bad")
    march.at(f"{NIGHT} 01:10").fails("etl", run="bad")
    march.until(f"{NIGHT} 02:20")

    assert told(march) == [
        ("job_failure", "critical", "firing"),
        ("sla_breach", "critical", "firing"),
        ("sla_breach", "page", "louder"),
    ]


def test_a_silence_for_what_speaks_lets_the_other_speak(march: Story) -> None:
    march.at("2026-03-19 20:00").silences("condition=~missing_run|deadline_risk", "2026-03-22 00:00")
    march.until(f"{NIGHT} 01:40")

    assert told(march) == [("sla_breach", "warning", "firing")]


def test_what_somebody_has_in_hand_speaks_on(march: Story) -> None:
    march.until(f"{NIGHT} 01:10")
    march.at(f"{NIGHT} 01:10").acknowledges("ann")

    assert march.silent_until(f"{NIGHT} 01:59")


def test_what_is_put_off_lets_the_other_speak(march: Story) -> None:
    march.until(f"{NIGHT} 01:46")
    (missing,) = [alert for alert in march.alerts() if alert.condition == "missing_run"]
    until_at = march.instant(f"{NIGHT} 05:00")
    put_off = Snooze(alert_id=missing.id, who="ann", end=SnoozeEnd.TIME, until_at=until_at)
    march.at(f"{NIGHT} 01:46").orders(put_off)
    march.until(f"{NIGHT} 01:47")

    assert told(march)[1:] == [("sla_breach", "critical", "firing")]


def test_receivers_that_hear_of_one_alone_are_told_of_it(march: Story) -> None:
    march.routes(("condition=sla_breach", "consumers"))
    march.reloads()
    march.at(f"{NIGHT} 01:00").starts("etl", run="bad")
    march.at(f"{NIGHT} 01:10").fails("etl", run="bad")
    march.until(f"{NIGHT} 01:31")

    assert [severity for _, severity, _ in march.heard_by("consumers")] == ["warning"]


def test_the_history_says_which_alert_speaks_for_it(march: Story) -> None:
    march.until(f"{NIGHT} 01:40")

    (missing,) = [alert for alert in march.alerts() if alert.condition == "missing_run"]
    said = f"while alert {missing.id} of etl is open, which tells of the same run"
    assert said in march.notes("etl")


def test_a_run_that_is_excused_is_at_risk_of_nothing(march: Story) -> None:
    march.until(f"{NIGHT} 01:40")
    assert ("etl", "deadline_risk", "warning") in march.open
    march.at(f"{NIGHT} 01:41").excuses_the_run("etl", f"{NIGHT} 01:00", reason="no delivery")
    march.until(f"{NIGHT} 12:00")

    assert march.open == []
    assert told(march) == [("missing_run", "critical", "firing"), ("missing_run", "critical", "resolved")]
