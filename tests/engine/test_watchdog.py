"""Each trouble of Tocsin itself is found by the second audit, told once, and over when it is mended.

The engine, its store, its threads and who hears the sign of life are real; what is broken is broken for real.
"""

from datetime import timedelta
from threading import Event
from typing import NoReturn

import pytest

from tests.contracts.meddling import meddle
from tests.contracts.situations import Situation
from tests.engine.watched import PATIENCE_SECONDS, Watched, configured, watched
from tocsin.alerts.alert import AlertState
from tocsin.alerts.group import EACH_ALONE
from tocsin.alerts.matcher import read_matcher
from tocsin.engine import watchdog
from tocsin.engine.commands import Acknowledge, AddSilence, NoteAudit, Resolve
from tocsin.engine.configuration import Policy
from tocsin.engine.troubles import AuditReport, Check, Trouble
from tocsin.engine.watchdog import GONE_AFTER_AUDITS
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import CheckInKind
from tocsin.notify.heartbeat import Heartbeat
from tocsin.oncall.escalation import Level
from tocsin.store.postgres import PostgresStore
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting

AN_HOUR = timedelta(hours=1)
TWO_LEVELS = (
    Level(name="first", targets=("team",), timeout_minutes=60),
    Level(name="second", targets=("team",)),
)


def told_once_and_silent_outside(it: Watched, check: str, *, beats: int) -> None:
    """See that a trouble that has been found is told once, however often it is found again."""
    it.wait_for_heard(1)
    for _ in range(3):
        assert it.found() == [check]
    assert [kind for kind, _ in it.heard] == ["firing"]
    assert it.beats == beats


def over_everywhere(it: Watched, *, beats: int) -> None:
    """See that a mended trouble is over for those who heard of it, and that the sign of life is back."""
    it.wait_for_clean()
    it.wait_for_heard(2)
    assert [kind for kind, _ in it.heard] == ["firing", "resolved"]
    it.wait_until(lambda: not it.engine.watchdog.glance().is_unsettled)
    assert it.beats > beats
    assert it.audit().is_clean
    assert len(it.heard) == 2


def an_alert_of(it: Watched, job: str = "etl") -> str:
    it.says(CheckInKind.FAIL, job)
    it.wait_until(lambda: any(one.job == job for one in it.ear.heard))
    return next(one.alert_id for one in it.ear.heard if one.job == job)


def test_while_all_is_well_each_audit_sends_a_sign_of_life(it: Watched) -> None:
    an_alert_of(it)

    for _ in range(3):
        assert it.audit().is_clean

    assert it.beats == 3
    assert {one.first for one in it.outside.received} == {"GET /ping/secret-of-ours HTTP/1.1"}
    assert it.heard == []


