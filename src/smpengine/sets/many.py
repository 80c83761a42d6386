"""`render_many`: pictures one after the other, several in the making.

    items -> shot -> scene (placement) -> picture (render) -> conversion -> in order to the caller
             on threads, `ahead` pictures at most; what they share is made once (`stages.py`)

Small pictures are drawn by one thread each: kernels release the interpreter, and threads that share
a picture of 512 x 512 wait for each other most of the time. Large ones are drawn by all threads,
one after the other, and only placement and conversion go on beside them.
"""

from __future__ import annotations

import operator
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar, overload

from numpy.typing import NDArray

from smpengine.devices import CPU, resolve
from smpengine.errors import Cancelled, InputError, SceneError, must
from smpengine.plan.plan import Plan
from smpengine.scene import Scene
from smpengine.sets.place import scene_of
from smpengine.sets.shot import Box, Shot
from smpengine.sets.stages import Stages
from smpengine.window import halvings_for
from smpengine.workers import Cancel, Progress, thread_count

T = TypeVar("T")
Item = Scene | Plan | Shot | tuple[Scene | Plan, Mapping[str, Any]]
KEYWORDS: Final = (
    "px_per_mm", "window_mm", "output", "exposure", "illuminant", "day", "faults",
)  # fmt: skip
"""What an item may say for itself."""
SMALL_SAMPLES: Final = 2048 * 2048
"""Up to so many samples one thread draws a picture by itself."""
_ASK_S: Final = 0.05  # how often `cancel` is asked while nothing is ready


@dataclass(frozen=True)
class Rendered:
    """A picture and what it is of.

    Attributes
    ----------
    index
        Its place among the items.
    picture
        As `render` returns it.
    scene
        Of a plan, the part that can reach the window: `truth` and `truth_maps` of that are those of
        the whole, but for the numbers of rows.
    shot
        How it was rendered.
    """

    index: int
    picture: NDArray[Any]
    scene: Scene
    shot: Shot


@dataclass(frozen=True)
class Failed:
    """Instead of a picture that could not be made.

    Attributes
    ----------
    index
        Its place among the items.
    error
        What was raised.
    """

    index: int
    error: Exception


@overload
def render_many(
    scenes: Iterable[Item], px_per_mm: float | None = ..., window_mm: Box | None = ...,
    output: str = ..., device: str = ..., *, ahead: int | None = ..., threads: int | None = ...,
    exposure: float | None = ..., illuminant: str | None = ..., convert: None = ...,
    stages: Stages | None = ..., errors: Literal["raise"] = ..., progress: Progress | None = ...,
    cancel: Cancel | None = ...,
) -> Iterator[NDArray[Any]]: ...  # fmt: skip
@overload
def render_many(
    scenes: Iterable[Item], px_per_mm: float | None = ..., window_mm: Box | None = ...,
    output: str = ..., device: str = ..., *, ahead: int | None = ..., threads: int | None = ...,
    exposure: float | None = ..., illuminant: str | None = ..., convert: Callable[[Rendered], T],
    stages: Stages | None = ..., errors: Literal["raise"] = ..., progress: Progress | None = ...,
    cancel: Cancel | None = ...,
) -> Iterator[T]: ...  # fmt: skip
@overload
def render_many(
    scenes: Iterable[Item], px_per_mm: float | None = ..., window_mm: Box | None = ...,
    output: str = ..., device: str = ..., *, ahead: int | None = ..., threads: int | None = ...,
    exposure: float | None = ..., illuminant: str | None = ...,
    convert: Callable[[Rendered], Any] | None = ..., stages: Stages | None = ...,
    errors: str = ..., progress: Progress | None = ..., cancel: Cancel | None = ...,
) -> Iterator[Any]: ...  # fmt: skip
def render_many(
    scenes: Iterable[Item],
    px_per_mm: float | None = None,
    window_mm: Box | None = None,
    output: str = "srgb8",
    device: str = "auto",
    *,
    ahead: int | None = None,
    threads: int | None = None,
    exposure: float | None = None,
    illuminant: str | None = None,
    convert: Callable[[Rendered], Any] | None = None,
    stages: Stages | None = None,
    errors: str = "raise",
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Any]:
    """Render many scenes or plans, and give their pictures in order while others are made.

    Parameters
    ----------
    scenes
        Any iterable of scenes, of plans, or of pairs of one and a mapping: what is another for it
        of `px_per_mm`, `window_mm`, `output`, `exposure`, `illuminant`, and, of a plan, `day` and
        `faults`. It is read on the calling thread, no further than `ahead`.
    px_per_mm, exposure, illuminant
        As `render` has them; a plan's own where None, or 40 pixels per mm.
    window_mm, output, device
        As `render` has them. Of a plan only what can reach the window is placed.
    ahead
        How many pictures at most are in the making or wait for the caller; twice the threads when
        None. Memory grows with it.
    threads
        Number of threads in all; NUMBA_NUM_THREADS or the cores when None.
    convert
        Is called with a `Rendered` on the thread that made it; what it returns is given instead of
        the picture.
    stages
        What they share, and how much is kept of it; a new one when None.
    errors
        "raise": an item's error is raised in its turn, with a note that says which, and ends it.
        "return": a `Failed` is given in its place, and the others go on.
    progress, cancel
        ``progress(done, total)``, total 0 where `scenes` does not tell its length; ``cancel()``
        returns true to stop. Called on this thread.

    Returns
    -------
    iterator
        Pictures, of the same bits as `render` makes one by one. To close it, or to leave it to the
        collector, stops its threads.

    Raises
    ------
    InputError
        An option cannot be used.
    SmpError
        While iterating: as `Plan.scene` and `render`.
    Cancelled
        While iterating: `cancel` returned true.
    """
    count = thread_count(threads)
    if errors not in ("raise", "return"):
        raise InputError(must("errors", "be 'raise' or 'return'", repr(errors)))
    if ahead is not None and (isinstance(ahead, bool) or not isinstance(ahead, int) or ahead < 1):
        raise InputError(must("ahead", "be a whole number from 1 on", repr(ahead)))
    if isinstance(scenes, Scene | Plan | Shot) or not isinstance(scenes, Iterable):
        raise InputError(must("scenes", "be several: a list, or another iterable", type(scenes)))
    given = {
        "px_per_mm": px_per_mm, "window_mm": window_mm, "output": output, "exposure": exposure,
        "illuminant": illuminant,
    }  # fmt: skip
    make = _Make(stages or Stages(), given, resolve(device), count, convert)
    total = operator.length_hint(scenes, 0)
    return _run(iter(scenes), make, ahead or 2 * count, errors == "return", total, progress, cancel)


