"""What rules have said of a job, for as long as it stands.

It is the law of every condition that with the same facts its opinion stays the same until it wants to be
asked again. So where an alert is only told again, nobody need be asked anew.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tocsin.rules.facts import Facts
from tocsin.rules.finding import Verdict
from tocsin.rules.judge import Ask, Judged, judge
from tocsin.rules.rule import Rule


class _Said(NamedTuple):
    """What rules have said of these facts at `at`, and when the first of them wants to be asked again."""

    rules: Iterable[Rule]
    facts: Facts
    at: datetime
    until_at: datetime | None
    judged: Judged

    def stands(self, rules: Iterable[Rule], facts: Facts, now: datetime) -> bool:
        """Whether the same would be said now."""
        is_time = self.at <= now and (self.until_at is None or now < self.until_at)
        return is_time and self.rules == rules and self.facts == facts


class Opinions:
    """Asks rules by `ask`, and remembers of each job what they have said last."""

    def __init__(self, ask: Ask = judge) -> None:
        self._ask = ask
        self._said: dict[tuple[int, bool], _Said] = {}

    def ask(self, rules: Iterable[Rule], facts: Facts, now: datetime) -> Judged:
        """Return what `judge` does."""
        place = facts.job.id, facts.of_backfills
        known = self._said.get(place)
        if known is not None and known.stands(rules, facts, now):
            return known.judged
        judged = self._ask(rules, facts, now)
        verdicts = [verdict for _, verdict in judged if isinstance(verdict, Verdict)]
        if len(verdicts) < len(judged):
            return judged
        until_at = min((one.ask_again_at for one in verdicts if one.ask_again_at is not None), default=None)
        self._said[place] = _Said(rules, facts, now, until_at, judged)
        return judged
