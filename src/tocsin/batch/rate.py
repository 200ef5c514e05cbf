"""How many requests a second a sink takes: kept to where it is declared, searched for where it is not."""

from dataclasses import dataclass
from enum import Enum
from math import inf, sqrt
from typing import Final

DECLARED_SHARE: Final = 0.97
"""Of a declared limit this much is used, so that clocks that differ never make it too much."""

FIRST_RATE: Final = 20.0
LEAST_RATE: Final = 0.02
MAX_GATE_SECONDS: Final = 300.0
BARREN_GATE_SECONDS: Final = 60.0

_DRAIN: Final = 0.25
"""A rate that is a share `s` above another is proven after `_DRAIN / s` seconds: what a sink takes on top
of its limit for a moment is used up by then."""
_SHORTEST_PROOF, _LONGEST_PROOF = 0.6, 6.0
_FEWEST_PROVING: Final = 5
_BINDING: Final = 0.85
_NARROW: Final = 1.05
_SPLIT: Final = 0.3
_KEPT: Final = 0.93
_BELOW_PROVEN: Final = 0.98
_FALLEN: Final = 0.7
_HARDLY_FALLEN: Final = 0.96
_FALLEN_WEIGHT: Final = 4.0
_REST_SECONDS: Final = 0.5
_HOLD_SECONDS, _HOLD_FALLEN_SECONDS, _LONGEST_HOLD_SECONDS = 20.0, 6.0, 60.0
_HOLD_LEARNED_SECONDS: Final = 40.0
_HOLD_GROWTH: Final = 1.35
_HOLD_FALLEN_GROWTH: Final = 1.2
_LONG_SECONDS: Final = 5.0
_BRACKET_SECONDS: Final = 12.0
_HAS_FALLEN: Final = 0.87
_LEAST_PROBE, _MOST_PROBE = 1.05, 1.25
_FINEST: Final = 1.015


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedRate:
    """What is known of a sink's limit, in requests a second; None: nothing.

    `low` was accepted for as long as it takes to be sure, `high` was refused, `best` is the most that was
    ever accepted.
    """

    low: float | None = None
    high: float | None = None
    best: float | None = None


class _Phase(Enum):
    """Where a search stands.

    FREE: at the declared limit. TEST: is this rate accepted? REST: after a refusal. HOLD: at what is proven.
    """

    FREE = "free"
    TEST = "test"
    REST = "rest"
    HOLD = "hold"


