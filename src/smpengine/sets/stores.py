"""How a set lies on the disk: plain files, parts of WebDataset shards, or a Zarr store."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

import smpengine
from smpengine.errors import InputError, must
from smpengine.files import write_text
from smpengine.image.write import NOTICE, described
from smpengine.plan.plan import Plan
from smpengine.render import OUTPUTS
from smpengine.sets.draw import Drawn, product_names, products
from smpengine.sets.journal import digest_of
from smpengine.sets.place import window_of
from smpengine.sets.schema import SweepTable, TruthTable
from smpengine.sets.variants import Variant
from smpengine.window import pixel_window

Files = dict[str, tuple[int, str]]
PARTS: Final = ".parts"
"""Folder of what waits for its shard."""
ZARR: Final = "set.zarr"


class Store(Protocol):
    """Puts a drawn variant on the disk; many processes do so at once, each its own variants."""

    def put(self, variant: Variant, drawn: Drawn) -> Files:
        """Write a variant, each file whole or not at all; return its files with sizes and sums."""

    def expected(self, variant: Variant) -> list[str]:
        """Return the files of a variant, relative to the set's folder."""


@dataclass(frozen=True)
class PlainFiles:
    """part/ab/abcdef0123456789.png, and what is beside it."""

    folder: Path
    suffix: str
    wanted: TruthTable

    def expected(self, variant: Variant) -> list[str]:
        """Return the files of a variant."""
        base = f"{variant.part}/{variant.name[:2]}/{variant.name}"
        return [base + name for name in product_names(self.suffix, self.wanted)]

    def put(self, variant: Variant, drawn: Drawn) -> Files:
        """Write them."""
        (self.folder / variant.part / variant.name[:2]).mkdir(parents=True, exist_ok=True)
        return _written(self.folder, f"{variant.part}/{variant.name[:2]}", variant, drawn, self)


@dataclass(frozen=True)
class ShardParts:
    """What a WebDataset shard is packed of, with the variant's parameters as JSON."""

    folder: Path
    suffix: str
    wanted: TruthTable

    def expected(self, variant: Variant) -> list[str]:
        """Return the files of a variant."""
        names = [*product_names(self.suffix, self.wanted), ".json"]
        return [f"{PARTS}/{variant.name}{name}" for name in sorted(names)]

    def put(self, variant: Variant, drawn: Drawn) -> Files:
        """Write them."""
        (self.folder / PARTS).mkdir(exist_ok=True)
        files = _written(self.folder, PARTS, variant, drawn, self)
        about = self.folder / PARTS / f"{variant.name}.json"
        write_text(about, described({**drawn.metadata, "number": variant.number}) + "\n")
        return {**files, **_sums(self.folder, [about])}


