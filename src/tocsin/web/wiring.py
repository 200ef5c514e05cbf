"""What every part of the web server is given to work with."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tocsin.clock import Clock
from tocsin.engine.engine import Engine
from tocsin.store.base import Store
from tocsin.telemetry.metrics import Metrics
from tocsin.web.access import Access
from tocsin.web.refusals import Refusals
from tocsin.web.replays import Replays
from tocsin.web.settings import WebSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The rooms behind the web server, put together once at its start."""

    engine: Engine
    store: Store
    access: Access
    clock: Clock
    metrics: Metrics
    refusals: Refusals
    replays: Replays = field(default_factory=Replays)

    @property
    def settings(self) -> WebSettings:
        """The settings in force."""
        return self.access.settings


def wiring_of(request: Request) -> Wiring:
    """Return what the application was made with."""
    wiring: Wiring = request.app.state.wiring
    return wiring


Wired = Annotated[Wiring, Depends(wiring_of)]
