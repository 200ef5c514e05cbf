"""The failures that a file names, and how bad it calls them."""

from typing import Any

import pytest

from tests.config.conftest import Faults, Load
from tests.rules.facts import failed
from tocsin.jobs.checkin import Detail
from tocsin.jobs.job import Impact, JobKey
from tocsin.jobs.run import RunStatus
from tocsin.rules.failure import Failure, FailureClass
from tocsin.rules.finding import Severity
from tocsin.rules.known_failures import OUR_TABLE
from tocsin.rules.rule import SeverityCase

FILE = """
    failure_classes:
      - name: vendor_closed
        class: transient
        pattern: "(?i)closed for maintenance"
        note: The vendor opens at 06:00.
      - {name: busy, class: transient, exit_codes: [3, 4], signals: SIGUSR, error_types: Busy}
      - {name: out_of_disk, class: transient, note: The cleaner runs each hour.}
      - {name: authentication, pattern: badge unknown}
"""


def failure_in(load: Load, text: str, *, status: RunStatus = RunStatus.FAILED, **detail: Any) -> Failure:  # noqa: ANN401 - as Detail takes it
    known = load(text).configuration.known_failures
    return known.failure_of(failed(status=status, detail=Detail(**detail)))


def rows(*lines: str) -> str:
    return "failure_classes:\n" + "".join(f"  - {line}\n" for line in lines)


def cases(*lines: str, condition: str = "job_failure") -> str:
    listed = "".join(f"      - {line}\n" for line in lines)
    return f"rules:\n  - name: a\n    condition: {condition}\n    severity_by:\n{listed}"


def test_without_rows_of_its_own_a_file_knows_what_we_know(load: Load) -> None:
    assert load("").configuration.known_failures is OUR_TABLE


def test_a_row_names_its_cause_its_class_and_what_to_do(load: Load) -> None:
    failure = failure_in(load, FILE.replace("SIGUSR", "SIGHUP"), error_message="Closed for maintenance")

    assert (failure.cause, failure.failure_class) == ("vendor_closed", FailureClass.TRANSIENT)
    assert failure.next_step == "The vendor opens at 06:00."


def test_a_row_may_say_more_of_what_we_know_by_our_name(load: Load) -> None:
    failure = failure_in(load, FILE.replace("SIGUSR", "SIGHUP"), error_message="badge unknown")

    assert failure.words == "authentication refused (badge unknown)"
    assert failure.failure_class is FailureClass.PERMANENT
    assert failure.next_step.startswith("Renew the credential")


def test_a_row_that_asks_for_nothing_changes_what_we_say_of_a_cause(load: Load) -> None:
    text = FILE.replace("SIGUSR", "SIGHUP")
    full = failure_in(load, text, error_message="No space left on device")
    slow = failure_in(
        load, rows("{name: time_out, class: permanent}"), status=RunStatus.TIMEOUT, error_message="x"
    )

    assert (full.failure_class, full.next_step) == (FailureClass.TRANSIENT, "The cleaner runs each hour.")
    assert full.words == "out of disk (No space left on device)"
    assert (slow.cause, slow.failure_class) == ("time_out", FailureClass.PERMANENT)


def test_signals_may_be_written_by_name_or_number(load: Load) -> None:
    by_name = load(rows("{name: stopped, class: transient, signals: [SIGTERM, int, 24]}"))

    (row,) = by_name.configuration.known_failures.own
    assert row.signals == (15, 2, 24)


def test_other_rows_make_another_configuration_and_the_same_ones_the_same(load: Load) -> None:
    def digest(text: str) -> str:
        return load(text).configuration.digest

    row = rows("{name: a, class: transient, exit_codes: 3}")
    assert digest(row) == digest(row)
    assert len({digest(""), digest(row), digest(row.replace("transient", "permanent"))}) == 3


def test_the_cases_of_a_rule_are_read_in_order(load: Load) -> None:
    text = cases(
        "{class: transient, environment: staging, severity: info}",
        "{cause: [out_of_memory, authentication], impact: [high, critical], severity: page}",
        "{in_a_row: 3, severity: critical}",
    )
    (rule,) = [rule for rule in load(text).configuration.rules if rule.name == "a"]

    assert rule.severity_by == (
        SeverityCase(
            severity=Severity.INFO, failure_classes=(FailureClass.TRANSIENT,), environments=("staging",)
        ),
        SeverityCase(
            severity=Severity.PAGE,
            causes=("out_of_memory", "authentication"),
            impacts=(Impact.HIGH, Impact.CRITICAL),
        ),
        SeverityCase(severity=Severity.CRITICAL, in_a_row=3),
    )


