"""What a person's word makes of a run: excluded from what is learned, expected, or the new normal."""

from typing import Final

from msgspec.structs import replace

from tocsin.engine.commands import Done, Refusal, Refused, Result, TeachRun
from tocsin.engine.draft import Draft
from tocsin.jobs import teaching
from tocsin.jobs.folding import run_held
from tocsin.jobs.run import Meaning, Remark, Run
from tocsin.jobs.teaching import Outcome
from tocsin.store.rows import Watch

MAX_NOTE: Final = 500
_DONE: Final = {
    Meaning.EXCLUDED: "excluded: nothing is learned from run {run}",
    Meaning.EXPECTED: "run {run} was expected to be so: no alarm, and so is one that takes as long",
    Meaning.NEW_NORMAL: "what is normal begins anew with run {run}",
}
_REFUSALS: Final = {
    Outcome.NOT_ENDED: "run {run} is still at work; say that it is the new normal when it has ended",
    Outcome.NOT_GOOD: "run {run} did not end well, so that nothing is learned from it in any case",
}


def teach(draft: Draft, command: TeachRun) -> Result:
    """Carry out one command about one run."""
    if len(command.note) > MAX_NOTE:
        return Refused(reason=Refusal.INVALID, message=f"a note has at most {MAX_NOTE} characters")
    watch = draft.writing.watches([command.job]).get(command.job)
    if watch is None:
        message = f"there is no job {command.job.name!r} in {command.job.environment!r}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    draft.load([watch])
    run = _run_of(draft, watch, command.run)
    if run is None:
        message = f"{command.job.name!r} has no run {command.run!r}; its runs: tocsin runs {command.job.name}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    if command.meaning is None:
        answer = teaching.forget(watch.state, run, draft.now)
        words = f"of run {run.key} nothing is said any more; it is judged as any other"
    else:
        remark = Remark(meaning=command.meaning, at=draft.now, who=command.who, note=command.note)
        answer, words = teaching.teach(watch.state, run, remark), _DONE[command.meaning].format(run=run.key)
    if answer.outcome is Outcome.ALREADY:
        return Done(message=_already(run), id=run.key)
    if answer.outcome is not Outcome.TAKEN:
        return Refused(reason=Refusal.CONFLICT, message=_REFUSALS[answer.outcome].format(run=run.key))
    draft.watches[watch.job.id] = replace(watch, state=answer.state)
    draft.keep_runs(watch.job.id, [answer.run])
    draft.look(watch.job.id)
    return Done(message=words, id=run.key)


def _run_of(draft: Draft, watch: Watch, key: str) -> Run | None:
    held = run_held(watch.state, key)
    return held or draft.writing.runs([(watch.job.id, key)]).get((watch.job.id, key))


def _already(run: Run) -> str:
    if run.remark is None:
        return f"of run {run.key} nobody has said anything"
    return f"run {run.key} is {run.remark.meaning.value.replace('_', ' ')} already, by {run.remark.who}"
