from datetime import UTC, date, datetime, time, timedelta

from tocsin.oncall.override import Override
from tocsin.oncall.responder import Responder
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import DAILY_HOURS, WEEKLY_HOURS, Rotation, next_hand_over
from tocsin.oncall.schedule import Because, Gap, Layer, OnCallSchedule, gaps, on_call, shifts

BERLIN = "Europe/Berlin"
HOUR = timedelta(hours=1)
OFFICE = Restriction(weekdays=(0, 1, 2, 3, 4), starts=time(9), ends=time(17))


def at(text: str) -> datetime:
    """Return the instant that a text names in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rotation(*participants: str, hours: int = DAILY_HOURS, timezone: str = BERLIN) -> Rotation:
    """Return a rotation that began on Monday, 5 January 2026, at 09:00."""
    return Rotation(
        participants=participants,
        starts_on=date(2026, 1, 5),
        starts=time(9),
        timezone=timezone,
        length_hours=hours,
    )


def schedule(*layers: Layer) -> OnCallSchedule:
    return OnCallSchedule(name="payments", layers=layers, timezone=BERLIN)


def layer(
    name: str, *participants: str, hours: int = DAILY_HOURS, only: tuple[Restriction, ...] = ()
) -> Layer:
    return Layer(name=name, rotation=rotation(*participants, hours=hours), restrictions=only)


def override(number: int, responder: str, starts_at: datetime, ends_at: datetime) -> Override:
    return Override(
        id=f"o{number}",
        schedule="payments",
        responder=responder,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by="kim",
        created_at=at("2026-01-01") + number * HOUR,
    )


def test_a_daily_rotation_hands_over_at_nine_also_on_the_days_of_23_and_25_hours() -> None:
    for year_day, length in (("2026-03-28T08:00", 23), ("2026-10-24T07:00", 25), ("2026-11-21T08:00", 24)):
        following_at = next_hand_over(rotation("ada", "bob"), at(year_day))

        assert following_at == at(year_day) + length * HOUR


def test_nobody_is_on_call_before_the_rotation_begins() -> None:
    held = on_call(schedule(layer("all", "ada", "bob")), (), at("2026-01-05T07:59"))

    assert held.responder is None
    assert held.because is Because.NOBODY
    assert held.until_at == at("2026-01-05T08:00")


def test_a_rotation_of_one_never_hands_over() -> None:
    held = on_call(schedule(layer("all", "ada", hours=1)), (), at("2026-11-22T12:00"))

    assert (held.responder, held.until_at) == ("ada", None)


def test_the_same_person_twice_in_a_row_is_one_shift() -> None:
    found = shifts(
        schedule(layer("all", "ada", "ada", "bob")), (), at("2026-11-02T08:00"), at("2026-11-05T08:00")
    )

    assert [(shift.responder, (shift.ends_at - shift.starts_at) // HOUR) for shift in found] == [
        ("ada", 24),
        ("bob", 24),
        ("ada", 24),
    ]


def test_the_upper_layer_wins_within_its_hours_and_the_lower_one_elsewhere() -> None:
    both = schedule(
        layer("office", "cyd", hours=WEEKLY_HOURS, only=(OFFICE,)),
        layer("rest", "ada", "bob", hours=WEEKLY_HOURS),
    )

    day = on_call(both, (), at("2026-11-23T12:00"))
    night = on_call(both, (), at("2026-11-23T22:00"))

    assert (day.responder, day.source, day.until_at) == ("cyd", "office", at("2026-11-23T16:00"))
    assert (night.source, night.until_at) == ("rest", at("2026-11-24T08:00"))


def test_where_the_upper_layer_brings_the_same_person_the_shift_goes_on() -> None:
    both = schedule(layer("office", "ada", only=(OFFICE,)), layer("rest", "ada", "bob", hours=WEEKLY_HOURS))
    monday = at("2026-11-23T08:00")

    held = on_call(both, (), monday + HOUR)

    assert held.responder == "ada"
    assert held.until_at is not None
    assert on_call(both, (), held.until_at).responder == "bob"


def test_of_overlapping_overrides_the_one_made_last_holds() -> None:
    all_day = schedule(layer("all", "ada", hours=WEEKLY_HOURS))
    noon = at("2026-11-23T12:00")
    first = override(1, "bob", noon - 4 * HOUR, noon + 4 * HOUR)
    second = override(2, "cyd", noon - HOUR, noon + HOUR)

    found = shifts(all_day, (second, first), noon - 6 * HOUR, noon + 6 * HOUR)

    assert [shift.responder for shift in found] == ["ada", "bob", "cyd", "bob", "ada"]
    assert found[2].because is Because.OVERRIDE
    assert found[2].source == "o2"


def test_an_override_of_another_on_call_schedule_changes_nothing() -> None:
    other = OnCallSchedule(name="search", layers=(layer("all", "ada"),))
    noon = at("2026-11-23T12:00")

    assert on_call(other, (override(1, "bob", noon - HOUR, noon + HOUR),), noon).responder == "ada"


def test_an_override_fills_a_gap() -> None:
    office = schedule(layer("office", "ada", only=(OFFICE,)))
    saturday = at("2026-11-28T12:00")

    assert on_call(office, (override(1, "bob", saturday, saturday + HOUR),), saturday).responder == "bob"


def test_gaps_are_what_no_layer_covers() -> None:
    office = schedule(layer("office", "ada", only=(OFFICE,)))

    found = gaps(office, (), at("2026-11-27T12:00"), at("2026-11-30T12:00"))

    assert found == (Gap(starts_at=at("2026-11-27T16:00"), ends_at=at("2026-11-30T08:00")),)


def test_windows_that_follow_each_other_without_a_break_leave_no_gap() -> None:
    halves = (Restriction(starts=time(6), ends=time(18)), Restriction(starts=time(18), ends=time(6)))
    always = schedule(layer("all", "ada", only=halves))

    assert gaps(always, (), at("2026-03-01T00:00"), at("2026-11-30T00:00")) == ()
    assert on_call(always, (), at("2026-03-01T00:00")).until_at is None


def test_a_responder_without_an_address_on_a_channel_has_an_empty_one() -> None:
    ada = Responder(name="ada", contacts=(("email", "ada@example.com"),))

    assert (ada.contact("email"), ada.contact("phone")) == ("ada@example.com", "")
