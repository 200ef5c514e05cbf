"""The same configuration and the same alerts through Debian's real Alertmanager and through Tocsin.

Both must tell the same receivers of the same alerts, and gather them into the same groups. Where Tocsin means
to differ, the test says why.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.reckoning import Source, inhibited
from tests.contracts.real_alertmanager import Alertmanager, Groups, running
from tests.services.programs import ALERTMANAGER, advice, find
from tests.stories.server import Server, VirtualClock
from tests.stories.story import Heard, Receiver
from tocsin.alerts.alert import AlertState
from tocsin.clock import now
from tocsin.config.loading import load_text
from tocsin.engine import rounds
from tocsin.engine.voicing import labels_of
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.notify.message import MessageKind

LAST = "last"
"""A receiver whose group waits longer than all others: once it has heard, so has everybody who will."""
QUICK = {"group_wait": "100ms", "group_interval": "1s", "repeat_interval": "4h"}
ROUTING: dict[str, Any] = {
    "route": {
        "receiver": "everybody",
        "group_by": ["team"],
        **QUICK,
        "routes": [
            {"matchers": ['team="data"', 'tier=~"gold|silver"'], "receiver": "data", "group_by": ["tier"]},
            {"matchers": ['team="web"'], "receiver": "web", "continue": True},
            {"match_re": {"team": "web|shop"}, "receiver": "shop", "group_by": ["team", "tier"]},
            {"matchers": ['team!~"x.*"', 'tier=""'], "receiver": "plain", "group_by": ["..."]},
            {"matchers": ['team="last"'], "receiver": LAST, "group_wait": "2s"},
        ],
    },
    "receivers": [{"name": name} for name in ("everybody", "data", "web", "shop", "plain", LAST)],
}
TIMES: dict[str, Any] = {
    "route": {
        "receiver": "everybody",
        "group_by": ["team"],
        **QUICK,
        "routes": [
            {"matchers": ['team="muted"'], "receiver": "muted", "mute_time_intervals": ["always"]},
            {"matchers": ['team="open"'], "receiver": "open", "mute_time_intervals": ["never"]},
            {"matchers": ['team="active"'], "receiver": "active", "active_time_intervals": ["always"]},
            {"matchers": ['team="idle"'], "receiver": "idle", "active_time_intervals": ["never"]},
            {"matchers": ['team="last"'], "receiver": LAST, "group_wait": "2s"},
        ],
    },
    "time_intervals": [
        {"name": "always", "time_intervals": [{"weekdays": ["sunday:saturday"]}]},
        {"name": "never", "time_intervals": [{"years": ["2001"]}]},
    ],
    "receivers": [{"name": name} for name in ("everybody", "muted", "open", "active", "idle", LAST)],
}
INHIBITING = [
    {"source_matchers": ['severity="page"'], "target_matchers": ['severity="warning"'], "equal": ["host"]},
    {"source_matchers": ['kind="db"'], "target_matchers": ['kind=~"db|app"'], "equal": ["host", "severity"]},
]
# The same with labels of jobs alone, for those of an alert are for the engine to say.
MUTING: dict[str, Any] = {
    **TIMES,
    "inhibit_rules": [
        {"source_matchers": ['level="high"'], "target_matchers": ['level="low"'], "equal": ["host"]},
        {
            "source_matchers": ['kind="db"', "condition=job_failure"],
            "target_matchers": ['kind=~"db|app"'],
            "equal": ["host", "level", "environment"],
        },
    ],
}
TEAMS = {
    "routing": [
        *(("data", tier) for tier in (*("gold",) * 7, "silver", "bronze", "")),
        *(("web", tier) for tier in ("gold", "gold", "")),
        *(("shop", tier) for tier in ("gold", "silver")),
        *(("xyz", tier) for tier in ("gold", "")),
        ("last", "gold"),
    ],
    "times": [(team, "gold") for team in ("muted", "open", "open", "active", "idle", "other", "last")],
}
SCENES = {"routing": ROUTING, "times": TIMES}
SLACK = timedelta(seconds=1)
"""How much later than it was sent a message may be heard on a machine that is busy."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Two who are told the same."""

    ours: "Tocsin"
    theirs: Alertmanager
    jobs: Mapping[str, Labels]


@pytest.fixture(scope="session")
def program() -> Path:
    """Debian's real Alertmanager."""
    path = find(ALERTMANAGER)
    if path is None:
        pytest.fail(advice((ALERTMANAGER,)), pytrace=False)
    return path


