"""The writing session of PostgreSQL, put together from its parts."""

from tocsin.store.alerting import AlertsWriting
from tocsin.store.keeping import KeepingWriting
from tocsin.store.postgres.outbox import OutboxWriting
from tocsin.store.postgres.retention import RetentionWriting
from tocsin.store.postgres.runs import RunsWriting


class PostgresWriting(RunsWriting, AlertsWriting, OutboxWriting, KeepingWriting, RetentionWriting):
    """The one session of this process that writes; `tocsin.store.base.Writing` says what it can do."""
