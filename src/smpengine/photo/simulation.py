"""`Simulation`: a plan on a photograph, at any day.

photo -> codes -> light in the bands  ------------------------.
|-> skin, camera (estimated, or given)                      v
plan, mask -> scene of the chart -> T -> blurred as the camera -> T^mask -> codes
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import resolve
from smpengine.errors import InputError, SceneError, must
from smpengine.optics.skin import bare_reflectance
from smpengine.photo.camera import Camera, Seen, seen_through
from smpengine.photo.ground import Ground, Through, ground_of, touched
from smpengine.photo.masks import check_mask
from smpengine.photo.overlay import overlay_of
from smpengine.photo.photograph import Photograph
from smpengine.photo.placing import placing_of
from smpengine.photo.room import beside_hair, room_beside_hair
from smpengine.photo.skin import SkinSeen, estimate_skin, given_skin, skin_colour
from smpengine.photo.treat import Room, TreatedPhoto, left_out
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.workers import Cancel, Progress, Workers, thread_count

if TYPE_CHECKING:
    from smpengine.photo.lay import Codes

_STRIP_PX: Final = 2**22
"""Pixels that are worked on at once: bounds the memory, whatever the photograph's size."""
_REACH: Final = 4.0  # standard deviations of the blur
_JOB_ROWS: Final = 32

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Simulation:
    """A plan on a photograph; made by `simulate`.

    Attributes
    ----------
    photo, mask, plan
        What was given; the mask is float32 (height, width).
    ground
        The scalp under the photograph.
    skin, camera
        What was given of them, or found.
    notes
        What is worth knowing, a line each.
    """

    photo: Photograph
    mask: Float32
    plan: TreatedPhoto
    ground: Ground
    skin: SkinSeen
    camera: Seen
    notes: tuple[str, ...]

    def scene(
        self, day: float | None = None, sessions: int | None = None, threads: int | None = None
    ) -> Scene:
        """Return what is implanted, on the chart, healed at a day; see `Plan.scene`."""
        return self.plan.scene(day, self.ground.window_mm, threads, sessions)

    def picture(
        self, day: float | None = None, sessions: int | None = None, *, device: str = "auto",
        threads: int | None = None, progress: Progress | None = None, cancel: Cancel | None = None,
    ) -> NDArray[Any]:  # fmt: skip
        """Return the photograph with pigment in it.

        Parameters
        ----------
        day, sessions
            As for `Plan.scene`.
        device, threads, progress, cancel
            As for `render`; `progress` counts rows of the photograph.

        Returns
        -------
        ndarray
            Of the shape and dtype of the photograph's pixels. Where the mask is 0 they are its own.
        """
        shape = (*self.photo.shape, self.photo.channels)
        source = self.photo.pixels.reshape(shape)
        out = source.copy()
        for window, through in self._strips(day, sessions, device, threads, progress, cancel):
            rows, cols = _slices(window)
            self._lay(source[rows, cols], through, window, out[rows, cols], threads, cancel)
        return out.reshape(self.photo.pixels.shape)

    def overlay(
        self, day: float | None = None, sessions: int | None = None, *, device: str = "auto",
        threads: int | None = None, progress: Progress | None = None, cancel: Cancel | None = None,
    ) -> NDArray[Any]:  # fmt: skip
        """Return the pigment alone, (height, width, 4), to be laid over the photograph elsewhere.

        Laid over it by alpha, in its own codes, it gives `picture` within a step of them. Alpha is
        not premultiplied; parameters as for `picture`.
        """
        after = self.picture(
            day, sessions, device=device, threads=threads, progress=progress, cancel=cancel
        )
        return overlay_of(self.photo.pixels, after)

    def _strips(
        self, day: float | None, sessions: int | None, device: str, threads: int | None,
        progress: Progress | None, cancel: Cancel | None,
    ) -> Iterator[tuple[PixelWindow, Float32]]:  # fmt: skip
        """Give the strips that the mask touches, and what pigment lets through there."""
        count = thread_count(threads)
        scene = self.scene(day, sessions, threads)
        through = self.ground.drawing(scene, resolve(device), Workers(count, cancel))
        top, bottom, left, right = touched(self.mask)
        width = right - left
        height = max(_STRIP_PX // width // _JOB_ROWS, 1) * _JOB_ROWS
        for row in range(top, bottom, height):
            window = PixelWindow(row, left, min(height, bottom - row), width)
            yield window, self._blurred(through, window)
            if progress is not None:
                progress(window.row0 + window.height - top, bottom - top)

    def _blurred(self, through: Through, window: PixelWindow) -> Float32:
        """Return what pigment lets through, as soft as the camera would have seen it."""
        import cv2

        variance = self.camera.sharpness.sigma_px**2 - self.ground.pixel_variance
        if variance <= 0.0:
            return through(window)
        sigma = math.sqrt(variance)
        margin = math.ceil(_REACH * sigma)
        wide = through(_grown(window, margin))
        size = 2 * margin + 1
        soft = cv2.GaussianBlur(wide, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(soft[margin:-margin, margin:-margin])

    def _lay(
        self, source: NDArray[Any], through: Float32, window: PixelWindow, out: NDArray[Any],
        threads: int | None, cancel: Cancel | None,
    ) -> None:  # fmt: skip
        """Lay pigment over a strip, some rows a job."""
        from smpengine.photo.grain import grain
        from smpengine.photo.lay import lay

        noise, codes = self.camera.noise, self._codes
        rows, cols = _slices(window)
        mask = self.mask[rows, cols]

        def work(job: int, _: None) -> None:
            part = slice(job * _JOB_ROWS, min((job + 1) * _JOB_ROWS, window.height))
            row0 = window.row0 + part.start
            size = part.stop - part.start, window.width
            grains = None if noise.is_silent else grain(noise, row0, window.col0, *size)
            lay(
                source[part], through[part], mask[part], codes, noise.sigma, grains, row0,
                window.col0, out[part],
            )  # fmt: skip

        jobs = -(-window.height // _JOB_ROWS)
        Workers(thread_count(threads), cancel).each(jobs, work, lambda: None)

    @cached_property
    def _codes(self) -> Codes:
        from smpengine.photo.lay import Codes

        return Codes.of(self.photo, bare_reflectance(self.skin.skin), self.skin.mirrored)


def _slices(window: PixelWindow) -> tuple[slice, slice]:
    rows = slice(window.row0, window.row0 + window.height)
    return rows, slice(window.col0, window.col0 + window.width)


def _grown(window: PixelWindow, by: int) -> PixelWindow:
    return PixelWindow(
        window.row0 - by, window.col0 - by, window.height + 2 * by, window.width + 2 * by
    )


def simulate(
    photo: Photograph | NDArray[Any],
    mask: NDArray[Any],
    plan: Plan,
    px_per_mm: object = None,
    *,
    skin: Skin | str | None = None,
    camera: Camera | None = None,
    white: tuple[float, float, float] | None = None,
    gloss: float | None = None,
    over_hair: bool = False,
) -> Simulation:
    """Prepare a plan on a photograph: skin and camera are looked at once, for all its days.

    Parameters
    ----------
    photo
        A `Photograph`, or its pixels in sRGB: uint8 or uint16, (height, width, 3), or (height,
        width) for grey.
    mask
        (height, width): bool, float 0 to 1, or uint8 or uint16 from black to white. What is
        treated, in the photograph as displayed; it scales density and absorbance both.
    plan
        The treatment. Its regions, hairline, parts and scars are not used, nor is its hair drawn.
    px_per_mm
        The scale, or a `Placing`.
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

    Raises
    ------
    InputError
        The photograph or the mask cannot be used.
    SceneError
        There is no scale, the mask is of another size or black, or another value is out of range.
    """
    seen = photo if isinstance(photo, Photograph) else Photograph(photo)
    _ = seen.profile
    treated = mask_of(mask, seen.shape)
    if not isinstance(plan, Plan):
        raise InputError(must("plan", "be a Plan", type(plan).__name__))
    if camera is not None and not isinstance(camera, Camera):
        raise InputError(must("camera", "be a Camera or None", type(camera).__name__))
    ground = ground_of(placing_of(px_per_mm), treated)
    box = touched(treated)
    colour = skin_colour(seen, treated)
    if skin is None:
        found = estimate_skin(colour, white, gloss, seen.channels == 1)
    else:
        given = Skin(skin) if isinstance(skin, str) else skin
        if not isinstance(given, Skin):
            raise SceneError(must("skin", "be a Skin, its type, or None", repr(skin)))
        found = given_skin(replace(given, complexion=None), colour, gloss)
    through = seen_through(camera or Camera(), seen, box)
    room = Room(treated)
    if not over_hair:
        room = room_beside_hair(seen, treated, ground.px_per_mm, plan)
    treatment = ground.treated(plan, found.skin, room)
    notes = (*left_out(plan), *found.notes, *through.notes, *beside_hair(room))
    return Simulation(seen, treated, treatment, ground, found, through, notes)


def mask_of(mask: object, shape: tuple[int, int]) -> Float32:
    """Return a mask as float32, 0 to 1.

    Raises
    ------
    InputError
        It is no mask, or of another size than the photograph.
    """
    if not isinstance(mask, np.ndarray):
        raise InputError(must("mask", "be a numpy array", type(mask).__name__))
    if mask.ndim != 2 or mask.shape != shape:
        got = f"shape {mask.shape}"
        remedy = "Draw it on the photo as it is displayed."
        if mask.shape == shape[::-1]:
            remedy = "It lies on its side: draw it on the photo as it is displayed."
        raise InputError(must("mask", f"have the photo's shape {shape}", got, remedy=remedy))
    if mask.dtype in (np.uint8, np.uint16):
        return (mask / np.float32(np.iinfo(mask.dtype).max)).astype(np.float32)
    value: Float32 = check_mask(mask)
    return value
