"""Which rules watch a job: all patterns at once, and as each of them alone would say."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.alerts.matcher import match_all, read_matcher
from tocsin.engine import book
from tocsin.engine.book import RuleBook
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.sla import SLA
from tocsin.rules import pattern
from tocsin.rules.pattern import compile_pattern
from tocsin.rules.rule import Rule

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
PATTERNS = ("", "", "etl", "etl_.*", ".*load$", "(?i)ETL", "a|b|etl_a", "[^e]", "etl_a", "\\w+_b", ".*", "$")
NAMES = ("etl", "etl_a", "etl_b", "load", "etl_load", "x", "ETL", "ab", "überladen", "a\nb")
MATCHERS = ((), (), ("team=data",), ('team!="data"',), ("team=~d.*", "job=~etl.*"))


def job(name: str = "etl", number: int = 1, **labels: str) -> Job:
    definition = Definition(labels=tuple(sorted(labels.items())))
    return Job(name=name, environment="production", registered_at=NOON, id=number, definition=definition)


def fits(rule: Rule, one: Job) -> bool:
    by_pattern = not rule.job_pattern or compile_pattern(rule.job_pattern).match(one.name) is not None
    labels = dict(one.all_labels)
    return rule.enabled and by_pattern and match_all(map(read_matcher, rule.matchers), labels)


@st.composite
def many_rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            name=str(number),
            condition="job_failure",
            job_pattern=draw(st.sampled_from(PATTERNS)),
            matchers=draw(st.sampled_from(MATCHERS)),
            enabled=draw(st.sampled_from([True, True, False])),
        )
        for number in range(draw(st.integers(0, 12)))
    )


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(rules=many_rules(), names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), team=st.booleans())
def test_all_rules_asked_at_once_say_what_each_of_them_says_alone(
    rules: tuple[Rule, ...],
    names: list[str],
    team: bool,  # noqa: FBT001 - the law draws it
) -> None:
    known = RuleBook(rules)
    labels = {"team": "data"} if team else {}

    for number, name in enumerate((*names, *names)):
        one = job(name, number % len(names), **labels)
        assert known.rules_for(one) == tuple(rule for rule in rules if fits(rule, one))


def test_a_job_of_another_name_or_label_is_watched_by_other_rules() -> None:
    named = Rule(name="a", condition="job_failure", job_pattern="etl")
    labelled = Rule(name="b", condition="job_failure", matchers=("team=data",))
    known = RuleBook((named, labelled))

    assert known.rules_for(job("etl")) == (named,)
    assert known.rules_for(job("etl", team="data")) == (named, labelled)
    assert known.rules_for(job("load", team="data")) == (labelled,)
    assert known.rules_for(replace(job("etl"), paused_at=NOON)) == (named,)


def test_the_answers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MAX_REMEMBERED_JOBS", 3)
    known = RuleBook((Rule(name="a", condition="job_failure", job_pattern="etl"),))

    for number in range(10):
        assert known.rules_for(job("etl", number))

    assert len(known._remembered) == 3  # noqa: SLF001 -- what is bounded is seen from nowhere else


def test_patterns_too_large_to_be_tried_at_once_are_tried_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern, "_MEMORY_OF_MANY", 1_000)
    patterns = [f"etl_[a-z]{{3,{number + 9}}}x" for number in range(40)]

    assert pattern.PatternSet(patterns).fitting("etl_abcx") == list(range(40))
    assert pattern.PatternSet(patterns).fitting("load") == []


def test_a_rule_without_a_limit_is_not_asked_about_a_job_that_promises_none() -> None:
    rules = tuple(Rule(name=name, condition=name) for name in ("job_failure", "min_records", "data_quality"))
    promising = replace(job().definition, sla=SLA(min_records_processed=10))
    known = RuleBook(rules)
    patterned = RuleBook(tuple(dataclasses.replace(rule, job_pattern="etl") for rule in rules))

    for book_ in (known, patterned):
        plain = job()
        assert [rule.name for rule in book_.asked_of(plain)] == ["job_failure"]
        promised = replace(plain, definition=promising)
        assert [rule.name for rule in book_.asked_of(promised)] == ["job_failure", "min_records"]
        assert [rule.name for rule in book_.rules_for(plain)] == [rule.name for rule in rules]
