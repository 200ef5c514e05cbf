"""The writing session of SQLite, put together from its parts."""

from tocsin.store.sqlite.alerts import AlertsWriting
from tocsin.store.sqlite.outbox import OutboxWriting
from tocsin.store.sqlite.rest import RestWriting
from tocsin.store.sqlite.retention import RetentionWriting
from tocsin.store.sqlite.runs import RunsWriting


class SqliteWriting(RunsWriting, AlertsWriting, OutboxWriting, RestWriting, RetentionWriting):
    """The one session that writes; `tocsin.store.base.Writing` says what it can do."""
