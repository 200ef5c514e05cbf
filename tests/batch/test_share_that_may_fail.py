"""The share of records that may fail is one of all that were read, also of those that are on their way."""

from collections.abc import Iterator
from pathlib import Path

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.stories import adds_up, numbers
from tocsin.batch.config import BatchConfig
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state.base import RunStatus

FIVE_PERCENT = BatchConfig(
    rate_limit_rps=1_000, error_threshold_percent=5, max_batch_size=100, parallel_workers=1
)


def every(share: int) -> list[dict[str, object]]:
    """Return records of which one in so many is bad."""
    return [
        {**number, **({"bad": "poison"} if number["n"] % share == 0 else {})} for number in numbers(4_000)
    ]


def test_what_is_refused_while_it_is_read_ends_no_run_that_keeps_within_its_share(state: Path) -> None:
    pipeline = Pipeline(
        "share",
        BookSink(),
        validate=lambda record: "bad" if "bad" in record else None,
        state=state,
        config=FIVE_PERCENT,
    )

    report = pipeline.run(every(30))

    assert (report.status, report.reason, report.dead) == (RunStatus.COMPLETED, "", 134)
    assert adds_up(report)


def test_a_run_that_goes_beyond_its_share_ends_long_before_all_has_failed(state: Path) -> None:
    report = Pipeline("beyond", BookSink(refuses_poison), state=state, config=FIVE_PERCENT).run(every(2))

    assert report.status is RunStatus.FAILED
    assert "% of the records failed; 5 % may" in report.reason
    assert report.dead < 400
    assert adds_up(report)


def test_a_run_that_is_resumed_is_judged_with_what_came_before(state: Path) -> None:
    def failing() -> Iterator[dict[str, object]]:
        yield from every(30)[:2_000]
        raise OSError("the disk is gone")

    def pipeline() -> Pipeline:
        return Pipeline("resumed", BookSink(refuses_poison), state=state, config=FIVE_PERCENT)

    assert pipeline().run(failing()).status is RunStatus.FAILED
    report = pipeline().run((record for record in every(30)), resume=True)

    assert (report.status, report.reason, report.dead) == (RunStatus.COMPLETED, "", 134)
    assert adds_up(report)
