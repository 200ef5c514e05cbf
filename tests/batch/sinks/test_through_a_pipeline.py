"""Customer.io under a whole pipeline, against a service that is as strict as it says it is."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.batch.sinks.server import Request, Server, says, serving
from tocsin import clock
from tocsin.batch.config import BatchConfig
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.report import RunReport
from tocsin.batch.sinks.address import basic
from tocsin.batch.sinks.customerio import CustomerIO, track
from tocsin.batch.state.base import RunStatus

COUNT = 300
QUICK = BatchConfig(
    max_batch_size=50,
    rate_limit_rps=1_000,
    retry_backoff_seconds=0.1,
    timeout_seconds=1,
    max_wait_seconds=0.05,
)


@dataclass(slots=True)
class StrictApi:
    """Takes a request wholly or, if one of its calls is bad, not at all; notes whom it has heard of."""

    key: str = "the-right-key-0123"
    bad: frozenset[str] = frozenset()
    most: int = 1_000
    faults: list[Any] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        if self.faults:
            await self.faults.pop(0)(request, writer)
            return
        await self._judged(request)(request, writer)

    def _judged(self, request: Request) -> Any:  # noqa: ANN401 -- an answer
        calls = json.loads(request.body)["batch"]
        if request.headers["authorization"] != basic(self.key, ""):
            return says(401, b"{}")
        if len(calls) > self.most:
            return says(413)
        if any(call["userId"] in self.bad for call in calls):
            return says(400, b'{"meta": {"errors": ["userId is not allowed"]}}')
        self.taken.update(call["userId"] for call in calls)
        return says(200, b"{}")


def run(
    service: StrictApi, state: Path, *, key: str = "the-right-key-0123", resume: bool = False
) -> RunReport:
    """Deliver COUNT records of as many users."""

    async def go() -> RunReport:
        async with serving(service.answer) as server:
            service.faults = [_bound(fault, server) for fault in service.faults]
            sink = CustomerIO(key, url=server.url)
            pipeline = Pipeline("strict", sink, state=state, config=QUICK, max_rejects="50%", progress=False)
            return await pipeline.arun([track(n, "bought") for n in range(1, COUNT + 1)], resume=resume)

    return asyncio.run(go())


def _bound(fault: Any, server: Server) -> Any:  # noqa: ANN401 -- an answer, or the name of one of the server's
    return getattr(server, fault) if isinstance(fault, str) else fault


def test_bad_calls_of_a_service_that_does_not_name_them_are_found_and_are_the_only_dead_letters(
    tmp_path: Path,
) -> None:
    service = StrictApi(bad=frozenset({"7", "211"}))

    report = run(service, tmp_path / "state.db")

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, COUNT - 2, 2)
    assert set(service.taken) == {str(n) for n in range(1, COUNT + 1)} - {"7", "211"}
    assert set(service.taken.values()) == {1}
    assert service.requests < COUNT / 50 + 2 * 22


def test_a_wrong_key_stops_at_once_buries_nobody_and_the_right_one_goes_on(tmp_path: Path) -> None:
    service = StrictApi()

    wrong = run(service, tmp_path / "state.db", key="a-wrong-key-01234")
    before = service.requests
    right = run(service, tmp_path / "state.db", resume=True)

    assert wrong.status is not RunStatus.COMPLETED
    assert "401" in wrong.reason
    assert (wrong.delivered, wrong.dead) == (0, 0)
    assert before <= QUICK.parallel_workers
    assert (right.status, right.delivered) == (RunStatus.COMPLETED, COUNT)
    assert set(service.taken.values()) == {1}


def test_a_service_that_takes_less_than_it_says_gets_less(tmp_path: Path) -> None:
    service = StrictApi(most=20)

    report = run(service, tmp_path / "state.db")

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, COUNT, 0)
    assert service.taken.total() == COUNT


def test_a_service_that_hangs_resets_and_throttles_gets_every_record(tmp_path: Path) -> None:
    soon = format_datetime(clock.now() + timedelta(seconds=1), usegmt=True)
    service = StrictApi(
        faults=[
            "hang",
            says(503),
            says(429, headers={"Retry-After": soon}),
            says(429, headers={"Retry-After": "-1"}),
        ]
    )

    report = run(service, tmp_path / "state.db")

    assert (report.status, report.delivered, report.dead) == (RunStatus.COMPLETED, COUNT, 0)
    assert set(service.taken) == {str(n) for n in range(1, COUNT + 1)}
