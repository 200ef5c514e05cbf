"""What Python jobs import: `with tocsin.job("daily_etl") as run:`, or the same as a decorator."""

import copy
import functools
from collections.abc import Callable, Generator, Mapping
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from tocsin.client import wire
from tocsin.client.client import Client, default_client, labels_of
from tocsin.client.guard import harmless
from tocsin.client.notice import say
from tocsin.client.reporter import Reporter, Who
from tocsin.client.run import Run

HEARTBEAT_SECONDS = 60.0

P = ParamSpec("P")
R = TypeVar("R")

_open_runs: ContextVar[tuple[Run, ...]] = ContextVar("tocsin_open_runs", default=())


class Job:
    """A job as its code names it: as a context manager it reports a run, as a decorator every call."""

    def __init__(
        self,
        name: str,
        *,
        environment: str | None = None,
        run: str | None = None,
        labels: Mapping[str, str] | None = None,
        nominal_at: datetime | str | None = None,
        partition: str | None = None,
        backfill: bool = False,
        attempt: int | None = None,
        max_attempts: int | None = None,
        definition: Mapping[str, object] | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        client: Client | None = None,
    ) -> None:
        """Nothing is reported yet.

        `run`: the id that an orchestrator gave to this run. `nominal_at`, `partition`, `backfill`: which
        occurrence it is for. `attempt` of `max_attempts`: while attempts remain, a failure pages nobody.
        `definition`: schedule, deadlines, checks, upstream, runbook and owner, declared in code. Without a
        client, the one that the environment describes is used.
        """
        self._name = name
        self._environment = environment
        self._run = run
        self._labels = labels
        self._nominal_at = nominal_at
        self._partition = partition
        self._backfill = backfill
        self._attempt = attempt
        self._max_attempts = max_attempts
        self._definition = definition
        self._heartbeat_seconds = heartbeat_seconds
        self._client = client
        self._runs: list[Run] = []

    def __enter__(self) -> Run:
        run = self._begin() or Run(None)
        self._runs.append(run)
        _open_runs.set((*_open_runs.get(), run))
        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run = self._leave()
        if run is not None:
            run.end(error)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with every call reported as a run; coroutine and generator functions too."""
        import inspect

        if inspect.isasyncgenfunction(function):
            raise TypeError(
                "tocsin.job cannot wrap an asynchronous generator; use `with tocsin.job(…)` inside it"
            )
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._wrap_coroutine(function))
        if inspect.isgeneratorfunction(function):
            return cast("Callable[P, R]", self._wrap_generator(function))

        @functools.wraps(function)
        def reported(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._for_one_call():
                return function(*args, **kwargs)

        return reported

    def _for_one_call(self) -> "Job":
        """Return a job of its own for a call, as calls of one function may overlap in any order."""
        twin = copy.copy(self)
        twin._runs = []  # noqa: SLF001 – the twin is of this class
        return twin

    def _wrap_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def reported(*args: object, **kwargs: object) -> object:
            with self._for_one_call():
                return await function(*args, **kwargs)

        return reported

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def reported(*args: object, **kwargs: object) -> Generator[object, object, object]:
            with self._for_one_call():
                return (yield from function(*args, **kwargs))

        return reported

    @harmless
    def _begin(self) -> Run:
        client = self._client or default_client()
        nominal_at = None if self._nominal_at is None else wire.instant(self._nominal_at)
        if self._nominal_at is not None and nominal_at is None:
            say(f"nominal_at {self._nominal_at!r} of {self._name} is no instant; reported without it")
        who = Who(
            job=self._name,
            environment=self._environment or client.environment,
            run=self._run,
            labels=labels_of(self._labels) or (),
            nominal_at=nominal_at,
            partition=self._partition,
            backfill=self._backfill,
        )
        run = Run(
            Reporter(client.letterbox, who),
            attempt=_whole(self._attempt),
            max_attempts=_whole(self._max_attempts),
            heartbeat_seconds=_heartbeat_seconds(self._heartbeat_seconds),
        )
        run.begin(self._definition)
        return run

    def _leave(self) -> Run | None:
        """Take back the run that was begun last in this context: threads and tasks may share one job."""
        here = _open_runs.get()
        ours = [run for run in here if run in self._runs] or self._runs
        run = ours[-1] if ours else None
        if run is not None:
            self._runs.remove(run)
            _open_runs.set(tuple(other for other in here if other is not run))
        return run


def _whole(value: object) -> int | None:
    number = wire.number(value)
    return None if number is None else int(number)


def _heartbeat_seconds(value: object) -> float:
    """Return the span that was meant; what is no number must not leave a run without a sign of life."""
    number = HEARTBEAT_SECONDS if value is None else wire.number(value)
    if number is None:
        say(f"heartbeat_seconds {value!r} is no number from 0 on; {HEARTBEAT_SECONDS:g} is used")
        return HEARTBEAT_SECONDS
    return number


def current_run() -> Run | None:
    """Return the innermost run that is open here: in a decorated function, the run of this call."""
    return next((run for run in reversed(_open_runs.get()) if not run.ended), None)


job = Job
