"""A batch as a sink is handed it: records that are encoded already, and their ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.batch.limits import JSON_ARRAY, Framing


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records for one request, each encoded once; `ids` are the same whenever they are sent again.

    `id` is of this batch; a repeated request has the same one, unless the batch was taken apart meanwhile.
    `compress` asks a sink that can to send the body compressed.
    """

    id: str
    records: Sequence[bytes]
    ids: Sequence[str]
    framing: Framing = JSON_ARRAY
    compress: bool = False

    def __len__(self) -> int:
        return len(self.records)

    @property
    def body(self) -> bytes:
        """Return the body of the request, as its size was reckoned."""
        framing = self.framing
        return framing.prefix + framing.separator.join(self.records) + framing.suffix

    @property
    def size(self) -> int:
        """Return how many bytes the body has."""
        return self.framing.size(len(self.records), sum(map(len, self.records)))
