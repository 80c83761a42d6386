"""Impressions as CSV: one row each, the columns of `Impressions` by name."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np

from smpengine.errors import InputError, SceneError, must
from smpengine.files import write_files
from smpengine.impressions import Impressions

_GEOMETRY: Final = ("x_mm", "y_mm", "depth_mm", "radius_mm", "thickness_mm")
_BAND_MUA: Final = ("mua_r_per_mm", "mua_g_per_mm", "mua_b_per_mm")
_FLAT_MUA: Final = "mua_per_mm"
_SESSION: Final = "session"
_GRANULARITY: Final = "granularity"
_OPTIONAL: Final = (_SESSION, _GRANULARITY)


def write_impressions(path: str | Path, impressions: Impressions) -> None:
    """Write impressions as CSV, all or nothing; numbers read back bit for bit.

    Raises
    ------
    InputError
        Their absorption is in other bands than R, G, B, and not the same in all.
    OutputError
        The file cannot be written.
    """
    mua = impressions.mua_per_mm
    names: tuple[str, ...] = _BAND_MUA
    if mua.shape[1] != len(_BAND_MUA):
        if not impressions.is_flat:
            rule = "be in R, G, B, or the same in all bands, for CSV"
            raise InputError(must("mua_per_mm", rule, f"{mua.shape[1]} bands"))
        mua, names = mua[:, :1], (_FLAT_MUA,)
    columns = [getattr(impressions, name).tolist() for name in _GEOMETRY]
    columns += [*mua.T.tolist(), *(getattr(impressions, name).tolist() for name in _OPTIONAL)]

    def write(name: Path) -> None:
        with name.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*_GEOMETRY, *names, *_OPTIONAL])
            writer.writerows(zip(*columns, strict=True))

    write_files({Path(path): write})


def read_impressions(path: str | Path) -> Impressions:
    """Read impressions from CSV.

    Parameters
    ----------
    path
        UTF-8, with a header: x_mm, y_mm, depth_mm, radius_mm, thickness_mm, either mua_per_mm or
        mua_r_per_mm, mua_g_per_mm, mua_b_per_mm, and session and granularity if
        wanted; in any order.

    Raises
    ------
    InputError
        The file cannot be read; names line, column and value.
    """
    target = Path(path)
    try:
        with target.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{target}: cannot be read: {reason}.") from error
    header = [name.strip() for name in rows[0]] if rows else []
    flat = _FLAT_MUA in header
    needed = [*_GEOMETRY, *([_FLAT_MUA] if flat else _BAND_MUA)]
    missing = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in (*needed, *_OPTIONAL)]
    if missing or unknown:
        got = f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}"
        raise InputError(f"{target}: line 1 must name the columns of impressions, got {got}.")
    values = _numbers(target, header, rows[1:])
    columns = {name: values[:, k] for k, name in enumerate(header)}
    mua = columns[_FLAT_MUA] if flat else np.stack([columns[n] for n in _BAND_MUA], axis=1)
    try:
        x, y, depth, radius, thickness = (columns[n] for n in _GEOMETRY)
        more = (columns.get(name, 0) for name in _OPTIONAL)
        return Impressions(x, y, depth, radius, thickness, mua, *more)
    except SceneError as error:
        raise InputError(f"{target}: {error} (row 0 is line 2)") from error


def _numbers(path: Path, header: list[str], rows: list[list[str]]) -> np.ndarray:
    """Return all rows as float64, or say which cell is no number."""
    try:
        return np.array(rows, np.float64).reshape(len(rows), len(header))
    except ValueError:
        pass  # say which line it was
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            got = f"{len(row)} of them"
            raise InputError(f"{path}: line {line} must have {len(header)} values, got {got}.")
        for name, cell in zip(header, row, strict=True):
            try:
                float(cell)
            except ValueError:
                message = f"{path}: line {line}, {name} must be a number, got {cell!r}."
                raise InputError(message) from None
    raise InputError(f"{path}: the rows must be numbers.")
