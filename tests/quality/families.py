"""Families of jobs of which the truth is known: how long their runs take, and what an oracle would say.

A job of a family has a past of good runs, then runs to be foreseen. Each of these is watched at instants from
its expected start to its deadline, as long as it has not ended; at each, what has been seen of it by then is
handed to whoever foresees, and what the oracle says stands beside it. The oracle knows every parameter of the
generator, and nothing of the run but what has been seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

TUNED_ON = (11, 12, 13)
"""Seeds that constants may be chosen by."""
REPORTED_ON = (2001, 2002, 2003, 2004)
"""Seeds that are only reported on."""

BEGINS = datetime(2025, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
INSTANTS = 40
_GRID = np.linspace(-2.5, 4.0, 1301)
_STEP = float(_GRID[1] - _GRID[0])
_DRAWS = 3_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the jobs of a family have in common.

    `noise`: the deviation of ln(duration), from … to …; `unlike`: the share of runs that take 1.5 to 5 times
    as long; `weekly`: by how much a weekday may differ, in ln; `freedom`: of Student's t for the noise, 0 for
    normal; `steadiness`: of the gamma bridge that progress follows, from … to …, none without progress;
    `bent`: how far progress may be from even (share = part of the time ** bent); `delay`: how late it starts,
    in shares of its duration; `upstream`: it starts when another job has ended.
    """

    name: str
    noise: tuple[float, float] = (0.04, 0.3)
    unlike: float = 0.04
    weekly: float = 0.0
    freedom: int = 0
    steadiness: tuple[float, float] | None = None
    bent: float = 0.0
    past: int = 60
    delay: float = 0.0
    upstream: bool = False


