"""What a notebook shows of a scene or a plan: a picture that fits, and for a plan its sessions."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Final

from smpengine.image.png import encode
from smpengine.render import render
from smpengine.scene import Scene

if TYPE_CHECKING:
    from smpengine.plan.plan import Plan

_WIDEST_PX: Final = 640
_HIGHEST_PX: Final = 480
_LARGEST_PX_PER_MM: Final = 40.0


def scene_png(scene: Scene) -> bytes:
    """Return a picture of a whole scene, at most 640 x 480 px, as PNG."""
    return encode(render(scene, fitting_px_per_mm(scene.extent_mm)))


def fitting_px_per_mm(extent_mm: tuple[float, float]) -> float:
    """Return the scale at which an extent fits into 640 x 480 px, and its dots are no blots."""
    width, height = extent_mm
    return min(_WIDEST_PX / width, _HIGHEST_PX / height, _LARGEST_PX_PER_MM)


def plan_html(plan: Plan) -> str:
    """Return a plan's sessions as a table, beside a picture of what it heals to."""
    heads = "".join(f"<th>{name}</th>" for name in (
        "day", "session", "dots per cm²", "radius mm", "depth mm", "pigment"))  # fmt: skip
    rows = []
    for session in plan.sessions:
        pigment = session.pigment if isinstance(session.pigment, str) else "own"
        cells = (f"{session.day:g}", session.preset or "", f"{session.density_per_cm2:.0f}",
                 f"{session.radius_mm:.3f}", f"{session.depth_mm:.2f}", pigment)  # fmt: skip
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    width, height = plan.extent_mm
    table = plan.table
    said = (f"{width:g} x {height:g} mm, skin {table.skin.type}, fullness {table.fullness:g}, "
            f"texture {table.texture:g}, seed {plan.seed}")  # fmt: skip
    picture = base64.b64encode(scene_png(plan.scene())).decode("ascii")
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<div><p>{html.escape(said)}</p><table><tr>{heads}</tr>{body}</table>"
        f'<img src="data:image/png;base64,{picture}" alt="What the plan heals to"></div>'
    )
