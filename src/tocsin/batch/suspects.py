"""Finds the one bad record of a batch that was refused as a whole, by tests of groups.

A batch of n records is known to hold a bad one. Its first half is sent: if that is taken, the bad one is in
the other half; if it is refused, it is in the first, and nothing is known of the other, which goes back to
where the rest of the records are. So a bad record costs about log2 n small requests, and all others travel in
full batches.
"""

from dataclasses import dataclass, field, replace

from tocsin.batch.batcher import Parcel
from tocsin.batch.entries import Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What to do next: `test` is sent, `freed` goes back to the stream, `guilty` is bad for certain."""

    test: Entries = field(default_factory=Entries)
    waiting: Entries = field(default_factory=Entries)
    freed: Entries = field(default_factory=Entries)
    guilty: Entries = field(default_factory=Entries)


def suspect(entries: Entries) -> Suspicion:
    """Return how to go on with records that were refused together."""
    if len(entries) == 1:
        return Suspicion(guilty=entries)
    middle = len(entries) // 2
    return Suspicion(test=entries[:middle], waiting=entries[middle:])


def after_refusal(parcel: Parcel) -> Suspicion:
    """Return how to go on when these were refused: of those who waited for it nothing is known."""
    found = suspect(parcel.entries)
    return replace(found, freed=parcel.rest)


def after_delivery(parcel: Parcel) -> Suspicion:
    """Return how to go on when these were taken: the bad one is among those who waited.

    Where only one has waited it is tested too, so that nothing is called bad that was not itself refused.
    """
    if len(parcel.rest) == 1:
        return Suspicion(test=parcel.rest)
    return suspect(parcel.rest)
