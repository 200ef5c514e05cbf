"""Broken promises are counted once each, for dashboards and for the rules of others."""

import re

from tests.stories.story import Story

EXCUSED = re.compile(r"^batch_job_sla_violations_excused_total\{(.*)\} (\S+)$", re.MULTILINE)
LINE = re.compile(r"^batch_job_sla_violations_total\{(.*)\} (\S+)$", re.MULTILINE)


def violations(story: Story, line: re.Pattern[str] = LINE) -> dict[str, int]:
    """How often each promise of a job was broken, by its name."""
    found = {}
    for labels, count in line.findall(story.server.metrics.render(None).decode()):
        named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found[f"{named['job_name']} {named['violation_type']}"] = int(float(count))
    return found


def test_a_deadline_counts_when_it_is_missed_and_not_again(story: Story) -> None:
    story.job("etl", deadline="06:00")

    story.until("05:59")
    assert violations(story) == {}
    story.until("06:00")
    assert violations(story) == {"etl deadline_missed": 1}
    story.at("06:20").starts("etl")
    story.at("07:00").fails("etl")
    story.at("07:10").succeeds("etl")
    assert violations(story) == {"etl deadline_missed": 1}
    story.at("Wed 05:00").succeeds("etl")
    story.until("Fri 05:00")
    assert violations(story) == {"etl deadline_missed": 2}


def test_each_of_several_expected_runs_counts(story: Story) -> None:
    story.job("sync", schedule="0 * * * *", offset=30)

    story.until("04:31")

    assert violations(story) == {"sync deadline_missed": 6}  # the first was that of 23:00


def test_a_run_that_takes_too_long_counts_while_it_runs(story: Story) -> None:
    story.job("etl", max_minutes=60)

    story.at("02:00").starts("etl", run="a")
    story.until("03:01")
    assert violations(story) == {"etl duration_exceeded": 1}
    story.at("03:30").beats("etl", run="a")
    story.at("03:40").succeeds("etl", run="a")
    story.at("05:00").succeeds("etl", run="b")
    assert violations(story) == {"etl duration_exceeded": 1}


def test_promises_count_though_no_rule_speaks_of_them(story: Story) -> None:
    story.rule("sla_breach", job_pattern="other")
    story.job("etl", deadline="06:00", max_minutes=60)

    story.at("05:30").starts("etl")
    story.at("06:45").succeeds("etl")

    assert story.heard == []
    assert violations(story) == {"etl deadline_missed": 1, "etl duration_exceeded": 1}


def test_records_count_at_the_end_of_the_run(story: Story) -> None:
    story.job("etl", max_failure_rate=0.01, min_records=1000)

    story.at("02:00").succeeds("etl", run="a", records=990, failed_records=10)
    assert violations(story) == {"etl insufficient_records": 1}  # one in a hundred may fail
    story.at("03:00").succeeds("etl", run="b", records=1980, failed_records=21)
    story.at("04:00").succeeds("etl", run="c", records=5000)
    story.at("05:00").fails("etl", run="d", records=3, failed_records=9)
    assert violations(story) == {"etl insufficient_records": 1, "etl failure_rate_exceeded": 2}


def test_neither_a_repeated_check_in_nor_a_restart_counts_again(story: Story) -> None:
    story.job("etl", deadline="06:00", max_minutes=30, min_records=10)

    story.at("05:00").starts("etl", run="a", seq=1)
    story.until("06:10")
    assert violations(story) == {"etl deadline_missed": 1, "etl duration_exceeded": 1}
    story.down("06:20", "06:20:05")
    story.at("06:30").succeeds("etl", run="a", seq=2, records=5)
    story.at("06:31").succeeds("etl", run="a", seq=2, records=5)
    assert set(violations(story).values()) == {1}
    assert len(violations(story)) == 3


def test_backfills_and_what_was_skipped_do_not_count(story: Story) -> None:
    story.job("etl", schedule="0 5 * * *", deadline="06:00", max_minutes=30, min_records=10)

    story.at("05:01").skips("etl")
    story.at("07:00").starts("etl", run="old", backfill=True, nominal="2026-03-01 05:00")
    story.at("09:00").succeeds("etl", run="old", backfill=True, nominal="2026-03-01 05:00", records=1)

    assert violations(story) == {}


def test_what_we_were_blind_for_counts_when_it_is_known_to_be_late(story: Story) -> None:
    story.job("etl", deadline="06:00")
    story.job("gone", deadline="06:00")

    story.down("05:20", "06:40")
    story.at("06:42").succeeds("etl")
    story.until("07:00")

    assert violations(story) == {"etl deadline_missed": 1}


def test_what_was_counted_and_is_excused_counts_as_excused_once(story: Story) -> None:
    story.job("etl", deadline="06:00")
    story.until("06:30")
    assert violations(story, EXCUSED) == {}

    story.at("07:00").excuses_the_run("etl", reason="no delivery")
    story.at("07:01").excuses_the_run("etl", "2026-03-10 00:00")

    assert violations(story) == {"etl deadline_missed": 1}
    assert violations(story, EXCUSED) == {"etl deadline_missed": 1}


def test_a_late_run_that_is_over_is_excused_and_one_that_was_never_late_is_not(story: Story) -> None:
    story.rule("sla_breach", job_pattern="other")
    story.job("etl", schedule="0 5 * * *", deadline="06:00", grace=15)
    story.at("05:00").starts("etl", run="a")
    story.at("06:45").succeeds("etl", run="a")
    assert violations(story) == {"etl deadline_missed": 1}

    story.at("07:00").excuses_the_run("etl")
    assert violations(story, EXCUSED) == {"etl deadline_missed": 1}

    story.until("Wed 05:20")
    story.at("Wed 05:30").excuses_the_run("etl")
    story.at("Wed 07:00").starts("etl", run="b").succeeds("etl", run="b")
    assert violations(story) == {"etl deadline_missed": 1}
    assert violations(story, EXCUSED) == {"etl deadline_missed": 1}
