"""What a sink answers to a request, and what each answer means for the records in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Category(Enum):
    """Why something failed, in the words that reports, dead letters and settings use."""

    RATE_LIMIT = "rate_limit"
    NETWORK = "network"
    VALIDATION = "validation"
    AUTHENTICATION = "authentication"
    UNKNOWN = "unknown"


class Kind(Enum):
    """How a whole request was refused.

    THROTTLED: too much at once, the same may be sent later. TRANSIENT: the way or the sink failed. TOO_LARGE:
    the same is accepted in smaller pieces. INVALID: at least one record is bad, and it is not said which.
    UNAUTHORIZED: nobody gets anything through like this. UNKNOWN: an answer that says nothing.
    """

    THROTTLED = "throttled"
    TRANSIENT = "transient"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    UNKNOWN = "unknown"

    @property
    def category(self) -> Category:
        """Return the word for it in reports."""
        return _CATEGORIES[self]


_CATEGORIES = {
    Kind.THROTTLED: Category.RATE_LIMIT,
    Kind.TRANSIENT: Category.NETWORK,
    Kind.TOO_LARGE: Category.VALIDATION,
    Kind.INVALID: Category.VALIDATION,
    Kind.UNAUTHORIZED: Category.AUTHENTICATION,
    Kind.UNKNOWN: Category.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Every record of the request is with the sink."""


@dataclass(frozen=True, slots=True)
class Partial:
    """Every record is with the sink but those named here, by their index in the request.

    `rejected` says of each bad one why; those in `again` were not taken for now and may be sent once more.
    """

    rejected: Mapping[int, str] = field(default_factory=dict)
    again: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """No record of the request is known to be with the sink.

    `retry_after_seconds` is how long the sink asks everybody to wait, where it says so; `status` the HTTP
    status, where there was one.
    """

    kind: Kind
    reason: str = ""
    retry_after_seconds: float | None = None
    status: int | None = None


Outcome = Delivered | Partial | Refused


class Rejected(Exception):
    """One record cannot be sent; raised by `map`, `validate`, `sanitize` or `encode`, with the reason."""
