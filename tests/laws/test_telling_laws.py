"""What holds for everything that is said: never too often, never forgotten, always closed."""

from datetime import datetime, timedelta
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import START, TICK
from tocsin.alerts.advance import acknowledge, advance, as_past, open_alert, resolve
from tocsin.alerts.alert import Alert, AlertState, Reason, SnoozeEnd, Told
from tocsin.alerts.fingerprint import FIELDS, fingerprint
from tocsin.alerts.muting import Mute
from tocsin.alerts.snooze import lapse, snooze
from tocsin.alerts.telling import Manners, Speech, is_told_once, said, speak
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.state import JobState
from tocsin.rules.finding import Finding, Severity, Why

law = settings(derandomize=True, database=None, deadline=None, max_examples=200)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
JOB = Job(name="etl", environment="production", registered_at=START)
TARGETS = {
    Severity.INFO: ("log",),
    Severity.WARNING: ("team",),
    Severity.CRITICAL: ("team", "mail"),
    Severity.PAGE: ("pager",),
}

severities = st.sampled_from(sorted(Severity))
manners = st.builds(
    Manners,
    repeat_every=st.sampled_from([30 * MINUTE, 4 * HOUR]),
    window=st.sampled_from([20 * MINUTE, HOUR]),
    limit=st.integers(1, 4),
    repeat_past_every=st.sampled_from([None, 2 * HOUR]),
)


def finding(severity: Severity = Severity.CRITICAL, step: int = 1, **more: object) -> Finding:
    plain = {
        "summary": "failed",
        "since_at": START,
        "why": Why.FAILED,
        "rule": "r",
        "condition": "job_failure",
    }
    return Finding(severity=severity, step=step, **{**plain, **more})  # type: ignore[arg-type] # named by the test


findings = st.builds(finding, severities, st.integers(1, 4), run=st.sampled_from(["at work", "past", *"abc"]))
events = st.one_of(
    st.tuples(st.just("finds"), findings),
    st.tuples(st.just("finds"), findings),
    st.tuples(st.sampled_from(["is well", "is taken", "is resolved"]), st.none()),
    st.tuples(st.just("is taken for"), st.sampled_from([5 * MINUTE, 3 * HOUR])),
    st.tuples(st.just("is snoozed for"), st.sampled_from([5 * MINUTE, 9 * HOUR])),
    st.tuples(st.just("is silenced"), st.sampled_from([10 * MINUTE, 2 * HOUR])),
)
lives_of_alerts = st.lists(st.tuples(st.sampled_from([0, 1, 7, 25, 90]), events), max_size=25)


