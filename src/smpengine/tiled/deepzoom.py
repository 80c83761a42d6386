"""DeepZoom: a .dzi beside a folder of tiles, from one pixel up."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from smpengine.errors import OutputError, must
from smpengine.image import png
from smpengine.image.write import described
from smpengine.tiled.layout import Layout

_SUFFIX: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}


class DeepZoom:
    """Writes tiles into a folder; `finish` gives it its name."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._suffix = _SUFFIX[layout.compression]
        self._levels = len(layout.sizes)
        self._files = layout.part / "files"
        self._target = layout.target.with_name(layout.target.stem + "_files")

    @property
    def _moved(self) -> bool:
        """Whether a run was stopped between giving the folder its name and the .dzi."""
        return (self._layout.part / "picture.dzi").exists() and not self._files.exists()

    def check(self) -> None:
        """Refuse to write over a folder."""
        if self._target.exists() and not self._moved:
            remedy = "Remove it, or write elsewhere."
            raise OutputError(must("out", "be new", repr(str(self._target)), remedy=remedy))

    def begin(self, spools: list[int]) -> None:
        """Make the folders."""
        del spools
        if self._moved:
            return
        for level in range(self._levels):
            (self._files / str(level)).mkdir(parents=True, exist_ok=True)

    def jobs(self, level: int, row: int, pixels: NDArray[Any]) -> list[Callable[[], bytes]]:
        """Return what encodes and writes each tile of a row."""
        side = self._layout.tile_px
        folder = self._files / str(self._levels - 1 - level)

        def job(col: int) -> bytes:
            data = self._encoded(pixels[:, col * side : (col + 1) * side])
            (folder / f"{col}_{row}.{self._suffix}").write_bytes(data)
            return b""

        return [partial(job, col) for col in range(-(-pixels.shape[1] // side))]

    def keep(self, level: int, tiles: list[bytes]) -> list[int]:
        """Nothing more is to be kept."""
        del level, tiles
        return []

    def _encoded(self, tile: NDArray[Any]) -> bytes:
        if self._suffix == "png":
            return png.encode(tile, 1)  # tiles are shared out already
        from PIL import Image

        room = io.BytesIO()
        Image.fromarray(tile).save(room, self._layout.compression, quality=self._layout.quality)
        return room.getvalue()

    def finish(self, index: list[list[int]]) -> None:
        """Write the .dzi, and give both their names: the .dzi last, for it is what is opened."""
        del index
        layout = self._layout
        head = layout.part / "picture.dzi"
        if not self._moved:
            self._describe(head)
            self._files.rename(self._target)
        head.replace(layout.target)

    def _describe(self, head: Path) -> None:
        layout = self._layout
        head.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" '
            f'Format="{self._suffix}" Overlap="0" TileSize="{layout.tile_px}">\n'
            f'  <Size Width="{layout.width}" Height="{layout.height}"/>\n</Image>\n',
            encoding="utf-8",
        )
        side = self._files / "smpengine.json"
        side.write_text(described(layout.metadata) + "\n", encoding="utf-8")
