"""BigTIFF as OME-TIFF has it, with a pyramid in SubIFDs.

Levels are finished side by side, but a TIFF of tifffile's holds one after the other: compressed
tiles wait in a spool for each level, and are copied together at the end, without being encoded
again. That takes the room of the picture twice, for a while.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.write import described, software, srgb_profile
from smpengine.tiled.layout import Layout, need

_NAMES: Final = {"zstd": "zstd", "deflate": "adobe_deflate", "jpegxl": "jpegxl", "none": None}
_LEVELS: Final = {"zstd": 3, "deflate": 4}


class OmeTiff:
    """Keeps compressed tiles in spools; `finish` makes the file of them."""

    def __init__(self, layout: Layout) -> None:
        need("imagecodecs")
        self._layout = layout
        self._spools: list[Any] = []

    def check(self) -> None:
        """Nothing is in the way: a file is replaced."""

    def begin(self, spools: list[int]) -> None:
        """Open the spools; what a stopped run wrote behind its last finished band is cut off."""
        for level, size in enumerate(spools):
            path = self._layout.part / f"level-{level}.spool"
            path.touch()
            os.truncate(path, size)
            self._spools.append(path.open("ab"))

    def jobs(self, level: int, row: int, pixels: NDArray[Any]) -> list[Callable[[], bytes]]:
        """Return what encodes each tile of a row."""
        del level, row
        side = self._layout.tile_px

        def job(col: int) -> bytes:
            part = pixels[:, col * side : (col + 1) * side]
            room = ((0, side - part.shape[0]), (0, side - part.shape[1]), (0, 0))
            return self._encoded(np.pad(part, room, mode="edge"))

        return [partial(job, col) for col in range(-(-pixels.shape[1] // side))]

    def _encoded(self, tile: NDArray[Any]) -> bytes:
        import imagecodecs

        how = self._layout.compression
        if how == "jpegxl":
            return bytes(imagecodecs.jpegxl_encode(tile, lossless=True, effort=3, numthreads=1))
        if how == "none":
            return tile.tobytes()
        encode = imagecodecs.zstd_encode if how == "zstd" else imagecodecs.zlib_encode
        return bytes(encode(imagecodecs.delta_encode(tile, axis=-2).tobytes(), level=_LEVELS[how]))

    def keep(self, level: int, tiles: list[bytes]) -> list[int]:
        """Append tiles to a level's spool, onto the disk; return their sizes."""
        spool = self._spools[level]
        spool.writelines(tiles)
        spool.flush()
        os.fsync(spool.fileno())
        return [len(tile) for tile in tiles]

    def finish(self, index: list[list[int]]) -> None:
        """Copy the spools into a BigTIFF, and give it its name."""
        import tifffile

        layout = self._layout
        for spool in self._spools:
            spool.close()
        whole, um = layout.part / "picture.tif", 1000.0 / layout.px_per_mm
        about = {
            "axes": "YXS", "Name": layout.target.name, "Description": described(layout.metadata),
            "PhysicalSizeX": um, "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": um, "PhysicalSizeYUnit": "µm",
            # The same file each time: tifffile would make one from the clock.
            "UUID": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, layout.key)}",
        }  # fmt: skip
        delta = layout.compression in _LEVELS
        with tifffile.TiffWriter(whole, bigtiff=True, ome=True) as file:
            for level, (height, width) in enumerate(layout.sizes):
                per_cm = 10.0 * layout.px_per_mm / 2**level
                first = level == 0
                file.write(
                    self._tiles(level, index[level]),
                    shape=(height, width, 3), dtype=layout.dtype,
                    tile=(layout.tile_px, layout.tile_px), photometric="rgb",
                    planarconfig="contig", compression=_NAMES[layout.compression],
                    predictor=2 if delta else None, resolution=(per_cm, per_cm),
                    resolutionunit="CENTIMETER", software=software(),
                    iccprofile=srgb_profile() if first else None,
                    subifds=len(layout.sizes) - 1 if first else None,
                    subfiletype=0 if first else 1, metadata=about if first else None,
                )  # fmt: skip
        with whole.open("rb+") as file:
            os.fsync(file.fileno())
        whole.replace(layout.target)

    def _tiles(self, level: int, sizes: list[int]) -> Iterator[bytes]:
        with (self._layout.part / f"level-{level}.spool").open("rb") as spool:
            for size in sizes:
                yield spool.read(size)
