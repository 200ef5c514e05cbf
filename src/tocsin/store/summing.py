"""Sums over the alerts, decisions and notifications of a span, for either store; drills are counted apart."""

from collections import Counter
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.rules.finding import Severity
from tocsin.store.codec import instant, micros
from tocsin.store.door import OnDoor, Row
from tocsin.store.past import DrillCounts, OfJob, Opened, OwedCount, Quantiles, Tally
from tocsin.store.shapes import ALERT, DRILL

_OPENED: Final = """
    SELECT rule, condition, severity, count(*),
        count(first_taken_at),
        count(CASE WHEN first_taken_at IS NULL AND ended_by_hand = 1 THEN 1 END),
        count(CASE WHEN over_at = 9223372036854775807 THEN 1 END)
    FROM alerts WHERE opened_at >= ? AND opened_at < ? AND condition <> 'drill'
    GROUP BY rule, condition, severity ORDER BY rule, condition, severity
"""
_QUARTER: Final = 900_000_000
_QUARTERS: Final = f"""
    SELECT opened_at / {_QUARTER}, count(*)
    FROM alerts WHERE opened_at >= ? AND opened_at < ? AND condition <> 'drill'
    GROUP BY opened_at / {_QUARTER} ORDER BY 1
"""  # noqa: S608 - our own number
_JOBS: Final = """
    SELECT job_id, count(*) FROM alerts WHERE opened_at >= ? AND opened_at < ? AND condition <> 'drill'
    GROUP BY job_id ORDER BY 2 DESC, 1 LIMIT ?
"""
_NOT_TAKEN: Final = """
    SELECT a.body FROM (
        SELECT id, severity, over_at - opened_at AS lasted FROM alerts
        WHERE opened_at >= ? AND opened_at < ? AND condition <> 'drill'
            AND first_taken_at IS NULL AND ended_by_hand = 0
        ORDER BY severity DESC, over_at - opened_at DESC, id LIMIT ?
    ) AS worst JOIN alerts a ON a.id = worst.id ORDER BY worst.severity DESC, worst.lasted DESC, worst.id
"""
# The nearest rank: the shortest time that so many of them, or more, did not exceed.
_QUANTILES: Final = """
    WITH ranked AS (
        SELECT {group} AS severity, {end} - opened_at AS lasted,
            row_number() OVER (PARTITION BY {group} ORDER BY {end} - opened_at) AS place,
            count(*) OVER (PARTITION BY {group}) AS n
        FROM alerts WHERE opened_at >= ? AND opened_at < ? AND condition <> 'drill' AND {holds}
    )
    SELECT severity, max(n), min(CASE WHEN place * 2 >= n THEN lasted END),
        min(CASE WHEN place * 10 >= n * 9 THEN lasted END)
    FROM ranked GROUP BY severity ORDER BY severity
"""
_TAKEN: Final = ("first_taken_at", "first_taken_at IS NOT NULL")
_OVER: Final = ("over_at", "over_at < 9223372036854775807")
_TALLIES: Final = """
    SELECT reason, kept_back, count(*) FROM alert_history WHERE at >= ? AND at < ?
    GROUP BY reason, kept_back ORDER BY 3 DESC, reason, kept_back
"""
_KEPT_BACK: Final = """
    SELECT job_id, count(*) FROM alert_history WHERE at >= ? AND at < ? AND kept_back = 1
    GROUP BY job_id ORDER BY 2 DESC, 1 LIMIT ?
"""
_NEWEST: Final = "SELECT body FROM alerts WHERE job_id = ? ORDER BY over_at DESC LIMIT 1"
_COUNTS: Final = """
    SELECT target, kind, count(*) FROM notifications WHERE created_at >= ? AND created_at < ?
    GROUP BY target, kind ORDER BY target, kind
"""
_DEAD: Final = (
    "SELECT count(*) FROM notifications WHERE created_at >= ? AND created_at < ? AND state = 'dead'"
)
_LAST_FIRED: Final = (
    "SELECT rule, max(opened_at) FROM alerts WHERE opened_at < ? AND condition <> 'drill' "
    "GROUP BY rule ORDER BY rule"
)
# What drills have added to the sums above is taken off again: it is little, and found by the ids of their
# alerts, while the sums are read from indexes that hold no ids. "." follows "-".
_OF_DRILLS: Final = "alert_id >= 'drill-' AND alert_id < 'drill.'"
_DRILL_TALLIES: Final = _TALLIES.replace("WHERE", f"WHERE {_OF_DRILLS} AND")
_DRILL_KEPT_BACK: Final = f"""
    SELECT job_id, count(*) FROM alert_history
    WHERE {_OF_DRILLS} AND at >= ? AND at < ? AND kept_back = 1 GROUP BY job_id
"""  # noqa: S608 - our own words
_DRILL_COUNTS: Final = _COUNTS.replace("WHERE", f"WHERE {_OF_DRILLS} AND")
_DRILL_DEAD: Final = _DEAD.replace("WHERE", f"WHERE {_OF_DRILLS} AND")
_DRILLS: Final = "SELECT body FROM drills WHERE started_at >= ? AND started_at < ? ORDER BY started_at"


