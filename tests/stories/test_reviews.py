"""Looking back on a span: what the engine really did is what the review says of it."""

from dataclasses import replace
from datetime import date, timedelta

from tests.stories.story import Story
from tocsin.engine.recalling import Outcome, Places, Question, recall
from tocsin.engine.reporting import Report, report_of
from tocsin.engine.span import Span
from tocsin.store.past import Place


def review(story: Story, first: str, last: str) -> Report:
    """Return the review of these days, as of now."""
    span = Span(first=date.fromisoformat(first), last=date.fromisoformat(last), timezone=str(story.zone))
    with story.server.store.reading() as reading:
        return report_of(reading, story.configuration, span, story.clock.now())


def said(story: Story, question: Question) -> list[tuple[str, str]]:
    """Return when and what, oldest first."""
    newest = Place(at=story.clock.now() + timedelta(seconds=1))
    begin = Places(decisions=newest, owed=newest)
    with story.server.store.reading() as reading:
        found = recall(reading, question, begin, story.configuration, now=story.clock.now(), limit=100)
    assert found.following is None
    return [
        (
            story.clock_time(line.at),
            line.decided.entry.reason.value
            if line.decided
            else f"{line.owed.notification.kind} to {line.owed.notification.target}"
            if line.owed
            else "",
        )
        for line in reversed(found.lines)
    ]


def test_a_day_is_reviewed_with_what_people_did_and_what_they_did_not_hear(story: Story) -> None:
    story.at("01:00").silences("job=quiet", until="04:00")
    story.at("02:00").fails("quiet").fails("etl").fails("load")
    story.at("02:20").acknowledges("kim", job="etl")
    story.at("02:30").succeeds("quiet").succeeds("etl")
    story.at("03:00").succeeds("load")
    story.until("12:00")

    report = review(story, "2026-03-10", "2026-03-10")

    volume, held = report.volume, report.suppression
    assert (volume.alerts, volume.taken, volume.left, volume.open) == (3, 1, 2, 0)
    assert dict(volume.by_condition) == {"job_failure": 3}
    assert held.by_reason == (("grouped", 1), ("silenced", 1))
    assert {(one.job, one.count) for one in held.jobs} == {("quiet", 1), ("load", 1)}
    (taken,) = (one for one in report.until_taken if one.severity is None)
    (over,) = (one for one in report.until_over if one.severity is None)
    assert (taken.count, taken.median_seconds) == (1, 20 * 60)
    assert (over.count, over.median_seconds, over.p90_seconds) == (3, 30 * 60, 60 * 60)
    assert [alert.job for alert in report.not_taken] == ["load", "quiet"]
    assert "job failed" not in {rule.rule for rule in report.quiet_rules}
    assert len(report.quiet_rules) == len(story.rules) - 1


def test_the_first_acknowledgement_counts_whoever_takes_it_later(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("kim", until="02:30")
    story.at("03:00").acknowledges("ada")

    (taken,) = (one for one in review(story, "2026-03-10", "2026-03-10").until_taken if one.severity is None)

    assert taken.median_seconds == 10 * 60


def test_a_person_is_told_what_was_owed_to_them_and_what_was_kept_from_them(story: Story) -> None:
    story.routes(("team=data", "data"))
    story.job("etl", labels=(("team", "data"),))
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl").fails("load")
    story.until("04:30")

    of_data = said(story, Question(name="data"))
    not_told = said(story, Question(outcome=Outcome.NOT_TOLD))

    assert of_data == [("02:00", "silenced"), ("04:00", "firing to data")]
    assert not_told == [("02:00", "silenced")]
    assert ("02:00", "firing to team") in said(story, Question(name="team"))


def test_a_review_of_what_was_removed_says_so(story: Story) -> None:
    story.policy = replace(story.policy, keep_runs_for=timedelta(days=3))
    story.at("02:00").fails("etl")
    story.at("02:30").succeeds("etl")
    assert review(story, "2026-03-10", "2026-03-10").is_whole

    story.until("2026-03-14 12:00")
    gone = review(story, "2026-03-10", "2026-03-10")
    later = review(story, "2026-03-12", "2026-03-13")

    assert (gone.is_whole, gone.volume.alerts) == (False, 0)
    assert gone.kept_since is not None
    assert later.is_whole
    assert later.volume.previous is None


def test_what_nobody_can_know_of_a_day_is_in_its_review_and_in_no_share(story: Story) -> None:
    for name in ("etl", "load"):
        story.job(name, schedule="0 3 * * *", grace=10)
    story.job("long", stalled_after_seconds=600)
    story.at("01:59").starts("long", run="a")
    story.down("02:00", "04:00")
    story.at("05:00").succeeds("load")
    story.until("12:00")

    found = review(story, "2026-03-10", "2026-03-10").not_known

    assert (found.windows, found.blind_for) == (1, timedelta(hours=2))
    assert (found.occurrences, [(one.job, one.count) for one in found.jobs]) == (1, [("etl", 1)])
    assert [
        (note.job, note.what, note.known_at and story.clock_time(note.known_at)) for note in found.notes
    ] == [
        ("etl", "no run was seen", None),
        ("load", "no run was seen", "05:00"),
        ("long", "run a has shown no sign of life since", None),
    ]
    assert review(story, "2026-03-11", "2026-03-11").not_known.is_nothing
