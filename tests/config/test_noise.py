"""How jobs that make noise are told of: flapping and the throttle, as they are written in the file."""

from datetime import timedelta

import pytest

from tests.config.conftest import Faults, Load
from tocsin.alerts.flapping import Flapping
from tocsin.alerts.throttle import Throttle


def test_both_are_read_with_their_limits(load: Load) -> None:
    policy = load(
        "alerts: {flapping: {runs: 8, changes: 4, settled_runs: 2}, throttle: {window_minutes: 5, limit: 3}}"
    ).configuration.policy

    assert policy.flapping == Flapping(runs=8, changes=4, settled_runs=2)
    assert policy.throttle == Throttle(window=timedelta(minutes=5), limit=3)


def test_both_are_on_unless_they_are_switched_off(load: Load) -> None:
    usual = load("jobs: {}").configuration.policy
    off = load("alerts: {flapping: {enabled: false}, throttle: {enabled: false}}").configuration.policy

    assert (usual.flapping, usual.throttle) == (Flapping(), Throttle())
    assert (off.flapping, off.throttle) == (None, None)


@pytest.mark.parametrize(
    ("text", "path", "words", "suggestion"),
    [
        ("throttle: {limit: 1}", "throttle.limit", "must be at least 2", None),
        ("throttle: {cool_down: 5}", "throttle.cool_down", "not a known key", "cool_down_minutes"),
        ("throttle: {window_minutes: 1.5}", "throttle.window_minutes", "a whole number", None),
        ("flapping: {runs: 21}", "flapping.runs", "must be at most 20", None),
        ("flapping: {settled_runs: 1}", "flapping.settled_runs", "must be at least 2", None),
        ("flapping: {runs: 5, changes: 5}", "flapping.changes", "fewer than 'runs'", None),
    ],
)
def test_each_mistake_is_told_where_it_is(
    faults: Faults, text: str, path: str, words: str, suggestion: str | None
) -> None:
    (problem,) = faults(f"alerts: {{{text}}}")

    assert (problem.path, words in problem.message) == (f"alerts.{path}", True)
    assert problem.suggestion == suggestion
