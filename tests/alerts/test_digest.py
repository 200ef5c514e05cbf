from datetime import UTC, datetime, time, timedelta

import pytest

from tests.alerts.words import ACKNOWLEDGED, NOON, RESOLVED, alert
from tocsin.alerts.digest import DigestPlan, digest_of, next_digest_at
from tocsin.rules.finding import Severity


def plan(at: str, timezone: str = "Europe/Berlin") -> DigestPlan:
    return DigestPlan(target="desk/email", receiver="desk", at=time.fromisoformat(at), timezone=timezone)


@pytest.mark.parametrize(
    ("at", "after", "expected"),
    [
        ("08:00", "2026-03-10T06:59:59+00:00", "2026-03-10T07:00:00+00:00"),
        ("08:00", "2026-03-10T07:00:00+00:00", "2026-03-11T07:00:00+00:00"),
        ("00:00", "2026-03-10T22:00:00+00:00", "2026-03-10T23:00:00+00:00"),
        ("02:30", "2026-03-29T00:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("02:30", "2026-10-25T00:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("02:30", "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
    ],
)
def test_a_digest_is_due_once_a_day_when_the_wall_shows_its_hour(at: str, after: str, expected: str) -> None:
    assert next_digest_at(plan(at), datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_what_is_open_and_what_is_worst_stands_first() -> None:
    over = alert(id="over", state=RESOLVED, severity=Severity.PAGE)
    mild = alert(id="mild", severity=Severity.INFO)
    bad = alert(id="bad", severity=Severity.CRITICAL, opened_at=NOON + timedelta(hours=1))
    older = alert(id="older", severity=Severity.CRITICAL)
    taken = alert(id="taken", state=ACKNOWLEDGED)
    digest = digest_of([over, mild, bad, older, taken], NOON, NOON, is_whole=True)

    assert [one.id for one in digest.alerts] == ["older", "bad", "taken", "mild", "over"]
    assert digest.open_count == 4
    assert digest.counts == (
        (Severity.PAGE, 1),
        (Severity.CRITICAL, 2),
        (Severity.WARNING, 1),
        (Severity.INFO, 1),
    )


def test_of_nothing_there_is_a_digest_too() -> None:
    digest = digest_of([], datetime(2026, 3, 9, tzinfo=UTC), NOON, is_whole=True)

    assert (digest.alerts, digest.counts, digest.open_count) == ((), (), 0)
