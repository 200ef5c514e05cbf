"""What is known of a job after the clock was set back: nothing that has happened lies ahead. Pure.

Whoever says that up to now nothing counts any more means all that has happened, also what was noted under an
instant that the clock has still to reach once more. What is expected stays where the wall has it.
"""

from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.state import JobState, Outcome
from tocsin.jobs.tally import tallies_by


def state_at(state: JobState, now: datetime) -> JobState:
    """Return the state in which no run has ended and no expected run was missed later than `now`."""
    return replace(
        state,
        failures=tuple(_run_at(run, now) for run in state.failures),
        recent=tuple(_outcome_at(outcome, now) for outcome in state.recent),
        occurrences=tuple(_occurrence_at(occurrence, now) for occurrence in state.occurrences),
        last=None if state.last is None else _run_at(state.last, now),
        last_success_at=_by(state.last_success_at, now),
        last_started_at=_by(state.last_started_at, now),
        last_seen_at=_by(state.last_seen_at, now),
        at_risk=tuple([replace(risk, since_at=min(risk.since_at, now)) for risk in state.at_risk]),
        unlearned=state.unlearned and replace(state.unlearned, due_at=_by(state.unlearned.due_at, now)),
        tallies=tallies_by(state.tallies, now),
    )


def _run_at(run: Run, now: datetime) -> Run:
    if max(run.bad_at, run.last_sign_at) <= now:
        return run
    return replace(
        run,
        last_sign_at=min(run.last_sign_at, now),
        scheduled_at=_by(run.scheduled_at, now),
        queued_at=_by(run.queued_at, now),
        started_at=_by(run.started_at, now),
        ended_at=_by(run.ended_at, now),
    )


def _outcome_at(outcome: Outcome, now: datetime) -> Outcome:
    return replace(outcome, at=now) if outcome.at > now else outcome


def _occurrence_at(occurrence: Occurrence, now: datetime) -> Occurrence:
    """Return an expected run that is missed by `now` at the latest, if it is."""
    is_ahead = (occurrence.start_by or occurrence.nominal_at) > now
    return replace(occurrence, start_by=now) if occurrence.status.is_missed and is_ahead else occurrence


def _by(at: datetime | None, now: datetime) -> datetime | None:
    return None if at is None else min(at, now)
