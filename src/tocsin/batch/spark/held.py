"""What a task keeps of its part of a run, in memory and within bounds, until the driver takes it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from tocsin.batch.state.base import OPEN, BatchRow, Checkpoint, DeadLetter

MAX_LETTERS: Final = 10_000
MAX_LETTER_BYTES: Final = 16 * 2**20
MAX_BATCHES: Final = 10_000
FEWEST_JUDGED: Final = 100


class HeldState:
    """Takes what a run writes down, so that executors need no disk or database in common.

    `stop` is told why when a task has more dead letters than it can hold, or a larger share than may fail;
    what is held stays. `batches_left_out` are those of the history that were too many.
    """

    def __init__(self, stop: Callable[[str], None], *, most_failed_percent: float) -> None:
        self.letters: list[DeadLetter] = []
        self.batches: list[BatchRow] = []
        self.batches_left_out = 0
        self.stopped_because = ""
        self._stop = stop
        self._most_failed_percent = most_failed_percent
        self._letter_bytes = 0

    def save_checkpoint(
        self,
        run_id: str,  # noqa: ARG002 -- a task has one run
        checkpoint: Checkpoint,
        letters: Sequence[DeadLetter] = (),
        batches: Sequence[BatchRow] = (),
        settled: Sequence[int] = (),  # noqa: ARG002 -- dead letters are not replayed on Spark
    ) -> None:
        """Hold all of it, and have the part ended where it must not go on; never raises."""
        self.letters += letters
        self._letter_bytes += sum(len(one.payload) for one in letters)
        room = MAX_BATCHES - len(self.batches)
        over = [one for one in batches if one.status not in OPEN]
        self.batches += over[:room]
        self.batches_left_out += max(0, len(over) - room)
        if not self.stopped_because and (why := self._too_much(checkpoint)):
            self.stopped_because = why
            self._stop(why)

    def learned(self, scope: str) -> bytes | None:  # noqa: ARG002 -- as the protocol has it
        """Return nothing: what was learned of a sink is about all of the rate, not a share of it."""
        return None

    def keep_learned(self, scope: str, value: bytes, at: datetime) -> None:
        """Forget it, as it is about a share of the rate."""

    def _too_much(self, at: Checkpoint) -> str:
        count = len(self.letters)
        if count > MAX_LETTERS or self._letter_bytes > MAX_LETTER_BYTES:
            return (
                f"{count:,} dead letters with {self._letter_bytes:,} bytes; a task can hold {MAX_LETTERS:,} "
                f"of {MAX_LETTER_BYTES:,} bytes together until the driver takes them"
            )
        decided = at.delivered + at.dead
        percent = 100.0 * at.dead / decided if decided else 0.0
        # A few rows of a small partition say little: of all partitions together the driver judges at the end.
        if decided >= FEWEST_JUDGED and percent > self._most_failed_percent:
            return f"{percent:.3g} % of the records failed; {self._most_failed_percent:g} % may"
        return ""