def test_a_rule_without_cases_is_what_it_was(load: Load) -> None:
    assert all(rule.severity_by == () for rule in load("").configuration.rules)


def test_a_job_declares_its_impact_or_takes_it_from_the_defaults(load: Load) -> None:
    text = "defaults: {impact: low}\njobs: {a: {impact: critical}, b: {}}"
    jobs = load(text).configuration.jobs

    assert jobs[JobKey("production", "a")].impact is Impact.CRITICAL
    assert jobs[JobKey("production", "b")].impact is Impact.LOW
    assert load("").configuration.defaults.impact is None


@pytest.mark.parametrize(
    ("text", "path", "words", "suggestion"),
    [
        (
            rows("{name: a, class: transiant, exit_codes: 3}"),
            "failure_classes[0].class",
            "must be one of",
            "transient",
        ),
        (rows("{name: a, exit_codes: 3}"), "failure_classes[0].class", "is required and missing", None),
        (rows("{name: out_of_dsk, exit_codes: 3}"), "failure_classes[0].class", "is required", "out_of_disk"),
        (
            rows("{name: A b, class: unknown, exit_codes: 3}"),
            "failure_classes[0].name",
            "lower-case letters",
            "a_b",
        ),
        (
            rows("{name: a, class: unknown, exit_codes: 0}"),
            "failure_classes[0].exit_codes",
            "all went well",
            None,
        ),
        (
            rows("{name: a, class: unknown, exit_codes: [3, 4294967296]}"),
            "failure_classes[0].exit_codes[1]",
            "no process ends with 4294967296",
            None,
        ),
        (
            rows("{name: a, class: unknown, signals: 65}"),
            "failure_classes[0].signals",
            "must be at most 64",
            None,
        ),
        (
            rows("{name: a, class: unknown, signals: SIGTREM}"),
            "failure_classes[0].signals",
            "name of a signal",
            "SIGTERM",
        ),
        (
            rows("{name: a, class: unknown, pattern: '(a'}"),
            "failure_classes[0].pattern",
            "not valid RE2",
            None,
        ),
        (
            rows("{name: a, class: unknown, pattern: 'a(?=b)'}"),
            "failure_classes[0].pattern",
            "not valid RE2",
            None,
        ),
        (
            rows("{name: a, class: unknown, pattern: ''}"),
            "failure_classes[0].pattern",
            "at least 1 character",
            None,
        ),
        (
            rows("{name: a, class: unknown, patern: x}"),
            "failure_classes[0].patern",
            "not a known key",
            "pattern",
        ),
        (rows("{name: a, class: unknown}"), "failure_classes[0]", "nothing says by what it is known", None),
        (
            rows("{name: time_out, class: unknown}", "{name: time_out, note: x}"),
            "failure_classes[1]",
            "changed already: failure_classes[0]",
            None,
        ),
        (
            rows("{name: a, class: unknown, exit_codes: [3, 4]}", "{name: b, class: unknown, exit_codes: 3}"),
            "failure_classes[1]",
            "can never fit: failure_classes[0] takes everything",
            None,
        ),
        (
            rows("{name: a, class: unknown, pattern: '.*'}", "{name: b, class: unknown, exit_codes: 3}"),
            "failure_classes[1]",
            "can never fit",
            None,
        ),
        (
            rows(
                "{name: a, class: unknown, pattern: refused}",
                "{name: b, class: unknown, pattern: refused by vendor}",
            ),
            "failure_classes[1]",
            "can never fit",
            None,
        ),
        (
            rows(
                "{name: a, class: unknown, pattern: '(?i)Refused'}",
                "{name: b, class: unknown, pattern: refused by}",
            ),
            "failure_classes[1]",
            "can never fit",
            None,
        ),
        (
            rows(
                "{name: a, class: unknown, error_types: TimeoutError}",
                "{name: b, class: unknown, error_types: [asyncio.TimeoutError], pattern: x}",
            ),
            "failure_classes[1]",
            "can never fit",
            None,
        ),
        (
            rows(
                "{name: a, class: unknown, signals: [9, SIGTERM]}", "{name: b, class: unknown, signals: 15}"
            ),
            "failure_classes[1]",
            "can never fit",
            None,
        ),
        (
            cases("{cause: out_of_memry, severity: page}"),
            "rules[0].severity_by[0].cause",
            "no cause is called",
            "out_of_memory",
        ),
        (
            cases("{class: transient, severity: pge}"),
            "rules[0].severity_by[0].severity",
            "must be one of",
            "page",
        ),
        (cases("{class: transient}"), "rules[0].severity_by[0].severity", "is required", None),
        (
            cases("{class: transient, severity: info}", "{class: transient, in_a_row: 2, severity: page}"),
            "rules[0].severity_by[1]",
            "can never hold: rules[0].severity_by[0] holds whenever",
            None,
        ),
        (
            cases("{severity: info}", "{impact: high, severity: page}"),
            "rules[0].severity_by[1]",
            "can never hold",
            None,
        ),
        (
            cases("{class: transient, severity: info}", condition="missing_run"),
            "rules[0].severity_by[0].class",
            "says nothing of missing_run",
            None,
        ),
        (
            cases("{in_a_row: 2, severity: info}", condition="stalled"),
            "rules[0].severity_by[0].in_a_row",
            "stalled does not count",
            None,
        ),
        (cases("{impact: hihg, severity: info}"), "rules[0].severity_by[0].impact", "must be one of", "high"),
        ("jobs: {a: {impact: huge}}", "jobs.a.impact", "must be one of low, medium, high, critical", None),
        ("jobs: {a: {labels: {error_class: x}}}", "jobs.a.labels.error_class", "set by Tocsin itself", None),
        (
            "rules: [{name: a, condition: job_failure, fingerprint: [job, error_signature]}]",
            "rules[0].fingerprint[1]",
            "is not mended",
            None,
        ),
    ],
)
def test_what_cannot_be_meant_is_told_where_it_stands(
    faults: Faults, text: str, path: str, words: str, suggestion: str | None
) -> None:
    found = [problem for problem in faults(text) if problem.path == path and words in problem.message]

    assert found, faults(text)
    assert found[0].suggestion == suggestion
    assert found[0].line


