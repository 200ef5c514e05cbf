"""What a run has failed of: said as evidence, matched by routes and silences, and weighed by rules."""

import pytest

from tests.stories.story import Story
from tocsin.alerts.alert import Alert
from tocsin.jobs.job import Impact
from tocsin.rules.failure import FailureClass, KnownFailure, table_of
from tocsin.rules.finding import Severity
from tocsin.rules.known_failures import OUR_TABLE
from tocsin.rules.rule import SeverityCase

REFUSED = 'FATAL:  password authentication failed for user "etl"'
FULL = "[Errno 28] No space left on device: '/data/out-{}.csv'"


def evidence_of(story: Story) -> dict[str, str]:
    return dict(story.last.evidence)


def only(story: Story) -> Alert:
    (alert,) = story.alerts()
    return alert


def test_a_failure_is_told_with_its_cause_its_class_and_what_to_do_about_it(story: Story) -> None:
    story.at("02:00").starts("etl", run="a").fails("etl", run="a", error=FULL.format(1))

    assert evidence_of(story)["cause"] == "out of disk (No space left on device)"
    assert evidence_of(story)["class"] == "permanent: it fails again until it is mended"
    assert story.last.next_step.startswith("Free room where it writes")
    assert story.last.next_step.endswith("A good run closes this alert.")


