from datetime import datetime, timedelta

from msgspec.structs import replace

from tests.rules.facts import HOUR, MINUTE, NOON, asked, at, expected, facts, good, running
from tocsin.jobs.checkin import Progress
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.run import Attempt, Phase, Run
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import BlindWindow, JobState
from tocsin.quality.baseline import fit
from tocsin.quality.learned import Learned
from tocsin.quality.series import Kind, Point, series_of
from tocsin.rules.facts import Awaited, Facts
from tocsin.rules.finding import LEARNING, QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.foreseeing import awaited_of, outlook_of

TICK = timedelta(microseconds=1)
HOURLY = read_schedule("0 * * * *", "UTC")


def taught(minutes: float = 15, runs: int = 18) -> Learned:
    """What runs each day about so long have taught, which began up to two minutes late."""
    shares = (1.0, 0.93, 1.07, 1.0, 0.87, 1.0, 1.13, 1.0, 0.93, 1.07)
    points = [
        Point(order_at=(NOON - (runs - n) * 24 * HOUR).timestamp(), value=60 * minutes * shares[n % 10])
        for n in range(runs)
    ]
    normal = fit(series_of(points), kind=Kind.DURATION, timezone="UTC")
    return Learned(normal=normal, delays=tuple(30.0 * (n % 5) for n in range(min(runs, 24))))


def known(run: Run | None, deadline: str = "12:25", learned: Learned | None = None) -> Facts:
    """A job that was expected at noon, with the run that took that."""
    status = OccurrenceStatus.EXPECTED if run is None else OccurrenceStatus.STARTED
    occurrence = expected("12:00", status, deadline=deadline, run=None if run is None else run.key)
    state = JobState(open_runs=() if run is None else (run,), occurrences=(occurrence,))
    return replace(facts(state, schedule=HOURLY), learned=taught() if learned is None else learned)


def told(done: float, when: str) -> Run:
    return running(progress=Progress(done=done, total=100), progress_at=at(when), last_sign_at=at(when))


def found_of(verdict: Verdict) -> Finding:
    assert verdict.finding is not None
    return verdict.finding


def clock(instant: datetime) -> str:
    return instant.strftime("%H:%M:%S.%f")


def turning_at(of_run: Facts, threshold: float = 0.8) -> datetime:
    """When a run becomes a risk, asked from noon on at just the instants that are named."""
    at_ = NOON
    for _ in range(4):
        verdict = asked("deadline_risk", of_run, clock(at_), threshold=threshold)
        if verdict.finding is not None:
            return at_
        assert verdict.ask_again_at is not None
        assert verdict.ask_again_at > at_
        at_ = verdict.ask_again_at
    raise AssertionError("it is asked too often")


def test_it_asks_again_at_the_very_instant_at_which_the_run_becomes_a_risk() -> None:
    of_run = known(running())
    turns_at = turning_at(of_run)
    assert at("12:15") < turns_at < at("12:24")

    assert asked("deadline_risk", of_run, clock(turns_at - TICK)).finding is None
    finding = found_of(asked("deadline_risk", of_run, clock(turns_at)))
    assert (finding.severity, finding.why) == (Severity.WARNING, Why.DEADLINE_AT_RISK)
    assert finding.since_at == turns_at


def test_what_was_found_holds_until_the_probability_is_well_below_the_threshold() -> None:
    before = known(told(12, "12:07"))
    verdict = asked("deadline_risk", before, "12:15")
    assert len(verdict.at_risk) == 1

    for done, holds in ((55, True), (62, False)):
        after = known(told(done, "12:15"))
        outlook = outlook_of(after, at("12:15"))
        assert outlook is not None
        assert outlook.miss_probability is not None
        assert (0.6 <= outlook.miss_probability < 0.8) is holds
        assert asked("deadline_risk", after, "12:15").finding is None
        marked = replace(after, state=replace(after.state, at_risk=verdict.at_risk))
        again = asked("deadline_risk", marked, "12:15")
        assert (again.finding is not None) is holds
        assert again.at_risk == (verdict.at_risk if holds else ())


