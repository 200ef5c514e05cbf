"""What Tocsin has to do at certain hours is done once, however many servers share a PostgreSQL."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from tests.contracts.kept import MINUTE, NOON, SECOND
from tests.contracts.several import Servers
from tests.contracts.test_servers import Server, live_on
from tocsin.alerts.drill import Aim, DrillPlan
from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Claim, Claimed, Finish, Reconfigure
from tocsin.jobs.schedule import read_schedule
from tocsin.notify.message import MessageKind
from tocsin.oncall.responder import Responder
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import HandOverTo, Layer, OnCallSchedule
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.rows import Delivery, DeliveryOutcome, Notification, NotificationState

EVERY_FIVE = read_schedule("*/5 * * * *", "UTC")
WORK = Configuration(
    digest="one",
    rules=DEFAULT_RULES,
    route=Route(receiver="team"),
    targets={"team": ("team",)},
)


def sent(claimed: Notification, server: Server) -> Delivery:
    return Delivery(
        key=claimed.key,
        lease=claimed.lease,
        attempt=1,
        started_at=server.clock.at,
        ended_at=server.clock.at,
        outcome=DeliveryOutcome.SENT,
        detail="heard",
        next_state=NotificationState.SENT,
        next_due_at=server.clock.at,
    )


def sends(server: Server) -> list[Notification]:
    """Have one server send what is owed, and return it."""
    got: list[object] = []
    server.writer.submit(Claim(limit=50, busy=frozenset(), reply=got.append))
    server.rest()
    (claimed,) = got
    assert isinstance(claimed, Claimed)
    for one in claimed.notifications:
        server.writer.submit(Finish(deliveries=(sent(one, server),)))
    server.rest()
    return list(claimed.notifications)


@pytest.fixture
def two(servers: Servers) -> tuple[Server, Server]:
    return Server(servers()), Server(servers(), ahead=SECOND)


def work_by(servers: tuple[Server, ...], configuration: Configuration) -> None:
    for server in servers:
        server.writer.submit(Reconfigure(configuration=configuration))
        server.rest()


def test_a_drill_of_the_configuration_begins_once_and_any_server_ends_it(two: tuple[Server, Server]) -> None:
    plan = DrillPlan(name="often", aim=Aim.RECEIVER, target="team", schedule=EVERY_FIVE)
    work_by(two, replace(WORK, drills=(plan,)))

    live_on(*two, until=6 * MINUTE)
    told = [one.kind for one in sends(two[1])] + [one.kind for one in sends(two[0])]
    told += [one.kind for one in sends(two[1])]
    live_on(*two, until=MINUTE)

    assert told == [MessageKind.FIRING.value, MessageKind.RESOLVED.value]
    with two[0].store.reading() as reading:
        (drill,) = reading.drills(10)
    assert drill.faults == ()
    assert drill.over_at is not None


def test_a_hand_over_is_told_once(two: tuple[Server, Server]) -> None:
    rotation = Rotation(
        participants=("ann", "bob"),
        starts_on=(NOON - timedelta(days=10)).date(),
        starts=time(12, 3),
        timezone="UTC",
        length_hours=24,
    )
    people = {name: Responder(name=name, receivers=("team",)) for name in ("ann", "bob")}
    layers = (Layer(name="1", rotation=rotation),)
    schedule = OnCallSchedule(name="primary", layers=layers, hand_over_to=HandOverTo.COMES)
    work_by(two, replace(WORK, responders=people, on_call_schedules={"primary": schedule}))

    live_on(*two, until=6 * MINUTE)

    assert [one.kind for server in two for one in sends(server)] == [MessageKind.SUMMARY.value]