class RateSearch:
    """The rate at which requests should go, moved by what the sink accepts and refuses and by nothing else.

    A declared limit is kept at 97 % of it. Where none is declared, or requests are refused all the same, the
    limit is kept between the highest rate that is proven and the lowest that was refused. The rate is doubled
    until the first refusal; then it goes up by three tenths of the way, because a refusal costs more than a
    step that is too short, until they are 5 % apart; then it is held just below what is proven, and a higher
    one is tried now and then, because limits change. A refusal at a rate that was proven means that the limit
    has fallen; how far is estimated from how soon it came, and from how much of what was in flight was taken.

    A rate counts as proven only if requests went at this rate, which they do not where something else is
    slower. All refusals of requests that were sent before a cut belong to that cut. Instants are monotonic
    seconds. `most` is a rate that is not to be exceeded whatever the sink takes.
    """

    def __init__(
        self,
        *,
        declared: float | None = None,
        most: float | None = None,
        learned: LearnedRate | None = None,
        now: float,
    ) -> None:
        self._declared_top = declared * DECLARED_SHARE if declared else inf
        self._top = min(self._declared_top, most or inf)
        self._is_declared = declared is not None
        known = learned or LearnedRate()
        self._low, self._high, self._best = known.low, known.high, known.best or (declared and self._top)
        self._phase = _Phase.FREE
        self._rate = self._top
        self._since = now
        self._until = inf
        self._cut_at = -inf
        self._high_at = -inf
        self._growth = 2.0
        self._hold_seconds = _HOLD_SECONDS
        self._is_probe = False
        self._sent = 0
        self._last_sent_at = now
        self._accepted_at = -inf
        self._barren = 0
        self._doubtful = (0, 0)
        self._doubtful_since = inf
        self._tried_seconds = 0.0
        if self._low is not None:
            self._hold_seconds = _HOLD_LEARNED_SECONDS
            self._hold(now)
        elif not declared:
            self._test(min(self._top, FIRST_RATE), now)

    @property
    def is_limited(self) -> bool:
        """Return whether the rate is what limits: a limit is declared, was found, or `most` is reached."""
        is_at_most = self._low is not None and self._low >= self._top
        return self._is_declared or self._high is not None or is_at_most

    def allow_at_most(self, most: float | None, now: float) -> None:
        """From now on never go faster than this, in the place of what was said before; None: by the sink."""
        before, self._top = self._top, min(self._declared_top, most or inf)
        self._rate = min(self._rate, self._top)
        if self._top <= before:
            return
        if self._phase is _Phase.FREE:
            self._rate = self._best = self._top
        elif self._phase is _Phase.HOLD and self._until == inf:
            # Nothing but what was said before has kept it from trying more.
            self._climb(now)

    def learned(self) -> LearnedRate:
        """Return what is known now."""
        return LearnedRate(low=self._low, high=self._high, best=self._best)

    def rate(self, now: float) -> float | None:
        """Return at how many requests a second to go from now on; None: as many as you like."""
        if now >= self._until:
            if self._phase is _Phase.REST:
                self._resume(now)
            else:
                self._probe(now)
        return None if self._rate == inf else self._rate

    def sent(self, at: float) -> None:
        """A request has gone."""
        self._sent += 1
        self._last_sent_at = at

    def accepted(self, sent_at: float, now: float) -> None:
        """A request that went at `sent_at` was not refused for its rate."""
        self._accepted_at = max(self._accepted_at, sent_at)
        self._barren = 0
        if self._doubtful_since <= sent_at <= self._cut_at:
            self._doubtful = (self._doubtful[0] + 1, self._doubtful[1])
        if self._phase is _Phase.TEST and sent_at - self._since >= self._proof_seconds():
            self._conclude(now)

    def throttled(self, sent_at: float, retry_after_seconds: float | None, now: float) -> float:
        """A request was refused for its rate; return for how many seconds nothing at all should go.

        That is what the sink asks for, at most 300 s. A sink that does not say is asked once more at a lower
        rate; if it refuses that as well, with nothing accepted in between, after 60 s, doubling up to 300 s.
        """
        gate_seconds = min(max(retry_after_seconds or 0.0, 0.0), MAX_GATE_SECONDS)
        if sent_at <= self._cut_at:
            if sent_at >= self._doubtful_since:
                self._doubtful = (self._doubtful[0], self._doubtful[1] + 1)
            if self._phase is _Phase.REST:
                self._until = max(self._until, now + gate_seconds)
            return gate_seconds
        self._barren += 1
        if not gate_seconds and self._barren > 1:
            doublings = min(self._barren - 2, 10)
            gate_seconds = min(BARREN_GATE_SECONDS * 2**doublings, MAX_GATE_SECONDS)
        self._cut(sent_at, now)
        self._until = now + (gate_seconds or _REST_SECONDS)
        return gate_seconds

    def _cut(self, sent_at: float, now: float) -> None:
        """Take up that the rate of now is too high, and rest."""
        tried = self._last_rate(now)
        is_lone = self._was_good_for_long(sent_at, now)
        self._tried_seconds = sent_at - self._since
        self._cut_at, self._doubtful, self._doubtful_since = now, (0, 1), sent_at
        self._high, self._high_at = tried, now
        if is_lone:
            self._low, self._high = tried, None
        elif self._low is not None and tried <= self._low * 1.001:
            self._low = None
        self._phase = _Phase.REST
        self._rate = min(0.9 * (self._low or tried * _FALLEN), self._top)

    def _was_good_for_long(self, sent_at: float, now: float) -> bool:
        """Return whether a refusal is more likely a hitch on the way than a limit that has fallen.

        Requests that were held up somewhere arrive together. If the limit has fallen, the next refusal comes
        at once, and is believed.
        """
        is_settled = self._phase in {_Phase.FREE, _Phase.HOLD} and self._rate < inf
        return is_settled and min(sent_at - self._since, now - self._cut_at) >= _LONG_SECONDS

    def _last_rate(self, now: float) -> float:
        """Return at which rate requests went; without one of ours, what they came to."""
        if self._rate < inf:
            return self._rate
        return max(self._sent / max(now - self._since, 0.1), 1.0)

    def _resume(self, now: float) -> None:
        """Go on after a rest: from what is proven, or from what a fallen limit is likely to be."""
        high = self._high or self._top
        if self._low is None:
            self._is_probe = False
            likely = max(high * self._likely_share(), LEAST_RATE)
            if self._best is not None and likely < _HAS_FALLEN * self._best:
                self._hold_seconds = _HOLD_FALLEN_SECONDS
            self._test(likely, now)
        elif self._is_probe or self._high is None or high <= self._low * _NARROW:
            self._hold_on(now)
        else:
            self._test(self._low * (high / self._low) ** _SPLIT, now)

    def _likely_share(self) -> float:
        """Return which part of the rate that was refused is likely to be taken.

        A rate that was refused only after a while is hardly too high. Of what was in flight then, the sink
        has taken the share that it takes, as far as so few can say.
        """
        at_first_sight = 1 - _DRAIN / max(self._tried_seconds, 1e-3)
        at_first_sight = min(max(at_first_sight, _FALLEN), _HARDLY_FALLEN)
        taken, refused = self._doubtful
        return (taken + at_first_sight * _FALLEN_WEIGHT) / (taken + refused + _FALLEN_WEIGHT)

    def _hold_on(self, now: float) -> None:
        """After a probe that was refused: believe a little less in what once was, and try less often."""
        if self._is_probe:
            growth = _HOLD_FALLEN_GROWTH if self._hold_seconds < _HOLD_SECONDS else _HOLD_GROWTH
            self._hold_seconds = min(self._hold_seconds * growth, _LONGEST_HOLD_SECONDS)
            if self._best is not None and self._low is not None:
                self._best = self._low + _KEPT * (max(self._best, self._low) - self._low)
        self._hold(now)

    def _hold(self, now: float) -> None:
        low = self._low or LEAST_RATE
        self._set(_Phase.HOLD, low if low >= self._top else low * _BELOW_PROVEN, now)
        self._until = inf if low >= self._top else now + self._hold_seconds

    def _probe(self, now: float) -> None:
        """See whether the sink takes more than it did: much more, where it once took much more."""
        low = self._low or self._rate
        self._is_probe = True
        missing = (self._best or low) / low
        self._growth = min(max(1 + (missing - 1) / 4, _LEAST_PROBE), _MOST_PROBE)
        between = sqrt(self._high / low) if self._high else 1.0
        self._test(low * (between if _FINEST < between < self._growth == _LEAST_PROBE else self._growth), now)

    def _test(self, rate: float, now: float) -> None:
        self._set(_Phase.TEST, rate, now)
        self._until = inf

    def _set(self, phase: _Phase, rate: float, now: float) -> None:
        self._phase, self._rate, self._since, self._sent = phase, min(rate, self._top), now, 0
        self._last_sent_at = now

    def _proof_seconds(self) -> float:
        above = self._rate / self._low - 1 if self._low else inf
        if above <= 0:
            return _SHORTEST_PROOF
        return min(max(_DRAIN / above, _SHORTEST_PROOF), _LONGEST_PROOF)

    def _conclude(self, now: float) -> None:
        """Take up that the rate of now was accepted for long enough, if it was reached."""
        seconds = self._last_sent_at - self._since
        if self._sent < max(_FEWEST_PROVING, _BINDING * self._rate * seconds):
            if self._sent >= _FEWEST_PROVING:
                self._test(self._rate, now)
            return
        self._low = self._rate
        self._best = max(self._best or 0.0, self._low)
        if self._high is not None and (
            self._high <= self._low or (self._is_probe and self._growth > _LEAST_PROBE)
        ):
            self._high = None
        self._is_probe = False
        self._climb(now)

    def _climb(self, now: float) -> None:
        low = self._low or self._rate
        if low >= self._top:
            self._hold(now)
        elif self._high is not None:
            if self._high <= low * _NARROW:
                self._hold(now)
            elif now - self._high_at > _BRACKET_SECONDS and low < (self._best or low) * _HAS_FALLEN:
                # What was refused that long ago may be the limit no longer.
                self._probe(now)
            else:
                self._test(low * (self._high / low) ** _SPLIT, now)
        elif self._best is not None and self._best > low * 1.02:
            self._test(min(low * 1.4, self._best), now)
        else:
            self._test(low * self._growth, now)
            self._growth = min((self._growth - 1) * 2 + 1, 2.0)
