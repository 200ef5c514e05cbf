"""The controllers reach their figures on virtual time, on seeds and limits that none of them was tuned on."""

from dataclasses import replace
from datetime import timedelta
from statistics import fmean

import pytest

from tests.batch.simulation.course import Course
from tests.batch.simulation.figures import BENCH, steady
from tests.batch.simulation.scenarios import SCENARIOS, Scenario, at_capacity, second_run
from tocsin.batch.outcome import Delivered

SEEDS = (5_000, 5_001, 5_002)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_sink_gets_what_it_permits_and_is_hardly_ever_asked_for_more(
    scenario: Scenario, seed: int
) -> None:
    found = scenario.run(seed)

    assert found.share >= scenario.share
    assert found.late_share >= scenario.late_share
    assert found.refused <= scenario.refused_at_most


@pytest.mark.parametrize("slots", [2, 4, 6, 10, 16])
def test_a_sink_at_its_capacity_is_kept_busy_and_its_answers_do_not_queue(slots: int) -> None:
    for seed in SEEDS:
        found = at_capacity(seed, slots)

        assert found.share >= 0.95
        assert found.p95 <= 2.5 * 0.08


def test_a_second_run_goes_from_the_start_as_fast_as_the_first_one_found_out() -> None:
    found = [second_run(seed).share for seed in range(5_000, 5_008)]

    assert fmean(found) >= 0.95
    assert min(found) >= 0.9


def test_what_was_learned_long_ago_is_a_place_to_begin_and_no_more() -> None:
    week = second_run(5_000, later=timedelta(days=7))
    year = second_run(5_000, later=timedelta(days=365))

    assert week.share >= 0.8
    assert year.share < week.share


def test_while_a_sink_is_away_it_is_asked_seldom_and_nothing_is_given_up() -> None:
    sink = replace(BENCH, limit=steady(40), is_down=lambda at: 20 <= at < 80)
    course = Course(sink, seed=1, declared=40).run(120)
    during = [answer for answer in course.answers if 21 <= answer.at < 80]
    after = [
        answer.at for answer in course.answers if answer.at >= 80 and isinstance(answer.outcome, Delivered)
    ]

    assert len(during) <= 10
    assert after[0] <= 80 + 60
    assert not course.pace.is_outage()
