"""What is sure of the end of a run before its distribution is made.

Nearly all runs are in time by far, and for these a bound says as much as the distribution does, at a tenth
of the cost: the runs that are like the others end no later than if all of them stood where the latest of
their bells stands, and those that are unlike are one bell, which need not be made to be asked.
"""

from math import erfc, exp, log, sqrt

from tocsin.quality.lasting import MOST_SHARE, Comparable, Part, parts_of

_ROOT_TWO = sqrt(2.0)


def beyond_at_most(past: Comparable, seconds: float) -> float:
    """Return a probability that the next comparable run takes longer than this, which is never too low."""
    return _beyond(parts_of(past), log(seconds + past.offset)) if seconds > 0 else 1.0


def calm_for(past: Comparable, limit_seconds: float, threshold: float) -> float | None:
    """Return seconds for which a run is surely less likely than `threshold` to end too late.

    It is when most such runs are over: P(D > limit | D > then) is no more than what is at most beyond the
    limit in what is unlike the others and beyond then. None where that says too little.
    """
    parts = parts_of(past)
    (_, latest, width), (unlike, middle, wide) = parts
    seconds = exp(latest + width) - past.offset
    if not 0 < seconds < limit_seconds:
        return None
    still = unlike / 2 * erfc((latest + width - middle) / (_ROOT_TWO * wide))
    return seconds if _beyond(parts, log(limit_seconds + past.offset)) < threshold * still else None


def ends_within(elapsed_seconds: float, done_share: float, seconds: float) -> bool:
    """Whether a run that had done this share by then is to end within so many seconds, as far as that tells.

    If it does, and is at work for longer, its progress makes no end likelier that is later still: of two ends
    after the projected one it speaks for the earlier (its likelihood falls monotonously). So whatever was
    surely calm for so long without it is so with it.
    """
    return elapsed_seconds <= min(done_share, MOST_SHARE) * seconds


def _beyond(parts: tuple[Part, Part], at: float) -> float:
    (share, latest, width), (unlike, middle, wide) = parts
    late = share * erfc((at - latest) / (_ROOT_TWO * width))
    return (late + unlike * erfc((at - middle) / (_ROOT_TWO * wide))) / 2
