"""Whether to speak now, as a table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.alerts.words import ACKNOWLEDGED, RESOLVED, alert, at, told
from tocsin.alerts.alert import Alert, Reason, Told
from tocsin.alerts.muting import Mute
from tocsin.alerts.telling import Manners, Speech, heard_by, said, speak
from tocsin.rules.finding import Severity

MANNERS = Manners(repeat_every=timedelta(hours=4), window=timedelta(hours=1), limit=3)
PAGE, CRITICAL = Severity.PAGE, Severity.CRITICAL


@pytest.mark.parametrize(
    ("what", "now", "silenced", "expected"),
    [
        (alert(), "12:00", None, (Speech.FIRING, Reason.TOLD, "16:00")),
        (alert(told=told("12:00")), "13:00", None, (None, Reason.NOTHING_TO_SAY, "16:00")),
        (alert(told=told("12:00")), "16:00", None, (Speech.REPEAT, Reason.REPEATED, "20:00")),
        (alert(severity=CRITICAL, told=told("12:00")), "12:10", None, (Speech.LOUDER, Reason.TOLD, "16:10")),
        (alert(step=2, told=told("12:00")), "12:10", None, (Speech.LOUDER, Reason.TOLD, "16:10")),
        (alert(told=told("12:00", severity=PAGE)), "12:10", None, (None, Reason.NOTHING_TO_SAY, "16:00")),
        (alert(), "12:00", "14:00", (None, Reason.SILENCED, "14:00")),
        (alert(), "14:00", "14:00", (Speech.FIRING, Reason.TOLD, "18:00")),
        (alert(told=told("12:00")), "12:10", "14:00", (None, Reason.NOTHING_TO_SAY, "16:00")),
        (alert(told=told("12:00")), "16:00", "17:00", (None, Reason.SILENCED, "17:00")),
        (alert(state=ACKNOWLEDGED, told=told("12:00")), "23:00", None, (None, Reason.ACKNOWLEDGED, None)),
        (
            alert(state=RESOLVED, told=told("12:00")),
            "13:00",
            None,
            (Speech.RESOLVED, Reason.CLOSED_AT_RECEIVER, None),
        ),
        (
            alert(state=RESOLVED, told=told("12:00")),
            "13:00",
            "15:00",
            (Speech.RESOLVED, Reason.CLOSED_AT_RECEIVER, None),
        ),
        (alert(state=RESOLVED), "13:00", None, (None, Reason.NOTHING_TO_SAY, None)),
    ],
    ids=[
        "the first word",
        "nothing new",
        "the repeat",
        "a worse severity",
        "a further step",
        "better than what was told",
        "silenced",
        "the silence ends",
        "silenced, but nothing to say anyway",
        "a silenced repeat",
        "in hand",
        "over",
        "over, under a silence",
        "over before it was told",
    ],
)
def test_what_to_say(
    what: Alert, now: str, silenced: str | None, expected: tuple[Speech | None, Reason, str | None]
) -> None:
    speech, reason, ask = expected

    utterance = speak(
        what, at(now), MANNERS, mute=Mute(reason=Reason.SILENCED, until_at=at(silenced)) if silenced else None
    )

    assert (utterance.speech, utterance.reason) == (speech, reason)
    assert utterance.ask_again_at == (at(ask) if ask else None)


def news(*before: str, severity: Severity = CRITICAL, known: Severity | None = Severity.WARNING) -> Alert:
    return alert(severity=severity, told=told(*before, severity=known))


@pytest.mark.parametrize(
    ("what", "now", "speech", "ask"),
    [
        (news("11:50", "12:00"), "12:10", Speech.LOUDER, "16:10"),
        (news("11:30", "11:50", "12:00"), "12:10", None, "12:30"),
        (news("11:30", "11:50", "12:00"), "12:30", Speech.LOUDER, "16:30"),
        (news("11:10", "11:50", "12:00"), "12:10", Speech.LOUDER, "16:10"),
        (news("11:30", "11:40", "11:50", "12:00"), "12:10", None, "12:40"),
        (news("11:30", "11:50", "12:00", severity=PAGE), "12:10", Speech.LOUDER, "16:10"),
        (news("11:30", "11:50", "12:00", severity=PAGE, known=None), "12:10", Speech.FIRING, "16:10"),
    ],
    ids=[
        "there is room",
        "three within the hour",
        "the first of them leaves the hour",
        "two within the hour and one before",
        "four, for one of them was a page",
        "a page is never kept back",
        "nor is a first word that is a page",
    ],
)
def test_at_most_so_many_within_the_window(what: Alert, now: str, speech: Speech | None, ask: str) -> None:
    utterance = speak(what, at(now), MANNERS)

    assert (utterance.speech, utterance.ask_again_at) == (speech, at(ask))


@pytest.mark.parametrize(
    ("what", "speech"),
    [(alert(told=told("07:00")), None), (alert(), Speech.FIRING), (news("11:00"), Speech.LOUDER)],
    ids=["a repeat waits", "a first word does not", "nor do louder news"],
)
def test_after_blindness_only_repeats_wait_for_those_who_flush(what: Alert, speech: Speech | None) -> None:
    utterance = speak(what, at("12:00"), MANNERS, no_repeat_before=at("12:05"))

    assert utterance.speech is speech
    assert utterance.ask_again_at == (at("12:05") if speech is None else at("16:00"))


def test_what_was_said_is_remembered_with_everybody_who_heard_it() -> None:
    first = said(alert(), Speech.FIRING, ("team",), at("12:00"), MANNERS)
    second = said(
        alert(severity=PAGE, told=first.told), Speech.LOUDER, ("pager", "team"), at("12:30"), MANNERS
    )

    assert second.told == Told(
        at=(at("12:00"), at("12:30")),
        targets=("team", "pager"),
        heard=(("team", 2), ("pager", 2)),
        severity=PAGE,
        step=1,
        last_at=at("12:30"),
        count=2,
        news=2,
        run="a",
    )


def test_the_end_is_told_once_and_leaves_the_window_as_it_is() -> None:
    firing = said(alert(), Speech.FIRING, ("team",), at("12:00"), MANNERS)
    over = said(alert(state=RESOLVED, told=firing.told), Speech.RESOLVED, ("team",), at("12:10"), MANNERS)

    assert (over.told.targets, over.told.at, over.told.count) == ((), (at("12:00"),), 2)
    assert speak(over, at("12:20"), MANNERS).reason is Reason.NOTHING_TO_SAY


def test_what_is_told_of_quieter_times_does_not_forget_the_worst() -> None:
    before = told("12:00", severity=PAGE, step=4)

    after = said(
        alert(severity=CRITICAL, step=2, told=before), Speech.REPEAT, ("team",), at("16:00"), MANNERS
    ).told

    assert (after.severity, after.step) == (PAGE, 4)


def test_who_has_heard_what_is_counted_for_each() -> None:
    assert heard_by(("b", "c"), 5, (("a", 1), ("b", 2))) == (("a", 1), ("b", 5), ("c", 5))


@pytest.mark.parametrize(
    ("what", "every", "expected"),
    [
        (alert(is_past=True, told=told("12:00", run="a")), None, (None, Reason.TOLD_ONCE, None)),
        (alert(is_past=True, told=told("12:00", run="a")), 6, (None, Reason.NOTHING_TO_SAY, "18:00")),
        (alert(is_past=True, told=told("12:00", run="b")), None, (Speech.REPEAT, Reason.REPEATED, None)),
        (
            alert(is_past=True, told=told("12:00", run="a"), due_again_at=at("15:00")),
            None,
            (Speech.REPEAT, Reason.REPEATED, None),
        ),
        (
            alert(is_past=True, flapping=True, told=told("12:00", run="a")),
            None,
            (None, Reason.FLAPPING, None),
        ),
        (
            alert(is_past=True, severity=CRITICAL, told=told("12:00", severity=CRITICAL, run="a")),
            None,
            (Speech.REPEAT, Reason.REPEATED, "20:00"),
        ),
    ],
    ids=["told", "asked for all the same", "another run", "put off till now", "flapping", "critical"],
)
def test_what_has_ended_and_is_mild_is_told_once_for_each_run(
    what: Alert, every: int | None, expected: tuple[Speech | None, Reason, str | None]
) -> None:
    speech, reason, ask = expected
    manners = replace(MANNERS, repeat_past_every=None if every is None else timedelta(hours=every))

    utterance = speak(what, at("16:00"), manners)

    assert (utterance.speech, utterance.reason) == (speech, reason)
    assert utterance.ask_again_at == (at(ask) if ask else None)