class Tocsin:
    """The real engine with the same blocks of configuration."""

    def __init__(self, folder: Path, configuration: dict[str, Any], at: datetime) -> None:
        receivers = [{"name": one["name"], "console": {}} for one in configuration["receivers"]]
        text = json.dumps({**configuration, "receivers": receivers})
        loaded = load_text(text.encode(), {}, source="tocsin.yaml", folder=folder)
        self._messages: list[Heard] = []
        channels = {target: Receiver(target, self._messages) for target in loaded.channels}
        self._server = Server(folder / "tocsin.db", VirtualClock(at), channels)
        self._server.boot(loaded.configuration)

    def report(self, kind: CheckInKind, jobs: Mapping[str, Labels]) -> Groups:
        """Let all jobs report at once; return the groups of that instant, then let these speak."""
        at = self._server.clock.at
        self._server.report(
            *(
                CheckIn(job=job, kind=kind, at=at, received_at=at, labels=tuple(sorted(labels.items())))
                for job, labels in jobs.items()
            )
        )
        groups = self._groups()
        self._server.live_until(at + timedelta(seconds=30))
        return groups

    def labels(self) -> list[dict[str, str]]:
        """Return the labels of every alert that is open, as routes see them."""
        with self._server.store.reading() as reading:
            return [labels_of(alert) for alert in reading.alerts(states=(AlertState.FIRING,), limit=100)]

    @property
    def at_once(self) -> set[tuple[str, str]]:
        """Which receiver was told of which job in the instant in which it failed."""
        begun_at = self._messages[0].at
        return {
            (one.target.partition("/")[0], one.message.job) for one in self._messages if one.at == begun_at
        }

    def told(self, kind: MessageKind) -> set[tuple[str, str]]:
        """Return which receiver was told of which job, by itself or as one of a group."""
        heard = [one for one in self._messages if one.message.kind is kind]
        return {
            (one.target.partition("/")[0], job)
            for one in heard
            for job in (self._members(one.message.alert_id) or [one.message.job])
        }

    def instants_of(self, receiver: str, job: str) -> list[datetime]:
        """Return when a receiver was told that a job is in trouble, first or again."""
        heard = (one for one in self._messages if one.target.partition("/")[0] == receiver)
        return [one.at for one in heard if one.message.job == job]

    def close(self) -> None:
        self._server.die()

    def _groups(self) -> Groups:
        with self._server.store.reading() as reading:
            groups = reading.groups(100)
            job_of = {a.id: a.job for a in reading.alerts(states=(AlertState.FIRING,), limit=100)}
        return {
            (
                group.receiver,
                tuple((name, value) for name, value in group.labels if value),
                frozenset([*(job_of[one.alert_id] for one in group.alone), *self._members(group.id)]),
            )
            for group in groups
        }

    def _members(self, group_id: str) -> list[str]:
        with self._server.store.reading() as reading:
            return [alert.job for alert in reading.alerts_of_group(group_id, after="", limit=100)]


@pytest.fixture(params=SCENES)
def told(
    request: pytest.FixtureRequest, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Told]:
    """One scene, played to both."""
    monkeypatch.setattr(rounds, "ALIVE_EVERY", timedelta(seconds=10))
    jobs = {
        f"job_{number}": {"team": team, **({"tier": tier} if tier else {})}
        for number, (team, tier) in enumerate(TEAMS[request.param])
    }
    ours = Tocsin(tmp_path, SCENES[request.param], now())
    try:
        with running(program, tmp_path, SCENES[request.param]) as theirs:
            yield Told(ours=ours, theirs=theirs, jobs=jobs)
    finally:
        ours.close()


def test_the_same_alerts_reach_the_same_receivers_in_the_same_groups(told: Told) -> None:
    groups = told.ours.report(CheckInKind.FAIL, told.jobs)
    told.theirs.fire(told.ours.labels(), now())
    told.theirs.ear.wait_for(told.ours.told(MessageKind.FIRING), "firing")

    assert told.theirs.ear.told("firing") == told.ours.told(MessageKind.FIRING)
    assert told.theirs.ear.groups == groups

    labels = told.ours.labels()
    told.ours.report(CheckInKind.SUCCESS, told.jobs)
    ends_at = now()
    told.theirs.fire(labels, ends_at - timedelta(seconds=10), ends_at=ends_at)
    told.theirs.ear.wait_for(told.ours.told(MessageKind.RESOLVED), "resolved")

    assert told.theirs.ear.told("resolved") == told.ours.told(MessageKind.RESOLVED)


