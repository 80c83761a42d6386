"""What can be asked for over HTTP: plans, tiles, windows, verdicts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

import smpengine
from smpengine.image.web import MEDIA
from smpengine.service.answer import (
    LookAsked,
    PlanAsked,
    answer_picture,
    drawn,
    studio_of,
)
from smpengine.service.choices import choices
from smpengine.service.plans import Named
from smpengine.service.problems import KIND, Problem
from smpengine.service.read import read_json, read_toml
from smpengine.service.studio import check_window

router = APIRouter()
_PROBLEM: dict[str, Any] = {
    "description": "What is wrong, one line each (RFC 9457).",
    "content": {KIND: {"schema": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "status": {"type": "integer"},
                       "detail": {"type": "string"},
                       "errors": {"type": "array", "items": {"type": "string"}}},
    }}},
}  # fmt: skip
ERRORS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 404, 413, 422, 429, 503), _PROBLEM)
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in MEDIA.values()}, "description": "The picture."},
    304: {"description": "The client has it."},
    **ERRORS,
}
_MERGE_PATCH = {"content": {"application/merge-patch+json": {"schema": {"type": "object"}}}}
_PLAN_BODY = {"content": {"application/json": {"schema": {"type": "object"}},
                          "application/toml": {"schema": {"type": "string"}}}}  # fmt: skip
Name = Annotated[str, Path(description="Id of a plan.")]
Kind = Annotated[str, Path(description="png, webp or jpg.")]


async def _described(request: Request, named: Named) -> dict[str, Any]:
    studio = studio_of(request)
    told: dict[str, Any] = await drawn(
        request, f"described {named.id}", lambda _: studio.described(named)
    )
    return told


@router.get("/api/plan", responses=ERRORS, tags=["plans"])
async def first_plan(request: Request) -> dict[str, Any]:
    """Describe the plan that is served where no other is named."""
    return await _described(request, studio_of(request).plans.first)


@router.get("/api/plans/{name}", responses=ERRORS, tags=["plans"])
async def one_plan(request: Request, name: Name) -> dict[str, Any]:
    """Describe a plan."""
    return await _described(request, studio_of(request).plans.get(name))


@router.get("/api/plans/{name}/plan.json", responses=ERRORS, tags=["plans"])
async def plan_file(request: Request, name: Name) -> Response:
    """Give a plan as a file that `smpengine render` takes."""
    import json

    said = studio_of(request).plans.get(name).said
    headers = {"Content-Disposition": 'attachment; filename="plan.json"'}
    return Response(json.dumps(said, indent=2) + "\n", media_type="application/json",
                    headers=headers)  # fmt: skip


@router.post("/api/plans", status_code=201, responses=ERRORS, tags=["plans"],
             openapi_extra={"requestBody": _PLAN_BODY})  # fmt: skip
async def add_plan(request: Request, response: Response) -> dict[str, Any]:
    """Take a plan, as JSON or TOML; it must name no files."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    readers = {"application/json": read_json, "application/toml": read_toml}
    if kind not in readers:
        raise Problem(415, [f"Content-Type must be one of {', '.join(readers)}, got {kind!r}."])
    body, plans = await request.body(), studio_of(request).plans
    return await _made(request, response, lambda: plans.add(readers[kind](body)), kind, body)


@router.patch("/api/plans/{name}", status_code=201, responses=ERRORS, tags=["plans"],
              openapi_extra={"requestBody": _MERGE_PATCH})  # fmt: skip
async def patch_plan(request: Request, response: Response, name: Name) -> dict[str, Any]:
    """Make another plan of one, by a JSON Merge Patch (RFC 7396); the one stays as it is."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "application/merge-patch+json"):
        rule = "be application/merge-patch+json or application/json"
        raise Problem(415, [f"Content-Type must {rule}, got {kind!r}."])
    body, plans = await request.body(), studio_of(request).plans
    return await _made(request, response, lambda: plans.patched(name, read_json(body)), name, body)


async def _made(
    request: Request, response: Response, make: Callable[[], Named], of: str, body: bytes
) -> dict[str, Any]:
    """Answer with a plan that is new, placed already: who sends one wants to see it."""
    studio = studio_of(request)
    tag = hashlib.blake2b(body, digest_size=16).hexdigest()

    def work(_: Any) -> dict[str, Any]:
        return studio.described(make())

    told: dict[str, Any] = await drawn(request, f"made of {of} {tag}", work, aside=True)
    response.headers["Location"] = f"/api/plans/{told['id']}"
    return told


@router.get("/api/plans/{name}/verdict", responses=ERRORS, tags=["plans"])
async def verdict(
    request: Request, name: Name, look: LookAsked,
    window: Annotated[str | None, Query(description="x0,y0,x1,y1 in mm.")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Say of a window whether it reads as stubble, in numbers, and how its dots are spread."""
    studio = studio_of(request)
    named = studio.plans.get(name)
    box = None if window is None else check_window(window)
    told: dict[str, Any] = await drawn(
        request, f"verdict {named.id} {look.name} {box}",
        lambda cancel: studio.verdict(named, look, box, cancel),
    )  # fmt: skip
    return told


@router.get("/api/choices", tags=["plans"])
async def names() -> dict[str, Any]:
    """List skins, pigments, faults and the rest that plans know by name."""
    return choices()


@router.get("/tiles/{z}/{x}/{y}.{kind}", responses=PICTURE, response_class=Response,
            tags=["pictures"])  # fmt: skip
async def tile(
    request: Request, named: PlanAsked, look: LookAsked, z: int, x: int, y: int, kind: Kind,
    edge: Annotated[
        Literal["whole", "cut"], Query(description="Whether tiles at the edges are cut short.")
    ] = "whole",
) -> Response:  # fmt: skip
    """Give a tile: level, column, row; level 0 is the whole in one, y runs down."""
    asked = studio_of(request).tile(named, look, (z, x, y), kind, edge == "cut")
    return await answer_picture(request, asked)


@router.get("/window.{kind}", responses=PICTURE, response_class=Response, tags=["pictures"])
async def window_of(
    request: Request, named: PlanAsked, look: LookAsked, kind: Kind,
    window: Annotated[str | None, Query(description="x0,y0,x1,y1 in mm; all if left out.")] = None,
    px_per_mm: Annotated[float | None, Query(description="Scale.")] = None,
) -> Response:  # fmt: skip
    """Give any window at any scale."""
    studio = studio_of(request)
    box = None if window is None else check_window(window)
    scale = studio.px_per_mm if px_per_mm is None else px_per_mm
    return await answer_picture(request, studio.window(named, look, box, scale, kind))


@router.get("/health", tags=["service"])
async def health(request: Request) -> dict[str, Any]:
    """Say that it is there."""
    studio = studio_of(request)
    return {"status": "ok", "version": smpengine.__version__, "device": studio.device}


@router.get("/metrics", tags=["service"], response_class=Response)
async def metrics(request: Request) -> Response:
    """Tell Prometheus."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    state = request.app.state
    told, studio, desk = state.metrics, state.studio, state.desk
    told.in_hand.set(desk.in_hand)
    told.held.labels("blocks").set(studio.scenes.held_bytes)
    told.held.labels("splats").set(studio.scenes.splats_bytes)
    told.held.labels("answers").set(desk.answers.held_bytes)
    told.held.labels("plans").set(studio.plans.held_bytes)
    told.held.labels("dots").set(studio.stages.held_bytes)
    return Response(generate_latest(told.registry), media_type=CONTENT_TYPE_LATEST)
