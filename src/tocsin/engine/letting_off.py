"""What a person's word makes of an expected run: skipped, expected again, or excused."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.engine.commands import (
    Done,
    ExcuseOccurrence,
    Refusal,
    Refused,
    Result,
    SkipOccurrence,
    UnskipOccurrence,
)
from tocsin.engine.draft import Draft
from tocsin.jobs import letting_off
from tocsin.jobs.job import Job
from tocsin.jobs.letting_off import Answer, Outcome
from tocsin.jobs.occurrence import LetOff, Occurrence, next_occurrence
from tocsin.jobs.run import Violation
from tocsin.rules.wording import clock_time
from tocsin.store.rows import Watch

MAX_REASON = 500
_LOOKED_AT = 50

Command = SkipOccurrence | UnskipOccurrence | ExcuseOccurrence

_REFUSALS = {
    Outcome.TOO_LATE: (Refusal.CONFLICT, "{when} is over; excuse what became of it instead"),
    Outcome.TOO_FAR: (Refusal.INVALID, "{when} is too far ahead; the latest is in 400 days"),
    Outcome.TOO_MANY: (Refusal.CONFLICT, "50 runs to come are skipped already; pause the job instead"),
    Outcome.BEGUN: (Refusal.CONFLICT, "the run of {when} has begun; if it comes late, excuse it"),
    Outcome.IN_TIME: (
        Refusal.CONFLICT,
        "the run of {when} is neither missed nor late, so there is nothing to excuse",
    ),
}


def let_off(draft: Draft, command: Command) -> Result:
    """Carry out one command about one expected run."""
    if len(getattr(command, "reason", "")) > MAX_REASON:
        return Refused(reason=Refusal.INVALID, message=f"a reason has at most {MAX_REASON} characters")
    watch = draft.writing.watches([command.job]).get(command.job)
    if watch is None:
        message = f"there is no job {command.job.name!r} in {command.job.environment!r}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    draft.load([watch])
    match command:
        case SkipOccurrence():
            return _skip(draft, watch, command)
        case UnskipOccurrence():
            return _unskip(draft, watch, command)
        case ExcuseOccurrence():
            return _excuse(draft, watch, command)


def _skip(draft: Draft, watch: Watch, command: SkipOccurrence) -> Result:
    job, state, at = watch.job, watch.state, command.at
    if job.paused_at is not None:
        return Refused(reason=Refusal.CONFLICT, message="it is paused, so that no run of it is expected")
    if at is None:
        nominal_at = letting_off.next_to_skip(job, state, draft.now)
    else:
        nominal_at = letting_off.nominal_meant(job, state, at)
    if nominal_at is None:
        return _not_expected(job, at or draft.now, draft.now)
    word = LetOff(at=draft.now, who=command.who, reason=command.reason, skipped=True)
    answer = letting_off.skip(job, state, nominal_at, word)
    if answer.outcome is not Outcome.TAKEN:
        return _not_taken(job, answer, nominal_at, draft.now, "skipped")
    _take(draft, watch, answer)
    return Done(message=f"skipped: the run of {_when(job, nominal_at)} need not come", id=_id(nominal_at))


def _unskip(draft: Draft, watch: Watch, command: UnskipOccurrence) -> Result:
    job, state = watch.job, watch.state
    nominal_at = letting_off.nominal_meant(job, state, command.at) or command.at
    answer = letting_off.unskip(job, state, nominal_at, draft.now)
    if answer.outcome is Outcome.ALREADY:
        return Done(message=f"the run of {_when(job, nominal_at)} is not skipped", id=_id(nominal_at))
    if answer.outcome is not Outcome.TAKEN:
        return _not_taken(job, answer, nominal_at, draft.now, "skipped")
    _take(draft, watch, answer)
    return Done(message=f"the run of {_when(job, nominal_at)} is expected again", id=_id(nominal_at))


def _excuse(draft: Draft, watch: Watch, command: ExcuseOccurrence) -> Result:
    job, state, at = watch.job, watch.state, command.at
    decided = tuple(draft.writing.decided(job.id, draft.now if at is None else at, _LOOKED_AT))
    if at is None:
        nominal_at = letting_off.last_to_excuse(state, decided, draft.now)
        if nominal_at is None:
            message = "no expected run of it was missed or late lately; say which one"
            return Refused(reason=Refusal.CONFLICT, message=message)
    else:
        exact = any(one.nominal_at == at for one in decided)
        nominal_at = at if exact else letting_off.nominal_meant(job, state, at) or at
        decided = tuple(draft.writing.decided(job.id, nominal_at, 1))
    kept = next((one for one in decided if one.nominal_at == nominal_at), None)
    word = LetOff(at=draft.now, who=command.who, reason=command.reason)
    answer = letting_off.excuse(state, nominal_at, kept, word)
    if answer.outcome is not Outcome.TAKEN or answer.occurrence is None:
        return _not_taken(job, answer, nominal_at, draft.now, "excused")
    _take(draft, watch, answer)
    draft.amend_occurrence(job.id, answer.occurrence)
    if answer.occurrence.violated:
        draft.note_excused(job.key, Violation.DEADLINE_MISSED)
    return Done(message=f"excused: the run of {_when(job, nominal_at)} does not count", id=_id(nominal_at))


def _take(draft: Draft, watch: Watch, answer: Answer) -> None:
    draft.watches[watch.job.id] = replace(watch, state=answer.state)
    draft.look(watch.job.id)


def _not_taken(job: Job, answer: Answer, nominal_at: datetime, now: datetime, done: str) -> Result:
    if answer.outcome is Outcome.ALREADY:
        return Done(message=_already(job, answer.occurrence, nominal_at, done), id=_id(nominal_at))
    if answer.outcome is Outcome.NOT_EXPECTED:
        return _not_expected(job, nominal_at, now)
    reason, words = _REFUSALS[answer.outcome]
    return Refused(reason=reason, message=words.format(when=_when(job, nominal_at)))


def _already(job: Job, one: Occurrence | None, nominal_at: datetime, done: str) -> str:
    by = f" by {one.let_off.who}" if one is not None and one.let_off is not None else ""
    return f"the run of {_when(job, nominal_at)} is {done} already{by}"


def _not_expected(job: Job, at: datetime, now: datetime) -> Refused:
    coming = next_occurrence(job.definition.plan, now)
    hint = f"; the next one is {_when(job, coming.nominal_at)}" if coming is not None else ""
    message = f"no run of {job.name!r} is expected at {_when(job, at)}{hint}"
    return Refused(reason=Refusal.NOT_FOUND, message=message)


def _when(job: Job, at: datetime) -> str:
    return clock_time(at, job.definition.timezone)


def _id(nominal_at: datetime) -> str:
    return nominal_at.isoformat()
