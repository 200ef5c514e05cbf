"""What a source yields where it found something that is no record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A place of a source that holds no record: it has an ordinal like one, and becomes a dead letter.

    `reason` says where and what is wrong; `raw` holds what stands there, or how it begins.
    """

    reason: str
    raw: bytes

    @property
    def text(self) -> str:
        """Return what stands there for people; bytes that are no UTF-8 are escaped."""
        return self.raw.decode("utf-8", "backslashreplace")