@pytest.mark.parametrize(
    "text",
    [
        rows("{name: a, class: unknown, exit_codes: 3}", "{name: b, class: unknown, exit_codes: [3, 4]}"),
        rows(
            "{name: a, class: unknown, exit_codes: 3, pattern: x}", "{name: b, class: unknown, exit_codes: 3}"
        ),
        rows(
            "{name: a, class: unknown, pattern: Refused}",
            "{name: b, class: unknown, pattern: '(?i)refused by'}",
        ),
        rows(
            "{name: a, class: unknown, pattern: 'refused.by'}",
            "{name: b, class: unknown, pattern: refused by x}",
        ),
        rows("{name: time_out, class: unknown}", "{name: b, class: unknown, exit_codes: 3}"),
        cases("{in_a_row: 3, severity: page}", "{in_a_row: 2, severity: critical}", "{severity: info}"),
        cases("{class: [transient, unknown], severity: info}", "{class: permanent, severity: page}"),
        cases("{cause: busy, severity: info}") + rows("{name: busy, class: unknown, exit_codes: 3}"),
    ],
)
def test_what_can_be_meant_is_no_fault(load: Load, text: str) -> None:
    assert load(text).configuration


def test_all_faults_are_told_at_once(faults: Faults) -> None:
    text = rows(
        "{name: a, class: unknown, pattern: '(a'}",
        "{name: b, class: sometimes, exit_codes: 3}",
        "{name: c, class: unknown, exit_codes: 3}",
    ) + cases("{cause: d, severity: page}")

    assert [problem.path for problem in faults(text)] == [
        "failure_classes[0].pattern",
        "failure_classes[1].class",
        "failure_classes[2]",
        "rules[0].severity_by[0].cause",
    ]


def test_a_pattern_that_would_hang_elsewhere_is_taken_and_fast(load: Load) -> None:
    text = rows("{name: a, class: unknown, pattern: '(a+)+$'}")

    assert failure_in(load, text, error_message="a" * 2000 + "b").cause == ""
