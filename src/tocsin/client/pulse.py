"""The thread that says "still alive" while the job is busy, and carries progress without holding it up."""

import threading
from collections.abc import Callable

from tocsin import clock

PROGRESS_SECONDS = 5.0
_MAX_SECONDS = 86_400.0


class Pulse:
    """Calls `beat` every so often, and soon after `hurry`, but then at most once in five seconds."""

    def __init__(
        self, beat: Callable[[], None], *, every_seconds: float, soon_seconds: float = PROGRESS_SECONDS
    ) -> None:
        """`every_seconds` 0 beats only when hurried."""
        self._beat = beat
        self._every = min(every_seconds, _MAX_SECONDS) if every_seconds > 0 else None
        self._soon = min(soon_seconds, self._every or soon_seconds)
        self._wake = threading.Event()
        self._wanted = False
        self._stopped = False

    def start(self) -> None:
        """Begin; without a thread to be had there is no pulse, and the job goes on."""
        try:
            threading.Thread(target=self._work, name="tocsin-pulse", daemon=True).start()
        except RuntimeError:
            self._stopped = True

    def hurry(self) -> None:
        """Ask for a beat soon; as cheap as a look at a flag when it was asked for already."""
        if not self._wanted:
            self._wanted = True
            self._wake.set()

    def stop(self) -> None:
        """Beat no more."""
        self._stopped = True
        self._wake.set()

    def _work(self) -> None:
        last = clock.monotonic()
        while not self._stopped:
            span = self._soon if self._wanted else self._every
            left = None if span is None else last + span - clock.monotonic()
            if left is None or left > 0:
                self._wake.wait(left)
                self._wake.clear()
                continue
            self._wanted = False
            last = clock.monotonic()
            self._beat()
