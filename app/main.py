"""The web application: both faces, their errors, and the two probes.

`create_app(settings)` builds it; nothing is opened before the first request or the start of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlmodel import col, func, select

from app.api import actions, deliveries, feedback, people, topics, tracker
from app.feedback import stats
from app.feedback.models import Delivery, DeliveryState, InteractionState
from app.runtime import Runtime
from app.settings import Settings
from app.web.errors import BodyLimit, install_error_pages
from app.web.pages import PAGES
from app.web.render import STATIC
from app.web.security import SecurityHeaders

API = (
    people.router,
    deliveries.router,
    feedback.router,
    topics.router,
    tracker.router,
    actions.router,
)
FORM_BYTES = 4 * 1024 * 1024  # the largest form: a file of follow-up answers


def create_app(settings: Settings, *, runtime: Runtime | None = None) -> FastAPI:
    """The application on a runtime of its own, or on the given one, which the caller then disposes of."""
    runtime = runtime or Runtime(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        runtime.store.dispose()

    app = FastAPI(
        title="回声 Huisheng",
        version="0.1.0",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page would load script from outside the bank's network
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.runtime = runtime
    app.state.pages = PAGES
    for router in API:
        app.include_router(router)
    for page in PAGES.values():
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/healthz", healthz, include_in_schema=False)
    app.add_api_route("/readyz", readyz, include_in_schema=False)
    install_error_pages(app)
    # Not as FastAPI's own max_body_size, which would stand outside of the headers and answer in bare English.
    # A delivery that is one byte over its limit is told its own answer.
    app.add_middleware(BodyLimit, max_body_size=max(FORM_BYTES, settings.max_delivery_bytes + 1))
    app.add_middleware(SecurityHeaders)
    return app


def healthz(request: Request) -> JSONResponse:
    """200 where the process and its store answer."""
    request.app.state.runtime.store.ping()
    return JSONResponse({"status": "ok"})


def readyz(request: Request) -> JSONResponse:
    """200 when nothing waits to be analysed, else 503 with the counts; failed ones wait for a person, not for us."""
    with request.app.state.runtime.store.read() as session:
        interactions = stats.by_state(session)
        received = session.exec(select(func.count()).where(col(Delivery.state) == DeliveryState.RECEIVED)).one()
    waiting = {"deliveries": received, "interactions": interactions[InteractionState.PENDING]}
    failed = interactions[InteractionState.FAILED]
    return JSONResponse({"waiting": waiting, "failed": failed}, status_code=503 if any(waiting.values()) else 200)
