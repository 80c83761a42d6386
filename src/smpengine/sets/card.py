"""The dataset card of a set, in Markdown."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any, Final

import smpengine
from smpengine.files import write_text
from smpengine.image.write import NOTICE
from smpengine.sets.journal import Journal
from smpengine.sets.schema import AxisTable, SweepTable
from smpengine.sets.stores import bytes_of
from smpengine.sets.sweep import Sweep
from smpengine.sets.variants import NOT_THE_PLAN

CARD: Final = "README.md"
_PARTS: Final = ("train", "validation", "test", "all")


def write_card(folder: Path, sweep: Sweep, journal: Journal) -> None:
    """Write the card of a set.

    Parameters
    ----------
    folder
        Of the set.
    sweep
        What it is of.
    journal
        With a record for each variant.

    Raises
    ------
    OutputError
        It could not be written.
    """
    import jinja2

    source = resources.files("smpengine.sets").joinpath("templates/card.md.j2")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(source.read_text(encoding="utf-8"))
    write_text(folder / CARD, template.render(**_said(sweep, journal)))


def _said(sweep: Sweep, journal: Journal) -> dict[str, Any]:
    table = sweep.table
    records = [journal.records[variant.name] for variant in sweep.variants]
    total = sum(bytes_of(record.files) for record in records)
    parts = []
    for part in _PARTS:
        members = [variant for variant in sweep.variants if variant.part == part]
        plans = {json.dumps(_dots(v.plan), sort_keys=True) for v in members}
        if members:
            parts.append((part, len(members), len(plans)))
    return {
        "title": table.output.title, "licence": table.output.licence, "notice": NOTICE,
        "version": smpengine.__version__, "variants": f"{len(records):,}",
        "failed": sum(record.error is not None for record in records),
        "kind": table.output.kind, "size": size_text(total), "output": table.picture.output,
        "form": "" if table.output.kind == "zarr" else table.picture.format,
        "beside": _beside(table), "sweep": Path(sweep.name).name, "seed": table.seed,
        "device": table.picture.device, "axes": [*map(_axis, table.axes), *_seeds(table)],
        "parts": parts, "split": table.split is not None,
        "plan": json.dumps(sweep.base, indent=2, sort_keys=True),
    }  # fmt: skip


def _dots(plan: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plan.items() if key not in NOT_THE_PLAN}


def size_text(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000.0 or unit == "TB":
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000.0
    raise AssertionError


def _beside(table: SweepTable) -> str:
    wanted = table.truth
    said = [
        text
        for asked, text in (
            (wanted.table, "every dot (Parquet)"), (wanted.maps, "maps by pixel"),
            (wanted.clean, "the same skin without pigment"),
        )
        if asked
    ]  # fmt: skip
    return ", ".join(said) or "nothing"


def _axis(axis: AxisTable) -> tuple[str, str]:
    """Return an axis's key, and in words how it varies."""
    said = axis.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
    said.pop("key")
    words = []
    for name, value in said.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        text = ", ".join(map(str, text)) if isinstance(text, list) else text
        words.append(f"{name}: {text}")
    return axis.key, "; ".join(words)


def _seeds(table: SweepTable) -> list[tuple[str, str]]:
    if table.seeds is None:
        return []
    if table.seeds == "each":
        return [("seed", "each variant its own")]
    many = table.seeds if isinstance(table.seeds, int) else len(table.seeds)
    return [("seed", f"{many} for each combination")]