class SumsReading(OnDoor):
    """What a reading session adds up of the past; `tocsin.store.past.Past` says what."""

    def opened(self, since: datetime, until: datetime) -> list[Opened]:
        """Count the alerts that were opened."""
        return [
            Opened(
                rule=rule,
                condition=condition,
                severity=Severity(severity),
                count=count,
                taken=taken,
                by_hand=by_hand,
                open=open_,
            )
            for rule, condition, severity, count, taken, by_hand, open_ in self._within(_OPENED, since, until)
        ]

    def opened_in_quarters(self, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
        """Count them for each quarter of an hour that had any; the days of every zone begin with one."""
        rows = self._within(_QUARTERS, since, until)
        return [(instant(quarter * _QUARTER), count) for quarter, count in rows]

    def noisiest_jobs(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs of which most alerts were opened, most first."""
        return [self._of_job(*row) for row in self._within(_JOBS, since, until, limit)]

    def not_taken(self, since: datetime, until: datetime, limit: int) -> list[Alert]:
        """Return alerts opened then that no person dealt with, the worst and longest first."""
        return ALERT.decode_all(self._within(_NOT_TAKEN, since, until, limit))

    def until_taken(self, since: datetime, until: datetime) -> list[Quantiles]:
        """Return how long it took from opening to the first acknowledgement, where there was one."""
        return self._quantiles(since, until, *_TAKEN)

    def until_over(self, since: datetime, until: datetime) -> list[Quantiles]:
        """Return how long it took from opening to the end, where it has come."""
        return self._quantiles(since, until, *_OVER)

    def tallies(self, since: datetime, until: datetime) -> list[Tally]:
        """Count the decisions by their reasons."""
        left = self._without_drills(_TALLIES, _DRILL_TALLIES, since, until)
        found = [
            Tally(reason=str(reason), kept_back=bool(kept_back), count=count)
            for (reason, kept_back), count in left.items()
        ]
        return sorted(found, key=lambda one: (-one.count, one.reason, one.kept_back))

    def most_kept_back(self, since: datetime, until: datetime, limit: int) -> list[OfJob]:
        """Return the jobs of which most was kept back, most first."""
        of_drills: dict[int, int] = dict(self._within(_DRILL_KEPT_BACK, since, until))
        found = self._within(_KEPT_BACK, since, until, limit + len(of_drills))
        left = [(job_id, count - of_drills.get(job_id, 0)) for job_id, count in found]
        ranked = sorted(left, key=lambda pair: (-pair[1], pair[0]))
        return [self._of_job(job_id, count) for job_id, count in ranked[:limit] if count]

    def owed_counts(self, since: datetime, until: datetime) -> list[OwedCount]:
        """Count the notifications that were owed."""
        left = self._without_drills(_COUNTS, _DRILL_COUNTS, since, until)
        return [
            OwedCount(target=str(target), kind=str(kind), count=count)
            for (target, kind), count in left.items()
        ]

    def dead_count(self, since: datetime, until: datetime) -> int:
        """Count those of them that will never arrive."""
        return self._one(_DEAD, since, until) - self._one(_DRILL_DEAD, since, until)

    def drill_counts(self, since: datetime, until: datetime) -> DrillCounts:
        """Count the drills that were begun, and what was owed in drills."""
        begun = DRILL.decode_all(self._within(_DRILLS, since, until))
        return DrillCounts(
            begun=len(begun),
            failed=sum(bool(drill.over_at and drill.faults) for drill in begun),
            owed=sum(count for *_, count in self._within(_DRILL_COUNTS, since, until)),
            dead=self._one(_DRILL_DEAD, since, until),
        )

    def last_fired(self, until: datetime) -> list[tuple[str, datetime]]:
        """Return when each rule that has any alert opened its last one before then."""
        return [(rule, instant(at)) for rule, at in self._door.all(_LAST_FIRED, (micros(until),))]

    def _within(self, statement: str, since: datetime, until: datetime, *more: int) -> list[Row]:
        return self._door.all(statement, (micros(since), micros(until), *more))

    def _one(self, statement: str, since: datetime, until: datetime) -> int:
        return int(self._within(statement, since, until)[0][0])

    def _without_drills(
        self, statement: str, of_drills: str, since: datetime, until: datetime
    ) -> Counter[tuple[object, object]]:
        """Return counts under two names, less what drills have added to them."""
        counts = Counter({(one, other): count for one, other, count in self._within(statement, since, until)})
        counts.subtract({(one, other): count for one, other, count in self._within(of_drills, since, until)})
        return +counts

    def _of_job(self, job_id: int, count: int) -> OfJob:
        row = self._door.one(_NEWEST, (job_id,))
        newest = None if row is None else ALERT.decode(row[0])
        return OfJob(
            job_id=job_id,
            environment=newest.environment if newest is not None else "",
            job=newest.job if newest is not None else "",
            count=count,
        )

    def _quantiles(self, since: datetime, until: datetime, end: str, holds: str) -> list[Quantiles]:
        found = []
        for group in ("0", "severity"):
            rows = self._within(_QUANTILES.format(group=group, end=end, holds=holds), since, until)
            found += [_quantiles_of(*row) for row in rows]
        return found


def _quantiles_of(severity: int, count: int, median: int, p90: int) -> Quantiles:
    """Return the value of a row; a clock that was set back in between makes no time less than none."""
    return Quantiles(
        severity=Severity(severity) if severity else None,
        count=count,
        median_seconds=max(median, 0) / 1_000_000,
        p90_seconds=max(p90, 0) / 1_000_000,
    )
