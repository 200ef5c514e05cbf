"""Which alert mutes which, by asking every rule of every pair: what the engine must come to as well."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.alerts.inhibition import InhibitRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An alert that fires now, with the labels that routes match, too."""

    alert_id: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """That an alert is muted: by which alert, and under which rule (its number, from 0)."""

    alert_id: str
    rule: int


def inhibited(
    rules: tuple[InhibitRule, ...], labels: dict[str, str], sources: Iterable[Source]
) -> Inhibition | None:
    """Return what mutes an alert with these labels while these others fire, by the first rule that does."""
    firing = [(source.alert_id, dict(source.labels)) for source in sources]
    for number, rule in enumerate(rules):
        for alert_id, others in firing:
            if rule.mutes(others, labels):
                return Inhibition(alert_id=alert_id, rule=number)
    return None
