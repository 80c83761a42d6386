"""The live view: a client says what it wants to see, again and again; only the newest is drawn.

message -> (patch -> a plan) -> coarse -> better -> as it is
a newer message: what is in hand is stopped between two tiles, and nothing more is sent of it
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError

from smpengine.errors import Cancelled, InputError, must
from smpengine.image.web import encode
from smpengine.service.levels import window_mm
from smpengine.service.looks import Look, lines_of
from smpengine.service.plans import Named
from smpengine.service.problems import Problem, problem_of
from smpengine.service.read import read_json
from smpengine.service.studio import Asked, Studio

router = APIRouter()
_log = logging.getLogger("smpengine.service")
_EVERY_S: Final = 0.15
_FULL: Final = 1013
_LOOK_S: Final = 0.05
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Wanted(Look):
    """What a client wants to see.

    Attributes
    ----------
    number
        Comes back with every answer.
    plan
        Id of a plan; the first when None.
    patch
        Makes another plan of it, as PATCH does.
    window_mm, px_per_mm
        What of it is seen, and how large.
    format
        Of the pictures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[int, Field(ge=0, lt=2**53)] = 0
    plan: str | None = None
    patch: dict[str, Any] | None = None
    window_mm: tuple[Finite, Finite, Finite, Finite] | None = None
    px_per_mm: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    format: Literal["jpg", "webp", "png"] = "jpg"

    @property
    def look(self) -> Look:
        """How the plan is looked at."""
        return Look(day=self.day, sessions=self.sessions, faults=self.faults,
                    exposure=self.exposure)  # fmt: skip


Tell = Callable[[dict[str, Any], bytes | None], bool]


class Turns:
    """So many draw at once; who waits for a client to take a picture in does not count.

    Parameters
    ----------
    at_once
        How many.
    """

    def __init__(self, at_once: int) -> None:
        self._free = threading.Semaphore(at_once)

    @contextlib.contextmanager
    def take(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for a turn, and have it.

        Raises
        ------
        Cancelled
            Nobody wants it any more.
        """
        while not self._free.acquire(timeout=_LOOK_S):
            if stopped():
                raise Cancelled("A newer wish came.")
        try:
            yield
        finally:
            self._free.release()


def draw(
    studio: Studio, wanted: Wanted, tell: Tell, stopped: Callable[[], bool], turns: Turns
) -> None:  # fmt: skip
    """Draw what is wanted, and tell of each stage; runs on a thread.

    Parameters
    ----------
    studio
        Makes pictures.
    wanted
        What.
    tell
        Takes what is said and the picture with it; returns whether anyone listens still.
    stopped
        Tells whether nobody wants it any more.
    turns
        Of those who draw.
    """
    named = studio.plans.get(wanted.plan)
    if wanted.patch is not None:
        named = studio.plans.patched(named.id, wanted.patch)
    stages = _pictures(studio, named, wanted, stopped)
    while True:
        with turns.take(stopped):
            stage = next(stages, None)
        if stage is None or not tell(*stage):
            return


def _pictures(
    studio: Studio, named: Named, wanted: Wanted, stopped: Callable[[], bool]
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give what is said of each stage, and its picture."""
    asked = studio.window(named, wanted.look, wanted.window_mm, wanted.px_per_mm, wanted.format)
    said: dict[str, Any] = {"number": wanted.number, "plan": named.id}
    for image, share in _stages(studio, asked, stopped):
        height, width = image.shape[:2]
        told = {**said, "share": share, "width": width, "height": height}
        yield told, encode(image, asked.kind, studio.threads)


def _stages(studio: Studio, asked: Asked, stopped: Callable[[], bool]) -> Any:
    box = window_mm(asked.window, asked.px_per_mm)
    preview = studio.scenes.near(asked.named, asked.look, asked.px_per_mm, box)
    stages = preview.refine(
        box, asked.px_per_mm, exposure=studio.exposure(asked), cancel=stopped, every_s=_EVERY_S
    )
    for stage in stages:
        picture: NDArray[np.uint8] = stage.picture
        yield picture, stage.share


class _Line:
    """One client's connection: at most one picture in hand, at most one wish that waits."""

    def __init__(self, socket: WebSocket, studio: Studio) -> None:
        self._socket, self._studio = socket, studio
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._stop = threading.Event()
        self._newest: str | None = None
        self._task: asyncio.Task[None] | None = None

    def want(self, text: str) -> None:
        """Take a message; what was in hand is stopped, and what waited is forgotten."""
        self._stop.set()
        self._newest = text
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._answer_newest())
        else:
            self._socket.app.state.metrics.stale.inc()

    async def close(self) -> None:
        """Stop what is in hand, and wait for its thread."""
        self._stop.set()
        self._newest = None
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _answer_newest(self) -> None:
        while self._newest is not None:
            text, self._newest = self._newest, None
            self._stop = threading.Event()
            await self._answer(text, self._stop)

    async def _answer(self, text: str, stop: threading.Event) -> None:
        number: Any = None
        state = self._socket.app.state
        work = partial(self._loop.run_in_executor, state.live_threads)
        try:
            said = await work(read_json, text.encode())
            number = said.get("number")
            most = len(Wanted.model_fields)
            if len(said) > most:
                raise InputError(must("message", f"have at most {most} keys", f"{len(said):,}"))
            wanted = await work(Wanted.model_validate, said)
            await work(
                draw, self._studio, wanted, lambda told, body: self._tell(told, body, stop),
                stop.is_set, state.turns,
            )  # fmt: skip
        except (Cancelled, WebSocketDisconnect):
            return
        except ValidationError as error:
            await self._complain(number, Problem(422, lines_of(error)), stop)
        except (Problem, InputError) as error:
            await self._complain(number, problem_of(error), stop)
        except Exception as error:
            _log.exception("live view")
            await self._complain(number, problem_of(error), stop)

    def _tell(self, told: dict[str, Any], body: bytes | None, stop: threading.Event) -> bool:
        """Send from a thread, and wait until it is gone: a slow client slows only its own view."""
        if stop.is_set():
            return False
        sent = asyncio.run_coroutine_threadsafe(self._send(told, body, stop), self._loop)
        while True:  # who takes nothing in at all is cut, and then this ends
            try:
                return sent.result(_LOOK_S)
            except TimeoutError:
                if stop.is_set():
                    return False

    async def _send(self, told: dict[str, Any], body: bytes | None, stop: threading.Event) -> bool:
        async with self._sending:  # a picture follows the words about it, and nothing comes between
            if stop.is_set():
                return False
            await self._socket.send_text(json.dumps(told))
            if body is not None:
                await self._socket.send_bytes(body)
            return True

    async def _complain(self, number: Any, problem: Problem, stop: threading.Event) -> None:
        try:
            await self._send({"number": number, "errors": problem.lines}, None, stop)
        except (RuntimeError, WebSocketDisconnect):
            return  # the client is gone


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Show what is wanted, soon and then as it is; see `Wanted` for what a message says."""
    state = socket.app.state
    studio: Studio = state.studio
    if state.lines >= studio.limits.most_live:
        await socket.close(_FULL)
        return
    await socket.accept()
    state.lines += 1
    state.metrics.live.set(state.lines)
    line = _Line(socket, studio)
    try:
        while True:
            line.want(await socket.receive_text())
    except (WebSocketDisconnect, RuntimeError, KeyError):
        return  # it is gone, or sent what is no text
    finally:
        state.lines -= 1
        state.metrics.live.set(state.lines)
        await line.close()
