"""`duration_anomaly`: a run takes, or took, much longer or shorter than such runs of the job do."""

from datetime import datetime, timedelta
from math import inf

from msgspec import Struct

from tocsin.jobs.run import Run
from tocsin.jobs.state import MAX_RECENT, BlindWindow, Outcome
from tocsin.quality.baseline import expected_at, spreads, value_at
from tocsin.quality.expecting import REMEMBERED
from tocsin.quality.learned import MAX_JUDGED, Judged, has_precedent
from tocsin.quality.normal import Expected, Normal, of_such
from tocsin.quality.remembering import by_identity
from tocsin.rules.evidence import log_tail_of, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import LEARNING, QUIET, Finding, Severity, Unknown, Verdict, Why
from tocsin.rules.good_runs import may_be_too_many
from tocsin.rules.remarks import is_called_ordinary, remarks_of
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, tolerance_of
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural, span

NAME = "duration_anomaly"
WARNING_SPREADS = 3.5
PAGE_SPREADS = 5.0
LEAST_SECONDS = 120.0
# Between these lie at least nine of ten ordinary runs, of a steady job all.
_ORDINARY = 2.0
_PAGE_STEP = 2
_BY_SECONDS = 600.0
_LONGEST_SECONDS = timedelta(days=3_650).total_seconds()


class _Limits(Struct, frozen=True, gc=False):
    """How far off is too far for a rule, in normal spreads, and what is too little in any case.

    `page` is infinite where the rule says no more than a warning, so that nothing is told twice.
    """

    warning: float
    page: float
    least: float
    slow: bool
    fast: bool

    def step_of(self, off: float, expected: Expected, seconds: float) -> int:
        """Return 0 for a run that is near enough, 1 for a warning, 2 from the page's threshold on."""
        counts = self.slow if off > 0 else self.fast
        if not counts or abs(off) < self.warning or abs(seconds - value_at(expected, 0.0)) < self.least:
            return 0
        return _PAGE_STEP if abs(off) >= self.page else 1

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """Return from how many spreads on which step is reached."""
        warning = (1, self.warning)
        return (warning,) if self.page == inf else (warning, (_PAGE_STEP, self.page))


@by_identity(REMEMBERED)
def _slow_after(expected: Expected, limits: _Limits) -> tuple[tuple[int, timedelta], ...]:
    """Return how long a run that is so expected can go on before it is too slow, for each step."""
    least = value_at(expected, 0.0) + limits.least
    return tuple(
        (step, timedelta(seconds=min(max(value_at(expected, threshold), least), _LONGEST_SECONDS)))
        for step, threshold in limits.steps
    )


