"""One run of a Python job, as its code sees it."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from tocsin import clock
from tocsin.client import wire
from tocsin.client.context import describe
from tocsin.client.guard import harmless
from tocsin.client.notice import say
from tocsin.client.pulse import Pulse
from tocsin.client.reporter import Reporter

TYPE_CHECKING = False  # importing typing for its constant would cost every start 3 ms

if TYPE_CHECKING:
    from typing import Any

    from tocsin.checking import Checked, Checks

MAX_STEPS = 100
_MAX_METRICS = 200
MAX_CHECKS = 50
_MAX_NOTES = 50
_MAX_NOTE = 500
_MAX_METADATA = 200
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class _Verdict(NamedTuple):
    """How a run is to end where the job said so itself."""

    kind: str
    message: str


class Run:
    """A run that is under way.

    No method raises an Exception, waits for the network or does anything in a forked child. `id` is
    the run's id, as the server knows it.
    """

    def __init__(
        self,
        reporter: Reporter | None,
        *,
        attempt: int | None = None,
        max_attempts: int | None = None,
        heartbeat_seconds: float = 0,
    ) -> None:
        """Without a reporter every method does nothing."""
        self._reporter = reporter
        self._attempt = attempt
        self._max_attempts = max_attempts
        self._pulse = Pulse(self.heartbeat, every_seconds=heartbeat_seconds)
        self._tally = threading.Lock()
        self._progress: tuple[object, object] = (None, None)
        self._ok: int | None = None
        self._failed: int | None = None
        self._metrics: dict[str, float] = {}
        self._notes: dict[str, str] = {}
        self._checks: list[dict[str, object]] | None = None
        self._claimed: set[str] = set()
        self._metadata: dict[str, object] = {}
        self._steps: list[dict[str, object]] = []
        self._verdict: _Verdict | None = None
        self._cpu_before = _cpu_seconds()
        self.ended = False

    @property
    def id(self) -> str:
        """The id of this run; empty where nothing is reported."""
        return self._reporter.run if self._reporter else ""

    @property
    def _is_ours(self) -> bool:
        """Whether this process reports the run; a forked child must not even touch its locks."""
        return self._reporter is not None and self._reporter.is_ours

    def progress(self, done: float, total: float | None = None) -> None:
        """Say how far the run has come, as often as you like; it is sent at most every 5 s."""
        if self._is_ours:
            self._progress = (done, total)
            self._pulse.hurry()

    @harmless
    def records(self, *, ok: int = 0, failed: int = 0) -> None:
        """Count records that came through and records that did not; calls add up."""
        if not self._is_ours:
            return
        with self._tally:
            self._ok = max((self._ok or 0) + ok, 0)
            self._failed = max((self._failed or 0) + failed, 0)

    @harmless
    def metric(self, name: str, value: float) -> None:
        """Report a number with the end of the run, such as `row_count`; the last one given counts."""
        if len(self._metrics) < _MAX_METRICS or name in self._metrics:
            self._metrics[name] = float(value)

    @harmless
    def declare(self, checks: Iterable[Mapping[str, object]]) -> None:
        """Say what metrics must be like from now on, in the keys of a check-in's `checks`; calls add up."""
        self._checks = [*(self._checks or []), *(dict(check) for check in checks)][:MAX_CHECKS]

    @property
    def declared(self) -> int:
        """How many checks were declared."""
        return len(self._checks or [])

    def check(self, data: object, checks: "Checks", *, table: str = "", name: str = "") -> "Checked | None":
        """Measure data, judge it, and send what was measured with the end of the run.

        `data`: files, a frame of pandas, Polars, Arrow or Spark, a Delta table, or the address of a database
        and its `table`; `checks`: the path of a file of checks, or checks with the keys of one. Of a second
        table in one run the checks are called by its `name`: `customers.row_count`. The run fails
        if a check failed that has `on_fail: fail_run`, if the checks cannot be used, or the data cannot be
        read: the job goes on, it is told, and None is returned. Needs `tocsin[quality]`.
        """
        from tocsin.errors import TocsinError

        try:
            from tocsin.checking import check_in_run

            return check_in_run(self, data, checks, table=table, name=name)
        except (ModuleNotFoundError, TocsinError) as error:
            self._was_not_checked(error)
            return None

    def claim(self, names: Collection[str]) -> str:
        """Take names for what is measured; return the first that was taken already, or nothing."""
        taken = next((name for name in names if name in self._claimed), "")
        if not taken:
            self._claimed.update(names)
        return taken

    @contextmanager
    def observe(self, frame: object, checks: "Checks", *, name: str = "") -> "Iterator[Any]":
        """Give a frame of Spark to be written in place of this one, and check what was written.

        The data is read no second time. The first thing that is done with the frame must be what writes it;
        what cannot be measured meanwhile is an error of its check. What `check` says of the rest holds here.
        """
        from tocsin.errors import TocsinError

        try:
            from tocsin.checking import Watched

            watched = Watched(self, frame, checks, name=name)
        except (ModuleNotFoundError, TocsinError) as error:
            self._was_not_checked(error)
            yield frame
            return
        yield watched.frame
        watched.tell()

    def _was_not_checked(self, error: Exception) -> None:
        say(f"data was not checked: {error}")
        self.fail(f"data was not checked: {error}")

    @harmless
    def note(self, name: str, text: str) -> None:
        """Say of a metric what a number cannot, such as the keys of failed rows; the first 50 are sent."""
        if len(self._notes) < _MAX_NOTES or name in self._notes:
            self._notes[name] = wire.text(text, _MAX_NOTE)

    @harmless
    def metadata(self, **values: object) -> None:
        """Report anything else with the end of the run; what JSON cannot carry is sent as text."""
        for name, value in values.items():
            if len(self._metadata) < _MAX_METADATA or name in self._metadata:
                self._metadata[name] = value

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a named part of the run; the first 100 are reported with its end, as `metadata.steps`."""
        began = clock.monotonic()
        ok = False
        try:
            yield
            ok = True
        finally:
            if len(self._steps) < MAX_STEPS:
                self._steps.append(
                    {"name": wire.text(name, 200), "seconds": round(clock.monotonic() - began, 6), "ok": ok}
                )

    def skip(self, reason: str) -> None:
        """Have the run end as skipped: there was nothing to do, and that is fine."""
        self._verdict = _Verdict("skip", wire.text(reason))

    def fail(self, message: str) -> None:
        """Have the run end as failed although nothing was raised: a post-condition does not hold."""
        self._verdict = _Verdict("fail", wire.text(message))

    @harmless
    def heartbeat(self) -> None:
        """Say that the run is alive, now; done every 60 s without being asked."""
        self._send("heartbeat", {})

    @harmless
    def begin(self, definition: object = None) -> None:
        """Report the start and keep the pulse; done by `with`."""
        self._send("start", {"context": _context(), "definition": definition})
        self._pulse.start()

    @harmless
    def end(self, error: BaseException | None) -> None:
        """Report how the run ended; done by `with`."""
        self._pulse.stop()
        self.ended = True
        failed = error is not None and not _is_clean_exit(error)
        kind = "fail" if failed else "success" if self._verdict is None else self._verdict.kind
        # Whatever goes wrong with the account of a run, that it has ended is told.
        self._send(kind, self._account(error if failed else None) or {}, ends=True)

    @harmless
    def _account(self, error: BaseException | None) -> dict[str, object]:
        account = self._verdict_or(error)
        return {
            "metrics": dict(self._metrics) or None,
            "metric_notes": dict(self._notes) or None,
            "checks": self._checks,
            "context": _context(),
            **account,
            "metadata": self._all_metadata(account.get("metadata")),
        }

    def _verdict_or(self, error: BaseException | None) -> dict[str, object]:
        if error is not None:
            return _account_of_error(error)
        if self._verdict is None:
            return {}
        if self._verdict.kind == "skip":
            return {"metadata": {"skip_reason": self._verdict.message}}
        return {"error": {"type": "failed", "message": self._verdict.message}}

    def _all_metadata(self, more: object) -> dict[str, object] | None:
        found = dict(self._metadata)
        if isinstance(more, dict):
            found.update(more)
        if self._steps:
            found["steps"] = list(self._steps)
        return found or None

    def _send(self, kind: str, more: Mapping[str, object], *, ends: bool = False) -> None:
        if self._reporter is None:
            return
        self._reporter.send(kind, {**(self._state() or {}), **more}, ends=ends)

    @harmless
    def _state(self) -> dict[str, object]:
        return {
            "attempt": self._attempt,
            "max_attempts": self._max_attempts,
            "progress": _progress(*self._progress),
            "records": None if self._ok is None else {"ok": self._ok, "failed": self._failed},
            "resources": _resources(self._cpu_before),
        }


def _context() -> dict[str, str]:
    """Describe this process; an embedding program may have put anything into sys.argv, or nothing."""
    return describe([wire.text(word) for word in getattr(sys, "argv", ())])


def _progress(done: object, total: object) -> dict[str, float] | None:
    """Return progress as the server takes it; a number that makes no sense must not cost the check-in."""
    read, whole = wire.number(done), wire.number(total)
    if read is None:
        return None
    return {"done": read} if whole is None else {"done": read, "total": whole}


def _is_clean_exit(error: BaseException) -> bool:
    """Whether an exception says that all is well: `sys.exit(0)`, or a generator that nobody reads on."""
    return isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and error.code in (None, 0))


def _account_of_error(error: BaseException) -> dict[str, object]:
    account: dict[str, object] = {
        "error": {"type": type(error).__name__, "message": wire.text(error)},
        "log_tail": _traceback_tail(error),
    }
    if isinstance(error, SystemExit):
        # The system keeps the lowest byte of an exit code; anything but a number means 1.
        account["exit_code"] = error.code & 0xFF if isinstance(error.code, int) else 1
    if isinstance(error, KeyboardInterrupt):
        account["signal"] = int(signal.SIGINT)
    return account


def _traceback_tail(error: BaseException) -> str:
    import traceback

    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return wire.tail("".join(lines).encode("utf-8", "replace"))


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _resources(cpu_before: float) -> dict[str, object]:
    """Return the CPU time of the process since the run began and the most memory that it ever held."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "cpu_seconds": round(max(_cpu_seconds() - cpu_before, 0.0), 3),
        "max_rss_bytes": peak * _RSS_UNIT_BYTES,
    }