class _Make:
    """Makes one picture; called on several threads."""

    def __init__(
        self, stages: Stages, given: dict[str, Any], device: str, threads: int,
        convert: Callable[[Rendered], Any] | None,
    ) -> None:  # fmt: skip
        self._stages, self._given, self._device = stages, given, device
        self.threads, self._convert = threads, convert
        self.stop = threading.Event()
        self._turn = threading.Lock()

    def __call__(self, index: int, item: object) -> Any:
        if self.stop.is_set():
            raise Cancelled("The pictures were no longer wanted.")
        shot = shot_of(item, self._given)
        scene = self._scene(shot)
        window, (exposure, illuminant) = shot.window, shot.look
        samples = window.height * window.width << 2 * halvings_for(shot.scale)
        alone = self._device == CPU and samples <= SMALL_SAMPLES
        with nullcontext() if alone else self._turn:
            picture = self._stages.render(
                scene, shot.scale, shot.window_mm, shot.output, self._device, exposure=exposure,
                illuminant=illuminant, threads=1 if alone else self.threads,
                cancel=self.stop.is_set,
            )  # fmt: skip
        if self._convert is None:
            return picture
        return self._convert(Rendered(index, picture, scene, shot))

    def _scene(self, shot: Shot) -> Scene:
        """Return what is rendered: of a plan, what can reach the window."""
        plan = shot.plan
        if plan is None:
            assert isinstance(shot.subject, Scene)
            return shot.subject
        return scene_of(self._stages.sharing(plan), shot.picture, True, 1)[0]


def shot_of(item: object, given: Mapping[str, Any]) -> Shot:
    """Return an item of `render_many` as a shot.

    Parameters
    ----------
    item
        A scene, a plan, a shot, or one of the first two and a mapping of `KEYWORDS`.
    given
        What holds where the item does not say another.

    Raises
    ------
    SceneError
        It is none of these, or names what there is not.
    """
    own: Mapping[str, Any] = {}
    if isinstance(item, Shot):
        return item
    if isinstance(item, tuple):
        if len(item) != 2 or not isinstance(item[1], Mapping):
            raise SceneError(must("an item", "be a pair of a scene or plan and a mapping", item))
        item, own = item
        for key in own:
            if key not in KEYWORDS:
                rule = f"be one of {', '.join(KEYWORDS)}"
                raise SceneError(must("an item's key", rule, repr(key)))
    if not isinstance(item, Scene | Plan):
        rule = "be a Scene, a Plan, or a pair of one and a mapping"
        raise SceneError(must("an item", rule, type(item).__name__))
    shot = Shot(item, **{**given, **own})
    return replace(shot, faults=tuple(shot.faults)) if shot.faults else shot


def _run(
    items: Iterator[object], make: _Make, ahead: int, returns: bool, total: int,
    progress: Progress | None, cancel: Cancel | None,
) -> Iterator[Any]:  # fmt: skip
    pending: deque[Future[Any]] = deque()
    ended: Exception | None = None
    more, index, done = True, 0, 0
    pool = ThreadPoolExecutor(min(make.threads + 1, ahead), "smpengine-many")
    try:
        while True:
            while more and len(pending) < ahead:
                try:
                    item = next(items)
                except StopIteration:
                    more = False
                except Exception as error:
                    # What came before it is still given.
                    more, ended = False, error
                else:
                    pending.append(pool.submit(make, index, item))
                    index += 1
            if not pending:
                break
            result = _result(pending.popleft(), done, returns, cancel)
            done += 1
            if progress is not None:
                progress(done, total)
            yield result
            del result  # or a picture more than `ahead` would be held
        if ended is not None:
            raise ended
    finally:
        make.stop.set()
        pool.shutdown(cancel_futures=True)


def _result(future: Future[Any], index: int, returns: bool, cancel: Cancel | None) -> Any:
    """Wait for a picture; what went wrong is raised, or returned."""
    while True:
        if cancel is not None and cancel():
            raise Cancelled("The render was cancelled by its cancel callback.")
        try:
            return future.result(None if cancel is None else _ASK_S)
        except NotYet:
            if future.done():  # an item's own
                raise
        except Exception as error:
            if returns:
                return Failed(index, error)
            error.add_note(f"in item {index} of render_many")
            raise
