"""All that a rule may look at."""

from datetime import UTC, datetime

from msgspec import Struct

from tocsin.jobs.job import Job
from tocsin.jobs.state import EVERY_CONDITION, BlindWindow, JobState, Outcome, hidden_by

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A job, what is known of it as of now, and when we could not hear."""

    job: Job
    state: JobState
    blind: tuple[BlindWindow, ...] = ()

    def forgiven_until(self, condition: str) -> datetime:
        """Return the instant up to which a person has declared this condition's troubles over."""
        if not self.state.forgiven:
            return _NEVER
        ends = [at for name, at in self.state.forgiven if name in (condition, EVERY_CONDITION)]
        return max(ends, default=_NEVER)

    def blind_at(self, instant: datetime) -> BlindWindow | None:
        """Return the window in which what was due at this instant could not be known."""
        return hidden_by(self.blind, instant) if self.blind else None

    def outcomes(self, condition: str) -> list[Outcome]:
        """Return the last runs that ended and count for this condition, oldest first."""
        forgiven = self.forgiven_until(condition)
        return [o for o in self.state.recent if o.is_run and o.at > forgiven]
