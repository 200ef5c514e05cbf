"""The reckoning of how often one trouble was told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tests.simulation.receivers import Ledger
from tests.simulation.setting import ESCALATED, POLICY
from tests.simulation.world import World
from tocsin.alerts.alert import Alert
from tocsin.rules.finding import Severity
from tocsin.store.rows import Notification

SPEAKING = frozenset({"firing", "louder", "repeat"})


def judge_limit(
    world: World,
    alerts: Iterable[Alert],
    owed: Mapping[str, Sequence[Notification]],
    ledger: Ledger,
) -> None:
    """Accuse what was told more often than so many times in a window, but for rises to page.

    True time and the server's clock must agree on it. What was told before the clock was set back counts
    from then on, so that nobody waits for the length of the jump (`tocsin.alerts.set_back`); when it is put
    forward again, the window is over by the only clock that there is. What the clock showed when it was made
    is in the ledger: the store counts anew what is still owed when the clock is set back.
    """
    made_seconds, made_at = ledger.made_seconds, ledger.made_at
    limit, window = POLICY.deduplication_limit, POLICY.deduplication_window
    for fingerprint, made in _counted(alerts, owed).items():
        in_order = sorted(made, key=lambda one: made_seconds[one.key])
        for start in range(len(in_order) - limit):
            some = in_order[start : start + limit + 1]
            first, last = made_seconds[some[0].key], made_seconds[some[-1].key]
            shown = [world.counted_from(made_at[one.key], made_seconds[one.key], last) for one in some]
            if last - first < window.total_seconds() and max(shown) - min(shown) < window:
                world.accuse("not too often", f"{fingerprint}: {limit + 1} within {last - first:.0f} s")


def _counted(
    alerts: Iterable[Alert], owed: Mapping[str, Sequence[Notification]]
) -> dict[str, list[Notification]]:
    """Return by fingerprint what counts of what was made, one for each time that something was told."""
    made: dict[str, list[Notification]] = defaultdict(list)
    for alert in alerts:
        seen: set[int] = set()
        worst = 0
        for one in sorted(owed[alert.id], key=lambda n: n.seq):
            counts = one.kind in SPEAKING and one.target not in ESCALATED and not one.fallback_of
            if counts and one.seq not in seen:
                seen.add(one.seq)
                if not (one.severity == Severity.PAGE and worst < Severity.PAGE):
                    made[alert.fingerprint].append(one)
                worst = max(worst, one.severity)
    return made
