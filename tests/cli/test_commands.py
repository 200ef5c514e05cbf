"""What commands ask of the server and print of its answers."""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli.exits import Exit

API = "/api/v1"
JOB = {
    "environment": "production",
    "name": "etl",
    "standing": "trouble",
    "labels": {"team": "data"},
    "last_success_at": "2026-03-01T01:00:00Z",
    "open_alerts": 1,
    "last_run": {"status": "failed", "ended_at": "2026-03-02T01:05:00Z", "execution_seconds": 245.0},
    "expected": {
        "nominal_at": "2026-03-03T01:00:00Z",
        "start_by": "2026-03-03T01:15:00Z",
        "deadline_at": None,
    },
    "definition": {"schedule": "0 2 * * *", "timezone": "Europe/Berlin", "max_duration_seconds": 7200.0},
}
ALERT = {
    "id": "4f1d2c3b5a697887",
    "state": "firing",
    "severity": "critical",
    "job": "etl",
    "environment": "production",
    "condition": "job_failure",
    "rule": "job failed",
    "run": "r1",
    "summary": "failed with exit code 3",
    "since_at": "2026-03-02T01:05:00Z",
    "evidence": {"run": "r1", "exit code": "3"},
    "log_tail": "boom\x1b[2J\n",
    "history": [{"at": "2026-03-02T01:05:00Z", "reason": "opened", "severity": "critical", "who": ""}],
    "notifications": [
        {
            "target": "team/slack",
            "kind": "firing",
            "state": "sent",
            "attempts": 2,
            "finished_at": None,
            "due_at": "2026-03-02T01:05:01Z",
            "last_error": "HTTP 503",
        }
    ],
}


def test_jobs_are_listed_with_times_of_this_place(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs", {"items": [JOB], "next": None})
    said = tocsin("jobs")
    assert said.out.splitlines() == [
        "JOB  ENVIRONMENT  STANDING  LAST RUN         EXPECTED",
        "etl  production   trouble   2 Mar 02:05 CET  3 Mar 02:00 CET",
    ]
    assert (said.code, said.err) == (0, "")
    assert tocsin("jobs", "list") == said
    assert json.loads(tocsin("jobs", "list", "--json").out) == {"items": [JOB], "next": None}
    tocsin("jobs", "list", "--search", "e&t")
    assert replies.asked[-1].path == f"{API}/jobs?limit=100&search=e%26t"


def test_where_nothing_is_listed_the_next_step_is_told(tocsin: Tocsin, replies: Replies) -> None:
    for path, words, hint in (
        ("jobs", ("jobs",), "tocsin run"),
        ("alerts", ("alerts",), "no alert is open"),
        ("silences", ("silence",), "nothing is silenced"),
        ("tokens", ("token",), "tocsin token create --user NAME"),
    ):
        replies.set("GET", f"{API}/{path}", {"items": [], "next": None})
        said = tocsin(*words)
        assert (said.code, said.out) == (0, "")
        assert hint in said.err


def test_a_job_is_shown_with_its_promises(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    said = tocsin("jobs", "show", "etl")
    lines = dict(line.split("  ", 1) for line in said.out.splitlines() if not line.startswith(" "))
    shown = {name: value.strip() for name, value in lines.items()}
    assert shown["last run"] == "failed, 2 Mar 02:05 CET, took 4m 05s"
    assert shown["schedule"] == "0 2 * * *"
    assert shown["max duration"] == "2h 00m"
    assert shown["labels"] == "team=data"
    assert "deadline" not in shown
    assert "tocsin runs etl -e production" in said.err
    assert json.loads(tocsin("jobs", "show", "etl", "--json").out) == JOB


def test_the_environment_of_a_job_is_that_of_the_option_or_the_variable(
    tocsin: Tocsin, replies: Replies
) -> None:
    tocsin("jobs", "show", "etl", TOCSIN_ENVIRONMENT="staging")
    tocsin("jobs", "show", "etl", "-e", "test", TOCSIN_ENVIRONMENT="staging")
    shown = [asked.path for asked in replies.asked if asked.path.endswith("/etl")]
    assert shown == [f"{API}/jobs/staging/etl", f"{API}/jobs/test/etl"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("etk", "did you mean 'etl'?"),
        ("nightly", "it runs in 'staging': add -e staging"),
        ("zzz", "tocsin jobs"),
    ],
)
def test_a_job_that_is_not_there_is_answered_with_what_was_meant(
    tocsin: Tocsin, replies: Replies, name: str, hint: str
) -> None:
    known = [JOB, {**JOB, "name": "nightly", "environment": "staging"}]
    replies.set("GET", f"{API}/jobs", {"items": known, "next": None})
    for words in (
        ("jobs", "show", name),
        ("jobs", "pause", name),
        ("runs", name),
        ("jobs", "delete", name, "-y"),
    ):
        said = tocsin(*words)
        assert (said.code, hint in said.err) == (Exit.REFUSED, True)
        assert f"there is no job '{name}' in environment 'production'" in said.err
    assert {asked.method for asked in replies.asked} == {"GET"}


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("pause", "etl"), "pause", {}),
        (("resume", "etl"), "resume", {}),
        (("rename", "etl", "etl2"), "rename", {"name": "etl2"}),
    ],
)
def test_a_job_is_changed_and_the_server_says_what_was_done(
    tocsin: Tocsin, replies: Replies, words: tuple[str, ...], path: str, body: object
) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    replies.set(
        "POST", f"{API}/jobs/production/etl/{path}", {"message": "done, one alert resolved", "id": ""}
    )
    said = tocsin("jobs", *words)
    assert (said.code, said.out) == (0, "done, one alert resolved\n")
    assert (replies.asked[-1].method, replies.asked[-1].body) == ("POST", body)


