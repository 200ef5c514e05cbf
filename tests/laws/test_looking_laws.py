"""The same law for a whole look at a job: time, every rule, the alerts' own life and what is said of them."""

from collections.abc import Sequence
from dataclasses import replace as changed
from datetime import datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.groups import EachAlone
from tests.laws.histories import MINUTE, START, TICK, Life, lives, rules
from tocsin.alerts.advance import acknowledge
from tocsin.alerts.alert import Alert, SnoozeEnd
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route
from tocsin.alerts.silence import Silence
from tocsin.alerts.snooze import snooze
from tocsin.alerts.timeinterval import NamedInterval, TimeInterval, read_times
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.configuration import Configuration, Policy
from tocsin.engine.looking import Look, look
from tocsin.oncall import escalation
from tocsin.oncall.escalation import Level
from tocsin.quality.learned import learns_at
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.rule import Rule
from tocsin.store.rows import Watch

law = settings(derandomize=True, database=None, deadline=None, max_examples=60)

WALK = timedelta(hours=20)
TARGETS = {"team": ("team",), "ann": ("ann",), "boss": ("boss",)}
# Of the alerts: a repeat every four hours for each, the end of a window or silence now and then.
QUESTIONS_BESIDE = 60
QUESTIONS_OF_ONE = 12

ESCALATIONS = {
    policy_id: escalation.Policy(
        policy_id=policy_id,
        name=policy_id,
        levels=(
            Level(name="on-call", targets=("ann",), timeout_minutes=20),
            Level(name="boss", targets=("boss",), timeout_minutes=45, minutes_before_deadline=before),
            Level(name="nobody", targets=("nobody",)),
        ),
        repeat_after_minutes=again,
    )
    for policy_id, before, again in (("plain", None, None), ("by deadline", 30, None), ("again", None, 240))
}

TIMES = {"nap": ("00:20", "01:10"), "tea": ("01:10", "03:30"), "office": ("04:00", "11:00")}
WITH_TIMES = (
    Route(receiver="boss", continues=True, mute_time_intervals=("nap", "tea")),
    Route(receiver="ann", matchers=(read_matcher("severity!=info"),), active_time_intervals=("office",)),
)
SILENCES: tuple[tuple[str, int, int], ...] = (("severity=critical", 0, 90), ("condition=~.*", 200, 400))


def named(name: str, times: tuple[str, str]) -> NamedInterval:
    return NamedInterval(name=name, intervals=(TimeInterval(times=(read_times(*times),)),))


@st.composite
def books(draw: st.DrawFn) -> Book:
    chosen: tuple[Rule, ...] = tuple(draw(rules(condition)) for condition in sorted(CONDITIONS))
    policy = Policy(deduplication_limit=draw(st.sampled_from([1, 3])))
    configuration = Configuration(
        digest="",
        rules=chosen,
        route=Route(
            receiver="team",
            routes=draw(st.sampled_from([(), WITH_TIMES])),
            escalation=draw(st.sampled_from(["", *ESCALATIONS])),
        ),
        targets=TARGETS,
        time_intervals={name: named(name, times) for name, times in TIMES.items()},
        policy=policy,
        escalations=ESCALATIONS,
    )
    return Book(configuration=configuration, version=1, rule_book=RuleBook(chosen), silences=draw(silenced()))


@st.composite
def silenced(draw: st.DrawFn) -> tuple[Silence, ...]:
    found = draw(st.sampled_from([None, None, *SILENCES]))
    if found is None:
        return ()
    matcher, since, until = found
    silence = Silence(
        id="s",
        matchers=(read_matcher(matcher),),
        starts_at=START + since * MINUTE,
        ends_at=START + until * MINUTE,
        created_by="ann",
        created_at=START,
    )
    return (silence,)


