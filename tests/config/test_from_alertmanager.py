"""Whoever pastes the file of an Alertmanager is told what to write in place of what has no place here."""

from pathlib import Path

import pytest

from tests.config.conftest import Faults, Load

DOCS = Path(__file__).parents[2] / "docs"

WHOLE = """
    global:
      resolve_timeout: 5m
      smtp_smarthost: "mail.example.com:587"
      smtp_from: am@example.com
      smtp_auth_username: am
      smtp_auth_password: hunter2hunter2
      slack_api_url: https://hooks.slack.com/services/T0/B0/verysecret
      opsgenie_api_key: verysecret
      jira_api_url: https://jira.example.com
    templates: ["/etc/alertmanager/*.tmpl"]
    tracing: {endpoint: "localhost:4317"}
    route:
      receiver: team
      routes:
        - {matchers: ['severity="page"'], receiver: on-call}
    receivers:
      - name: team
        slack_configs: [{channel: "#data", send_resolved: true}]
        email_configs: [{to: "a@example.com, b@example.com"}, {to: c@example.com}, {to: d@example.com}]
      - name: on-call
        pagerduty_configs: [{service_key: verysecret}]
        webhook_configs: [{url: "https://verysecret.example.com"}]
        msteamsv2_configs: [{webhook_url: "https://verysecret.example.com"}]
        telegram_configs: [{bot_token: verysecret}]
        jira_configs: [{project: X}]
"""
MAIL = (
    "email: {host: mail.example.com, port: 587, from: am@example.com, to: [a@example.com, b@example.com], "
    'username: am, password: "env:SMTP_PASSWORD"}'
)


def test_each_key_of_a_whole_file_is_told_once_with_what_to_write(faults: Faults) -> None:
    told = {problem.path: problem.message for problem in faults(WHOLE)}

    assert len(told) == len(faults(WHOLE)) == 17
    assert "an alert is over when its job is well again" in told["global.resolve_timeout"]
    assert "'host' and 'port' at the 'email'" in told["global.smtp_smarthost"]
    assert 'slack: {url: "env:SLACK_URL"}' in told["global.slack_api_url"]
    assert 'apprise: {url: "opsgenie://…"}' in told["global.opsgenie_api_key"]
    assert "leave it out" in told["global.jira_api_url"]
    assert "a rule's 'message'" in told["templates"]
    assert 'slack: {url: "env:SLACK_URL"}' in told["receivers[0].slack_configs"]
    assert MAIL in told["receivers[0].email_configs"]
    assert "the other 2 are receivers of their own" in told["receivers[0].email_configs"]
    assert "Events API v2" in told["receivers[1].pagerduty_configs"]
    assert 'webhook: {url: "env:WEBHOOK_URL", format: alertmanager}' in told["receivers[1].webhook_configs"]
    assert 'teams: {url: "env:TEAMS_URL"}' in told["receivers[1].msteamsv2_configs"]
    assert 'apprise: {url: "tgram://…"}' in told["receivers[1].telegram_configs"]
    assert "a webhook to what speaks to it" in told["receivers[1].jira_configs"]


def test_each_stands_at_its_line_and_no_secret_is_repeated(faults: Faults) -> None:
    problems = faults(WHOLE)

    assert next(p.line for p in problems if p.path == "global.slack_api_url") == 8
    assert not any("verysecret" in p.message or "hunter2" in p.message for p in problems)


def test_what_is_told_to_be_written_can_be_used(load: Load) -> None:
    loaded = load(
        f"""
        receivers:
          - name: team
            slack: {{url: "env:SLACK_URL"}}
            {MAIL}
        """,
        {"SLACK_URL": "https://hooks.slack.com/services/T0/B0/x", "SMTP_PASSWORD": "correct horse"},
    )

    assert sorted(loaded.channels) == ["team/email", "team/slack"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("global:", "global", "leave it out"),
        ("global: 5", "global", "leave it out"),
        ("global: {new_in_2030: 1}", "global.new_in_2030", "leave it out"),
        ("global: {pagerduty_url: 'https://relay.example.com'}", "global.pagerduty_url", "for a relay"),
        (
            "receivers: [{name: a, email_configs: 5}]",
            "receivers[0].email_configs",
            "email: {host: …, from: …",
        ),
        (
            "receivers: [{name: a, email_configs: [{to: a@x.io, smarthost: 'm:x', require_tls: false}]}]",
            "receivers[0].email_configs",
            "email: {host: m, from: …, to: a@x.io, tls: none}",
        ),
        (
            "receivers: [{name: a, pagerduty_configs: [{url: 'https://relay.example.com/x'}]}]",
            "receivers[0].pagerduty_configs",
            'pagerduty: {routing_key: "env:PAGERDUTY_KEY", url: "https://relay.example.com/x"}',
        ),
        ("receivers: [{name: a, slack_configs: []}]", "receivers[0].slack_configs", "slack: {url"),
    ],
)
def test_a_part_of_it_is_told_as_well(faults: Faults, text: str, place: str, words: str) -> None:
    (problem,) = [one for one in faults(text) if one.path == place]

    assert words in problem.message


