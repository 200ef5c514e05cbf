"""Inhibition: which firing alert mutes which other one."""

import pytest

from tests.alerts.reckoning import Inhibition, Source, inhibited
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import read_matcher


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    return InhibitRule(
        source_matchers=tuple(read_matcher(m) for m in source.split()),
        target_matchers=tuple(read_matcher(m) for m in target.split()),
        equal=equal,
    )


def source(alert_id: str, **labels: str) -> Source:
    return Source(alert_id=alert_id, labels=tuple(sorted(labels.items())))


DOWN = rule("condition=database_down", "condition=job_failure", "team")
LOUD = rule("severity=page", "severity=~page|critical", "job")


@pytest.mark.parametrize(
    ("labels", "sources", "by"),
    [
        ({"condition": "job_failure", "team": "a"}, [source("1", condition="database_down", team="a")], "1"),
        ({"condition": "job_failure", "team": "b"}, [source("1", condition="database_down", team="a")], None),
        ({"condition": "job_failure"}, [source("1", condition="database_down")], "1"),
        ({"condition": "job_failure", "team": ""}, [source("1", condition="database_down")], "1"),
        ({"condition": "job_failure"}, [source("1", condition="database_down", team="a")], None),
        ({"condition": "stalled", "team": "a"}, [source("1", condition="database_down", team="a")], None),
        ({"condition": "job_failure", "team": "a"}, [], None),
        ({"severity": "critical", "job": "x"}, [source("2", severity="page", job="x")], "2"),
        ({"severity": "page", "job": "x"}, [source("2", severity="page", job="x")], None),
        ({"severity": "page", "job": "x"}, [source("3", severity="page", job="y")], None),
    ],
    ids=[
        "equal labels",
        "other labels",
        "a label that both lack is equal",
        "an empty label is a missing one",
        "missing on one side",
        "not a target",
        "nothing fires",
        "a target alone",
        "both sides: not by itself or its like",
        "both sides, other labels",
    ],
)
def test_a_source_mutes_targets_with_equal_labels(
    labels: dict[str, str], sources: list[Source], by: str | None
) -> None:
    found = inhibited((DOWN, LOUD), labels, sources)

    assert (found.alert_id if found else None) == by


def test_what_matches_both_sides_is_muted_by_one_that_matches_the_source_alone() -> None:
    both = rule("severity=page", "job=etl")
    sources = [source("itself", severity="page", job="etl"), source("other", severity="page", job="db")]

    assert inhibited((both,), {"severity": "page", "job": "etl"}, sources) == Inhibition(
        alert_id="other", rule=0
    )


def test_the_first_rule_that_mutes_is_named() -> None:
    labels = {"condition": "job_failure", "severity": "critical", "job": "x"}
    sources = [source("1", condition="database_down"), source("2", severity="page", job="x")]

    assert inhibited((LOUD, DOWN), labels, sources) == Inhibition(alert_id="2", rule=0)
