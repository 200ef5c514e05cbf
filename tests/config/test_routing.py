"""Routes, time intervals and inhibition, as Alertmanager users write them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.config.conftest import Faults, Load
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import ALL_LABELS, Route, ways
from tocsin.alerts.timeinterval import NamedInterval, Span, TimeInterval
from tocsin.config.grammar.routing import read_duration

EXAMPLE = Path(__file__).parents[2] / "docs" / "snippets" / "routing" / "tocsin.yaml"
SECRETS = {
    "SLACK_URL": "https://hooks.slack.com/services/T0/B0/x",
    "TEAMS_URL": "https://prod-1.westeurope.logic.azure.com/workflows/0a/triggers/manual/paths/invoke?sig=x",
    "PAGERDUTY_KEY": "0123456789abcdef0123456789abcdef",
    "HOME": "/nonexistent",
}
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NAMES = ("default", "data", "pager", "night-watch")
RECEIVERS = "receivers: [" + ", ".join(f"{{name: {name}, console: {{}}}}" for name in NAMES) + "]\n"
TIMES = """
time_intervals:
  - name: night
    time_intervals: [{times: [{start_time: 22:00, end_time: 24:00}, {start_time: 00:00, end_time: 06:00}]}]
"""
PASTED = (
    RECEIVERS
    + """
route:
  receiver: default
  group_by: ['condition', 'team']
  group_wait: 45s
  group_interval: 2m30s
  repeat_interval: 3h
  routes:
    - match: {team: data}
      match_re: {job: etl_.*|load}
      receiver: data
      group_by: [...]
      continue: true
      routes:
        - matchers: ['{severity=~"critical|page", tier!="3,4"}']
          mute_time_intervals: [offhours]
    - matchers:
        - severity="page"
        - job!~"test_.*"
      receiver: pager
      active_time_intervals: [offhours, holidays]
    - matchers: environment = staging
      receiver: night-watch
      group_wait: 0s
      repeat_interval: 1w
time_intervals:
  - name: offhours
    time_intervals:
      - times:
          - start_time: 17:00
            end_time: "24:00"
        weekdays: ['monday:friday', saturday]
        days_of_month: ['1:5', -1]
        months: [january:march, 12]
        years: [2026, '2028:2030']
        location: Europe/Berlin
      - weekdays: sunday
mute_time_intervals:
  - name: holidays
    time_intervals: [{months: december, days_of_month: '24:26'}]
inhibit_rules:
  - source_matchers: [condition="missing_run"]
    target_match: {condition: no_data}
    target_match_re: {severity: info|warning}
    equal: [job, environment]
