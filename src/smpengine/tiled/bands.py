"""`render_tiled`: a picture of any size, band by band, into tiles and a pyramid.

    render(window) -> band -> pyramid -> tiles -> encode, write -> journal
                              (while the next band is rendered)

A window equals the crop of the whole, so tiles join bit for bit. At most two bands are held.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

import smpengine
from smpengine.devices import resolve
from smpengine.errors import OutputError, SceneError, must
from smpengine.files import check_target
from smpengine.plan.plan import Plan
from smpengine.render import exposure_of, render
from smpengine.scene import Scene
from smpengine.tiled.deepzoom import DeepZoom
from smpengine.tiled.journal import Journal, key_of
from smpengine.tiled.layout import Layout, check_options, kind_of
from smpengine.tiled.ometiff import OmeTiff
from smpengine.tiled.omezarr import OmeZarr
from smpengine.tiled.pyramid import Pyramid
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, Progress, thread_count

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTES_A_SAMPLE = 0.15
"""The least that dithered skin takes, compressed: below this a disk is plainly too small."""


class _Sink(Protocol):
    def check(self) -> None: ...
    def begin(self, spools: list[int]) -> None: ...
    def jobs(self, level: int, row: int, pixels: NDArray[Any]) -> list[Callable[[], bytes]]: ...
    def keep(self, level: int, tiles: list[bytes]) -> list[int]: ...
    def finish(self, index: list[list[int]]) -> None: ...


@dataclass
class Tiled:
    """What was written.

    Attributes
    ----------
    path, width, height, levels
        The file or folder, its size in pixels, and how many levels it has.
    bands, resumed
        How many bands it has, and how many of them an earlier run had finished.
    render_s, encode_s, finish_s
        Seconds spent rendering; encoding and writing, beside it; putting together at the end.
    """

    path: Path
    width: int
    height: int
    levels: int
    bands: int
    resumed: int
    render_s: float = field(default=0.0, compare=False)
    encode_s: float = field(default=0.0, compare=False)
    finish_s: float = field(default=0.0, compare=False)


def render_tiled(
    plan: Plan | Scene,
    path: str | Path,
    px_per_mm: float = 40.0,
    window_mm: tuple[float, float, float, float] | None = None,
    output: str = "srgb8",
    device: str = "auto",
    *,
    tile_px: int = 512,
    compression: str | None = None,
    quality: int = 90,
    exposure: float | None = None,
    illuminant: str = "D65",
    threads: int | None = None,
    resume: bool | None = None,
    metadata: Mapping[str, object] | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Tiled:
    """Render a picture of any size into tiles with a pyramid; memory does not grow with height.

    Parameters
    ----------
    plan
        What is rendered: a plan, or a scene.
    path
        .tif (BigTIFF, OME), .zarr (OME-Zarr 0.5) or .dzi (DeepZoom); the last two must be new.
    px_per_mm, window_mm, output, device, exposure, illuminant, threads
        As `render` has them; srgb8 or srgb16, DeepZoom srgb8 only.
    tile_px
        Side of a tile, a multiple of 16.
    compression
        .tif: zstd, deflate, jpegxl (lossless) or none; .zarr: zstd, deflate or none; .dzi: png,
        jpeg or webp. The first when None.
    quality
        Of jpeg and webp, 1 to 100.
    resume
        A stopped run leaves PATH.part. None: go on with it if it is of the same picture. True: it
        must be there. False: begin anew.
    metadata
        More for the file to carry.
    progress, cancel
        ``progress(done, total)`` in bands; ``cancel()`` returns true to stop.

    Returns
    -------
    Tiled
        What was written, and how long it took.

    Raises
    ------
    InputError
        An option cannot be had in that format, or a library is not installed.
    OutputError
        It cannot be written, the disk is too small or full, or there is nothing to resume.
    Cancelled
        `cancel` returned true; the same call goes on where it was.
    """
    target = Path(path)
    kind = kind_of(target)
    used = check_options(kind, output, tile_px, compression, quality)
    if kind != "zarr" or not target.exists():  # of a folder that exists the sink says more
        check_target(target, "out")
    scene = plan.scene(threads=threads) if isinstance(plan, Plan) else plan
    if not isinstance(scene, Scene):
        raise SceneError(must("plan", "be a Plan or a Scene", type(plan).__name__))
    scale, name, exposed = check_scale(px_per_mm), resolve(device), exposure_of(exposure)
    window = pixel_window(scene.extent_mm, scale, window_mm)
    whole = pixel_window(scene.extent_mm, scale, None)
    if (window.row0 < 0 or window.col0 < 0 or window.row0 + window.height > whole.height
            or window.col0 + window.width > whole.width):  # fmt: skip
        # `render` refuses windows wholly outside, as a band of such a picture may be.
        rule = f"lie in the extent of {scene.extent_mm[0]:g} x {scene.extent_mm[1]:g} mm for tiles"
        raise SceneError(must("window_mm", rule, window_mm))
    about = {**scene.provenance, "px_per_mm": scale, "output": output, "exposure": exposed,
             "illuminant": illuminant, "window_mm": window_mm, **(metadata or {})}  # fmt: skip
    layout = Layout(
        target, kind, window.height, window.width, output, tile_px, used, quality, scale, about
    )
    layout.check()
    key = key_of(smpengine.__version__, scene, replace(layout, target=Path(target.name)), name,
                 (window.row0, window.col0), layout.band_px)  # fmt: skip
    layout = replace(layout, key=key)
    how = {"output": output, "device": name, "exposure": exposed, "illuminant": illuminant,
           "threads": threads, "cancel": cancel}  # fmt: skip
    return _Run(layout, scene, (window.row0, window.col0), how, progress).run(resume)


class _Run:
    """One run of `render_tiled`, all checked."""

    def __init__(
        self, layout: Layout, scene: Scene, origin: tuple[int, int], how: dict[str, Any],
        progress: Progress | None,
    ) -> None:  # fmt: skip
        sinks: dict[str, Callable[[Layout], _Sink]] = {
            "tiff": OmeTiff, "zarr": OmeZarr, "dzi": DeepZoom,
        }  # fmt: skip
        self._layout, self._scene, self._origin, self._how = layout, scene, origin, how
        self._progress = progress
        self._sink = sinks[layout.kind](layout)
        self._pyramid = Pyramid(layout.sizes, layout.tile_px)
        self._journal = Journal(layout.part, layout.key, len(layout.sizes))
        self._encoders = thread_count(how["threads"])
        self._done = Tiled(
            layout.target, layout.width, layout.height, len(layout.sizes), layout.bands, 0
        )

    def run(self, resume: bool | None) -> Tiled:
        """Render what is not finished, and put it together."""
        part = self._layout.part
        try:
            self._sink.check()
            state = self._journal.open(resume)
            if state is not None:
                self._pyramid.restore(state)
            self._done.resumed = self._journal.bands
            self._check_disk()
            self._sink.begin([sum(sizes) for sizes in self._journal.tiles])
            self._bands()
            start = perf_counter()
            self._sink.finish(self._journal.tiles)
            self._done.finish_s = perf_counter() - start
        except OutputError:
            raise
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = f"Free some space; the same command goes on from {part}." if full else ""
            reason = error.strerror or str(error)
            message = f"{self._layout.target} could not be written: {reason}. {remedy}"
            raise OutputError(message.strip()) from error
        self._journal.remove()
        return self._done

    def _check_disk(self) -> None:
        """Refuse a disk that is plainly too small for what is left."""
        layout = self._layout
        left = 1.0 - self._journal.bands / layout.bands
        samples = sum(height * width for height, width in layout.sizes) * 3
        share = layout.dtype.itemsize if layout.compression == "none" else _BYTES_A_SAMPLE
        # A TIFF's tiles are copied together at the end.
        copies = 1.0 + left if layout.kind == "tiff" else left
        if layout.compression in ("jpeg", "webp"):
            share /= 10.0
        needed, free = samples * share * copies, shutil.disk_usage(layout.part).free
        if needed > free:
            if not self._journal.bands:
                self._journal.remove()
            remedy = "Free some space, write elsewhere, or lower px_per_mm."
            rule = f"have {needed / 1e9:.2f} GB free at least for {layout.target.name}"
            where = str(layout.target.parent)
            raise OutputError(must("disk", rule, f"{free / 1e9:.2f} GB", where, remedy))

    def _bands(self) -> None:
        layout, pending = self._layout, None
        with (
            # Closed last to first: a band in hand is still written when rendering is stopped.
            ThreadPoolExecutor(self._encoders, "smpengine-encode") as encoders,
            ThreadPoolExecutor(1, "smpengine-tiles") as writer,
        ):
            for band in range(self._journal.bands, layout.bands):
                rows = self._rendered(band)
                if pending is not None:
                    self._wait(pending)
                pending = writer.submit(self._write, band, rows, encoders)
                del rows
            if pending is not None:
                self._wait(pending)

    def _wait(self, pending: Future[None]) -> None:
        pending.result()
        if self._progress is not None:
            self._progress(self._journal.bands, self._layout.bands)

    def _rendered(self, band: int) -> NDArray[Any]:
        start, layout, (row0, col0) = perf_counter(), self._layout, self._origin
        first = band * layout.band_px
        last = min(first + layout.band_px, layout.height)
        edges = col0, row0 + first, col0 + layout.width, row0 + last
        x0, y0, x1, y1 = (edge / layout.px_per_mm for edge in edges)
        rows = render(self._scene, layout.px_per_mm, (x0, y0, x1, y1), **self._how)
        self._done.render_s += perf_counter() - start
        return rows

    def _write(self, band: int, rows: NDArray[Any], encoders: ThreadPoolExecutor) -> None:
        """Cut a band into tiles of all levels, write them, and say so in the journal."""
        start = perf_counter()
        kept: dict[int, list[int]] = {}
        for level, row, pixels in self._pyramid.add(rows):
            tiles = list(encoders.map(_call, self._sink.jobs(level, row, pixels)))
            kept.setdefault(level, []).extend(self._sink.keep(level, tiles))
        self._journal.finished(band, kept, self._pyramid.state())
        self._done.encode_s += perf_counter() - start


def _call(job: Callable[[], bytes]) -> bytes:
    return job()
