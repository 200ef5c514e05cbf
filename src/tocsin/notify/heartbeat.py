"""The sign of life that goes out to a watchdog elsewhere: one request to a secret address.

What hears it expects it again and again, and tells people when it stays away: Healthchecks
(https://healthchecks.io/docs/http_api/), Dead Man's Snitch (https://deadmanssnitch.com/docs), Uptime Kuma's
push monitors, and whatever takes a plain GET or POST.
"""

from datetime import datetime, timedelta
from typing import Final

from tocsin.errors import ChannelError
from tocsin.notify.channel import Accepted
from tocsin.notify.egress.endpoint import Endpoint, endpoint
from tocsin.notify.egress.http import ask, judged
from tocsin.notify.egress.reach import OUTWARD, Reach

TIMEOUT_SECONDS: Final = 10.0


class Heartbeat:
    """Where a sign of life goes and how often; as text its scheme and host alone.

    `failure_url` is told when all is not well, by those who want to know at once instead of waiting. Raises
    ValueError, which does not repeat an address, and OSError for a `ca_file` that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        method: str = "GET",
        failure_url: str = "",
        every: timedelta = timedelta(minutes=1),
        timeout_seconds: float = TIMEOUT_SECONDS,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        self.every = every
        self._where = endpoint(url, ca_file=ca_file, reach=reach)
        self._failure = endpoint(failure_url, ca_file=ca_file, reach=reach) if failure_url else None
        self._method = method
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"Heartbeat({self._where})"

    @property
    def tells_failures(self) -> bool:
        """Whether there is somebody to be told that all is not well."""
        return self._failure is not None

    def beat(self, at: datetime) -> Accepted:
        """Say that all is well; raises ChannelError, without a secret in it, where that was not accepted."""
        return self._ask(self._where, at)

    def fail(self, at: datetime) -> Accepted:
        """Say that all is not well, to who wants to know; raises ChannelError as `beat` does."""
        if self._failure is None:
            raise ChannelError("no address for failures is configured", permanent=True)
        return self._ask(self._failure, at)

    def _ask(self, where: Endpoint, at: datetime) -> Accepted:
        body = b"" if self._method == "POST" else None
        answer = ask(where, self._method, body, headers={}, timeout_seconds=self._timeout_seconds)
        return judged(where, answer, at)
