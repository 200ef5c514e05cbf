"""What the newest good runs have measured of their data, as far as checks ask for it. Pure."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.checks import Check
from tocsin.jobs.run import Run
from tocsin.jobs.state import MAX_LOST, MAX_MARKS, MAX_MEASURED, JobState, Measured


def value_of(measured: Measured, check: Check) -> float | str | None:
    """Return what a run measured for a check, why that is no number, or None where it sent nothing."""
    for key, value in measured.values:
        if key == check.key:
            return value
    return None


def is_failed(measured: Measured, check: Check) -> bool:
    """Whether a check failed: outside its limits, not a number, or not sent at all."""
    value = value_of(measured, check)
    return not isinstance(value, float) or not check.holds(value)


def with_measured(state: JobState, checks: tuple[Check, ...], run: Run) -> JobState:
    """Return the state after a good run: of each partition the newest, with what it measured.

    Where there are more partitions than can be kept, one of which all is well goes first; of others the names
    stay, for nobody can say any more that all is well.
    """
    before = next((one for one in state.measured if one.partition == run.partition), None)
    ended_at = run.ended_at or run.last_sign_at
    if before is not None and before.at > ended_at:
        return state
    newest = _measured(run, ended_at, checks, before)
    others = tuple(one for one in state.measured if one is not before)
    kept = tuple(sorted((*others, newest), key=_at))
    lost = tuple(partition for partition in state.measured_lost if partition != run.partition)
    if len(kept) > MAX_MEASURED:
        gone = next((one for one in kept if one is not newest and not one.marks[-1]), kept[0])
        kept = tuple(one for one in kept if one is not gone)
        lost = (*lost, gone.partition)[-MAX_LOST:] if gone.marks[-1] else lost
    return replace(state, measured=kept, measured_lost=lost)


def without_measured(state: JobState, key: str) -> JobState:
    """Return the state without what a run measured that goes on, or has ended anew."""
    return replace(state, measured=tuple(one for one in state.measured if one.run != key))


def _at(measured: Measured) -> datetime:
    return measured.at


def _measured(run: Run, ended_at: datetime, checks: tuple[Check, ...], before: Measured | None) -> Measured:
    wanted = {check.key for check in checks}
    sent: dict[str, float | str] = {}
    if run.detail is not None:
        sent = {**dict(run.detail.metrics), **dict(run.detail.not_numbers)}
    values = tuple((key, sent[key]) for key in sorted(wanted & sent.keys()))
    found = Measured(partition=run.partition, run=run.key, at=ended_at, since_at=ended_at, values=values)
    failed = any(is_failed(found, check) for check in checks)
    went_on = failed and before is not None and bool(before.marks) and before.marks[-1]
    return replace(
        found,
        marks=(*(before.marks if before is not None else ()), failed)[-MAX_MARKS:],
        since_at=before.since_at if went_on and before is not None else ended_at,
    )
