from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.conftest import ENVIRONMENT, Faults, Load
from tocsin.config.grammar.file import File
from tocsin.config.grammar.keys import every_key
from tocsin.config.loading import load_text
from tocsin.config.references import Surroundings, follow
from tocsin.errors import ConfigError, Problem

RECEIVERS = "receivers: [{name: a, console: {}}, {name: b, console: {}}]\nroute: {receiver: a}\n"


@pytest.mark.parametrize(
    ("text", "path", "words", "suggestion"),
    [
        ("jobs: {a: {deadlin: '06:00'}}", "jobs.a.deadlin", "not a known key", "deadline"),
        ("jobs: {a: {cool_down_minutes: 5}}", "jobs.a.cool_down_minutes", "under 'alerts.throttle'", None),
        ("repeat_interval: 4h", "repeat_interval", "belongs under 'route' or 'alerts'", None),
        ("jobs: {a: {xyzzy: 5}}", "jobs.a.xyzzy", "known here: timezone, environment", None),
        ("job: {}", "job", "not a known key", "jobs"),
        ("jobs: {a: {deadline: 25:00}}", "jobs.a.deadline", "'25:00' is not a time of day", None),
        ("jobs: {a: {deadline: 6}}", "jobs.a.deadline", "must be text, not the number 6", '"6"'),
        ("jobs: {a: {schedule: '* * * *'}}", "jobs.a.schedule", "4 fields, not five", None),
        ("jobs: {a: {schedule: sunda}}", "jobs.a.schedule", "did you mean 'sunday'", None),
        ("jobs: {a: {timezone: Europe/Berln}}", "jobs.a.timezone", "did you mean 'Europe/Berlin'", None),
        ("defaults: {timezone: Mars/Base}", "defaults.timezone", "not an IANA time zone", None),
        ("jobs: {a: {business_days_only: yes}}", "jobs.a.business_days_only", "true or false", "true"),
        ("jobs: {a: {max_duration_minutes: 0}}", "jobs.a.max_duration_minutes", "must be more than 0", None),
        ("jobs: {a: {max_duration_minutes: 2h}}", "jobs.a.max_duration_minutes", "must be a number", None),
        (
            "jobs: {a: {max_duration_minutes: 1, max_duration_seconds: 60}}",
            "jobs.a.max_duration_seconds",
            "says the same as 'max_duration_minutes'",
            None,
        ),
        (
            "jobs: {a: {deadline: '06:00', must_complete_by: '07:00'}}",
            "jobs.a.must_complete_by",
            "another time than 'deadline'",
            None,
        ),
        ("jobs: {a: {max_failure_rate: 5}}", "jobs.a.max_failure_rate", "must be at most 1", None),
        (
            "jobs: {a: {deadline_offset_minutes: 1.5}}",
            "jobs.a.deadline_offset_minutes",
            "a whole number",
            None,
        ),
        ("jobs: {a: [{owner: x}, {owner: y}]}", "jobs.a[1]", "twice in environment 'production'", None),
        ("jobs: {a: []}", "jobs.a", "must have at least 1 entry", None),
        ("rules: [{name: a, condition: []}]", "rules[0].condition", "must be", None),
        ("rules: [{name: a, condition: {a: b}}]", "rules[0].condition", "must be", None),
        ("jobs: {a: 5}", "jobs.a", "must be a mapping of keys to values, not the number 5", None),
        ("jobs: [a, b]", "jobs", "must be a mapping of keys to values, not a list", None),
        ("jobs: {'': {}}", "jobs.''", "must have at least 1 character", None),
        ('jobs: {"a\\tb": {}}', "jobs.'a\\tb'", "printable text", None),
        ("jobs: {a: {labels: {job: x}}}", "jobs.a.labels.job", "set by Tocsin itself", None),
        ("jobs: {a: {labels: {no blanks: x}}}", "jobs.a.labels.'no blanks'", "letters, digits", None),
        ("jobs: {a: {labels: {v: 5}}}", "jobs.a.labels.v", "must be text, not the number 5", '"5"'),
        ("jobs: {a: {labels: {v: true}}}", "jobs.a.labels.v", "must be text, not true", '"true"'),
        ("jobs: {a: {calendar: {country: Germny}}}", "jobs.a.calendar.country", "did you mean", None),
        ("jobs: {a: {calendar: {country: DE, region: XX}}}", "jobs.a.calendar.region", "'XX' is not", None),
        ("jobs: {a: {calendar: {}}}", "jobs.a.calendar.country", "is required and missing", None),
        ("jobs: {a: {upstream: b}, b: {upstream: [c, a]}}", "jobs.a.upstream", "circle: a → b → a", None),
        ("jobs: {a: {upstream: a}}", "jobs.a.upstream", "circle: a → a", None),
        (
            "jobs: {a: {severity_escalation: {warning_minutes_before: 5, critical_minutes_before: 9}}}",
            "jobs.a.severity_escalation.critical_minutes_before",
            "before the warning",
            None,
        ),
        ("rules: [{name: x, condition: no_dat}]", "rules[0].condition", "must be one of", "no_data"),
        ("rules: [{condition: no_data}]", "rules[0].name", "is required and missing", None),
        ("rules: {}", "rules", "must be a list", None),
        (
            "rules: [{name: x, condition: no_data, job_pattern: '('}]",
            "rules[0].job_pattern",
            "not valid RE2",
            None,
        ),
        (
            "rules: [{name: x, condition: no_data, matchers: [x]}]",
            "rules[0].matchers[0]",
            "not a matcher",
            None,
        ),
        (
            "rules: [{name: x, condition: no_data, matchers: ['a=~\"(\"']}]",
            "rules[0].matchers[0]",
            "RE2",
            None,
        ),
        ("rules: [{name: x, condition: no_data, severity: crit}]", "rules[0].severity", "one of", "critical"),
        ("rules: [{name: x, condition: no_data, in_a_row: 0}]", "rules[0].in_a_row", "at least 1", None),
        ("rules: [{name: x, condition: no_data, message: '{{ a'}]", "rules[0].message", "line 1", None),
        (
            "rules: [{name: x, condition: no_data, fingerprint: ['a b']}]",
            "rules[0].fingerprint[0]",
            "label",
            None,
        ),
        (
            "rules: [{name: x, condition: no_data, m_of_n: {bad: 3, of: 2}}]",
            "rules[0].m_of_n.of",
            "as many as 'bad'",
            None,
        ),
        (
            "rules: [{name: x, condition: no_data, in_a_row: 2, m_of_n: {bad: 1, of: 2}}]",
            "rules[0].m_of_n",
            "says the same as 'in_a_row'",
            None,
        ),
        (
            "rules: [{name: x, condition: no_data}, {name: x, condition: stalled}]",
            "rules[1].name",
            "exists already: rules[0]",
            None,
        ),
        (
            "rules: [{name: run stalled, condition: no_data}]",
            "rules[0].name",
            "the name of the default rule for stalled",
            None,
        ),
        ("receivers: [{name: a}]", "receivers[0]", "has no channel", None),
        ("receivers: [{name: a/b, console: {}}]", "receivers[0].name", "must not hold '/'", None),
        (
            "receivers: [{name: a, slack: {}}]",
            "receivers[0].slack",
            "needs 'url' of an incoming webhook",
            None,
        ),
        (
            "receivers: [{name: a, slack: {url: 'https://c.example', token: xoxb-1, channel: C1}}]",
            "receivers[0].slack",
            "not both",
            None,
        ),
        (
            "receivers: [{name: a, slack: {token: xoxb-1}}]",
            "receivers[0].slack",
            "needs 'channel' beside 'token'",
            None,
        ),
        (
            "receivers: [{name: a, slack: {token: xoxp-1, channel: C1}}]",
            "receivers[0].slack.token",
            "must be a bot token, which begins with xoxb-",
            None,
        ),
        (
            "receivers: [{name: a, slack: {token: xoxb-1, channel: C1, api_url: slack.com}}]",
            "receivers[0].slack.api_url",
            "complete web address",
            None,
        ),
        ("receivers: [{name: a, slack: {url: x}}]", "receivers[0].slack.url", "complete web address", None),
        (
            "receivers: [{name: a, slack: {url: 'https://'}}]",
            "receivers[0].slack",
            "complete web address",
            None,
        ),
        ("receivers: [{name: a, slack: {url: 7}}]", "receivers[0].slack.url", "must be text", None),
        (
            "receivers: [{name: a, webhook: {url: 'https://x.example', secret: short}}]",
            "receivers[0].webhook.secret",
            "openssl rand",
            None,
        ),
        (
            "receivers: [{name: a, webhook: {url: 'https://x.example', ca_file: none.pem}}]",
            "receivers[0].webhook.ca_file",
            "cannot be read: No such file",
            None,
        ),
        (
            "receivers: [{name: a, email: {host: h, from: nobody, to: [b@example.com]}}]",
            "receivers[0].email",
            "not an email address: 'nobody'",
            None,
        ),
        (
            "receivers: [{name: a, email: {host: h, from: a@b.example, to: b@b.example, username: x}}]",
            "receivers[0].email",
            "both 'username' and 'password'",
            None,
        ),
        ("receivers: [{name: a, console: {}, fallback: a}]", "receivers[0].fallback", "for itself", None),
        ("receivers: [{name: a, console: {}, fallback: aa}]", "receivers[0].fallback", "no receiver", "a"),
        ("receivers: [{name: a, console: {}}, {name: b, console: {}}]", "route", "is needed", None),
        (
            "receivers: [{name: a, console: {}}, {name: a, console: {}}]\nroute: {receiver: a}",
            "receivers[1].name",
            "exists already: receivers[0]",
            None,
        ),
        ("receivers: []", "receivers", "at least 1 entry", None),
        ("route: {receiver: nobody}", "route.receiver", "no receiver is called 'nobody'", None),
        ("route: {}", "route.receiver", "is required and missing", None),
        ("route: {receiver: console, matchers: ['a=b']}", "route.matchers", "first route is for every", None),
        (RECEIVERS + "alerts: {repeat_interval: soon}", "alerts.repeat_interval", "such as 4h", None),
        (RECEIVERS + "alerts: {repeat_interval: 5s}", "alerts.repeat_interval", "from 1m to 366d", None),
        ("retention: {days: 50, run_days: 20}", "retention.run_days", "as many as 'days'", None),
        ("base_url: tocsin.example.com", "base_url", "must be a web address", None),
        ("jobs: {a: {runbook: 'javascript:alert(1)'}}", "jobs.a.runbook", "must be a web address", None),
        ("defaults: {runbook: see the wiki}", "defaults.runbook", "must be a web address", None),
        (
            "rules: [{name: a, condition: stalled, runbook: 'ftp://x'}]",
            "rules[0].runbook",
            "must be a web address",
            None,
        ),
        ("server: {port: 99999}", "server.port", "must be at most 65535", None),
        ("server: {database: 'mysql://x'}", "server.database", "postgresql://", None),
        ("server: {tls_key: tocsin.yaml}", "server.tls_key", "cannot be read", None),
        ("keys: {ingest: tooshort}", "keys.ingest", "at least 16 characters", None),
        ("keys: {users: {ada: 'has a blank in it, though long'}}", "keys.users.ada", "without blanks", None),
        ("just text", "the file", "must be a mapping", None),
    ],
)
def test_a_fault_is_told_with_its_path_and_what_was_meant(
    faults: Faults, text: str, path: str, words: str, suggestion: str | None
) -> None:
    (problem,) = [found for found in faults(text) if words in found.message]
    assert (problem.path, problem.suggestion) == (path, suggestion)


