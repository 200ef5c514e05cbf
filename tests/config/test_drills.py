"""Drills of the file: read as they are written, and refused where they try what is not there."""

from datetime import timedelta

import pytest

from tests.config.conftest import Faults, Load
from tocsin.alerts.drill import Aim, DrillPlan
from tocsin.jobs.schedule import read_schedule
from tocsin.rules.finding import Severity

RECEIVERS = """
defaults: {timezone: Europe/Berlin, environment: staging}
receivers: [{name: team, console: {}}]
"""


def with_drill(drill: str) -> str:
    return f"{RECEIVERS}drills: [{{{drill}}}]\n"


def test_a_drill_is_read_as_it_is_written(load: Load) -> None:
    text = (
        "name: page, policy: standard, schedule: 'mon', timezone: UTC, severity: page, "
        "deliver_within: 5m, acknowledge_within: 30m"
    )

    assert load(with_drill(text)).configuration.drills == (
        DrillPlan(
            name="page",
            aim=Aim.POLICY,
            target="standard",
            schedule=read_schedule("mon", "UTC"),
            severity=Severity.PAGE,
            deliver_within=timedelta(minutes=5),
            acknowledge_within=timedelta(minutes=30),
        ),
    )


def test_what_is_left_out_is_taken_from_defaults(load: Load) -> None:
    (plan,) = load(with_drill("name: etl, job: etl, schedule: '0 10 * * *'")).configuration.drills

    assert plan.schedule.timezone == "Europe/Berlin"
    assert (plan.environment, plan.severity) == ("staging", Severity.CRITICAL)
    assert (plan.deliver_within, plan.acknowledge_within) == (timedelta(minutes=2), None)


@pytest.mark.parametrize(
    ("drill", "said"),
    [
        ("receiver: teem", "no receiver is called 'teem'"),
        ("policy: standart", "no escalation policy is called 'standart'"),
        ("severity: page", "names nothing that it tries; give one of receiver, policy and job"),
        ("receiver: team, job: etl", "names receiver and job; give one of receiver, policy and job"),
        ("receiver: team, environment: x", "is for a drill of a job; leave it out here"),
        ("receiver: team, deliver_within: 2h", "must be at most 1h"),
        ("receiver: team, acknowledge_within: 2d", "must be at most 24h"),
        ("receiver: team, severity: loud", "severity"),
        ("receiver: team, timezone: Mars", "Mars"),
    ],
)
def test_a_drill_that_cannot_be_is_told(faults: Faults, drill: str, said: str) -> None:
    (fault,) = faults(with_drill(f"name: weekly, schedule: '0 10 * * *', {drill}"))

    assert said in str(fault)


@pytest.mark.parametrize("schedule", ["whenever", "0 10 31 2 *", "* * * * * *"])
def test_a_schedule_that_cannot_be_is_told(faults: Faults, schedule: str) -> None:
    (fault,) = faults(with_drill(f"name: weekly, receiver: team, schedule: '{schedule}'"))

    assert "schedule" in str(fault)


def test_a_drill_needs_a_schedule_and_a_name(faults: Faults) -> None:
    assert len(faults(with_drill("receiver: team"))) == 2


def test_two_drills_of_one_name_are_told(faults: Faults) -> None:
    one = "{name: weekly, receiver: team, schedule: mon}"

    (fault,) = faults(f"{RECEIVERS}drills: [{one}, {one}]\n")

    assert "drill 'weekly' exists already" in str(fault)


@pytest.mark.parametrize("drills", ["weekly", "[weekly]", "{name: weekly}", "[[]]", "[{name: 3}]"])
def test_what_is_no_list_of_drills_is_told(faults: Faults, drills: str) -> None:
    assert faults(f"{RECEIVERS}drills: {drills}\n")
