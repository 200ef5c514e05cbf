"""Records that can be sent, in columns: thousands are cut, joined and summed up without a look at each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self, overload

Entry = tuple[int, str, bytes, str]
"""One record that can be sent: its ordinal in the source, its id, its bytes, and its key (empty: none)."""


@dataclass(slots=True)
class Entries(Sequence[Entry]):
    """Records that can be sent, in their order.

    Numbers, texts and bytes are nothing that the garbage collector visits; as many tuples keep it at work.
    """

    ordinals: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """Return these records in columns."""
        made = cls()
        for entry in entries:
            made.append(entry)
        return made

    def append(self, entry: Entry) -> None:
        """Add one at the end."""
        ordinal, record_id, body, key = entry
        self.ordinals.append(ordinal)
        self.ids.append(record_id)
        self.bodies.append(body)
        self.keys.append(key)

    def extend(self, others: "Entries") -> None:
        """Add others at the end."""
        self.ordinals += others.ordinals
        self.ids += others.ids
        self.bodies += others.bodies
        self.keys += others.keys

    @property
    def size(self) -> int:
        """Return how many bytes they have together."""
        return sum(map(len, self.bodies))

    def without(self, places: Collection[int]) -> Self:
        """Return all but those at these places."""
        return self.pick([place for place in range(len(self)) if place not in places])

    def pick(self, places: Sequence[int]) -> Self:
        """Return those at these places."""
        return type(self)(
            [self.ordinals[place] for place in places],
            [self.ids[place] for place in places],
            [self.bodies[place] for place in places],
            [self.keys[place] for place in places],
        )

    def __len__(self) -> int:
        return len(self.bodies)

    def __iter__(self) -> Iterator[Entry]:
        return zip(self.ordinals, self.ids, self.bodies, self.keys, strict=True)

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def __getitem__(self, place: int | slice) -> Entry | Self:
        if isinstance(place, slice):
            return type(self)(self.ordinals[place], self.ids[place], self.bodies[place], self.keys[place])
        return self.ordinals[place], self.ids[place], self.bodies[place], self.keys[place]
