"""Masks: where, and how much, a photograph is treated. 0 is not at all, 1 is wholly.

A mask lies on the photograph as displayed, its orientation (EXIF) undone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.plan.outlines import decoded

Float32Array = NDArray[np.float32]

_SUFFIXES: Final = (".png", ".tif", ".tiff")
_WIDEST_PX: Final = 2000.0
_SMOOTHED_PX: Final = 4.0


def read_mask(path: str | Path, shape: tuple[int, int]) -> Float32Array:
    """Read a mask.

    Parameters
    ----------
    path
        A grey PNG or TIFF of 8 or 16 bit; white is treated.
    shape
        (H, W) of the photograph as displayed.

    Returns
    -------
    ndarray
        float32 (H, W), 0 to 1.

    Raises
    ------
    InputError
        It cannot be read, is coloured or transparent, or has another size.
    """
    target, name = Path(path), "mask"
    if target.suffix.lower() not in _SUFFIXES:
        remedy = "Save it as a grey PNG: JPEG smears edges."
        raise InputError(must(name, f"end in {', '.join(_SUFFIXES)}", repr(str(path)), "", remedy))
    try:
        picture = decoded(target)
    except OSError as error:
        got = f"{str(path)!r}: {error.strerror}"
        raise InputError(must(name, "be a file that can be read", got)) from error
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        got = str(path) if picture is None else f"{path}: {picture.dtype}"
        remedy = "Save it as a grey PNG."
        raise InputError(must(name, "be a picture of 8 or 16 bit", got, remedy=remedy))
    _check_size(str(path), picture.shape[:2], shape)
    top = np.float32(np.iinfo(picture.dtype).max)
    mask: Float32Array = _grey(picture, str(path)).astype(np.float32) / top
    return mask


def _grey(picture: NDArray[Any], path: str) -> NDArray[Any]:
    """Return the one channel that counts."""
    if picture.ndim == 2:
        return picture
    remedy = "White is treated and black is not: save it as grey, without transparency."
    if picture.shape[2] in (2, 4) and (picture[..., -1] != np.iinfo(picture.dtype).max).any():
        rule = "have no alpha channel, or one that is opaque everywhere"
        raise InputError(must("mask", rule, "a transparent one", path, remedy))
    colours = picture[..., :3] if picture.shape[2] > 2 else picture[..., :1]
    other = (colours != colours[..., :1]).any(-1)
    if other.any():
        row, column = np.argwhere(other)[0]
        rule, got = "be grey", f"colours, the first in row {row}, column {column}"
        raise InputError(must("mask", rule, got, path, remedy))
    return colours[..., 0]


def _check_size(path: str, got: tuple[int, ...], shape: tuple[int, int]) -> None:
    if got == tuple(shape):
        return
    sizes = f"{got[1]} x {got[0]}"
    rule = f"have the size of the photograph as displayed, {shape[1]} x {shape[0]}"
    remedy = "Draw it over the photograph at its full size."
    if got == (shape[1], shape[0]):
        remedy = (
            "It would fit if it were turned: draw it over the photograph as displayed, "
            "with its orientation (EXIF) applied."
        )
    elif abs(got[0] * shape[1] - got[1] * shape[0]) <= max(*got, *shape):
        remedy = "It has the photograph's proportions: scale it to that size."
    raise InputError(must("mask", rule, sizes, path, remedy))


def check_mask(mask: object, shape: tuple[int, ...] | None = None, name: str = "mask") -> Any:
    """Refuse what is no mask; return it as float32.

    Parameters
    ----------
    mask
        bool, or float from 0 to 1, (H, W).
    shape
        (H, W) that it must have; any when None.
    name
        What messages call it.

    Raises
    ------
    InputError
        It is no such array.
    """
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or 0 in mask.shape:
        got = f"shape {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise InputError(must(name, "be an array of shape (height, width)", got))
    if shape is not None and mask.shape != tuple(shape[:2]):
        rule = f"have the picture's size, {shape[1]} x {shape[0]}"
        raise InputError(must(name, rule, f"{mask.shape[1]} x {mask.shape[0]}"))
    if mask.dtype != np.bool_ and mask.dtype.kind != "f":
        remedy = "Divide codes by 255, or by 65535."
        raise InputError(must(name, "be bool, or float 0 to 1", f"dtype {mask.dtype}", "", remedy))
    values = mask.astype(np.float32, copy=False)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= 1.0):  # NaN is neither
        raise InputError(must(name, "be 0 to 1", f"values from {low:g} to {high:g}"))
    return values


def check_feather(feather_px: float, name: str = "feather_px") -> float:
    """Refuse a width of an edge that is none; return it.

    Raises
    ------
    InputError
        It is not 0 to 2000 pixels.
    """
    if not 0.0 <= feather_px <= _WIDEST_PX:
        raise InputError(must(name, f"be 0 to {_WIDEST_PX:g} pixels", feather_px))
    return float(feather_px)


def eased(t: Any) -> Float32Array:
    """Return 0 to 1 for t from 0 to 1 without a kink at either end.

    6 t^5 - 15 t^4 + 10 t^3: slope and curvature are 0 at both (K. Perlin, Improving noise,
    SIGGRAPH 2002).
    """
    t = np.clip(t, 0.0, 1.0)
    curve: Float32Array = t * t * t * (t * (t * np.float32(6) - np.float32(15)) + np.float32(10))
    # It may be rounded to a little more, near the end.
    return np.minimum(curve, np.float32(1.0), out=curve)


def soften(
    mask: NDArray[np.bool_] | Float32Array,
    feather_px: float,
    within: NDArray[np.bool_] | Float32Array | None = None,
) -> Float32Array:
    """Give a mask an edge that cannot be seen.

    Parameters
    ----------
    mask
        bool, or float 0 to 1, (H, W); what is at least a half is inside. Beyond the picture it goes
        on as at its rim.
    feather_px
        Width of the edge, half of it on each side; 0 leaves it hard.
    within
        Where the result may be more than 0, edge and all; everywhere when None.

    Returns
    -------
    ndarray
        float32 (H, W). It follows the distance from the edge, so it grows inwards everywhere.

    Raises
    ------
    InputError
        These are no masks, they differ in size, or the width is none.
    """
    import cv2

    width = check_feather(feather_px)
    hard = check_mask(mask) >= 0.5
    limit = None if within is None else check_mask(within, hard.shape, "within") >= 0.5
    soft: Float32Array
    if width == 0.0:
        soft = (hard if limit is None else hard & limit).astype(np.float32)
        return soft
    depth = signed_distance(hard, width)
    if limit is not None:
        np.minimum(depth, signed_distance(limit, width) - np.float32(0.5 * width), out=depth)
    if width >= _SMOOTHED_PX:  # a slanting edge is a flight of stairs, half a pixel high
        depth = cv2.GaussianBlur(depth, (0, 0), 0.7, borderType=cv2.BORDER_REPLICATE)
    soft = eased(np.float32(0.5) + depth / np.float32(width))
    if limit is not None:
        soft[~limit] = 0.0
    return soft


def signed_distance(inside: NDArray[np.bool_], most_px: float) -> Float32Array:
    """Return the distance from the edge of a set of pixels, positive inside; px.

    Parameters
    ----------
    inside
        (H, W).
    most_px
        What is further away is so far.
    """
    import cv2

    most = np.float32(most_px)
    if inside.all() or not inside.any():
        return np.full(inside.shape, most if inside.all() else -most, np.float32)
    depth = np.empty(inside.shape, np.float32)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    margin = int(np.ceil(most_px)) + 2
    box = (
        slice(max(rows[0] - margin, 0), rows[-1] + 1 + margin),
        slice(max(columns[0] - margin, 0), columns[-1] + 1 + margin),
    )
    depth[:] = -most
    part = np.ascontiguousarray(inside[box]).view(np.uint8)
    exact = cv2.DIST_MASK_PRECISE
    inner = cv2.distanceTransform(part, cv2.DIST_L2, exact)
    outer = cv2.distanceTransform(np.uint8(1) - part, cv2.DIST_L2, exact)
    # From centre to centre; the edge runs half a pixel before the first pixel beyond it.
    depth[box] = np.where(part > 0, inner - 0.5, 0.5 - outer)
    np.clip(depth, -most, most, out=depth)
    return depth
