"""How fast alerts find their ways, each with labels of its own, so that nothing can be remembered."""

import random
import time
from datetime import UTC, datetime

from benchmarks.report import Row, mid, spread
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route, ways
from tocsin.alerts.timeinterval import NamedInterval, Span, TimeInterval

ROUTES = 100
NIGHT = "night"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def measure(rounds: int, alerts: int) -> list[Row]:
    """Return alerts routed per second through one level of 100 branches, half of them by patterns."""
    chance = random.Random(7)
    interval = TimeInterval(times=(Span(first=0, last=359),), timezone="Europe/Berlin")
    intervals = {NIGHT: NamedInterval(name=NIGHT, intervals=(interval,))}
    root, found = _tree(), []
    for _ in range(rounds):
        labels = [_labels(chance, number) for number in range(alerts)]
        began = time.perf_counter()
        for one in labels:
            ways(root, one, NOW, intervals)
        found.append(alerts / (time.perf_counter() - began))
    detail = f"{spread(found)}; {ROUTES} routes, half of them patterns, {_matched(chance, root)} % end in one"
    return [Row(name="alerts routed", value=mid(found), unit="/s", at_least=20_000, detail=detail)]


def _tree() -> Route:
    branches = []
    for number in range(ROUTES):
        test = f'team="team-{number}"' if number % 2 else f'job=~"(etl|load)_{number}_.*|.*-{number}[a-f]?"'
        intervals = (NIGHT,) if number % 10 == 0 else ()
        branches.append(
            Route(receiver=f"r{number}", matchers=(read_matcher(test),), mute_time_intervals=intervals)
        )
    return Route(receiver="root", routes=tuple(branches))


def _labels(chance: random.Random, number: int) -> dict[str, str]:
    return {
        "job": f"etl_{chance.randrange(2 * ROUTES)}_{number}",
        "team": f"team-{chance.randrange(3 * ROUTES)}",
        "environment": "production",
        "condition": "job_failure",
        "rule": "job failed",
        "severity": chance.choice(("warning", "critical")),
        "host": f"host-{number}",
    }


def _matched(chance: random.Random, root: Route) -> int:
    ends = [ways(root, _labels(chance, number), NOW, {NIGHT: _NEVER})[0].path for number in range(1_000)]
    return round(sum(path != "route" for path in ends) / 10)


_NEVER = NamedInterval(name=NIGHT, intervals=(TimeInterval(years=(Span(first=1999, last=1999),)),))
