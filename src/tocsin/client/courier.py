"""The daemon thread that carries check-ins from the spool to the server, and never keeps anybody waiting."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref

from tocsin import clock
from tocsin.client.delivery import Outcome, deliver
from tocsin.client.notice import say
from tocsin.client.values import Value

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.client.delivery import Post
    from tocsin.client.spool import Spool

FLUSH_SECONDS = 0.7
_BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_BUSY_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_PATIENCE_SECONDS = 10.0
_WORKER_EXIT_PRIORITY = 10


class Standing(Value):
    """How things stand: what waits, the fault that keeps it, how many were delivered and refused."""

    waiting: int
    fault: str
    delivered: int
    rejected: int


class Courier:
    """Puts check-ins into the spool at once and delivers them in the background.

    The thread is a daemon and is never joined: it may sit in a name look-up that nothing can cut
    short. What it has not delivered is on disk, and the next client of this user takes it along.
    """

    def __init__(self, spool: Spool, post: Post, *, url: str, speak: Callable[[str], None] = say) -> None:
        """`post` sends one body; `url` is how the user knows the server; `speak` takes a line for them."""
        self._spool = spool
        self._post = post
        self._url = url
        self._speak = speak
        self._start_over()
        _LIVE.add(self)

    def _start_over(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._asked = 0
        self._answered = 0
        self._mine: set[str] = set()
        self._fault = ""
        self._failures = 0
        self._failing_since = 0.0
        self._busy = 0
        self._hurry = False
        self._sweeping = False
        self._not_before = 0.0
        self._hurry_from = 0.0
        self._delivered = 0
        self._rejected = 0
        self._said_away = False
        self._said_refused = False

    def put(self, name: str, body: bytes) -> None:
        """Keep a check-in and have it sent; it survives a kill from when this returns."""
        self.keep(name, body)
        self.go()

    def keep(self, name: str, body: bytes) -> None:
        """Keep a check-in, to be sent with the next one or by `go`; it survives a kill from now on."""
        self._spool.put(name, body)
        with self._changed:
            self._mine.add(name)

    def go(self) -> None:
        """Have sent what was kept."""
        with self._changed:
            self._ask()

    def flush(self, seconds: float) -> Standing:
        """Wait until all is delivered, delivery has failed, or the time is up; say how things stand."""
        deadline = clock.monotonic() + seconds
        with self._changed:
            if self._asked > self._answered or self._fault:
                self._hurry = True
                self._ask()
                self._await(self._asked, deadline)
        return self._standing()

    def sweep(self, seconds: float) -> Standing:
        """Deliver what waits, whoever left it; tell the user what keeps it from happening."""
        deadline = clock.monotonic() + seconds
        with self._changed:
            self._sweeping = self._hurry = True
            self._ask()
            self._await(self._asked, deadline)
        standing = self._standing()
        if standing.waiting:
            self._say_away(standing)
        return standing

    def waiting_elsewhere(self) -> tuple[str, ...]:
        """Return the directories in which check-ins for other servers wait."""
        return self._spool.neighbours()

    def finish(self, seconds: float = FLUSH_SECONDS) -> Standing:
        """Flush for the last time, and tell the user once where the check-ins are if the server is away."""
        standing = self.flush(seconds)
        if standing.waiting and not self._busy:
            self._say_away(standing)
        return standing

    def after_fork(self) -> None:
        """Begin anew in a forked child, which has a copy of everything but the thread."""
        self._spool.let_go()
        self._spool.forget_memory()
        self._start_over()

    def _ask(self) -> None:
        self._asked += 1
        if self._thread is None:
            try:
                thread = threading.Thread(target=self._work, name="tocsin-courier", daemon=True)
                thread.start()
                self._thread = thread
                _flush_at_worker_exit()
            except RuntimeError:
                # No thread can be started any more: the spool has it, a later client sends it.
                return
        self._changed.notify_all()

    def _await(self, mark: int, deadline: float) -> None:
        while self._thread and self._answered < mark:
            left = deadline - clock.monotonic()
            if left <= 0 or self._hurry_from > deadline:
                return
            self._changed.wait(left)

    def _standing(self) -> Standing:
        done = self._answered >= self._asked and not self._fault
        waiting = 0 if done else len(self._spool.names())
        return Standing(waiting, self._fault, self._delivered, self._rejected)

    def _work(self) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) is None or pause > 0:
                    self._changed.wait(pause)
                asked, mine = self._asked, set(self._mine)
            outcome = self._carry()
            # Before anybody who waits is let go, and may end the process.
            self._tell_refusal(outcome)
            gone = {name for name in mine if not self._spool.has(name)}
            with self._changed:
                self._mine -= gone
                self._settle(asked, outcome)
                self._changed.notify_all()
            self._tell_absence()

    def _pause(self) -> float | None:
        """Return how long to wait before the next pass, or None while nothing calls for one."""
        if self._asked == self._answered and not self._fault:
            return None
        return (self._hurry_from if self._hurry else self._not_before) - clock.monotonic()

    def _carry(self) -> Outcome | None:
        """Make one pass; None where another process is delivering."""
        try:
            with self._spool.hold() as held:
                if not held:
                    return None
                outcome = deliver(self._spool, self._post)
                if outcome.fault:
                    self._spool.trim_when_due()
                return outcome
        except Exception as error:  # noqa: BLE001 – a fault of ours may cost a check-in its punctuality, never the job
            return Outcome(fault=f"{type(error).__name__}: {error}")

    def _settle(self, asked: int, outcome: Outcome | None) -> None:
        now = clock.monotonic()
        if outcome is None:
            self._wait_for_other(asked, now)
            return
        self._busy = 0
        self._answer(asked)
        self._delivered += outcome.delivered
        self._rejected += outcome.rejected
        self._fault = outcome.fault
        if outcome.fault:
            self._failing_since = self._failing_since if self._failures else now
            wait = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)] * _jitter()
            self._failures += 1
            self._not_before = now + max(wait, outcome.retry_after_seconds)
            self._hurry_from = now + outcome.retry_after_seconds
        else:
            self._failures = 0
            self._not_before = self._hurry_from = now

    def _answer(self, asked: int) -> None:
        self._answered = asked
        # Whoever asked to hurry during the pass is waiting for the next one.
        self._hurry = self._hurry and asked < self._asked

    def _wait_for_other(self, asked: int, now: float) -> None:
        """Another process delivers: it takes ours along, or leaves them to us."""
        if not self._mine and not self._sweeping:
            self._busy, self._fault = 0, ""
            self._answer(asked)
            return
        self._not_before = self._hurry_from = now + _BUSY_SECONDS[min(self._busy, len(_BUSY_SECONDS) - 1)]
        self._busy += 1

    def _tell_refusal(self, outcome: Outcome | None) -> None:
        if outcome is None or outcome.refusal is None or self._said_refused:
            return
        self._said_refused = True
        what = "rejected a check-in" if outcome.refusal.is_lost else "took a check-in only in part"
        kept = f"; it is kept in {outcome.refusal.path}" if outcome.refusal.path else ""
        self._speak(f"the server {what} ({outcome.refusal.reason}){kept}")

    def _tell_absence(self) -> None:
        """Tell what cannot wait for the end of the process, because that may be months away."""
        if self._fault and clock.monotonic() - self._failing_since > _PATIENCE_SECONDS:
            self._say_away(self._standing())

    def _say_away(self, standing: Standing) -> None:
        if self._said_away:
            return
        self._said_away = True
        dropped = f", {self._spool.dropped} were dropped" if self._spool.dropped else ""
        where = self._spool.directory
        kept = f"kept in {where} for a later run or 'tocsin flush'" if where else "lost with this process"
        reason = standing.fault or "it has not answered yet"
        waiting = "1 check-in is" if standing.waiting == 1 else f"{standing.waiting} check-ins are"
        self._speak(f"cannot report to {self._url}: {reason}; {waiting} {kept}{dropped}")


_LIVE: weakref.WeakSet[Courier] = weakref.WeakSet()


def _jitter() -> float:
    """Spread the clients of a server that comes back: 0.75 to 1.25."""
    return 0.75 + os.urandom(1)[0] / 512


def _finish_all() -> None:
    """Give all couriers of this process together the time that a job may be held up."""
    deadline = clock.monotonic() + FLUSH_SECONDS
    for courier in list(_LIVE):
        courier.finish(max(0.0, deadline - clock.monotonic()))


def _start_all_over() -> None:
    for courier in list(_LIVE):
        courier.after_fork()


def _flush_at_worker_exit() -> None:
    """A worker of multiprocessing leaves without the interpreter's farewell, but runs its own."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util and process and process.parent_process() is not None:
        util.Finalize(None, _finish_all, exitpriority=_WORKER_EXIT_PRIORITY)


atexit.register(_finish_all)
os.register_at_fork(after_in_child=_start_all_over)
