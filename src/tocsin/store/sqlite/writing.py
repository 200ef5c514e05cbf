"""The writing session of SQLite, put together from its parts."""

from tocsin.store.alerting import AlertsWriting
from tocsin.store.bonding import BondsWriting
from tocsin.store.drilling import DrillsWriting
from tocsin.store.grouping import GroupsWriting
from tocsin.store.hastening import HasteningWriting
from tocsin.store.keeping import KeepingWriting
from tocsin.store.sqlite.outbox import OutboxWriting
from tocsin.store.sqlite.retention import RetentionWriting
from tocsin.store.sqlite.runs import RunsWriting


class SqliteWriting(
    RunsWriting,
    AlertsWriting,
    GroupsWriting,
    BondsWriting,
    OutboxWriting,
    KeepingWriting,
    DrillsWriting,
    HasteningWriting,
    RetentionWriting,
):
    """The one session that writes; `tocsin.store.base.Writing` says what it can do."""
