"""Tests that people have sent: whether they arrived."""

from fastapi import APIRouter

from tocsin.notify.message import MessageKind
from tocsin.web.api.describing import notification_shapes
from tocsin.web.api.inputs import Who, not_found
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import NotificationShape
from tocsin.web.faults import ProblemError
from tocsin.web.wiring import Wired

router = APIRouter(prefix="/api/v1/tests", tags=["receivers"])


@router.get("/{test_id}")
def get_test(wired: Wired, _: Who, test_id: str) -> Page[NotificationShape]:
    """Return what became of a test, target by target; the id is what sending it was answered with."""
    with wired.store.reading() as reading:
        owed = [one for one in reading.notifications(test_id) if one.kind == MessageKind.TEST.value]
        deliveries = reading.deliveries([one.key for one in owed])
    if not owed:
        raise ProblemError(not_found(f"There is no test {test_id[:200]!r}.", "test_id"))
    return Page(items=notification_shapes(owed, deliveries))
