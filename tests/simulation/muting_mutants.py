"""Faults planted into inhibition: what mutes, for how long, and what of it a crash leaves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.simulation.mutants import breaks
from tocsin.alerts import inhibition
from tocsin.alerts.alert import Alert
from tocsin.alerts.inhibition import Bond, Inhibited, Inhibitor, Side
from tocsin.engine import escalating, inhibiting
from tocsin.store.sqlite.writing import SqliteWriting


@breaks("muting begins", "muting ends")
def wake_lost(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at what was muted when its source is over."""
    patch.setattr(SqliteWriting, "wake", lambda _self, _keys: 0)


@breaks("muted once", "muted by rule", "muting ends")
def mute_in_memory(patch: pytest.MonkeyPatch) -> None:
    """That an alert is muted is known as long as it is looked at, and not kept."""
    real = SqliteWriting.save_alerts

    def save(self: SqliteWriting, alerts: Iterable[Alert]) -> None:
        real(self, [replace(alert, inhibited=None) for alert in alerts])

    patch.setattr(SqliteWriting, "save_alerts", save)


@breaks("muted", "muted by rule")
def ties_in_memory(patch: pytest.MonkeyPatch) -> None:
    """Which alert mutes which is remembered by the process and not by the store."""

    def known(self: SqliteWriting) -> dict[str, tuple[Bond, ...]]:
        bonds: dict[str, tuple[Bond, ...]] = self.__dict__.setdefault("known_bonds", {})
        return bonds

    def bind(self: SqliteWriting, alert_ids: Iterable[str], bonds: Iterable[Bond]) -> None:
        new = tuple(bonds)
        known(self).update({one: tuple(b for b in new if b.alert_id == one) for one in alert_ids})

    def bonds(self: SqliteWriting, key: str, side: Side, **_page: Any) -> list[Bond]:  # noqa: ANN401 -- as the real one
        found = (bond for bonds in known(self).values() for bond in bonds)
        return [bond for bond in found if (bond.key, bond.side) == (key, side)]

    patch.setattr(SqliteWriting, "bind", bind)
    patch.setattr(SqliteWriting, "bonds", bonds)


@breaks("muted")
def escalated_though_muted(patch: pytest.MonkeyPatch) -> None:
    """An escalation goes on though another alert explains what it is about."""
    real = escalating._standing  # noqa: SLF001 -- a fault is planted where it could be made

    def standing(plain: Any, alert: Alert, *rest: Any) -> object:  # noqa: ANN401 -- as the real one
        return real(plain, replace(alert, inhibited=None), *rest)

    patch.setattr(escalating, "_standing", standing)


@breaks("muted", "muted by rule")
def source_overlooked(patch: pytest.MonkeyPatch) -> None:
    """What was told once is muted by nothing that comes later."""
    real = inhibiting.Inhibiting._placed  # noqa: SLF001 -- a fault is planted where it could be made

    def placed(self: inhibiting.Inhibiting, alert: Alert, *rest: Any) -> Alert:  # noqa: ANN401 -- as the real one
        found = real(self, alert, *rest)
        return replace(found, inhibited=None) if alert.told.count and alert.inhibited is None else found

    patch.setattr(inhibiting.Inhibiting, "_placed", placed)


@breaks("muting ends")
def muted_for_good(patch: pytest.MonkeyPatch) -> None:
    """What another alert has muted stays muted when that is over, whoever looks at it."""
    real = inhibition.settled

    def settled(before: Inhibited | None, found: Inhibitor | None, now: datetime) -> Inhibited | None:
        if found is None and before is not None and before.is_by_another:
            return before
        return real(before, found, now)

    patch.setattr(inhibiting, "settled", settled)
