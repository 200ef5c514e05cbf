"""Swaps and hand-overs."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tocsin.oncall.handover import MOST_TROUBLES, OpenTrouble, hand_over
from tocsin.oncall.override import Cover, Override
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import DAILY_HOURS, Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule, on_call
from tocsin.oncall.swap import SwapFault, SwapRefused, swapped
from tocsin.rules.finding import Severity

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# A Monday, at the hand-over.
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


def daily(*participants: str, only: tuple[Restriction, ...] = ()) -> OnCallSchedule:
    """Return an on-call schedule whose first participant begins on that Monday."""
    rotation = Rotation(
        participants=participants,
        starts_on=date(2026, 11, 23),
        starts=time(9),
        timezone="Europe/Berlin",
        length_hours=DAILY_HOURS,
    )
    layer = Layer(name="all", rotation=rotation, restrictions=only)
    return OnCallSchedule(name="payments", layers=(layer,), timezone="Europe/Berlin")


def kept(covers: tuple[Cover, ...]) -> tuple[Override, ...]:
    """Return covers as the overrides that they become."""
    return tuple(
        Override(
            id=f"o{number}",
            schedule="payments",
            responder=cover.responder,
            starts_at=cover.starts_at,
            ends_at=cover.ends_at,
            created_by="kim",
            created_at=MONDAY,
        )
        for number, cover in enumerate(covers)
    )


def test_two_people_take_each_others_shift() -> None:
    schedule = daily("ada", "bob", "cyd")

    covers = swapped(schedule, (), MONDAY + HOUR, MONDAY + DAY + HOUR, MONDAY + 2 * DAY + HOUR)

    assert not isinstance(covers, SwapRefused)
    assert [(cover.starts_at, cover.ends_at) for cover in covers] == [
        (MONDAY + DAY, MONDAY + 2 * DAY),
        (MONDAY + 2 * DAY, MONDAY + 3 * DAY),
    ]
    held = [on_call(schedule, kept(covers), MONDAY + n * DAY).responder for n in range(4)]
    assert held == ["ada", "cyd", "bob", "ada"]


def test_of_a_shift_that_has_begun_the_rest_changes_hands() -> None:
    now = MONDAY + 5 * HOUR

    covers = swapped(daily("ada", "bob"), (), now, now, now + DAY)

    assert not isinstance(covers, SwapRefused)
    assert (covers[0].responder, covers[0].starts_at, covers[0].ends_at) == ("bob", now, MONDAY + DAY)


NIGHT = (Restriction(starts=time(18), ends=time(6)),)


@pytest.mark.parametrize(
    ("schedule", "one_at", "other_at", "reason"),
    [
        (daily("ada", "bob"), MONDAY - HOUR, MONDAY + DAY, SwapFault.PAST),
        (daily("ada", "bob"), MONDAY + HOUR, MONDAY + 400 * DAY, SwapFault.TOO_FAR),
        (daily("ada", "bob"), MONDAY + HOUR, MONDAY + 2 * DAY, SwapFault.SAME_PERSON),
        (daily("ada"), MONDAY + HOUR, MONDAY + 2 * DAY, SwapFault.ENDLESS),
        (daily("ada", "bob", only=NIGHT), MONDAY + HOUR, MONDAY + DAY, SwapFault.NOBODY),
    ],
)
def test_what_cannot_be_swapped_is_refused_with_its_reason(
    schedule: OnCallSchedule, one_at: datetime, other_at: datetime, reason: SwapFault
) -> None:
    refused = swapped(schedule, (), MONDAY, one_at, other_at)

    assert isinstance(refused, SwapRefused)
    assert refused.reason is reason
    assert refused.sentence


def trouble(job: str, in_hand_of: str = "") -> OpenTrouble:
    return OpenTrouble(
        job=job,
        environment="production",
        severity=Severity.CRITICAL,
        summary="failed with exit code 3",
        since_at=MONDAY - HOUR,
        in_hand_of=in_hand_of,
    )


def test_a_hand_over_says_who_comes_who_goes_and_what_is_open() -> None:
    handing = hand_over(daily("ada", "bob"), (), MONDAY + DAY, [trouble("etl", "ada"), trouble("report")])

    assert handing.text.splitlines() == [
        "payments: bob takes over from ada on Tue 24 Nov 09:00 (Europe/Berlin), until Wed 25 Nov 09:00.",
        "2 alerts open:",
        "- critical: etl (production): failed with exit code 3, since Mon 23 Nov 08:00; ada has it in hand",
        "- critical: report (production): failed with exit code 3, since Mon 23 Nov 08:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "at", "words"),
    [
        (daily("ada", "bob"), MONDAY, "ada goes on call, after nobody was"),
        (daily("ada", "bob"), MONDAY + HOUR, "ada stays on call"),
        (daily("ada", "bob", only=NIGHT), MONDAY + HOUR, "nobody is on call"),
        (daily("ada", only=NIGHT), MONDAY + 21 * HOUR, "ada goes and nobody takes over"),
        (daily("ada"), MONDAY + DAY, "(Europe/Berlin).\nNo alert is open."),
    ],
)
def test_every_kind_of_hand_over_has_its_sentence(schedule: OnCallSchedule, at: datetime, words: str) -> None:
    assert words in hand_over(schedule, (), at, []).text


def test_a_long_list_of_open_alerts_is_cut_and_says_so() -> None:
    many = [trouble(f"job-{number}") for number in range(MOST_TROUBLES + 5)]

    lines = hand_over(daily("ada"), (), MONDAY, many).text.splitlines()

    assert lines[1] == f"{MOST_TROUBLES + 5} alerts open:"
    assert lines[-1] == "… and 5 more"
    assert len(lines) == MOST_TROUBLES + 3
