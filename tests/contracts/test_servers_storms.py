"""A storm that comes in at several servers is one storm, and is escalated once."""

from datetime import timedelta

from tests.contracts.several import Servers
from tests.contracts.test_servers import HOUR, Server
from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Reconfigure
from tocsin.jobs.checkin import CheckInKind
from tocsin.oncall.escalation import Level, Policy, Status
from tocsin.rules.defaults import DEFAULT_RULES

LEVELS = (
    Level(name="on-call", targets=("ann",), timeout_minutes=15),
    Level(name="manager", targets=("bob",), timeout_minutes=30),
)
ESCALATING = Configuration(
    digest="storms",
    rules=DEFAULT_RULES,
    route=Route(receiver="team", escalation="standard"),
    targets={name: (name,) for name in ("team", "ann", "bob")},
    escalations={"standard": Policy(policy_id="standard", name="standard", levels=LEVELS)},
)


def escalating(servers: Servers) -> Server:
    server = Server(servers())
    server.writer.submit(Reconfigure(configuration=ESCALATING))
    server.rest()
    return server


def test_a_storm_at_two_servers_is_told_to_each_level_once(servers: Servers) -> None:
    one, other = escalating(servers), escalating(servers)
    for number in range(10):
        (one, other)[number % 2].reports(CheckInKind.FAIL, job=f"job-{number}")

    for span in (timedelta(seconds=31), timedelta(minutes=8), timedelta(minutes=8), HOUR):
        one.lives(span)
        other.lives(span)

    with one.store.reading() as reading:
        (group,) = reading.groups(10)
        told = [(owed.target, owed.kind) for owed in reading.notifications(group.id)]
    assert sorted(told) == [("ann", "firing"), ("bob", "escalated"), ("team", "firing")]
    assert group.climb is not None
    assert (group.climb.status, group.climb.level) == (Status.ESCALATED, 2)
