"""Why it is so: what is said of a job and of its alerts at an instant of a story, to whoever asks."""

from dataclasses import replace

import pytest
from msgspec import structs

from tests.stories.story import Story
from tocsin.alerts.throttle import Throttle
from tocsin.engine.book import RuleBook
from tocsin.engine.explained_alert import AlertExplanation, Heard, Standing, explain_alert
from tocsin.engine.explanation import Explanation, NotAsked, Stance, explain
from tocsin.engine.why_words import (
    words_of_climb,
    words_of_hearer,
    words_of_life,
    words_of_next_look,
    words_of_opinion,
    words_of_passing,
    words_of_standing,
    words_of_telling,
)
from tocsin.oncall.escalation import Level
from tocsin.rules import judge as judging
from tocsin.rules.rule import Rule


def of_job(story: Story, job: str = "etl") -> Explanation:
    return explain(story.watch(job), story.server.writer.rounds.book, story.clock.at)


def of_alert(story: Story, job: str = "etl") -> AlertExplanation:
    (alert,) = [one for one in story.alerts() if one.job == job]
    return explain_alert(
        alert, story.alerts(), of_job(story, job), story.server.writer.rounds.book, story.clock.at
    )


def said(explained: Explanation) -> dict[str, str]:
    zone = explained.job.definition.timezone
    return {one.rule.name: words_of_opinion(one, zone) for one in explained.opinions}


def passed_over(explained: Explanation) -> dict[str, str]:
    return {one.rule.name: words_of_passing(one) for one in explained.passed_over}


def test_a_job_with_a_deadline_is_explained_before_anything_is_wrong(story: Story) -> None:
    story.begins("2026-11-22", zone="America/New_York")
    story.job("etl", schedule="0 5 * * *", deadline="06:00")
    story.at("05:12").starts("etl", run="r")
    explained = of_job(story)

    assert said(explained)["promise broken"] == "quiet so far"
    (opinion,) = [one for one in explained.opinions if one.rule.condition == "sla_breach"]
    assert opinion.facts[0] == (
        "deadline 2026-11-22 06:00 EST",
        "run r started 2026-11-22 05:12 EST, not ended",
    )
    assert words_of_next_look(explained) == "2026-11-22 05:30 EST, in 18 min"
    assert story.clock_time(opinion.verdict.ask_again_at or story.clock.at) == "05:30"


def test_a_finding_is_explained_with_its_alert(story: Story) -> None:
    story.at("08:00").fails("etl", run="r", error="boom")
    explained = of_job(story)

    assert said(explained)["job failed"] == "critical: failed: boom (since 2026-03-10 08:00 UTC)"
    (opinion,) = [one for one in explained.opinions if one.stance is Stance.FINDING]
    assert opinion.fingerprint == story.alerts()[0].fingerprint


def test_what_a_rule_tolerates_is_named_as_such(story: Story) -> None:
    story.rule("job_failure", name="twice", in_a_row=2)
    story.at("08:00").fails("etl")

    assert said(of_job(story))["twice"] == "quiet: it would speak, but for what it tolerates"
    (opinion,) = [one for one in of_job(story).opinions if one.rule.name == "twice"]
    assert ("speaks from", "2 in a row") in opinion.facts


