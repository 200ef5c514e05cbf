"""`clock_skew`: the clock of a host that a job runs on is wrong by minutes (F5)."""

from datetime import datetime

from tocsin.jobs.skew import ENOUGH, HostClock
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import MOST_SHOWN, Pairs, forgiven_of, some
from tocsin.rules.wording import clock_time, clock_words, plural

NAME = "clock_skew"
THRESHOLD_MINUTES = 5.0


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while the clock of a host is wrong by the rule's `threshold` of minutes, or more.

    How wrong it is, is the least difference between the sending of the last check-ins, by the host, and their
    receipt, by us (`jobs.skew`); it is said once three deliveries tell of it, and anew when it has changed
    by a tenth, so that a clock at the limit does not come and go. Only check-ins change it: there is nothing
    to wait for. Tolerance does not apply.
    """
    if not facts.state.clocks:
        return QUIET
    wrong = _wrong(rule, facts)
    return Verdict(finding=_finding(rule, facts, wrong)) if wrong else QUIET


def _wrong(rule: Rule, facts: Facts) -> list[HostClock]:
    """Return the clocks that are wrong by too much, the worst first."""
    limit_seconds, forgiven = 60 * _limit_minutes(rule), facts.forgiven_until(NAME)
    wrong = [
        clock
        for clock in facts.state.clocks
        if abs(clock.behind_seconds) >= limit_seconds
        and clock.since_at is not None
        and clock.since_at > forgiven
    ]
    return sorted(wrong, key=lambda clock: (-abs(clock.behind_seconds), clock.host))


def _limit_minutes(rule: Rule) -> float:
    return THRESHOLD_MINUTES if rule.threshold is None else rule.threshold


def _finding(rule: Rule, facts: Facts, wrong: list[HostClock]) -> Finding:
    worst = wrong[0]
    more = f", and {plural(len(wrong) - 1, 'more clock')}" if len(wrong) > 1 else ""
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.INFO,
        why=Why.CLOCK_WRONG,
        since_at=min(clock.since_at or clock.heard_at for clock in wrong),
        summary=f"{_whose(worst)} is {clock_words(worst.behind_seconds)}{more}",
        evidence=(
            *some([_shown(clock, facts) for clock in wrong], "clock"),
            ("judged by", "its instants corrected by as much, so nothing else is told too early or too late"),
        ),
        next_step="Have the clock of that host set by NTP; see whether the wrong clock is the server's.",
        template=rule.message,
        variables=(("threshold", f"{_limit_minutes(rule):g} min"),),
    )


def _whose(clock: HostClock) -> str:
    return f"the clock of host {clock.host}" if clock.host else "the clock of its host"


def _shown(clock: HostClock, facts: Facts) -> tuple[str, str]:
    name = f"host {clock.host}" if clock.host else "host"
    if clock.since_at is None:
        return name, f"said to be wrong once {ENOUGH} deliveries agree; so far {len(clock.lags)}"
    since = clock_time(clock.since_at.replace(microsecond=0), facts.job.definition.timezone)
    return name, f"{clock_words(clock.behind_seconds)} since {since}"


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return how wrong the clocks are that are not known to be right, and from when on that is told."""
    shown = [_shown(clock, facts) for clock in facts.state.clocks[:MOST_SHOWN]]
    return (
        *some(shown or [("clocks", "right, as far as check-ins say when they were sent")], "clock"),
        ("speaks from", f"{_limit_minutes(rule):g} min behind or ahead"),
        *forgiven_of(facts, NAME),
    )
