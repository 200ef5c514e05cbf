"""How runs of a job usually go, as the API tells it."""

from fastapi import APIRouter

from tocsin.web.api.inputs import Environment, Name, Who, found_job, key_of
from tocsin.web.api.shape import Page, Shape
from tocsin.web.habits import habits_in
from tocsin.web.wiring import Wired

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


class HabitShape(Shape):
    """What is usual of the runs of one kind of hour or day; medians, null where no run has said so."""

    of: str
    """`Mondays`, `02:00 on business days`; `all runs` where no such rhythm was found."""
    good: int
    bad: int
    seconds: float | None
    """How long a good run takes that was due and needed one attempt."""
    delay_seconds: float | None
    """By how much later than expected such a run begins."""
    records: float | None
    per_second: float | None
    """Records a second."""
    failed_share: float | None
    """Of the records of a good run, which share failed."""


@router.get("/{environment}/{name}/habits")
def list_habits(wired: Wired, _: Who, environment: Environment, name: Name) -> Page[HabitShape]:
    """Return how its runs usually go, by the weekdays or hours that differ; nothing is judged by it."""
    with wired.store.reading() as reading:
        habits = habits_in(reading, found_job(reading, key_of(environment, name)))
    return Page(items=[HabitShape.model_validate(one, from_attributes=True) for one in habits])
