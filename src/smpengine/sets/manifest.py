"""The manifest of a set: Parquet, a row a variant: parameters, seed, part, files, times, error."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import smpengine
from smpengine.errors import InputError, must
from smpengine.files import write_files
from smpengine.plan.schema import expand
from smpengine.sets.journal import Journal
from smpengine.sets.keys import flat
from smpengine.sets.variants import Variant

MANIFEST: Final = "manifest.parquet"
STAGES: Final = ("place", "render", "truth", "maps", "clean", "write")
SPARED: Final = "spared"
"""What earlier variants' work has spared one, beside the times of its stages."""


def check_parquet() -> None:
    """Say before the work whether a manifest can be written.

    Raises
    ------
    InputError
        pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        remedy = "Install it: pip install 'smpengine[parquet]'."
        raise InputError(must("pyarrow", "be installed for a manifest", "none", remedy=remedy))


def write_manifest(
    path: Path, variants: list[Variant], journal: Journal, shards: Mapping[str, str]
) -> None:
    """Write the manifest, all or nothing.

    Parameters
    ----------
    path
        .parquet.
    variants
        All of the sweep.
    journal
        With a record for each.
    shards
        In which file each variant is, by its name; those that are in none have files of their own.

    Notes
    -----
    Columns: number, name, part, seed, error, shard, files (path, bytes, sha256), renders,
    time_STAGE_s; then value.KEY of each axis, plan.KEY of all that the plan says, and picture.KEY.
    A column with values of several kinds, or of lists, is JSON.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns: dict[str, Any] = _made(variants, journal, shards)
    for prefix, rows in (
        ("value", [variant.values for variant in variants]),
        ("plan", [flat(expand(variant.plan)) for variant in variants]),
        ("picture", [variant.picture for variant in variants]),
    ):
        names = dict.fromkeys(name for row in rows for name in row)
        for name in names:
            columns[f"{prefix}.{name}"] = _column([row.get(name) for row in rows])
    table = pa.table(columns)
    table = table.replace_schema_metadata({"smpengine": smpengine.__version__})
    write_files({path: lambda name: parquet.write_table(table, str(name))})


def _made(variants: list[Variant], journal: Journal, shards: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns of what became of each variant."""
    import pyarrow as pa

    records = [journal.records[variant.name] for variant in variants]
    files = pa.list_(pa.struct({"path": pa.string(), "bytes": pa.int64(), "sha256": pa.string()}))
    columns: dict[str, Any] = {
        "number": pa.array([variant.number for variant in variants], pa.int64()),
        "name": [variant.name for variant in variants],
        "part": [variant.part for variant in variants],
        "seed": pa.array([variant.seed for variant in variants], pa.int64()),
        "error": pa.array([record.error for record in records], pa.string()),
        "shard": pa.array([shards.get(variant.name) for variant in variants], pa.string()),
        "files": pa.array(
            [
                [{"path": _named(path, v, shards), "bytes": size, "sha256": digest}
                 for path, (size, digest) in sorted(record.files.items())]
                for v, record in zip(variants, records, strict=True)
            ],
            files,
        ),
        "renders": pa.array([journal.renders[v.name] for v in variants], pa.int64()),
    }  # fmt: skip
    for stage in STAGES:
        times = [record.times_s.get(stage) for record in records]
        if any(time is not None for time in times):
            columns[f"time_{stage}_s"] = pa.array(times, pa.float64())
    columns["spared_s"] = pa.array([record.times_s.get(SPARED) for record in records], pa.float64())
    return columns


def _named(path: str, variant: Variant, shards: Mapping[str, str]) -> str:
    """Return a file's path in the set, or its name in its shard."""
    return Path(path).name if variant.name in shards else path


def _column(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) > 1 or kinds & {list, dict, tuple}:
        return [None if value is None else json.dumps(value) for value in values]
    if kinds == {int} and any(value is not None and abs(value) >= 2**63 for value in values):
        return [None if value is None else str(value) for value in values]
    return values
