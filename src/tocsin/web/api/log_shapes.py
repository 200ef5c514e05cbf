"""The check-ins of a job as they were kept, as the API tells them."""

from datetime import datetime

from tocsin.store.rows import LogLine
from tocsin.web.api.describing import NO_DETAIL, progress_shape
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import ProgressShape


class LogLineShape(Shape):
    """One check-in as it was kept."""

    id: int
    kind: str
    run: str | None
    seq: int | None
    at: datetime
    """When it happened, corrected for skew."""
    received_at: datetime
    attempt: int | None
    progress: ProgressShape | None
    exit_code: int | None
    error_type: str
    error_message: str
    log_tail: str


def log_line_shape(line: LogLine) -> LogLineShape:
    """Return a kept check-in as the API tells it."""
    check_in, detail = line.check_in, line.check_in.detail or NO_DETAIL
    return LogLineShape(
        id=line.id,
        kind=check_in.kind.value,
        run=check_in.run,
        seq=check_in.seq,
        at=check_in.at,
        received_at=check_in.received_at,
        attempt=check_in.attempt,
        progress=progress_shape(check_in.progress),
        exit_code=detail.exit_code,
        error_type=detail.error_type,
        error_message=detail.error_message,
        log_tail=detail.log_tail,
    )
