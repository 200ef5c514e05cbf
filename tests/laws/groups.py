"""Groups that hold nothing back."""

from datetime import datetime

from tocsin.alerts.alert import Alert, Left, Pooled, Reason
from tocsin.alerts.route import Way
from tocsin.engine.pooling import End
from tocsin.oncall.escalation import Climb


class EachAlone:
    """Lets every alert be told at once."""

    def admit(self, alert: Alert, way: Way, labels: dict[str, str], now: datetime) -> Pooled | None:  # noqa: ARG002 -- as the real ones
        return None

    def put_by(
        self,
        alert: Alert,
        way: Way,
        labels: dict[str, str],  # noqa: ARG002 -- as the real ones
        until: datetime,  # noqa: ARG002 -- as the real ones
        now: datetime,  # noqa: ARG002 -- as the real ones
    ) -> Pooled:
        return Pooled(
            group="throttled", receiver=way.receiver, batch=0, severity=alert.severity, step=alert.step
        )

    def is_released(self, alert: Alert, pooled: Pooled) -> bool:  # noqa: ARG002 -- as the real ones
        return True

    def is_waiting(self, pooled: Pooled) -> bool:  # noqa: ARG002 -- as the real ones
        return False

    def leave(self, alert: Alert, pooled: Pooled) -> Left | None: ...

    def released(self, pooled: Pooled) -> Left | None: ...

    def end(self, alert: Alert, bond: Pooled | Left, reason: Reason) -> None: ...

    def take(self, alert: Alert, bond: Pooled | Left) -> Pooled | Left | None: ...

    def give_back(self, left: Left) -> Left | None: ...

    def forget(self, left: Left) -> None: ...

    def climb_for(
        self,
        alert: Alert,  # noqa: ARG002 -- as the real ones
        pooled: Pooled,
        end: End,  # noqa: ARG002 -- as the real ones
        now: datetime,  # noqa: ARG002 -- as the real ones
        deadline_at: datetime | None,  # noqa: ARG002 -- as the real ones
    ) -> Pooled:
        return pooled

    def left_behind(self, pooled: Pooled) -> Climb | None: ...

    def join(self, alert: Alert, way: Way, labels: dict[str, str], policy_id: str) -> Pooled | None: ...
