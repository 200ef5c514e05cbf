"""Handing notifications to channels: under a lease, concurrently, one target never holding up another."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.clock import Clock, monotonic
from tocsin.engine.apart import told_of
from tocsin.engine.configuration import Policy
from tocsin.engine.lanes import ALL_ROOM, AT_ONCE, Lanes, Room, Trip
from tocsin.engine.pacing import Pace, Wait
from tocsin.engine.work import Claim, Claimed, Finish
from tocsin.engine.writer import Writer
from tocsin.errors import ChannelError, StoreUnavailable
from tocsin.notify.channel import Channel
from tocsin.notify.invitation import LINKED_KINDS, Inviting, invite
from tocsin.notify.message import unpack
from tocsin.notify.retry import next_try
from tocsin.rules.finding import Severity
from tocsin.store.rows import Delivery, DeliveryOutcome, Notification, NotificationState
from tocsin.telemetry.metrics import Metrics

LONGEST_WAIT_SECONDS = 1.0
MAX_REFERENCE = 500
PUT_OFF_FOR = timedelta(minutes=1)
NOBODY_INVITED = Inviting()

_log = logging.getLogger("tocsin.delivery")


def try_to_send(
    channel: Channel | None,
    notification: Notification,
    clock: Clock,
    policy: Policy,
    jitter: Callable[[], float],
    *,
    inviting: Inviting = NOBODY_INVITED,
) -> Delivery:
    """Hand one notification to its channel and return how that ended and what follows from it."""
    started_at = clock.now()
    attempt = notification.attempts + 1
    wait: timedelta | None = None
    unknown, reference = notification.unknown, ""
    if notification.lease_until is not None and started_at >= notification.lease_until:
        return _too_late(notification, started_at)
    try:
        if channel is None:
            raise ChannelError("the configuration has no such receiver any more", permanent=True)  # noqa: TRY301 -- one way to fail for all
        message = replace(unpack(notification.message), may_repeat=unknown, reference=notification.reference)
        if channel.kind in LINKED_KINDS:
            message = invite(message, notification.target, inviting)
        accepted = channel.send(message, at=started_at)
        detail, reference = accepted.detail, accepted.reference[:MAX_REFERENCE]
        outcome, state = DeliveryOutcome.SENT, NotificationState.SENT
    except ChannelError as error:
        detail, wait = str(error), error.retry_after
        unknown = unknown or error.outcome_unknown
        outcome, state = _after(error, channel, notification, clock.now(), policy)
    except Exception as error:  # noqa: BLE001 -- a channel may fail in any way and must not stop the others
        _log.exception("the channel of %s raised", notification.target)
        detail = f"{type(error).__name__} in the channel; see the server's log"
        outcome, state = _retry_or_give_up(notification, clock.now(), policy)
    ended_at = clock.now()
    return Delivery(
        key=notification.key,
        lease=notification.lease,
        attempt=attempt,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        detail=detail[:500],
        next_state=state,
        next_due_at=ended_at + next_try(attempt, retry_after=wait, jitter=jitter()),
        unknown=unknown and state is not NotificationState.SENT,
        reference=reference,
        claimed_at=_claimed_at(notification, policy),
    )


def _claimed_at(claimed: Notification, policy: Policy) -> datetime | None:
    return None if claimed.lease_until is None else claimed.lease_until - policy.lease_for


def _too_late(owed: Notification, now: datetime) -> Delivery:
    """Return the end of a try that was held up until its lease ran out: another may be sending by now."""
    return _not_sent(owed, now, "held up until its lease ran out, and not sent", due_at=now)


def held_back(owed: Notification, wait: Wait, now: datetime) -> Delivery:
    """Return the end of a try that was none, because its target has had as many as its limit allows."""
    until = f"{wait.until_at:%Y-%m-%d %H:%M:%S} UTC"
    said = f"held back until {until}: at most {wait.limit} go to {owed.target}"
    return _not_sent(owed, now, said, due_at=wait.until_at)


def _not_sent(owed: Notification, now: datetime, detail: str, *, due_at: datetime) -> Delivery:
    return Delivery(
        key=owed.key,
        lease=owed.lease,
        attempt=owed.attempts,
        started_at=now,
        ended_at=now,
        outcome=DeliveryOutcome.RETRY,
        detail=detail[:500],
        next_state=NotificationState.PENDING,
        next_due_at=due_at,
        unknown=owed.unknown,
    )


def _after(
    error: ChannelError, channel: Channel | None, owed: Notification, now: datetime, policy: Policy
) -> tuple[DeliveryOutcome, NotificationState]:
    """Decide by the receiver's answer.

    A send whose answer was lost is repeated where the receiver recognises the repeat, and where the
    matter is critical; otherwise it stays unknown, for all to see.
    """
    if error.permanent:
        return DeliveryOutcome.FAILED, NotificationState.DEAD
    if not error.outcome_unknown:
        return _retry_or_give_up(owed, now, policy)
    may_repeat = owed.severity >= Severity.CRITICAL or (channel is not None and channel.recognises_repeats)
    if not may_repeat:
        return DeliveryOutcome.UNKNOWN, NotificationState.UNKNOWN
    _, state = _retry_or_give_up(owed, now, policy)
    return DeliveryOutcome.UNKNOWN, state


def _retry_or_give_up(
    owed: Notification, now: datetime, policy: Policy
) -> tuple[DeliveryOutcome, NotificationState]:
    if now - owed.created_at >= policy.give_up_after:
        return DeliveryOutcome.FAILED, NotificationState.DEAD
    return DeliveryOutcome.RETRY, NotificationState.PENDING


class Deliverer:
    """Claims what is due through the writer and sends it from a pool of threads."""

    def __init__(
        self,
        writer: Writer,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        metrics: Metrics,
        policy: Callable[[], Policy],
        inviting: Callable[[], Inviting],
        jitter: Callable[[], float],
    ) -> None:
        self._writer = writer
        self.channels = channels
        self._clock = clock
        self._metrics = metrics
        self._policy = policy
        self._inviting = inviting
        self._jitter = jitter
        self._wake = threading.Event()
        self._stopping = False
        self._lanes = Lanes()
        self._paces: dict[str, Pace] = {}
        self._pool = ThreadPoolExecutor(ALL_ROOM, thread_name_prefix="tocsin-send")
        self._thread = threading.Thread(target=self._run, name="tocsin-deliver", daemon=True)
        self._looked_seconds = monotonic()

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent and claim nothing more."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    @property
    def is_alive(self) -> bool:
        """Whether what is due is still handed out."""
        return self._thread.is_alive()

    @property
    def since_looking_seconds(self) -> float:
        """How long ago the outbox was looked at last, or the writer was waited for to do so."""
        return monotonic() - self._looked_seconds

    def wake(self) -> None:
        """Look at the outbox now; losing this hint costs a second at most."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._looked_seconds = monotonic()
            try:
                next_at = self._claim_some()
            except Exception as error:  # noqa: BLE001 -- whatever fails here, people must go on being told
                _log.exception("notifications could not be handed out; they are tried again in a second")
                self._metrics.error("delivery", repr(error), self._clock.now())
                next_at = None
            self._wake.wait(self._seconds_until(next_at))

    def _seconds_until(self, next_at: datetime | None) -> float:
        if next_at is None:
            return LONGEST_WAIT_SECONDS
        seconds = (next_at - self._clock.now()).total_seconds()
        return min(max(seconds, 0.005), LONGEST_WAIT_SECONDS)

    def _claim_some(self) -> datetime | None:
        self._wake.clear()
        next_at: datetime | None = None
        for room in self._lanes.room(self.channels, self._at_once, monotonic()):
            if room.limit:
                at = self._claim(room)
                next_at = min(next_at or at, at) if at is not None else next_at
        return next_at

    def _at_once(self, target: str) -> int:
        channel = self.channels.get(target)
        return self._policy().at_once.get(channel.kind, AT_ONCE) if channel is not None else AT_ONCE

    def _claim(self, room: Room) -> datetime | None:
        """Hand out what one lane has room for; return when to look at the outbox again."""
        claimed = self._ask(Claim(limit=room.limit, busy=room.busy, reply=lambda _: None))
        if isinstance(claimed, StoreUnavailable):
            return None
        for notification in claimed.notifications:
            try:
                self._hand_out(notification)
            except Exception as error:  # noqa: BLE001 -- one that cannot be handed out must not hold up the others
                self._writer.submit(Finish(deliveries=(self._put_off(notification, error),)))
        if not claimed.notifications and claimed.next_at is not None and claimed.next_at <= self._clock.now():
            return None  # what is due is for busy targets: it can be claimed when one of their sends ends
        return claimed.next_at

    def _hand_out(self, notification: Notification) -> None:
        """Send it, or put it off where its target has had as many as it may."""
        now = self._clock.now()
        turn = self._pace_of(notification.target).ask(notification, now)
        if isinstance(turn, Wait):
            self._writer.submit(Finish(deliveries=(held_back(notification, turn, now),)))
            return
        trip = self._lanes.begin(notification.target, monotonic())
        self._pool.submit(self._send, notification, trip)

    def _pace_of(self, target: str) -> Pace:
        channel = self.channels.get(target)
        limits = self._policy().limits.get(channel.kind, ()) if channel is not None else ()
        pace = self._paces.get(target)
        if pace is None or pace.limits != limits:
            pace = self._paces[target] = Pace(limits)
        return pace

    def _ask(self, claim: Claim) -> Claimed | StoreUnavailable:
        answered = threading.Event()
        answer: list[Claimed | StoreUnavailable] = []

        def reply(claimed: Claimed | StoreUnavailable) -> None:
            answer.append(claimed)
            answered.set()

        self._writer.submit(replace(claim, reply=reply))
        while not answered.wait(LONGEST_WAIT_SECONDS):
            self._looked_seconds = monotonic()
            if self._stopping:
                return StoreUnavailable("the server is stopping")
        return answer[0]

    def _send(self, notification: Notification, trip: Trip) -> None:
        try:
            delivery = self._tried(notification)
        except Exception as error:  # noqa: BLE001 -- whatever fails beside a channel must not keep its lane for ever
            delivery = self._put_off(notification, error)
        ok = delivery.outcome is DeliveryOutcome.SENT
        ended_seconds = monotonic()
        self._metrics.delivered(notification.target, ok, ended_seconds - trip.began_seconds)
        if not ok:
            said = (notification.target, delivery.attempt, delivery.detail, delivery.next_state.value)
            _log.warning("%s was not told at try %d: %s; the notification is now %s", *said)
            self._metrics.error(notification.target, delivery.detail, delivery.ended_at)
        self._lanes.end(trip, ended_seconds)
        self._writer.submit(Finish(deliveries=(delivery,)))
        self._wake.set()

    def _tried(self, notification: Notification) -> Delivery:
        channel = self.channels.get(notification.target)
        return try_to_send(
            channel, notification, self._clock, self._policy(), self._jitter, inviting=self._inviting()
        )

    def _put_off(self, owed: Notification, error: Exception) -> Delivery:
        """Return the end of a try that raised where no channel had a part in it."""
        _log.error("notification %s is put off", owed.key, exc_info=error)
        now = self._clock.now()
        self._metrics.error("delivery", told_of(error), now)
        return _not_sent(owed, now, f"put off: {told_of(error)}", due_at=now + PUT_OFF_FOR)