FAMILIES = (
    Family(name="plain"),
    Family(name="steady", noise=(0.02, 0.08), unlike=0.03),
    Family(name="weekly", weekly=0.5, past=90),
    Family(name="heavy tails", noise=(0.06, 0.2), freedom=3, unlike=0.0),
    Family(name="short past", past=8),
    Family(name="progress", steadiness=(40.0, 400.0)),
    Family(name="uneven progress", steadiness=(15.0, 80.0), bent=0.25),
    Family(name="starts late", delay=0.4),
    Family(name="waits for another", delay=0.05, upstream=True),
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One instant of a run: what is known by then, what the oracle says, and how it came out.

    Spans are seconds after the expected start. `started`, `upstream_started` and `upstream_ended`: when, if
    by now; `share` done at `share_at`.
    """

    now: float
    oracle: float
    is_late: bool
    started: float | None = None
    share: float | None = None
    share_at: float | None = None
    upstream_started: float | None = None
    upstream_ended: float | None = None


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One run to be foreseen, and the instants at which it is watched."""

    nominal_at: datetime
    limit: float
    is_late: bool
    seen: list[Seen] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known of the good runs of a job before: nominal instant, delay and duration in seconds."""

    nominal_at: tuple[datetime, ...]
    delay: tuple[float, ...]
    duration: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A job with its past, that of what it waits for, and its runs to be foreseen."""

    family: str
    past: Past
    upstream: Past | None
    runs: tuple[Watched, ...]


class _Timing:
    """How long one job takes, as its generator knows it."""

    def __init__(self, family: Family, rng: np.random.Generator) -> None:
        self._rng = rng
        self.usual = float(np.exp(rng.uniform(np.log(300), np.log(4 * 3_600))))
        self._noise = float(rng.uniform(*family.noise))
        self._freedom, self._unlike = family.freedom, family.unlike
        self._weekdays = rng.uniform(-family.weekly, family.weekly, 7) * (rng.random(7) < 0.4)
        self.density = self._density()

    def middle(self, at: datetime) -> float:
        """Return ln of the usual duration of a run of this day."""
        return float(np.log(self.usual) + self._weekdays[at.weekday()])

    def draws(self, count: int, *, is_past: bool = False) -> Floats:
        """Return ln(duration) − middle; a run of the past that was unlike the others was not learnt from."""
        rng = self._rng
        noise = rng.standard_t(self._freedom, count) if self._freedom else rng.standard_normal(count)
        unlike = (rng.random(count) < self._unlike) & (not is_past)
        return noise * self._noise + unlike * rng.uniform(np.log(1.5), np.log(5), count)

    def _density(self) -> Floats:
        z = _GRID / self._noise
        core = (
            (1 + z**2 / self._freedom) ** (-(self._freedom + 1) / 2) if self._freedom else np.exp(-0.5 * z**2)
        )
        core /= core.sum()
        wide = (abs(_GRID - np.log(7.5) / 2) <= np.log(5 / 1.5) / 2).astype(float)  # from 1.5 to 5 times
        wide /= wide.sum()
        spread = np.convolve(core, wide)
        first = round(-_GRID[0] / _STEP)
        return np.asarray((1 - self._unlike) * core + self._unlike * spread[first : first + len(_GRID)])


class _Progress:
    """How a job reports progress: a gamma bridge from its start to its end, bent in time."""

    def __init__(self, family: Family, rng: np.random.Generator) -> None:
        low, high = family.steadiness or (1.0, 1.0)
        self._steadiness = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        self._bent = float(np.exp(rng.uniform(-family.bent, family.bent)))
        self._rng = rng

    def shares(self, parts: Floats) -> Floats:
        """Return the share that is done at parts of the duration, from 0 to 1."""
        times = np.clip(parts, 0, 1) ** self._bent
        steps = np.maximum(self._steadiness * np.diff(np.append(times, 1.0), prepend=0.0), 1e-9)
        made = self._rng.gamma(steps)
        return np.asarray(np.cumsum(made)[:-1] / made.sum())

    def likelihoods(self, durations: Floats, times: Floats, shares: Floats) -> Iterator[Floats]:
        """Return ln of the likelihood, for each duration, of nothing, then of one share more each time."""
        found = np.zeros(len(durations))
        before, had = np.zeros(len(durations)), 0.0
        yield found
        for at, share in zip(times, shares, strict=True):
            part = np.minimum(at / durations, 1 - 1e-9) ** self._bent
            one, other = self._steadiness * np.maximum(part - before, 1e-9), self._steadiness * (1 - part)
            gained = min(max((share - had) / max(1 - had, 1e-12), 1e-12), 1 - 1e-12)
            found = found + _ln_gamma(one + other) - _ln_gamma(one) - _ln_gamma(other)
            found += (one - 1) * np.log(gained) + (other - 1) * np.log1p(-gained)
            found[durations <= at] = -np.inf
            before, had = part, share
            yield found


def _ln_gamma(x: Floats) -> Floats:
    """Return ln Γ(x) by Stirling's series, from x + 8 back."""
    y = x + 8
    series = (y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + 1 / (12 * y) - 1 / (360 * y**3)
    return np.asarray(series - np.sum(np.log(x[:, None] + np.arange(8)), axis=1))


def cases(family: Family, seed: int, *, jobs: int, runs: int) -> Iterator[Case]:
    """Return jobs of a family, each with its past and with runs to be foreseen."""
    for number in range(jobs):
        rng = np.random.default_rng([seed, number, *family.name.encode()])
        yield _case(family, rng, runs)


def _case(family: Family, rng: np.random.Generator, runs: int) -> Case:
    timing, progress = _Timing(family, rng), _Progress(family, rng)
    above = _Timing(family, rng) if family.upstream else None
    delay = _Delay(family, timing, above, rng)
    days = [BEGINS + n * DAY for n in range(family.past + runs)]
    past, of_above = _past(days[: family.past], timing, above, delay)
    watched = []
    for at in days[family.past :]:
        if above is None and not family.delay:
            watched.append(_started(family, at, timing, progress, rng))
        else:
            watched.append(_waiting(at, timing, above, delay, rng))
    return Case(family=family.name, past=past, upstream=of_above, runs=tuple(watched))


class _Delay:
    """How late a job starts: after its expected start, or after the end of what it waits for."""

    def __init__(
        self, family: Family, timing: _Timing, above: _Timing | None, rng: np.random.Generator
    ) -> None:
        self._usual = family.delay * timing.usual * float(rng.uniform(0.3, 1.5))
        self._noise = float(rng.uniform(0.2, 0.6))
        self._rng, self._above = rng, above

    def draws(self, count: int) -> Floats:
        """Return delays in seconds."""
        if not self._usual:
            return np.zeros(count)
        return self._usual * np.exp(self._rng.standard_normal(count) * self._noise)


def _past(
    days: list[datetime], timing: _Timing, above: _Timing | None, delay: _Delay
) -> tuple[Past, Past | None]:
    count = len(days)
    took = np.exp(np.array([timing.middle(at) for at in days]) + timing.draws(count, is_past=True))
    late, of_above = delay.draws(count), None
    if above is not None:
        waited = np.exp(np.array([above.middle(at) for at in days]) + above.draws(count, is_past=True))
        of_above = Past(nominal_at=tuple(days), delay=(0.0,) * count, duration=tuple(waited.tolist()))
        late = late + waited
    return Past(nominal_at=tuple(days), delay=tuple(late.tolist()), duration=tuple(took.tolist())), of_above


def _started(
    family: Family, at: datetime, timing: _Timing, progress: _Progress, rng: np.random.Generator
) -> Watched:
    """Return a run that started when it was expected, watched until it ends."""
    durations = np.exp(timing.middle(at) + _GRID)
    below = np.cumsum(timing.density)
    promised = rng.choice([0.5, 0.7, 0.85, 0.95])
    limit = float(durations[np.searchsorted(below, promised * below[-1])]) * float(rng.uniform(0.98, 1.3))
    took = float(np.exp(timing.middle(at) + timing.draws(1)[0]))
    watched = Watched(nominal_at=at, limit=limit, is_late=took > limit)
    times = np.arange(INSTANTS) * limit / INSTANTS
    times = times[times < took]
    shares = progress.shares(times[1:] / took) if family.steadiness else np.zeros(0)
    told = np.zeros(len(durations))
    likelihoods = progress.likelihoods(durations, times[1 : len(shares) + 1], shares)
    for number, now in enumerate(times):
        seen = number if family.steadiness else 0
        told = next(likelihoods, told)
        weights = timing.density * np.exp(told - told.max()) * (durations > now)
        watched.seen.append(
            Seen(
                now=float(now),
                oracle=float(weights[durations > limit].sum() / weights.sum()),
                is_late=watched.is_late,
                started=0.0,
                share=float(shares[seen - 1]) if seen else None,
                share_at=float(now) if seen else None,
            )
        )
    return watched


def _waiting(
    at: datetime, timing: _Timing, above: _Timing | None, delay: _Delay, rng: np.random.Generator
) -> Watched:
    """Return a run that starts late, or after another has ended, watched from its expected start on.

    What the oracle says is the share of many such runs that have come as far.
    """
    took = np.exp(timing.middle(at) + timing.draws(_DRAWS))
    waited = np.exp(above.middle(at) + above.draws(_DRAWS)) if above is not None else np.zeros(_DRAWS)
    starts = waited + delay.draws(_DRAWS)
    ends = starts + took
    promised = rng.choice([0.5, 0.7, 0.85, 0.95])
    limit = float(np.quantile(ends, promised)) * float(rng.uniform(0.98, 1.2))
    watched = Watched(nominal_at=at, limit=limit, is_late=bool(ends[0] > limit))
    for now in np.arange(INSTANTS) * limit / INSTANTS:
        if now >= ends[0]:
            break
        ended = waited[0] <= now
        if starts[0] <= now:
            late = (starts[0] + took > limit)[took > now - starts[0]]
        elif ended and above is not None:
            later = starts - waited > now - waited[0]
            late = (waited[0] + starts - waited + np.roll(took, 1) > limit)[later]
        else:
            late = (ends > limit)[(waited > now) if above is not None else (starts > now)]
        watched.seen.append(
            Seen(
                now=float(now),
                oracle=float(late.mean()) if len(late) else float(watched.is_late),
                is_late=watched.is_late,
                started=float(starts[0]) if starts[0] <= now else None,
                upstream_started=0.0 if above is not None else None,
                upstream_ended=float(waited[0]) if above is not None and ended else None,
            )
        )
    return watched
