"""All that a rule may look at."""

from datetime import datetime

from msgspec import Struct

from tocsin.jobs.job import Job
from tocsin.jobs.state import BlindWindow, JobState


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job, what is known of it as of now, and when we could not hear."""

    job: Job
    state: JobState
    blind: tuple[BlindWindow, ...] = ()

    def forgiven_until(self, condition: str) -> datetime | None:
        """Return the instant up to which a person has declared this condition's troubles over."""
        return next((at for name, at in self.state.forgiven if name == condition), None)

    def blind_at(self, instant: datetime) -> BlindWindow | None:
        """Return the window in which what was due at this instant could not be known."""
        return next((window for window in self.blind if window.covers(instant)), None)
