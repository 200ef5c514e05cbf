"""Real receivers that drip or hang: others are told at once, and limits put off without dropping."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import Situation
from tests.engine.test_delivering import Ear
from tocsin.alerts.route import Route
from tocsin.clock import SystemClock, monotonic
from tocsin.engine.commands import Done, SendTest
from tocsin.engine.configuration import Configuration, Policy
from tocsin.engine.engine import Engine
from tocsin.engine.pacing import Limit
from tocsin.notify.channel import Channel
from tocsin.notify.channels.webhook import WebhookChannel
from tocsin.store.rows import DeliveryOutcome
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics

CLOCK = SystemClock()
SLOW = 12
EACH = 8
TOLD_SECONDS = 1.0


@contextmanager
def running(
    tmp_path: Path, channels: dict[str, Channel], policy: Policy | None = None
) -> Iterator[tuple[Engine, SqliteStore]]:
    """Run an engine with these channels, each of a receiver of its own."""
    store = SqliteStore(str(tmp_path / "tocsin.db"))
    numbers = iter(range(1_000_000))
    names = [target.partition("/")[0] for target in channels]
    made = Engine(
        store=store,
        configuration=Configuration(
            digest="one",
            rules=(),
            route=Route(receiver=names[0]),
            targets={name: (target,) for name, target in zip(names, channels, strict=True)},
            policy=policy or Policy(),
        ),
        channels=channels,
        clock=CLOCK,
        new_id=lambda: f"id{next(numbers)}",
        metrics=Metrics(CLOCK),
        jitter=lambda: 0.5,
    )
    made.start()
    try:
        yield made, store
    finally:
        made.stop()
        store.close()


def tell(engine: Engine, receiver: str) -> str:
    done = engine.command(SendTest(receiver=receiver, who="kim"))
    assert isinstance(done, Done)
    return done.id


@pytest.mark.parametrize("situation", [Situation.DRIPS, Situation.SILENT])
def test_others_are_told_within_a_second_while_many_receivers_hang(
    tmp_path: Path, situation: Situation
) -> None:
    ear = Ear()
    with ExitStack() as stack:
        slow = [stack.enter_context(HttpReceiver(situation)) for _ in range(SLOW)]
        channels: dict[str, Channel] = {"good/ear": ear}
        channels |= {
            f"slow{n}/webhook": WebhookChannel(f"{one.url}/x", (), 20.0) for n, one in enumerate(slow)
        }
        engine, _ = stack.enter_context(running(tmp_path, channels))
        for number in range(SLOW):
            for _ in range(EACH):
                tell(engine, f"slow{number}")
        for one in slow:
            stack.callback(one.__exit__, None, None, None)

        for count in range(1, 6):
            began = monotonic()
            tell(engine, "good")
            ear.wait_for(heard=count)
            assert monotonic() - began < TOLD_SECONDS


def test_what_is_over_the_limit_is_put_off_with_a_reason_and_told_in_its_turn(tmp_path: Path) -> None:
    ear = Ear()
    limits = {"ear": (Limit(count=2, every=timedelta(seconds=1)),)}
    with running(tmp_path, {"good/ear": ear}, replace(Policy(), limits=limits)) as (engine, store):
        began = monotonic()
        tests = [tell(engine, "good") for _ in range(4)]
        ear.wait_for(heard=4)

        assert monotonic() - began >= 1.0
        with store.reading() as reading:
            keys = [one.key for test in tests for one in reading.notifications(test)]
            held = [one for one in reading.deliveries(keys) if one.outcome is DeliveryOutcome.RETRY]
    assert len(held) == 2
    assert all("held back until" in one.detail for one in held)
    assert all("at most 2 in 0:00:01 go to good/ear" in one.detail for one in held)
    assert {one.attempt for one in held} == {0}
