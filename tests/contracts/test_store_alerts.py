"""Alerts and their histories, in every store."""

import pytest

from tests.contracts.kept import (
    MINUTE,
    NOON,
    SECOND,
    Place,
    acknowledged,
    an_alert,
    changed,
    committed,
    registered,
    resolved,
)
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.errors import StoreBroken
from tocsin.rules.finding import Severity
from tocsin.rules.signature import id_of
from tocsin.store.base import Store, Writing
from tocsin.store.rows import Watch

OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
EVERY = tuple(AlertState)


def ids(alerts: tuple[Alert, ...] | list[Alert]) -> list[str]:
    return [alert.id for alert in alerts]


def test_an_alert_is_read_back_by_every_way(store: Store) -> None:
    with committed(store) as writing:
        writing.save_alerts([an_alert()])
        assert writing.alert("alert-1") == an_alert()
        assert writing.alert("another") is None

    with store.reading() as reading:
        assert reading.alert("alert-1") == an_alert()
        assert reading.alert("another") is None
        assert reading.alerts(states=EVERY, limit=10) == [an_alert()]


def test_a_jobs_alerts_are_the_open_ones_and_those_resolved_since(writing: Writing) -> None:
    long_open = an_alert("open", fingerprint="a", opened_at=NOON - MINUTE)
    held = acknowledged(an_alert("held", fingerprint="b"))
    fresh = resolved(an_alert("fresh", fingerprint="c", opened_at=NOON - 2 * MINUTE), NOON)
    old = resolved(an_alert("old", fingerprint="d", opened_at=NOON - 2 * MINUTE), NOON - SECOND)
    writing.save_alerts([held, long_open, fresh, old, an_alert("other", fingerprint="e", job_id=2)])

    found = writing.alerts([1, 2, 3], NOON)

    assert {job: ids(alerts) for job, alerts in found.items()} == {
        1: ["fresh", "open", "held"],
        2: ["other"],
        3: [],
    }


def test_an_alert_saved_again_is_changed_everywhere(store: Store) -> None:
    over = changed(resolved(an_alert(), NOON + MINUTE), severity=Severity.PAGE)
    with committed(store) as writing:
        writing.save_alerts([an_alert()])
        writing.save_alerts([over])
        assert writing.alerts([1], NOON + 2 * MINUTE) == {1: ()}
        assert writing.alerts([1], NOON) == {1: (over,)}

    with store.reading() as reading:
        assert reading.alerts(states=OPEN, limit=10) == []
        assert reading.alerts(states=(AlertState.RESOLVED,), limit=10) == [over]
        assert reading.counts().open_alerts == 0


def test_a_second_open_alert_of_a_fingerprint_is_refused_by_the_tables(store: Store) -> None:
    with committed(store) as writing:
        writing.save_alerts([an_alert("first")])
    writing = store.writing()
    writing.begin()
    with pytest.raises(StoreBroken):
        writing.save_alerts([acknowledged(an_alert("second"))])
    writing.rollback()

    with committed(store) as writing:
        writing.save_alerts([resolved(an_alert("first"), NOON), an_alert("third")])
    with store.reading() as reading:
        assert ids(reading.alerts(states=OPEN, limit=10)) == ["third"]


def test_what_is_resolved_makes_room_for_what_is_opened_in_the_same_call(writing: Writing) -> None:
    writing.save_alerts([an_alert("first")])

    writing.save_alerts([an_alert("second"), resolved(an_alert("first"), NOON)])

    assert ids(writing.alerts([1], NOON)[1]) == ["first", "second"]


def test_open_alerts_that_are_held_back_are_listed(writing: Writing) -> None:
    held = changed(an_alert("held", fingerprint="a"), held_back_until=NOON)
    over = resolved(changed(an_alert("over", fingerprint="b"), held_back_until=NOON), NOON)
    writing.save_alerts([held, over, an_alert("free", fingerprint="c")])

    assert writing.open_alerts_held_back() == [held]

    writing.save_alerts([changed(held, held_back_until=None)])
    assert writing.open_alerts_held_back() == []


