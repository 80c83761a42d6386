"""From what is asked for to an answer: known by the client, known here, or drawn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request, Response

from smpengine.errors import Cancelled
from smpengine.image.web import MEDIA, check_kind
from smpengine.service.looks import Look, look_of
from smpengine.service.plans import Named
from smpengine.service.studio import Asked, Studio
from smpengine.workers import Cancel

if TYPE_CHECKING:
    from smpengine.service.desk import Desk
    from smpengine.service.metrics import Metrics

_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_GONE = 499


# Asynchronous though they wait for nothing: FastAPI hands others to a thread, at twice the cost.
async def look_asked(
    day: Annotated[float | None, Query(description="Of the picture; settled if left out.")] = None,
    sessions: Annotated[
        str | None, Query(description='Numbers of those shown, "1,3"; "" for none.')
    ] = None,
    fault: Annotated[list[str] | None, Query(description="Mistakes to show.")] = None,
    exposure: Annotated[float | None, Query(description="Factor on linear light.")] = None,
) -> Look:
    """Return how a plan is looked at."""
    said = {"day": day, "sessions": sessions, "faults": fault, "exposure": exposure}
    return look_of(said)


async def plan_asked(
    request: Request,
    plan: Annotated[str | None, Query(description="Id of a plan; the first if left out.")] = None,
) -> Named:
    """Return which plan is looked at."""
    return studio_of(request).plans.get(plan)


LookAsked = Annotated[Look, Depends(look_asked)]
PlanAsked = Annotated[Named, Depends(plan_asked)]


def studio_of(request: Request) -> Studio:
    """Return what makes pictures."""
    studio: Studio = request.app.state.studio
    return studio


def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _metrics_of(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def answer_picture(request: Request, asked: Asked) -> Response:
    """Answer with a picture."""
    studio, desk, metrics = studio_of(request), _desk_of(request), _metrics_of(request)
    check_kind(asked.kind)
    tag = studio.tag(asked)
    named = "plan" in request.query_params or "name" in request.path_params
    headers = {"ETag": f'"{tag}"', "Cache-Control": _FOR_EVER if named else _ASK_AGAIN}
    if in_list(tag, request.headers.get("if-none-match", "")):
        metrics.known.labels("client").inc()
        return Response(status_code=304, headers=headers)
    body = desk.answers.get(tag)
    if body is None:
        since = time.perf_counter()
        body = await drawn(request, tag, studio.picture(asked))
        metrics.drawn.observe(time.perf_counter() - since)
        desk.answers.put(tag, body)
    else:
        metrics.known.labels("service").inc()
    return Response(body, media_type=MEDIA[asked.kind], headers=headers)


def in_list(tag: str, said: str) -> bool:
    """Tell whether a tag is in what an If-None-Match says (RFC 9110, 13.1.2)."""
    tags = {part.strip().removeprefix("W/").strip('"') for part in said.split(",")}
    return "*" in tags or tag in tags


async def drawn(
    request: Request, tag: str, work: Callable[[Cancel], Any], aside: bool = False
) -> Any:  # fmt: skip
    """Return what some work makes, unless the client goes first; `aside` as `Desk.do` has it."""
    client = request.client.host if request.client else "?"
    async with departure(request) as gone:
        try:
            return await _desk_of(request).do(tag, client, work, gone, aside)
        except Cancelled:
            if gone.done():
                raise Departed from None
            raise


class Departed(Exception):  # noqa: N818 - what happened, and not a fault
    """The client is gone; nobody reads an answer."""


@asynccontextmanager
async def departure(request: Request) -> AsyncIterator[asyncio.Future[Any]]:
    """Give what is done once the client is gone."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(watch())
    try:
        yield task
    finally:
        task.cancel()


def departed() -> Response:
    """Return what nobody reads."""
    return Response(status_code=_GONE)
