"""The servers that are compared: ours, its floor, and a bare answer; each a process of its own.

The floor is the same web front and the same group commit, but it only appends the check-in: nothing
is known of jobs or runs, nothing is judged.
"""

import argparse
import asyncio
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import uvicorn
import uvloop

from tocsin.app import calm_collector, open_store, serve
from tocsin.clock import SystemClock
from tocsin.config.loading import load
from tocsin.engine.configuration import Configuration
from tocsin.engine.engine import EngineCondition
from tocsin.engine.portion import MAX_GROUP
from tocsin.engine.work import Reply
from tocsin.jobs.checkin import Answer, Answered, CheckIn
from tocsin.jobs.job import Job
from tocsin.store.base import Store
from tocsin.telemetry.metrics import Metrics
from tocsin.web.application import create_app
from tocsin.web.settings import WebSettings

Waiting = tuple[Sequence[CheckIn], Reply]


class FloorEngine:
    """Appends check-ins to the log of one job, in group commits, and answers after the commit."""

    def __init__(self, store: Store, configuration: Configuration) -> None:
        self.configuration = configuration
        self._writing = store.writing()
        self._queue: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._clock = SystemClock()
        self._writing.begin()
        job = Job(name="floor", environment="floor", registered_at=self._clock.now())
        self._job_id = self._writing.register([job])[job.key].job.id
        self._writing.commit()
        threading.Thread(target=self._run, daemon=True).start()

    def report(self, check_ins: Sequence[CheckIn], reply: Reply) -> bool:
        """Queue one request."""
        self._queue.put((check_ins, reply))
        return True

    def condition(self) -> EngineCondition:
        """Say that all is well."""
        now = self._clock.now()
        return EngineCondition(
            started_at=now,
            last_commit_at=now,
            last_tick_at=now,
            queue_depth=0,
            store_fault="",
            overdue_seconds=0.0,
            since_tick_seconds=0.0,
            is_judging=True,
            is_delivering=True,
        )

    def _run(self) -> None:
        while True:
            group = [self._queue.get()]
            weight = len(group[0][0])
            while weight < MAX_GROUP:
                try:
                    group.append(self._queue.get_nowait())
                except queue.Empty:
                    break
                weight += len(group[-1][0])
            self._writing.begin()
            self._writing.append((self._job_id, c) for check_ins, _ in group for c in check_ins)
            self._writing.commit()
            for check_ins, reply in group:
                reply(tuple(Answer(status=Answered.ACCEPTED, run=c.run) for c in check_ins))


def serve_floor(database: str, port: int) -> None:
    """Run the floor."""
    store = open_store(database)
    clock = SystemClock()
    engine: Any = FloorEngine(store, load(None, os.environ).configuration)
    app = create_app(engine, store, WebSettings(), clock=clock, metrics=Metrics(clock))
    _run_app(app, port)


async def _bare(_scope: Mapping[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def _run_app(app: Any, port: int) -> None:  # noqa: ANN401 -- any ASGI application
    config = uvicorn.Config(
        app, port=port, http="httptools", loop="none", lifespan="off", access_log=False, log_config=None
    )
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


def main() -> None:
    """Run one of them until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=["ours", "floor", "bare"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", default="")
    parser.add_argument("--config")
    parser.add_argument("--cpu", type=int)
    chosen = parser.parse_args()
    if chosen.cpu is not None:
        os.sched_setaffinity(0, {chosen.cpu})
    if chosen.which == "ours":
        serve(chosen.config, port=chosen.port, database=chosen.database)
    elif chosen.which == "floor":
        serve_floor(chosen.database, chosen.port)
    else:
        _run_app(_bare, chosen.port)


if __name__ == "__main__":
    main()
