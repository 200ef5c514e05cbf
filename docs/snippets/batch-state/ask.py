from datetime import timedelta

from tocsin.batch.state import Keeping, open_state
from tocsin.batch.state.base import DeadLetterQuery
from tocsin.clock import now

state = open_state("batch.db", Keeping(max_dead_letters=10_000))

last_run = next(iter(state.runs("orders")), None)
by_operation = state.performance(pipeline="orders", since=now() - timedelta(days=7))
slowest = max((one.p95_seconds for one in by_operation), default=0.0)
hours = state.trends(every=timedelta(hours=1), since=now() - timedelta(hours=24))
failed = sum(hour.totals.failed_records for hour in hours)
waiting = state.count_dead_letters(DeadLetterQuery(pipeline="orders", reason="not known"))

state.close()
