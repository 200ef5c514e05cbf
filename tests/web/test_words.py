from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from tocsin.alerts.alert import Alert
from tocsin.jobs.job import Definition
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.finding import Severity, Why
from tocsin.web.links import web_link
from tocsin.web.pages.words import Tally, Words, job_path, schedule_in_words, verdict
from tocsin.web.standing import Standing

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SAY = Words(now=NOW)
ALERT = Alert(
    id="a1",
    fingerprint="f",
    job_id=1,
    job="etl",
    environment="production",
    condition="job_failure",
    rule="job failed",
    severity=Severity.CRITICAL,
    why=Why.FAILED,
    step=1,
    opened_at=NOW,
    since_at=NOW,
    changed_at=NOW,
    summary="failed",
)
TAKEN = replace(ALERT, state=type(ALERT.state).ACKNOWLEDGED, acknowledged_at=NOW)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "just now"),
        (-3, "just now"),
        (-42, "42 s ago"),
        (-125, "2 min ago"),
        (-2 * 3_600 - 305, "2 h 5 min ago"),
        (-17 * 3_600 - 1_000, "17 h ago"),
        (-3 * 86_400 - 7_300, "3 d 2 h ago"),
        (-40 * 86_400 - 7_300, "40 d ago"),
        (90, "in 1 min"),
        (6 * 3_600 + 59, "in 6 h"),
    ],
)
def test_instants_are_said_no_finer_than_matters(seconds: int, says: str) -> None:
    assert SAY.ago(NOW + timedelta(seconds=seconds)) == says


def test_what_never_was_is_never() -> None:
    assert SAY.ago(None) == "never"


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (timedelta(hours=3), "16:00 CET"),
        (timedelta(days=2), "Tue 13:00 CET"),
        (timedelta(days=30), "2026-03-31 14:00 CEST"),
        (timedelta(days=-30), "2026-01-30 13:00 CET"),
    ],
)
def test_instants_are_told_in_the_jobs_zone_as_short_as_is_clear(ahead: timedelta, says: str) -> None:
    assert SAY.local(NOW + ahead, "Europe/Berlin") == says


@pytest.mark.parametrize(
    ("standings", "says"),
    [
        ({Standing.FINE: 1}, "The one job is fine"),
        ({Standing.FINE: 11, Standing.RUNNING: 1}, "All 12 jobs are fine"),
        ({Standing.FINE: 12, Standing.NEW: 3}, "12 jobs are fine, 3 have not run yet"),
        ({Standing.FINE: 1, Standing.NEW: 1}, "1 job is fine, 1 has not run yet"),
        ({Standing.NEW: 1}, "1 job has not run yet"),
        ({Standing.NEW: 2, Standing.PAUSED: 1}, "2 jobs have not run yet, 1 is paused"),
        (
            {Standing.FINE: 2, Standing.FAILED: 1, Standing.UNKNOWN: 2},
            "2 jobs are fine, 1 has failed without an alert, 2 are unknown",
        ),
    ],
)
def test_only_what_has_run_and_ended_well_is_called_fine(standings: dict[Standing, int], says: str) -> None:
    tally = Tally(jobs=sum(standings.values()), standings=Counter(standings))

    assert verdict(tally, []) == says
    assert tally.is_calm is (Standing.FINE in standings)


@pytest.mark.parametrize(
    ("firing", "taken", "jobs", "says"),
    [
        (0, 0, 0, "Nothing has checked in yet"),
        (0, 0, 12_345, "No alert is open"),
        (0, 0, None, "The store cannot be read"),
        (1, 0, 12, "1 alert is open"),
        (0, 1, 12, "1 alert is open, acknowledged"),
        (1, 1, 12, "2 alerts are open, 1 acknowledged"),
        (0, 2, 12, "2 alerts are open, 2 acknowledged"),
        (3, 0, None, "3 alerts are open"),
    ],
)
def test_the_verdict_is_one_sentence(firing: int, taken: int, jobs: int | None, says: str) -> None:
    assert verdict(Tally(jobs=jobs), [ALERT] * firing + [TAKEN] * taken) == says


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (Definition(), ""),
        (Definition(schedule=read_schedule("0 2 * * *", "UTC")), "0 2 * * *"),
        (Definition(schedule=read_schedule("every 15m", "UTC")), "every 15 min"),
        (Definition(schedule=read_schedule("mon, thu", "UTC")), "each monday, thursday"),
        (Definition(sla=SLA(deadline=time(6))), "daily by 06:00"),
        (Definition(sla=SLA(deadline_offset_minutes=45)), "hourly, done by minute 45"),
    ],
)
def test_a_schedule_is_said_in_words(definition: Definition, says: str) -> None:
    assert schedule_in_words(definition) == says


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://wiki.example.com/etl?x=1", "https://wiki.example.com/etl?x=1"),
        (" http://wiki/ ", "http://wiki/"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https:", ""),
        ("http://[", ""),
        ("see the wiki", ""),
    ],
)
def test_only_addresses_of_the_web_become_links(text: str, link: str) -> None:
    assert web_link(text) == link


def test_a_name_becomes_one_step_of_an_address() -> None:
    assert job_path("a/b", '../"<x>?#') == "/jobs/a%2Fb/..%2F%22%3Cx%3E%3F%23"


@pytest.mark.parametrize(
    ("value", "says"), [(None, "–"), (0, "0"), (1234567, "1\u202f234\u202f567"), (0.25, "0.25")]
)
def test_figures_are_grouped(value: float | None, says: str) -> None:
    assert SAY.figure(value) == says


def test_a_strangers_text_does_not_act() -> None:
    assert SAY.line("a\x1b[31mb\u202ec\nd") == "abc d"
    assert SAY.tail("x\x07y\r\nz") == "xy\nz"
