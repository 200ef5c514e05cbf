"""When something happened by our clock, told by a host whose clock may be wrong (F5)."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

# Below this a difference is the way through the network, not a wrong clock.
TOLERATED: Final = timedelta(seconds=2)
# A request is rarely longer on its way; what lags by more can only be the clock of a sender that stamps anew
# for each try, as the contract asks.
TRANSIT: Final = timedelta(seconds=30)
REMEMBERED: Final = 5
ENOUGH: Final = 3
STEADY: Final = 0.1
_TOLERATED_SECONDS: Final = TOLERATED.total_seconds()
_TRANSIT_SECONDS: Final = TRANSIT.total_seconds()


class Sent(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What the sending of a check-in tells of the sender's clock.

    `lag_seconds` is received − sent, each by its own clock, and 0 within TOLERATED; `shifted_seconds` by how
    much `at` was moved to our clock. It is kept as an array: a new field comes last and has a default.
    """

    lag_seconds: float = 0.0
    shifted_seconds: float = 0.0


PUNCTUAL: Final = Sent()


class HostClock(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What is known of a clock that is, or lately seemed, wrong.

    `lags` are those of the last deliveries, newest last; `heard_at` is when the newest came. `behind_seconds`
    (negative: ahead) is what is said of it: 0 until ENOUGH deliveries agree, and then as it was until it
    differs by more than a tenth. `since_at` is since when it is wrong. It is kept as an array: a new field
    comes last and has a default.
    """

    host: str
    lags: tuple[float, ...]
    heard_at: datetime
    behind_seconds: float = 0.0
    since_at: datetime | None = None

    @property
    def shift_seconds(self) -> float:
        """By how much an instant of this clock is moved to be one of ours: the least of the last lags.

        A way through the network only adds to a lag, so the least one is nearest to the clock's own error.
        """
        least = min(self.lags)
        return least if abs(least) > _TOLERATED_SECONDS else 0.0

    @property
    def is_right(self) -> bool:
        """Whether nothing of it is left to be remembered."""
        return self.behind_seconds == 0 and max(map(abs, self.lags)) <= _TOLERATED_SECONDS


def corrected(at: datetime, *, sent_at: datetime | None, received_at: datetime) -> datetime:
    """Return the instant at which something happened, by the clock of whoever received the news.

    `at` and `sent_at` are the sender's: what it read when it happened, and when it sent the news. Where
    the latter and `received_at` differ by more than TOLERATED, `at` is shifted by that difference. Nothing
    has happened after it was received. OverflowError where the shift leaves the years 1 to 9999.
    """
    if sent_at is not None:
        skew = received_at - sent_at
        if abs(skew) > TOLERATED:
            at += skew
    return min(at, received_at)


def sent_as(at: datetime, corrected_at: datetime, *, sent_at: datetime, received_at: datetime) -> Sent:
    """Return what is to be remembered of a sending by which `at` was corrected."""
    lag = received_at - sent_at
    if abs(lag) <= TOLERATED and at == corrected_at:
        return PUNCTUAL
    lag_seconds = lag.total_seconds() if abs(lag) > TOLERATED else 0.0
    return Sent(lag_seconds=lag_seconds, shifted_seconds=(corrected_at - at).total_seconds())


def first_heard(host: str, lag_seconds: float, received_at: datetime, *, is_new: bool) -> HostClock:
    """Return what is known of a clock of which nothing was remembered, after a delivery that lags.

    Nothing is remembered of a clock that was right; where the job is new, it may never have been.
    """
    was_right = HostClock(host=host, lags=(0.0,), heard_at=received_at)
    return replace(was_right, lags=(lag_seconds,)) if is_new else _with(was_right, lag_seconds)


def heard_again(clock: HostClock, lag_seconds: float, received_at: datetime) -> HostClock:
    """Return what is known of a clock after one more delivery; what came in one request is one."""
    if received_at == clock.heard_at:
        return clock
    return _settled(replace(_with(clock, lag_seconds), heard_at=received_at))


def _with(clock: HostClock, lag_seconds: float) -> HostClock:
    """Add a lag; those that no way through the network explains beside it are of before the clock was set."""
    kept = [lag for lag in clock.lags if abs(lag - lag_seconds) <= _TRANSIT_SECONDS]
    return replace(clock, lags=(*kept, lag_seconds)[-REMEMBERED:])


def _settled(clock: HostClock) -> HostClock:
    """Say of a clock what enough deliveries have told; small changes are not worth a word."""
    now_seconds, said_seconds = clock.shift_seconds, clock.behind_seconds
    change = abs(now_seconds - said_seconds)
    if len(clock.lags) < ENOUGH or change <= STEADY * max(abs(now_seconds), abs(said_seconds)):
        return clock
    is_wrong = now_seconds != 0
    since_at = (clock.since_at or clock.heard_at) if is_wrong else None
    return replace(clock, behind_seconds=now_seconds, since_at=since_at)


def moved(
    at: datetime, sent: Sent | None, *, before: HostClock | None, after: HostClock, received_at: datetime
) -> datetime:
    """Return an instant, corrected by its own sending before, as corrected by what is known of the clock.

    What was read from the clock well after it was sent was read before the clock was set back, and is moved
    as that clock was then.
    """
    if sent is None:
        return _by(at, after.shift_seconds, received_at)
    given_at = at - timedelta(seconds=sent.shifted_seconds)
    sent_at = received_at - timedelta(seconds=sent.lag_seconds)
    by_seconds = after.shift_seconds
    if given_at - sent_at > TRANSIT:
        by_seconds = 0.0 if before is None else before.shift_seconds
    return _by(given_at, by_seconds, received_at)


def _by(at: datetime, seconds: float, received_at: datetime) -> datetime:
    """Return an instant moved by so much, which did not happen after it was received."""
    try:
        return min(at + timedelta(seconds=seconds), received_at)
    except OverflowError:  # no calendar holds it, so what is known of the clock does not apply to it
        return min(at, received_at)
