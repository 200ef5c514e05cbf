"""Files of promises beside the configuration."""

from pathlib import Path

import pytest

from tests.config.conftest import Faults, Load
from tests.config.test_promises import A10
from tocsin.jobs.job import JobKey

DEFAULTS, _, JOBS = A10.partition("jobs:\n")
FLAT = DEFAULTS + JOBS.replace("\n  ", "\n").removeprefix("  ")


@pytest.fixture
def sla(tmp_path: Path) -> Path:
    return tmp_path / "sla.yaml"


@pytest.mark.parametrize("text", [A10, FLAT], ids=["under jobs", "by themselves"])
def test_the_file_of_the_mission_means_the_same_wherever_it_stands(load: Load, sla: Path, text: str) -> None:
    sla.write_text(text)

    assert load("sla_files: sla.yaml").configuration.jobs == load(A10).configuration.jobs


def test_jobs_of_such_a_file_take_from_its_defaults_and_then_from_the_general_ones(
    load: Load, sla: Path
) -> None:
    sla.write_text(
        "defaults: {timezone: Europe/Berlin, severity_escalation: {warning_minutes_before: 90}}\n"
        "etl: {deadline: '06:00', severity_escalation: {critical_minutes_before: 20}}\n"
    )
    jobs = load(
        "defaults: {timezone: UTC, owner: data, environment: staging, grace_period_minutes: 9}\n"
        "sla_files: [sla.yaml]\n"
        "jobs: {own: {}}"
    ).configuration.jobs
    etl, own = jobs[JobKey("staging", "etl")], jobs[JobKey("staging", "own")]

    assert (etl.timezone, own.timezone) == ("Europe/Berlin", "UTC")
    assert (etl.owner, etl.sla.grace_period_minutes) == ("data", 9)
    assert (etl.sla.warning_minutes_before, etl.sla.critical_minutes_before) == (90, 20)


def test_a_mistake_in_such_a_file_is_told_with_its_own_line_beside_those_of_the_configuration(
    faults: Faults, sla: Path
) -> None:
    sla.write_text("defaults: {timezone: UTC}\netl:\n  deadlin: '06:00'\nother: {max_duration_minutes: 0}\n")
    found = faults("sla_files: [sla.yaml]\nrules: [{name: a, condition: job_failur}]")

    assert [(one.source, one.line, one.path, one.suggestion) for one in found] == [
        ("", 2, "rules[0].condition", "job_failure"),
        ("sla.yaml", 3, "etl.deadlin", "deadline"),
        ("sla.yaml", 4, "other.max_duration_minutes", None),
    ]
    assert found[1].told("tocsin.yaml").startswith("sla.yaml:3:3: etl.deadlin: is not a known key")


@pytest.mark.parametrize("text", ["jobs: [1]", "- a", "jobs: {a: {}}\nrules: []", "a: b", "{", "\tx: 1"])
def test_what_is_no_file_of_promises_is_told(faults: Faults, sla: Path, text: str) -> None:
    sla.write_text(text)
    assert {problem.source for problem in faults("sla_files: sla.yaml")} == {"sla.yaml"}


def test_a_job_stands_in_one_place_only(faults: Faults, sla: Path) -> None:
    sla.write_text("\netl: {environment: production}\nother: {}")
    (found,) = faults("sla_files: [sla.yaml]\njobs: {etl: {}}")

    assert (found.source, found.line) == ("sla.yaml", 2)
    assert "'etl' of 'production' stands in the configuration itself too" in found.message


def test_a_file_that_is_not_there_is_told_where_it_is_named(faults: Faults) -> None:
    (found,) = faults("sla_files: [nowhere.yaml]")
    assert (found.path, found.line) == ("sla_files[0]", 1)
    assert "cannot be read" in found.message


def test_a_warning_about_such_a_job_names_the_line_in_its_file(load: Load, sla: Path) -> None:
    sla.write_text("\n\netl:\n  schedule: every 15m\n  grace_period_minutes: 20\n")
    (warning,) = load("sla_files: [sla.yaml]").warnings

    assert (warning.source, warning.line, warning.path) == ("sla.yaml", 5, "etl.grace_period_minutes")
