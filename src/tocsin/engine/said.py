"""By which person's word about a run an alert of its job has ended."""

from datetime import datetime
from typing import Final

from tocsin.alerts.alert import LET_OFF, TAUGHT, Alert, Reason
from tocsin.jobs.run import Meaning
from tocsin.jobs.state import JobState

OF_DURATIONS: Final = "duration_anomaly"
_TAUGHT_BY: Final = {
    Meaning.EXCLUDED: Reason.RUN_EXCLUDED,
    Meaning.EXPECTED: Reason.RUN_EXPECTED,
    Meaning.NEW_NORMAL: Reason.CALLED_NORMAL,
}


def said_now(state: JobState, alert: Alert, now: datetime) -> Reason | None:
    """Return the word of this very instant by which an alert is over that holds no more; None: by none."""
    let_off = state.let_off
    if let_off is not None and let_off.at == now:
        return Reason.RUN_SKIPPED if let_off.skipped else Reason.RUN_EXCUSED
    remark = state.remarks[-1].remark if state.remarks and alert.condition == OF_DURATIONS else None
    return _TAUGHT_BY[remark.meaning] if remark is not None and remark.at == now else None


def word_of(state: JobState, reason: Reason) -> tuple[str, str]:
    """Return who has ended an alert for this reason, and what was said to it; empty where nobody has."""
    if reason in TAUGHT and state.remarks:
        remark = state.remarks[-1].remark
        return remark.who, remark.note
    let_off = state.let_off if reason in LET_OFF else None
    return ("", "") if let_off is None else (let_off.who, let_off.reason)