class Watcher:
    """Looks at a job whenever the last look said so."""

    def __init__(self, life: Life, book: Book) -> None:
        self.watch = Watch(job=life.job, state=life.state, learned=life.learned, due_at=life.now)
        self.book = changed(book, blind=life.blind)
        self.alerts: Sequence[Alert] = ()
        self._ids = count(1)

    def glance(self, at: datetime) -> Look:
        """Look without any consequence."""
        return look(
            self.watch,
            self.alerts,
            self.book,
            at,
            lambda: f"alert-{next(self._ids)}",
            groups=EachAlone(),
        )

    def look(self, at: datetime) -> Look:
        self._learn(at)
        seen = self.glance(at)
        self.watch, self.alerts = seen.watch, tuple(seen.alerts)
        return seen

    def _learn(self, at: datetime) -> None:
        """Have the runs learned from that are due for it; what they teach is another matter."""
        learn_at = learns_at(self.watch.learned, self.watch.state.unlearned)
        if learn_at is not None and learn_at <= at:
            state = replace(self.watch.state, unlearned=None)
            self.watch = replace(self.watch, state=state, learned=replace(self.watch.learned, learned_at=at))

    def put_off(self, how: str, at: datetime) -> None:
        """Let somebody take every alert in hand for a time, or snooze it."""
        until = at + 50 * MINUTE
        self.alerts = tuple(
            acknowledge(alert, "ann", at, until_at=until).alert
            if how == "taken"
            else snooze(alert, "ann", at, end=SnoozeEnd[how], until_at=until).alert
            for alert in self.alerts
        )

    def acknowledge(self, at: datetime) -> None:
        self.alerts = tuple(acknowledge(alert, "ann", at).alert for alert in self.alerts)


def opinion(alert: Alert) -> tuple[object, ...]:
    """What an alert says, without the words and the evidence."""
    return alert.id, alert.state, alert.severity, alert.step, alert.why, alert.told


@law
@given(life=lives(most=10), book=books(), how=st.sampled_from(["taken", "TIME", "NEXT_RUN", "NEXT_SUCCESS"]))
def test_nothing_that_was_put_off_is_told_before_the_job_is_due(life: Life, book: Book, how: str) -> None:
    watcher = Watcher(life, book)
    watcher.look(life.now)
    watcher.put_off(how, life.now)
    at = life.now
    for _ in range(8):
        watcher.look(at)
        due_at = watcher.watch.due_at
        if due_at is None or not any(alert.is_open for alert in watcher.alerts):
            return
        assert due_at > at
        for instant in (at + (due_at - TICK - at) * share for share in (0.01, 0.5, 1.0)):
            seen = watcher.glance(instant)
            assert [opinion(a) for a in seen.alerts] == [opinion(a) for a in watcher.alerts], instant
        at = due_at


@law
@given(life=lives(most=10), book=books(), is_taken=st.booleans())
def test_nothing_about_a_job_changes_before_it_is_due(life: Life, book: Book, is_taken: bool) -> None:  # noqa: FBT001 - the law draws it
    watcher, end = Watcher(life, book), life.now + WALK
    at: datetime | None = life.now
    while at is not None and at < end:
        before = watcher.look(at)
        if is_taken:
            watcher.acknowledge(at)
            before = watcher.look(at)
        due_at = watcher.watch.due_at
        assert due_at is None or due_at > at
        last = (due_at or end) - TICK
        for instant in (at + (last - at) * share for share in (0.01, 0.5, 1.0)):
            seen = watcher.glance(instant)
            assert (len(seen.entries), len(seen.notifications), seen.opened) == (0, 0, 0), instant
            assert [opinion(a) for a in seen.alerts] == [opinion(a) for a in watcher.alerts], instant
            assert (list(seen.occurrences), list(seen.runs)) == ([], []), instant
            assert set(seen.unknown) <= set(before.unknown), instant
        at = due_at


@law
@given(life=lives(most=10), book=books())
def test_a_job_is_due_a_bounded_number_of_times(life: Life, book: Book) -> None:
    watcher, end, looks = Watcher(life, book), life.now + WALK, 0
    expected = set[datetime]()
    while watcher.watch.due_at is not None and watcher.watch.due_at < end:
        watcher.look(watcher.watch.due_at)
        looks += 1
        expected |= {o.nominal_at for o in watcher.watch.state.occurrences}
    about = len(life.state.open_runs) + len(life.state.failures) + len(expected)

    assert looks <= QUESTIONS_BESIDE + QUESTIONS_OF_ONE * about


@law
@given(life=lives(most=10), book=books())
def test_whoever_looks_all_the_time_sees_the_same_happen(life: Life, book: Book) -> None:
    lazy, eager = Watcher(life, book), Watcher(life, book)
    end = life.now + timedelta(hours=8)
    told_lazily, told_eagerly = [], []
    while lazy.watch.due_at is not None and lazy.watch.due_at < end:
        at = lazy.watch.due_at
        told_lazily += [(e.at, e.reason, e.severity) for e in lazy.look(at).entries]
    at = life.now
    while at < end:
        told_eagerly += [(e.at, e.reason, e.severity) for e in eager.look(at).entries]
        at = min(at + 7 * MINUTE, eager.watch.due_at or end)

    assert told_eagerly == told_lazily
