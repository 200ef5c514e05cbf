"""A process's line to one Tocsin server."""

import functools
import os
from collections.abc import Iterable, Mapping

from tocsin.client import wire
from tocsin.client.courier import FLUSH_SECONDS, Courier, Standing
from tocsin.client.guard import harmless
from tocsin.client.http1 import Answer, NoAnswer, Target, parse_target, post
from tocsin.client.notice import say
from tocsin.client.reporter import Letterbox, Reporter, Who
from tocsin.client.settings import Settings, read_settings
from tocsin.client.spool import Spool, find_place

CHECK_IN_PATH = "/api/v1/check-ins"
REQUEST_SECONDS = 10.0
NOTHING_WAITS = Standing(waiting=0, fault="", delivered=0, rejected=0)


class _Nowhere:
    """Where check-ins go when reporting is switched off or the URL cannot be used."""

    def put(self, name: str, body: bytes) -> None:
        """Keep nothing."""

    def keep(self, name: str, body: bytes) -> None:
        """Keep nothing."""

    def go(self) -> None:
        """Send nothing."""


class Client:
    """Reports the runs of jobs to one server.

    What is not given is read from TOCSIN_URL, TOCSIN_KEY or TOCSIN_KEY_FILE, TOCSIN_ENVIRONMENT and
    TOCSIN_SPOOL. Nothing that is wrong with them raises: the user is told on standard error, and the
    job goes on.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        environment: str | None = None,
        spool: str | None = None,
        quiet: bool = False,
    ) -> None:
        """`spool`: the directory for check-ins that wait; `quiet`: say nothing on standard error."""
        speak = _say_nothing if quiet else say
        settings = read_settings(os.environ, url=url, key=key, environment=environment, spool=spool)
        for fault in settings.faults:
            speak(fault)
        self.environment = settings.environment
        self.url = settings.url
        self._courier: Courier | None = None
        target = parse_target(settings.url, CHECK_IN_PATH) if settings.url else None
        if isinstance(target, str):
            speak(f"nothing is reported: the server's URL cannot be used: {target}")
        elif target is not None:
            spool_of_server, trouble = open_spool(settings)
            if trouble:
                speak(trouble)
            self._courier = Courier(
                spool_of_server, sender(target, settings.key), url=settings.url, speak=speak
            )

    @property
    def letterbox(self) -> Letterbox:
        """Where check-ins are handed in."""
        return self._courier or _Nowhere()

    @harmless
    def check_in(self, job: str, kind: str, *, run: str | None = None, **fields: object) -> None:
        """Report one thing that happened to a job; `fields` are those of the check-in, version 1.

        For jobs whose parts run in several processes: without a run, the newest open one is meant.
        """
        who = Who(job=job, environment=str(fields.pop("environment", None) or self.environment), run=run)
        Reporter(self.letterbox, who).send(kind, fields if run else {**fields, "run": None, "seq": None})

    def flush(self, seconds: float = FLUSH_SECONDS) -> Standing:
        """Wait at most so long for what waits to be delivered; say how things stand."""
        return self._courier.flush(seconds) if self._courier else NOTHING_WAITS

    def finish(self) -> Standing:
        """Flush for the last time and tell the user where the check-ins are if the server is away."""
        return self._courier.finish() if self._courier else NOTHING_WAITS

    def sweep(self, seconds: float) -> Standing:
        """Deliver what waits on this machine, also what other processes left; say how things stand."""
        return self._courier.sweep(seconds) if self._courier else NOTHING_WAITS

    def waiting_elsewhere(self) -> tuple[str, ...]:
        """Return the directories in which check-ins for other servers wait."""
        return self._courier.waiting_elsewhere() if self._courier else ()


@functools.cache
def default_client() -> Client:
    """Return the client that the environment describes, one for each process."""
    return Client()


def open_spool(settings: Settings) -> tuple[Spool, str]:
    """Return the spool for the server, and what is wrong with the place that was wanted (or nothing)."""
    place, trouble = find_place(settings.spool_places)
    if trouble:
        trouble += f"; using {place}" if place else "; what the server does not take at once is lost"
    return Spool(place, settings.url), trouble


def sender(target: Target, key: str) -> "functools.partial[Answer | NoAnswer]":
    """Return a function that posts one body of check-ins."""
    return functools.partial(post, target, key=key, timeout_seconds=REQUEST_SECONDS)


@harmless
def labels_of(labels: "Mapping[str, str] | Iterable[tuple[str, str]] | None") -> tuple[tuple[str, str], ...]:
    """Return labels, also those given as pairs, as sorted pairs."""
    return tuple(sorted((wire.text(name), wire.text(value)) for name, value in dict(labels or {}).items()))


def _say_nothing(text: str) -> None:
    """Keep quiet."""