@dataclass(frozen=True)
class ZarrArrays:
    """One array for pictures, and one a map, a chunk a variant; tables of dots as Parquet.

    Attributes
    ----------
    shapes
        Of all arrays: shape of a variant's part, and dtype, by name.
    """

    folder: Path
    wanted: TruthTable
    shapes: dict[str, tuple[tuple[int, ...], str]]

    @classmethod
    def create(cls, folder: Path, sweep: SweepTable, variants: list[Variant]) -> ZarrArrays:
        """Return the store, its arrays made where they are not there.

        Raises
        ------
        InputError
            Pictures are not all of one size, or zarr is not installed.
        """
        from smpengine.tiled.layout import need

        need("zarr")
        height, width = _one_size(variants)
        output = sweep.picture.output
        size = (height, width)
        shapes: dict[str, tuple[tuple[int, ...], str]]
        shapes = {"picture": ((*size, 3), str(OUTPUTS[output]))}
        if sweep.truth.clean:
            shapes["clean"] = shapes["picture"]
        if sweep.truth.maps:
            kinds = {"instance": "int32", "density_per_cm2": "float32"}
            kinds |= {"depth_mm": "float32", "session": "int16"}
            shapes |= {name: (size, kind) for name, kind in kinds.items()}
        self = cls(folder, sweep.truth, shapes)
        self._make(variants)
        return self

    def _make(self, variants: list[Variant]) -> None:
        import zarr

        root = zarr.open_group(self.folder / ZARR, mode="a")
        if dict(root.attrs):
            return
        for name, (shape, dtype) in self.shapes.items():
            axes = ["variant", "y", "x", "band"][: len(shape) + 1]
            root.create_array(
                name, shape=(len(variants), *shape), chunks=(1, *shape), dtype=dtype,
                dimension_names=axes, overwrite=True,
            )  # fmt: skip
        # In one write, the last: without it, all of it is made anew.
        about = {"notice": NOTICE, "version": smpengine.__version__}
        names = [variant.name for variant in variants]
        parts = [variant.part for variant in variants]
        root.update_attributes({"names": names, "parts": parts, **about})

    def expected(self, variant: Variant) -> list[str]:
        """Return the chunks, and the table, of a variant."""
        chunks = [
            f"{ZARR}/{name}/c/{variant.number}" + "/0" * len(shape)
            for name, (shape, _) in self.shapes.items()
        ]
        return [*chunks, f"truth/{variant.name}.parquet"] if self.wanted.table else chunks

    def put(self, variant: Variant, drawn: Drawn) -> Files:
        """Write them."""
        import zarr

        root = zarr.open_group(self.folder / ZARR, mode="r+")
        arrays: dict[str, Any] = {"picture": drawn.image}
        if drawn.clean is not None:
            arrays["clean"] = drawn.clean
        for name in self.shapes:
            if name not in arrays:
                arrays[name] = getattr(drawn.maps, name)
            # An even chunk of the fill value would not be written, and its file be missed.
            array = root[name].with_config({"write_empty_chunks": True})
            array[variant.number] = arrays[name]
        if drawn.truth is not None:
            (self.folder / "truth").mkdir(exist_ok=True)
            drawn.truth.write(self.folder / "truth" / f"{variant.name}.parquet")
        return _sums(self.folder, [self.folder / file for file in self.expected(variant)])


def store_of(folder: Path, sweep: SweepTable, variants: list[Variant]) -> Store:
    """Return how a set is stored.

    Raises
    ------
    InputError
        It cannot be stored so.
    """
    kind, suffix = sweep.output.kind, sweep.picture.format
    if kind == "zarr":
        return ZarrArrays.create(folder, sweep, variants)
    return (ShardParts if kind == "webdataset" else PlainFiles)(folder, suffix, sweep.truth)


def _one_size(variants: list[Variant]) -> tuple[int, int]:
    """Return the height and width that all pictures have."""
    sizes: dict[tuple[int, int], int] = {}
    seen: set[str] = set()
    for variant in variants:
        scalp, own = variant.plan.get("scalp", {}), variant.plan.get("render", {})
        key = json.dumps([scalp.get("extent_mm"), own, variant.picture], sort_keys=True)
        if key in seen:
            continue
        seen.add(key)
        plan = Plan.from_dict({**variant.plan, "skin": {}})
        scale, box = window_of(plan, variant.picture)
        window = pixel_window(plan.extent_mm, scale, box)
        sizes.setdefault((window.height, window.width), variant.number)
    if len(sizes) > 1:
        got = ", ".join(f"{w} x {h} px in number {k}" for (h, w), k in list(sizes.items())[:3])
        remedy = "Give picture.size_px, or choose files."
        raise InputError(must("pictures", "be of one size for zarr", got, remedy=remedy))
    return next(iter(sizes))


def _written(folder: Path, under: str, variant: Variant, drawn: Drawn, store: Any) -> Files:
    """Write a variant's files into a folder of the set."""
    for name, write in products(drawn, store.suffix).items():
        write(folder / under / f"{variant.name}{name}")
    names = product_names(store.suffix, store.wanted)
    return _sums(folder, [folder / under / f"{variant.name}{name}" for name in names])


def _sums(folder: Path, paths: list[Path]) -> Files:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, digest_of(path))
        for path in paths
    }


def clear_rests(folder: Path) -> int:
    """Remove what a kill left under temporary names; return how many files that were."""
    count = 0
    for where, _, names in os.walk(folder):
        for name in names:
            if name.startswith(".smpengine-") or name.endswith(".partial"):
                (Path(where) / name).unlink(missing_ok=True)
                count += 1
    return count


def bytes_of(files: Files) -> int:
    """Return how large files are together."""
    return int(np.sum([size for size, _ in files.values()], dtype=np.int64))
