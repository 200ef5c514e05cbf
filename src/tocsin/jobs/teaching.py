"""What a person teaches of a run: that it tells nothing, was to be as it was, or is the new normal. Pure."""

from datetime import datetime
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.run import Meaning, Remark, Run, RunStatus
from tocsin.jobs.state import MAX_REMARKS, JobState, Remarked, Unlearned


class Outcome(Enum):
    """What became of a person's word about a run."""

    TAKEN = "taken"
    ALREADY = "already"
    NOT_GOOD = "not_good"
    NOT_ENDED = "not_ended"


class Answer(Struct, frozen=True, kw_only=True):
    """The state and the run after a person's word."""

    outcome: Outcome
    state: JobState
    run: Run


def teach(state: JobState, run: Run, remark: Remark) -> Answer:
    """Take up what a person says of a run, in the place of what was said of it before.

    Of a run at work it is not known yet how long it takes, so that it cannot be the new normal; from one that
    did not end well nothing is learned in any case.
    """
    if run.remark is not None and (run.remark.meaning, run.remark.note) == (remark.meaning, remark.note):
        return Answer(outcome=Outcome.ALREADY, state=state, run=run)
    if run.status.is_open and remark.meaning is Meaning.NEW_NORMAL:
        return Answer(outcome=Outcome.NOT_ENDED, state=state, run=run)
    if not run.status.is_open and run.status is not RunStatus.SUCCESS:
        return Answer(outcome=Outcome.NOT_GOOD, state=state, run=run)
    said = Remarked(run=run.key, order_at=run.order_at, remark=remark)
    kept = (*(one for one in state.remarks if one.run != run.key), said)[-MAX_REMARKS:]
    return _taken(replace(state, remarks=kept), replace(run, remark=remark), remark.at)


def forget(state: JobState, run: Run, now: datetime) -> Answer:
    """Take back what a person has said of a run."""
    if run.remark is None:
        return Answer(outcome=Outcome.ALREADY, state=state, run=run)
    kept = tuple(one for one in state.remarks if one.run != run.key)
    return _taken(replace(state, remarks=kept), replace(run, remark=None), now)


def _taken(state: JobState, run: Run, now: datetime) -> Answer:
    """Let the run be what it is wherever it is held, and all be learned anew from it on."""
    known, unlearned = state.unlearned, state.unlearned
    if not run.status.is_open:
        from_at = run.order_at if known is None else min(run.order_at, known.from_at)
        unlearned = Unlearned(from_at=from_at, due_at=now)
    state = replace(
        state,
        open_runs=tuple([run if one.key == run.key else one for one in state.open_runs]),
        last=run if state.last is not None and state.last.key == run.key else state.last,
        unlearned=unlearned,
    )
    return Answer(outcome=Outcome.TAKEN, state=state, run=run)
