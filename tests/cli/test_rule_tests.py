"""`tocsin test`: the unit test of a configuration, as somebody who writes one sees it."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Said, Tocsin
from tocsin.cli.exits import Exit

CONFIG = """\
defaults: {timezone: America/New_York}
jobs:
  nightly: {schedule: "0 2 * * *", deadline: "06:00"}
receivers:
  - {name: team, webhook: {url: "env:NOBODY_HAS_SET_THIS"}}
  - {name: boss, console: {}}
route: {receiver: team, routes: [{matchers: ["severity=page"], receiver: boss}]}
"""
GOOD = """\
config: tocsin.yaml
tests:
  - name: a good night
    check_ins:
      - 02:00 nightly start
      - +40m nightly success records=10
    no_alerts: true
  - name: a run that does not come
    expect:
      - nothing until 02:05
      - 02:05 nightly missing_run critical
      - {at: "05:30", job: nightly, condition: sla_breach, severity: warning, told: []}
      - {at: +1h, job: nightly, condition: sla_breach, severity: page, told: [team, boss]}
"""


START = "(did not start at 2026-01-05 02:00 EST)"


@pytest.fixture
def run(tocsin: Tocsin, tmp_path: Path) -> "Run":
    return Run(tocsin, tmp_path)


class Run:
    """Writes files and tests them."""

    def __init__(self, tocsin: Tocsin, folder: Path) -> None:
        self._tocsin = tocsin
        self._folder = folder
        (folder / "tocsin.yaml").write_text(CONFIG, encoding="utf-8")

    def __call__(self, text: str, *words: str) -> Said:
        (self._folder / "rules.test.yaml").write_text(text, encoding="utf-8")
        return self._tocsin("test", *words)


def one(*lines: str, config: str = "tocsin.yaml") -> str:
    """A file with one test."""
    return "\n".join([f"config: {config}", "tests:", "  - name: it", *(f"    {line}" for line in lines), ""])


def test_good_tests_are_told_one_by_one_and_end_well(run: Run) -> None:
    said = run(GOOD)

    assert said.code == Exit.OK
    assert said.out.splitlines()[:3] == [
        "rules.test.yaml",
        "  ok    a good night",
        "  ok    a run that does not come",
    ]
    assert said.out.splitlines()[3].startswith("2 tests, 2 good, in 0.")


def test_a_failure_shows_what_was_expected_and_what_came_with_its_line(run: Run) -> None:
    said = run(one("expect:", "  - 02:06 nightly missing_run page", "  - 06:00 nightly sla_breach critical"))

    assert said.code == Exit.FAILED
    assert said.out.splitlines()[1:5] == [
        "  FAIL  it",
        "    rules.test.yaml:5: expected:",
        "      - 02:06 nightly missing_run page firing",
        f"      + nightly missing_run critical from 02:05; told by then: team {START}",
    ]
    assert "1 test, 1 of 1 failed" in said.out


def test_what_nobody_expects_is_told_with_the_line_of_the_test(run: Run) -> None:
    said = run(
        one("check_ins: [03:00 other fail error='disk full']", "expect:", "  - nothing of nightly at 01:00")
    )

    assert said.code == Exit.FAILED
    assert "rules.test.yaml:3: no line expects this:" in said.out
    assert "+ other job_failure critical from 03:00; told: team (failed: disk full)" in said.out
    assert (
        run(
            one(
                "check_ins: [03:00 other fail]", "expect: [nothing of nightly at 01:00]", "allow_others: true"
            )
        ).code
        == 0
    )


def test_what_did_not_come_at_all_is_said(run: Run) -> None:
    said = run(one("check_ins: [02:00 nightly runs 20m]", "expect: [03:00 nightly job_failure]"))

    assert "+ no alert of this job, nor of this condition, came at all" in said.out


def test_a_broken_quiet_names_its_time(run: Run) -> None:
    said = run(
        one("expect:", "  - nothing from 02:00 until 03:00", "  - nothing at 04:00", "allow_others: true")
    )

    assert "- nothing from 02:00 until 03:00" in said.out
    assert "- nothing at 04:00" in said.out
    assert said.out.count("+ nightly missing_run critical from 02:05") == 2
    assert "- no alerts" in run(one("until: 03:00", "no_alerts: true")).out


def test_a_month_is_written_in_one_line_and_played_in_no_time(run: Run) -> None:
    text = one(
        "now: 2026-03-01",
        "check_ins: [every 1d from 02:00 for 30 nightly runs 40m records=5]",
        "expect:",
        "  - nothing until 2026-03-31 02:05",
        "  - 2026-03-31 02:05 nightly missing_run critical",
    )
    said = run(text)

    assert (said.code, "1 good" in said.out) == (Exit.OK, True)


@pytest.mark.parametrize(
    "line",
    [
        "{at: '02:10', job: nightly, kind: fail, exit_code: 3, error_type: OSError, error_message: no room}",
        "{every: 1d, from: '02:10', times: 1, job: nightly, kind: fail}",
        "02:10 nightly fail exit_code=3 error='no room' attempt=3/3 run=a partition=eu nominal=02:00",
        "02:10 nightly timeout",
        "Mon 02:10 nightly fail",
        "2026-01-05 02:10:00 nightly fail",
        "+130m nightly fail",
    ],
)
def test_a_check_in_is_written_in_many_ways(run: Run, line: str) -> None:
    said = run(
        one(
            f'check_ins: ["{line}"]' if line[0] != "{" else f"check_ins: [{line}]",
            "expect: [02:10 nightly job_failure critical]",
            "allow_others: true",
        )
    )

    assert (said.code, said.out.splitlines()[1]) == (Exit.OK, "  ok    it")


def test_the_configuration_may_stand_in_the_file_itself(run: Run) -> None:
    config = "{jobs: {hourly: {schedule: '0 * * * *', grace_period_minutes: 10}}}"

    assert run(one("expect: [nothing until 00:10, 01:10 hourly missing_run]", config=config)).code == Exit.OK
    said = run(one("no_alerts: true", config="{jobs: {hourly: {shedule: '0 * * * *'}}}"))
    assert (said.code, "config.jobs.hourly.shedule" in said.out, "did you mean schedule" in said.out) == (
        2,
        True,
        True,
    )


BAD = """\
config: tocsin.yaml
testz: 1
tests:
  - name: a
    check_ins:
      - 02:00 nightly strat
      - 25:99 nightly start
      - nightly start
      - 02:00 nightly start recods=1
      - 02:00 nightly "start
      - {at: "02:00", job: nightly, labels: {"not a name": "x"}}
    expect:
      - 06:00 nightly missing_runn critical
      - 06:00 nightly missing_run criticl
      - nothing till 06:00
      - 2026-02-30 06:00 nightly missing_run
      - nothing from 24:30 until 08:00
    now: 2026-13-01
    until: 99:99
  - name: b
    now: 2026-03-29
    timezone: Europe/Berlin
    check_ins: [02:30 nightly start, 2025-01-01 02:00 nightly start, {at: "03:30", job: nightly}]
    expect:
      - 06:00 nigthly missing_run critical
      - {job: nightly}
      - {nothing: true}
      - {at: "07:00", job: nightly, condition: missing_run, told: [taem]}
      - 25:00 nightly missing_run
    until: 05:00
  - name: c
  - {name: d, no_alerts: true, expect: [nothing at 01:00], now: yesterday}