"""
)


def test_a_block_of_alertmanagers_can_be_pasted_in(load: Load) -> None:
    loaded = load(PASTED)
    configuration = loaded.configuration

    muted = Route(
        receiver="data",
        matchers=(read_matcher('severity=~"critical|page"'), read_matcher('tier!="3,4"')),
        mute_time_intervals=("offhours",),
    )
    assert configuration.route == Route(
        receiver="default",
        group_by=("condition", "team"),
        group_wait_for=timedelta(seconds=45),
        group_every=timedelta(seconds=150),
        repeat_every=timedelta(hours=3),
        routes=(
            Route(
                receiver="data",
                matchers=(read_matcher("team=data"), read_matcher('job=~"etl_.*|load"')),
                group_by=ALL_LABELS,
                continues=True,
                routes=(muted,),
            ),
            Route(
                receiver="pager",
                matchers=(read_matcher("severity=page"), read_matcher('job!~"test_.*"')),
                active_time_intervals=("offhours", "holidays"),
            ),
            Route(
                receiver="night-watch",
                matchers=(read_matcher("environment=staging"),),
                group_wait_for=timedelta(),
                repeat_every=timedelta(days=7),
            ),
        ),
    )


def test_time_intervals_and_inhibition_are_read(load: Load) -> None:
    configuration = load(PASTED).configuration

    office = TimeInterval(
        times=(Span(first=17 * 60, last=24 * 60 - 1),),
        weekdays=(Span(first=1, last=5), Span(first=6, last=6)),
        days_of_month=(Span(first=1, last=5), Span(first=-1, last=-1)),
        months=(Span(first=1, last=3), Span(first=12, last=12)),
        years=(Span(first=2026, last=2026), Span(first=2028, last=2030)),
        timezone="Europe/Berlin",
    )
    sunday = TimeInterval(weekdays=(Span(first=0, last=0),))
    holidays = TimeInterval(months=(Span(first=12, last=12),), days_of_month=(Span(first=24, last=26),))
    assert configuration.time_intervals == {
        "offhours": NamedInterval(name="offhours", intervals=(office, sunday)),
        "holidays": NamedInterval(name="holidays", intervals=(holidays,)),
    }
    assert configuration.inhibit_rules == (
        InhibitRule(
            source_matchers=(read_matcher("condition=missing_run"),),
            target_matchers=(read_matcher("condition=no_data"), read_matcher('severity=~"info|warning"')),
            equal=("job", "environment"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("500ms", 0.5), ("1h30m", 5400), ("1d", 86400), ("2w", 1209600), ("1y", 31536000)],
)
def test_a_length_of_time_is_read_as_prometheus_writes_it(text: str, seconds: float) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


def routes(text: str, more: str = "") -> str:
    return f"{RECEIVERS}{TIMES}route: {{receiver: default, routes: [{text}]}}\n{more}"


@pytest.mark.parametrize(
    ("text", "path", "words", "suggestion"),
    [
        (routes("{group_wait: soon}"), "route.routes[0].group_wait", "such as 30s", None),
        (routes("{group_interval: 0s}"), "route.routes[0].group_interval", "at least 1s", None),
        (routes("{repeat_interval: 9y}"), "route.routes[0].repeat_interval", "at most 366 days", None),
        (routes("{group_by: [a, a]}"), "route.routes[0].group_by", "names 'a' twice", None),
        (routes("{group_by: [a, '...']}"), "route.routes[0].group_by", "stands alone", None),
        (routes("{group_by: [a b]}"), "route.routes[0].group_by[0]", "the name of a label", None),
        (routes("{group_bye: [a]}"), "route.routes[0].group_bye", "not a known key", "group_by"),
        (routes("{continue: yes}"), "route.routes[0].continue", "true or false", "true"),
        (routes("{continues: true}"), "route.routes[0].continues", "not a known key", "continue"),
        (routes("{matchers: ['a=b,c']}"), "route.routes[0].matchers[0]", "'c' is not a matcher", None),
        (routes("{matchers: ['{}']}"), "route.routes[0].matchers[0]", "holds no matcher", None),
        (routes("{match_re: {a: '('}}"), "route.routes[0].match_re.a", "not valid RE2", None),
        (routes("{match: {a b: x}}"), "route.routes[0].match.'a b'", "the name of a label", None),
        (
            routes("{mute_time_intervals: nigt}"),
            "route.routes[0].mute_time_intervals",
            "no time interval is called 'nigt'",
            "night",
        ),
        (
            routes("{active_time_intervals: [night, day]}"),
            "route.routes[0].active_time_intervals[1]",
            "no time interval is called 'day'",
            None,
        ),
        (
            f"{RECEIVERS}route: {{receiver: default, continue: true}}",
            "route.continue",
            "'route.routes'",
            None,
        ),
        (
            f"{RECEIVERS}{TIMES}route: {{receiver: default, mute_time_intervals: [night]}}",
            "route.mute_time_intervals",
            "'route.routes'",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{weekdays: [mondy]}]}]",
            "time_intervals[0].time_intervals[0].weekdays[0]",
            "did you mean 'monday'",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{times: [{start_time: 9:00, end_time: 10:00}]}]}]",
            "time_intervals[0].time_intervals[0].times[0].start_time",
            "written as HH:MM",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{times: {start_time: 19:00, end_time: 10:00}}]}]",
            "time_intervals[0].time_intervals[0].times.end_time",
            "across midnight",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{location: Local}]}]",
            "time_intervals[0].time_intervals[0].location",
            "not an IANA time zone",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{days_of_month: [-1:3]}]}]",
            "time_intervals[0].time_intervals[0].days_of_month[0]",
            "must end so, too",
            None,
        ),
        (
            "time_intervals: [{name: a, time_intervals: [{months: []}]}]",
            "time_intervals[0].time_intervals[0].months",
            "at least 1 entry",
            None,
        ),
        (
            TIMES + "mute_time_intervals: [{name: night, time_intervals: [{}]}]",
            "mute_time_intervals[0].name",
            "exists already: time_intervals[0]",
            None,
        ),
        ("inhibit_rules: [{target_matchers: [a=b]}]", "inhibit_rules[0]", "needs 'source_matchers'", None),
        ("inhibit_rules: [{source_match: {a: b}}]", "inhibit_rules[0]", "needs 'target_matchers'", None),
        (
            "inhibit_rules: [{source_matcher: [a=b], target_matchers: [a=b]}]",
            "inhibit_rules[0].source_matcher",
            "not a known key",
            "source_matchers",
        ),
        (
            routes("{matchers: ['severity=\"crit\"']}"),
            "route.routes[0]",
            "severity is one of info, warning, critical, page",
            "critical",
        ),
        (
            routes("{matchers: ['severity=page'], routes: [{match: {severity: info}}]}"),
            "route.routes[0].routes[0]",
            'no alert passes severity="page" and severity="info" together',
            None,
        ),
        (
            routes("{match: {team: a}, matchers: ['team!~\"a|b\"']}"),
            "route.routes[0]",
            "can never match",
            None,
        ),
        (
            routes("{match_re: {team: a|b}}, {matchers: ['team=a', 'job=x'], receiver: data}"),
            "route.routes[1]",
            "is never reached: route.routes[0] matches everything that this one does",
            None,
        ),
        (
            routes("{matchers: ['severity=~\"info|warning\"']}, {match_re: {severity: critical|page}}, {}"),
            "route.routes[2]",
            "route.routes[0] and route.routes[1] together match everything",
            None,
        ),
        (
            routes("{match: {team: a}, routes: [{matchers: ['team!=b']}, {matchers: ['job=x']}]}"),
            "route.routes[0].routes[1]",
            "is never reached: route.routes[0].routes[0]",
            None,
        ),
    ],
)
def test_a_fault_of_routing_is_told_with_what_was_meant(
    faults: Faults, text: str, path: str, words: str, suggestion: str | None
) -> None:
    (problem,) = [found for found in faults(text) if words in found.message]
    assert (problem.path, problem.suggestion) == (path, suggestion)


@pytest.mark.parametrize(
    "branches",
    [
        "{match: {team: a}, continue: true}, {match: {team: a}, receiver: data}",
        "{match_re: {team: a.*}}, {match_re: {team: ab}}",
        "{match_re: {severity: info|warning}}, {matchers: ['severity!=page']}",
        "{matchers: ['team!=a']}, {matchers: ['team!=b']}",
        "{matchers: ['severity=~\"error|critical\"']}",
    ],
)
def test_routes_that_can_be_reached_are_no_fault(load: Load, branches: str) -> None:
    assert load(routes(branches)).configuration.route.routes


WORKDAYS, WEEKEND = "{weekdays: 'monday:friday'}", "{weekdays: [saturday, sunday]}"


def warnings(load: Load, text: str) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in load(text).warnings]


def test_receivers_and_time_intervals_that_nobody_uses_are_told(load: Load) -> None:
    found = warnings(load, routes("{match: {a: b}, receiver: data, routes: [{receiver: pager}]}"))

    assert found == [
        ("receivers[1].name", "no route tells 'data' of anything"),
        ("receivers[3].name", "no route tells 'night-watch' of anything"),
        ("time_intervals[0].name", "no route is quiet or speaks by the time interval 'night'"),
    ]


@pytest.mark.parametrize(
    ("intervals", "keys", "words"),
    [
        ("{name: x, time_intervals: [{}]}", "mute_time_intervals: x", "'x' keeps it quiet always"),
        (
            "{name: x, time_intervals: [{years: 1999}]}",
            "active_time_intervals: x",
            "'x' keeps it quiet always",
        ),
        (
            f"{{name: x, time_intervals: [{WORKDAYS}, {WEEKEND}]}}",
            "mute_time_intervals: x",
            "keeps it quiet until",
        ),
        (
            f"{{name: x, time_intervals: [{WORKDAYS}]}}, {{name: y, time_intervals: [{WEEKEND}]}}",
            "mute_time_intervals: [x, y]",
            "keeps it quiet until",
        ),
        ("{name: x, time_intervals: [{weekdays: sunday}]}", "mute_time_intervals: x", ""),
    ],
)
def test_a_route_that_is_always_quiet_is_told(load: Load, intervals: str, keys: str, words: str) -> None:
    text = (
        "receivers: [{name: default, console: {}}]\n"
        f"time_intervals: [{intervals}]\nroute: {{receiver: default, routes: [{{match: {{a: b}}, {keys}}}]}}"
    )
    found = warnings(load, text)

    if not words:
        assert found == []
    else:
        ((path, message),) = found
        assert path == "route.routes[0]"
        assert words in message


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("info", ["morning-mail", "team-slack"]),
        ("warning", ["morning-mail", "team-teams", "team-slack"]),
        ("critical", ["morning-mail", "team-teams", "on-call"]),
        ("page", ["morning-mail", "on-call"]),
    ],
)
def test_the_example_of_the_guide_tells_whom_it_says(load: Load, severity: str, told: list[str]) -> None:
    loaded = load(EXAMPLE.read_text(encoding="utf-8"), SECRETS)
    found = ways(
        loaded.configuration.route, {"severity": severity}, NOON, loaded.configuration.time_intervals
    )

    assert loaded.warnings == ()
    assert [way.receiver for way in found] == told


def test_an_alert_takes_the_ways_that_the_file_describes(load: Load) -> None:
    interval = load(PASTED).configuration.time_intervals["offhours"]

    assert interval.is_in(datetime(2026, 1, 5, 17, tzinfo=UTC))
    assert not interval.is_in(datetime(2026, 1, 5, 15, tzinfo=UTC))
