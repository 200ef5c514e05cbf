"""Receivers that answer: a person presses a button there, and is told what came of it."""

from datetime import datetime
from typing import Protocol, runtime_checkable


@runtime_checkable
class TalksBack(Protocol):
    """A channel that can answer who has pressed a button in its message; threads share it."""

    def reply(self, reply_to: str, text: str, *, at: datetime) -> None:
        """Tell the person alone, at the address that came with the press; ChannelError if that fails."""
        ...
