"""What the newest good runs have measured of their data, as far as checks ask for it. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from tocsin.jobs.checks import Check, Compared
from tocsin.jobs.run import Meaning, Run
from tocsin.jobs.state import (
    EVERY_CONDITION,
    MAX_LOST,
    MAX_MARKS,
    MAX_MEASURED,
    Before,
    JobState,
    Measured,
)

JUDGED_BY: Final = "data_quality"
"""The condition that judges what was measured, as people declare it over."""
Compare = Callable[[Run], tuple[Compared, ...]]
"""Tells what each metric of a good run that has ended is compared with."""


def value_of(measured: Measured, check: Check) -> float | str | None:
    """Return what a run measured for a check, why that is no number, or None where it sent nothing."""
    for key, value in measured.values:
        if key == check.key:
            return value
    return None


def note_of(measured: Measured, check: Check) -> str:
    """Return what was said of the value for a check, or nothing."""
    return next((note for key, note in measured.notes if key == check.key), "")


def was_asked(measured: Measured, check: Check) -> bool:
    """Whether there was such a check already when the run ended, so that it would have sent the metric."""
    return measured.missing is None or check.key in measured.missing


def compared_of(measured: Measured, check: Check) -> Compared | None:
    """Return what the metric of a check was compared with, or None where nothing was known of it."""
    for compared in measured.compared:
        if compared.key == check.key:
            return compared
    return None


def before_of(measured: Measured, check: Check) -> float | None:
    """Return the value from which the change of a check counts, or None where there is none."""
    return next((value for name, value in measured.before if name == check.id), None)


def is_failed(measured: Measured, check: Check) -> bool:
    """Whether a check failed: outside its limits, unusual, no number, or not sent though it was asked for."""
    value = value_of(measured, check)
    if value is None:
        return was_asked(measured, check)
    if not isinstance(value, float) or not check.holds(value):
        return True
    if check.has_changed(value, before_of(measured, check)):
        return True
    return check.is_unusual(value, compared_of(measured, check))


def with_measured(
    state: JobState, checks: tuple[Check, ...], run: Run, compare: Compare | None = None
) -> JobState:
    """Return the state after a good run: of each partition the newest, with what it measured.

    Where there are more partitions than can be kept, one of which all is well goes first; of others the names
    stay, for nobody can say any more that all is well.
    """
    before = next((one for one in state.measured if one.partition == run.partition), None)
    ended_at = run.ended_at or run.last_sign_at
    if before is not None and before.at > ended_at:
        return state
    newest = _measured(run, checks, () if compare is None else compare(run))
    if any(check.change is not None for check in checks):
        newest = replace(newest, before=_before(state, checks, before, run.partition))
    newest = _marked(newest, checks, before)
    others = tuple(one for one in state.measured if one is not before)
    kept = tuple(sorted((*others, newest), key=_at))
    lost = tuple(partition for partition in state.measured_lost if partition != run.partition)
    if len(kept) > MAX_MEASURED:
        gone = next((one for one in kept if one is not newest and not one.marks[-1]), kept[0])
        kept = tuple(one for one in kept if one is not gone)
        lost = (*lost, gone.partition)[-MAX_LOST:] if gone.marks[-1] else lost
    again = tuple(one for one in state.measured_before if one[0] != run.partition)
    return replace(state, measured=kept, measured_lost=lost, measured_before=again)


def without_measured(state: JobState, key: str) -> JobState:
    """Return the state without what a run measured that goes on, or has ended anew."""
    gone = next((one for one in state.measured if one.run == key), None)
    if gone is None:
        return state
    state = replace(state, measured=tuple(one for one in state.measured if one is not gone))
    if not gone.before:
        return state
    others = tuple(one for one in state.measured_before if one[0] != gone.partition)
    return replace(state, measured_before=(*others, (gone.partition, gone.before))[-MAX_MEASURED:])


def _before(state: JobState, checks: tuple[Check, ...], newest: Measured | None, partition: str) -> Before:
    """Return the values from which the changes of the next run of a partition count, as far as there are any.

    Of each check it is that of the last run that passed it, or of which a person has said that all is well.
    """
    if newest is None:
        return dict(state.measured_before).get(partition, ())
    known = dict(newest.before)
    for check in checks:
        value = value_of(newest, check)
        if check.change is not None and isinstance(value, float) and _is_accepted(state, newest, check):
            known[check.id] = value
    return tuple((check.id, known[check.id]) for check in checks if check.change and check.id in known)


def _is_accepted(state: JobState, measured: Measured, check: Check) -> bool:
    """Whether what a run measured is as it is to be: by the check, or by the word of a person."""
    said = next((one.remark.meaning for one in state.remarks if one.run == measured.run), None)
    if said is not None and said is not Meaning.EXPECTED:
        return said is Meaning.NEW_NORMAL
    over = (at for name, at in state.forgiven if name in (JUDGED_BY, EVERY_CONDITION))
    return not is_failed(measured, check) or any(at >= measured.at for at in over)


def _at(measured: Measured) -> datetime:
    return measured.at


def _measured(run: Run, checks: tuple[Check, ...], compared: tuple[Compared, ...]) -> Measured:
    ended_at = run.ended_at or run.last_sign_at
    wanted = {check.key for check in checks}
    sent: dict[str, float | str] = {}
    noted = () if run.detail is None else run.detail.notes
    if run.detail is not None:
        sent = {**dict(run.detail.metrics), **dict(run.detail.not_numbers)}
    values = tuple((key, sent[key]) for key in sorted(wanted & sent.keys()))
    return Measured(
        partition=run.partition,
        run=run.key,
        at=ended_at,
        since_at=ended_at,
        values=values,
        missing=tuple(sorted(wanted - sent.keys())),
        compared=compared,
        notes=tuple((key, note) for key, note in noted if key in wanted),
    )


def _marked(found: Measured, checks: tuple[Check, ...], before: Measured | None) -> Measured:
    """Return what was measured with whether any check failed, and since when that is so."""
    failed = any(is_failed(found, check) for check in checks)
    went_on = failed and before is not None and bool(before.marks) and before.marks[-1]
    return replace(
        found,
        marks=(*(before.marks if before is not None else ()), failed)[-MAX_MARKS:],
        since_at=before.since_at if went_on and before is not None else found.at,
    )