class _Odd(Struct, frozen=True, gc=False):
    """A run that is too far off: a running one, or one that has ended well."""

    key: str
    step: int
    since_at: datetime
    seconds: float
    expected: Expected
    off: float
    run: Run | None = None


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while a run takes much longer than such runs do, and while the newest good one was far off.

    Such runs are those of its weekday or hour, where the job has such a rhythm (`tocsin.quality.baseline`).
    How far off is measured in normal spreads of the logarithm: `threshold` of them are a warning,
    `page_threshold` a page, for a run that was too fast critical at most; never less than `least` seconds. A
    running one is found at the instant at which it becomes certain. Nothing is said before there are five
    comparable runs in 14 days. N in a row and M of N count good runs of the partition. Once the job has
    settled at another duration that is the new normal, and is said once, as an info. Of a run of several
    attempts nobody can tell by its duration: those that failed, and the waits between them, count in it.
    """
    normal = facts.learned.normal
    if normal is None or facts.of_backfills:
        return QUIET if facts.of_backfills else LEARNING
    if normal.learning is not None:
        return LEARNING
    limits = _limits_of(rule)
    odd, asks, unknown = _running(facts, normal, limits, now) if facts.state.open_runs else ([], [], None)
    ended, lost = _ended(rule, facts, normal, limits)
    odd += ended
    lost = lost or any(run.is_retried for run in facts.state.open_runs)
    ask_again_at = min(asks, default=None)
    finding = _finding(rule, facts, max(odd, key=_how_bad)) if odd else _shifted(rule, facts)
    if finding is None and ask_again_at is None and unknown is None and not lost:
        return QUIET
    return Verdict(finding=finding, ask_again_at=ask_again_at, unknown=unknown, cannot_tell=lost)


def _how_bad(odd: _Odd) -> tuple[int, bool, datetime]:
    return odd.step, odd.run is not None, odd.since_at


@by_identity(REMEMBERED)
def _limits_of(rule: Rule) -> _Limits:
    warning = WARNING_SPREADS if rule.threshold is None else rule.threshold
    page = max(PAGE_SPREADS, warning) if rule.page_threshold is None else rule.page_threshold
    if rule.severity is not None and rule.severity <= Severity.WARNING:
        page = inf
    return _Limits(
        warning,
        page,
        LEAST_SECONDS if rule.least is None else rule.least,
        rule.direction != "fast",
        rule.direction != "slow",
    )


def _running(
    facts: Facts, normal: Normal, limits: _Limits, now: datetime
) -> tuple[list[_Odd], list[datetime], Unknown | None]:
    """Return the runs at work that are too slow, when the others would be, and what nobody can tell."""
    odd: list[_Odd] = []
    asks: list[datetime] = []
    unknown: Unknown | None = None
    forgiven, zone = facts.forgiven_until(NAME), facts.job.definition.timezone
    for run in facts.state.open_runs if limits.slow else ():
        is_at_work = run.status.is_running and run.overtaken_at is None
        if run.started_at is None or not is_at_work or run.is_retried:
            continue
        if facts.state.remarks and is_called_ordinary(facts, run.key, run.order_at):
            continue
        expected = expected_at(normal, run.started_at, zone)
        if expected is None:
            continue
        reached, since_at = 0, now
        for step, allowed in _slow_after(expected, limits):
            slow_at = facts.counted_anew(run.started_at + allowed, allowed)
            if slow_at <= forgiven:
                continue
            window = _hidden(facts, run, slow_at) if facts.blind else None
            decide_at = slow_at if window is None else window.hold_until
            if now < decide_at:
                asks.append(decide_at)
                break
            if window is not None:
                unknown = Unknown(window=window.id, what=f"run {run.key} should have ended")
            else:
                since_at = since_at if reached else slow_at
                reached = step
        if reached:
            seconds = (now - run.started_at).total_seconds()
            odd.append(_Odd(run.key, reached, since_at, seconds, expected, limits.warning, run))
    return odd, asks, unknown


def _hidden(facts: Facts, run: Run, slow_at: datetime) -> BlindWindow | None:
    """Return the window that hides whether the run has ended; one that was heard since hides nothing."""
    window = facts.blind_at(slow_at)
    return None if window is None or run.last_sign_at >= window.to_at else window


def _ended(rule: Rule, facts: Facts, normal: Normal, limits: _Limits) -> tuple[list[_Odd], bool]:
    """Return the newest good runs that were too slow or too fast, one a partition, and if any may be lost."""
    fresh, lost = _unlearned(facts), _is_any_unseen(facts)
    learned = facts.learned.judged
    if not fresh and not _is_any_notable(learned):
        return [], lost
    forgiven = facts.forgiven_until(NAME)
    newest_of: dict[str, Judged | Outcome] = {j.partition: j for j in learned if j.at > forgiven}
    newest_of.update({outcome.partition: outcome for outcome in fresh if outcome.at > forgiven})
    odd = []
    for partition, newest in newest_of.items():
        # Nearly always the newest is as usual, and then it does not matter how those before it were.
        found = _odd_of(facts, _as_judged(facts, normal, newest), limits)
        if found is None:
            continue
        known = {outcome.run for outcome in fresh}
        course: list[Judged | Outcome] = [
            j for j in learned if j.partition == partition and j.run not in known
        ]
        course += [outcome for outcome in fresh if outcome.partition == partition]
        counted = [_as_judged(facts, normal, one) for one in course if one.at > forgiven]
        marks = [_odd_of(facts, judged, limits) is not None for judged in counted]
        if exceeds_tolerance(rule, marks, [len(marks) - 1]):
            odd.append(found)
        elif len(learned) >= MAX_JUDGED and may_be_too_many(rule, marks):
            lost = True
    return odd, lost


def _is_any_unseen(facts: Facts) -> bool:
    """Whether a run has left the last outcomes before anything was learned from it."""
    recent, learned_at = facts.state.recent, facts.learned.learned_at
    if facts.state.unlearned is None or learned_at is None:
        return False
    return len(recent) >= MAX_RECENT and recent[0].at > learned_at


def _is_any_notable(learned: tuple[Judged, ...]) -> bool:
    for judged in learned:  # noqa: SIM110 -- a generator would cost more than the rest, at each check-in
        if judged.expected is not None:
            return True
    return False


def _unlearned(facts: Facts) -> list[Outcome]:
    """Return the good runs that have ended since the last lesson, oldest first."""
    unlearned = facts.state.unlearned
    if unlearned is None:
        return []
    return [
        outcome
        for outcome in facts.state.recent
        if outcome.order_at >= unlearned.from_at
        and outcome.status is not None
        and outcome.status.is_good
        and outcome.seconds is not None
        and not outcome.backfill
        and not outcome.retried
    ]


def _odd_of(facts: Facts, judged: Judged, limits: _Limits) -> _Odd | None:
    """Return what is odd of a run, by what was expected of it, unless a person has said that it is not."""
    expected, off = judged.expected, judged.spreads
    if expected is None or off is None:
        return None
    step = limits.step_of(off, expected, judged.seconds)
    if not step or has_precedent(facts.learned, expected, judged.seconds):
        return None
    if facts.state.remarks and is_called_ordinary(facts, judged.run, judged.order_at):
        return None
    return _Odd(judged.run, step, judged.at, judged.seconds, expected, off)


def _as_judged(facts: Facts, normal: Normal, outcome: Judged | Outcome) -> Judged:
    """Return how far off a run was, reckoned now where nothing has been learned from it yet."""
    if isinstance(outcome, Judged):
        return outcome
    seconds = outcome.seconds or 0.0
    started_at = outcome.at - timedelta(seconds=seconds)
    expected = expected_at(normal, started_at, facts.job.definition.timezone)
    off = None if expected is None else spreads(expected, seconds)
    return Judged(outcome.run, outcome.at, outcome.order_at, seconds, outcome.partition, off, expected)


def _finding(rule: Rule, facts: Facts, odd: _Odd) -> Finding:
    fast, pages = odd.off < 0, odd.step == _PAGE_STEP
    worst = (Severity.CRITICAL if fast else Severity.PAGE) if pages else Severity.WARNING
    usual, run = _usual(odd.expected), odd.run
    evidence = [("normal", usual), *_how_far(odd), ("of", _learned_from(facts))]
    evidence += (
        of_run(facts.job, run)
        if run is not None
        else [
            ("ended", clock_time(odd.since_at, facts.job.definition.timezone)),
            ("duration", span(odd.seconds)),
            ("run", odd.key),
        ]
    )
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=min(worst, rule.severity or Severity.PAGE),
        why=Why.UNUSUALLY_FAST if fast else Why.UNUSUALLY_SLOW,
        since_at=odd.since_at,
        summary=_summary(odd, usual),
        evidence=tuple(evidence),
        next_step=_next_step(odd),
        run=odd.key,
        step=odd.step,
        log_tail="" if run is None else log_tail_of(run),
        template=rule.message,
        variables=_variables(odd),
    )


def _summary(odd: _Odd, usual: str) -> str:
    if odd.run is None:
        return f"took {span(odd.seconds)}; normal is {usual}"
    started = odd.run.started_at or odd.since_at
    return f"is still running after more than {span(odd.since_at - started)}; normal is {usual}"


def _how_far(odd: _Odd) -> tuple[tuple[str, str], ...]:
    ordinary = value_at(odd.expected, 0.0)
    times = odd.seconds / ordinary if ordinary > 0 else 0.0
    if odd.run is not None or not times:
        return (("ordinary run", span(ordinary)),)
    much = f"{times:.1f} times" if times >= 1 else f"{times:.0%} of"
    return (("ordinary run", span(ordinary)), ("off by", f"{much} that, {abs(odd.off):.1f} normal spreads"))


def _usual(expected: Expected) -> str:
    """Return in words what is normal: `12–18 min on Mondays (26 runs)`."""
    low, high = (span(_rough(value_at(expected, side))) for side in (-_ORDINARY, _ORDINARY))
    low_number, _, low_unit = low.partition(" ")
    width = high if low == high else f"{low}–{high}"
    if low != high and low_unit == high.partition(" ")[2]:
        width = f"{low_number}–{high}"
    return f"{width} {of_such(expected.method, expected.runs)}"


def _rough(seconds: float) -> float:
    """Return a span to the minute where seconds say nothing any more."""
    return seconds if seconds < _BY_SECONDS else 60.0 * round(seconds / 60.0)


def _learned_from(facts: Facts) -> str:
    normal = facts.learned.normal
    if normal is None:
        return "no run"
    left_out = f", {normal.left_out} unusual ones left out" if normal.left_out else ""
    return f"{plural(normal.n, 'comparable run')}{left_out}"


def _next_step(odd: _Odd) -> str:
    if odd.off < 0:
        return "See whether it really did its work: an empty input or a skipped step looks like this."
    if odd.run is not None:
        return "See how far it is and what it waits for: more input, a lock, a slow database or host."
    return (
        "See whether its input has grown or what it works with has become slow, before it costs a deadline."
    )


def _variables(odd: _Odd) -> tuple[tuple[str, str], ...]:
    own = (
        variables_of(odd.run)
        if odd.run is not None
        else (
            ("execution_id", odd.key),
            ("duration", span(odd.seconds)),
        )
    )
    ordinary = span(value_at(odd.expected, 0.0))
    return (
        *own,
        ("mean", ordinary),
        ("threshold", ordinary),
        ("direction", "fast" if odd.off < 0 else "slow"),
    )


def _shifted(rule: Rule, facts: Facts) -> Finding | None:
    """Return, until the next run has been learned from, that another duration is normal by now."""
    shifted = facts.learned.shifted
    if shifted is None or shifted.at <= facts.forgiven_until(NAME):
        return None
    before, after = span(shifted.before_seconds), span(shifted.after_seconds)
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=Severity.INFO,
        why=Why.NEW_NORMAL,
        since_at=shifted.at,
        summary=f"takes {after} by now, where {before} was normal; this is the new normal",
        evidence=(("before", before), ("now", after), ("certain since run", shifted.run)),
        next_step="Nothing, if something was changed on purpose; else find out what has, before it grows.",
        run=shifted.run,
        template=rule.message,
        variables=(("execution_id", shifted.run), ("mean", after), ("duration", after)),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return what was compared: what is normal, for each run at work, or how far learning has come."""
    normal = facts.learned.normal
    if facts.of_backfills:
        return (("learned from", "runs that were due, not backfills"),)
    if normal is None or normal.learning is not None:
        runs = 0 if normal is None or normal.learning is None else normal.learning.runs
        return (("learning", f"{runs} of 5 comparable runs"),)
    pairs = [("learned from", _learned_from(facts)), *tolerance_of(rule), *forgiven_of(facts, NAME)]
    zone = facts.job.definition.timezone
    for run in facts.state.open_runs[:3]:
        expected = None if run.started_at is None else expected_at(normal, run.started_at, zone)
        if run.is_retried:
            pairs.append((f"run {run.key}", "not compared, for attempts before count in its duration"))
        elif expected is not None:
            pairs.append((f"run {run.key}", f"normal is {_usual(expected)}"))
    newest = facts.learned.judged[-1] if facts.learned.judged else None
    if newest is not None and newest.spreads is not None:
        pairs.append(("last good run", f"{span(newest.seconds)}, {newest.spreads:+.1f} normal spreads"))
    return (*pairs, *remarks_of(facts))
