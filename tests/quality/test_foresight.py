"""How well runs are foreseen of which the truth is known: a small part of `python -m benchmarks forecast`."""

import pytest

from benchmarks.forecast import NAIVE, ORACLE, OURS, Scores, scores_of
from tests.quality.families import FAMILIES, TUNED_ON

FAMILY = {family.name: family for family in FAMILIES}


@pytest.fixture(scope="module")
def scores() -> Scores:
    together = Scores()
    for name in ("plain", "weekly", "progress", "starts late"):
        together.add(scores_of(FAMILY[name], TUNED_ON[:1], jobs=5, runs=12))
    return together


def test_what_is_said_is_nearer_to_the_truth_than_the_median_by_far(scores: Scores) -> None:
    assert scores.of[ORACLE].brier(scores.came) < scores.of[OURS].brier(scores.came)
    assert scores.of[OURS].brier(scores.came) < scores.of[NAIVE].brier(scores.came)
    assert scores.gap < 0.4


def test_most_warnings_come_true_and_come_in_time(scores: Scores) -> None:
    assert len(scores.of[OURS].warnings) >= 15
    assert scores.truth >= 0.75
    assert scores.lead >= 0.6
