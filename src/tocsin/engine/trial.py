"""Messages of Tocsin about itself: a test through the real path, and a stand-in for what did not arrive."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tocsin.engine.voicing import notification_key
from tocsin.notify.message import Message, MessageKind, pack, unpack
from tocsin.store.rows import Notification


def trial_notifications(test_id: str, targets: Iterable[str], who: str, now: datetime) -> list[Notification]:
    """Return one marked test for each target."""
    return [_trial(test_id, target, who, now) for target in targets]


def _trial(test_id: str, target: str, who: str, now: datetime) -> Notification:
    key = notification_key(test_id, 1, target)
    message = Message(
        key=key,
        kind=MessageKind.TEST,
        alert_id=test_id,
        fingerprint=test_id,
        title="this is a test of Tocsin",
        text=f"{who} has sent this test through the path that alerts take. Nothing is wrong.",
        severity="info",
        job="tocsin",
        environment="tocsin",
        condition="test",
        opened_at=now,
        at=now,
        evidence=(("receiver", target), ("sent by", who)),
    )
    return Notification(
        key=key,
        alert_id=test_id,
        target=target,
        kind=MessageKind.TEST.value,
        seq=1,
        message=pack(message).decode(),
        created_at=now,
        due_at=now,
    )


def stand_in(owed: Notification, target: str, now: datetime) -> Notification:
    """Return the same message for a fallback target, which says for whom it stands in.

    Its key is the one that the target's own notification of the same change has, so that nobody
    is told the same thing twice.
    """
    key = notification_key(owed.alert_id, owed.seq, target)
    message = unpack(owed.message)
    reason = owed.last_error or "no answer yet"
    note = f"{message.text}\n(Sent to you because {owed.target} could not be reached: {reason})"
    return Notification(
        key=key,
        alert_id=owed.alert_id,
        target=target,
        kind=owed.kind,
        seq=owed.seq,
        message=pack(replace(message, key=key, text=note)).decode(),
        created_at=now,
        due_at=now,
        severity=owed.severity,
        fallback_of=owed.key,
    )
