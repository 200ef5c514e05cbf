"""What becomes of a batch that did not get through: whether it is to blame, or the sink is away."""

from enum import Enum
from typing import Final, Protocol

from tocsin.batch.batcher import Parcel
from tocsin.batch.config import ErrorHandling
from tocsin.batch.outcome import Kind, Refused

CRASHED: Final = 500
"""The status of a sink that is there, and fails over what it was sent."""


class Fate(Enum):
    """What becomes of a batch.

    AGAIN: it is tried once more, which counts; WAIT: which does not, as it is not to blame. APART: it is
    taken apart, to find what the sink cannot digest. AWAY: nothing gets through, so the sink is taken to be
    away. GIVE_UP: its records become dead letters. STOP: the run ends.
    """

    AGAIN = "again"
    WAIT = "wait"
    APART = "apart"
    AWAY = "away"
    GIVE_UP = "give_up"
    STOP = "stop"


class Seen(Protocol):
    """What is known of the sink, as `Pace` has it."""

    @property
    def has_got_through(self) -> bool:
        """Whether the sink has ever looked at a request."""

    def is_outage(self) -> bool:
        """Whether the sink is away."""

    def is_trial(self, sent_at: float) -> bool:
        """Whether a request was sent to see if it still is."""

    def gets_through(self, since: float) -> bool:
        """Whether it has looked at any request since then."""

    def most_attempts(self, kind: Kind) -> int:
        """Return how often a request that failed like this is sent again."""


def fate_of(parcel: Parcel, refused: Refused, handling: ErrorHandling, seen: Seen, sent_at: float) -> Fate:
    """Return what becomes of a batch whose request, sent at this instant, failed in the sink or on its way.

    A batch is to blame if it fails while others get through; then it is halved until the record is found that
    makes it fail. While nothing gets through nothing is given up: the sink is away. A batch by which this was
    tried out is halved as well, lest it be some bad records that look like an outage. Where nothing else is
    left to be sent that could tell, a record that the sink crashes over is to blame if the sink has ever
    worked.
    """
    if handling is ErrorHandling.FAIL_FAST:
        return Fate.STOP
    if handling is ErrorHandling.CONTINUE_ON_ERROR:
        return Fate.GIVE_UP
    takes_apart, is_one = handling is ErrorHandling.DEAD_LETTER_QUEUE, len(parcel) == 1
    if seen.is_outage():
        return Fate.APART if takes_apart and not is_one and seen.is_trial(sent_at) else Fate.WAIT
    most = seen.most_attempts(refused.kind)
    if parcel.attempts < most:
        return Fate.AGAIN
    if not takes_apart:
        return Fate.STOP
    others_get_through = seen.gets_through(sent_at if parcel.failed_at is None else parcel.failed_at)
    if refused.kind is Kind.UNKNOWN or others_get_through:
        return Fate.GIVE_UP if is_one else Fate.APART
    if parcel.attempts == most:
        # What is on its way beside it, such as its other half, may yet show whether anything gets through.
        return Fate.AGAIN
    is_crash = refused.status == CRASHED and seen.has_got_through
    return Fate.GIVE_UP if is_one and is_crash else Fate.AWAY