def test_a_killed_run_names_its_signal(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", exit_code=137, log="epoch 3, memory 15.9 GiB\nKilled")

    assert evidence_of(story)["cause"] == "out of memory (memory)"
    assert evidence_of(story)["exit code"] == "137"


def test_of_a_failure_that_nobody_knows_nothing_is_made_up(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", error="the moon was full")

    assert {"cause", "class"}.isdisjoint(evidence_of(story))
    assert story.last.next_step.startswith("Read the end of the log")
    assert (only(story).error_class, only(story).error_signature) == ("unknown", "the moon was full")


def test_nobody_is_told_of_a_permanent_failure_while_retries_remain(story: Story) -> None:
    story.at("02:00").starts("etl", run="a", attempt=1, max_attempts=3)
    story.at("02:05").fails("etl", run="a", attempt=1, max_attempts=3, error=REFUSED)
    assert story.silent_until("02:30")

    story.until("03:05")
    assert story.heard == [("03:05", "critical", "firing")]
    assert evidence_of(story)["retries"] == "2 attempts left, which will hardly help: it is permanent"


def test_a_run_that_waits_for_a_hopeless_retry_says_so_when_its_deadline_comes_near(story: Story) -> None:
    story.job("etl", deadline="02:45", warn=15, critical=0)
    story.at("02:00").starts("etl", run="a", attempt=1, max_attempts=2)
    story.at("02:05").will_retry("etl", run="a", attempt=1, max_attempts=2, error=REFUSED)
    story.until("02:30")

    assert story.last.condition == "sla_breach"
    assert evidence_of(story)["cause"] == "authentication refused (password authentication failed)"
    assert evidence_of(story)["retries"] == "1 attempt left, which will hardly help: it is permanent"


def test_routes_and_silences_match_class_cause_and_signature(story: Story) -> None:
    story.routes(("error_class=transient", "later"), ("error_cause=out_of_disk", "storage"))
    story.at("02:00").fails("a", error="connection refused").fails("b", error=FULL.format(7))
    story.at("02:01").fails("c", error="the moon was full")

    assert [heard.target for heard in story.messages] == ["later", "storage", "team"]

    story.at("02:05").silences('error_signature=~"the.moon.*"', until="03:00")
    story.at("02:10").fails("d", error="the moon was full")
    story.at("02:20").fails("e", error="the sun was full")
    assert [heard.message.job for heard in story.messages][3:] == ["e"]


def test_an_alert_takes_the_class_of_the_newest_failure(story: Story) -> None:
    story.at("02:00").fails("etl", run="a", error="connection refused")
    story.at("03:00").fails("etl", run="b", error=REFUSED)

    assert (only(story).error_class, only(story).error_cause) == ("permanent", "authentication")


def test_errors_that_differ_only_in_what_varies_have_one_signature_across_jobs(story: Story) -> None:
    story.at("02:00").fails("a", error=FULL.format(1)).fails("b", error=FULL.format(2))

    assert {alert.error_signature for alert in story.alerts()} == {"[Errno …] No space left on device: '…'"}


def test_a_template_can_name_cause_and_class(story: Story) -> None:
    story.rule("job_failure", message="{{ job_id }}: {{ cause }}, {{ error_class }} ({{ error_cause }})")
    story.at("02:00").fails("etl", error="connection refused")

    assert story.last.text == "etl: connection failed (connection refused), transient (connection)"


def test_a_file_may_name_failures_of_its_own_before_ours(story: Story) -> None:
    own = KnownFailure(
        name="vendor_closed",
        failure_class=FailureClass.TRANSIENT,
        pattern="closed for maintenance",
        next_step="The vendor opens at 06:00.",
    )
    story.known_failures = table_of(OUR_TABLE.rows, own=(own,))
    story.at("02:00").fails("etl", error="connection failed: closed for maintenance")

    assert evidence_of(story)["cause"] == "vendor closed (closed for maintenance)"
    assert story.last.next_step == "The vendor opens at 06:00. A good run closes this alert."


@pytest.mark.parametrize(
    ("error", "severity"),
    [("connection refused", "info"), (REFUSED, "page"), ("the moon was full", "critical")],
)
def test_how_bad_it_is_may_depend_on_the_class(story: Story, error: str, severity: str) -> None:
    story.rule(
        "job_failure",
        severity_by=(
            SeverityCase(severity=Severity.INFO, failure_classes=(FailureClass.TRANSIENT,)),
            SeverityCase(severity=Severity.PAGE, causes=("authentication",)),
        ),
    )
    story.at("02:00").fails("etl", error=error)

    assert story.heard == [("02:00", severity, "firing")]


def test_it_may_get_worse_with_each_failure_in_a_row(story: Story) -> None:
    story.rule(
        "job_failure",
        severity="info",
        severity_by=(
            SeverityCase(severity=Severity.PAGE, in_a_row=3),
            SeverityCase(severity=Severity.WARNING, in_a_row=2),
        ),
    )
    for hour, run in ((1, "a"), (2, "b"), (3, "c")):
        story.at(f"0{hour}:00").fails("etl", run=run)
    story.at("04:00").succeeds("etl", run="d")

    assert story.heard == [
        ("01:00", "info", "firing"),
        ("02:00", "warning", "louder"),
        ("03:00", "page", "louder"),
        ("04:00", "page", "resolved"),
    ]


def test_it_may_depend_on_environment_and_impact(story: Story) -> None:
    story.rule(
        "job_failure",
        severity="warning",
        severity_by=(
            SeverityCase(severity=Severity.INFO, environments=("staging",)),
            SeverityCase(severity=Severity.PAGE, impacts=(Impact.HIGH, Impact.CRITICAL)),
        ),
    )
    story.job("billing", impact=Impact.CRITICAL)
    story.job("wiki", impact=Impact.LOW)
    story.at("02:00").fails("billing").fails("wiki").fails("billing", environment="staging")
    story.at("03:00").fails("other")

    assert [(heard.message.job, heard.message.severity) for heard in story.messages] == [
        ("billing", "page"),
        ("wiki", "warning"),
        ("billing", "info"),
        ("other", "warning"),
    ]


def test_what_a_case_says_stands_in_the_place_of_the_rules_own_severity(story: Story) -> None:
    """So of a promise it is the most that can be reached, and each stage stays news."""
    story.rule(
        "sla_breach", severity_by=(SeverityCase(severity=Severity.WARNING, environments=("production",)),)
    )
    story.job("etl", deadline="06:00", warn=30, critical=15)
    story.until("06:20")

    assert story.heard_of("etl") == [
        ("05:30", "warning", "firing"),
        ("05:45", "warning", "louder"),
        ("06:00", "warning", "louder"),
    ]


def test_a_backfill_is_no_worse_than_a_warning_whatever_a_case_says(story: Story) -> None:
    story.rule("job_failure", severity_by=(SeverityCase(severity=Severity.PAGE),))
    story.at("02:00").fails("etl", run="a", backfill=True, nominal="2026-03-01 02:00")

    assert story.heard == [("02:00", "warning", "firing")]
