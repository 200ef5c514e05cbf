"""What a person's command makes of jobs, alerts and silences, in one transaction."""

from msgspec.structs import replace

from tocsin.alerts.advance import resolve
from tocsin.alerts.alert import Reason
from tocsin.engine.commands import (
    Acknowledge,
    AcknowledgeGroup,
    AddOverrides,
    AddSilence,
    AddToken,
    Command,
    Define,
    Delete,
    Done,
    ExcuseOccurrence,
    ExpireSilence,
    ExtendSilence,
    NoteAudit,
    NoteUndelivered,
    Pause,
    Refusal,
    Refused,
    RemoveOverride,
    Rename,
    Resolve,
    ResolveGroup,
    Result,
    Resume,
    RevokeToken,
    SendTest,
    SkipOccurrence,
    Snooze,
    StartDrill,
    TakeHistory,
    TeachRun,
    UnskipOccurrence,
)
from tocsin.engine.draft import SYSTEM_JOB, Draft
from tocsin.engine.drilling import start_drill
from tocsin.engine.importing import take_history
from tocsin.engine.in_hand import on_alert, take
from tocsin.engine.ingest import defined_by, resumed
from tocsin.engine.letting_off import let_off
from tocsin.engine.ourselves import note_audit
from tocsin.engine.overriding import add_overrides, remove_override
from tocsin.engine.silencing import on_silence
from tocsin.engine.teaching import teach
from tocsin.engine.trial import trial_notifications
from tocsin.engine.undelivered import note_undelivered
from tocsin.engine.whole_groups import on_group
from tocsin.jobs.defining import keeping_checks
from tocsin.jobs.job import Job, JobKey, Rank
from tocsin.rules.wording import plural
from tocsin.store.rows import Token, Watch

MAX_NAME = 200


def act(draft: Draft, command: Command) -> Result:  # noqa: C901, PLR0912 -- one line for each command
    """Carry out one command; what it changes is written with the draft."""
    if isinstance(command, Pause | Resume | Rename | Delete | Define) and _is_ours(command.job):
        message = f"the environment {SYSTEM_JOB.environment!r} is Tocsin's own; its job cannot be changed"
        return Refused(reason=Refusal.CONFLICT, message=message)
    match command:
        case Acknowledge() | Snooze() | Resolve():
            return on_alert(draft, command)
        case AcknowledgeGroup() | ResolveGroup():
            return on_group(draft, command)
        case Pause():
            return _pause(draft, command)
        case Resume():
            return _resume(draft, command)
        case Rename():
            return _rename(draft, command)
        case Delete():
            return _delete(draft, command)
        case Define():
            return _define(draft, command)
        case SkipOccurrence() | UnskipOccurrence() | ExcuseOccurrence():
            return let_off(draft, command)
        case TeachRun():
            return teach(draft, command)
        case AddSilence() | ExtendSilence() | ExpireSilence():
            return on_silence(draft, command)
        case AddOverrides():
            return add_overrides(draft, command)
        case RemoveOverride():
            return remove_override(draft, command)
        case SendTest():
            return _send_test(draft, command)
        case StartDrill():
            return start_drill(draft, command)
        case NoteAudit():
            return note_audit(draft, command)
        case NoteUndelivered():
            return note_undelivered(draft, command)
        case AddToken() | RevokeToken():
            return _on_token(draft, command)
        case TakeHistory():
            return take_history(draft, command)


def _is_ours(job: JobKey) -> bool:
    return job.environment == SYSTEM_JOB.environment


def _not_found(what: str) -> Refused:
    return Refused(reason=Refusal.NOT_FOUND, message=f"there is no {what}")


def _job(draft: Draft, key: JobKey) -> Watch | None:
    watch = draft.writing.watches([key]).get(key)
    if watch is not None:
        draft.load([watch])
    return watch


def _close_all(draft: Draft, job_id: int, reason: Reason, who: str) -> int:
    open_ = [a for a in draft.alerts_of(job_id) if a.is_open]
    for alert in open_:
        take(draft, resolve(alert, reason, who, draft.now), who)
    return len(open_)


def _closed(count: int) -> str:
    return f"{plural(count, 'open alert')} of it resolved" if count else "it had no open alert"


def _pause(draft: Draft, command: Pause) -> Result:
    watch = _job(draft, command.job)
    if watch is None:
        return _not_found(f"job {command.job.name!r} in {command.job.environment!r}")
    if watch.job.paused_at is not None:
        return Done(message="it is paused already")
    job = replace(watch.job, paused_at=draft.now, paused_by=command.who)
    draft.watches[job.id] = replace(watch, job=job, due_at=None)
    count = _close_all(draft, job.id, Reason.JOB_PAUSED, command.who)
    return Done(message=f"paused: it is not judged until it is resumed; {_closed(count)}")


