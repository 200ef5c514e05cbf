"""Groups that hold nothing back."""

from datetime import datetime

from tocsin.alerts.alert import Alert, Pooled
from tocsin.alerts.route import Way


class EachAlone:
    """Lets every alert be told at once."""

    def admit(self, alert: Alert, way: Way, labels: dict[str, str], now: datetime) -> Pooled | None:  # noqa: ARG002 -- as the real ones
        return None

    def is_released(self, alert: Alert, pooled: Pooled) -> bool:  # noqa: ARG002 -- as the real ones
        return True

    def leave(self, alert: Alert, pooled: Pooled, *, is_over: bool) -> None: ...

    def take(self, alert: Alert, pooled: Pooled) -> Pooled | None: ...
