"""A replay is the engine: of the same check-ins come the same alerts and words at the same instants."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import FREE, MINUTE, OTHERS, START, definitions, differently, moved, rules, said
from tests.laws.profile import whole_engine
from tests.stories.server import ALIVE_EVERY
from tests.stories.story import Story
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import read_matchers
from tocsin.alerts.route import Route
from tocsin.engine import auditing, rounds
from tocsin.engine.ahead import play
from tocsin.engine.configuration import Configuration
from tocsin.engine.replaying import Event, Replay, What
from tocsin.engine.together import Together
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail, Progress
from tocsin.jobs.checks import Anomaly, Check, Metric
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.oncall import escalation
from tocsin.oncall.escalation import Level
from tocsin.rules.finding import Severity
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.rule import Rule

REST: Final = timedelta(hours=9)
NAMES: Final = ("etl", "report", "stray")
ROUTES: Final = (
    Route(receiver="team"),
    Route(receiver="team", group_by=("...",), escalation="climb"),
    Route(
        receiver="team",
        group_by=(),
        group_wait_for=timedelta(minutes=2),
        group_every=timedelta(minutes=10),
        routes=(Route(receiver="boss", matchers=read_matchers('severity="critical"'), continues=True),),
    ),
)
INHIBIT: Final = InhibitRule(
    source_matchers=read_matchers('condition="job_failure"'),
    target_matchers=read_matchers('condition=~"sla_breach|missing_run"'),
    equal=("job",),
)
CLIMB: Final = escalation.Policy(
    policy_id="climb",
    name="climb",
    levels=(
        Level(name="first", targets=("ann",), timeout_minutes=20),
        Level(name="second", targets=("boss",), timeout_minutes=45),
    ),
    repeat_after_minutes=240,
)
Past = list[CheckIn]
Told = tuple[datetime, str, str, str, str]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """What three jobs say one after the other, each at its instant."""
    now, found = START, list[CheckIn]()
    for after, check_in in draw(st.lists(said(), min_size=4, max_size=24)):
        now += after * MINUTE
        found.append(replace(moved(check_in, now), job=draw(st.sampled_from(NAMES))))
    return found


@st.composite
def configured(draw: st.DrawFn) -> tuple[dict[str, Definition], tuple[Rule, ...], Route, bool]:
    defined = {
        "etl": replace(draw(definitions()), rank=Rank.FILE),
        "report": replace(
            draw(definitions()), rank=Rank.FILE, upstream=draw(st.sampled_from([(), ("etl",)]))
        ),
    }
    chosen = tuple(draw(rules(condition)) for condition in sorted(CONDITIONS))
    return defined, chosen, draw(st.sampled_from(ROUTES)), draw(st.booleans())


def configuration_of(
    story: Story, defined: dict[str, Definition], chosen: tuple[Rule, ...], route: Route, *, inhibits: bool
) -> Configuration:
    for name in ("boss", "ann"):
        story.receiver(name)
    story.rules, story.route = chosen, route
    story.escalations["climb"] = CLIMB
    if inhibits:
        story.inhibit_rules = (INHIBIT,)
    story.defines(defined)
    return story.configuration


def lived(story: Story, past: Past) -> None:
    """Let the real engine hear it all."""
    story.begins_at(START)
    for check_in in past:
        story.server.live_until(check_in.received_at)
        story.server.report(check_in)
    story.server.live_until(past[-1].received_at + REST)


def replayed(configuration: Configuration, past: Past) -> Replay:
    return replayed_together((configuration,), past)[0]


def replayed_together(configurations: Sequence[Configuration], past: Past) -> list[Replay]:
    """Let each of them hear it all, in step, and share what it may with the others."""
    together = Together()
    replays = [
        Replay(configuration, starts_at=START, jobs=jobs_of(configuration), together=together)
        for configuration in configurations
    ]
    for check_in in past:
        for replay in replays:
            replay.feed(check_in)
    for replay in replays:
        replay.advance(past[-1].received_at + REST)
        assert replay.raised == []
    return replays


def jobs_of(configuration: Configuration) -> list[Job]:
    return [
        Job(name=key.name, environment=key.environment, registered_at=START, definition=definition)
        for key, definition in configuration.jobs.items()
    ]


def configured_as(defined: dict[str, Definition], chosen: tuple[Rule, ...], route: Route) -> Configuration:
    return Configuration(
        digest="",
        rules=chosen,
        route=route,
        targets={name: (name,) for name in ("team", "boss", "ann")},
        escalations={"climb": CLIMB},
        jobs={JobKey("production", name): definition for name, definition in defined.items()},
    )


def told_by(replay: Replay) -> list[Told]:
    told = [one for one in replay.events if one.what is What.TOLD]
    return sorted((one.at, one.target, one.reason, one.severity.word, one.summary) for one in told)


@pytest.fixture(autouse=True)
def _seldom_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ALIVE_EVERY", ALIVE_EVERY)
    monkeypatch.setattr(auditing, "SILENT_AFTER", 2 * ALIVE_EVERY)
    monkeypatch.setattr(auditing, "TURNED_AFTER", 2 * ALIVE_EVERY)


@whole_engine
@given(past=pasts(), made=configured())
def test_a_replay_opens_tells_and_ends_the_same_alerts_at_the_same_instants(
    past: Past, made: tuple[dict[str, Definition], tuple[Rule, ...], Route, bool]
) -> None:
    defined, chosen, route, inhibits = made
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "tocsin.db")
        configuration = configuration_of(story, defined, chosen, route, inhibits=inhibits)
        lived(story, past)
        heard = sorted(
            (h.at, h.target, h.message.kind.value, h.message.severity, h.message.title)
            for h in story.messages
        )
        lives = sorted((a.opened_at, a.job, a.condition, a.resolved_at or START) for a in story.alerts())
        story.close()
    replay = replayed(configuration, past)
    event(f"alerts: {min(len(lives), 5)}")
    assert lives_in(replay) == lives
    assert [one[:4] for one in told_by(replay)] == [one[:4] for one in heard]


def lives_in(replay: Replay) -> list[tuple[datetime, str, str, datetime]]:
    ended = {one.alert_id: one.at for one in replay.events if one.what is What.RESOLVED}
    opened = [one for one in replay.events if one.what is What.OPENED]
    return sorted((one.at, one.job, one.condition, ended.get(one.alert_id, START)) for one in opened)


@whole_engine
@given(past=pasts(), made=configured())
def test_a_replay_twice_is_the_same_twice(
    past: Past, made: tuple[dict[str, Definition], tuple[Rule, ...], Route, bool]
) -> None:
    defined, chosen, route, _ = made
    configuration = configured_as(defined, chosen, route)
    first: list[Event] = replayed(configuration, past).events
    assert first == replayed(configuration, past).events


@whole_engine
@given(past=pasts(), made=configured(), data=st.data())
def test_two_replays_together_tell_what_each_would_tell_alone(
    past: Past, made: tuple[dict[str, Definition], tuple[Rule, ...], Route, bool], data: st.DataObject
) -> None:
    defined, chosen, route, _ = made
    names = data.draw(st.frozensets(st.sampled_from(sorted(FREE))))
    other_rules = tuple(
        data.draw(
            st.sampled_from([rule, replaced(rule, severity=Severity.PAGE), data.draw(rules(rule.name))])
        )
        for rule in chosen
    )
    other = {
        name: differently(one, data.draw(st.sampled_from(OTHERS)), names) for name, one in defined.items()
    }
    configurations = configured_as(defined, chosen, route), configured_as(other, other_rules, route)
    together = replayed_together(configurations, past)

    for replay, configuration in zip(together, configurations, strict=True):
        assert replay.events == replayed(configuration, past).events


@whole_engine
@given(past=pasts(), made=configured(), at_once=st.integers(min_value=2, max_value=24))
def test_jobs_that_go_ahead_of_the_others_tell_what_they_would_in_step(
    past: Past, made: tuple[dict[str, Definition], tuple[Rule, ...], Route, bool], at_once: int
) -> None:
    defined, chosen, route, _ = made
    louder = tuple(replaced(rule, severity=Severity.PAGE) for rule in chosen)
    configurations = configured_as(defined, chosen, route), configured_as(defined, louder, route)
    together = Together()
    ahead = [
        Replay(configuration, starts_at=START, jobs=jobs_of(configuration), together=together)
        for configuration in configurations
    ]
    for number in range(0, len(past), at_once):
        play(ahead, past[number : number + at_once])
    for one, configuration in zip(ahead, configurations, strict=True):
        one.advance(past[-1].received_at + REST)
        in_step = replayed(configuration, past)
        assert lives_in(one) == lives_in(in_step)
        assert told_by(one) == told_by(in_step)


def test_a_replay_learns_what_is_normal_of_data_as_the_engine_does() -> None:
    past = list[CheckIn]()
    for day in range(16):
        at = START + day * timedelta(days=1)
        rows = 30.0 if day == 13 else 1_000.0 + 20.0 * (day % 4)
        sent = Detail(metrics=(("row_count", rows),))
        past += [
            CheckIn(job="etl", kind=CheckInKind.START, at=at, received_at=at, run=f"r{day}"),
            CheckIn(
                job="etl",
                kind=CheckInKind.SUCCESS,
                at=at + 20 * MINUTE,
                received_at=at + 20 * MINUTE,
                run=f"r{day}",
                detail=sent,
            ),
        ]
    checks = (Check(id="rows", metric=Metric.ROW_COUNT, anomaly=Anomaly()),)
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "tocsin.db")
        story.defines({"etl": Definition(checks=checks, rank=Rank.FILE)})
        lived(story, past)
        heard = sorted((h.at, h.message.kind.value, h.message.title) for h in story.messages)
        configuration = story.configuration
        story.close()

    replay = replayed(configuration, past)

    told = [one for one in replay.events if one.what is What.TOLD]
    assert [kind for _, kind, _ in heard if kind != "repeat"] == ["firing", "resolved"]
    assert "normal is" in heard[0][2]
    assert sorted((one.at, one.reason) for one in told) == [(at, kind) for at, kind, _ in heard]


def test_a_replay_learns_what_is_normal_as_the_engine_does() -> None:
    past = list[CheckIn]()
    for day in range(12):
        at = START + day * timedelta(days=1)
        end = at + (95 if day == 9 else 20 + day % 3) * MINUTE
        for kind, then in ((CheckInKind.START, at), (CheckInKind.SUCCESS, end)):
            past.append(CheckIn(job="etl", kind=kind, at=then, received_at=then, run=f"r{day}"))
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "tocsin.db")
        lived(story, past)
        heard = sorted((h.at, h.message.kind.value, h.message.condition) for h in story.messages)
        configuration = story.configuration
        story.close()

    replay = replayed(configuration, past)

    told = [one for one in replay.events if one.what is What.TOLD]
    assert "duration_anomaly" in {condition for _, _, condition in heard}
    assert sorted((one.at, one.reason, one.condition) for one in told) == heard


def test_a_replay_wakes_those_who_wait_for_a_job_that_is_slow() -> None:
    past = list[CheckIn]()
    for day in range(11):
        at = START.replace(hour=0, minute=0) + (day + 1) * timedelta(days=1)
        for job, begins in (("etl", at + 30 * MINUTE), ("report", at + 60 * MINUTE)):
            for kind, then in (
                (CheckInKind.START, begins),
                (CheckInKind.SUCCESS, begins + (14 + day % 3) * MINUTE),
            ):
                past.append(CheckIn(job=job, kind=kind, at=then, received_at=then, run=f"{job}{day}"))
    slow_at = past[-1].received_at.replace(hour=0, minute=30) + timedelta(days=1)
    for kind, after, progress in (
        (CheckInKind.START, 0, None),
        (CheckInKind.HEARTBEAT, 28, Progress(done=95, total=100)),
        (CheckInKind.HEARTBEAT, 32, Progress(done=30, total=100)),
    ):
        then = slow_at + after * MINUTE
        past.append(CheckIn(job="etl", kind=kind, at=then, received_at=then, run="slow", progress=progress))
    defined = {
        "etl": Definition(schedule=read_schedule("30 0 * * *", "UTC"), rank=Rank.FILE),
        "report": Definition(
            schedule=read_schedule("0 1 * * *", "UTC"),
            sla=SLA(deadline_offset_minutes=60, grace_period_minutes=60),
            rank=Rank.FILE,
            upstream=("etl",),
        ),
    }
    alone = (Rule(name="at risk", condition="deadline_risk"),)
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "tocsin.db")
        configuration = configuration_of(story, defined, alone, ROUTES[0], inhibits=False)
        lived(story, past)
        heard = sorted(
            (h.at, h.message.job, h.message.kind.value, h.message.condition) for h in story.messages
        )
        story.close()

    told = [one for one in replayed(configuration, past).events if one.what is What.TOLD]
    assert ("report", "firing", "deadline_risk") in {one[1:] for one in heard}
    assert sorted((one.at, one.job, one.reason, one.condition) for one in told) == heard
