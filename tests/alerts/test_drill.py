"""What a drill has proved, and until when it waits."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.alerts.drill import (
    Aim,
    Arrival,
    Drill,
    DrillLevel,
    DrillVerdict,
    Fate,
    Seen,
    Silent,
    Standing,
    judge_drill,
)
from tocsin.rules.finding import Severity

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=2), NOW + timedelta(minutes=15)
ARRIVED = Arrival(target="a/sms", fate=Fate.ARRIVED)
WAITS = Arrival(target="a/sms", fate=Fate.WAITS, reason="503")
LOST = Arrival(target="a/sms", fate=Fate.LOST, reason="404")
TOLD = DrillLevel(number=1, name="first", targets=("a/sms",), alert_id="x")


def a_drill(*levels: DrillLevel, acknowledge: bool = False) -> Drill:
    return Drill(
        id="drill-1",
        aim=Aim.POLICY,
        target="standard",
        severity=Severity.CRITICAL,
        levels=levels,
        started_by="kim",
        started_at=NOW,
        deliver_by=SOON,
        acknowledge_by=LATER if acknowledge else None,
    )


@pytest.mark.parametrize(
    ("seen", "at", "acknowledge", "verdict"),
    [
        (Seen(arrivals=(ARRIVED,)), NOW, False, DrillVerdict(standing=Standing.PROVED)),
        (
            Seen(arrivals=(WAITS, ARRIVED)),
            NOW,
            False,
            DrillVerdict(standing=Standing.RUNNING, ask_again_at=SOON),
        ),
        (
            Seen(arrivals=(WAITS,)),
            SOON,
            False,
            DrillVerdict(
                standing=Standing.FAILED, faults=("level 1 (first): a/sms was not reached in time: 503",)
            ),
        ),
        (
            Seen(arrivals=(LOST,)),
            NOW,
            True,
            DrillVerdict(standing=Standing.FAILED, faults=("level 1 (first): a/sms was not reached: 404",)),
        ),
        (
            Seen(arrivals=(ARRIVED,)),
            NOW,
            True,
            DrillVerdict(standing=Standing.RUNNING, ask_again_at=LATER),
        ),
        (
            Seen(arrivals=(ARRIVED,), is_acknowledged=True),
            NOW,
            True,
            DrillVerdict(standing=Standing.PROVED),
        ),
        (
            Seen(arrivals=(ARRIVED,)),
            LATER,
            True,
            DrillVerdict(
                standing=Standing.FAILED, faults=("level 1 (first): nobody has acknowledged it in time",)
            ),
        ),
        (
            Seen(arrivals=(ARRIVED, WAITS), is_acknowledged=True),
            NOW,
            True,
            DrillVerdict(standing=Standing.RUNNING, ask_again_at=SOON),
        ),
    ],
)
def test_a_drill_stands_as_its_messages_do(
    *, seen: Seen, at: datetime, acknowledge: bool, verdict: DrillVerdict
) -> None:
    assert judge_drill(a_drill(TOLD, acknowledge=acknowledge), {"x": seen}, at) == verdict


def test_a_hole_is_a_fault_at_its_place_and_what_is_meant_so_is_none() -> None:
    hole = DrillLevel(number=2, name="second", silent=Silent.HOLE, why_silent="nobody is on call")
    meant = DrillLevel(number=3, name="third", silent=Silent.PASSED_OVER, why_silent="it is Sunday")

    verdict = judge_drill(a_drill(TOLD, hole, meant), {"x": Seen(arrivals=(LOST,))}, NOW)

    assert verdict.faults == (
        "level 1 (first): a/sms was not reached: 404",
        "level 2 (second): nobody is on call",
    )


def test_a_drill_that_tells_nobody_has_proved_nothing() -> None:
    meant = DrillLevel(number=0, name="routes", silent=Silent.PASSED_OVER, why_silent="it is night")

    assert judge_drill(a_drill(meant), {}, NOW) == DrillVerdict(
        standing=Standing.FAILED, faults=("nobody was told: routes: it is night",)
    )
