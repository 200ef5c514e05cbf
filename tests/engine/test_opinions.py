"""What rules have said is not asked again while it stands."""

from collections.abc import Iterable
from dataclasses import replace as changed
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.engine.test_tuning import BEGINS, JOB
from tocsin.engine.opinions import Opinions
from tocsin.jobs.state import JobState
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Severity, Verdict
from tocsin.rules.judge import Judged
from tocsin.rules.rule import Rule

FACTS = Facts(job=replace(JOB, id=1), state=JobState())
MINUTE = timedelta(minutes=1)
RULE = next(rule for rule in DEFAULT_RULES if rule.condition == "job_failure")


class Asked(Opinions):
    """Knows at which instants the rules themselves were asked; they want to be asked again at ten past."""

    def __init__(self) -> None:
        super().__init__(self._said_by_rules)
        self.asked: list[datetime] = []

    def _said_by_rules(self, rules: Iterable[Rule], facts: Facts, now: datetime) -> Judged:
        assert facts.job.name == JOB.name
        self.asked.append(now)
        return [(rule, Verdict(ask_again_at=BEGINS + 10 * MINUTE)) for rule in rules]


def test_what_was_said_of_the_same_facts_is_not_asked_again_until_it_wants_to_be() -> None:
    known = Asked()
    for minute in (0, 3, 9, 10):
        known.ask((RULE,), FACTS, BEGINS + minute * MINUTE)

    assert known.asked == [BEGINS, BEGINS + 10 * MINUTE]


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        (changed(RULE, severity=Severity.PAGE), FACTS),
        (RULE, replace(FACTS, state=replace(FACTS.state, failures_dropped=1))),
        (RULE, replace(FACTS, job=replace(FACTS.job, definition=replace(FACTS.job.definition, owner="ann")))),
    ],
    ids=["rule", "state", "job"],
)
def test_other_facts_and_other_rules_are_asked_for_anew(rule: Rule, facts: Facts) -> None:
    known = Asked()
    known.ask((RULE,), FACTS, BEGINS)
    known.ask((rule,), facts, BEGINS + MINUTE)

    assert known.asked == [BEGINS, BEGINS + MINUTE]


def test_nothing_is_known_of_an_instant_before_it_was_asked() -> None:
    known = Asked()
    known.ask((RULE,), FACTS, BEGINS)
    known.ask((RULE,), FACTS, BEGINS - MINUTE)

    assert known.asked == [BEGINS, BEGINS - MINUTE]


def test_a_rule_that_has_raised_is_asked_anew() -> None:
    known, unheard_of = Opinions(), changed(RULE, condition="unheard_of")
    first, second = (known.ask((unheard_of,), FACTS, BEGINS) for _ in range(2))

    assert isinstance(first[0][1], KeyError)
    assert first is not second