def test_what_a_person_has_declared_over_is_named_as_such(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").resolves("ann")

    words = "quiet: a person has declared over what it would speak of"
    assert said(of_job(story))["job failed"] == words


def test_what_could_not_be_heard_is_unknown(story: Story) -> None:
    story.job("etl", stalled_after_seconds=600)
    story.at("08:00").starts("etl", run="r")
    story.down("08:02", "09:00")
    story.until("10:00")

    assert "could hear nobody" in said(of_job(story))["run stalled"]


def test_rules_that_do_not_look_at_a_job_are_listed_with_the_reason(story: Story) -> None:
    story.rule("job_failure", name="reports", job_pattern="report_.*")
    story.rule("no_data", name="eu", matchers=("region=eu", "job=etl"))
    story.rules = (*story.rules, Rule(name="off", condition="stalled", enabled=False))
    story.at("08:00").succeeds("etl")

    assert passed_over(of_job(story)) == {
        "reports": "its pattern 'report_.*' does not match the name",
        "eu": "the labels do not match region=eu",
        "off": "it is disabled",
        "job failed": "the default is replaced by reports",
        "no data": "the default is replaced by eu",
    }


def test_default_rules_that_are_switched_off_are_named(story: Story) -> None:
    story.rules = ()
    story.at("08:00").succeeds("etl")

    assert set(passed_over(of_job(story)).values()) == {"default rules are switched off"}


def test_a_paused_job_says_who_has_paused_it(story: Story) -> None:
    story.at("08:00").succeeds("etl")
    story.at("08:10").pauses("etl")
    explained = of_job(story)

    assert explained.opinions == ()
    assert set(passed_over(explained).values()) == {"the job is paused by ann"}
    assert words_of_next_look(explained) == "not before it is resumed"


def test_a_rule_that_raises_is_set_aside_and_that_is_said(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls_over(*_: object) -> None:
        raise RuntimeError("oops")

    conditions = {**judging.CONDITIONS, "no_data": falls_over}
    monkeypatch.setattr(judging, "CONDITIONS", conditions)
    story.at("08:00").succeeds("etl")

    assert passed_over(of_job(story)) == {
        "no data": "it is set aside for this job, because it failed: RuntimeError: oops"
    }
    book = replace(story.server.writer.rounds.book, set_aside={})
    raised = explain(story.watch("etl"), book, story.clock.at)
    assert said(raised)["no data"] == "it failed, and is set aside for this job: RuntimeError: oops"


def test_words_that_cannot_be_made_do_not_hide_the_verdict(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls_over(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setitem(dict(judging.SHOWN), "job_failure", falls_over)
    monkeypatch.setattr("tocsin.engine.explanation.SHOWN", {"job_failure": falls_over})
    story.at("08:00").fails("etl", error="boom")
    opinions = {one.rule.condition: one for one in of_job(story).opinions}

    assert opinions["job_failure"].facts == (("facts", "cannot be shown: RuntimeError: oops"),)
    assert opinions["job_failure"].stance is Stance.FINDING
    assert opinions["no_data"].facts == ()


def test_what_cannot_be_read_is_not_judged_and_says_so(story: Story) -> None:
    story.at("08:00").succeeds("etl")
    watch = structs.replace(story.watch("etl"), unreadable="from a newer version")
    explained = explain(watch, story.server.writer.rounds.book, story.clock.at)

    assert {one.why for one in explained.passed_over} == {NotAsked.UNREADABLE}


def test_a_job_of_our_own_is_judged_by_no_rule(story: Story) -> None:
    story.down("08:00", "09:00")
    story.until("10:00")

    assert of_own(story).is_own


def of_own(story: Story) -> Explanation:
    watch = story.watch("tocsin", environment="tocsin")
    return explain(watch, story.server.writer.rounds.book, story.clock.at)


# ------------------------------------------------------------ alerts
def test_an_alert_that_everybody_has_heard_waits_for_its_repeat(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.until("08:30")
    told = of_alert(story)

    assert words_of_standing(told) == "its rule finds it still"
    assert words_of_telling(told) == (
        "not now: everybody has heard the latest, told last at 2026-03-10 08:00 UTC"
    )
    assert [(one.way.receiver, one.heard) for one in told.hearers] == [("team", Heard.TOLD)]
    assert told.next_at is not None
    assert story.clock_time(told.next_at) == "12:00"
    story.until("12:00")
    assert story.heard[-1] == ("12:00", "critical", "repeat")


def test_a_mild_alert_of_a_run_that_has_ended_is_not_repeated(story: Story) -> None:
    story.rule("no_data", severity="warning")
    story.at("08:00").succeeds("etl", records=0)
    story.until("08:30")
    told = of_alert(story)

    assert words_of_telling(told) == (
        "not again: its run has ended, and only another can change it, told last at 2026-03-10 08:00 UTC"
    )
    assert told.next_at is None
    assert story.silent_until("23:00")


def test_a_silence_is_named_with_its_comment(story: Story) -> None:
    story.at("07:00").silences("job=etl", "10:00")
    story.at("08:00").fails("etl")
    told = of_alert(story)

    assert words_of_telling(told).startswith("no: it is silenced, silence ")
    assert words_of_telling(told).endswith(": known")
    assert told.next_at is not None
    assert story.clock_time(told.next_at) == "10:00"


def test_a_maintenance_window_is_named(story: Story) -> None:
    story.maintains("nightly", "job=etl", "07:00-10:00")
    story.at("08:00").fails("etl")

    assert words_of_telling(of_alert(story)) == "no: it is in maintenance, maintenance nightly: upgrade"


def test_whoever_has_it_in_hand_or_put_it_off_is_named(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").snoozes("bob", until="09:00")
    assert words_of_telling(of_alert(story)) == "no: it was put off, by bob until 2026-03-10 09:00 UTC"

    story.at("09:10").acknowledges("ann", until="11:00")
    told = of_alert(story)
    assert words_of_telling(told) == "no: somebody has it in hand, ann since 2026-03-10 09:10 UTC"
    assert words_of_life(told.alert) == (
        "acknowledged, opened 2026-03-10 08:00 UTC, fires again 2026-03-10 11:00 UTC"
    )


def test_a_quiet_route_says_until_when(story: Story) -> None:
    story.time_interval("night", "00:00-09:00")
    story.routes(("severity=critical", "team", "mute=night"))
    story.at("08:00").fails("etl")
    told = of_alert(story)

    assert words_of_telling(told) == "no: all its routes are quiet at this time"
    (hearer,) = told.hearers
    assert words_of_hearer(hearer, "UTC") == "quiet by night until 2026-03-10 09:00 UTC"


def test_what_explains_an_alert_is_named(story: Story) -> None:
    story.job("etl", upstream=("load",))
    story.at("08:00").fails("load")
    story.at("08:01").succeeds("etl", records=0)
    words = words_of_telling(of_alert(story))

    assert words.startswith("no: another alert explains it, while alert ")
    assert words.endswith(" of load is open, which it needs")


def test_a_throttled_job_says_until_when(story: Story) -> None:
    story.policy = replace(story.policy, throttle=Throttle(limit=2), deduplication_limit=100)
    story.at("08:00").fails("etl")
    story.at("08:01").succeeds("etl", records=0)
    story.at("08:02").succeeds("etl", records=5)
    story.at("08:03").succeeds("etl", records=0)
    (alert,) = [one for one in story.alerts() if one.is_open]
    book = story.server.writer.rounds.book
    told = explain_alert(alert, story.alerts(), of_job(story), book, story.clock.at)

    assert told.throttled_until is not None
    (hearer,) = told.hearers
    assert hearer.heard is Heard.BY_GROUP
    assert words_of_hearer(hearer, "UTC").startswith("hears it with others, of group ")
    assert words_of_telling(told) == "not by itself: its group tells it"


def test_the_escalation_says_when_it_goes_on_and_who_is_behind_it(story: Story) -> None:
    story.escalates(
        Level(name="on-call", targets=("ann",), timeout_minutes=20),
        Level(name="boss", targets=("boss",)),
    )
    story.at("08:00").fails("etl")
    story.until("08:05")
    told = of_alert(story)

    assert words_of_climb(told) == (
        "standard: level 1 of 2, on-call; goes on at 2026-03-10 08:20 UTC, in 15 min"
    )
    assert [(one.name, one.targets) for one in told.rungs] == [("on-call", ("ann",)), ("boss", ("boss",))]
    assert told.next_at is not None
    assert story.clock_time(told.next_at) == "08:20"
    story.at("08:06").acknowledges("ann")
    assert words_of_climb(of_alert(story)).endswith("it rests: somebody has it in hand")


def test_an_alert_that_is_over_says_how_it_ended(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").resolves("ann")
    told = of_alert(story)

    assert words_of_standing(told) == "it is over: resolved at 2026-03-10 08:10 UTC by ann"
    assert words_of_telling(told).startswith("no: it is over")
    assert (told.hearers, told.rungs, told.next_at) == ((), (), None)


def test_an_alert_whose_rule_cannot_tell_stays_open_and_says_so(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.at("08:00").fails("etl")

    def falls_over(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(judging, "CONDITIONS", {**judging.CONDITIONS, "job_failure": falls_over})
    assert of_alert(story).standing is Standing.CANNOT_TELL
    story.at("08:10").starts("etl")
    assert of_alert(story).standing is Standing.CANNOT_TELL


def test_an_alert_whose_rule_was_taken_away_ends_at_the_next_look(story: Story) -> None:
    story.at("08:00").fails("etl")
    (alert,) = story.alerts()
    book = story.server.writer.rounds.book
    bare = replace(book, rule_book=RuleBook(()), configuration=replace(book.configuration, rules=()))
    told = explain_alert(
        alert, (alert,), explain(story.watch("etl"), bare, story.clock.at), bare, story.clock.at
    )

    assert told.standing is Standing.NOT_JUDGED


def test_an_alert_of_tocsin_itself_is_by_no_rule(story: Story) -> None:
    story.job("etl", schedule="0 3 * * *", grace=10)
    story.down("02:00", "04:00")
    story.until("05:00")
    (alert,) = [one for one in story.alerts() if one.environment == "tocsin"]
    told = explain_alert(alert, (alert,), of_own(story), story.server.writer.rounds.book, story.clock.at)

    assert words_of_standing(told) == "Tocsin says so of itself, by no rule"


def test_an_alert_of_a_job_that_is_gone_is_explained_all_the_same(story: Story) -> None:
    story.at("08:00").fails("etl")
    story.at("08:10").deletes("etl")
    (alert,) = story.alerts()
    told = explain_alert(alert, (alert,), None, story.server.writer.rounds.book, story.clock.at)

    assert told.standing is Standing.OVER
