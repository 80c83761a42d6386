"""Impressions as CSV or Parquet: one row each, the columns of `Impressions` by name."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import smpengine
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
    """Write impressions, all or nothing; numbers read back bit for bit.

    Parameters
    ----------
    path
        .parquet for Parquet, which needs the extra smpengine[parquet]; any other suffix for CSV.
    impressions
        In R, G, B, or with an absorption that is the same in all bands.

    Raises
    ------
    InputError
        Their absorption is in other bands than R, G, B, and not the same in all; or pyarrow is
        not installed.
    OutputError
        The file cannot be written.
    """
    target = Path(path)
    parquet = _is_parquet(target)
    mua = impressions.mua_per_mm
    names: tuple[str, ...] = _BAND_MUA
    if mua.shape[1] != len(_BAND_MUA):
        if not impressions.is_flat:
            form = "Parquet" if parquet else "CSV"
            rule = f"be in R, G, B, or the same in all bands, for {form}"
            raise InputError(must("mua_per_mm", rule, f"{mua.shape[1]} bands"))
        mua, names = mua[:, :1], (_FLAT_MUA,)
    columns = {name: getattr(impressions, name) for name in _GEOMETRY}
    columns |= dict(zip(names, np.ascontiguousarray(mua.T), strict=True))
    columns |= {name: getattr(impressions, name) for name in _OPTIONAL}

    def write_csv(name: Path) -> None:
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        with name.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    def write_parquet(name: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet as pq

        about = {"smpengine": smpengine.__version__}
        pq.write_table(pa.table(columns).replace_schema_metadata(about), str(name))

    write_files({target: write_parquet if parquet else write_csv})


def read_impressions(path: str | Path) -> Impressions:
    """Read impressions from CSV or Parquet.

    Parameters
    ----------
    path
        .parquet, which needs the extra smpengine[parquet]; any other suffix is CSV, UTF-8, with a
        header. Columns x_mm, y_mm, depth_mm, radius_mm, thickness_mm, either mua_per_mm or
        mua_r_per_mm, mua_g_per_mm, mua_b_per_mm, and session and granularity if wanted; in any
        order.

    Raises
    ------
    InputError
        The file cannot be read; names line, column and value.
    """
    target = Path(path)
    if _is_parquet(target):
        columns = _parquet_columns(target)
        _check_header(target, list(columns), "its columns")
        return _impressions(target, columns, "")
    try:
        with target.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{target}: cannot be read: {reason}.") from error
    header = [name.strip() for name in rows[0]] if rows else []
    _check_header(target, header, "line 1")
    values = _numbers(target, header, rows[1:])
    columns = {name: values[:, k] for k, name in enumerate(header)}
    return _impressions(target, columns, " (row 0 is line 2)")


def _is_parquet(target: Path) -> bool:
    """Tell whether a file is Parquet by its suffix.

    Raises
    ------
    InputError
        It is, and pyarrow is not installed.
    """
    if target.suffix.lower() != ".parquet":
        return False
    if importlib.util.find_spec("pyarrow") is None:
        rule = "not end in .parquet where pyarrow is not installed"
        remedy = "Use .csv, or: pip install 'smpengine[parquet]'."
        raise InputError(must("path", rule, repr(str(target)), remedy=remedy))
    return True


def _parquet_columns(target: Path) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a Parquet file, numbers all of them."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(target)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"{target}: cannot be read: {reason}.") from error
    for field in table.schema:
        if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            raise InputError(f"{target}: {field.name} must be numbers, got {field.type}.")
        if table[field.name].null_count:
            got = f"{table[field.name].null_count} without a value"
            raise InputError(f"{target}: {field.name} must be given in every row, got {got}.")
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}


def _check_header(target: Path, header: list[str], where: str) -> None:
    """Refuse columns that are missing or unknown."""
    needed = [*_GEOMETRY, *([_FLAT_MUA] if _FLAT_MUA in header else _BAND_MUA)]
    missing = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in (*needed, *_OPTIONAL)]
    if missing or unknown:
        got = f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}"
        raise InputError(f"{target}: {where} must name the columns of impressions, got {got}.")


def _impressions(target: Path, columns: dict[str, NDArray[np.float64]], remark: str) -> Impressions:
    """Return columns as impressions, or say what is wrong with them."""
    flat = _FLAT_MUA in columns
    mua = columns[_FLAT_MUA] if flat else np.stack([columns[n] for n in _BAND_MUA], axis=1)
    try:
        x, y, depth, radius, thickness = (columns[n] for n in _GEOMETRY)
        more = (columns.get(name, 0) for name in _OPTIONAL)
        return Impressions(x, y, depth, radius, thickness, mua, *more)
    except SceneError as error:
        raise InputError(f"{target}: {error}{remark}") from error


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
