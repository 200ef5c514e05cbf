"""How promises are read, and what they imply."""

from datetime import time

import pytest

from tocsin.errors import InvalidSchedule
from tocsin.jobs.schedule import ScheduleKind
from tocsin.jobs.sla import SLA, implied_schedule, read_wall_time


@pytest.mark.parametrize(
    ("text", "wall"),
    [("06:00", time(6)), (" 6:05 ", time(6, 5)), ("23:59", time(23, 59)), ("00:00", time())],
)
def test_a_time_of_day_is_hours_and_minutes(text: str, wall: time) -> None:
    assert read_wall_time(text) == wall


@pytest.mark.parametrize(
    "text", ["", "6", "6am", "06:60", "25:00", "06:00:00", "-1:00", "\u0660\u0666:\u0660\u0660"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidSchedule, match="write hours and minutes, like '06:00'"):
        read_wall_time(text)


def test_who_writes_24_00_is_told_how_the_end_of_the_day_is_written() -> None:
    with pytest.raises(InvalidSchedule, match="the end of the day is '00:00'"):
        read_wall_time("24:00")


def test_without_values_no_duration_is_promised_and_warnings_come_30_and_15_minutes_before() -> None:
    sla = SLA()

    assert sla.max_duration_seconds is None
    assert (sla.warning_minutes_before, sla.critical_minutes_before) == (30, 15)
    assert implied_schedule(sla, "UTC") is None


def test_a_deadline_implies_a_run_each_day_and_an_offset_one_each_hour() -> None:
    daily = implied_schedule(SLA(deadline=time(6)), "UTC")
    hourly = implied_schedule(SLA(deadline_offset_minutes=45), "UTC")
    both = implied_schedule(SLA(deadline=time(6), deadline_offset_minutes=45), "UTC")

    assert daily is not None
    assert daily.kind is ScheduleKind.DAILY
    assert hourly is not None
    assert hourly.kind is ScheduleKind.HOURLY
    assert both == daily
