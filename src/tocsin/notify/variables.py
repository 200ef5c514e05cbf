"""What a message template can speak of, and what becomes of it."""

from dataclasses import dataclass
from typing import Final

PLACEHOLDERS: Final = (
    "job_id",
    "execution_id",
    "error",
    "duration",
    "threshold",
    "breach_percentage",
    "mean",
    "direction",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What a template can speak of, also `labels.team`, `evidence[0].name` and `evidence[0].value`.

    `cause` is what a run has failed of, in words, and `error_cause` its name; empty where it is not known.
    """

    job_id: str
    execution_id: str = ""
    error: str = ""
    duration: str | float = ""
    threshold: str | float = ""
    breach_percentage: str | float = ""
    mean: str | float = ""
    direction: str = ""
    condition: str = ""
    severity: str = ""
    environment: str = ""
    owner: str = ""
    error_class: str = ""
    error_cause: str = ""
    error_signature: str = ""
    cause: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The text to send, and what was wrong with the template if that text is the default."""

    text: str
    problem: str | None = None