def test_a_mark_of_another_rule_or_another_run_does_not_count() -> None:
    after = known(told(55, "12:15"))
    (mark,) = asked("deadline_risk", known(told(12, "12:07")), "12:15").at_risk

    for other in (replace(mark, rule="other"), replace(mark, nominal_at=at("11:00"))):
        state = replace(after.state, at_risk=(other,))
        assert asked("deadline_risk", replace(after, state=state), "12:15").finding is None


def test_after_the_deadline_it_finds_nothing_new_and_takes_nothing_back() -> None:
    of_run = known(running())
    assert asked("deadline_risk", of_run, "12:26") == QUIET

    marks = asked("deadline_risk", of_run, "12:24").at_risk
    late = asked("deadline_risk", replace(of_run, state=replace(of_run.state, at_risk=marks)), "12:26")
    assert (late.finding, late.cannot_tell, late.ask_again_at) == (None, True, None)


def test_threshold_and_evidence_are_the_rule_s() -> None:
    of_run = known(running())
    assert turning_at(of_run, threshold=0.5) < turning_at(of_run)

    assert asked("deadline_risk", of_run, "12:24", fewest=30) == QUIET


def test_without_a_promise_or_enough_past_it_says_nothing() -> None:
    promised = known(running())
    assert asked("deadline_risk", replace(promised, learned=Learned()), "12:24") == QUIET
    assert asked("deadline_risk", replace(promised, state=JobState(open_runs=(running(),))), "12:24") == QUIET
    assert asked("deadline_risk", known(running(), learned=taught(runs=1)), "12:24") is QUIET
    assert LEARNING.finding is None


def test_a_run_that_begins_anew_after_a_failed_attempt_is_reckoned_from_there() -> None:
    first = Attempt(number=1, ended_at=at("12:14"))
    again = running(attempt=2, max_attempts=2, attempts=(first,), phase=Phase.RUNNING)
    finding = found_of(asked("deadline_risk", known(again), "12:16"))

    assert dict(finding.evidence)["expected finish"] > "2026-03-10 12:26"


def test_what_a_blind_window_hides_is_decided_when_its_wait_is_over() -> None:
    crossing = turning_at(known(running()))
    hold_until = crossing + 2 * MINUTE
    window = BlindWindow(id=1, from_at=crossing - MINUTE, to_at=crossing + MINUTE, hold_until=hold_until)
    blind = replace(known(running()), blind=(window,))

    assert asked("deadline_risk", blind, "12:19").ask_again_at == hold_until
    assert asked("deadline_risk", blind, clock(hold_until)).finding is not None


def test_how_long_a_run_may_take_counts_beside_its_deadline() -> None:
    run = running()
    by_duration = replace(
        facts(JobState(open_runs=(run,), recent=(good("b", "11:00"),)), SLA(max_duration_seconds=1_500)),
        learned=taught(),
    )

    assert "longer than the 25 min" in found_of(asked("deadline_risk", by_duration, "12:24")).summary


def test_a_run_that_waits_is_as_late_as_what_it_waits_for() -> None:
    extract = replace(known(told(15, "12:10")), job=replace(known(None).job, name="extract"))
    awaited = awaited_of(extract)
    assert [one.job for one in awaited] == ["extract"]

    alone = known(None, deadline="12:45")
    waiting = replace(alone, awaited=awaited)
    assert asked("deadline_risk", alone, "12:16").finding is None
    finding = found_of(asked("deadline_risk", waiting, "12:16"))
    assert dict(finding.evidence)["waits for"] == "extract"


def test_what_starts_only_after_the_deadline_is_not_waited_for() -> None:
    tomorrow = Awaited(
        job="extract",
        order_at=NOON + 24 * HOUR,
        has_started=False,
        told_at=NOON,
        ends=((NOON + 25 * HOUR, 1.0),),
    )
    alone = known(None, deadline="12:45")

    assert asked("deadline_risk", replace(alone, awaited=(tomorrow,)), "12:16").finding is None