def test_what_is_inhibited_there_is_inhibited_here(program: Path, tmp_path: Path) -> None:
    configuration = {**TIMES, "inhibit_rules": INHIBITING}
    text = json.dumps(
        {**configuration, "receivers": [{"name": n["name"], "console": {}} for n in TIMES["receivers"]]}
    )
    rules = load_text(text.encode(), {}, source="tocsin.yaml", folder=tmp_path).configuration.inhibit_rules
    alerts = [
        {"job": f"job_{number}", "team": "open", "severity": severity, "host": host, "kind": kind}
        for number, (severity, host, kind) in enumerate(
            product(("page", "warning"), ("h1", "h2", ""), ("db", "app", ""))
        )
        if (severity, host) != ("page", "h2")
    ]
    alerts = [{name: value for name, value in labels.items() if value} for labels in alerts]
    sources = [Source(alert_id=one["job"], labels=tuple(one.items())) for one in alerts]
    expected = {one["job"] for one in alerts if inhibited(rules, one, sources) is None}
    last = {"job": "job_last", "team": LAST}

    with running(program, tmp_path, configuration) as theirs:
        theirs.fire([*alerts, last], now())
        theirs.ear.wait_for({*(("open", job) for job in expected), (LAST, "job_last")}, "firing")

        assert {job for receiver, job in theirs.ear.told("firing") if receiver == "open"} == expected
    assert 0 < len(expected) < len(alerts)


def test_the_engine_tells_what_is_told_there_as_what_mutes_others_comes_and_goes(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ALIVE_EVERY", timedelta(seconds=10))
    kinds = product(("high", "low"), ("h1", "h2", ""), ("db", "app", ""))
    named = [{"level": level, "host": host, "kind": kind} for level, host, kind in kinds]
    jobs = {
        f"job_{number}": {"team": "open", **{name: value for name, value in labels.items() if value}}
        for number, labels in enumerate(named)
    }
    high = {job: labels for job, labels in jobs.items() if labels["level"] == "high"}
    over = {job: labels for job, labels in high.items() if labels.get("host") != "h1"}
    ours = Tocsin(tmp_path, MUTING, now())
    told = set[tuple[str, str]]()
    try:
        with running(program, tmp_path, MUTING) as theirs:
            ours.report(CheckInKind.FAIL, jobs)
            theirs.fire(ours.labels(), now())
            for ended in ({}, over, {job: high[job] for job in high if job not in over}):
                if ended:
                    theirs.fire(
                        [labels for labels in ours.labels() if labels["job"] in ended], now(), ends_at=now()
                    )
                    ours.report(CheckInKind.SUCCESS, ended)
                before, told = told, told | ours.told(MessageKind.FIRING)
                theirs.ear.wait_for(told, "firing")

                assert before < told
                assert theirs.ear.told("firing") == told
    finally:
        ours.close()
    assert {job for _, job in told} < set(jobs)


def test_the_first_of_a_group_does_not_wait_here_though_it_does_there(told: Told) -> None:
    """On purpose: somebody who could act is not kept waiting to learn whether others fail as well."""
    told.ours.report(CheckInKind.FAIL, told.jobs)

    first = told.ours.at_once
    assert {receiver for receiver, _ in first} == {
        receiver for receiver, _ in told.ours.told(MessageKind.FIRING)
    }


REPEATING: dict[str, Any] = {
    "route": {
        "receiver": "calm",
        "group_by": ["job"],
        "group_wait": "100ms",
        "group_interval": "1s",
        "repeat_interval": "1h",
        "routes": [{"matchers": ['team="data"'], "receiver": "keen", "repeat_interval": "3s"}],
    },
    "receivers": [{"name": name} for name in ("calm", "keen")],
}
"""What is told again after three seconds, and what after an hour."""


def test_both_tell_again_after_the_interval_of_the_route_and_not_before(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it is looked at only with the interval of the group, so that it may be that much later."""
    monkeypatch.setattr(rounds, "ALIVE_EVERY", timedelta(seconds=10))
    every = timedelta(seconds=3)
    jobs = {"often": {"team": "data"}, "seldom": {"team": "web"}}
    ours = Tocsin(tmp_path, REPEATING, now())
    try:
        ours.report(CheckInKind.FAIL, jobs)
        with running(program, tmp_path, REPEATING) as theirs:
            theirs.fire(ours.labels(), now())
            heard = theirs.ear.instants_of("keen", "often", at_least=3)
            seldom = theirs.ear.instants_of("calm", "seldom", at_least=1)
    finally:
        ours.close()

    assert gaps(ours.instants_of("keen", "often"))[:2] == [every, every]
    assert min(gaps(heard)[:2]) >= every - SLACK
    assert len(ours.instants_of("calm", "seldom")) == len(seldom) == 1


def gaps(instants: list[datetime]) -> list[timedelta]:
    return [after - before for before, after in pairwise(instants)]
