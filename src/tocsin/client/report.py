"""What `tocsin run` says of its command, in check-ins."""

import signal
from datetime import datetime

from tocsin.client import wire
from tocsin.client.arguments import RunOptions
from tocsin.client.attempt import NOT_FOUND, Ending
from tocsin.client.client import Client, labels_of
from tocsin.client.context import describe
from tocsin.client.guard import harmless
from tocsin.client.notice import say
from tocsin.client.reporter import Reporter, Who


class Report:
    """Reports one run of a command; no method raises an Exception or waits, but for `finish`."""

    def __init__(self, options: RunOptions) -> None:
        """A bad reporting option is told and left out: it must not keep the job from running."""
        client = Client(options.server, environment=options.environment, quiet=options.quiet)
        who = Who(
            job=options.job,
            environment=client.environment,
            labels=labels_of(_labels(options.labels)) or (),
            nominal_at=_nominal_at(options.nominal_at),
            partition=options.partition,
            backfill=options.backfill,
        )
        self._client = client
        self._reporter = Reporter(client.letterbox, who)
        self._attempts = options.retries + 1
        self._timeout_seconds = options.timeout_seconds
        self._context = describe(options.command)

    @harmless
    def started(self, number: int, at: datetime) -> None:
        """Report that an attempt has begun: by `goes_on`, or together with its end if it has ended by now."""
        fields = {"context": self._context, **self._attempt(number)}
        self._reporter.send("start", fields, at=at, waits=True)

    @harmless
    def goes_on(self) -> None:
        """Say that the attempt has not ended yet, so that its start is told now."""
        self._reporter.go()

    @harmless
    def heartbeat(self, number: int) -> None:
        """Report a sign of life."""
        self._reporter.send("heartbeat", self._attempt(number))

    @harmless
    def retrying(self, number: int, ending: Ending, tail: bytes) -> None:
        """Report an attempt that failed and will be followed by another."""
        self._reporter.send(
            "retrying", {**self._account(ending, tail), **self._attempt(number)}, at=ending.at
        )

    @harmless
    def ended(self, number: int, ending: Ending, tail: bytes) -> None:
        """Report how the run ended; whatever was promised, no attempt follows this one."""
        kind = "success" if ending.exit_code == 0 else "timeout" if ending.timed_out else "fail"
        last = {"attempt": number, "max_attempts": number} if self._attempts > 1 else {}
        fields = {"context": self._context, **self._account(ending, tail), **last}
        self._reporter.send(kind, fields, at=ending.at, ends=True)

    @harmless
    def finish(self) -> None:
        """Give the last check-ins a moment to be delivered."""
        self._client.finish()

    def _attempt(self, number: int) -> dict[str, object]:
        return {"attempt": number, "max_attempts": self._attempts} if self._attempts > 1 else {}

    def _account(self, ending: Ending, tail: bytes) -> dict[str, object]:
        resources = {"cpu_seconds": ending.cpu_seconds, "max_rss_bytes": ending.max_rss_bytes}
        return {
            "exit_code": ending.exit_code,
            "signal": ending.signal,
            "error": self._error(ending),
            "log_tail": wire.tail(tail) or None,
            "resources": None if ending.cpu_seconds is None else resources,
        }

    def _error(self, ending: Ending) -> dict[str, str] | None:
        if ending.trouble:
            kind = "not_found" if ending.exit_code == NOT_FOUND else "not_executable"
            return {"type": kind, "message": ending.trouble}
        if ending.timed_out:
            return {
                "type": "timeout",
                "message": f"took longer than {self._timeout_seconds:g} s and was ended",
            }
        if ending.signal is not None:
            return {"type": "signal", "message": f"ended by {_signal_name(ending.signal)}"}
        if ending.exit_code:
            return {"type": "exit_code", "message": f"exit code {ending.exit_code}"}
        return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _labels(written: tuple[str, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for label in written:
        name, mark, value = label.partition("=")
        if mark and name.strip():
            labels[name.strip()] = value.strip()
        else:
            say(f"--label wants KEY=VALUE, not {label!r}; left out")
    return labels


def _nominal_at(written: str | None) -> str | None:
    instant = wire.instant(written) if written else None
    if written and instant is None:
        say(f"--nominal-at wants an instant such as 2026-03-01T02:00:00+01:00, not {written!r}; left out")
    return instant
