"""What a receiver took and then could not bring to anybody has failed for good."""

from typing import Final

from tocsin.alerts.alert import AlertState
from tocsin.engine.commands import Done, NoteUndelivered, Refusal, Refused, Result
from tocsin.engine.draft import Draft
from tocsin.engine.standing_in import NO_FALLBACK
from tocsin.store.base import Writing

MAX_DETAIL: Final = 500


def note_undelivered(draft: Draft, command: NoteUndelivered) -> Result:
    """Mark it so; whoever stands in for its target is told next, as of all that has failed for good."""
    writing = draft.writing
    dead = writing.mark_undelivered(
        command.key, command.reference, detail=command.detail[:MAX_DETAIL], at=draft.now
    )
    if dead is None:
        message = "no notification of this name waits to hear whether it arrived"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    if command.is_only_for_open and not _is_waiting(writing, dead.alert_id):
        writing.set_fallback(dead.key, NO_FALLBACK)
        return Done(message="noted as not delivered; it is in hand or over, so nobody else is told")
    return Done(message="noted as not delivered")


def _is_waiting(writing: Writing, alert_id: str) -> bool:
    """Whether nobody has in hand what it was about; a drill or a test is in nobody's."""
    alert, group = writing.alert(alert_id), writing.group(alert_id)
    if alert is not None:
        return alert.state is AlertState.FIRING
    return group is None or group.waits_for_somebody
