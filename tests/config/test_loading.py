import re
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.config.conftest import SECRET, Load
from tests.config.test_promises import A10
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route, ways
from tocsin.cli.example import EXAMPLE
from tocsin.config.loading import load as load_file
from tocsin.config.loading import load_configuration
from tocsin.config.settings import Key
from tocsin.engine.configuration import Policy
from tocsin.errors import ConfigError
from tocsin.jobs.job import Definition, JobKey, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.finding import Severity
from tocsin.rules.rule import MofN, Rule
from tocsin.web.settings import digest_of

AT = datetime(2026, 3, 10, tzinfo=UTC)
ISSUE_EXAMPLE = """\
defaults: {timezone: Europe/Berlin, grace_period_minutes: 15}
jobs:
  daily_etl_main:
    schedule: "0 2 * * *"            # cron | OnCalendar | "every 15m" | "sunday"
    deadline: "06:00"                # all keys of A10
    max_duration_minutes: 120
    severity_escalation: {warning_minutes_before: 30, critical_minutes_before: 15}
    labels: {team: data, env: prod}
    runbook: https://wiki.example.com/etl
rules:                               # left out: good defaults for every condition
  - {name: etl failed, condition: job_failure, job_pattern: "etl_.*", matchers: ['env="prod"'], severity: critical, in_a_row: 2}
route:
  receiver: data-slack
  routes: [{matchers: ['severity=~"critical|page"'], receiver: on-call}]
receivers:
  - {name: data-slack, slack: {url: "env:SLACK_URL"}}
  - {name: on-call, webhook: {url: "https://hooks.example.com/tocsin", secret: "file:hook"}}
"""  # noqa: E501 -- the example as users read it


