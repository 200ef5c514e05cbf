"""`tocsin routes`: whom an alert would reach, from the file alone."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tocsin.cli.exits import Exit

CONFIGURATION = """
receivers: [{name: team, console: {}}, {name: on-call, console: {}}, {name: audit, console: {}}]
route:
  receiver: team
  repeat_interval: 8h
  routes:
    - {match: {team: data}, receiver: audit, continue: true, group_by: [...]}
    - matchers: ['severity=~"critical|page"']
      receiver: on-call
      escalation: steps
      group_wait: 90s
      routes:
        - {matchers: [environment=staging], active_time_intervals: [office], group_by: []}
        - {matchers: [environment=gone], mute_time_intervals: [always]}
escalation_policies:
  - {policy_id: steps, levels: [{name: first, targets: [on-call], timeout_minutes: 15}]}
time_intervals:
  - name: office
    time_intervals:
      - {times: {start_time: 09:00, end_time: 17:00}, weekdays: 'monday:friday', location: Europe/Berlin}
  - {name: always, time_intervals: [{}]}
"""


NOTHING = "nothing: all alerts together"


@pytest.fixture
def routes(tocsin: Tocsin, tmp_path: Path) -> Tocsin:
    """Runs `tocsin routes` where there is a configuration."""
    (tmp_path / "tocsin.yaml").write_text(CONFIGURATION)
    return lambda *words: tocsin("routes", *words)


def test_the_tree_is_shown_with_what_holds_at_each_route(routes: Tocsin) -> None:
    said = routes("show")

    assert said.code == Exit.OK
    waits = "30s for more of a group, 5m for an update, 8h for a repeat"
    longer = "90s for more of a group, 5m for an update, 8h for a repeat"
    grouped = "groups by condition, severity"
    assert said.out.splitlines() == [
        f"every alert: tells team; groups by condition, severity; {waits}",
        f'  team="data": tells audit; and goes on; groups by all labels; {waits}',
        f'  severity=~"critical|page": tells on-call; escalated by steps; {grouped}; {longer}',
        f'    environment="staging": tells on-call; only during office; groups by {NOTHING}; {longer}',
        '    environment="gone": tells on-call; quiet during always',
    ]


def test_every_way_of_an_alert_is_printed_with_who_is_told(routes: Tocsin) -> None:
    said = routes("test", "severity=page", "team=data", 'job="daily etl"', "--at", "2026-11-23T08:00")

    assert said.code == Exit.OK
    assert said.out.splitlines() == [
        "at 23 Nov 08:00 CET",
        "",
        "way         route/routes[0]",
        "receiver    audit",
        "told now    audit/console",
        "grouped by  all labels",
        "waits       30s for more of a group, 5m for an update, 8h for a repeat",
        "",
        "way         route/routes[1]",
        "receiver    on-call",
        "told now    on-call/console",
        "grouped by  condition, severity",
        "waits       90s for more of a group, 5m for an update, 8h for a repeat",
        "",
        "escalated by steps",
    ]
    assert routes("test", "severity=info").out.endswith("\nnot escalated\n")


def test_a_muted_way_says_by_what_and_until_when(routes: Tocsin) -> None:
    words = ("test", "severity=page", "environment=staging", "--at")
    said = routes(*words, "2026-11-21T23:00+00:00")

    assert "told now    nobody" in said.out
    assert "muted       by office until 23 Nov 09:00 CET" in said.out
    assert "told later  on-call/console" in said.out
    assert said.err == "nobody is told at 22 Nov 00:00 CET\n"
    assert "told now    on-call/console" in routes(*words, "2026-11-23T09:00").out


def test_a_way_that_is_never_open_says_so(routes: Tocsin) -> None:
    said = routes("test", "severity=page", "environment=gone")

    assert "muted       by always until for ever" not in said.out
    assert "muted       by always for ever" in said.out
    assert "told later" not in said.out


def test_programs_get_the_ways_as_json(routes: Tocsin) -> None:
    said = routes("test", "severity=page", "environment=staging", "--at", "2026-11-22T12:00Z", "--json")

    answer = json.loads(said.out)
    assert answer["at"] == "2026-11-22T12:00:00+00:00"
    assert answer["escalation"] == "steps"
    assert answer["ways"] == [
        {
            "path": "route/routes[1]/routes[0]",
            "receiver": "on-call",
            "targets": ["on-call/console"],
            "told_now": False,
            "muted_by": "office",
            "muted_until": "2026-11-23T08:00:00+00:00",
            "group_by": [],
            "group_wait_seconds": 90.0,
            "group_interval_seconds": 300.0,
            "repeat_interval_seconds": 28800.0,
        }
    ]


@pytest.mark.parametrize(
    ("expect", "code"), [("audit,on-call", 0), (" on-call , audit", 0), ("on-call", 1), ("team", 1)]
)
def test_what_is_expected_is_held_against_who_is_told(routes: Tocsin, expect: str, code: int) -> None:
    said = routes("test", "severity=page", "team=data", "--expect", expect)

    assert said.code == code
    if code:
        assert "but told: audit, on-call" in said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("severity",), "'severity' is not a label; write NAME=VALUE"),
        (("team=~data",), "is not a label"),
        (("=x",), "is not a label"),
        (("severity=crit",), "'crit' is no severity; choose one of info, warning, critical, page"),
        (("a=1", "a=2"), "given twice"),
        (("a=1", "--at", "noon"), "'noon' is not a time"),
        ((), "Missing argument"),
        (tuple(f"a{n}=1" for n in range(101)), "at most 100 labels"),
    ],
)
def test_a_mistake_in_the_words_is_a_usage_error(
    routes: Tocsin, words: tuple[str, ...], complaint: str
) -> None:
    said = routes("test", *words)

    assert said.code == Exit.USAGE
    assert complaint in said.err


@pytest.mark.parametrize("command", [("show",), ("test", "a=b")])
def test_a_configuration_with_mistakes_is_told(
    tocsin: Tocsin, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "other.yaml").write_text("route: {receiver: nobody}")

    said = tocsin("routes", *command, "--config", "other.yaml")

    assert said.code == Exit.BAD_CONFIGURATION
    assert "no receiver is called 'nobody'" in said.err
    assert tocsin("routes", *command).code == Exit.BAD_CONFIGURATION


def test_who_is_told_daily_is_named_with_the_hour(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(
        'receivers: [{name: desk, email: {host: h, from: a@b.example, to: c@d.example, digest: "08:00"}}]\n'
    )

    said = tocsin("routes", "test", "severity=info")

    assert "told daily" in said.out
    assert "desk/email at 08:00" in said.out
    assert "told now" not in said.out