def test_every_fault_is_told_at_once_in_the_order_of_the_file(faults: Faults) -> None:
    found = faults(
        """\
        defaults: {timezone: Nowhere}
        jobs:
          daily:
            schedule: "0 2 * *"
            deadlin: "06:00"
          daily: {}
        rules:
          - {name: r, condition: job_failur, job_pattern: "("}
        route:
          receiver: slak
        receivers:
          - {name: slack, slack: {url: "env:NOT_SET"}}
        """
    )
    assert [(problem.line, problem.path) for problem in found] == [
        (1, "defaults.timezone"),
        (4, "jobs.daily.schedule"),
        (5, "jobs.daily.deadlin"),
        (6, "jobs.daily"),
        (8, "rules[0].condition"),
        (8, "rules[0].job_pattern"),
        (10, "route.receiver"),
        (12, "receivers[0].slack.url"),
    ]


@pytest.mark.parametrize(
    ("routes", "reached"),
    [
        ("[{receiver: b}, {matchers: ['severity=page'], receiver: a}]", False),
        (
            "[{matchers: ['team=x'], receiver: b}, {matchers: ['team=x', 'severity=page'], receiver: a}]",
            False,
        ),
        ("[{matchers: ['team = x'], receiver: b}, {matchers: 'team=x', receiver: a}]", False),
        ("[{matchers: ['team=x', 'severity=page'], receiver: b}, {matchers: ['team=x'], receiver: a}]", True),
        ("[{matchers: ['team=x'], receiver: b}, {receiver: a}]", True),
    ],
)
def test_a_route_behind_one_that_takes_everything_of_it_is_told(
    load: Load, routes: str, *, reached: bool
) -> None:
    text = f"{RECEIVERS.replace('{receiver: a}', '{receiver: a, routes: ' + routes + '}')}"
    if reached:
        assert load(text).configuration.route.routes
    else:
        with pytest.raises(ConfigError, match=r"route\.routes\[1\]: is never reached: route\.routes\[0\]"):
            load(text)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NOT_SET", "environment variable 'NOT_SET', which is not set"),
        ("env:EMPTY", "environment variable 'EMPTY', which is empty"),
        ("file:absent", "absent', which cannot be read: No such file"),
        ("file:.", "cannot be read: Is a directory"),
        ("file:empty", "empty', which is empty"),
        ("file:binary", "which is not UTF-8 text"),
        ("file:large", "larger than 64 KiB"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(
    faults: Faults, tmp_path: Path, reference: str, words: str
) -> None:
    for name, content in (("empty", b" \n"), ("binary", b"\xff"), ("large", b"x" * 70_000)):
        (tmp_path / name).write_bytes(content)
    (problem,) = faults(f'receivers:\n  - name: a\n    slack: {{url: "{reference}"}}', {"EMPTY": " "})
    assert (problem.path, problem.line) == ("receivers[0].slack.url", 3)
    assert words in problem.message


def test_no_problem_and_no_representation_ever_shows_a_secret(faults: Faults, load: Load) -> None:
    text = """\
        receivers:
          - {name: a, slack: {url: "nohttp-verysecret"}}
          - {name: b, webhook: {url: "https://x.example", secret: "verysecret-but-no-key"}}
          - {name: c, email: {host: h, from: verywrong, to: [x], username: u, password: verysecret}}
        route: {receiver: a}
        keys: {ingest: "verysecret ", users: {ada: "very secret very secret"}}
        """
    assert "secret" not in "".join(f"{problem}" for problem in faults(text)).replace(
        "webhook secret", ""
    ).replace("webhook.secret", "")
    loaded = load(
        'receivers: [{name: a, slack: {url: "env:SLACK_URL"}}]\nserver: {database: "postgresql://u:pw@h/d"}'
    )
    assert "verysecret" not in repr(loaded) + repr(loaded.channels)
    assert "pw" not in repr(loaded.server)
    around = Surroundings(environment=ENVIRONMENT, folder=Path())
    assert "verysecret" not in f"{follow('env:SLACK_URL', around)!r} {around!r}"


def test_after_a_hundred_problems_only_their_number_is_told(faults: Faults) -> None:
    found = faults("jobs:\n" + "".join(f"  j{number}: {{bogus: 1}}\n" for number in range(250)))
    assert len(found) == 101
    assert found[-1].message == "150 more problems are not shown; mend these first"


WORDS_OF_LIBRARIES = (
    "Input should",
    "Extra inputs",
    "Field required",
    "pydantic",
    "something else",
    "Value error",
)
KEYS = sorted({key.rpartition(".")[2] for key, _ in every_key(File)})
SCALARS = st.sampled_from(
    [
        "1",
        "-3",
        "0.5",
        "1e9",
        "true",
        "yes",
        "06:00",
        "env:X",
        "file:/",
        "console",
        "a",
        '"*"',
        "2h",
        "https://x",
        "~",
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(
            lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"
        ),
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(KEYS[:] + ["jobs", "rules", "route", "receivers"] * 3), TREES, max_size=5)
)
def test_whatever_stands_in_a_file_it_is_read_or_refused_in_plain_words(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]
) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in entries.items())
    problems = problems_of(text.encode(), tmp_path_factory.getbasetemp())
    assert all(problem.message and problem.line for problem in problems)
    told = " ".join(problem.message for problem in problems)
    assert not any(words in told for words in WORDS_OF_LIBRARIES)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_stumble(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    problems = problems_of(text, tmp_path_factory.getbasetemp())
    assert all(problem.message for problem in problems)


def problems_of(text: bytes, folder: Path) -> tuple[Problem, ...]:
    try:
        load_text(text, {}, source="tocsin.yaml", folder=folder)
    except ConfigError as error:
        return error.problems
    return ()
