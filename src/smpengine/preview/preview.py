"""`Preview`: a scene that is looked at while it is edited.

    scene -> Version: keys of its blocks -> found, or drawn as R / R0 and kept -> pixels

What is kept is R / R0, before it has the skin's colour and an exposure: another exposure, or other
pixels, are finished anew and nothing is drawn. Every picture is that of `render`, bit for bit.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.devices import CPU, resolve
from smpengine.errors import InputError, SceneError, must
from smpengine.impressions import Impressions, joined
from smpengine.preview.cache import Block, Cache
from smpengine.preview.rects import nearest_first
from smpengine.preview.room import Room
from smpengine.preview.same import rows_of, same_rows
from smpengine.preview.store import Stores
from smpengine.preview.version import Version
from smpengine.preview.view import Asked, finish_of, middle_of
from smpengine.render import OUTPUTS, exposure_of, render
from smpengine.resident import Resident, upload
from smpengine.scene import BANDS, Scene, Skin
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, thread_count

_MOST_STEPS: Final = 100
"""That can be undone."""
_LEAST_PX_PER_MM: Final = 0.125
"""Below it a pixel is more than a tile of subpixels, and a scalp a few pixels: nothing is kept."""
_AT_ONCE: Final = 4
"""Side, in blocks, of what is drawn between two looks at the clock: a megapixel of subpixels."""
_SOON_BLOCKS: Final = 24
"""So few are drawn as soon as a coarse picture would be."""
Window = tuple[float, float, float, float]


@dataclass(frozen=True)
class Stage:
    """A picture on its way.

    Attributes
    ----------
    picture
        (height, width, 3).
    share
        Of it that is final, 0 to 1: at 1 it is that of `render`, bit for bit.
    """

    picture: NDArray[Any]
    share: float


class Preview:
    """A scene that is looked at while it is edited.

    Parameters
    ----------
    scene
        In three bands.
    device
        As for `render`. On "cpu" what is drawn is kept by blocks; an OpenCL device keeps the scene,
        and draws each picture whole.
    threads
        As for `render`.
    memory_mib
        How much of what is drawn is kept; as much again of splats.

    Raises
    ------
    SceneError
        Not a scene, or one of a skin with other bands.
    InputError
        The threads or the memory are no whole number from 1 on.
    DeviceError
        The device is not available.
    """

    def __init__(
        self, scene: Scene, device: str = "auto", *, threads: int | None = None,
        memory_mib: int = 512,
    ) -> None:  # fmt: skip
        if isinstance(memory_mib, bool) or not isinstance(memory_mib, int) or memory_mib < 1:
            rule = "be a whole number from 1 on"
            raise InputError(must("memory_mib", rule, repr(memory_mib)))
        self._device = resolve(device)
        self._threads = thread_count(threads)
        room = Room()
        most = memory_mib * 2**20
        self._cache, self._stores = Cache(most, room), Stores(room, most)
        self._lock = threading.Lock()
        self._versions = [Version(_checked(scene), self._stores)]
        self._at = 0
        self._resident: tuple[Version, Resident] | None = None

    @property
    def scene(self) -> Scene:
        """What is shown now."""
        return self._version.scene

    @property
    def device(self) -> str:
        """Name of the device that draws."""
        return self._device

    @property
    def held_bytes(self) -> int:
        """How much of what was drawn is kept."""
        return self._cache.held_bytes

    @property
    def splats_bytes(self) -> int:
        """How much is kept of what dots are drawn as."""
        return self._stores.held_bytes

    @property
    def _version(self) -> Version:
        with self._lock:
            return self._versions[self._at]

    def render(
        self, window_mm: Window | None = None, px_per_mm: float = 40.0, output: str = "srgb8",
        *, exposure: float | None = None, cancel: Cancel | None = None,
    ) -> NDArray[Any]:  # fmt: skip
        """Render a window of the scene as it is now; the bits are those of `smpengine.render`.

        May be called from several threads, and while the scene is edited.

        Parameters
        ----------
        window_mm, px_per_mm, output, exposure, cancel
            As for `smpengine.render`.

        Returns
        -------
        ndarray
            (height, width, 3).

        Raises
        ------
        SceneError, InputError, DeviceError, Cancelled
            As `smpengine.render`.
        """
        version = self._version
        if self._device != CPU or check_scale(px_per_mm) < _LEAST_PX_PER_MM:
            return render(
                self._brought(version), px_per_mm, window_mm, output, exposure=exposure,
                threads=self._threads, cancel=cancel,
            )  # fmt: skip
        asked, out = _asked(version, window_mm, px_per_mm, output)
        finish = finish_of(version, output, exposure_of(exposure))
        workers = asked.workers(self._threads, cancel)
        keys = asked.keys(workers)
        blocks = asked.found(self._cache, keys)
        for rect in asked.missing(keys, blocks):
            blocks |= asked.draw(rect, keys, self._cache, workers)
        asked.finish(blocks, finish, out, workers)
        return out

    def refine(
        self, window_mm: Window | None = None, px_per_mm: float = 40.0, output: str = "srgb8",
        *, exposure: float | None = None, cancel: Cancel | None = None, every_s: float = 0.1,
    ) -> Iterator[Stage]:  # fmt: skip
        """Give a window at once as a coarse picture, then better ones, and last the final one.

        Parameters
        ----------
        window_mm, px_per_mm, output, exposure, cancel
            As for `render`.
        every_s
            Seconds between pictures; what is drawn at once may take longer.

        Yields
        ------
        Stage
            The first of them is the last where all of it is known already.

        Raises
        ------
        SceneError, InputError, DeviceError, Cancelled
            As `render`.
        """
        if self._device != CPU or check_scale(px_per_mm) < _LEAST_PX_PER_MM:
            whole = self.render(window_mm, px_per_mm, output, exposure=exposure, cancel=cancel)
            yield Stage(whole, 1.0)
            return
        version = self._version
        asked, out = _asked(version, window_mm, px_per_mm, output)
        finish = finish_of(version, output, exposure_of(exposure))
        workers = asked.workers(self._threads, cancel)
        keys = asked.keys(workers)
        blocks: dict[tuple[int, int], Block] = asked.found(self._cache, keys)
        soon = len(keys) - len(blocks) <= _SOON_BLOCKS
        missing = asked.missing(keys, blocks) if soon else asked.missing(keys, blocks, _AT_ONCE)
        if not soon:
            asked.coarse(finish, out, workers)
            asked.finish(blocks, finish, out, workers)
            yield Stage(out.copy(), len(blocks) / len(keys))
        shown = time.monotonic()
        for rect in nearest_first(missing, middle_of(asked)):
            blocks |= asked.draw(rect, keys, self._cache, workers)
            if len(blocks) < len(keys) and time.monotonic() - shown >= every_s:
                asked.finish(blocks, finish, out, workers)
                yield Stage(out.copy(), len(blocks) / len(keys))
                shown = time.monotonic()
        asked.finish(blocks, finish, out, workers)
        yield Stage(out, 1.0)

    def branch(self, scene: Scene) -> Preview:
        """Return a preview of another scene, which shares what was drawn; neither edits the other.

        Parameters
        ----------
        scene
            In three bands. What it has in common with the scene shown here is not drawn anew.

        Raises
        ------
        SceneError
            As for `Preview`.
        """
        before = self._version
        other = copy.copy(self)
        other._lock, other._at, other._resident = threading.Lock(), 0, None
        kept = same_rows(before.scene, _checked(scene))
        other._versions = [Version(scene, self._stores, before, kept)]
        return other

    def show(self, scene: Scene) -> None:
        """Show another scene: only what differs is drawn anew.

        Raises
        ------
        SceneError
            As for `Preview`.
        """
        before = self._version
        kept = same_rows(before.scene, _checked(scene))
        self._push(Version(scene, self._stores, before, kept))

    def _edit(
        self, before: Version, impressions: Impressions, kept: NDArray[np.intp],
        moved: bool = True,
    ) -> None:  # fmt: skip
        scene = replace(before.scene, impressions=impressions)
        self._push(Version(scene, self._stores, before, kept, moved))

    def _push(self, version: Version) -> None:
        with self._lock:
            del self._versions[self._at + 1 :]
            self._versions.append(version)
            del self._versions[:-_MOST_STEPS]
            self._at = len(self._versions) - 1

    def undo(self) -> bool:
        """Take the last edit back; tells whether there was one."""
        return self._step(-1)

    def redo(self) -> bool:
        """Make the edit again that was taken back last; tells whether there was one."""
        return self._step(1)

    def _step(self, by: int) -> bool:
        with self._lock:
            if not 0 <= self._at + by < len(self._versions):
                return False
            self._at += by
            return True

    def add(self, impressions: Impressions) -> None:
        """Add impressions behind those that are there.

        Raises
        ------
        SceneError
            Not impressions, or of other bands.
        """
        if not isinstance(impressions, Impressions):
            raise SceneError(must("impressions", "be Impressions", type(impressions).__name__))
        before = self._version
        scene = before.scene
        fitting = replace(scene, impressions=impressions, hair=None, blood=None).impressions
        count, total = len(scene.impressions), len(scene.deposits)
        kept = np.insert(np.arange(total), count, np.full(len(fitting), -1))
        self._edit(before, joined(scene.impressions, fitting), kept)

    def remove(self, rows: ArrayLike) -> None:
        """Remove impressions.

        Parameters
        ----------
        rows
            Which, by number, or as a mask.

        Raises
        ------
        SceneError
            A row is none.
        """
        before = self._version
        count = len(before.scene.impressions)
        stay = np.ones(len(before.scene.deposits), np.bool_)
        stay[rows_of(rows, count)] = False
        left = before.scene.impressions.rows(stay[:count])
        self._edit(before, left, np.flatnonzero(stay))

    def change(self, rows: ArrayLike, **columns: ArrayLike) -> None:
        """Give impressions other values.

        Parameters
        ----------
        rows
            Which, by number, or as a mask.
        columns
            By the names of `Impressions`: ``x_mm=...``, (n,) or scalars; absorption also (n, 3).

        Raises
        ------
        SceneError
            A row or a column is none, or a value is out of range.
        """
        before = self._version
        which = rows_of(rows, len(before.scene.impressions))
        changed = before.scene.impressions.changed(which, **columns)
        kept = np.arange(len(before.scene.deposits))
        kept[which] = -1
        self._edit(before, changed, kept, not {"x_mm", "y_mm"}.isdisjoint(columns))

    def within(self, window_mm: Window) -> NDArray[np.intp]:
        """Return the rows of the impressions whose middle lies in a window, (n,)."""
        x0, y0, x1, y1 = window_mm
        x, y = self.scene.impressions.x_mm, self.scene.impressions.y_mm
        return np.flatnonzero((x >= x0) & (x < x1) & (y >= y0) & (y < y1))

    def of_sessions(self, sessions: Sequence[int]) -> NDArray[np.intp]:
        """Return the rows of some visits' impressions, (n,)."""
        return np.flatnonzero(np.isin(self.scene.impressions.session, sessions))

    def give_skin(self, skin: Skin) -> None:
        """Show it in another skin.

        Raises
        ------
        SceneError
            It is no skin, or cannot be.
        """
        self.show(replace(self.scene, skin=skin))

    def _brought(self, version: Version) -> Resident:
        if self._device == CPU:
            return Resident(version.scene, CPU, None)
        with self._lock:
            held = self._resident
        if held is not None and held[0] is version:
            return held[1]
        resident = upload(version.scene, self._device)
        with self._lock:
            self._resident = version, resident
        return resident


def _checked(scene: Scene) -> Scene:
    if not isinstance(scene, Scene):
        raise SceneError(must("scene", "be a Scene", type(scene).__name__))
    if scene.skin.is_spectral:
        remedy = "Render the scene itself."
        got = f"{len(scene.skin.lambda_nm)} bands"
        raise SceneError(must("scene", "have the bands R, G, B to be shown", got, remedy=remedy))
    return scene


def _asked(
    version: Version, window_mm: Window | None, px_per_mm: float, output: str
) -> tuple[Asked, NDArray[Any]]:
    if output not in OUTPUTS:
        raise SceneError(must("output", f"be one of {', '.join(OUTPUTS)}", repr(output)))
    scale = check_scale(px_per_mm)
    window = pixel_window(version.scene.extent_mm, scale, window_mm)
    out = np.empty((window.height, window.width, len(BANDS)), OUTPUTS[output])
    return Asked(version, scale, window), out
