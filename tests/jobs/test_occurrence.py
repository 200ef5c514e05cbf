"""Stories of expected runs: when they may start, must start and must be done."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tocsin.jobs.calendar import Calendar, check_calendar
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, Plan, next_occurrence, occurrence_for
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def plan(
    schedule: str | None = None, zone: str = "UTC", calendar: Calendar | None = None, **sla: object
) -> Plan:
    return Plan(
        schedule=read_schedule(schedule, zone) if schedule else None,
        sla=SLA(**sla),  # type: ignore[arg-type]  # keywords of a test, checked by SLA itself
        calendar=calendar or Calendar(),
        timezone=zone,
    )


def told(occurrence: Occurrence | None, zone: str) -> dict[str, str | None]:
    """An occurrence as a clock in the zone shows it."""
    assert occurrence is not None
    moments = {
        "opens": occurrence.opens_at,
        "nominal": occurrence.nominal_at,
        "start_by": occurrence.start_by,
        "deadline": occurrence.deadline_at,
    }
    return {
        name: moment.astimezone(ZoneInfo(zone)).strftime("%a %d %H:%M:%S") if moment else None
        for name, moment in moments.items()
    }


def test_daily_etl_main_is_expected_every_day_by_six_in_new_york() -> None:
    etl = plan(zone=NEW_YORK, deadline=time(6), max_duration_seconds=7200)

    tonight = next_occurrence(etl, at("2026-03-06T12:00", NEW_YORK))

    assert told(tonight, NEW_YORK) == {
        "opens": "Fri 06 18:00:00",
        "nominal": "Sat 07 00:00:00",
        "start_by": None,
        "deadline": "Sat 07 06:00:00",
    }
    assert tonight is not None
    assert tonight.status is OccurrenceStatus.EXPECTED


def test_six_in_new_york_is_an_hour_earlier_in_utc_after_the_clocks_went_forward() -> None:
    etl = plan(zone=NEW_YORK, deadline=time(6))

    before = next_occurrence(etl, at("2026-03-06T12:00", NEW_YORK))
    after = next_occurrence(etl, at("2026-03-07T12:00", NEW_YORK))

    assert before is not None
    assert before.deadline_at == at("2026-03-07T11:00")
    assert after is not None
    assert after.deadline_at == at("2026-03-08T10:00")


def test_runs_on_both_sides_of_midnight_are_for_the_same_morning() -> None:
    etl = plan(zone=NEW_YORK, deadline=time(6))
    saturday = next_occurrence(etl, at("2026-03-06T12:00", NEW_YORK))

    for started in ("2026-03-06T18:00", "2026-03-06T23:30", "2026-03-07T00:40", "2026-03-07T05:59:59"):
        assert occurrence_for(etl, at(started, NEW_YORK)) == saturday
    assert occurrence_for(etl, at("2026-03-06T17:59:59", NEW_YORK)) != saturday
    assert occurrence_for(etl, at("2026-03-07T18:00", NEW_YORK)) != saturday


def test_daily_sales_report_is_not_expected_on_weekends_and_holidays() -> None:
    report = plan(
        zone=NEW_YORK, calendar=check_calendar("US", None), deadline=time(8), business_days_only=True
    )
    days, after = [], at("2026-11-24T12:00", NEW_YORK)

    for _ in range(4):
        occurrence = next_occurrence(report, after)
        assert occurrence is not None
        after = occurrence.nominal_at
        days.append(told(occurrence, NEW_YORK)["deadline"])

    thanksgiving_is_left_out = ["Wed 25 08:00:00", "Fri 27 08:00:00", "Mon 30 08:00:00", "Tue 01 08:00:00"]
    assert days == thanksgiving_is_left_out


def test_a_sales_report_on_saturday_is_fridays_and_from_sunday_evening_on_mondays() -> None:
    report = plan(zone=NEW_YORK, deadline=time(8), business_days_only=True)

    saturday = told(occurrence_for(report, at("2026-03-07T10:00", NEW_YORK)), NEW_YORK)
    sunday = told(occurrence_for(report, at("2026-03-08T20:00", NEW_YORK)), NEW_YORK)

    assert saturday["deadline"] == "Fri 06 08:00:00"
    assert sunday["deadline"] == "Mon 09 08:00:00"


def test_hourly_data_sync_is_due_45_minutes_after_each_full_hour() -> None:
    sync = plan(deadline_offset_minutes=45, max_duration_seconds=1800)

    occurrence = next_occurrence(sync, at("2026-03-06T12:00"))

    assert told(occurrence, "UTC") == {
        "opens": "Fri 06 13:00:00",
        "nominal": "Fri 06 13:00:00",
        "start_by": None,
        "deadline": "Fri 06 13:45:00",
    }
    assert occurrence_for(sync, at("2026-03-06T13:59:59")) == occurrence


def test_the_full_hour_is_the_one_on_the_local_clock() -> None:
    sync = plan(zone="Asia/Kolkata", deadline_offset_minutes=45)

    occurrence = next_occurrence(sync, at("2026-03-06T12:10", "Asia/Kolkata"))

    assert told(occurrence, "Asia/Kolkata")["deadline"] == "Fri 06 13:45:00"


def test_an_offset_deadline_counts_from_each_scheduled_start() -> None:
    sync = plan("10 * * * *", deadline_offset_minutes=45, grace_period_minutes=5)

    assert told(next_occurrence(sync, at("2026-03-06T12:10")), "UTC") == {
        "opens": "Fri 06 13:05:00",
        "nominal": "Fri 06 13:10:00",
        "start_by": "Fri 06 13:15:00",
        "deadline": "Fri 06 13:55:00",
    }


def test_weekly_model_training_may_start_any_time_on_sunday_and_is_done_by_23() -> None:
    training = plan("sunday", deadline=time(23), grace_period_minutes=10)

    occurrence = next_occurrence(training, at("2026-03-06T12:00"))

    assert told(occurrence, "UTC") == {
        "opens": "Sat 07 23:50:00",
        "nominal": "Sun 08 00:00:00",
        "start_by": None,
        "deadline": "Sun 08 23:00:00",
    }


def test_weekly_report_is_due_on_monday_at_eight() -> None:
    report = plan("monday", BERLIN, deadline=time(8))

    assert (
        told(next_occurrence(report, at("2026-03-27T12:00", BERLIN)), BERLIN)["deadline"] == "Mon 30 08:00:00"
    )


def test_a_weekday_without_a_deadline_is_missed_when_the_day_and_the_grace_are_over() -> None:
    training = plan("sunday", BERLIN, grace_period_minutes=15)

    occurrence = next_occurrence(training, at("2026-03-28T12:00", BERLIN))

    assert told(occurrence, BERLIN)["start_by"] == "Mon 30 00:15:00"
    assert told(occurrence, BERLIN)["deadline"] is None


def test_hourly_aggregation_promises_a_duration_and_no_instant() -> None:
    aggregation = plan(max_duration_seconds=900, max_failure_rate=0.05, min_records_processed=10_000)

    assert next_occurrence(aggregation, at("2026-03-06T12:00")) is None
    assert occurrence_for(aggregation, at("2026-03-06T12:00")) is None


def test_a_job_that_starts_at_22_is_due_at_six_the_next_morning() -> None:
    nightly = plan("0 22 * * *", BERLIN, deadline=time(6), grace_period_minutes=15)

    assert told(next_occurrence(nightly, at("2026-03-28T12:00", BERLIN)), BERLIN) == {
        "opens": "Sat 28 21:45:00",
        "nominal": "Sat 28 22:00:00",
        "start_by": "Sat 28 22:15:00",
        "deadline": "Sun 29 06:00:00",
    }


def test_of_two_deadlines_the_earlier_holds() -> None:
    tight = plan("0 2 * * *", deadline=time(6), deadline_offset_minutes=90)
    loose = plan("0 2 * * *", deadline=time(6), deadline_offset_minutes=600)

    assert told(next_occurrence(tight, at("2026-03-06T12:00")), "UTC")["deadline"] == "Sat 07 03:30:00"
    assert told(next_occurrence(loose, at("2026-03-06T12:00")), "UTC")["deadline"] == "Sat 07 06:00:00"


def test_minutes_after_the_start_are_minutes_that_pass_and_not_minutes_on_the_clock() -> None:
    across_the_jump = plan("0 1 * * *", BERLIN, deadline_offset_minutes=120)

    occurrence = next_occurrence(across_the_jump, at("2026-03-28T12:00", BERLIN))

    assert told(occurrence, BERLIN)["deadline"] == "Sun 29 04:00:00"


def test_a_deadline_that_spring_skips_is_the_first_instant_after_the_jump() -> None:
    nightly = plan("0 1 * * *", BERLIN, deadline=time(2, 30))

    assert (
        told(next_occurrence(nightly, at("2026-03-28T12:00", BERLIN)), BERLIN)["deadline"]
        == "Sun 29 03:00:00"
    )


def test_of_a_deadline_that_autumn_repeats_the_first_holds() -> None:
    nightly = plan("0 1 * * *", BERLIN, deadline=time(2, 30))

    occurrence = next_occurrence(nightly, at("2026-10-24T12:00", BERLIN))

    assert occurrence is not None
    assert occurrence.deadline_at == at("2026-10-25T00:30")


def test_a_start_and_a_deadline_that_were_moved_to_one_instant_keep_their_distance() -> None:
    nightly = plan("30 2 * * *", BERLIN, deadline=time(2, 45))
    late_evening = plan("30 23 * * *", "America/Nuuk", deadline=time(23, 45))

    moved = told(next_occurrence(nightly, at("2026-03-28T12:00", BERLIN)), BERLIN)
    to_sunday = told(next_occurrence(late_evening, at("2026-03-28T12:00", "America/Nuuk")), "America/Nuuk")

    assert (moved["nominal"], moved["deadline"]) == ("Sun 29 03:00:00", "Sun 29 03:15:00")
    assert (to_sunday["nominal"], to_sunday["deadline"]) == ("Sun 29 00:00:00", "Sun 29 00:15:00")


def test_a_deadline_after_the_jump_stays_where_it_is_though_the_start_was_moved() -> None:
    nightly = plan("30 2 * * *", BERLIN, deadline=time(6))

    occurrence = next_occurrence(nightly, at("2026-03-28T12:00", BERLIN))

    assert told(occurrence, BERLIN)["deadline"] == "Sun 29 06:00:00"


def test_a_schedule_that_leaves_skipped_times_out_was_not_moved_by_the_jump() -> None:
    for text in ("*-*-* 02,03:00", "*/30 2,3 * * *"):
        nightly = plan(text, BERLIN, deadline=time(2, 45))

        three = next_occurrence(nightly, at("2026-03-29T01:00", BERLIN))

        assert told(three, BERLIN)["nominal"] == "Sun 29 03:00:00"
        assert told(three, BERLIN)["deadline"] == "Mon 30 02:45:00"


def test_a_deadline_before_the_start_is_tomorrows_also_in_the_night_of_the_jump() -> None:
    not_moved = plan("0 3 * * *", BERLIN, deadline=time(2, 45))
    moved = plan("50 2 * * *", BERLIN, deadline=time(2, 10))

    for job, deadline in ((not_moved, "Mon 30 02:45:00"), (moved, "Mon 30 02:10:00")):
        assert told(next_occurrence(job, at("2026-03-28T12:00", BERLIN)), BERLIN)["deadline"] == deadline


def test_a_deadline_at_midnight_closes_the_day_that_ends_then() -> None:
    daily = plan(deadline=time(), business_days_only=True)

    friday = next_occurrence(daily, at("2026-03-05T12:00"))

    assert told(friday, "UTC") == {
        "opens": "Fri 06 00:00:00",
        "nominal": "Fri 06 00:00:00",
        "start_by": None,
        "deadline": "Sat 07 00:00:00",
    }
    assert occurrence_for(daily, at("2026-03-07T12:00")) == friday


def test_a_host_whose_clock_is_a_little_ahead_still_starts_the_run_of_today() -> None:
    strict = plan("0 2 * * *", grace_period_minutes=0)
    today = next_occurrence(strict, at("2026-03-06T12:00"))

    assert occurrence_for(strict, at("2026-03-07T01:59:55")) == today
    assert occurrence_for(strict, at("2026-03-07T01:59:54")) != today


@pytest.mark.parametrize(
    ("schedule", "start_by"), [("0 2 * * *", "Sat 07 02:00:05"), ("saturday", "Sun 08 00:00:05")]
)
def test_a_start_has_time_to_arrive_also_without_any_grace(schedule: str, start_by: str) -> None:
    strict = plan(schedule, grace_period_minutes=0)

    assert told(next_occurrence(strict, at("2026-03-06T12:00")), "UTC")["start_by"] == start_by


def test_no_grace_reaches_further_than_half_way_to_the_run_before() -> None:
    often = plan("*/10 * * * *", grace_period_minutes=60)

    occurrence = next_occurrence(often, at("2026-03-06T12:00"))

    assert told(occurrence, "UTC")["opens"] == "Fri 06 12:05:00"
    assert told(occurrence, "UTC")["start_by"] == "Fri 06 13:10:00"


def test_no_grace_lets_a_run_count_more_than_six_hours_early() -> None:
    patient = plan("0 5 * * *", grace_period_minutes=600)

    assert told(next_occurrence(patient, at("2026-03-06T12:00")), "UTC")["opens"] == "Fri 06 23:00:00"


@pytest.mark.parametrize("schedule", ["*/30 * * * *", "every 30m"])
def test_business_days_let_a_frequent_job_rest_over_the_weekend(schedule: str) -> None:
    job = plan(schedule, business_days_only=True)

    occurrence = next_occurrence(job, at("2026-03-06T23:40"))

    expected = {"*/30 * * * *": "Mon 09 00:00:00", "every 30m": "Mon 09 00:10:00"}
    assert told(occurrence, "UTC")["nominal"] == expected[schedule]


def test_a_start_on_the_weekend_belongs_to_the_last_business_day() -> None:
    job = plan("*/30 * * * *", business_days_only=True)

    assert told(occurrence_for(job, at("2026-03-08T12:00")), "UTC")["nominal"] == "Fri 06 23:30:00"


def test_a_job_that_falls_on_a_holiday_every_year_is_never_expected() -> None:
    christmas = plan("0 6 25 12 *", BERLIN, check_calendar("DE", None), business_days_only=True)

    assert next_occurrence(christmas, at("2026-01-01T00:00")) is None
    assert occurrence_for(christmas, at("2026-01-01T00:00")) is None


def test_a_rare_job_that_falls_on_a_sunday_is_expected_years_later() -> None:
    leap_day = plan("0 6 29 2 *", business_days_only=True)

    occurrence = next_occurrence(leap_day, at("2029-01-01T00:00"))

    assert occurrence is not None
    assert occurrence.nominal_at == at("2036-02-29T06:00")


def test_a_rare_job_outlasts_several_closed_days_in_a_row_in_both_directions() -> None:
    four_day_week = Calendar(weekend=(4, 5, 6))
    leap_day = plan("0 6 29 2 *", calendar=four_day_week, business_days_only=True)

    coming = next_occurrence(leap_day, at("2029-01-01T00:00"))
    last = occurrence_for(leap_day, at("2039-01-01T00:00"))

    assert coming is not None
    assert coming.nominal_at == at("2040-02-29T06:00")
    assert last is not None
    assert last.nominal_at == at("2028-02-29T06:00")


def test_an_interval_is_expected_its_length_after_the_last_start() -> None:
    often = plan("every 15m", grace_period_minutes=5)
    started_at = at("2026-03-06T12:03:07")

    assert told(next_occurrence(often, started_at), "UTC") == {
        "opens": "Fri 06 12:13:07",
        "nominal": "Fri 06 12:18:07",
        "start_by": "Fri 06 12:23:07",
        "deadline": None,
    }
    assert occurrence_for(often, started_at) is None


def test_before_its_first_date_and_after_its_last_nothing_is_expected() -> None:
    once = plan("2026-03-06 06:00", grace_period_minutes=10)
    only = next_occurrence(once, at("2026-01-01T00:00"))

    assert told(only, "UTC")["opens"] == "Fri 06 05:50:00"
    assert occurrence_for(once, at("2026-03-06T05:49:59")) is None
    assert occurrence_for(once, at("2026-12-31T00:00")) == only
    assert next_occurrence(once, at("2026-03-06T06:00")) is None


def test_a_plan_and_an_occurrence_survive_the_way_to_the_store_and_back() -> None:
    nightly = plan(
        "0 22 * * *", BERLIN, check_calendar("DE", "BY"), deadline=time(6), min_records_processed=1
    )
    occurrence = next_occurrence(nightly, at("2026-03-28T12:00"))

    assert msgspec.json.decode(msgspec.json.encode(nightly), type=Plan) == nightly
    assert msgspec.json.decode(msgspec.json.encode(occurrence), type=Occurrence) == occurrence


def test_an_occurrence_is_the_same_whatever_zone_the_question_is_asked_in() -> None:
    nightly = plan("0 22 * * *", BERLIN, deadline=time(6))
    asked = at("2026-03-28T12:00")

    assert next_occurrence(nightly, asked.astimezone(ZoneInfo("Asia/Kolkata"))) == next_occurrence(
        nightly, asked
    )
    later = asked + timedelta(hours=12, minutes=7)
    assert occurrence_for(nightly, later.astimezone(ZoneInfo("Asia/Kolkata"))) == occurrence_for(
        nightly, later
    )
