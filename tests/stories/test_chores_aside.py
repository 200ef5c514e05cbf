"""A chore of Tocsin's own that raises is set aside, counted, shown and told; it stops nothing else."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import NoReturn

import pytest

from tests.stories.story import Story
from tests.stories.test_drill_plans import a_plan
from tests.stories.words import CheckInWords
from tocsin.alerts.drill import Aim
from tocsin.alerts.group import Group
from tocsin.alerts.inhibition import Side
from tocsin.engine import adopting, drill_plans, findings, handing_over, standing_in, storming, ticking
from tocsin.engine.apart import counted_as
from tocsin.engine.commands import Done, NoteAudit, StartDrill
from tocsin.engine.draft import Draft
from tocsin.engine.drilling import start_drill
from tocsin.engine.ingest import defined_by
from tocsin.engine.trial import stand_in
from tocsin.engine.troubles import AuditReport, Check, Trouble, finding_of
from tocsin.errors import StoreRefused
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.job import Definition
from tocsin.oncall.responder import Responder
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import HandOverTo, Layer, OnCall, OnCallSchedule, on_call
from tocsin.rules.finding import Finding
from tocsin.store.rows import Notification, SetAside, Watch
from tocsin.store.sqlite.writing import SqliteWriting

CHORES = {
    "retention": "tocsin.store.sqlite.retention.RetentionWriting.prune",
    "digest: daily": "tocsin.engine.digesting._made",
    "fallback": "tocsin.engine.rounds.turn_overdue_to_fallback",
    "words about groups": "tocsin.engine.rounds.go_on",
    "waking groups": "tocsin.engine.rounds.hasten_groups",
    "what was kept back": "tocsin.engine.rounds.wake_own_jobs",
    "configuration": "tocsin.engine.rounds.judge_outdated",
    "sign of life": "tocsin.engine.rounds.note_blind",
    "key of links": "tocsin.engine.rounds.link_key",
    "inhibition": "tocsin.engine.ticking._wake_targets",
    "groups": "tocsin.engine.ticking.speak_for_groups",
}


def breaks(*_: object, **__: object) -> NoReturn:
    raise ZeroDivisionError("nobody foresaw this")


def aside(story: Story) -> list[SetAside]:
    with story.server.store.reading() as reading:
        return reading.set_aside(story.clock.at)


def counted(story: Story, name: str) -> int:
    shown = story.server.metrics.render(None).decode()
    start = f'tocsin_rules_set_aside_total{{rule="{name}"}} '
    return sum(int(float(line.removeprefix(start))) for line in shown.splitlines() if line.startswith(start))


def letters(story: Story) -> list[str]:
    """When the daily letter came."""
    return [story.clock_time(h.at) for h in story.messages if h.target == "daily"]


@pytest.mark.parametrize("chore", CHORES)
def test_a_chore_that_raises_is_set_aside_and_the_others_and_the_ticking_go_on(
    story: Story, monkeypatch: pytest.MonkeyPatch, chore: str
) -> None:
    story.receiver("daily").digest_at = "06:00"
    story.base_url = "https://tocsin.example"
    story.job("nightly", schedule="0 3 * * *", grace=10)
    story.until("01:00")
    story.server.may_find = frozenset({Check.SET_ASIDE, Check.SIGN_OF_LIFE, Check.DUE_GROUPS})
    monkeypatch.setattr(CHORES[chore], breaks)
    story.job("weekly", schedule="0 4 * * sun")
    story.reloads()

    story.at("02:00").fails("etl")
    story.until("06:17")

    assert story.heard_of("etl")[0] == ("02:00", "critical", "firing")
    assert story.heard_of("nightly")[0] == ("03:10", "critical", "firing")
    assert letters(story) == ([] if chore == "digest: daily" else ["06:00"])
    assert [(one.rule, one.job_id, one.error) for one in aside(story)] == [
        (chore, 0, "ZeroDivisionError: nobody foresaw this")
    ]
    assert counted(story, counted_as(chore)) >= 1
    assert Check.SET_ASIDE in story.server.found

    monkeypatch.undo()
    story.until("07:30")
    assert aside(story) == []
    assert len(letters(story)) == 1


def test_a_drill_that_raises_costs_no_other_its_hour(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def begins(draft: Draft, command: StartDrill) -> object:
        return breaks() if command.plan == "broken" else start_drill(draft, command)

    story.drills = (replace(a_plan(), name="broken"), a_plan(Aim.RECEIVER, "team"))
    story.until("09:59")
    story.server.may_find = frozenset({Check.SET_ASIDE})
    monkeypatch.setattr(drill_plans, "start_drill", begins)
    story.until("10:04")

    assert [h.message.kind.value for h in story.messages] == ["firing", "resolved"]
    assert [one.rule for one in aside(story)] == ["drill: broken"]

    monkeypatch.undo()
    story.until("10:06")
    assert len(story.messages) == 4
    assert aside(story) == []


def test_an_on_call_schedule_that_raises_costs_no_other_its_hand_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def who(schedule: OnCallSchedule, *rest: object) -> OnCall:
        return breaks() if schedule.name == "broken" else on_call(schedule, *rest)  # type: ignore[arg-type]  # as it is called

    for name in ("broken", "primary"):
        story.receiver(f"{name}/slack")
        story.responders[name] = Responder(name=name, receivers=(f"{name}/slack",))
        rotation = Rotation(
            participants=(name, "nobody"), starts_on=story.day, starts=time(), timezone="UTC", length_hours=1
        )
        story.on_call[name] = OnCallSchedule(
            name=name, layers=(Layer(name="1", rotation=rotation),), hand_over_to=HandOverTo.COMES
        )
    story.until("01:30")
    monkeypatch.setattr(handing_over, "on_call", who)
    story.server.may_find = frozenset({Check.SET_ASIDE})
    story.until("02:02")

    assert [h.target for h in story.messages if story.clock_time(h.at) == "02:00"] == ["primary/slack"]
    assert [one.rule for one in aside(story)] == ["hand-over: broken"]

    monkeypatch.undo()
    story.until("02:10")
    assert [h.target for h in story.messages if story.clock_time(h.at) == "02:05"] == ["broken/slack"]


@pytest.mark.parametrize("error", [ZeroDivisionError, ValueError])
def test_a_notification_that_cannot_be_turned_costs_no_other_its_fallback(
    story: Story, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def stands_in(owed: Notification, target: str, now: datetime) -> Notification:
        if "job-0" in owed.message:
            raise error("nobody foresaw this")
        return stand_in(owed, target, now)

    story.routes(("severity=critical", "on-call"))
    story.receivers["on-call"].is_down = True
    monkeypatch.setattr(standing_in, "stand_in", stands_in)
    story.server.may_find = frozenset({Check.SET_ASIDE})
    story.until("02:00")
    for number in range(3):
        story.at(f"02:0{number}").fails(f"job-{number}")
    story.until("02:17")

    assert [h.message.job for h in story.messages] == ["job-1", "job-2"]
    (item,) = aside(story)
    assert item.rule.startswith("fallback: ")
    assert item.error == f"{error.__name__}: nobody foresaw this"
    assert counted(story, "fallback") == 1


def test_an_alert_that_cannot_be_read_costs_nobody_a_fallback(story: Story, tmp_path: Path) -> None:
    story.routes(("severity=critical", "on-call"))
    story.receivers["on-call"].is_down = True
    story.at("02:00").fails("cursed")
    story.at("02:01").fails("etl")
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as damaging:
        damaging.execute("UPDATE alerts SET body = '{' WHERE body LIKE '%cursed%'")
    story.server.may_find = frozenset({Check.SET_ASIDE})
    story.until("02:40")

    assert [h.message.job for h in story.messages] == ["cursed", "etl"]


def test_of_what_the_audits_found_one_that_cannot_be_told_costs_no_other(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finding(trouble: Trouble, servers: tuple[str, ...]) -> Finding:
        return breaks() if trouble.check is Check.LATE else finding_of(trouble, servers)

    story.until("02:00")
    monkeypatch.setattr(findings, "finding_of", finding)
    troubles = tuple(Trouble(check=check, since_at=story.clock.at) for check in (Check.LATE, Check.OWED))
    report = AuditReport(server="s", host="h", at=story.clock.at, troubles=troubles)
    done = story.server.order(NoteAudit(report=report, until_at=story.instant("02:01"), gone=frozenset()))

    assert isinstance(done, Done)
    assert [h.message.fingerprint for h in story.messages] == ["watchdog-owed"]
    assert [one.rule for one in aside(story)] == ["audit: late"]


def test_a_job_of_which_something_cannot_be_kept_is_put_off_and_no_other(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = SqliteWriting.save

    def saves(writing: SqliteWriting, watches: Iterable[Watch]) -> None:
        kept = list(watches)
        if any(one.job.name == "cursed" and (one.due_at or put_off) <= put_off for one in kept):
            raise StoreRefused("no store can keep this")
        save(writing, kept)

    put_off = story.instant("03:30")
    for name in ("first", "cursed", "last"):
        story.job(name, schedule="0 3 * * *", grace=10)
    story.until("02:00")
    story.server.may_find = frozenset({Check.SET_ASIDE})
    monkeypatch.setattr(SqliteWriting, "save", saves)
    story.until("03:15")

    assert sorted(h.message.job for h in story.messages) == ["first", "last"]
    assert [(one.rule, one.job_id) for one in aside(story)] == [("*", story.watch("cursed").job.id)]


def test_what_is_due_is_not_blamed_for_a_group_that_cannot_be_kept(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = SqliteWriting.save_groups

    def saves(writing: SqliteWriting, groups: Iterable[Group]) -> None:
        kept = list(groups)
        if any(group.has_spoken for group in kept):
            raise StoreRefused("no store can keep this")
        save(writing, kept)

    story.job("nightly", schedule="0 2 * * *", grace=1)
    for number in range(10):
        story.at("02:00:40").fails(f"job-{number}")
    story.server.may_find = frozenset({Check.SET_ASIDE, Check.DUE_GROUPS})
    monkeypatch.setattr(SqliteWriting, "save_groups", saves)
    story.until("02:03")

    assert [one.rule for one in aside(story)] == ["groups"]
    monkeypatch.undo()
    story.until("02:10")
    assert "9 more jobs" in [h.message.job for h in story.messages]
    assert story.heard_of("nightly") != []


def test_a_source_whose_targets_cannot_be_woken_costs_no_other_its_end(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wakes(draft: Draft, key: str, after: str) -> None:
        if any(bond.job == "b" for bond in draft.writing.bonds(key, Side.TARGET, after="", limit=10)):
            breaks()
        wake(draft, key, after)

    wake = ticking._wake  # noqa: SLF001 -- it is put back around one fault
    story.inhibits("job=a", "job=b", name="one")
    story.inhibits("job=c", "job=d", name="two")
    for job in "abcd":
        story.at("02:00").fails(job, run=job)
    story.until("02:10")
    monkeypatch.setattr(ticking, "_wake", wakes)
    story.server.may_find = frozenset({Check.SET_ASIDE, Check.UNHEARD})
    ends = [(CheckInKind.SUCCESS, job, CheckInWords(run=f"{job}2")) for job in "ac"]
    story.at("02:10").report_all(*ends)
    story.until("02:12")

    assert story.heard_of("b") == []
    assert len(story.heard_of("d")) == 1
    assert [counted_as(one.rule) for one in aside(story)] == ["inhibition"]

    monkeypatch.undo()
    story.until("02:16")
    assert len(story.heard_of("b")) == 1


def test_a_silence_that_cannot_tell_what_it_covers_mutes_nothing_and_stops_nothing(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story.at("02:00").silences("job=~etl.x", until="06:00")
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as damaging:
        damaging.execute("UPDATE silences SET body = replace(body, 'etl.x', '(')")
    story.at("02:30").fails("etl")

    assert story.heard == [("02:30", "critical", "firing")]
    assert aside(story) == []
    assert "is left out: the pattern '(' is not valid RE2" in caplog.text


def test_a_job_that_cannot_be_redefined_costs_no_other_its_new_definition(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def redefines(watch: Watch, definition: Definition, now: datetime) -> Watch:
        return breaks() if watch.job.name == "cursed" else defined_by(watch, definition, now)

    for name in ("cursed", "etl"):
        story.job(name, schedule="0 5 * * *", grace=10)
    story.until("01:00")
    story.server.may_find = frozenset({Check.SET_ASIDE})
    monkeypatch.setattr(adopting, "defined_by", redefines)
    for name in ("cursed", "etl"):
        story.job(name, schedule="0 3 * * *", grace=10)
    story.reloads()
    story.until("01:30")

    assert [(one.rule, one.job_id) for one in aside(story)] == [("*", story.watch("cursed").job.id)]
    story.until("03:15")
    assert [(story.clock_time(h.at), h.message.job) for h in story.messages] == [("03:10", "etl")]


def test_a_note_of_the_configuration_that_cannot_be_read_stops_nothing(story: Story, tmp_path: Path) -> None:
    story.until("01:00")
    story.server.die()
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as damaging:
        damaging.execute("UPDATE notes SET value = '{' WHERE name = 'configuration'")
    story.job("etl", schedule="0 3 * * *", grace=10)
    story.server.boot(story.configuration)
    story.until("03:15")

    assert story.heard == [("03:10", "critical", "firing")]


def test_a_group_beside_which_nothing_can_be_looked_at_costs_no_other_its_turn(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.job("nightly", schedule="0 2 * * *", grace=1)
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    monkeypatch.setattr(storming, "_beside", breaks)
    story.until("02:02")

    assert [h.message.job for h in story.messages if h.message.tells_of_many] == ["9 more jobs"]
    assert story.heard_of("nightly") == [("02:01", "critical", "firing")]
    assert aside(story) == []
    assert counted(story, "group") > 0
