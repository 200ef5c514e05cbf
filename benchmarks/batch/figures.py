"""Figures from the books of the sink: what of the permitted was used, what was lost, what came twice."""

from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import msgspec

from benchmarks.batch.terms import Answers, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the sink wrote down of a run, as its `/stats` answers; seconds count from the first request."""

    requests: dict[str, int]
    distinct: int
    repeated: int
    out_of_order: int
    timeline: list[tuple[float, int]]
    most_in_flight: int
    lost_in_flight: list[int]
    seconds: list[float]

    @property
    def window_seconds(self) -> float:
        """From the first request to the last that was kept."""
        return self.timeline[-1][0] if self.timeline else 0.0

    @property
    def throttled(self) -> int:
        """Requests that were over the limit."""
        return self.requests.get("throttled", 0)

    def p95_seconds(self) -> float:
        """95 of 100 requests were answered within this."""
        return self.seconds[int(len(self.seconds) * 0.95)] if self.seconds else 0.0

    def share(self, terms: Terms, since: float = 0.0) -> float:
        """Return kept records, each once, as a share of what was permitted from a second to the last kept.

        Permitted is the integral of the limit, and the request that the window begins with.
        """
        kept = sum(new for at, new in self.timeline if at >= since)
        return kept / ((terms.permitted(since, self.window_seconds) + 1) * terms.max_records)

    def attainable(self, terms: Terms, bad: int) -> float:
        """Return the share of the permitted that nobody could do better than.

        Off go the requests that the sink failed on purpose while it permitted them, and, where it does not
        name a bad record, the ceil(log2(records)) requests that finding one takes at least.
        """
        permitted = terms.permitted(0, self.window_seconds) + 1
        failed = self.requests.get("failed", 0) + self.requests.get("reset", 0)
        searching = bad * ceil(log2(terms.max_records)) if terms.answers is not Answers.INDEXED else 0
        return (permitted - failed - searching) / permitted


def books_of(stats: bytes) -> Books:
    """Return the books from what `/stats` answers."""
    return msgspec.json.decode(stats, type=Books)


def said(books: Books, **more: Any) -> str:  # noqa: ANN401 -- figures of any kind, shown as they are
    """Return the figures that stand behind a share, in one line."""
    parts = {
        "429s": books.throttled,
        "sent twice": books.repeated,
        "out of order": books.out_of_order,
        **more,
    }
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in parts.items())
