"""Who can be called upon, and how such a person is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A person who can be called upon.

    `name` is what on-call schedules and escalation policies call them. `receivers` are the receivers that
    reach this person alone, in the order in which they are to be tried. `contacts` are the person's own
    addresses as pairs of channel and address, sorted by channel: ("email", "ada@example.com"),
    ("phone", "+49…"), ("slack", "U02AB3CD").
    """

    name: str
    receivers: tuple[str, ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()
    description: str = ""

    def contact(self, channel: str) -> str:
        """Return the person's address on a channel, or nothing where none is known."""
        return dict(self.contacts).get(channel, "")
