"""The life of an alert, as tables."""

import pytest

from tests.alerts.words import ACKNOWLEDGED, FIRING, JOB, NOON, RESOLVED, alert, at, finding, told
from tocsin.alerts.advance import acknowledge, advance, open_alert, resolve
from tocsin.alerts.alert import Alert, AlertState, Reason
from tocsin.rules.finding import Finding, Severity

LATER = at("13:00")


def test_a_finding_opens_an_alert_that_carries_all_a_responder_needs() -> None:
    change = open_alert(
        JOB, finding(log_tail="…"), alert_id="1", fingerprint="f", runbook="", now=LATER, told=told("11:30")
    )

    opened = change.alert
    assert change.reason is Reason.OPENED
    assert (opened.state, opened.opened_at, opened.since_at) == (FIRING, LATER, NOON)
    assert (opened.job_id, opened.job, opened.owner, opened.labels) == (7, "etl", "ann", (("team", "data"),))
    assert (opened.runbook, opened.log_tail) == ("https://wiki.example.com/etl", "…")


def test_the_runbook_of_the_rule_comes_before_that_of_the_job() -> None:
    change = open_alert(
        JOB,
        finding(),
        alert_id="1",
        fingerprint="f",
        runbook="https://wiki.example.com/rule",
        now=LATER,
        told=told(),
    )

    assert change.alert.runbook == "https://wiki.example.com/rule"


def test_a_new_alert_knows_only_how_often_its_fingerprint_was_told() -> None:
    before = told("11:10", "11:30", severity=Severity.PAGE, step=4)

    opened = open_alert(
        JOB, finding(), alert_id="2", fingerprint="f", runbook="", now=LATER, told=before
    ).alert

    assert opened.told.at == before.at
    assert (opened.told.targets, opened.told.severity, opened.told.step, opened.told.count) == (
        (),
        None,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("before", "found", "reason", "state"),
    [
        (alert(), finding(), Reason.UNCHANGED, FIRING),
        (alert(), finding(severity=Severity.CRITICAL), Reason.LOUDER, FIRING),
        (alert(), finding(step=2), Reason.LOUDER, FIRING),
        (alert(state=ACKNOWLEDGED), finding(step=2), Reason.LOUDER, FIRING),
        (alert(severity=Severity.PAGE), finding(), Reason.QUIETER, FIRING),
        (alert(step=3), finding(), Reason.QUIETER, FIRING),
        (alert(step=3, state=ACKNOWLEDGED), finding(), Reason.QUIETER, ACKNOWLEDGED),
        (alert(severity=Severity.PAGE), finding(step=9), Reason.QUIETER, FIRING),
        (alert(), finding(summary="failed twice"), Reason.UPDATED, FIRING),
        (alert(), finding(run="b"), Reason.UPDATED, FIRING),
        (alert(), finding(rule="another"), Reason.UPDATED, FIRING),
        (alert(state=ACKNOWLEDGED), finding(run="b"), Reason.UPDATED, ACKNOWLEDGED),
        (alert(), finding(evidence=(("clock", "13:00"),)), Reason.UNCHANGED, FIRING),
        (alert(), None, Reason.RECOVERED, RESOLVED),
        (alert(state=ACKNOWLEDGED), None, Reason.RECOVERED, RESOLVED),
    ],
)
def test_a_new_verdict_changes_an_open_alert_for_a_reason(
    before: Alert, found: Finding | None, reason: Reason, state: AlertState
) -> None:
    change = advance(before, found, LATER)

    assert (change.reason, change.alert.state) == (reason, state)
    if found is not None and reason is not Reason.UNCHANGED:
        now = change.alert
        assert (now.severity, now.step, now.summary, now.run) == (
            found.severity,
            found.step,
            found.summary,
            found.run,
        )
        assert now.changed_at == LATER
        assert (now.id, now.opened_at, now.since_at) == (before.id, before.opened_at, before.since_at)


def test_the_first_who_has_it_in_hand_stays_the_one() -> None:
    first = acknowledge(alert(), "ann", LATER)
    second = acknowledge(first.alert, "bob", at("14:00"))

    assert (first.reason, first.alert.acknowledged_by, first.alert.acknowledged_at) == (
        Reason.ACKNOWLEDGED,
        "ann",
        LATER,
    )
    assert (second.reason, second.alert) == (Reason.UNCHANGED, first.alert)


def test_what_got_louder_asks_for_somebody_anew() -> None:
    taken = acknowledge(alert(), "ann", LATER).alert
    louder = advance(taken, finding(severity=Severity.PAGE), at("14:00")).alert

    again = acknowledge(louder, "bob", at("14:05"))

    assert (again.reason, again.alert.acknowledged_by) == (Reason.ACKNOWLEDGED, "bob")


def test_an_alert_ends_once() -> None:
    ended = resolve(alert(held_back_until=LATER), Reason.RESOLVED_BY_HAND, "ann", LATER)
    again = resolve(ended.alert, Reason.RECOVERED, "", at("14:00"))

    assert (ended.alert.resolved_by, ended.alert.resolved_at, ended.alert.held_back_until) == (
        "ann",
        LATER,
        None,
    )
    assert (again.reason, again.alert) == (Reason.UNCHANGED, ended.alert)
    assert acknowledge(ended.alert, "bob", LATER).reason is Reason.UNCHANGED
