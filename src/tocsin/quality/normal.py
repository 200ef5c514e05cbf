"""What is normal for a job, in a few numbers, and what is expected of one run."""

from msgspec import Struct

from tocsin.quality.season import Season
from tocsin.quality.series import Kind

NEEDED_RUNS = 5
WARNING_SPREADS = 3.5
FEWEST_SEEN = 2
# At which shares of the runs the shape of what is left over is kept.
SHAPE_AT = (0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975)


class Learning(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How many runs there are, and how many it takes before anything can be called normal."""

    runs: int
    needed: int = NEEDED_RUNS


class LevelShift(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """From one run on, a job takes another time than before.

    `first_at` is when the first run of the new level started and `at` the one with which it became certain,
    in seconds since 1970; `old_level` and `new_level` are values of an ordinary run before and after;
    `returned` says that the new one is that of before the last shift, so that nothing new has happened;
    `age` counts the runs since.
    """

    at: float
    first_at: float
    old_level: float
    new_level: float
    returned: bool = False
    age: int = 0


class Track(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """Where a job is on its way: what each run changes.

    `recent` are the last runs that can be learnt from, without their rhythm, in hundredths of a `unit` from
    the `anchor`; `sums` the robust CUSUM up and down, with the runs each has lasted; `flags` has a bit for
    each of the last runs, the newest the lowest, set when it was unusual.
    """

    anchor: float = 0.0
    recent: bytes = b""
    sums: tuple[float, float, int, int] = (0.0, 0.0, 0, 0)
    flags: int = 0
    shift: LevelShift | None = None


class Normal(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What is normal for a job: at most about 1.2 KB as JSON; a new field comes last and has a default.

    `level` is the ordinary run without season and `scale` one spread of what is left over, both on the
    scale of `kind` with `offset`; `low` and `high` are the spreads to either side that judging uses: never
    less than `scale`, wider where tails are heavy or runs are few. `effects` holds, for each slot of the
    `season`, a signed two-byte number of hundredths of `unit`, and `runs` how many runs stand behind it.
    `unseen` is the spread where a slot has hardly been seen. `specials` are what is different on special
    days: (Special, effect, days it was seen on). `shape` are the standardised residuals at SHAPE_AT.
    `phase_seconds` is added to each start, lest runs that begin about a full hour fall on either side of it.
    `width` is how many runs make the level; `n` how many runs there are, `left_out` of them not learnt
    from; `since_fit` how many came after the last full fit, at `fitted_at`. `sub_daily` says that it runs
    several times a day, `settled` that there are three weeks to judge by; `drift` is by how much the median
    of the last runs lags; `precedents` is, in the first weeks, how far off each weekday was (as `effects`).
    """

    kind: Kind
    n: int = 0
    season: Season = Season.NONE
    offset: float = 0.0
    level: float = 0.0
    scale: float = 0.0
    low: float = 0.0
    high: float = 0.0
    unseen: float = 0.0
    unit: float = 1.0
    effects: bytes = b""
    runs: bytes = b""
    specials: tuple[tuple[int, float, int], ...] = ()
    shape: tuple[float, ...] = ()
    phase_seconds: int = 0
    width: int = 12
    left_out: int = 0
    since_fit: int = 0
    sub_daily: bool = False
    settled: bool = True
    fitted_at: float = 0.0
    drift: float = 0.0
    track: Track = Track()
    precedents: bytes = b""

    @property
    def learning(self) -> Learning | None:
        """How far learning has come, or None when there is something normal to compare with."""
        return Learning(runs=self.n) if self.n < NEEDED_RUNS else None

    @property
    def shift(self) -> LevelShift | None:
        """The last shift of the level that became certain, if any."""
        return self.track.shift


class Expected(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What is expected of one run: numbers to compare with, small enough to be kept with it.

    `mu` is the ordinary value on the scale of `kind` with `offset`; `low` and `high` are one spread to
    either side; `scale` is the plain one, without guards; `runs` comparable runs stand behind it: `method`
    says which (`Mondays`, `02:00 on business days`). `also` is the level before a recent shift, which is not
    unusual either.
    """

    mu: float
    scale: float
    low: float
    high: float
    offset: float = 0.0
    kind: Kind = Kind.DURATION
    runs: int = 0
    method: str = "all runs"
    also: float | None = None


def of_such(method: str, runs: int) -> str:
    """Return in words which runs something is normal of: `on Mondays (26 runs)`."""
    counted = f"({runs} run{'' if runs == 1 else 's'})"
    if method == "all runs":
        return counted
    return f"{method} {counted}" if method[:1].isdigit() else f"on {method} {counted}"