"""
SAID = {
    2: "did you mean tests?",
    6: "did you mean start?",
    7: "'25:99' is not a time of day; write it as 02:00",
    8: "must begin with an instant such as 02:00",
    9: "did you mean records?",
    10: "a quotation mark is not closed",
    11: "'not a name' cannot be the name of a label",
    13: "did you mean missing_run?",
    14: "did you mean critical?",
    15: "nothing until 05:59",
    16: "'2026-02-30' is not a day",
    17: "'24:30' is not a time of day",
    18: "'2026-13-01' is not a day",
    19: "'99:99' is not a time of day",
    25: "no job of environment 'production' is called 'nigthly'; did you mean nightly?",
    26: "needs at and condition, or nothing: true",
    27: "'nothing' needs 'at' or 'until', and not both",
    28: "no receiver is called 'taem'; did you mean team?",
    29: "'25:00' is not a time of day; write it as 02:00",
    30: "is before the last line of the test",
    31: "expects nothing; add lines to 'expect', or no_alerts: true",
    32: "'yesterday' is not a day; write it as 2026-03-10",
}


def test_every_mistake_of_a_file_is_told_at_once_with_its_line(run: Run) -> None:
    said = run(BAD)
    lines = said.out.splitlines()

    assert said.code == Exit.USAGE
    told = {int(line.split(":")[1]): line for line in lines[:-1]}
    assert sorted(told.keys() ^ {*SAID, 23}) == []
    assert [line for line, words in SAID.items() if words not in told[line]] == []
    assert "the clocks are put forward" in said.out
    assert "say when that is: now: 2026-03-10" in said.out
    assert "needs 'kind' or 'runs', and not both" in said.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "config: is required and missing"),
        ("config: 3\ntests: []", "must be the path of a configuration, or its keys themselves"),
        ("config: nope.yaml\ntests: []", "nope.yaml: the file: cannot be read"),
        ("config: [", "a bracket is not closed"),
        ("- a", "must be a mapping of keys to values"),
        (
            one("check_ins: [every 1d from 02:00 for 9999 nightly start]", "no_alerts: true"),
            "more than 400 days",
        ),
        (
            one("check_ins: [{every: 1x, from: '02:00', times: 2, job: a, kind: log}]", "no_alerts: true"),
            "such as 5m",
        ),
        (
            one("check_ins: [{at: '02:00', times: 2, job: a, kind: log}]", "no_alerts: true"),
            "is given beside 'every'",
        ),
        (one("check_ins: [{job: a, kind: log}]", "no_alerts: true"), "needs 'at', or every, from and times"),
        (one("timezone: Mars/Base", "no_alerts: true"), "is not an IANA time zone"),
        (one("expect: [{nothing: true, from: '03:00', until: '02:00'}]"), "'until' is before 'from'"),
        (one("check_ins: [9999-12-31 02:00 a log]", "no_alerts: true"), "days after the test begins"),
    ],
)
def test_what_cannot_be_run_ends_with_two_and_says_why(run: Run, text: str, words: str) -> None:
    said = run(text)

    assert said.code == Exit.USAGE
    assert words in said.out


def test_mistakes_of_the_configuration_are_told_and_where_to_see_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("jobs: {a: {deadlin: 1}}\nrulez: []\n", encoding="utf-8")
    said = run(one("no_alerts: true", config="bad.yaml"))

    assert said.code == Exit.USAGE
    assert "bad.yaml:1:12: jobs.a.deadlin: is not a known key; did you mean deadline?" in said.out
    assert "see all 2 with: tocsin check bad.yaml" in said.out


def test_a_file_that_is_not_there_is_named(tocsin: Tocsin) -> None:
    said = tocsin("test")

    assert (said.code, "rules.test.yaml: the file: cannot be read" in said.out) == (Exit.USAGE, True)


def test_several_files_are_tested_and_only_some_tests_of_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(GOOD.replace("a good night", "another night"), encoding="utf-8")
    said = run(GOOD, "rules.test.yaml", "more.yaml", "--only", "night")

    assert said.out.splitlines()[:4] == [
        "rules.test.yaml",
        "  ok    a good night",
        "more.yaml",
        "  ok    another night",
    ]
    assert run(GOOD, "--only", "nothing like it").code == Exit.USAGE


def test_servers_of_continuous_integration_get_junit_xml(run: Run, tmp_path: Path) -> None:
    text = GOOD + "  - name: fails with <&> \x01\n    expect: [nothing until 03:00]\n".replace("\x01", "")
    said = run(text, "--junit", "out.xml")
    root = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314 -- written by the test itself

    assert (said.code, said.err) == (Exit.FAILED, "out.xml written\n")
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("rules.test.yaml", "3", "1")
    cases = {case.get("name"): case for case in suite}
    assert cases["a good night"].find("failure") is None
    failure = cases["fails with <&>"].find("failure")
    assert failure is not None
    assert "nothing until 03:00" in (failure.text or "")
    assert run(GOOD, "--junit", "no/such/folder/out.xml").code == Exit.FAILED


def test_control_characters_are_refused(run: Run) -> None:
    said = run(one("check_ins: [\"02:00 nightly fail error='\\e[31mred'\"]", "no_alerts: true"))

    assert (said.code, "must not hold control characters" in said.out) == (Exit.USAGE, True)


def test_the_help_says_how_it_ends(tocsin: Tocsin) -> None:
    out = tocsin("test", "--help").out

    assert "Ends with 1 if a test fails" in out


ACROSS_JOBS = """\
config:
  jobs: {load: {}, report: {upstream: [load]}}
  receivers: [{name: team, console: {}}, {name: ann, console: {}}, {name: night, console: {}}]
  route:
    receiver: team
    escalation: ladder
    routes: [{matchers: ["job=backup"], receiver: night, mute_time_intervals: [office]}]
  time_intervals: [{name: office, time_intervals: [{times: [{start_time: "09:00", end_time: "17:00"}]}]}]
  escalation_policies:
    - {policy_id: ladder, levels: [{name: one, targets: ann, timeout_minutes: 20}]}
