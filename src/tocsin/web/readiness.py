"""Whether the server does what it is there for, and which part of it does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tocsin.engine.engine import EngineCondition

OVERDUE_SECONDS: Final = 60.0
STUCK_SECONDS: Final = 30.0
UNWATCHED_SECONDS: Final = 600.0

_ENDED: Final = "its thread has ended, which should not be; restart the server and report what the log says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unready:
    """A part that does not do its work: which one, for anybody; and why, for those who may know all."""

    what: str
    why: str

    @property
    def sentence(self) -> str:
        """Both, for people who may do everything."""
        return f"{self.what}: {self.why}."


def unready(condition: EngineCondition) -> tuple[Unready, ...]:
    """Return the parts that are not ready; none when check-ins are taken, judged in time and told of."""
    return tuple(_unready(condition))


def _unready(condition: EngineCondition) -> Iterable[Unready]:
    if condition.store_fault:
        yield Unready(what="The store cannot be written", why=condition.store_fault)
    if not condition.is_judging:
        yield Unready(what="Nothing is judged", why=_ENDED)
    elif condition.since_tick_seconds > STUCK_SECONDS and not condition.store_fault:
        why = f"the clock was last looked at {condition.since_tick_seconds:.0f} seconds ago"
        yield Unready(what="Nothing is judged", why=why)
    elif condition.overdue_seconds > OVERDUE_SECONDS:
        yield Unready(what="Judging is late", why=f"it is {condition.overdue_seconds:.0f} seconds behind")
    if not condition.is_delivering:
        yield Unready(what="Nothing is delivered", why=_ENDED)
    elif condition.since_handing_out_seconds > STUCK_SECONDS:
        ago = f"{condition.since_handing_out_seconds:.0f} seconds ago"
        yield Unready(what="Nothing is delivered", why=f"the outbox was last looked at {ago}")
    if not condition.is_watching:
        yield Unready(what="Nothing is audited", why=_ENDED)
    elif condition.since_audit_seconds > UNWATCHED_SECONDS:
        why = f"the last audit was {condition.since_audit_seconds:.0f} seconds ago"
        yield Unready(what="Nothing is audited", why=why)
