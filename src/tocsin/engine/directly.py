"""Telling people without the engine, when the engine itself is what does not work.

It goes to the receiver of the root route, and where nobody takes it there, to that one's fallback.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.engine.standing_in import fallback_targets
from tocsin.engine.troubles import CONDITION, Check, Trouble, finding_of
from tocsin.errors import ChannelError
from tocsin.notify.channel import Channel
from tocsin.notify.message import Message, MessageKind, unpack
from tocsin.store.rows import Notification

AGAIN_AFTER: Final = timedelta(hours=1)
MAX_TARGETS: Final = 5
MAX_KEYS: Final = 1_000

_log = logging.getLogger("tocsin.watchdog")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What was told of a trouble: when last, under which number, to whom; `is_open` until its end is told."""

    at: datetime
    number: int
    trouble: Trouble
    targets: tuple[str, ...]
    is_open: bool = True


class Directly:
    """Sends by the channels themselves, each trouble at most once an hour; used by one thread."""

    def __init__(self, server: str, host: str) -> None:
        self._server = server
        self._host = host
        self._said: dict[Check, _Said] = {}
        self._handed_over: dict[str, None] = {}
        self.channels: Mapping[str, Channel] = {}

    @property
    def open(self) -> frozenset[Check]:
        """The troubles that people were told of here, and not yet that they are over."""
        return frozenset(check for check, said in self._said.items() if said.is_open)

    def tell(self, troubles: Iterable[Trouble], configuration: Configuration, now: datetime) -> None:
        """Tell of troubles; what was told within the last hour, or by whom nobody was reached, is not."""
        for trouble in troubles:
            before = self._said.get(trouble.check)
            if before is not None and abs(now - before.at) < AGAIN_AFTER:
                continue
            is_repeat = before is not None and before.is_open
            number = 1 if before is None else before.number + (not is_repeat)
            kind = MessageKind.REPEAT if is_repeat else MessageKind.FIRING
            message = self._message(trouble, number, kind, now)
            targets = self._reached(message, configuration, now)
            if targets:
                self._said[trouble.check] = _Said(at=now, number=number, trouble=trouble, targets=targets)

    def close(self, standing: Iterable[Trouble], now: datetime) -> None:
        """Tell whoever heard of a trouble here that it is over."""
        stand = {trouble.check for trouble in standing}
        for check in self.open - stand:
            said = self._said[check]
            message = self._message(said.trouble, said.number, MessageKind.RESOLVED, now)
            for target in said.targets:
                self._is_told(target, message, now)
            self._said[check] = replace(said, is_open=False)

    def hand_over(self, owed: Iterable[Notification], now: datetime) -> None:
        """Send what the engine owes about its own troubles and has not tried, under the same keys, once."""
        for one in owed:
            if one.key in self._handed_over:
                continue
            if self._is_told(one.target, one.message, now):
                self._handed_over[one.key] = None
        while len(self._handed_over) > MAX_KEYS:
            del self._handed_over[next(iter(self._handed_over))]

    def _reached(self, message: Message, configuration: Configuration, now: datetime) -> tuple[str, ...]:
        first = configuration.targets.get(configuration.route.receiver, ())[:MAX_TARGETS]
        reached = tuple(target for target in first if self._is_told(target, message, now))
        if reached:
            return reached
        behind = dict.fromkeys(other for target in first for other in fallback_targets(configuration, target))
        return tuple(target for target in [*behind][:MAX_TARGETS] if self._is_told(target, message, now))

    def _is_told(self, target: str, message: Message | str, now: datetime) -> bool:
        """Send a message, or one as it is owed, which may have been sent before."""
        channel = self.channels.get(target)
        try:
            if isinstance(message, str):
                message = replace(unpack(message), may_repeat=True)
            if channel is not None:
                channel.send(message, at=now)
        except ChannelError as error:
            _log.error("%s could not be told of a trouble of Tocsin itself: %s", target, error)
            return False
        except Exception:  # noqa: BLE001 -- a channel may fail in any way, and the others must be told
            _log.exception("the channel of %s raised", target)
            return False
        return channel is not None

    def _message(self, trouble: Trouble, number: int, kind: MessageKind, now: datetime) -> Message:
        finding = finding_of(trouble, (self._host,))
        name = f"{CONDITION}-{trouble.check.value}-{self._server}-{number}"
        is_over = kind is MessageKind.RESOLVED
        text = f"{finding.summary}." if not is_over else f"It is over: {finding.summary}."
        return Message(
            key=f"{name}-{kind.value}-{now:%Y%m%dT%H%M}",
            kind=kind,
            alert_id=name,
            fingerprint=f"{CONDITION}-{trouble.check.value}",
            title=finding.summary,
            text=text if is_over else f"{text}\n(Sent by its watchdog, past the engine.)",
            severity=finding.severity.word,
            job=SYSTEM_JOB.name,
            environment=SYSTEM_JOB.environment,
            condition=CONDITION,
            opened_at=trouble.since_at,
            at=now,
            evidence=finding.evidence,
            next_step=finding.next_step,
        )