def test_a_job_is_deleted_only_when_it_is_meant(
    tocsin: Tocsin, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    replies.set("DELETE", f"{API}/jobs/production/etl", {"message": "deleted", "id": ""})
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert tocsin("jobs", "delete", "etl").code != 0
    assert {asked.method for asked in replies.asked} == {"GET"}
    assert tocsin("jobs", "delete", "etl", "--yes") == (0, "deleted\n", "")


def test_runs_are_listed_with_what_went_wrong(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    timed = {"started_at": "2026-03-02T01:00:00Z", "execution_seconds": 5.0, "attempt": 1}
    good = {"run": "r2", "status": "success", **timed, "records_ok": 999, "records_failed": 1}
    bad = {"run": "r1", "status": "failed", **timed, "exit_code": 3}
    worse = {**bad, "run": "r0", "error_message": "disk\nfull", "error_cause": "out_of_disk"}
    replies.set("GET", f"{API}/jobs/production/etl/runs", {"items": [good, bad, worse], "next": None})
    assert tocsin("runs", "etl").out.splitlines() == [
        "RUN  STATUS   STARTED          TOOK  TRY  RECORDS       CAUSE        TROUBLE",
        "r2   success  2 Mar 02:00 CET  5.0s  1    999 (+1 bad)  –            –",
        "r1   failed   2 Mar 02:00 CET  5.0s  1    –             –            exit code 3",
        "r0   failed   2 Mar 02:00 CET  5.0s  1    –             out of disk  disk full",
    ]
    replies.set("GET", f"{API}/jobs/production/etl/runs", {"items": [], "next": None})
    assert "has not run yet" in tocsin("runs", "etl").err


def test_alerts_are_listed_and_the_exit_code_can_tell_of_open_ones(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/alerts?limit=100&state=open", {"items": [ALERT], "next": None})
    said = tocsin("alerts")
    assert said.out.splitlines() == [
        "ID                SEVERITY  STATE   SINCE            JOB",
        "4f1d2c3b5a697887  critical  firing  2 Mar 02:05 CET  etl",
        "  failed with exit code 3",
    ]
    assert (said.code, "tocsin ack ID" in said.err) == (0, True)
    assert tocsin("alerts", "--exit-code").code == Exit.FAILED
    done = {**ALERT, "state": "resolved"}
    replies.set("GET", f"{API}/alerts?limit=100&state=all", {"items": [done], "next": None})
    assert tocsin("alerts", "--all", "--exit-code").code == 0


def test_one_alert_is_shown_with_its_history_and_who_was_told(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/alerts/{ALERT['id']}", ALERT)
    said = tocsin("alerts", str(ALERT["id"]))
    for words in (
        "failed with exit code 3",
        "opened",
        "team/slack",
        "HTTP 503",
        "job failed (job_failure)",
        "boom",
    ):
        assert words in said.out
    assert said.out.count("r1") == 1
    assert "\x1b" not in said.out
    assert json.loads(tocsin("alerts", str(ALERT["id"]), "--json").out) == ALERT


@pytest.mark.parametrize(("command", "verb"), [("ack", "acknowledge"), ("resolve", "resolve")])
def test_an_alert_is_acted_on_by_its_id_or_the_beginning_of_it(
    tocsin: Tocsin, replies: Replies, command: str, verb: str
) -> None:
    replies.set("GET", f"{API}/alerts/{ALERT['id']}", ALERT)
    replies.set("GET", f"{API}/alerts", {"items": [ALERT, {**ALERT, "id": "4f1deeeeeeeeeeee"}], "next": None})
    replies.set("POST", f"{API}/alerts/{ALERT['id']}/{verb}", {"message": "done", "id": ALERT["id"]})
    assert tocsin(command, "4f1d2c", "--note", "on it") == (0, "done\n", "")
    assert replies.asked[-1].body == {"note": "on it"}
    for alert_id, words in (
        ("4f1d", "begins several"),
        ("4f1", "no alert '4f1'"),
        ("abcdef", "tocsin alerts"),
    ):
        said = tocsin(command, alert_id)
        assert (said.code, words in said.err) == (Exit.REFUSED, True)


@pytest.mark.parametrize(
    ("words", "verb", "body"),
    [
        (("ack", "--for", "2h"), "acknowledge", {"note": "", "for_minutes": 120.0}),
        (("snooze", "--until", "next-run"), "snooze", {"note": "", "until": "next_run"}),
        (("snooze", "--until", "next-success"), "snooze", {"note": "", "until": "next_success"}),
        (("snooze", "--until", "1d12h"), "snooze", {"note": "", "for_minutes": 2160.0}),
        (
            ("snooze", "--until", "2026-03-02T06:00", "--note", "known"),
            "snooze",
            {"note": "known", "until": "2026-03-02T06:00:00+01:00"},
        ),
        (
            ("snooze", "--until", "2026-03-02T06:00Z"),
            "snooze",
            {"note": "", "until": "2026-03-02T07:00:00+01:00"},
        ),
    ],
)
def test_an_alert_is_put_off_until_an_end(
    tocsin: Tocsin, replies: Replies, words: tuple[str, ...], verb: str, body: dict[str, object]
) -> None:
    replies.set("GET", f"{API}/alerts/{ALERT['id']}", ALERT)
    replies.set("POST", f"{API}/alerts/{ALERT['id']}/{verb}", {"message": "done", "id": ALERT["id"]})

    assert tocsin(*words, str(ALERT["id"])) == (0, "done\n", "")
    assert replies.asked[-1].body == body


def test_who_put_an_alert_off_is_shown(tocsin: Tocsin, replies: Replies) -> None:
    put_off = {"snoozed_by": "ann", "snoozed_until": "2026-03-09T01:05:00Z", "snooze_end": "next_run"}
    replies.set("GET", f"{API}/alerts/{ALERT['id']}", {**ALERT, **put_off})

    assert "until its next run, at most until 9 Mar 02:05 CET" in tocsin("alerts", str(ALERT["id"])).out


def test_of_several_alerts_those_that_exist_are_acted_on(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/alerts", {"items": [], "next": None})
    replies.set("GET", f"{API}/alerts/{ALERT['id']}", ALERT)
    replies.set("POST", f"{API}/alerts/{ALERT['id']}/acknowledge", {"message": "done", "id": ""})
    said = tocsin("ack", "nothing", str(ALERT["id"]))
    assert (said.code, said.out) == (Exit.REFUSED, "done\n")
    assert "no alert 'nothing'" in said.err


@pytest.mark.parametrize(
    ("length", "minutes"), [("2h", 120.0), ("90s", 1.5), ("1d12h", 2160.0), ("1h 30m", 90.0)]
)
def test_a_silence_is_made_for_a_length_of_time(
    tocsin: Tocsin, replies: Replies, length: str, minutes: float
) -> None:
    replies.set("POST", f"{API}/silences", {"message": "silenced", "id": "s1"}, 201)
    said = tocsin("silence", "add", 'job="etl"', "env=~p.*", "--for", length, "--comment", "known")
    assert (said.code, said.out) == (0, "silenced\n")
    assert "tocsin silence expire s1" in said.err
    body = {"matchers": ['job="etl"', "env=~p.*"], "for_minutes": minutes, "comment": "known"}
    assert replies.asked[-1].body == body


def test_a_silence_is_made_longer(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("POST", f"{API}/silences/s1/extend", {"message": "silenced until noon", "id": "s1"})

    said = tocsin("silence", "extend", "s1", "--by", "1h30m")

    assert (said.code, said.out) == (0, "silenced until noon\n")
    assert replies.asked[-1].body == {"by_minutes": 90.0}


def test_a_dry_run_says_what_a_silence_would_mute(tocsin: Tocsin, replies: Replies) -> None:
    found = {
        "jobs_hit": 12,
        "jobs": 20,
        "is_whole": True,
        "named": ["etl", "b\x1b[2J"],
        "alerts_hit": 1,
        "alerts": ["etl: failed"],
        "warning": "it matches 12 of 20 jobs, more than half of them",
    }
    replies.set("POST", f"{API}/silences/preview", found)
    said = tocsin("silence", "add", "env=~p.*", "--dry-run")

    assert said.code == 0
    assert said.out.splitlines() == [
        "would mute what goes wrong with 12 of 20 jobs",
        "  etl",
        "  b",
        "  … and 10 more",
        "and of the open alerts 1:",
        "  etl: failed",
    ]
    assert said.err == "careful: it matches 12 of 20 jobs, more than half of them\n"
    assert replies.asked[-1].body == {"matchers": ["env=~p.*"]}
    replies.set("POST", f"{API}/silences/preview", {**found, "alerts_hit": 300, "alerts_are_whole": False})
    assert "and of the open alerts at least 300:" in tocsin("silence", "add", "env=~p.*", "--dry-run").out


@pytest.mark.parametrize(
    "words",
    [
        ("silence", "add", "--for", "2h"),
        ("silence", "add", "a=b"),
        ("silence", "add", "a=b", "--for", "soon"),
        ("silence", "add", "a=b", "--for", "0m"),
        ("silence", "add", "a=b", "--for", "999d"),
        ("silence", "extend", "s1"),
        ("silence", "extend", "--by", "1h"),
        ("silence", "extend", "s1", "--by", "soon"),
        ("token", "create"),
        ("token", "create", "--ingest", "a", "--user", "b"),
        ("ack",),
        ("ack", "x", "--for", "soon"),
        ("snooze", "x"),
        ("snooze", "x", "--until", "tomorrow"),
        ("jobs", "list", "--limit", "0"),
        ("serve", "--data", "x", "--database", "y"),
        ("serve", "--port", "0"),
    ],
)
def test_a_mistake_in_the_command_line_asks_nothing_of_the_server(
    tocsin: Tocsin, replies: Replies, words: tuple[str, ...]
) -> None:
    said = tocsin(*words)
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert "Error: " in said.err
    assert replies.asked == []


def test_a_credential_is_printed_alone_so_that_it_can_be_piped(tocsin: Tocsin, replies: Replies) -> None:
    made = {
        "id": "t1",
        "kind": "user",
        "name": "ada",
        "secret": "tcs_us_x",
        "created_at": None,
        "source": "store",
    }
    replies.set("POST", f"{API}/tokens", made, 201)
    said = tocsin("token", "create", "--user", "ada")
    assert (said.code, said.out) == (0, "tcs_us_x\n")
    assert "TOCSIN_TOKEN" in said.err
    tocsin("token", "create", "--ingest", "cron")
    assert [asked.body for asked in replies.asked] == [
        {"kind": "user", "name": "ada"},
        {"kind": "ingest", "name": "cron"},
    ]


def test_a_backup_is_there_only_once_it_is_complete(tocsin: Tocsin, replies: Replies, tmp_path: Path) -> None:
    replies.set("GET", f"{API}/backup", b"SQLite format 3" * 100_000)
    said = tocsin("backup", "copy.db")
    assert (said.code, said.out) == (0, "")
    copy = tmp_path / "copy.db"
    assert copy.read_bytes() == b"SQLite format 3" * 100_000
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert tocsin("backup", "copy.db").code == Exit.FAILED
    replies.set("GET", f"{API}/backup", b"half", headers={"Content-Length": "1000"})
    said = tocsin("backup", "copy.db", "--force")
    assert (said.code, "996 bytes are missing" in said.err) == (Exit.UNREACHABLE, True)
    assert copy.read_bytes() == b"SQLite format 3" * 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


def test_a_backup_that_cannot_be_written_or_made_says_why(
    tocsin: Tocsin, replies: Replies, tmp_path: Path
) -> None:
    said = tocsin("backup", "absent/copy.db")
    assert (said.code, "No such file or directory" in said.err) == (Exit.FAILED, True)
    replies.refuse("GET", f"{API}/backup", 501, "PostgreSQL has its own tool: pg_dump.")
    said = tocsin("backup", "copy.db")
    assert (said.code, "pg_dump" in said.err) == (Exit.REFUSED, True)
    assert list(tmp_path.iterdir()) == []
