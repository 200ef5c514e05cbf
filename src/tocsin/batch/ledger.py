"""What has become of every record: nothing that was read is ever in no column, or in two."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tocsin.batch.acked import Acked, Range
from tocsin.batch.entries import Entries
from tocsin.batch.outcome import Category
from tocsin.batch.preparing import Portion, Reject


@dataclass(frozen=True, slots=True)
class Buried:
    """A record that will not arrive: what it was, why not, and how often it was tried."""

    reject: Reject
    attempts: int = 0


def weight_of(buried: Iterable[Buried]) -> int:
    """Return how many bytes of memory records need until they are written down."""
    return sum(len(one.reject.payload) for one in buried)


@dataclass(slots=True)
class Ledger:
    """Counts records by their ordinals, so that one that became several counts once.

    It is delivered when all that it became is, and dead when any of it is. `fresh` and `buried` are what is
    not written down yet. `before` have had their end when a run is resumed; `read` is without them.
    """

    acked: Acked = field(default_factory=Acked)
    before: int = 0
    dead_before: int = 0
    skipped_before: int = 0
    read: int = 0
    delivered: int = 0
    dead: int = 0
    skipped: int = 0
    fresh: list[Range] = field(default_factory=list)
    buried: list[Buried] = field(default_factory=list)
    by_category: Counter[Category] = field(default_factory=Counter)
    last_reason: str = ""
    _left: dict[int, int] = field(default_factory=dict)
    _hurt: set[int] = field(default_factory=set)

    def take(self, portion: Portion) -> None:
        """Take up what was read, and settle at once what is not to be sent."""
        self.read += portion.read
        if portion.parts:
            self._left.update(portion.parts)
        if portion.skipped:
            self.skipped += len(portion.skipped)
            self._settle(portion.skipped)
        if portion.rejects:
            self.bury([Buried(reject) for reject in portion.rejects])

    def deliver(self, entries: Entries) -> None:
        """Settle records that are with the sink."""
        ordinals = entries.ordinals
        if not self._left and ordinals and ordinals == list(range(ordinals[0], ordinals[0] + len(ordinals))):
            # Nearly always a batch is one stretch of the source, which need not be looked at one by one.
            self.delivered += len(ordinals)
            self._settle_range((ordinals[0], ordinals[0] + len(ordinals)))
            return
        if self._left:
            ordinals = self._whole(ordinals)
            hurt = self._hurt.intersection(ordinals)
            if hurt:
                self.dead += len(hurt)
                self.delivered -= len(hurt)
                self._hurt -= hurt
        self.delivered += len(ordinals)
        self._settle(ordinals)

    def bury(self, buried: Sequence[Buried]) -> None:
        """Settle records that will not arrive; each becomes a dead letter."""
        self.buried += buried
        self.by_category.update(one.reject.category for one in buried)
        if buried:
            self.last_reason = buried[-1].reject.reason
        ordinals = [one.reject.ordinal for one in buried]
        if self._left:
            self._hurt.update(ordinal for ordinal in ordinals if ordinal in self._left)
            ordinals = self._whole(ordinals)
            self._hurt.difference_update(ordinals)
        self.dead += len(ordinals)
        self._settle(ordinals)

    def _whole(self, ordinals: Iterable[int]) -> list[int]:
        """Return the ordinals of which nothing else is on its way."""
        left, whole = self._left, list[int]()
        for ordinal in ordinals:
            if ordinal in left:
                left[ordinal] -= 1
                if left[ordinal]:
                    continue
                del left[ordinal]
            whole.append(ordinal)
        return whole

    def _settle(self, ordinals: Iterable[int]) -> None:
        for stretch in _ranges_of(ordinals):
            self._settle_range(stretch)

    def _settle_range(self, stretch: Range) -> None:
        self.acked.add(*stretch)
        self.fresh.append(stretch)

    def forget(self) -> int:
        """Forget what nobody writes down, and return how many bytes that sets free."""
        weight = weight_of(self.buried)
        self.fresh.clear()
        self.buried.clear()
        return weight

    @property
    def settled(self) -> int:
        """Return how many records have an end."""
        return self.delivered + self.dead + self.skipped

    @property
    def is_whole(self) -> bool:
        """Whether every record that was read has one end and no other, in number and in place."""
        read = self.before + self.read
        return self.settled == read == self.acked.low_water and not self.acked.ranges

    @property
    def failed_percent(self) -> float:
        """Return the share of dead records among those that this run has read and not left out.

        Those on their way count: what is refused while it is read is dead long before its neighbours arrive.
        What was dead before does not: a run that is resumed has had its cause mended.
        """
        read = self.read - (self.skipped - self.skipped_before)
        return 100.0 * self.dead_now / read if read else 0.0

    @property
    def dead_now(self) -> int:
        """Return how many records this run has found dead."""
        return self.dead - self.dead_before


def _ranges_of(ordinals: Iterable[int]) -> list[Range]:
    """Return the stretches in which these ordinals follow one another."""
    ranges, first, after = list[Range](), -1, -1
    for ordinal in ordinals:
        if ordinal == after:
            after += 1
            continue
        if first >= 0:
            ranges.append((first, after))
        first, after = ordinal, ordinal + 1
    if first >= 0:
        ranges.append((first, after))
    return ranges
