"""Maintenance windows, as they are written in the file."""

from datetime import UTC, datetime

import pytest

from tests.config.conftest import Faults, Load
from tocsin.alerts.maintenance import MaintenanceWindow
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.timeinterval import NamedInterval, Span, TimeInterval

SUNDAYS = "time_intervals: {weekdays: sunday, times: {start_time: 02:00, end_time: 04:00}}"


def test_a_window_is_read_with_its_matchers_times_and_comment(load: Load) -> None:
    loaded = load(
        f"maintenance: [{{name: upgrade, matchers: '{{job=etl, team!=\"web\"}}', comment: x, {SUNDAYS}}}]"
    )

    sundays = TimeInterval(times=(Span(first=120, last=239),), weekdays=(Span(first=0, last=0),))
    assert loaded.configuration.maintenance == (
        MaintenanceWindow(
            name="upgrade",
            matchers=(read_matcher("job=etl"), read_matcher('team!="web"')),
            times=NamedInterval(name="upgrade", intervals=(sundays,)),
            comment="x",
        ),
    )
    assert loaded.configuration.maintenance[0].times.is_in(datetime(2026, 3, 8, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("window", "path", "words", "suggestion"),
    [
        (f"{{matchers: job=a, {SUNDAYS}}}", "maintenance[0].name", "is required", None),
        (f"{{name: a, {SUNDAYS}}}", "maintenance[0].matchers", "is required", None),
        ("{name: a, matchers: job=a}", "maintenance[0].time_intervals", "is required", None),
        (f"{{name: a, matchers: [], {SUNDAYS}}}", "maintenance[0].matchers", "at least 1 entry", None),
        (f"{{name: a, matchers: 'job=~.*', {SUNDAYS}}}", "maintenance[0]", "would match every alert", None),
        (f"{{name: a, matchers: job, {SUNDAYS}}}", "maintenance[0].matchers", "is not a matcher", None),
        (f"{{name: a, matcher: job=a, {SUNDAYS}}}", "maintenance[0].matcher", "not a known key", "matchers"),
        (
            "{name: a, matchers: job=a, time_intervals: [{weekdays: sonday}]}",
            "maintenance[0].time_intervals[0].weekdays",
            "did you mean 'sunday'",
            None,
        ),
        (
            f"{{name: a, matchers: job=a, {SUNDAYS}}}, {{name: a, matchers: job=b, {SUNDAYS}}}",
            "maintenance[1].name",
            "maintenance window 'a' exists already: maintenance[0]",
            None,
        ),
    ],
)
def test_each_mistake_is_told_where_it_is(
    faults: Faults, window: str, path: str, words: str, suggestion: str | None
) -> None:
    (problem,) = [p for p in faults(f"maintenance: [{window}]") if p.path == path]

    assert words in problem.message
    assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ("[{}]", "'a' is open always; nobody hears of what it matches"),
        ("[{years: 2020}]", "'a' does not open within ten years; take it out"),
        ("[{years: '1:9000'}]", "'a' is open always"),
    ],
)
def test_a_window_that_never_closes_or_never_opens_again_is_told(load: Load, times: str, words: str) -> None:
    loaded = load(f"maintenance: [{{name: a, matchers: job=a, time_intervals: {times}}}]")

    (warning,) = loaded.warnings
    assert (warning.path, words in warning.message) == ("maintenance[0].time_intervals", True)
