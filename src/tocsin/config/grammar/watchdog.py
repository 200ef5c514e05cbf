"""Who watches Tocsin from outside."""

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from tocsin.config.grammar.base import Part, ReadableFile, Span, around, read_span
from tocsin.config.grammar.means.base import Url
from tocsin.config.problems import refuse
from tocsin.notify.heartbeat import Heartbeat


class Watchdog(Part):
    """The sign of life that goes to an outside service while the audit of Tocsin itself is clean."""

    _heartbeat: Heartbeat | None = PrivateAttr(default=None)

    heartbeat_url: Url | None = None
    """Address that is asked while all is well; `env:` and `file:` references are followed."""

    failure_url: Url | None = None
    """Address that is asked while it is not, where the service has one, such as `/fail` of Healthchecks."""

    method: Literal["get", "post"] = "get"
    """How both are asked: get or post; get if left out."""

    every: Span = "1m"
    """How often; 1m if left out."""

    timeout_seconds: Annotated[float, Field(gt=0, le=20, allow_inf_nan=False)] = 10.0
    """Longest wait for an answer; 10 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The sign of life, ready to be sent; None where nobody wants one."""
        return self._heartbeat

    @field_validator("failure_url")
    @classmethod
    def _beside_a_heartbeat(cls, value: Url | None, info: ValidationInfo) -> Url | None:
        if value is not None and info.data.get("heartbeat_url", value) is None:
            raise refuse("needs 'heartbeat_url' beside it")
        return value

    @model_validator(mode="after")
    def _make_once(self, info: ValidationInfo) -> "Watchdog":
        if self.heartbeat_url is None:
            return self
        try:
            self._heartbeat = Heartbeat(
                self.heartbeat_url.value,
                method=self.method.upper(),
                failure_url=self.failure_url.value if self.failure_url else "",
                every=read_span(self.every),
                timeout_seconds=self.timeout_seconds,
                ca_file=self.ca_file,
                reach=around(info).reach,
            )
        except OSError:
            raise refuse("'ca_file' holds no certificate in PEM form") from None
        except ValueError as error:
            raise refuse(str(error)) from None
        return self
