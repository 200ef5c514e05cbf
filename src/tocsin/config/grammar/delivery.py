"""How notifications go out: how many, how many at once, and how far."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator

from tocsin.config.grammar.base import OneOrMore, Part, read_by
from tocsin.config.grammar.telling import NOT_CHANNELS, Receiver
from tocsin.config.problems import closest, refuse, shown
from tocsin.engine.pacing import Limit
from tocsin.notify.egress.reach import Network, Reach, read_network

MAX_NETWORKS = 100
MAX_LIMITS = 5
MAX_COUNT = 100_000
MAX_AT_ONCE = 16

_LIMIT = re.compile(r"([0-9]{1,6}) +per +([0-9]{0,5})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=7)


def read_limit(text: str) -> Limit:
    """Return what a text like "5 per 15m" allows; raises ValueError for anything else."""
    found = _LIMIT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"must be a limit such as '5 per 15m' or '1 per s', not {shown(text)}")
    count, every = int(found[1]), timedelta(**{_UNITS[found[3]]: int(found[2] or 1)})
    if not 1 <= count <= MAX_COUNT or not timedelta(seconds=1) <= every <= _LONGEST:
        raise ValueError(f"must allow 1 to 100000 in 1s to 7d, not {shown(text)}")
    return Limit(count=count, every=every)


def reach_of(data: object) -> Reach:
    """Return how far a file lets notifications go; what is wrong in it is told elsewhere."""
    delivery = data.get("delivery") if isinstance(data, Mapping) else None
    written = delivery.get("allow_addresses") if isinstance(delivery, Mapping) else None
    texts = written if isinstance(written, list) else [written]
    return Reach(allowed=tuple(_networks(texts[:MAX_NETWORKS])))


def _networks(texts: list[object]) -> list[Network]:
    found = []
    for text in texts:
        try:
            found += [read_network(text)] if isinstance(text, str) else []
        except ValueError:
            continue
    return found


LimitText = Annotated[str, read_by(read_limit)]
Limits = Annotated[list[LimitText], OneOrMore(), Field(max_length=MAX_LIMITS)]
AtOnce = Annotated[int, Field(ge=1, le=MAX_AT_ONCE)]
NetworkText = Annotated[str, read_by(read_network)]


class Delivery(Part):
    """How notifications go out, for each kind of channel."""

    rate_limits: dict[str, Limits] = Field(default_factory=dict)
    """Most notifications to one target, by kind: `{sms: [5 per 15m, 11 per 1h]}`; `[]` for no limit."""

    at_once: dict[str, AtOnce] = Field(default_factory=dict)
    """Most deliveries to one target at the same time, by kind: `{email: 2}`; 8 if left out."""

    allow_addresses: Annotated[list[NetworkText], OneOrMore(), Field(max_length=MAX_NETWORKS)] | None = None
    """Addresses or networks to reach though they are refused otherwise: `[169.254.10.0/24, 127.0.0.1]`."""

    @field_validator("rate_limits", "at_once")
    @classmethod
    def _of_known_kinds(cls, value: dict[str, object]) -> dict[str, object]:
        known = sorted(Receiver.model_fields.keys() - NOT_CHANNELS)
        for kind in value:
            if kind not in known:
                near = closest(kind, known)
                hint = f"; did you mean {near!r}?" if near else f"; there are: {', '.join(known)}"
                raise refuse(f"{shown(kind)} is no kind of channel{hint}")
        return value
