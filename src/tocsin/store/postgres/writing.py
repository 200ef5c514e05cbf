"""The writing session of PostgreSQL, put together from its parts."""

from tocsin.store.alerting import AlertsWriting
from tocsin.store.bonding import BondsWriting
from tocsin.store.drilling import DrillsWriting
from tocsin.store.grouping import GroupsWriting
from tocsin.store.hastening import HasteningWriting
from tocsin.store.keeping import KeepingWriting
from tocsin.store.postgres.outbox import OutboxWriting
from tocsin.store.postgres.retention import RetentionWriting
from tocsin.store.postgres.runs import RunsWriting


# The session comes before what is kept alike in both stores, because it tells other servers of it
# and keeps them from changing groups meanwhile.
class PostgresWriting(
    RunsWriting,
    AlertsWriting,
    OutboxWriting,
    RetentionWriting,
    GroupsWriting,
    BondsWriting,
    KeepingWriting,
    DrillsWriting,
    HasteningWriting,
):
    """The one session of this process that writes; `tocsin.store.base.Writing` says what it can do."""
