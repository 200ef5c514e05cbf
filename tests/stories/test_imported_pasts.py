"""A history from elsewhere: it calls nobody, and the server knows by it what is normal."""

from datetime import timedelta

from tests.stories.story import Story
from tocsin.engine.commands import TakeHistory
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Phase, Run, RunStatus

USUAL = (15, 14, 16, 15, 13, 15, 17, 15, 14, 16)
MINUTE = timedelta(minutes=1)


def history(story: Story, *took: int, until: str = "2026-03-10", job: str = "etl") -> TakeHistory:
    """Runs of a job of the nights before an instant, each with the minutes that it took."""
    runs = []
    for number, minutes in enumerate(reversed(took)):
        started_at = story.instant(f"{until} 01:00") - timedelta(days=number)
        ended_at = started_at + minutes * MINUTE
        runs.append(
            Run(
                key=f"before {number}",
                last_sign_at=ended_at,
                status=RunStatus.SUCCESS,
                phase=Phase.COMPLETED,
                started_at=started_at,
                ended_at=ended_at,
            )
        )
    return TakeHistory(who="ann", runs=tuple((JobKey("production", job), run) for run in reversed(runs)))


def test_what_is_normal_is_learned_from_an_imported_past_at_once(story: Story) -> None:
    story.begins("2026-03-10", at="20:00")
    story.until("2026-03-10 20:01")
    story.server.order(history(story, *USUAL, *USUAL))
    story.at("2026-03-11 01:00").starts("etl", run="slow")
    story.until("2026-03-11 02:30")

    assert story.open == [("etl", "duration_anomaly", "warning")]
    assert dict(story.last.evidence)["of"].startswith("20 comparable runs")


def test_a_run_that_was_unusual_before_its_history_was_imported_calls_nobody(story: Story) -> None:
    story.begins("2026-03-10", at="20:00")
    story.until("2026-03-10 20:01")
    story.server.order(history(story, *USUAL, *USUAL, 95))
    story.until("2026-03-12 20:00")

    assert (story.heard, story.open) == ([], [])


def test_a_job_that_is_known_from_the_file_learns_from_an_imported_past_at_once(story: Story) -> None:
    story.begins("2026-03-10", at="20:00")
    story.job("etl", schedule="0 1 * * *")
    story.until("2026-03-10 20:01")
    story.server.order(history(story, *USUAL, *USUAL, 95))
    story.until("2026-03-10 23:00")
    assert story.heard == []
    story.at("2026-03-11 01:00").starts("etl", run="slow")
    story.until("2026-03-11 02:30")

    assert story.open == [("etl", "duration_anomaly", "warning")]


def test_the_past_of_a_job_that_has_learned_already_teaches_with_its_next_run(story: Story) -> None:
    story.begins("2026-03-01", at="19:00")
    for day in (2, 3, 4, 5, 6, 7):
        story.at(f"2026-03-{day:02} 19:10").starts("etl", run=f"own {day}")
        story.at(f"2026-03-{day:02} 19:25").succeeds("etl", run=f"own {day}")
    story.until("2026-03-10 20:00")
    story.server.order(history(story, *USUAL, *USUAL, 95))
    story.until("2026-03-10 23:00")
    assert story.heard == []

    story.at("2026-03-11 01:00").starts("etl", run="next")
    story.at("2026-03-11 01:15").succeeds("etl", run="next")
    story.at("2026-03-12 01:00").starts("etl", run="slow")
    story.until("2026-03-12 02:30")

    assert story.open == [("etl", "duration_anomaly", "warning")]
    assert int(dict(story.last.evidence)["of"].split()[0]) >= 20


def test_an_import_calls_nothing_over(story: Story) -> None:
    story.begins("2026-03-01", at="19:00")
    for day, took in zip(range(2, 10), (15, 14, 16, 15, 13, 15, 17, 59), strict=True):
        story.at(f"2026-03-{day:02} 19:00").starts("etl", run=f"own {day}")
        story.at(f"2026-03-{day:02} 19:{took}").succeeds("etl", run=f"own {day}")
    story.until("2026-03-09 22:00")
    assert story.open == [("etl", "duration_anomaly", "warning")]

    story.server.order(history(story, *USUAL, until="2026-02-20"))
    story.until("2026-03-10 12:00")

    assert story.open == [("etl", "duration_anomaly", "warning")]
