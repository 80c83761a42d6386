"""The service put together: `create_app`, an ASGI application for any server."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

import smpengine
from smpengine.errors import SmpError, must, rule_of
from smpengine.plan.plan import Plan
from smpengine.service import iiif, live, routes
from smpengine.service.answer import Departed, departed
from smpengine.service.desk import Desk
from smpengine.service.guard import LOCAL, App, Guard
from smpengine.service.known import Known
from smpengine.service.limits import Limits
from smpengine.service.metrics import Metrics
from smpengine.service.problems import KIND, Problem, problem_of
from smpengine.service.studio import Studio

PAGE: Final = Path(__file__).parent / "page"
_MOST_SAID: Final = 80
"""Letters of what somebody sent that are sent back."""


def create_app(
    plan: Plan, *, limits: Limits | None = None, device: str = "auto", threads: int | None = None,
    px_per_mm: float | None = None, token: str | None = None, hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> App:  # fmt: skip
    """Return the service of a plan, as an ASGI application.

    Parameters
    ----------
    plan
        What is served where nothing else is asked for. Its files are the only ones that are read.
    limits
        What is taken on.
    device, threads
        As for `Preview`.
    px_per_mm
        Of the largest level of tiles; the plan's own when None.
    token
        That must be brought; None where nobody needs one.
    hosts
        Names that it goes by beside localhost; without a token others are refused.
    origins
        Sites whose pages may ask for things here; "*" for any.

    Raises
    ------
    SceneError, InputError, DeviceError
        The plan cannot be shown.
    """
    given = Limits() if limits is None else limits
    studio = Studio(plan, given, device, threads, px_per_mm)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ahead = asyncio.create_task(_work_ahead(studio, app.state.desk))
        yield
        app.state.desk.close()
        await ahead
        app.state.live_threads.shutdown(wait=True, cancel_futures=True)

    app = FastAPI(title="smpengine", version=smpengine.__version__, lifespan=lifespan,
                  docs_url=None, redoc_url=None)  # fmt: skip
    state = app.state
    state.studio, state.metrics, state.lines = studio, Metrics(), 0
    cores = os.cpu_count() or 1
    state.desk = Desk(given, cores)
    # A client that is slow to take its picture in holds a thread, and not a turn to draw.
    state.live_threads = ThreadPoolExecutor(given.most_live, thread_name_prefix="smpengine-live")
    state.turns = live.Turns(cores)
    for part in (routes, iiif, live):
        app.include_router(part.router)
    _say_what_is_wrong(app)
    _serve_page(app)
    app.add_middleware(Known, state.desk.answers, state.metrics)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Location", "Retry-After"],
        )  # fmt: skip
    names = LOCAL | {host.lower() for host in hosts}
    return Guard(app, given, state.metrics, token, names, tuple(origins))


async def _work_ahead(studio: Studio, desk: Desk) -> None:
    """Draw what will be looked at first, unless it is refused anyway."""
    whole = studio.overview()
    tag = studio.tag(whole)
    with contextlib.suppress(SmpError, MemoryError):
        desk.answers.put(tag, await desk.ahead(tag, studio.picture(whole)))


def _serve_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=204)

    # Pictures are packed already; the page alone is worth it.
    app.mount("/page", GZipMiddleware(StaticFiles(directory=PAGE), minimum_size=1000), name="page")


def _answer(problem: Problem) -> Response:
    return JSONResponse(problem.body(), problem.status, problem.headers(), KIND)


def _say_what_is_wrong(app: FastAPI) -> None:
    answers: dict[Any, Callable[[Any], Problem]] = {
        Problem: problem_of,
        SmpError: problem_of,
        Exception: problem_of,  # and raised again: the log has it
        RequestValidationError: lambda error: Problem(422, [_line(e) for e in error.errors()]),
    }
    for kind, problem in answers.items():
        app.add_exception_handler(kind, partial(_answered, problem))
    app.add_exception_handler(Departed, _departed)
    app.add_exception_handler(HTTPException, _no_route)


def _answered(problem: Callable[[Any], Problem], _: Request, error: Exception) -> Response:
    return _answer(problem(error))


def _departed(_: Request, __: Exception) -> Response:
    return departed()


def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:_MOST_SAID]
    return _answer(Problem(error.status_code, [f"{path}: {error.detail}."]))


def _line(entry: Any) -> str:
    name = ".".join(str(part) for part in entry["loc"][1:]) or "request"
    return must(name, rule_of(entry), repr(entry.get("input"))[:60])