def test_of_very_many_keys_the_first_are_told(faults: Faults) -> None:
    keys = ", ".join(f"key_{number}: 1" for number in range(1_000))

    assert len(faults(f"global: {{{keys}}}")) == 20


def test_what_is_no_key_of_anybody_is_told_as_before(faults: Faults) -> None:
    (problem,) = faults("receivers: [{name: a, console: {}, slak: {}}]")

    assert problem.suggestion == "slack"


ROUTES = """
    route:
      receiver: team
      group_by: [alertname, cluster]
      routes:
        - {matchers: ['alertname=~"Backup.*"'], receiver: team, continue: true}
        - {match: {alertname: Watchdog}, receiver: team, continue: true}
        - {match_re: {team: data}, receiver: team}
    inhibit_rules:
      - {source_matchers: ['alertname="HostDown"'], target_matchers: ['severity="warning"'], equal: [host]}
    receivers: [{name: team, console: {}}]
"""


def test_the_page_for_those_who_come_from_there_shows_what_is_told(faults: Faults) -> None:
    shown = (DOCS / "howto" / "route-alerts.md").read_text(encoding="utf-8").partition("```text\n")[2]
    lines = shown.partition("```")[0].splitlines()

    problems = faults((DOCS / "snippets" / "alertmanager" / "alertmanager.yaml").read_text(encoding="utf-8"))

    told = [f"line {problem.line}: {problem.path}: {problem.message}" for problem in problems]
    assert len(told) == 10
    assert len(lines) == 3
    assert [line for line in lines if line not in told] == []


def test_the_label_that_alerts_of_others_have_is_warned_of(load: Load) -> None:
    warned = {p.path: p.message for p in load(ROUTES).warnings if "alertname" in p.message}

    assert sorted(warned) == [
        "inhibit_rules[0].source_matchers",
        "route.group_by",
        "route.routes[0].matchers",
        "route.routes[1].match",
    ]
    assert "'condition' and 'rule'" in warned["route.group_by"]


def test_a_job_may_bring_that_label(load: Load) -> None:
    text = ROUTES + "    jobs: {etl: {labels: {alertname: Backup}}}\n"

    assert [p for p in load(text).warnings if "alertname" in p.message] == []


MUTES = """
    route: {receiver: team}
    receivers: [{name: team, console: {}}]
    inhibit_rules:
      - source_matchers: ['severity="critical"']
        target_matchers: ['severity="warning"']
        equal: [alertname, cluster, service]
"""


def test_an_inhibition_that_joins_the_alerts_of_all_jobs_is_warned_of(load: Load) -> None:
    (warned,) = [p for p in load(MUTES).warnings if p.path == "inhibit_rules[0].equal"]

    assert "add 'job'" in warned.message


@pytest.mark.parametrize(
    "more", ["    defaults: {labels: {cluster: eu}}\n", "    jobs: {etl: {labels: {service: sales}}}\n"]
)
def test_one_that_goes_by_a_label_of_the_jobs_is_what_was_meant(load: Load, more: str) -> None:
    assert [p for p in load(MUTES + more).warnings if p.path == "inhibit_rules[0].equal"] == []


def test_one_that_goes_by_the_job_is_what_was_meant(load: Load) -> None:
    text = MUTES.replace("[alertname, cluster, service]", "[job]")

    assert [p for p in load(text).warnings if p.path.startswith("inhibit_rules")] == []


def test_one_whose_targets_are_jobs_by_name_is_what_was_meant(load: Load) -> None:
    text = MUTES.replace("""['severity="warning"']""", "[job=report]")

    assert [p for p in load(text).warnings if p.path.startswith("inhibit_rules")] == []
