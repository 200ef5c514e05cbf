"""Answers by telephone: the code that finds an alert again, what people write, and what they are told.

The code is made from the alert's id, so nothing has to be kept for it: it holds as long as the alert is
open, on every server. Four letters are asked for among the alerts that one number was told of, where two
will hardly ever have the same; where they do, neither is taken.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

CODE_LENGTH: Final = 4
_LETTERS: Final = "23456789bcdfghjkmnpqrstvwxz"  # no vowels, so no words; nothing that looks like another

_WORDS: Final = {
    "1": "acknowledge",
    "ack": "acknowledge",
    "acknowledge": "acknowledge",
    "ok": "acknowledge",
    "resolve": "resolve",
    "close": "resolve",
}
_ANSWER: Final = re.compile(
    rf"(?P<word>1|ack|acknowledge|ok|resolve|close)?[\s:.#-]*(?P<code>[{_LETTERS}]{{{CODE_LENGTH}}})?[\s.!]*"
)
TEXT_LIMIT: Final = 200


class Act(StrEnum):
    """What somebody wants to do about an alert."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    REPEAT = "repeat"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody has answered; without a code they mean the one alert that they were told of."""

    act: Act
    code: str = ""


KEYS: Final = {"4": Act.ACKNOWLEDGE, "6": Act.RESOLVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One telephone that may answer: its number, whose it is, and how to know that we hear it through Twilio.

    `target` is the name under which it is told. `auth_token` signs what Twilio sends us.
    """

    number: str
    target: str
    account_sid: str
    auth_token: str = field(repr=False)
    language: str = "en-US"
    voice: str = ""

    @property
    def way(self) -> str:
        """The kind of channel that it is told through: sms or phone."""
        return self.target.rpartition("/")[2].partition(":")[0]

    @property
    def who(self) -> str:
        """Under which name an answer from here stands in the history; of the number only its end."""
        return f"{self.target.rpartition('/')[0]} ({self.way} …{self.number[-4:]})"


def code_of(alert_id: str) -> str:
    """Return the code by which an answer names this alert."""
    number = int.from_bytes(hashlib.blake2b(alert_id.encode(), digest_size=8).digest(), "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def read_reply(text: str) -> Reply:
    """Return what a text message asks for: `1`, `ACK k7pq`, `1 k7pq`, `resolve k7pq` or the code alone."""
    found = _ANSWER.fullmatch(" ".join(text[:TEXT_LIMIT].lower().split()))
    if found is None or not (found["word"] or found["code"]):
        return Reply(act=Act.UNCLEAR)
    return Reply(act=Act(_WORDS[found["word"] or "1"]), code=found["code"] or "")


def read_key(digits: str) -> Act:
    """Return what a key on a telephone asks for: 4 acknowledges, 6 resolves, any other repeats."""
    return KEYS.get(digits.strip(), Act.REPEAT)