def test_the_example_of_the_grammar_says_what_it_seems_to_say(load: Load, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(SECRET + "\n")
    loaded = load(ISSUE_EXAMPLE)
    configuration = loaded.configuration
    assert configuration.jobs == {
        JobKey("production", "daily_etl_main"): Definition(
            schedule=read_schedule("0 2 * * *", "Europe/Berlin"),
            sla=SLA(
                deadline=time(6), max_duration_seconds=7200, grace_period_minutes=15, warns_by_the_clock=True
            ),
            timezone="Europe/Berlin",
            labels=(("env", "prod"), ("team", "data")),
            runbook="https://wiki.example.com/etl",
            rank=Rank.FILE,
        )
    }
    assert configuration.rules == (
        Rule(
            name="etl failed",
            condition="job_failure",
            job_pattern="etl_.*",
            matchers=('env="prod"',),
            severity=Severity.CRITICAL,
            in_a_row=2,
        ),
        *(rule for rule in DEFAULT_RULES if rule.condition != "job_failure"),
    )
    urgent = Route(receiver="on-call", matchers=(read_matcher('severity=~"critical|page"'),))
    assert configuration.route == Route(receiver="data-slack", routes=(urgent,))
    assert configuration.targets == {"data-slack": ("data-slack/slack",), "on-call": ("on-call/webhook",)}
    assert {name: repr(channel) for name, channel in loaded.channels.items()} == {
        "data-slack/slack": "SlackChannel(https://chat.example.com)",
        "on-call/webhook": "WebhookChannel(https://hooks.example.com)",
    }
    assert configuration.defaults.timezone == "Europe/Berlin"
    assert configuration.defaults.sla.grace_period_minutes == 15
    (warning,) = loaded.warnings  # a pattern is matched from the start of a name, which the example forgets
    assert (warning.path, warning.line, warning.suggestion) == ("rules[0].job_pattern", 11, ".*etl_.*")


def test_a_condition_that_no_rule_names_keeps_its_default_rule_unless_told_otherwise(load: Load) -> None:
    text = "rules: [{name: quiet, condition: stalled, enabled: false}, {name: x, condition: no_data}]\n"
    defaults = {rule.condition: rule for rule in DEFAULT_RULES}
    kept = {rule.condition: rule for rule in load(text).configuration.rules}
    assert kept["stalled"] == Rule(name="quiet", condition="stalled", enabled=False)
    assert kept["missing_run"] == defaults["missing_run"]
    assert set(kept) == set(defaults)
    alone = load(text + "default_rules: false").configuration.rules
    assert [rule.name for rule in alone] == ["quiet", "x"]
    assert load("rules: ").configuration.rules == DEFAULT_RULES
    named = load("default_rules: false\nrules: [{name: run stalled, condition: no_data}]").configuration.rules
    assert [rule.name for rule in named] == ["run stalled"]


def test_a_rule_carries_everything_that_was_written(load: Load) -> None:
    (rule,) = load(
        """\
        default_rules: false
        rules:
          - name: many failures
            condition: job_failure
            job_pattern: "etl_"
            matchers: 'team="data"'
            severity: page
            m_of_n: {bad: 3, of: 5}
            message: "{{ job_id }} failed: {error}"
            runbook: https://wiki.example.com/x
            fingerprint: [job, environment, condition, team]
        """
    ).configuration.rules
    assert rule == Rule(
        name="many failures",
        condition="job_failure",
        job_pattern="etl_",
        matchers=('team="data"',),
        severity=Severity.PAGE,
        m_of_n=MofN(bad=3, of=5),
        message="{{ job_id }} failed: {error}",
        runbook="https://wiki.example.com/x",
        fingerprint=("job", "environment", "condition", "team"),
    )


@pytest.mark.parametrize(
    "text",
    ["", "jobs: {a: {}}", "receivers:\nroute:\nserver:\nalerts: {repeat_interval: }\n"],
)
def test_without_receivers_everything_is_told_on_the_console(load: Load, text: str) -> None:
    loaded = load(text)
    assert loaded.configuration.route == Route(receiver="console")
    assert loaded.configuration.targets == {"console": ("console/console",)}
    assert [channel.kind for channel in loaded.channels.values()] == ["console"]


def test_without_any_file_the_server_watches_and_tells_on_the_console(tmp_path: Path) -> None:
    loaded = load_file(None, {"TOCSIN_DATA": str(tmp_path)})
    assert loaded.configuration.rules == DEFAULT_RULES
    assert loaded.configuration.route == Route(receiver="console")
    assert loaded.configuration.policy == Policy()
    assert loaded.server.database == str(tmp_path / "tocsin.db")
    assert (loaded.server.host, loaded.server.port) == ("127.0.0.1", 8465)


def test_the_only_receiver_needs_no_route(load: Load) -> None:
    loaded = load(
        'receivers: [{name: team, slack: {url: "env:SLACK_URL"}, console: , fallback: team2}, '
        "{name: team2, console: {}}]\nroute: {receiver: team}"
    )
    assert loaded.configuration.targets["team"] == ("team/slack", "team/console")
    assert loaded.configuration.fallbacks == {"team": "team2"}
    only = load('receivers: [{name: team, slack: {url: "env:SLACK_URL"}}]')
    assert only.configuration.route == Route(receiver="team")


def test_a_branch_without_a_receiver_tells_that_of_the_branch_above(load: Load) -> None:
    route = load(
        """\
        receivers: [{name: a, console: {}}, {name: b, console: {}}, {name: c, console: {}}]
        route:
          receiver: a
          routes:
            - matchers: ['team="x"']
              receiver: b
              routes:
                - {matchers: ['severity="info"']}
                - {matchers: 'severity="page"', receiver: c}
        """
    ).configuration.route
    told = {
        (team, severity): ways(route, {"team": team, "severity": severity}, AT, {})[0].receiver
        for team in "xy"
        for severity in ("info", "page")
    }
    assert told == {("x", "info"): "b", ("x", "page"): "c", ("y", "info"): "a", ("y", "page"): "a"}


def test_times_and_limits_of_telling_and_keeping_reach_the_engine(load: Load) -> None:
    loaded = load(
        """\
        alerts:
          repeat_interval: 1h30m
          deduplication: {window_minutes: 10, limit: 1}
          flush_wait_minutes: 2
          fallback_after_minutes: 0.5
          give_up_after_hours: 3
        retention: {days: 7, run_days: 70}
        base_url: https://tocsin.example.com/
        """
    )
    assert loaded.configuration.policy == Policy(
        repeat_every=timedelta(minutes=90),
        deduplication_window=timedelta(minutes=10),
        deduplication_limit=1,
        flush_wait_for=timedelta(minutes=2),
        fallback_after=timedelta(seconds=30),
        give_up_after=timedelta(hours=3),
        keep_logs_for=timedelta(days=7),
        keep_runs_for=timedelta(days=70),
    )
    assert loaded.configuration.base_url == "https://tocsin.example.com"


def test_the_server_and_those_it_lets_in_are_told_apart_from_the_engine(load: Load, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("PEM")
    (tmp_path / "ada").write_text("a-token-long-enough\n")
    server = load(
        """\
        server: {host: 0.0.0.0, port: 443, tls_certificate: cert.pem, tls_key: key.pem, database: "env:DB"}
        keys:
          ingest: "env:KEY"
          users: {ada: "file:ada"}
        """,
        {"KEY": "an-ingest-key-long-enough", "DB": "postgresql://tocsin:pw@db/tocsin"},
    ).server
    assert (server.host, server.port, server.database) == ("0.0.0.0", 443, "postgresql://tocsin:pw@db/tocsin")  # noqa: S104 -- what the file says
    assert (server.tls_certificate, server.tls_key) == (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    assert server.ingest_keys == (
        Key(name="ingest key 1 of the file", digest=digest_of(b"an-ingest-key-long-enough")),
    )
    assert server.user_tokens == (Key(name="ada", digest=digest_of(b"a-token-long-enough")),)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"TOCSIN_DATA": "/srv/t", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/srv/t"),
        ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, "/x/tocsin"),
        ({"HOME": "/h"}, "/h/.local/share/tocsin"),
    ],
)
def test_data_is_kept_where_the_environment_says(environment: dict[str, str], folder: str) -> None:
    assert load_file(None, environment).server.database == f"{folder}/tocsin.db"


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory; make one with: tocsin init"):
        load_file(tmp_path / "absent.yaml", {})
    with pytest.raises(ConfigError, match="Is a directory"):
        load_file(tmp_path, {})


