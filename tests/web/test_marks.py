import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.run import Run, RunStatus
from tocsin.web.pages.drawing import HEIGHT, PITCH, draw_chart, draw_strip
from tocsin.web.pages.marks import Mark, MarkKind, in_words, marks_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def run(
    hours_ago: float, minutes: float | None = 10, status: RunStatus = RunStatus.SUCCESS, **more: object
) -> Run:
    started = NOW - hours_ago * HOUR
    ended = None if minutes is None else started + minutes * MINUTE
    facts = {"key": f"r{hours_ago}", "started_at": started, "ended_at": ended, "status": status} | more
    return Run(last_sign_at=ended or NOW, **facts)  # type: ignore[arg-type]  # the facts of one test


def occurrence(hours_ago: float, status: OccurrenceStatus, taken_by: str | None = None) -> Occurrence:
    at = NOW - hours_ago * HOUR
    return Occurrence(
        nominal_at=at, opens_at=at, start_by=None, deadline_at=None, status=status, run=taken_by
    )


def marks(*runs: Run, occurrences: tuple[Occurrence, ...] = (), limit: int = 30) -> tuple[Mark, ...]:
    return marks_of(runs, occurrences, now=NOW, timezone="UTC", limit=limit)


def test_what_never_ran_stands_between_the_runs() -> None:
    missed = occurrence(2, OccurrenceStatus.MISSED)
    blind = occurrence(1, OccurrenceStatus.UNKNOWN)

    found = marks(run(0.5), run(3), occurrences=(missed, blind))

    assert [mark.kind.name for mark in found] == ["SUCCESS", "MISSED", "UNKNOWN", "SUCCESS"]


@pytest.mark.parametrize("status", [OccurrenceStatus.MET, OccurrenceStatus.LATE, OccurrenceStatus.EXPECTED])
def test_an_occurrence_that_ran_or_will_run_is_no_mark_of_its_own(status: OccurrenceStatus) -> None:
    assert marks(run(3), occurrences=(occurrence(3, status),))[0].kind is MarkKind.SUCCESS
    assert len(marks(run(3), occurrences=(occurrence(3, status),))) == 1
    assert len(marks(run(3), occurrences=(occurrence(3, OccurrenceStatus.MISSED, taken_by="r3"),))) == 1


def test_a_good_run_that_ended_after_its_deadline_is_late() -> None:
    late = run(3, 10, deadline_at=NOW - 3 * HOUR + 5 * MINUTE)
    in_time = run(2, 10, deadline_at=NOW - 2 * HOUR + 15 * MINUTE)
    failed = run(1, 10, RunStatus.FAILED, deadline_at=NOW - 1 * HOUR)

    assert [mark.kind for mark in marks(failed, in_time, late)] == [
        MarkKind.LATE,
        MarkKind.SUCCESS,
        MarkKind.FAILED,
    ]


def test_the_newest_are_shown_oldest_first() -> None:
    found = marks(*(run(hours) for hours in range(1, 50)), limit=30)

    assert [mark.run for mark in found] == [f"r{hours}" for hours in range(30, 0, -1)]


def test_height_is_the_share_of_the_longest() -> None:
    found = marks(run(3, 40), run(2, 10), run(1, None, RunStatus.RUNNING))

    assert [mark.share for mark in found] == [40 / 60, 10 / 60, 1]


def test_a_mark_says_what_it_stands_for() -> None:
    assert marks(run(3, 40))[0].title == "succeeded, 2026-03-01 09:00 UTC, 40 min"
    assert marks(occurrences=(occurrence(1, OccurrenceStatus.MISSED),))[0].title == (
        "missed, was due 2026-03-01 11:00 UTC"
    )


def test_a_row_is_said_in_words_for_whoever_does_not_see_it() -> None:
    assert in_words(()) == "No run yet"
    row = marks(run(3), run(2), run(1, 10, RunStatus.FAILED))
    assert in_words(row) == "Last 3 runs: 2 succeeded, 1 failed. Newest: failed, 2026-03-01 11:00 UTC, 10 min"


def test_a_strip_is_one_path_for_each_kind() -> None:
    row = marks(*(run(hours) for hours in range(1, 20)), run(20, 10, RunStatus.FAILED))

    strip = draw_strip(row, 30)

    assert [stroke.kind for stroke in strip.strokes] == ["failed", "success"]
    assert strip.strokes[1].course.count("M") == 19
    assert (strip.width, strip.height) == (30 * PITCH, HEIGHT)


def points(course: str) -> Iterator[tuple[int, int]]:
    """Follow a path and tell each point that it touches."""
    x = y = 0
    for letter, numbers in re.findall(r"([MVvlm])([-\d ]*)", course):
        steps = [int(number) for number in re.findall(r"-?\d+", numbers)]
        if letter == "M":
            x, y = steps
        elif letter == "V":
            (y,) = steps
        elif letter == "v":
            y += steps[0]
        else:
            x, y = x + steps[0], y + steps[1]
        yield x, y


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("kind", list(MarkKind))
def test_every_kind_is_drawn_within_the_picture(kind: MarkKind, share: float) -> None:
    row = [Mark(kind=kind, at=NOW, share=share, title="t")] * 60

    for drawing in (draw_strip(row, 30), draw_chart(row, 60)):
        touched = [point for stroke in drawing.strokes for point in points(stroke.course)]
        assert touched
        assert [
            at for at in touched if not (0 <= at[0] <= drawing.width and 0 <= at[1] <= drawing.height)
        ] == []


def test_bad_ends_differ_from_good_ones_by_shape_too() -> None:
    shapes = {
        kind: draw_strip([Mark(kind=kind, at=NOW, share=0.5, title="")], 30).strokes[0].course
        for kind in (
            MarkKind.SUCCESS,
            MarkKind.LATE,
            MarkKind.FAILED,
            MarkKind.MISSED,
            MarkKind.UNKNOWN,
            MarkKind.SKIPPED,
        )
    }

    assert len(set(shapes.values())) == len(shapes)


def test_the_newest_stands_at_the_right_end() -> None:
    strip = draw_strip(marks(run(1)), 30)

    assert strip.strokes[0].course.startswith(f"M{29 * PITCH + 3} ")


def test_in_the_chart_every_mark_says_its_own() -> None:
    chart = draw_chart(marks(run(2), run(1, 10, RunStatus.TIMEOUT)), 60)

    assert [(stroke.kind, stroke.title.split(",")[0]) for stroke in chart.strokes] == [
        ("success", "succeeded"),
        ("timeout", "timed out"),
    ]
