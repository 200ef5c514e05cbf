"""What is not even kept cannot be read by anybody, nor be sent again."""

from pathlib import Path

from tests.batch.sinks_that_fail import BookSink
from tests.batch.stories import QUICK
from tocsin.batch.outcome import Outcome, Partial
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import Keeping, open_state
from tocsin.batch.state.base import DeadLetterQuery


def test_fields_that_are_not_kept_are_in_no_file_and_a_replay_says_so(tmp_path: Path) -> None:
    def refuses(batch: Batch, number: int) -> Outcome | None:
        return Partial({0: "ann@example.com is no customer"}) if number == 1 else None

    state = open_state(tmp_path / "batch.db", Keeping(redact_stored=True))
    sink = BookSink(refuses)
    pipeline = Pipeline("private", sink, state=state, config=QUICK, redact=("email",))
    assert pipeline.run([{"email": "ann@example.com", "n": 1}]).dead == 1

    report = pipeline.replay()

    assert (report.delivered, report.dead, sink.requests) == (0, 1, 1)
    (left,) = state.dead_letters(DeadLetterQuery())
    assert "cannot be sent again" in left.reason
    state.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b'"n":1' in kept
    assert b"ann@example.com" not in kept
