"""What a client has kept while no server could be reached, and what the server makes of it."""

from datetime import datetime, timedelta
from pathlib import Path

from tests.web.served import Served, fresh
from tocsin import clock
from tocsin.client import wire
from tocsin.client.client import CHECK_IN_PATH, sender
from tocsin.client.delivery import deliver
from tocsin.client.http1 import Target, parse_target
from tocsin.client.spool import Spool, entry_name


def put(spool: Spool, job: str, kind: str, seq: int, at: datetime) -> None:
    fields = {"job": job, "kind": kind, "run": f"{job}-1", "seq": seq, "at": at.isoformat()}
    spool.put(entry_name(1_000, job, seq, kind), wire.encode(fields))


def test_a_long_run_that_was_well_while_nobody_could_hear_it_alerts_nobody(
    served: Served, tmp_path: Path
) -> None:
    spool, job, minute = Spool(str(tmp_path), served.url), fresh("etl"), timedelta(minutes=1)
    definition = {"max_duration_minutes": 120, "stalled_after_minutes": 10}
    path = f"/api/v1/jobs/production/{job}/definition"
    assert served.ask("PUT", path, definition).status in (200, 201)
    began_at = clock.now() - 180 * minute
    put(spool, job, "start", 1, began_at)
    for number in range(1, 61):
        put(spool, job, "heartbeat", 1 + number, began_at + number * minute)
    put(spool, job, "success", 62, began_at + 61 * minute)
    target = parse_target(served.url, CHECK_IN_PATH)
    assert isinstance(target, Target)

    outcome = deliver(spool, sender(target, ""))

    assert (outcome.delivered, outcome.fault) == (62, "")
    assert [
        one for one in served.get("/api/v1/alerts?limit=1000&state=all")["items"] if one["job"] == job
    ] == []
    (run,) = served.get(f"/api/v1/jobs/production/{job}/runs")["items"]
    assert run["status"] == "success"
