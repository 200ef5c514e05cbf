"""What a silence would hit, and whether that is more than anybody can mean. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tocsin.alerts.fingerprint import OF_ERRORS
from tocsin.alerts.matcher import Matcher, match_all

OF_ALERTS = frozenset({"severity", "condition", "rule"}) | OF_ERRORS
MAX_NAMED = 10


class Breadth(Enum):
    """How much a silence covers: no job, some, more than half of them, or every one."""

    NOTHING = "nothing"
    SOME = "some"
    BROAD = "broad"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Which jobs a silence could mute: so many of so many, the first of them by name.

    `is_whole`: no job was left out of the count.
    """

    jobs_hit: int
    jobs: int
    named: tuple[str, ...]
    breadth: Breadth
    is_whole: bool = True

    @property
    def warning(self) -> str:
        """What whoever makes the silence should know; empty where it is as narrow as it should be."""
        of = f"{self.jobs:,} jobs" if self.is_whole else f"the first {self.jobs:,} jobs"
        match self.breadth:
            case Breadth.NOTHING:
                return "it matches no job that is known; look whether a name or a label is misspelled"
            case Breadth.EVERYTHING:
                return f"it matches every one of {of}; nobody would hear of any trouble that it fits"
            case Breadth.BROAD:
                return f"it matches {self.jobs_hit:,} of {of}, more than half of them"
            case Breadth.SOME:
                return ""


def preview(
    matchers: Iterable[Matcher], jobs: Iterable[tuple[str, dict[str, str]]], *, is_whole: bool = True
) -> Preview:
    """Return what matchers could mute of jobs, which are given by name and labels.

    Tests on severity, condition, rule and error are about alerts, and let every job pass here.
    """
    tests = tuple(matcher for matcher in matchers if matcher.name not in OF_ALERTS)
    hit, count, named = 0, 0, list[str]()
    for name, labels in jobs:
        count += 1
        if match_all(tests, labels):
            hit += 1
            if len(named) < MAX_NAMED:
                named.append(name)
    return Preview(
        jobs_hit=hit, jobs=count, named=tuple(named), breadth=_breadth(hit, count), is_whole=is_whole
    )


def _breadth(hit: int, count: int) -> Breadth:
    if hit == 0:
        return Breadth.NOTHING
    if hit == count > 1:
        return Breadth.EVERYTHING
    return Breadth.BROAD if hit * 2 > count > 1 else Breadth.SOME
