"""What a digest is made of, in every store."""

from tests.contracts.kept import MINUTE, NOON, acknowledged, an_alert, changed, resolved
from tocsin.rules.finding import Severity
from tocsin.store.base import Writing


def test_what_was_open_at_any_moment_since_is_found_open_ones_first_then_the_worst(writing: Writing) -> None:
    mild = an_alert("mild", fingerprint="a", opened_at=NOON - MINUTE)
    bad = changed(an_alert("bad", fingerprint="b"), severity=Severity.PAGE)
    taken = acknowledged(an_alert("taken", fingerprint="c"))
    fresh = resolved(an_alert("fresh", fingerprint="d", opened_at=NOON - 2 * MINUTE), NOON)
    worse = changed(resolved(an_alert("worse", fingerprint="e"), NOON + MINUTE), severity=Severity.PAGE)
    old = resolved(an_alert("old", fingerprint="f", opened_at=NOON - 3 * MINUTE), NOON - MINUTE)
    writing.save_alerts([mild, bad, taken, fresh, worse, old])

    found = [alert.id for alert in writing.alerts_since(NOON, 10)]

    assert found[0] == "bad"
    assert set(found[1:3]) == {"mild", "taken"}
    assert found[3:] == ["worse", "fresh"]


def test_no_more_are_returned_than_asked_for(writing: Writing) -> None:
    open_ = [an_alert(f"open{number}", fingerprint=f"o{number}") for number in range(3)]
    over = [resolved(an_alert(f"over{number}", fingerprint=f"e{number}"), NOON) for number in range(3)]
    writing.save_alerts([*open_, *over])

    assert len(writing.alerts_since(NOON, 2)) == 2
    assert len(writing.alerts_since(NOON, 4)) == 4
    assert len(writing.alerts_since(NOON, 9)) == 6
