"""The web server put together: the front for check-ins and pings, the gate, and behind it all the rest."""

import asyncio
import threading

from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.clock import Clock
from tocsin.engine.engine import Engine
from tocsin.store.base import Store
from tocsin.telemetry.metrics import Metrics
from tocsin.web.access import Access
from tocsin.web.front import Front
from tocsin.web.gate import Gate
from tocsin.web.refusals import Refusals
from tocsin.web.settings import WebSettings


class Application:
    """The ASGI application that serves everything.

    Check-ins and pings are served at once. The API and the pages are loaded when the first request
    asks for them, or by `prepare`: half of the server's start would be spent on them.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        settings: WebSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._access = Access(store, settings)
        self._loading = threading.Lock()
        self._framework: ASGIApp | None = None
        gate = Gate(self._behind_the_gate, access=self._access)
        self._refusals = Refusals(metrics, clock)
        self._front = Front(
            gate, engine=engine, store=store, access=self._access, clock=clock, refusals=self._refusals
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._front(scope, receive, send)

    async def _behind_the_gate(self, scope: Scope, receive: Receive, send: Send) -> None:
        framework = self._framework
        if framework is None:
            framework = await asyncio.to_thread(self.prepare)
        await framework(scope, receive, send)

    def reload(self, settings: WebSettings) -> None:
        """Go on with other credentials and another `base_url`; what it is bound to stays."""
        self._access.reload(settings)

    def prepare(self) -> ASGIApp:
        """Load the API and the pages, if nobody has done so yet, and return them."""
        with self._loading:
            if self._framework is None:
                from tocsin.web.framework import create_framework  # noqa: PLC0415 -- its imports are the cost
                from tocsin.web.wiring import Wiring  # noqa: PLC0415 -- the same

                self._framework = create_framework(
                    Wiring(
                        engine=self._engine,
                        store=self._store,
                        access=self._access,
                        clock=self._clock,
                        metrics=self._metrics,
                        refusals=self._refusals,
                    )
                )
            return self._framework


def create_app(
    engine: Engine, store: Store, settings: WebSettings, clock: Clock, metrics: Metrics
) -> Application:
    """Return the ASGI application; the engine is started and stopped by the caller."""
    return Application(engine=engine, store=store, settings=settings, clock=clock, metrics=metrics)