class Speaker:
    """One trouble of one job, told by the rules of the house, looked at only when it is due."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.now = START
        self.alert: Alert | None = None
        self.mute: Mute | None = None
        self.due_at: datetime | None = None
        self.told = Told()
        self.spoken: list[tuple[datetime, Speech, Severity, bool]] = []
        self.open_at: dict[str, int] = {}
        self._ids = count(1)

    def live_until(self, end: datetime) -> None:
        while self.due_at is not None and self.due_at <= end:
            assert self.due_at > self.now or self.due_at == end
            self.now = self.due_at
            self._look()
        self.now = end

    def happens(self, what: str, about: object) -> None:
        alert = self.alert
        if what == "finds" and isinstance(about, Finding):
            if alert is None:
                opened = open_alert(
                    JOB,
                    about,
                    alert_id=f"{next(self._ids)}",
                    fingerprint="f",
                    runbook="",
                    now=self.now,
                    told=self.told,
                )
                change = opened
            else:
                change = advance(alert, about, self.now)
            self.alert = as_past(change, is_past=about.run != "at work").alert
        elif what == "is silenced" and isinstance(about, timedelta):
            self.mute = Mute(reason=Reason.SILENCED, until_at=self.now + about)
        elif alert is not None and what == "is taken for" and isinstance(about, timedelta):
            self.alert = acknowledge(alert, "ann", self.now, until_at=self.now + about).alert
        elif alert is not None and what == "is snoozed for" and isinstance(about, timedelta):
            end = self.now + about
            self.alert = snooze(alert, "ann", self.now, end=SnoozeEnd.TIME, until_at=end).alert
        elif alert is not None and what == "is taken":
            self.alert = acknowledge(alert, "ann", self.now).alert
        elif alert is not None and what == "is resolved":
            self.alert = resolve(alert, Reason.RESOLVED_BY_HAND, "ann", self.now).alert
        elif alert is not None and what == "is well":
            self.alert = advance(alert, None, self.now).alert
        self._look()

    def _look(self) -> None:
        if self.alert is not None:
            self.alert = lapse(self.alert, JobState(), self.now).alert
        alert = self.alert
        if alert is None:
            self.due_at = None
            return
        utterance = speak(alert, self.now, self.manners, mute=self.mute)
        self.due_at = utterance.ask_again_at
        assert self.due_at is None or self.due_at > self.now
        if utterance.speech is not None:
            self._say(alert, utterance.speech)
        if not alert.is_open and self.alert is not None:
            self.told, self.alert = self.alert.told, None

    def _say(self, alert: Alert, speech: Speech) -> None:
        is_end = speech is Speech.RESOLVED
        targets = alert.told.targets if is_end else TARGETS[alert.severity]
        before = alert.told.severity
        rises = alert.severity is Severity.PAGE and (before is None or before < Severity.PAGE)
        self.spoken.append((self.now, speech, alert.severity, rises))
        for target in targets:
            self.open_at[target] = 0 if is_end else 1
        self.alert = said(alert, speech, targets, self.now, self.manners)
        assert bool(self.alert.told.targets) is not is_end

    @property
    def is_up_to_date(self) -> bool:
        """Whether the receivers know how bad it is."""
        alert = self.alert
        assert alert is not None
        told = alert.told
        return told.severity is not None and (alert.severity, alert.step) <= (told.severity, told.step)


def lived(manners: Manners, life: list[tuple[int, tuple[str, object]]]) -> Speaker:
    speaker = Speaker(manners)
    for minutes, (what, about) in life:
        speaker.live_until(speaker.now + minutes * MINUTE)
        speaker.happens(what, about)
    return speaker


@law
@given(manners=manners, life=lives_of_alerts)
def test_nothing_is_said_more_often_than_allowed_but_a_page(
    manners: Manners, life: list[tuple[int, tuple[str, object]]]
) -> None:
    speaker = lived(manners, life)
    speaker.live_until(speaker.now + 10 * HOUR)
    counted = [(at, rises) for at, speech, _, rises in speaker.spoken if speech is not Speech.RESOLVED]
    for end, _ in counted:
        window = [rises for at, rises in counted if end - manners.window < at <= end]
        assert len(window) <= manners.limit + sum(window)


@law
@given(manners=manners, life=lives_of_alerts)
def test_nothing_that_is_owed_is_forgotten(
    manners: Manners, life: list[tuple[int, tuple[str, object]]]
) -> None:
    speaker = lived(manners, life)
    speaker.live_until(speaker.now + 2 * HOUR + manners.window)

    alert = speaker.alert
    if alert is not None and alert.state is AlertState.FIRING and alert.snooze is None:
        assert speaker.is_up_to_date
        last = alert.told.last_at
        assert last is not None
        is_old = is_told_once(alert) and alert.told.run == alert.run
        every = manners.repeat_past_every if is_old else manners.repeat_every
        if every is None:
            assert speaker.due_at is None
        else:
            assert speaker.now - last <= max(every, manners.window)


@law
@given(manners=manners, life=lives_of_alerts)
def test_whoever_heard_the_beginning_hears_the_end(
    manners: Manners, life: list[tuple[int, tuple[str, object]]]
) -> None:
    speaker = lived(manners, [*life, (5, ("is well", None))])

    assert set(speaker.open_at.values()) <= {0}
    kinds = [speech for _, speech, _, _ in speaker.spoken]
    for before, after in pairwise(kinds):
        assert (before, after) != (Speech.RESOLVED, Speech.RESOLVED)
        assert after is not Speech.FIRING or before is Speech.RESOLVED


@law
@given(manners=manners, life=lives_of_alerts)
def test_what_is_said_changes_only_when_it_is_asked_again(
    manners: Manners, life: list[tuple[int, tuple[str, object]]]
) -> None:
    speaker = lived(manners, life)
    alert = speaker.alert
    if alert is None:
        return
    first = speak(alert, speaker.now, manners, mute=speaker.mute)
    end = first.ask_again_at or speaker.now + 100 * HOUR
    for share in (0.01, 0.3, 0.77, 1.0):
        instant = speaker.now + (end - TICK - speaker.now) * share
        again = speak(alert, instant, manners, mute=speaker.mute)
        assert (again.speech, again.reason) == (first.speech, first.reason)


@law
@given(
    fields=st.lists(st.sampled_from([*FIELDS, "team", "tier"]), max_size=6),
    labels=st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["a", "b"])),
    data=st.data(),
)
def test_a_fingerprint_is_of_the_chosen_fields_alone(
    fields: list[str], labels: dict[str, str], data: st.DataObject
) -> None:
    job = Job(
        name="etl",
        environment="production",
        registered_at=START,
        definition=Definition(labels=tuple(sorted(labels.items()))),
    )
    first = fingerprint(job, finding(), tuple(fields))

    shuffled = tuple(data.draw(st.permutations(fields)))
    other = finding(Severity.INFO, 3, summary="something else", run="x", why=Why.RETRY_MISSING)
    assert fingerprint(job, other, shuffled) == first
    for name in ("environment", "name"):
        assert fingerprint(replace(job, **{name: "other"}), finding(), tuple(fields)) != first
    differs = fingerprint(job, finding(condition="no_data"), tuple(fields)) != first
    assert differs == ("condition" in fields)


def test_a_fingerprint_is_the_same_in_every_process_and_version() -> None:
    assert fingerprint(JOB, finding(), ("job", "environment", "condition")) == "243ee41982319865"