tests:
  - name: what follows from an upstream failure is told to nobody while that is open
    check_ins: [01:00 load fail, 01:01 report success records=0]
    expect:
      - {at: "01:05", job: load, condition: job_failure, told: [team, ann]}
      - {at: "01:05", job: report, condition: no_data, told: []}
  - name: a time interval keeps a route quiet until it is over
    check_ins: [10:00 backup fail]
    expect:
      - {at: "16:59", job: backup, condition: job_failure, not_told: night}
      - {at: "17:00", job: backup, condition: job_failure, told: [night, ann]}
  - name: many failures are told as one, and so each of them is told
    check_ins: [01:00 a fail, 01:00 b fail, 01:00 c fail, 01:00 d fail, 01:00 e fail, 01:00 f fail]
    allow_others: true
    expect:
      - {at: "01:05", job: a, condition: job_failure, told: [team, ann]}
      - {at: "01:05", job: f, condition: job_failure, told: [team, ann]}
"""


def test_what_other_jobs_routes_and_levels_make_of_it_counts(run: Run) -> None:
    said = run(ACROSS_JOBS)

    assert (said.code, said.out.count("  ok    ")) == (Exit.OK, 3), said.out


def test_data_is_compared_with_its_past_on_the_virtual_clock(run: Run) -> None:
    night = "every: 1d, job: orders, runs: 20m, metrics: {row_count: %d}"
    config = "{jobs: {orders: {checks: {metric: row_count, anomaly: true, severity: critical}}}}"
    lines = (
        "check_ins:",
        f"  - {{from: '02:00', times: 12, {night % 10_000}}}",
        "  - {at: '2026-01-17 02:00', job: orders, runs: 20m, metrics: {row_count: 3120}}",
        "  - {at: '2026-01-18 02:00', job: orders, runs: 20m, metrics: {row_count: 9950}}",
        "expect:",
        "  - nothing until 2026-01-17 02:19",
        "  - 2026-01-17 02:20 orders data_quality critical",
        "  - 2026-01-18 02:20 orders data_quality resolved",
    )

    said = run(one(*lines, config=config))

    assert said.code == 0, said.out
