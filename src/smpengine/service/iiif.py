"""The IIIF Image API 3.0, level 1 and some of level 2, so that viewers of others work unchanged.

An image is a plan's id, and how it is looked at behind semicolons: ``ID;day=400;sessions=1,2``.
https://iiif.io/api/image/3.0/
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from smpengine.errors import must
from smpengine.image.web import MEDIA
from smpengine.raster.splats import PixelWindow
from smpengine.service.answer import answer_picture, studio_of
from smpengine.service.levels import TILE_PX
from smpengine.service.looks import Look, look_of
from smpengine.service.plans import Named
from smpengine.service.problems import Problem
from smpengine.service.routes import PICTURE
from smpengine.service.studio import Asked

router = APIRouter(prefix="/iiif", tags=["iiif"])
CONTEXT: Final = "http://iiif.io/api/image/3/context.json"
_PROFILE: Final = '<http://iiif.io/api/image/3/level1.json>;rel="profile"'
_MOST: Final = 1e9
"""No picture has as many pixels along a side."""
_KEYS: Final = {"day": "day", "sessions": "sessions", "exposure": "exposure", "fault": "faults"}
_NEAR: Final = 1.0 + 1e-9
_OPEN: Final = {"Access-Control-Allow-Origin": "*", "Link": _PROFILE}
Box = tuple[int, int, int, int]
Size = tuple[int, int]
Image = Annotated[str, Path(description="Id of a plan, and a look behind semicolons.")]


def _bad(name: str, rule: str, got: str) -> Problem:
    return Problem(400, [must(name, rule, repr(got[:60]))])


def image_of(request: Request, name: str) -> tuple[Named, Look]:
    """Return the plan and the look that an identifier means."""
    plan, *parts = unquote(name).split(";")
    said: dict[str, Any] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if key not in _KEYS or not equals:
            raise _bad("identifier", f"have {', '.join(_KEYS)} behind semicolons", part)
        if key == "fault":
            said.setdefault("faults", []).append(value)
        else:
            said[_KEYS[key]] = value
    return studio_of(request).plans.get(plan), look_of(said)


@router.get("/{name}", include_in_schema=False)
async def base(request: Request) -> Response:
    """Point to what describes an image."""
    there = str(request.url.path).rstrip("/") + "/info.json"
    return RedirectResponse(there, status_code=303, headers=_OPEN)


@router.get("/{name}/info.json", responses=PICTURE)
async def info(request: Request, name: Image) -> Response:
    """Describe an image to a viewer."""
    studio = studio_of(request)
    named, _ = image_of(request, name)
    levels = studio.levels(named)
    width, height = levels.size(0)
    steps = [1 << k for k in range(levels.most + 1)]
    sizes = [levels.size(k) for k in reversed(range(levels.most + 1))]
    there = str(request.url.replace(query=None)).removesuffix("/info.json")
    body = {
        "@context": CONTEXT, "id": there, "type": "ImageService3",
        "protocol": "http://iiif.io/api/image", "profile": "level1",
        "width": width, "height": height, "maxArea": int(studio.limits.most_mpx * 1e6),
        "tiles": [{"width": TILE_PX, "scaleFactors": steps}],
        "sizes": [{"width": w, "height": h} for w, h in sizes
                  if w * h <= studio.limits.most_mpx * 1e6],
        "preferredFormats": ["jpg"], "extraFormats": ["png", "webp"],
        "extraFeatures": ["regionByPct", "sizeByConfinedWh", "sizeByPct", "sizeUpscaling",
                          "profileLinkHeader"],
    }  # fmt: skip
    linked = "application/ld+json" in request.headers.get("accept", "")
    media = f'application/ld+json;profile="{CONTEXT}"' if linked else "application/json"
    return JSONResponse(body, headers=_OPEN, media_type=media)


@router.get("/{name}/{region}/{size}/{rotation}/{quality}.{kind}",
            responses=PICTURE, response_class=Response)  # fmt: skip
async def image(
    request: Request, name: Image, region: str, size: str, rotation: str, quality: str, kind: str
) -> Response:
    """Give a region of an image, at a size."""
    studio = studio_of(request)
    named, look = image_of(request, name)
    if rotation not in ("0", "0.0"):
        raise _bad("rotation", "be 0", rotation)
    if quality not in ("default", "color"):
        raise _bad("quality", "be default or color", quality)
    if kind not in MEDIA:
        raise _bad("format", f"be one of {', '.join(MEDIA)}", kind)
    box = region_of(region, studio.levels(named).size(0))
    asked = picture_of(named, look, studio.px_per_mm, box, size_of(size, box), kind)
    response = await answer_picture(request, studio.sized(asked))
    response.headers.update(_OPEN)
    return response


def region_of(text: str, whole: Size) -> Box:
    """Return left, top, width and height of a region, in pixels of the whole."""
    width, height = whole
    if text == "full":
        return 0, 0, width, height
    if text == "square":
        side = min(whole)
        return (width - side) // 2, (height - side) // 2, side, side
    parts = _numbers(text.removeprefix("pct:"), 4)
    if parts is None or min(parts) < 0 or (not text.startswith("pct:") and not _whole(parts)):
        raise _bad("region", "be full, square, x,y,w,h or pct:x,y,w,h", text)
    if text.startswith("pct:"):
        parts = [part / 100.0 * (width, height)[k % 2] for k, part in enumerate(parts)]
    left, top = math.floor(parts[0] + 0.5), math.floor(parts[1] + 0.5)
    right = min(math.floor(parts[0] + parts[2] + 0.5), width)
    bottom = min(math.floor(parts[1] + parts[3] + 0.5), height)
    if right <= left or bottom <= top:
        raise _bad("region", f"lie within {width} x {height} pixels and hold one", text)
    return left, top, right - left, bottom - top


def size_of(text: str, box: Box) -> Size:
    """Return the size that a region is asked for in."""
    width, height = box[2:]
    plain = text.removeprefix("^")
    if plain == "max":
        return width, height
    found = _sized(plain, width, height)
    if found is None or min(found) < 1:
        raise _bad("size", "be max, w,  ,h  w,h  !w,h or pct:n", text)
    if not text.startswith("^") and (found[0] > width or found[1] > height):
        raise _bad("size", f"be at most {width},{height}, or begin with ^", text)
    return found


def _sized(text: str, width: int, height: int) -> Size | None:
    if text.startswith("pct:"):
        share = _numbers(text[4:], 1)
        if share is None:
            return None
        return _near(width * share[0] / 100.0), _near(height * share[0] / 100.0)
    first, comma, second = text.removeprefix("!").partition(",")
    if not comma or not all(part == "" or part.isdecimal() for part in (first, second)):
        return None
    if not (first or second) or max(len(first), len(second)) > 7:
        return None
    if text.startswith("!"):
        if not (first and second):
            return None
        share_of_it = min(int(first) / width, int(second) / height)
        return _near(width * share_of_it), _near(height * share_of_it)
    if not second:
        return int(first), _near(height * int(first) / width)
    return (int(first) if first else _near(width * int(second) / height)), int(second)


def picture_of(
    named: Named, look: Look, px_per_mm: float, box: Box, size: Size, kind: str
) -> Asked:
    """Return the picture that shows a region in a size, drawn at the scale that this needs.

    A viewer's tile is the pyramid's own where sizes are halves, rounded up as viewers round.
    """
    left, top, width, height = box
    for reduced in range(24):
        step = 1 << reduced
        halved = -(-width // step), -(-height // step)
        if halved == size and left % step == 0 and top % step == 0:
            window = PixelWindow(top // step, left // step, size[1], size[0])
            return Asked(named, look, math.ldexp(px_per_mm, -reduced), window, kind)
    share = max(size[0] / width, size[1] / height)
    window = PixelWindow(
        _near(top * share), _near(left * share), max(_near(height * share), 1),
        max(_near(width * share), 1),
    )  # fmt: skip
    return Asked(named, look, px_per_mm * share, window, kind, size)


def _near(value: float) -> int:
    """Return the nearest whole number, as `pixel_window` rounds."""
    return math.floor(value * _NEAR + 0.5) if value < 2**40 else 2**40


def _numbers(text: str, count: int) -> list[float] | None:
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return parts if len(parts) == count and all(abs(part) < _MOST for part in parts) else None


def _whole(parts: list[float]) -> bool:
    return all(part == int(part) for part in parts)
