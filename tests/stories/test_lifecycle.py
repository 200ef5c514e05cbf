"""The life of an alert: opened, louder, acknowledged, repeated, resolved; each change with its reason."""

from tests.stories.story import Story
from tocsin.engine.commands import Resolve


def test_every_change_of_an_alert_has_its_reason(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("07:10").acknowledges("ann")
    story.at("09:00").succeeds("report")

    assert story.history("report") == [
        ("07:00", "opened"),
        ("07:00", "told"),
        ("07:10", "acknowledged"),
        ("07:30", "louder"),
        ("07:30", "told"),
        ("08:00", "louder"),
        ("08:00", "told"),
        ("08:30", "louder"),
        ("08:30", "told"),
        ("09:00", "recovered"),
        ("09:00", "closed_at_receiver"),
    ]


def test_there_is_one_open_alert_for_a_fingerprint(story: Story) -> None:
    story.rule("job_failure", name="any failure", severity="warning")
    story.rule("job_failure", name="etl failure", severity="critical", job_pattern="etl")

    story.at("02:00").fails("etl", run="a").fails("etl", run="b")

    assert story.open == [("etl", "job_failure", "critical")]
    assert story.alerts()[0].rule == "etl failure"


def test_a_rule_in_the_fingerprint_makes_an_alert_of_its_own(story: Story) -> None:
    story.rule("job_failure", name="any failure", severity="warning")
    story.rule("job_failure", name="etl failure", fingerprint=("job", "environment", "condition", "rule"))

    story.at("02:00").fails("etl")

    assert story.open == [("etl", "job_failure", "critical"), ("etl", "job_failure", "warning")]


def test_two_jobs_never_share_an_alert_whatever_the_fingerprint_says(story: Story) -> None:
    story.rule("job_failure", fingerprint=("condition",))

    story.at("02:00").fails("etl").fails("load").fails("etl", environment="staging")

    assert [job for job, _, _ in story.open] == ["etl", "etl", "load"]


def test_an_alert_is_repeated_while_it_stays(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.until("11:00")

    assert story.heard == [
        ("02:00", "critical", "firing"),
        ("06:00", "critical", "repeat"),
        ("10:00", "critical", "repeat"),
    ]


def test_an_alert_that_somebody_has_in_hand_is_not_repeated(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann")

    assert story.silent_until("Wed 02:00")
    assert story.alerts()[0].acknowledged_by == "ann"


def test_what_gets_worse_after_it_was_acknowledged_speaks_again(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("07:10").acknowledges("ann")
    story.until("07:30")

    assert story.heard == [("07:00", "warning", "firing"), ("07:30", "critical", "louder")]
    assert story.alerts()[0].state.value == "firing"


def test_the_end_of_an_acknowledged_alert_is_told(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann")
    story.at("03:00").succeeds("etl")

    assert story.heard[-1] == ("03:00", "critical", "resolved")


def test_an_alert_that_was_resolved_by_hand_is_over_and_only_new_trouble_opens_another(story: Story) -> None:
    story.at("02:00").fails("etl", run="a")
    story.at("02:10").resolves("ann")
    assert story.heard[-1] == ("02:10", "critical", "resolved")
    assert "declared over by ann" in story.last.text
    assert story.silent_until("04:00")

    story.at("04:00").fails("etl", run="b")
    assert story.heard[-1] == ("04:00", "critical", "firing")
    assert story.titles[-1].startswith("failed")


def test_a_missed_run_that_was_resolved_by_hand_is_not_told_again(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15, deadline="06:00")

    story.at("02:20").resolves("ann")
    story.until("05:29")
    assert story.open == []

    story.until("05:30")
    assert story.open == [("etl", "sla_breach", "warning")]


def test_a_missed_deadline_that_was_resolved_by_hand_does_not_page_later(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("08:10").resolves("ann")

    assert story.silent_until("Wed 06:59")


def test_a_stall_that_was_resolved_by_hand_is_not_told_again_while_nothing_new_happens(story: Story) -> None:
    story.job("etl", stalled_after_seconds=300)

    story.at("02:00").starts("etl")
    story.at("02:10").resolves("ann")
    assert story.silent_until("05:00")

    story.at("05:00").beats("etl")
    story.until("05:05")
    assert story.heard[-1] == ("05:05", "critical", "firing")


def test_the_second_one_to_acknowledge_learns_who_was_first(story: Story) -> None:
    story.at("02:00").fails("etl")
    moment = story.at("02:10").acknowledges("ann").acknowledges("bob")

    assert story.alerts()[0].acknowledged_by == "ann"
    assert moment.told == "ann acknowledged it already at 2026-03-10 02:10 UTC"


def test_who_acknowledges_or_resolves_twice_learns_when_it_was_done(story: Story) -> None:
    story.at("02:00").fails("etl")

    first = story.at("02:10").acknowledges("ann")
    assert first.acknowledges("ann").told == "you acknowledged it already at 2026-03-10 02:10 UTC"
    second = story.at("02:20")
    (alert,) = story.alerts()
    resolve = Resolve(alert_id=alert.id, who="ann")
    assert second.orders(resolve).orders(resolve).told == "you resolved it already at 2026-03-10 02:20 UTC"


def test_what_gets_better_without_being_good_gets_quieter_and_says_nothing(story: Story) -> None:
    story.job("etl", max_minutes=60, warn=20, critical=10)

    story.at("02:00").starts("etl", run="a")
    story.at("02:20").starts("etl", run="b")
    story.until("03:05")
    assert story.open == [("etl", "sla_breach", "critical")]

    before = len(story.heard)
    story.at("03:05").skips("etl", run="a")
    assert story.open == [("etl", "sla_breach", "warning")]
    assert len(story.heard) == before
    assert ("03:05", "quieter") in story.history("etl")


def test_a_label_in_the_fingerprint_that_changes_tells_no_end(story: Story) -> None:
    story.rule("job_failure", fingerprint=("condition", "version"))

    story.at("02:00").fails("etl", run="a", labels=(("version", "1"),))
    story.at("03:00").fails("etl", run="b", labels=(("version", "2"),))
    story.at("03:30").acknowledges("ann").fails("etl", run="c", labels=(("version", "3"),))

    assert story.heard == [("02:00", "critical", "firing")]
    assert [(a.run, a.acknowledged_by) for a in story.alerts()] == [("c", "ann")]

    story.at("04:00").succeeds("etl", run="d", labels=(("version", "4"),))
    assert story.heard[-1] == ("04:00", "critical", "resolved")
    assert story.open == []


def test_what_rules_tell_apart_may_change_without_an_end_being_told(story: Story) -> None:
    def tells_apart_by(*fields: str) -> None:
        story.rules = ()
        story.rule("job_failure", name="any failure", severity="warning", fingerprint=fields)
        story.rule("job_failure", name="etl failure", fingerprint=fields)

    tells_apart_by("condition", "rule")
    story.at("02:00").fails("etl")
    told = story.heard

    tells_apart_by("condition")
    story.reloads()
    story.until("03:00")
    tells_apart_by("condition", "version")
    story.reloads()
    story.until("03:30")
    tells_apart_by("condition", "rule")
    story.reloads()
    story.until("04:00")
    assert story.heard == told

    story.at("05:00").succeeds("etl")
    assert story.open == []
