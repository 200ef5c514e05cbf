"""What one replay has made of a job with nothing to say, for another of the same past that comes to the same.

Under two configurations nearly everything that happens is asked twice. As long as a job has come to the same
under both, and what they say of it differs in nothing that is gone by, the second is told what the first has
made of it; it asks its rules alone that may say something else.
"""

from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from tocsin.engine.book import Book
from tocsin.engine.looking import Look
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.folding import Folded
from tocsin.jobs.job import Job
from tocsin.jobs.run import Run
from tocsin.jobs.state import JobState
from tocsin.rules.facts import Facts, has_backfills
from tocsin.rules.finding import Verdict
from tocsin.rules.judge import Judged, judge
from tocsin.rules.reading import OF_RUNS, differing, end_alike, tells_apart, tells_the_same_runs
from tocsin.rules.rule import Rule
from tocsin.store.rows import Watch

MOST_STEPS: Final = 4_096
"""So many steps of one replay wait for the other to come to them; it asks all anew that it finds no more."""


class _Split(NamedTuple):
    """Which rules the second has to ask itself, and the names of those that the first has asked for both."""

    own: tuple[Rule, ...]
    shared: frozenset[str]


class _Pair(NamedTuple):
    """One job under two configurations, and what both can share: the rules with and without runs, or None.

    `differing` is in what the definitions differ.
    """

    job: Job
    book: Book
    second: Job
    second_book: Book
    with_runs: _Split | None
    without_runs: _Split | None
    differing: frozenset[str]


class Heard(NamedTuple):
    """A check-in of a job, with the run that it speaks of, or the name for one that has none."""

    watch: Watch
    book: Book
    check_in: CheckIn
    run: Run | None
    new_key: str


class _Look(NamedTuple):
    watch: Watch
    book: Book
    seen: Look


_NOTHING: Final[tuple[None, None]] = None, None


class Together:
    """The steps of whoever came first, each told once to the other."""

    def __init__(self) -> None:
        self._folds: dict[int, tuple[Heard, Folded]] = {}
        self._looks: dict[tuple[int, datetime], _Look] = {}
        self._pairs: dict[int, _Pair] = {}

    def folded(self, heard: Heard) -> Folded | None:
        """Return what the other has made of this check-in, where it comes to the same here."""
        known, folded = self._folds.get(heard.watch.job.id, _NOTHING)
        if known is None or folded is None:
            return None
        if known.check_in is not heard.check_in or known.new_key != heard.new_key:
            return None
        pair = self._pair(known.watch.job, known.book, heard.watch.job, heard.book)
        if pair.with_runs is None or not _is_same(known.watch, heard.watch):
            return None
        if (known.run is not heard.run and known.run != heard.run) or not end_alike(
            folded, pair.differing, heard.watch.job.definition.sla
        ):
            return None
        return folded

    def keep_folded(self, heard: Heard, folded: Folded) -> None:
        """Keep for the other what was made of a check-in."""
        self._folds[heard.watch.job.id] = heard, folded

    def looked_at(self, watch: Watch, book: Book, now: datetime) -> Watch | None:
        """Return a job as the other has left it after a look, with what is to be asked here itself.

        None where this look may bring something else.
        """
        known = self._looks.pop((watch.job.id, now), None)
        if known is None or not _is_same(known.watch, watch):
            return None
        pair = self._pair(known.watch.job, known.book, watch.job, book)
        state = known.seen.state
        split = pair.with_runs if state.open_runs or state.failures else pair.without_runs
        if split is None or not _is_nothing(known.seen):
            return None
        asks = _asks_of(known.seen.judged, split.shared)
        own = _asks_of(_judged(split.own, watch, state, book, now)) if split.own else []
        if asks is None or own is None:
            return None
        asks += own
        if known.seen.settled_until is not None:
            asks.append(known.seen.settled_until)
        due_at = min(asks) if asks else None
        return replace(watch, state=state, due_at=due_at, judged_under=book.version, alerting=False)

    def keep_look(self, watch: Watch, book: Book, now: datetime, seen: Look) -> None:
        """Keep for the other what a look has brought."""
        if len(self._looks) >= MOST_STEPS:
            self._looks.clear()
        self._looks[watch.job.id, now] = _Look(watch, book, seen)

    def _pair(self, job: Job, book: Book, second: Job, second_book: Book) -> _Pair:
        """Return what two can share of a job, worked out anew where any of both is another than before."""
        known = self._pairs.get(job.id)
        if (
            known is not None
            and known.job is job
            and known.book is book
            and known.second is second
            and known.second_book is second_book
        ):
            return known
        found = self._pairs[job.id] = _paired(job, book, second, second_book)
        return found


def _is_same(one: Watch, other: Watch) -> bool:
    is_known = one.learned is other.learned or one.learned == other.learned
    return is_known and (one.state is other.state or one.state == other.state)


def _is_nothing(seen: Look) -> bool:
    """Whether a look has decided nothing, of a job's own runs alone, and left no mark."""
    decided = seen.runs or seen.occurrences or seen.unknown
    return not (decided or seen.state.at_risk or has_backfills(seen.state))


def _asks_of(judged: Judged, names: frozenset[str] | None = None) -> list[datetime] | None:
    """Return when rules want to be asked again, all or those of these names; None where one says more."""
    asks = []
    for rule, verdict in judged:
        if not isinstance(verdict, Verdict) or not verdict.is_quiet:
            return None
        if verdict.ask_again_at is not None and (names is None or rule.name in names):
            asks.append(verdict.ask_again_at)
    return asks


def _judged(rules: tuple[Rule, ...], watch: Watch, state: JobState, book: Book, now: datetime) -> Judged:
    """Return what rules say of a job that waits for no other and has no runs that make up for old ones."""
    facts = Facts(
        job=watch.job,
        state=state,
        learned=watch.learned,
        blind=book.blind,
        known_failures=book.configuration.known_failures,
    )
    return judge(rules, facts, now)


def _paired(job: Job, book: Book, second: Job, second_book: Book) -> _Pair:
    differ = differing(job.definition, second.definition)
    asked = book.rule_book.asked_of(job), second_book.rule_book.asked_of(second)
    is_alike = (
        replace(job, definition=second.definition) == second
        and tells_the_same_runs(differ)
        and not (job.definition.upstream or book.set_aside or second_book.set_aside)
        and book.blind == second_book.blind
        and book.configuration.policy.abandon_after == second_book.configuration.policy.abandon_after
        and book.configuration.known_failures == second_book.configuration.known_failures
        and book.rule_book.held_to(job) == second_book.rule_book.held_to(second)
    )
    return _Pair(
        job=job,
        book=book,
        second=second,
        second_book=second_book,
        with_runs=_split(*asked, differ) if is_alike else None,
        without_runs=_split(*asked, differ - OF_RUNS) if is_alike else None,
        differing=differ,
    )


def _split(one: tuple[Rule, ...], other: tuple[Rule, ...], differ: frozenset[str]) -> _Split:
    known = {rule.name: rule for rule in one if not tells_apart(rule.condition, differ)}
    shared = frozenset(rule.name for rule in other if known.get(rule.name) == rule)
    return _Split(own=tuple(rule for rule in other if rule.name not in shared), shared=shared)
