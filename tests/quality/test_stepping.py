"""What is reckoned for a whole history at once is what the runs give one after the other."""

import random
from datetime import datetime
from statistics import median

import numpy as np
import pytest

from tocsin.quality.following import CALM, LIMIT, SHIFTS_FROM, summed
from tocsin.quality.grouping import grouped, local_of
from tocsin.quality.season import Season, zone
from tocsin.quality.series import Kind
from tocsin.quality.stepping import Pace, follow, one_step

DAY_SECONDS = 86_400.0


@pytest.mark.parametrize("seed", range(20))
def test_the_sums_of_a_history_are_those_of_its_runs(seed: int) -> None:
    chance = random.Random(seed)
    errors = [chance.gauss(0, 1) for _ in range(60)]
    sums = CALM
    for error in errors[SHIFTS_FROM:]:
        sums = summed(sums, error, LIMIT)
    assert max(sums[:2]) < LIMIT
    pace = Pace(kind=Kind.RAW, offset=0.0, width=12, scale=1.0, known=[True] * 60, limit=LIMIT)

    followed = follow(np.cumsum(errors), np.array(errors), np.arange(60.0), pace, None)

    assert followed.shift is None
    assert followed.sums[:2] == pytest.approx(sums[:2])
    assert followed.sums[2:] == sums[2:]


def test_the_sums_of_a_history_that_rises_from_its_start_count_from_there() -> None:
    errors = np.full(SHIFTS_FROM + 10, 0.7)
    known = [True] * len(errors)
    pace = Pace(kind=Kind.RAW, offset=0.0, width=12, scale=1.0, known=known, limit=LIMIT)

    followed = follow(np.cumsum(errors), errors, np.arange(float(len(errors))), pace, None)

    assert followed.sums[0] == pytest.approx(10 * 0.2)
    assert followed.sums[2] == 10


@pytest.mark.parametrize("width", [12, 24])
def test_each_run_is_foretold_by_the_median_of_those_before_it(width: int) -> None:
    chance = random.Random(width)
    positions = [chance.gauss(0, 1) for _ in range(50)]

    errors = one_step(np.array(positions), width)

    for index in range(1, 50):
        before = positions[max(0, index - width) : index]
        assert errors[index] == pytest.approx(positions[index] - median(before))


@pytest.mark.parametrize("season", [Season.NONE, Season.WEEKEND, Season.WEEKDAY])
def test_each_run_is_predicted_from_the_others_of_its_slot(season: Season) -> None:
    chance = random.Random(season)
    positions = [chance.gauss(0, 1) for _ in range(45)]
    local = local_of(np.arange(45, dtype=np.float64) * DAY_SECONDS + 7_200, zone("UTC"))
    slots = local.slots(season).tolist()

    errors = grouped(np.array(positions), local, season, None).errors

    for index in range(45):
        others = [p for n, p in enumerate(positions) if slots[n] == slots[index] and n != index]
        assert errors[index] == pytest.approx(positions[index] - median(others))


@pytest.mark.parametrize(
    "timezone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Casablanca"]
)
def test_hours_and_weekdays_are_those_of_the_zone_at_every_instant_of_a_year(timezone: str) -> None:
    at = np.arange(0, 400 * 24, dtype=np.float64) * 3_600 + 1_740_000_000 + 1_200

    local = local_of(at, zone(timezone))

    for index in range(0, len(at), 7):
        clock = datetime.fromtimestamp(at[index], zone(timezone))
        assert (local.weekday[index], local.hour[index]) == (clock.weekday(), clock.hour)
