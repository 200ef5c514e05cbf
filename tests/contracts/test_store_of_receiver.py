"""What a receiver was owed is found without a walk through what all others were owed."""

from typing import Any

from tests.contracts.kept import MINUTE, NOON, committed, owed
from tests.contracts.kept import Place as Where
from tests.contracts.meddling import meddle
from tocsin.store.base import Reading, Store
from tocsin.store.door import Parameters, Row
from tocsin.store.past import Place
from tocsin.store.rows import NotificationState

RARE = ("quiet", "quiet/mail", "quiet/sms")
OTHERS = ("quiet0", "quiets/mail", "quie/mail", "loud/slack", "aquiet/mail")
EVER, END = NOON - MINUTE, Place(at=NOON + 1_000 * MINUTE)
MANY = """
    INSERT INTO notifications (
        key, alert_id, target, kind, seq, message, created_at, due_at, severity, state, attempts, unknown,
        fallback_of, fallback_key, lease, last_error
    )
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT 'many-' || i, 'alert', 'loud/slack', 'firing', i, '', 1772700000000000 + i, 0, 1, 'sent', 1, 0,
        '', '', 0, ''
    FROM n
"""


class Overheard:
    """A connection that keeps what it was asked."""

    def __init__(self, door: Any) -> None:  # noqa: ANN401  # either store's, with whatever else it can do
        self._door = door
        self.asked: list[tuple[str, Parameters]] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as above
        return getattr(self._door, name)

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        self.asked.append((statement, parameters))
        found: list[Row] = self._door.all(statement, parameters)
        return found


def keep(store: Store) -> None:
    with committed(store) as writing:
        for number, target in enumerate((*RARE, *OTHERS) * 3):
            at = NOON + number * MINUTE
            writing.enqueue([owed(f"{target}-{number}", target=target, seq=number, created_at=at, due_at=at)])


def of(
    reading: Reading, *receivers: str, limit: int = 100, states: tuple[NotificationState, ...] = ()
) -> list[str]:
    found = reading.owed(EVER, END, receivers=receivers, limit=limit, states=states)
    return [one.notification.key for one in found]


def test_a_receiver_has_its_own_ways_and_no_others_newest_first(store: Store) -> None:
    keep(store)
    with store.reading() as reading:
        all_ = reading.owed(EVER, END, limit=100)
        wanted = [one.notification.key for one in all_ if one.notification.target in RARE]

        assert len(wanted) == 9
        assert of(reading, "quiet") == wanted
        assert of(reading, "quiet", limit=4) == wanted[:4]
        assert of(reading, "quiet", "quiet/mail", "quiet/sms") == wanted
        assert of(reading, "quiet/sms") == [key for key in wanted if key.startswith("quiet/sms")]
        assert of(reading, "quiet", states=(NotificationState.DEAD,)) == []
        assert of(reading, "nobody") == []


def test_a_receiver_that_is_rarely_told_is_found_by_an_index(store: Store, place: Where) -> None:
    keep(store)
    meddle(place.url, MANY)
    meddle(place.url, "ANALYZE notifications")
    is_shared = place.kind == "postgres"
    for states in ((), (NotificationState.PENDING, NotificationState.SENT)):
        with store.reading() as reading:
            overheard = Overheard(reading._door)  # type: ignore[attr-defined]  # noqa: SLF001 -- what is asked of it
            reading._door = overheard  # type: ignore[attr-defined]  # noqa: SLF001 -- as above
            assert len(of(reading, "quiet", states=states)) == 9
            reading._door = overheard._door  # type: ignore[attr-defined]  # noqa: SLF001 -- as it was
            plans = [
                str(overheard._door.all(f"{'EXPLAIN' if is_shared else 'EXPLAIN QUERY PLAN'} {text}", asked))  # noqa: SLF001 -- as above
                for text, asked in overheard.asked
            ]
        assert len(plans) == 2 + len(RARE)
        walks = [plan for plan in plans if "notifications_of_target" not in plan or "Seq Scan" in plan]
        assert walks == []
