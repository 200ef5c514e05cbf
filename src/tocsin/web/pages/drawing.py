"""Marks drawn as SVG: one path for each kind of mark, so that two hundred rows stay light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.web.pages.marks import Mark, MarkKind, in_words

PITCH: Final = 7
HEIGHT: Final = 26
LOWEST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One path: its class, which gives colour and width, its course, and what it says when pointed at."""

    kind: str
    course: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A row of marks, ready to be written into a page."""

    width: int
    height: int
    strokes: tuple[Stroke, ...]
    label: str


def draw_strip(marks: Sequence[Mark], places: int) -> Drawing:
    """Return a row of marks, the newest at the right end; each kind has a colour and a shape of its own."""
    shown = marks[-places:]
    courses: dict[MarkKind, str] = {}
    for place, mark in enumerate(shown, start=places - len(shown)):
        courses[mark.kind] = courses.get(mark.kind, "") + _course(mark, place * PITCH + 3, HEIGHT)
    strokes = tuple(Stroke(kind=kind.name.lower(), course=course) for kind, course in courses.items())
    return Drawing(width=places * PITCH, height=HEIGHT, strokes=strokes, label=in_words(shown))


def draw_chart(marks: Sequence[Mark], places: int, *, pitch: int = 14, height: int = 96) -> Drawing:
    """Return a larger row in which every mark says what it is when pointed at."""
    shown = marks[-places:]
    start = places - len(shown)
    strokes = tuple(
        Stroke(
            kind=mark.kind.name.lower(),
            course=_course(mark, place * pitch + pitch // 2, height),
            title=mark.title,
        )
        for place, mark in enumerate(shown, start=start)
    )
    return Drawing(width=places * pitch, height=height, strokes=strokes, label=in_words(shown))


def _course(mark: Mark, x: int, height: int) -> str:
    """Return the shape of a mark: bars for runs, broken ones for bad ends, signs for what never ran."""
    top = height - round(LOWEST + (height - LOWEST - 1) * mark.share)
    middle = height // 2
    if mark.kind in (MarkKind.FAILED, MarkKind.TIMEOUT):
        top = min(top, height - 14)
        return f"M{x} {height}v-4M{x} {height - 7}V{top}"
    if mark.kind is MarkKind.LATE:
        return f"M{x} {height}V{min(top + 5, height - 3)}M{x} {min(top + 3, height - 5)}v-3"
    if mark.kind is MarkKind.MISSED:
        return f"M{x - 2} {middle - 2}l4 4m0-4l-4 4"
    if mark.kind is MarkKind.UNKNOWN:
        return f"M{x} {height}v-2M{x} {height - 6}v-2M{x} {height - 12}v-2"
    if mark.kind in (MarkKind.SKIPPED, MarkKind.PENDING):
        return f"M{x} {height}v-2"
    return f"M{x} {height}V{top}"