DIGEST_OF = """
import sys, pathlib
from tocsin.config.loading import load_text
text = pathlib.Path(sys.argv[1]).read_bytes()
print(load_text(text, {}, source="x", folder=pathlib.Path()).configuration.digest)
"""


def test_a_digest_is_the_same_in_every_process_and_changes_with_what_is_judged(
    load: Load, tmp_path: Path
) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text(A10)
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST_OF, str(file)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    here = load(A10).configuration.digest
    assert digests == {here}
    assert load(A10 + "base_url: https://x.example\nserver: {port: 1}").configuration.digest == here
    assert load(A10.replace("120", "121")).configuration.digest != here
    assert load(A10 + "default_rules: false").configuration.digest != here
    assert load(A10.replace("period_minutes: 15", "period_minutes: 16")).configuration.digest != here


EVERYTHING_REFERRED = {
    "SLACK_URL": "https://chat.example.com/x",
    "HOOK_SECRET": SECRET,
    "SMTP_PASSWORD": "p",
    "TOCSIN_INGEST_KEY": "an-ingest-key-long-enough",
    "ADA_TOKEN": "a-token-long-enough",
}


def test_the_example_works_as_it_is_and_with_every_line_of_it_in_use(load: Load) -> None:
    plain = load(EXAMPLE, {})
    assert (plain.configuration.route, plain.warnings) == (Route(receiver="console"), ())
    whole = load(re.sub(r"(?m)^#(?! \S)", "", EXAMPLE), EVERYTHING_REFERRED)
    assert whole.warnings == ()
    assert {key.name for key in whole.configuration.jobs} == {"daily_etl", "business_report"}
    assert [rule.name for rule in whole.configuration.rules][:1] == ["etl failed twice"]
    assert set(whole.channels) == {"console/console", "data-team/slack", "on-call/webhook", "on-call/email"}


def test_a_file_tells_the_engine_the_same_without_its_secrets(tmp_path: Path) -> None:
    text = (
        "receivers:\n"
        "  - name: team\n"
        "    webhook: {url: 'env:NOBODY_SET_THIS', secret: 'file:/nothing/here'}\n"
        "    pagerduty: {routing_key: 'env:NOR_THIS'}\n"
        "server: {tls_certificate: not/there.pem, tls_key: not/there.key}\n"
        "keys: {ingest: 'env:NOR_THAT'}\n"
    )
    path = tmp_path / "tocsin.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError):
        load_file(path, {})
    assert load_configuration(path).targets == {"team": ("team/pagerduty", "team/webhook")}


def test_without_its_secrets_a_file_is_checked_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        "jobs: {etl: {deadlin: '06:00'}}\nreceivers: [{name: a, webhook: {url: nowhere}}]\n", "utf-8"
    )

    with pytest.raises(ConfigError) as caught:
        load_configuration(path)
    assert [problem.path for problem in caught.value.problems] == [
        "jobs.etl.deadlin",
        "receivers[0].webhook.url",
    ]
