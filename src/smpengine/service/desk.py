"""Who is served when: so many at once, so many who wait, the rest told to come again.

    request -> known already? -> the same in hand? -> a place free? -> a thread -> kept, answered

Work that nobody waits for any more is stopped between two tiles.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from smpengine.errors import Cancelled
from smpengine.service.limits import Limits
from smpengine.service.problems import Problem
from smpengine.workers import Cancel

Work = Callable[[Cancel], Any]
_SOON_S = 1


@dataclass
class _Job:
    """Work in hand, for how many, and whether it was begun before anyone asked."""

    future: asyncio.Future[Any]
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0
    ahead: bool = False


class Answers:
    """Bytes that were sent before, by their tag; those not asked for longest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self.held_bytes = 0

    def get(self, tag: str) -> bytes | None:
        """Return what was sent under a tag, or None."""
        found = self._kept.get(tag)
        if found is not None:
            self._kept.move_to_end(tag)
        return found

    def put(self, tag: str, body: bytes) -> None:
        """Keep what is sent under a tag; what is large is not kept."""
        if len(body) > self._most // 8:
            return
        before = self._kept.pop(tag, b"")
        self.held_bytes += len(body) - len(before)
        self._kept[tag] = body
        while self.held_bytes > self._most:
            _, least = self._kept.popitem(last=False)
            self.held_bytes -= len(least)


class Desk:
    """Hands work to threads. All of it is called from one event loop.

    Parameters
    ----------
    limits
        How much is taken on.
    at_once
        Threads that draw.
    """

    def __init__(self, limits: Limits, at_once: int) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="smpengine-draw")
        self._one = ThreadPoolExecutor(1, thread_name_prefix="smpengine-plan")
        self._jobs: dict[str, _Job] = {}
        self._each: Counter[str] = Counter()
        self.answers = Answers(limits.answers_mib * 2**20)

    @property
    def in_hand(self) -> int:
        """How much work of clients is in hand or waits."""
        return sum(not job.ahead for job in self._jobs.values())

    async def do(
        self, tag: str, client: str, work: Work, gone: asyncio.Future[Any], aside: bool = False
    ) -> Any:  # fmt: skip
        """Return what some work makes; the same work is done once for all who ask for it.

        Parameters
        ----------
        tag
            Names what is made.
        client
            Who asks.
        work
            Called on a thread with what tells it to stop.
        gone
            Done when the client is no longer there.
        aside
            Whether it cannot be stopped once it is begun: then one thread does such, one after the
            other, and those that draw stay free.

        Raises
        ------
        Problem
            Too much is in hand (503), for this client (429), or it took too long (503).
        Cancelled
            The client is gone.
        """
        job = self._jobs.get(tag)
        if self._each[client] >= self._limits.most_each:
            raise Problem(429, ["too many requests in hand for one client."], _SOON_S)
        if job is None:
            if self.in_hand >= self._limits.most_waiting:
                raise Problem(503, ["too much is in hand; come again soon."], _SOON_S)
            job = self._start(tag, work, self._one if aside else self._threads)
        job.waiting += 1
        self._each[client] += 1
        try:
            done, _ = await asyncio.wait(
                {job.future, gone}, timeout=self._limits.answer_s,
                return_when=asyncio.FIRST_COMPLETED,
            )  # fmt: skip
            if job.future in done:
                return job.future.result()
            if gone in done:
                raise Cancelled("The client is gone.")
            seconds = f"{self._limits.answer_s:g} s"
            raise Problem(503, [f"it took over {seconds}. Ask for a smaller picture."], _SOON_S)
        finally:
            job.waiting -= 1
            self._each[client] -= 1
            if not self._each[client]:
                del self._each[client]
            if not job.waiting and not job.future.done():
                self._abandon(tag, job)

    def ahead(self, tag: str, work: Work) -> asyncio.Future[Any]:
        """Begin what somebody will ask for, beside the threads that draw for clients.

        Who asks for it meanwhile shares it; it goes on until it is done, or the desk closes.
        """
        job = self._start(tag, work, None)
        job.ahead, job.waiting = True, 1
        return job.future

    def _abandon(self, tag: str, job: _Job) -> None:
        """Stop work that nobody waits for; who asks again starts it anew."""
        job.stop.set()
        if self._jobs.get(tag) is job:
            del self._jobs[tag]

    def _start(self, tag: str, work: Work, threads: ThreadPoolExecutor | None) -> _Job:
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def run() -> Any:
            if stop.is_set():
                raise Cancelled("Nobody waits for it.")
            return work(stop.is_set)

        future = loop.run_in_executor(threads, run)
        job = _Job(future, stop)
        self._jobs[tag] = job

        def finished(done: asyncio.Future[Any]) -> None:
            if self._jobs.get(tag) is job:
                del self._jobs[tag]
            if not done.cancelled():
                done.exception()  # nobody may wait for it any more

        future.add_done_callback(finished)
        return job

    def close(self) -> None:
        """Stop what is in hand."""
        for job in list(self._jobs.values()):
            job.stop.set()
        for threads in (self._threads, self._one):
            threads.shutdown(wait=True, cancel_futures=True)
