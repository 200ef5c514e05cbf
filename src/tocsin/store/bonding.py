"""What mutes what, in the writing session of either store."""

from collections.abc import Iterable
from typing import Final

from tocsin.alerts.inhibition import Bond, Side
from tocsin.store.door import OnDoor

_FORGET: Final = "DELETE FROM inhibition_bonds WHERE alert_id = ?"
_ADD: Final = (
    "INSERT INTO inhibition_bonds (key, side, alert_id, job_id, job) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_OF_KEY: Final = (
    "SELECT key, side, alert_id, job_id, job FROM inhibition_bonds "
    "WHERE key = ? AND side = ? AND alert_id > ? ORDER BY alert_id LIMIT ?"
)
_WAKE: Final = (
    "INSERT INTO inhibition_wakes (key, after) SELECT key, '' FROM inhibition_bonds "
    "WHERE key = ? AND side = 'target' LIMIT 1 ON CONFLICT (key) DO UPDATE SET after = ''"
)
_WAKES: Final = "SELECT key, after FROM inhibition_wakes ORDER BY key LIMIT ?"
_GO_ON: Final = "UPDATE inhibition_wakes SET after = ? WHERE key = ? AND after = ?"
_DONE: Final = "DELETE FROM inhibition_wakes WHERE key = ? AND after = ?"


class BondsWriting(OnDoor):
    """What the writing session does with inhibition."""

    def bind(self, alert_ids: Iterable[str], bonds: Iterable[Bond]) -> None:
        """Let these be the bonds of these alerts, in place of all that they had."""
        self._door.many(_FORGET, [(alert_id,) for alert_id in alert_ids])
        rows = [(b.key, b.side.value, b.alert_id, b.job_id, b.job) for b in bonds]
        if rows:
            self._door.many(_ADD, rows)

    def bonds(self, key: str, side: Side, *, after: str, limit: int) -> list[Bond]:
        """Return who is on a side of a key, in the order of the alerts' ids, from behind `after`."""
        return [
            Bond(key=of_key, side=Side(on), alert_id=alert_id, job_id=job_id, job=job)
            for of_key, on, alert_id, job_id, job in self._door.all(_OF_KEY, (key, side.value, after, limit))
        ]

    def wake(self, keys: Iterable[str]) -> int:
        """Note that the targets of these keys want to be looked at; return how many keys have any."""
        return self._door.many(_WAKE, [(key,) for key in keys])

    def wakes(self, limit: int) -> list[tuple[str, str]]:
        """Return keys whose targets want to be looked at, each with the alert from behind which."""
        return [(key, after) for key, after in self._door.all(_WAKES, (limit,))]

    def wake_on(self, key: str, after: str, then: str | None) -> None:
        """Go on with a key from behind `then`, or be done with it, unless it was begun anew meanwhile."""
        if then is None:
            self._door.run(_DONE, (key, after))
        else:
            self._door.run(_GO_ON, (then, key, after))
