from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.alerts.words import ACKNOWLEDGED, FIRING, alert, at, finding, told
from tocsin.alerts.advance import acknowledge, advance, resolve
from tocsin.alerts.alert import Alert, Reason, SnoozeEnd
from tocsin.alerts.snooze import LONGEST_WAIT_FOR_A_RUN, lapse, snooze
from tocsin.alerts.telling import Manners, Speech, speak
from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import JobState, Outcome
from tocsin.rules.finding import Severity

MANNERS = Manners(repeat_every=timedelta(hours=4), window=timedelta(hours=1), limit=3)
QUIET_JOB = JobState()


def ran(at: datetime, status: RunStatus | None = RunStatus.FAILED) -> JobState:
    return JobState(recent=(Outcome(at=at, order_at=at, status=status),))


def put_off(end: SnoozeEnd, until: str = "", **more: object) -> Alert:
    before = alert(told=told("12:00"), **more)
    return snooze(before, "ann", at("13:00"), end=end, until_at=at(until) if until else None).alert


def test_an_acknowledgement_with_an_end_fires_again_at_its_end_and_not_before() -> None:
    taken = acknowledge(alert(told=told("12:00")), "ann", at("12:30"), until_at=at("14:30")).alert

    assert speak(taken, at("12:30"), MANNERS).ask_again_at == at("14:30")
    assert lapse(taken, QUIET_JOB, at("14:29")).reason is Reason.UNCHANGED
    ended = lapse(taken, QUIET_JOB, at("14:30"))
    assert (ended.reason, ended.alert.state) == (Reason.ACKNOWLEDGEMENT_ENDED, FIRING)
    assert (ended.alert.acknowledged_by, ended.alert.acknowledged_at) == ("", None)
    assert speak(ended.alert, at("14:30"), MANNERS).speech is Speech.REPEAT


def test_after_it_was_told_again_repeats_come_as_ever() -> None:
    taken = acknowledge(alert(told=told("12:00")), "ann", at("12:30"), until_at=at("14:30")).alert
    fires = lapse(taken, QUIET_JOB, at("14:30")).alert
    again = replace(fires, told=told("12:00", "14:30"))

    utterance = speak(again, at("14:30"), MANNERS)

    assert (utterance.speech, utterance.ask_again_at) == (None, at("18:30"))


def test_whoever_takes_it_for_longer_has_it() -> None:
    taken = acknowledge(alert(), "ann", at("12:30"), until_at=at("14:30")).alert

    shorter = acknowledge(taken, "bob", at("13:00"), until_at=at("14:00"))
    longer = acknowledge(taken, "bob", at("13:00"), until_at=at("15:00"))
    for_good = acknowledge(taken, "cy", at("13:00"))

    assert shorter.reason is Reason.UNCHANGED
    assert (longer.alert.acknowledged_by, longer.alert.acknowledged_until) == ("bob", at("15:00"))
    assert (for_good.alert.acknowledged_by, for_good.alert.acknowledged_until) == ("cy", None)


def test_what_got_louder_is_put_off_no_more() -> None:
    for before in (
        put_off(SnoozeEnd.NEXT_RUN),
        acknowledge(alert(told=told("12:00")), "ann", at("12:30"), until_at=at("14:30")).alert,
    ):
        louder = advance(before, finding(severity=Severity.PAGE), at("13:30")).alert

        assert (louder.state, louder.snooze, louder.acknowledged_until) == (FIRING, None, None)
        assert speak(louder, at("13:30"), MANNERS).speech is Speech.LOUDER


def test_a_snooze_until_a_time_is_quiet_and_then_told_as_a_repeat() -> None:
    before = put_off(SnoozeEnd.TIME, "13:45")

    quiet = speak(before, at("13:00"), MANNERS)
    assert (quiet.speech, quiet.reason, quiet.ask_again_at) == (None, Reason.SNOOZED, at("13:45"))
    assert lapse(before, ran(at("13:30")), at("13:44")).reason is Reason.UNCHANGED
    ended = lapse(before, QUIET_JOB, at("13:45"))
    assert ended.reason is Reason.SNOOZE_ENDED
    assert speak(ended.alert, at("13:45"), MANNERS).speech is Speech.REPEAT


@pytest.mark.parametrize(
    ("end", "status", "ends"),
    [
        (SnoozeEnd.NEXT_RUN, RunStatus.FAILED, True),
        (SnoozeEnd.NEXT_RUN, RunStatus.SUCCESS, True),
        (SnoozeEnd.NEXT_RUN, RunStatus.SKIPPED, False),
        (SnoozeEnd.NEXT_RUN, None, False),
        (SnoozeEnd.NEXT_SUCCESS, RunStatus.FAILED, False),
        (SnoozeEnd.NEXT_SUCCESS, RunStatus.SUCCESS, True),
    ],
)
def test_a_snooze_waits_for_a_run_that_did_its_work(
    end: SnoozeEnd, status: RunStatus | None, *, ends: bool
) -> None:
    before = put_off(end)

    assert (lapse(before, ran(at("14:00"), status), at("14:00")).reason is Reason.SNOOZE_ENDED) is ends
    assert lapse(before, ran(at("12:59"), status), at("14:00")).reason is Reason.UNCHANGED


def test_no_snooze_waits_for_ever_for_a_run() -> None:
    before = put_off(SnoozeEnd.NEXT_RUN)
    end = at("13:00") + LONGEST_WAIT_FOR_A_RUN

    assert speak(before, at("13:00"), MANNERS).ask_again_at == end
    assert lapse(before, QUIET_JOB, end).reason is Reason.SNOOZE_ENDED


def test_only_what_fires_is_put_off() -> None:
    taken = acknowledge(alert(), "ann", at("12:30")).alert
    ended = resolve(alert(), Reason.RECOVERED, "", at("12:30")).alert

    for one in (taken, ended):
        change = snooze(one, "bob", at("13:00"), end=SnoozeEnd.NEXT_RUN, until_at=None)
        assert (change.reason, change.alert) == (Reason.UNCHANGED, one)


def test_who_takes_a_snoozed_alert_in_hand_has_it() -> None:
    taken = acknowledge(put_off(SnoozeEnd.TIME, "13:45"), "bob", at("13:10")).alert

    assert (taken.state, taken.snooze) == (ACKNOWLEDGED, None)
    assert lapse(taken, QUIET_JOB, at("14:00")).reason is Reason.UNCHANGED
