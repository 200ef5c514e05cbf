"""People who look at the alerts now and then, act on them, and remember what was confirmed."""

from dataclasses import dataclass
from datetime import timedelta

from tests.simulation.server import Server
from tests.simulation.world import World
from tocsin.alerts.alert import Alert, AlertState, SnoozeEnd
from tocsin.alerts.matcher import Matcher
from tocsin.engine.commands import (
    Acknowledge,
    AcknowledgeGroup,
    AddSilence,
    Command,
    Done,
    ExpireSilence,
    Resolve,
    Result,
    SendTest,
    Snooze,
)
from tocsin.engine.work import Order
from tocsin.errors import StoreUnavailable

PUT_OFF_FOR = timedelta(minutes=6)
OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A command that a person was told is done; `keys` are what had been owed of its alert by then."""

    command: Command
    id: str
    who: str
    already: bool
    at_seconds: float
    keys: frozenset[str] = frozenset()


class People:
    """Everybody who uses the page."""

    def __init__(self, server: Server, world: World) -> None:
        self.promises: list[Promise] = []
        self.silences: list[str] = []
        self._server = server
        self._world = world
        self._number = 0
        self._come_back()

    def _come_back(self) -> None:
        world = self._world
        if world.swarm.people_seconds:
            world.after(world.chance.expovariate(1 / world.swarm.people_seconds), self._look)

    def _look(self) -> None:
        world = self._world
        if not world.swarm.people_seconds:
            return
        if self._server.up:
            command = self._drawn_command()
            if command is not None:
                self._give(command)
        self._come_back()

    def _drawn_command(self) -> Command | None:
        world = self._world
        self._number += 1
        who = f"person-{self._number}"
        if world.strikes(world.swarm.silences):
            return self._silence(who)
        alerts: list[Alert] = self._server.read(lambda reading: reading.alerts(states=OPEN, limit=20))
        if not alerts:
            return SendTest(receiver=world.chance.choice(("ops", "pager")), who=who)
        alert = world.chance.choice(alerts)
        kind = world.chance.choice((Acknowledge, Acknowledge, Resolve))
        if kind is Resolve:
            return Resolve(alert_id=alert.id, who=who)
        if alert.pooled and self._number % 3:
            until_at = world.server_now() + PUT_OFF_FOR if self._number % 2 else None
            return AcknowledgeGroup(group_id=alert.pooled[0].group, who=who, until_at=until_at)
        return self._taken(alert.id, who)

    def _taken(self, alert_id: str, who: str) -> Command:
        """Take an alert in hand, for good or for a time, or put it off."""
        until_at = self._world.server_now() + PUT_OFF_FOR
        match self._number % 4:
            case 0:
                return Acknowledge(alert_id=alert_id, who=who, until_at=until_at)
            case 1:
                return Snooze(alert_id=alert_id, who=who, end=SnoozeEnd.TIME, until_at=until_at)
            case 2:
                return Snooze(alert_id=alert_id, who=who, end=SnoozeEnd.NEXT_RUN)
            case _:
                return Acknowledge(alert_id=alert_id, who=who)

    def _silence(self, who: str) -> Command:
        world = self._world
        if self.silences and world.strikes(0.3):
            return ExpireSilence(silence_id=world.chance.choice(self.silences), who=who)
        name, value = world.chance.choice(
            (("tier", "gold"), ("job", "load"), ("condition", "job_failure"), ("severity", "critical"))
        )
        now = world.server_now()
        return AddSilence(
            matchers=(Matcher(name=name, operator="=", value=value),),
            starts_at=now,
            ends_at=now + timedelta(minutes=world.chance.choice((10, 30, 60))),
            who=who,
        )

    def _give(self, command: Command) -> None:
        self._world.tell("command", command)

        def reply(result: Result | StoreUnavailable) -> None:
            self._world.point("while answering")
            self._done(command, result)

        self._server.submit(Order(command=command, reply=reply))

    def _done(self, command: Command, result: Result | StoreUnavailable) -> None:
        self._world.tell("result", result)
        if not isinstance(result, Done):
            return
        self._world.happened(f"{type(command).__name__} done")
        keys: frozenset[str] = frozenset()
        if isinstance(command, Acknowledge | Resolve | Snooze | AcknowledgeGroup):
            about = command.group_id if isinstance(command, AcknowledgeGroup) else command.alert_id
            owed = self._server.read(lambda reading: reading.notifications(about))
            keys = frozenset(notification.key for notification in owed)
        if isinstance(command, AddSilence):
            self.silences.append(result.id)
        promise = Promise(
            command=command,
            id=result.id,
            who=command.who,
            already="already" in result.message,
            at_seconds=self._world.seconds,
            keys=keys,
        )
        self.promises.append(promise)
