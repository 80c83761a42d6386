"""`render_on`: a photograph, a mask and a plan to the photograph with pigment in it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from smpengine.photo.camera import Camera
from smpengine.photo.photograph import Photograph
from smpengine.photo.simulation import simulate
from smpengine.plan.plan import Plan
from smpengine.scene import Skin
from smpengine.workers import Cancel, Progress


def render_on(
    photo: Photograph | NDArray[Any],
    mask: NDArray[Any],
    plan: Plan,
    px_per_mm: object = None,
    *,
    day: float | None = None,
    sessions: int | None = None,
    skin: Skin | str | None = None,
    camera: Camera | None = None,
    white: tuple[float, float, float] | None = None,
    gloss: float | None = None,
    over_hair: bool = False,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> NDArray[Any]:
    """Draw a treatment into a photograph, in light.

    Parameters
    ----------
    photo
        A `Photograph`, as `read_photo` returns it, or its pixels in sRGB: uint8 or uint16,
        (height, width, 3), or (height, width) for grey.
    mask
        (height, width): bool, float 0 to 1, or uint8 or uint16 from black to white. What is
        treated, in the photograph as displayed; it scales density and absorbance both.
    plan
        The treatment. Its regions, hairline, parts and scars are not used, nor is its hair drawn.
    px_per_mm
        The scale, or a `Placing`: two landmarks, a rectangle seen aslant, a depth map.
    day, sessions
        Healed at a day, and only the first sessions: as for `Plan.scene`.
    skin
        Of the photograph, or its type; estimated when None.
    camera
        Its sharpness and noise; estimated when None.
    white
        Linear sRGB of something neutral in the photograph, for estimating the skin.
    gloss
        How much the skin mirrors, which pigment under it cannot dim: 0 nothing (polarised light,
        or powder), 1 as smooth skin; estimated when None.
    over_hair
        Dots are placed over the hair that the photograph shows, too; else beside it.
    device, threads, progress, cancel
        As for `render`; `progress` counts rows of the photograph.

    Returns
    -------
    ndarray
        Of the shape and dtype of the photograph's pixels. Where the mask is 0 they are its own.

    Raises
    ------
    InputError
        The photograph or the mask cannot be used.
    SceneError
        There is no scale, the mask is black, or another value is out of range.
    DeviceError, Cancelled
        As for `render`.
    """
    prepared = simulate(
        photo,
        mask,
        plan,
        px_per_mm,
        skin=skin,
        camera=camera,
        white=white,
        gloss=gloss,
        over_hair=over_hair,
    )
    return prepared.picture(
        day, sessions, device=device, threads=threads, progress=progress, cancel=cancel
    )