def _resume(draft: Draft, command: Resume) -> Result:
    watch = _job(draft, command.job)
    if watch is None:
        return _not_found(f"job {command.job.name!r} in {command.job.environment!r}")
    if watch.job.paused_at is None:
        return Done(message="it is not paused")
    draft.watches[watch.job.id] = resumed(watch, draft.now)
    draft.look(watch.job.id)
    return Done(
        message="resumed: it is judged from now on; nothing that fell into the pause counts as missed"
    )


def _rename(draft: Draft, command: Rename) -> Result:
    watch = _job(draft, command.job)
    if watch is None:
        return _not_found(f"job {command.job.name!r} in {command.job.environment!r}")
    if watch.job.definition.rank is Rank.FILE:
        return _defined_in_file(command.job)
    if not command.name.strip() or len(command.name) > MAX_NAME:
        return Refused(reason=Refusal.INVALID, message=f"a name has 1 to {MAX_NAME} characters")
    if command.name == watch.job.name:
        return Done(message="it is called so already")
    if not draft.writing.rename(watch.job.id, command.name):
        message = f"{command.job.environment!r} has a job {command.name!r} already"
        return Refused(reason=Refusal.CONFLICT, message=message)
    count = _close_all(draft, watch.job.id, Reason.JOB_RENAMED, command.who)
    watch = draft.watches[watch.job.id]
    draft.watches[watch.job.id] = replace(watch, job=replace(watch.job, name=command.name), due_at=draft.now)
    return Done(message=f"renamed; {_closed(count)}, and what still holds is opened anew under the new name")


def _defined_in_file(job: JobKey) -> Refused:
    message = f"{job.name!r} is defined in the configuration file; change it there and reload"
    return Refused(reason=Refusal.CONFLICT, message=message)


def _delete(draft: Draft, command: Delete) -> Result:
    watch = _job(draft, command.job)
    if watch is None:
        return _not_found(f"job {command.job.name!r} in {command.job.environment!r}")
    if watch.job.definition.rank is Rank.FILE:
        return _defined_in_file(command.job)
    count = _close_all(draft, watch.job.id, Reason.JOB_DELETED, command.who)
    del draft.watches[watch.job.id]
    draft.writing.delete(watch.job.id)
    return Done(message=f"deleted with its runs; {_closed(count)}. It comes back if it checks in again")


def _define(draft: Draft, command: Define) -> Result:
    watch = _job(draft, command.job)
    definition = replace(command.definition, rank=Rank.API)
    if watch is None:
        from_file = draft.book.definition_of(command.job)
        if from_file is not None:
            return _defined_in_file(command.job)
        made = draft.writing.register([_new(command.job, draft)])
        draft.load(made.values())
        watch = made[command.job]
    if watch.job.definition.rank > Rank.API:
        return _defined_in_file(command.job)
    draft.watches[watch.job.id] = defined_by(
        watch, keeping_checks(definition, watch.job.definition), draft.now
    )
    draft.look(watch.job.id)
    return Done(message="defined; it is expected from now on")


def _new(key: JobKey, draft: Draft) -> Job:
    return Job(name=key.name, environment=key.environment, registered_at=draft.now)


def _send_test(draft: Draft, command: SendTest) -> Result:
    targets = draft.book.configuration.targets.get(command.receiver)
    if targets is None:
        known = ", ".join(sorted(draft.book.configuration.targets))
        return Refused(
            reason=Refusal.NOT_FOUND, message=f"there is no receiver {command.receiver!r}; there are: {known}"
        )
    digests = (plan.target for plan in draft.book.configuration.digests if plan.receiver == command.receiver)
    targets, test_id = (*targets, *digests), draft.new_id()
    draft.notifications.extend(trial_notifications(test_id, targets, command.who, draft.now))
    return Done(message=f"a test is on its way to {', '.join(targets)}", id=test_id)


def _on_token(draft: Draft, command: AddToken | RevokeToken) -> Result:
    if isinstance(command, AddToken):
        token = Token(
            id=draft.new_id(),
            kind=command.kind,
            name=command.name,
            digest=command.digest,
            created_at=draft.now,
        )
        draft.writing.save_token(token)
        return Done(message=f"made by {command.who}", id=token.id)
    if not draft.writing.revoke_token(command.token_id, draft.now):
        return _not_found(f"token {command.token_id!r} that is still valid")
    return Done(message=f"revoked by {command.who}", id=command.token_id)
