"""A batch that the sink cannot digest is told from a sink that is away, on virtual time."""

from random import Random

import pytest

from tests.batch.simulation.whole_run import WholeRun

SEEDS = range(5)
BAD = frozenset({77, 1_234})
"""One in the first batch of 500, and one in the third."""

SEARCH_SECONDS = 1.5
"""Of one search: up to eleven requests of 50 ms, one after the other, and until the rate lets each go."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("records", "poison"),
    [
        (20_000, BAD),
        (1_500, BAD),
        (20_000, frozenset({19_000, 19_777})),
        (20_000, frozenset(range(100, 20_000, 4_000))),
        (10_000, frozenset(range(100, 10_000, 500))),
        (500, frozenset({77})),
        (20_001, frozenset({20_000})),
        (20_000, frozenset({400, 401})),
    ],
)
def test_records_that_make_the_sink_fail_are_found_and_nothing_else_is_given_up(
    records: int, poison: frozenset[int], seed: int
) -> None:
    run = WholeRun(records, poison=poison, seed=seed).run()

    assert run.dead == sorted(poison)
    assert run.ended is not None
    assert run.ledger.delivered == records - len(poison)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("away", [(0.2, 30), (0.2, 300), (0.0, 120), (0.95, 400)])
@pytest.mark.parametrize("poison", [frozenset[int](), BAD])
def test_a_sink_that_was_away_gets_everything_and_nothing_good_is_given_up(
    away: tuple[float, float], poison: frozenset[int], seed: int
) -> None:
    run = WholeRun(20_000, poison=poison, is_away=lambda at: away[0] <= at < away[1], seed=seed).run()
    during = [at for at in run.requests_at if away[0] + 1 <= at < away[1]]

    assert run.dead == sorted(poison)
    assert run.ended is not None
    assert len(during) <= 20


@pytest.mark.parametrize("records", [1, 400, 500, 900, 20_000])
def test_a_sink_from_which_nothing_gets_through_suspends_the_run_and_nothing_is_given_up(
    records: int,
) -> None:
    run = WholeRun(records, is_away=lambda _: True).run()

    assert run.is_suspended
    assert run.dead == []
    assert len(run.requests_at) < 60


def test_a_sink_that_goes_away_for_good_with_the_last_batches_costs_no_record() -> None:
    run = WholeRun(20_000, poison=frozenset({19_900}), is_away=lambda at: at >= 1.2).run()

    assert run.is_suspended
    assert run.dead == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sink_that_fails_now_and_then_loses_nothing_and_is_not_taken_for_one_that_is_away(
    seed: int,
) -> None:
    run = WholeRun(100_000, chance_of_failure=0.1, seed=seed).run()

    assert run.dead == []
    assert run.ended is not None
    assert run.ended < 200 / 40 + 3 * (2 + 4 + 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_search_for_a_bad_record_waits_for_no_failure_but_of_requests_that_held_it(seed: int) -> None:
    bad = frozenset(batch * 500 + Random(seed).randrange(500) for batch in range(0, 200, 10))
    run = WholeRun(100_000, bad=bad, chance_of_failure=0.04, seed=seed).run()

    assert run.dead == sorted(bad)
    assert max(run.searching.values()) <= SEARCH_SECONDS
