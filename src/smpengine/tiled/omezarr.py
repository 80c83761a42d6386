"""OME-Zarr 0.5 multiscales (Zarr 3), through the zarr library."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from numpy.typing import NDArray

from smpengine.errors import OutputError, must
from smpengine.image.write import KEY, described
from smpengine.tiled.layout import Layout, need


class OmeZarr:
    """Writes chunks into a folder; `finish` gives it its name."""

    def __init__(self, layout: Layout) -> None:
        need("zarr")
        self._layout = layout
        self._store = layout.part / "store"
        self._arrays: list[Any] = []

    def check(self) -> None:
        """Refuse to write over a folder."""
        if self._layout.target.exists():
            remedy = "Remove it, or write elsewhere."
            raise OutputError(must("out", "be new", repr(str(self._layout.target)), remedy=remedy))

    def begin(self, spools: list[int]) -> None:
        """Make the arrays, or open those that a stopped run left."""
        import zarr

        layout = self._layout
        del spools
        group = zarr.open_group(str(self._store), mode="a", zarr_format=3)
        for level, (height, width) in enumerate(layout.sizes):
            if str(level) not in group:
                group.create_array(
                    str(level), shape=(3, height, width), dtype=layout.dtype,
                    chunks=(3, layout.tile_px, layout.tile_px), compressors=self._codecs(),
                    dimension_names=("c", "y", "x"),
                )  # fmt: skip
        group.attrs.update(self._attributes())
        self._arrays = [group[str(level)] for level in range(len(layout.sizes))]

    def _codecs(self) -> Any:
        from zarr.codecs import GzipCodec, ZstdCodec

        codecs = {"zstd": ZstdCodec(level=3), "deflate": GzipCodec(level=4), "none": None}
        return codecs[self._layout.compression]

    def _attributes(self) -> dict[str, Any]:
        layout = self._layout
        um = 1000.0 / layout.px_per_mm
        levels = [
            {
                "path": str(level),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [1.0, um * 2**level, um * 2**level]},
                    # Pixel 0 of a level is the mean of 2^level pixels, whose centre lies here.
                    {"type": "translation", "translation": [
                        0.0, um * (2**level - 1) / 2, um * (2**level - 1) / 2]},
                ],
            }
            for level in range(len(layout.sizes))
        ]  # fmt: skip
        axes = [{"name": "c", "type": "channel"}]
        axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
        top = 2 ** (8 * layout.dtype.itemsize) - 1
        channels = [
            {"label": label, "color": colour, "active": True,
             "window": {"min": 0, "max": top, "start": 0, "end": top}}
            for label, colour in (("R", "FF0000"), ("G", "00FF00"), ("B", "0000FF"))
        ]  # fmt: skip
        scales = {"name": layout.target.stem, "axes": axes, "datasets": levels}
        return {
            "ome": {"version": "0.5", "multiscales": [scales], "omero": {"channels": channels}},
            KEY: json.loads(described(layout.metadata))[KEY],
        }

    def jobs(self, level: int, row: int, pixels: NDArray[Any]) -> list[Callable[[], bytes]]:
        """Return what writes each chunk of a row."""
        side, array = self._layout.tile_px, self._arrays[level]

        def job(col: int) -> bytes:
            part = pixels[:, col * side : (col + 1) * side].transpose(2, 0, 1)
            top, left = row * side, col * side
            array[:, top : top + part.shape[1], left : left + part.shape[2]] = part
            return b""

        return [partial(job, col) for col in range(-(-pixels.shape[1] // side))]

    def keep(self, level: int, tiles: list[bytes]) -> list[int]:
        """Nothing more is to be kept."""
        del level, tiles
        return []

    def finish(self, index: list[list[int]]) -> None:
        """Give the folder its name."""
        del index
        self._store.rename(self._layout.target)
