"""What an alert most likely follows from stands in its messages: a job its own needs, in trouble too."""

from tests.stories.story import Story


def cause(story: Story) -> str:
    return story.last.likely_cause


def pages_what_does_not_start(story: Story) -> None:
    story.rule("missing_run", severity="page")


def test_a_page_that_a_job_did_not_start_names_what_it_needs_and_did_not_get(story: Story) -> None:
    pages_what_does_not_start(story)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract", error="disk full")
    extract = story.alerts()[0].id

    story.until("03:06")

    assert story.heard_of("report") == [("03:05", "page", "firing")]
    assert cause(story) == (
        f"upstream extract failed: disk full; since 2026-03-10 02:00 UTC, see alert {extract}"
    )
    assert story.last.next_step.startswith("Look at extract first, then at report. ")


def test_it_is_named_where_it_is_no_neighbour(story: Story) -> None:
    story.rule("missing_run", name="loads", job_pattern="load", severity="critical")
    story.rule("missing_run", name="reports", job_pattern="report", severity="page")
    story.job("load", schedule="30 2 * * *", grace=5, upstream=("extract",))
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("load",))
    story.at("02:00").fails("extract")

    story.until("03:06")

    assert story.heard_of("load") == []
    assert cause(story).startswith("upstream extract failed; since 2026-03-10 02:00 UTC, see alert ")
    assert "in trouble" not in cause(story)


def test_of_several_the_oldest_is_named_and_the_others_are_counted(story: Story) -> None:
    pages_what_does_not_start(story)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("prices", "extract", "rates"))
    story.at("02:00").fails("extract")
    story.at("02:10").fails("prices")
    story.at("02:20").fails("rates")

    story.until("03:06")

    assert cause(story).startswith("upstream extract failed; since 2026-03-10 02:00 UTC, see alert ")
    assert cause(story).endswith("; 2 more jobs upstream are in trouble")


def test_what_is_late_names_what_it_waits_for(story: Story) -> None:
    story.job("report", deadline="06:00", warn=0, critical=0, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.until("06:16")

    assert story.heard_of("report") == [("06:15", "page", "firing")]
    assert cause(story).startswith("upstream extract failed; since")


def test_what_is_still_at_work_is_named_though_it_has_no_alert(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("00:30").succeeds("report")
    story.at("01:00").starts("extract")

    story.until("03:06")

    assert story.heard_of("report")[-1] == ("03:05:15", "critical", "firing")
    assert cause(story) == (
        "upstream extract had not ended at 2026-03-10 03:05 UTC; "
        "it has been running since 2026-03-10 01:00 UTC"
    )


def test_what_has_not_even_started_is_named(story: Story) -> None:
    story.job("extract", schedule="0 2 * * *", grace=120)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))

    story.until("03:06")

    assert cause(story) == (
        "upstream extract had not started at 2026-03-10 03:05 UTC; it was expected at 2026-03-10 02:00 UTC"
    )


def test_a_failure_that_nobody_was_told_of_is_named(story: Story) -> None:
    story.rule("job_failure", in_a_row=2)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract", error="disk full")

    story.until("03:06")

    assert cause(story) == "upstream extract failed at 2026-03-10 02:00 UTC: disk full"


def test_what_has_been_done_since_the_last_start_is_not_blamed_for_its_next_run(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("00:30").starts("report")
    story.at("00:31").succeeds("report")
    story.at("02:00").succeeds("extract")
    story.at("03:00").starts("extract")

    story.until("03:06")

    assert story.heard_of("report")[-1] == ("03:05:15", "critical", "firing")
    assert cause(story) == ""


def test_a_failure_behind_that_of_what_it_needs_names_it(story: Story) -> None:
    story.job("report", upstream=("extract",))
    story.at("02:00").fails("extract")

    story.at("03:00").fails("report")
    story.until("03:06")

    assert story.heard_of("report") == [("03:00", "critical", "firing")]
    assert cause(story).startswith("upstream extract failed; since")


def test_a_failure_before_that_of_what_it_needs_does_not(story: Story) -> None:
    story.job("report", upstream=("extract",))
    story.at("03:00").fails("report")
    story.at("03:10").fails("extract")

    story.until("07:01")

    of_report = [h.message for h in story.messages if h.message.job == "report"]
    assert [message.likely_cause for message in of_report] == ["", ""]


def test_a_backfill_of_what_it_needs_is_not_blamed(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    pages_what_does_not_start(story)
    story.at("02:00").fails("extract", backfill=True)

    story.until("03:06")

    assert story.heard_of("report") == [("03:05", "page", "firing")]
    assert cause(story) == ""


def test_a_repeat_names_what_is_true_by_then(story: Story) -> None:
    pages_what_does_not_start(story)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.until("03:06")
    story.at("06:00").succeeds("extract")

    story.until("07:06")

    assert story.heard_of("report")[-1] == ("07:05", "page", "repeat")
    assert cause(story) == ""


def test_the_end_needs_no_cause(story: Story) -> None:
    pages_what_does_not_start(story)
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.at("03:30").succeeds("report")

    assert story.last.kind.value == "resolved"
    assert cause(story) == ""


def test_jobs_that_need_each_other_in_a_circle_are_not_walked_for_ever(story: Story) -> None:
    story.rule("missing_run", name="of a", job_pattern="a", severity="critical")
    story.rule("missing_run", name="of b", job_pattern="b", severity="page")
    story.job("a", schedule="0 3 * * *", grace=5, upstream=("b",))
    story.job("b", schedule="0 4 * * *", grace=5, upstream=("a",))

    story.until("04:06")

    assert cause(story).startswith("upstream a did not start at 2026-03-10 03:00 UTC; since")


def test_a_storm_says_what_is_wrong_with_what_all_of_it_needs(story: Story) -> None:
    pages_what_does_not_start(story)
    for number in range(8):
        story.job(f"mart-{number}", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract", error="disk full")
    extract = story.alerts()[0].id

    story.until("03:10")

    assert story.last.tells_of_many
    assert cause(story) == (
        f"all {story.last.job.split()[0]} need extract, which failed: disk full; "
        f"since 2026-03-10 02:00 UTC, see alert {extract}"
    )