def test_a_job_that_is_due_and_not_looked_at(it: Watched, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    it.says(CheckInKind.SUCCESS)
    assert it.audit().is_clean
    monkeypatch.setattr(SqliteWriting, "due", lambda *_: [])
    meddle(file, "UPDATE watches SET due_at = 1000")

    assert it.found() == []
    assert it.found() == ["due_jobs"]
    told_once_and_silent_outside(it, "due_jobs", beats=1)
    assert it.heard[0][1] == "Tocsin itself does not work: jobs that are due are not looked at"

    monkeypatch.undo()
    over_everywhere(it, beats=1)


def test_an_alert_that_fires_and_of_which_nobody_was_told(it: Watched, file: str) -> None:
    alert = an_alert_of(it)
    assert it.audit().is_clean
    meddle(file, "DELETE FROM notifications")

    assert it.found() == []
    assert it.found() == ["unheard"]
    told_once_and_silent_outside(it, "unheard", beats=1)
    assert it.engine.condition().audit.troubles[0].examples == (alert,)

    it.engine.command(Acknowledge(alert_id=alert, who="kim"))
    over_everywhere(it, beats=1)


def test_what_the_audit_finds_is_told_though_a_silence_covers_everything(it: Watched, file: str) -> None:
    alert, now = an_alert_of(it), it.clock.now()
    wide = tuple(read_matcher(one) for one in ("severity=~warning|critical",))
    it.engine.command(AddSilence(matchers=wide, starts_at=now, ends_at=now + AN_HOUR, who="kim", comment="x"))
    assert it.audit().is_clean
    meddle(file, "DELETE FROM notifications")

    assert it.found() == []
    assert it.found() == ["unheard"]
    told_once_and_silent_outside(it, "unheard", beats=1)
    it.engine.command(Acknowledge(alert_id=alert, who="kim"))
    over_everywhere(it, beats=1)


def test_a_chore_that_is_set_aside(it: Watched, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> NoReturn:
        raise ZeroDivisionError("nobody foresaw this")

    assert it.audit().is_clean
    monkeypatch.setattr("tocsin.engine.rounds.turn_overdue_to_fallback", raises)
    it.wait_until(lambda: "fallback" in _aside(it))

    assert it.found() == []
    assert it.found() == ["set_aside"]
    told_once_and_silent_outside(it, "set_aside", beats=1)
    assert it.engine.condition().audit.troubles[0].examples == ("fallback",)

    monkeypatch.undo()
    meddle(file, "UPDATE set_aside SET until_at = 1000")
    over_everywhere(it, beats=1)


def _aside(it: Watched) -> list[str]:
    with it.store.reading() as reading:
        return [one.rule for one in reading.set_aside(it.clock.now())]


def test_a_notification_whose_lease_is_lost(it: Watched, file: str) -> None:
    an_alert_of(it)
    assert it.audit().is_clean
    it.wait_until(lambda: it.engine.condition().queue_depth == 0)
    meddle(
        file, "UPDATE notifications SET state = 'sending', lease_until = 1000, look_at = NULL, created_at = 1"
    )

    assert it.found() == []
    assert "unclaimable" in it.found()
    it.wait_for_heard(1)
    assert it.beats == 1

    meddle(file, "UPDATE notifications SET look_at = 1000 WHERE state = 'sending'")
    it.wait_for_clean()
    it.wait_until(lambda: ("resolved", it.heard[0][1]) in it.heard)
    assert it.beats > 1


@pytest.mark.parametrize(
    "plant",
    [
        "UPDATE alerts SET body = json_remove(body, '$.climb.next_at')",
        "UPDATE watches SET due_at = due_at + 999000000",
    ],
    ids=["the climb has none", "the job is looked at too late"],
)
def test_an_escalation_without_a_next_instant(file: str, plant: str) -> None:
    with watched(SqliteStore(file), file, configured(None, *TWO_LEVELS)) as it:
        an_alert_of(it)
        assert it.audit().is_clean
        meddle(file, plant)

        assert it.found() == []
        assert it.found() == ["escalations"]
        told_once_and_silent_outside(it, "escalations", beats=1)

        meddle(file, "UPDATE watches SET due_at = 1000 WHERE due_at IS NOT NULL")
        over_everywhere(it, beats=1)


def test_a_writer_that_has_ended_is_told_without_it_and_found_no_more_after_a_restart(file: str) -> None:
    with watched(SqliteStore(file), file) as it:
        assert it.audit().is_clean
        it.engine.writer.stop()
        it.wait_until(lambda: not it.engine.condition().is_judging)

        assert it.found() == []
        assert it.found() == ["judging"]
        told_once_and_silent_outside(it, "judging", beats=1)

        it.clock.ahead += AN_HOUR
        it.audit()
        it.audit()
        assert [kind for kind, _ in it.heard] == ["firing", "repeat"]

    with watched(SqliteStore(file), file) as again:
        assert again.audit().is_clean
        assert again.audit().is_clean
        assert again.beats == 2


def test_a_writer_that_hangs_is_told_without_it(it: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "NOTED_WITHIN", timedelta(seconds=0.1))
    assert it.audit().is_clean
    hangs, goes_on = Event(), Event()
    begin = SqliteWriting.begin

    def hang(self: SqliteWriting) -> None:
        hangs.set()
        goes_on.wait(PATIENCE_SECONDS)
        begin(self)

    monkeypatch.setattr(SqliteWriting, "begin", hang)
    assert hangs.wait(PATIENCE_SECONDS)
    it.clock.ahead += timedelta(seconds=31)

    assert it.found() == []
    assert it.found() == ["judging"]
    told_once_and_silent_outside(it, "judging", beats=1)

    monkeypatch.undo()
    goes_on.set()
    over_everywhere(it, beats=1)


def test_a_deliverer_that_has_ended_is_told_past_it_under_the_key_that_it_would_have_used(
    it: Watched,
) -> None:
    assert it.audit().is_clean
    it.engine.deliverer.stop()

    assert it.found() == []
    assert it.found() == ["delivering"]
    assert it.heard == []
    assert it.found() == ["delivering"]
    told_once_and_silent_outside(it, "delivering", beats=1)

    with it.store.reading() as reading:
        owed = [one.key for alert in _firing(it) for one in reading.notifications(alert)]
    assert owed == [one.key for one in it.ear.heard]


def _firing(it: Watched) -> list[str]:
    with it.store.reading() as reading:
        return [row.place[2] for row in reading.firing((-1, 0, ""), 10)]


def test_who_is_not_reached_is_told_by_the_next_audit(it: Watched) -> None:
    it.engine.watchdog._directly.channels = {}  # noqa: SLF001 -- a configuration without the receiver
    channels = dict(it.engine.deliverer.channels)
    it.engine.deliverer.channels = {}
    it.engine.writer.stop()
    it.wait_until(lambda: not it.engine.condition().is_judging)
    it.audit()
    it.audit()
    assert it.heard == []

    it.engine.deliverer.channels = channels
    it.audit()

    assert [kind for kind, _ in it.heard] == ["firing"]


def test_a_sign_of_life_that_is_not_taken_is_sent_again_and_shows_no_secret(
    it: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    it.outside.situation = Situation.REFUSES
    refused = it.audit()
    it.outside.situation = Situation.REDIRECTS
    redirected = it.audit()
    it.outside.situation = Situation.ACCEPTS
    taken = it.audit()

    assert (refused.beat_at, redirected.beat_at) == (None, None)
    assert ("HTTP 404" in refused.beat_fault, "HTTP 307" in redirected.beat_fault) == (True, True)
    assert (taken.beat_at, taken.beat_fault) == (taken.audited_at, "")
    assert it.beats == 3
    everything = f"{refused} {redirected} {it.engine.watchdog.heartbeat!r} {caplog.text}"
    assert "was not taken" in caplog.text
    assert "secret-of-ours" not in everything


def test_a_store_that_cannot_be_written_is_told_without_it(
    it: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert it.audit().is_clean

    def fails(_: SqliteWriting) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqliteWriting, "begin", fails)
    it.wait_until(lambda: it.engine.condition().store_fault != "")

    assert it.found() == []
    assert it.found() == ["store"]
    told_once_and_silent_outside(it, "store", beats=1)

    monkeypatch.undo()
    it.says(CheckInKind.SUCCESS)
    it.wait_until(lambda: it.engine.condition().store_fault == "")
    over_everywhere(it, beats=1)


def test_two_servers_tell_of_a_trouble_once_and_neither_says_that_all_is_well(fresh_postgres: str) -> None:
    with (
        watched(PostgresStore(fresh_postgres), fresh_postgres) as one,
        watched(PostgresStore(fresh_postgres), fresh_postgres) as two,
    ):
        one.wait_until(lambda: one.has_lived and two.has_lived)
        alert = an_alert_of_either(one, two)
        meddle(fresh_postgres, "DELETE FROM notifications")
        for it in (one, two, one, two):
            it.audit()
        one.wait_until(lambda: len(one.heard) + len(two.heard) > 0)
        beats = one.beats + two.beats
        for it in (one, two, one, two):
            assert not it.audit().is_clean
        assert len(one.heard) + len(two.heard) == 1
        assert one.beats + two.beats == beats

        one.engine.command(Acknowledge(alert_id=alert, who="kim"))
        for it in (one, two, one, two):
            it.audit()
        one.wait_until(lambda: len(one.heard) + len(two.heard) == 2)
        assert sorted(kind for kind, _ in one.heard + two.heard) == ["firing", "resolved"]
        assert one.audit().is_clean
        assert two.audit().is_clean


def an_alert_of_either(one: Watched, two: Watched) -> str:
    one.says(CheckInKind.FAIL)
    one.wait_until(lambda: bool(one.ear.heard or two.ear.heard))
    return (one.ear.heard or two.ear.heard)[0].alert_id


def test_what_a_server_had_found_that_is_gone_is_forgotten_by_the_next(file: str) -> None:
    with watched(SqliteStore(file), file) as it:
        alert = an_alert_of(it)
        meddle(file, "DELETE FROM notifications")
        it.audit()
        it.audit()
        it.wait_for_heard(1)
        it.engine.command(Acknowledge(alert_id=alert, who="kim"))

    with watched(SqliteStore(file), file) as again:
        found = [again.audit().is_clean for _ in range(GONE_AFTER_AUDITS + 1)]
        again.wait_for_heard(1)

        assert found == [False] * GONE_AFTER_AUDITS + [True]
        assert again.beats == 1
        assert [kind for kind, _ in again.heard] == ["resolved"]


def test_a_resolution_by_hand_is_not_undone_though_the_sign_of_life_stays_away(
    it: Watched, file: str
) -> None:
    an_alert_of(it)
    meddle(file, "DELETE FROM notifications")
    it.audit()
    it.audit()
    it.wait_for_heard(1)
    own = next(one.alert_id for one in it.ear.heard if one.condition == "watchdog")

    it.engine.command(Resolve(alert_id=own, who="kim"))
    it.wait_for_heard(2)
    for _ in range(3):
        assert not it.audit().is_clean

    assert [kind for kind, _ in it.heard] == ["firing", "resolved"]


def test_a_trouble_that_comes_and_goes_is_told_no_more_often_than_any_other(file: str) -> None:
    policy = Policy(pace=EACH_ALONE)
    with watched(SqliteStore(file), file, configured(policy)) as it:
        now = it.clock.now()
        trouble = Trouble(check=Check.UNHEARD, since_at=now)
        for troubles in [(trouble,), ()] * 5:
            report = AuditReport(server="other", host="other", at=now, troubles=troubles)
            it.engine.command(NoteAudit(report=report, until_at=now + AN_HOUR))

        with it.store.reading() as reading:
            ours = reading.alerts(states=(AlertState.RESOLVED,), limit=20)
            kinds = [one.kind for alert in ours for one in reading.notifications(alert.id)]
    assert len(ours) == 5
    assert kinds.count("firing") == policy.deduplication_limit == 3


def test_failures_go_to_who_wants_to_hear_of_them(it: Watched, file: str) -> None:
    url = f"{it.outside.url}/x"
    it.engine.watchdog.heartbeat = Heartbeat(url, failure_url=f"{url}/fail", every=timedelta(days=1))
    an_alert_of(it)
    it.audit()
    it.audit()
    meddle(file, "DELETE FROM notifications")
    for _ in range(4):
        it.audit()

    assert [one.first.split()[1] for one in it.outside.received] == ["/x", "/x/fail"]
