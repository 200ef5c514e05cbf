"""The expected runs of a job as the API answers them."""

from tocsin.web.api.shape import Page, Shape
from tocsin.web.api.shapes import OccurrenceShape


class PunctualityShape(Shape):
    """Expected runs by what became of them."""

    met: int
    late: int
    missed: int
    skipped: int
    excused: int
    unknown: int
    """Nobody can say whether they came: they fell into a time in which Tocsin was down or blind."""
    percent: float | None
    """The share that was met of those that were met, late or missed; null where there are none."""


class OccurrencesShape(Page[OccurrenceShape]):
    """The newest expected runs of a job of which it is decided what became of them, newest first."""

    punctuality: PunctualityShape
