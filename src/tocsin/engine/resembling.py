"""Which other jobs failed of the same error lately: looked up once for each error in a transaction."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, Alike, Reason
from tocsin.rules.signature import id_of
from tocsin.store.relations import Relations

WITHIN: Final = timedelta(hours=1)
MAX_LOOKED_AT: Final = 50
MAX_NAMED: Final = 3
_Error = tuple[str, str]


class Resembling:
    """Finds what failed of the same, in the store and among what this transaction has seen."""

    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._jobs: dict[_Error, dict[int, str]] = {}
        self._is_whole: dict[_Error, bool] = {}

    def alike(self, change: Change, alert: Alert, now: datetime) -> Alert:
        """Return an open alert with the other jobs that failed of the same; looked up when it is news."""
        if not alert.error_signature:
            return alert if alert.alike is None else replace(alert, alike=None)
        is_known = alert.alike is not None and alert.alike.signature == alert.error_signature
        if change.reason is Reason.UNCHANGED or (is_known and change.reason is Reason.UPDATED):
            return alert
        error = (alert.environment, alert.error_signature)
        jobs = self._jobs.get(error)
        if jobs is None:
            jobs = self._look_up(error, now)
        others = sorted(name for job_id, name in jobs.items() if job_id != alert.job_id)
        if len(jobs) < MAX_LOOKED_AT:
            jobs[alert.job_id] = alert.job
        found = Alike(
            at=now,
            signature=alert.error_signature,
            count=len(others),
            named=tuple(others[:MAX_NAMED]),
            is_whole=self._is_whole[error] and len(jobs) < MAX_LOOKED_AT,
        )
        return replace(alert, alike=found)

    def _look_up(self, error: _Error, now: datetime) -> dict[int, str]:
        environment, signature = error
        rows = self._relations.alike(
            id_of(signature), environment, over_since=now - WITHIN, limit=MAX_LOOKED_AT
        )
        self._is_whole[error] = len(rows) < MAX_LOOKED_AT
        self._jobs[error] = dict(rows)
        return self._jobs[error]
