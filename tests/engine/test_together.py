"""Two replays of one past: what the second is told instead of asking anew, and that it comes to the same."""

from dataclasses import replace as changed
from datetime import datetime

import pytest
from msgspec.structs import replace

from tests.engine.test_tuning import BEGINS, CONFIGURATION, DEFINITION, JOB, past
from tocsin.engine.book import Book
from tocsin.engine.configuration import Configuration
from tocsin.engine.replaying import Replay
from tocsin.engine.together import Heard, Together
from tocsin.jobs.folding import Folded
from tocsin.jobs.job import Definition
from tocsin.jobs.schedule import read_schedule
from tocsin.rules.finding import Severity
from tocsin.store.rows import Watch


class Counted(Together):
    """Knows how often a replay has asked, and how often it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.folds: list[bool] = []
        self.looks: list[bool] = []

    def folded(self, heard: Heard) -> Folded | None:
        found = super().folded(heard)
        self.folds.append(found is not None)
        return found

    def looked_at(self, watch: Watch, book: Book, now: datetime) -> Watch | None:
        found = super().looked_at(watch, book, now)
        self.looks.append(found is not None)
        return found


def defined(definition: Definition) -> Configuration:
    return changed(CONFIGURATION, jobs={JOB.key: definition})


def promised(seconds: float) -> Configuration:
    return defined(replace(DEFINITION, sla=changed(DEFINITION.sla, max_duration_seconds=seconds)))


LOUDER = changed(
    CONFIGURATION, rules=tuple(changed(rule, severity=Severity.PAGE) for rule in CONFIGURATION.rules)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [(CONFIGURATION, CONFIGURATION), (CONFIGURATION, LOUDER), (promised(9_000), promised(5_000))],
    ids=["alike", "louder", "sooner"],
)
def test_the_second_is_told_nearly_all_and_comes_to_what_it_would_alone(
    one: Configuration, other: Configuration
) -> None:
    together = Counted()
    configurations = one, other
    replays = [Replay(each, starts_at=BEGINS, jobs=[JOB], together=together) for each in configurations]
    alone = [Replay(each, starts_at=BEGINS, jobs=[JOB]) for each in configurations]
    for check_in in past():
        for replay in (*replays, *alone):
            replay.feed(check_in)

    assert [replay.events for replay in replays] == [replay.events for replay in alone]
    assert sum(together.folds) > 0.45 * len(together.folds) > 50
    assert sum(together.looks) > 0.45 * len(together.looks) > 50


def test_a_job_that_is_expected_at_other_times_is_asked_for_itself() -> None:
    together = Counted()
    other = defined(replace(DEFINITION, schedule=read_schedule("5 5 * * *", "UTC")))
    replays = [
        Replay(each, starts_at=BEGINS, jobs=[JOB], together=together) for each in (CONFIGURATION, other)
    ]
    for check_in in past():
        for replay in replays:
            replay.feed(check_in)

    assert not any(together.folds)
    assert not any(together.looks)