def test_open_alerts_come_before_resolved_ones_most_severe_first_then_newest(store: Store) -> None:
    alerts = [
        an_alert("low", fingerprint="1", severity=Severity.INFO, opened_at=NOON + MINUTE),
        acknowledged(an_alert("high-old", fingerprint="2", severity=Severity.PAGE)),
        an_alert("high-new", fingerprint="3", severity=Severity.PAGE, opened_at=NOON + SECOND),
        resolved(an_alert("over-old", fingerprint="4", severity=Severity.PAGE), NOON + MINUTE),
        resolved(an_alert("over-new", fingerprint="5", opened_at=NOON + SECOND), NOON + SECOND),
    ]
    with committed(store) as writing:
        writing.save_alerts(alerts)

    with store.reading() as reading:
        order = ids(reading.alerts(states=EVERY, limit=10))
        assert order == ["high-new", "high-old", "low", "over-new", "over-old"]
        assert ids(reading.alerts(states=EVERY, limit=4)) == order[:4]
        assert ids(reading.alerts(states=EVERY, limit=2)) == order[:2]
        assert ids(reading.alerts(states=EVERY, job_id=1, limit=10)) == order
        assert ids(reading.alerts(states=EVERY, job_id=2, limit=10)) == []
        assert ids(reading.alerts(states=(AlertState.ACKNOWLEDGED,), limit=10)) == ["high-old"]
        assert ids(reading.alerts(states=(AlertState.FIRING,), job_id=1, limit=10)) == ["high-new", "low"]
        assert ids(reading.alerts(states=(AlertState.RESOLVED,), job_id=1, limit=10)) == [
            "over-new",
            "over-old",
        ]
        assert ids(reading.alerts(states=(), limit=10)) == []


def test_a_page_of_alerts_holds_those_opened_before(store: Store) -> None:
    over = [
        resolved(an_alert(f"a{n}", fingerprint=str(n), opened_at=NOON + n * SECOND), NOON + MINUTE)
        for n in range(5)
    ]
    with committed(store) as writing:
        writing.save_alerts([*over, an_alert("open", opened_at=NOON + MINUTE)])

    with store.reading() as reading:
        page = reading.alerts(states=(AlertState.RESOLVED,), before=over[3].opened_at, limit=2)
        assert ids(page) == ["a2", "a1"]
        assert ids(reading.alerts(states=EVERY, before=page[-1].opened_at, limit=10)) == ["a0"]
        assert ids(reading.alerts(states=EVERY, job_id=1, before=NOON + MINUTE, limit=10))[0] == "a4"


def test_a_history_is_read_in_the_order_it_was_recorded(store: Store) -> None:
    def entry(reason: Reason, who: str = "", alert_id: str = "alert-1") -> Entry:
        return Entry(
            alert_id=alert_id,
            at=NOON,
            reason=reason,
            state=AlertState.FIRING,
            severity=Severity.WARNING,
            who=who,
            note="said aloud",
        )

    lines = [entry(Reason.OPENED), entry(Reason.TOLD), entry(Reason.ACKNOWLEDGED, "kim")]
    with committed(store) as writing:
        writing.record([*lines[:2], entry(Reason.OPENED, alert_id="other")])
        writing.record(lines[2:])

    with store.reading() as reading:
        assert reading.history("alert-1") == lines
        assert reading.history("none") == []


def test_pruning_deletes_old_resolved_alerts_with_their_history_and_never_open_ones(place: Place) -> None:
    store = place.open()
    old = resolved(an_alert("old", fingerprint="a"), NOON)
    young = resolved(an_alert("young", fingerprint="b"), NOON + MINUTE)
    line = Entry(
        alert_id="old", at=NOON, reason=Reason.OPENED, state=AlertState.FIRING, severity=Severity.INFO
    )
    with committed(store) as writing:
        writing.save_alerts([old, young, an_alert("open", fingerprint="c")])
        writing.record([line, line])
        gone = writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10)

    assert gone == 3
    with store.reading() as reading:
        assert sorted(ids(reading.alerts(states=EVERY, limit=10))) == ["open", "young"]
        assert reading.history("old") == []
    store.close()


def test_alerts_of_the_same_error_are_found_across_jobs_while_they_are_open_or_just_over(
    store: Store,
) -> None:
    def failed(number: int, watch: Watch, error: str) -> Alert:
        plain = an_alert(f"alert-{number}", fingerprint=f"print-{number}", job_id=watch.job.id)
        return changed(plain, error_signature=error)

    with committed(store) as writing:
        full, over, old, other, mute = registered(writing, "full", "over", "old", "other", "mute")
        writing.save_alerts(
            [
                failed(1, full, "disk … full"),
                resolved(failed(2, over, "disk … full"), NOON),
                resolved(failed(3, old, "disk … full"), NOON - SECOND),
                failed(4, other, "refused"),
                failed(5, mute, ""),
            ]
        )

    with committed(store) as writing:
        found = writing.alike(id_of("disk … full"), "production", over_since=NOON, limit=10)
        assert found == [(full.job.id, "full"), (over.job.id, "over")]
        assert writing.alike(id_of("disk … full"), "production", over_since=NOON, limit=1) == found[:1]
        assert writing.alike(id_of("disk … full"), "staging", over_since=NOON, limit=10) == []
        assert writing.alike("", "production", over_since=NOON, limit=10) == []
        writing.save_alerts([failed(1, full, "refused")])
        assert [
            name for _, name in writing.alike(id_of("refused"), "production", over_since=NOON, limit=10)
        ] == [
            "full",
            "other",
        ]
