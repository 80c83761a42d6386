"""Threads that share out numbered jobs; the kernels they call release the GIL.

Numba's ``parallel=True`` is not used: its default threading layer aborts the process when two
Python threads enter it, and its kernels compile slowly. Plain threads that take the next number
from a counter balance any load, may be entered from any thread, and stop between two jobs. What a
job writes is its own, so results do not depend on who ran it.

Threads wait in a pool for the next call: to start one takes a tenth of a millisecond, and a picture
is a dozen calls. Whoever calls works too, and waits for those alone that began, so nobody ever
waits for the pool.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from smpengine.errors import Cancelled, InputError, must

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]
Scratch = TypeVar("Scratch")
_MOST_HELPERS: Final = 4096
"""Of all calls at once; there are as many as were ever at work together."""
_pool: ThreadPoolExecutor


def _renew_pool() -> None:
    """Begin with another: a forked process has no threads."""
    global _pool
    _pool = ThreadPoolExecutor(_MOST_HELPERS, "smpengine")


_renew_pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_pool)


class _Helpers:
    """Threads of the pool that run something beside the caller, until they are dismissed."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run: Callable[[], None] | None = run
        self._gate = threading.Condition()
        self._at_work = 0

    def ask(self, count: int) -> None:
        """Ask so many for help; fewer may come."""
        # There may be no more threads, at the limit of a process or at its end.
        with contextlib.suppress(RuntimeError):
            for _ in range(count):
                _pool.submit(self._help)

    def _help(self) -> None:
        with self._gate:
            run = self._run
            if run is None:  # what was to be done is done, and may be forgotten
                return
            self._at_work += 1
        try:
            run()
        finally:
            with self._gate:
                self._at_work -= 1
                self._gate.notify()

    def dismiss(self) -> None:
        """Let nobody begin any more, and wait for those at work."""
        with self._gate:
            self._run = None
            while self._at_work:
                self._gate.wait()


@dataclass
class Workers:
    """How many threads work, and who may stop them.

    Parameters
    ----------
    threads
        At least 1.
    cancel
        Asked between jobs, on the calling thread; true stops the work.
    """

    threads: int
    cancel: Cancel | None = None
    progress: Progress | None = None
    _done: int = field(default=0, init=False)
    total: int = 0

    def each(
        self,
        jobs: int,
        work: Callable[[int, Scratch], None],
        scratch: Callable[[], Scratch],
        counts: bool = False,
    ) -> None:
        """Run ``work(job, scratch)`` for each job once; `scratch` is made once a thread.

        Raises
        ------
        Cancelled
            The cancel callback returned true.
        """
        numbers = itertools.count()
        stop = threading.Event()
        failures: list[BaseException] = []
        finished = itertools.count(1)

        def loop(main: bool) -> None:
            try:
                mine = scratch()
                while not stop.is_set():
                    job = next(numbers)
                    if job >= jobs:
                        return
                    work(job, mine)
                    count = next(finished)
                    if main:
                        self._report(count if counts else 0)
            except BaseException as error:
                failures.append(error)
                stop.set()

        helpers = _Helpers(lambda: loop(False))
        try:
            helpers.ask(min(self.threads, jobs) - 1)
            loop(True)
        finally:
            # A KeyboardInterrupt may arrive anywhere on this thread: the others stop after the
            # job in hand, and nobody writes into the caller's arrays once this returns.
            stop.set()
            helpers.dismiss()
        if failures:
            raise failures[0]
        if counts:
            self._done += jobs
            self._report(0)

    def finished(self, count: int) -> None:
        """Tell that jobs are done that were not shared out by `each`.

        Raises
        ------
        Cancelled
            The cancel callback returned true.
        """
        self._done += count
        self._report(0)

    def _report(self, count: int) -> None:
        if self.cancel is not None and self.cancel():
            raise Cancelled("The render was cancelled by its cancel callback.")
        if self.progress is not None and self.total:
            self.progress(min(self._done + count, self.total), self.total)


def thread_count(threads: int | None) -> int:
    """Return how many threads to use: `threads`, or what NUMBA_NUM_THREADS or the cores say.

    Raises
    ------
    InputError
        Not a whole number from 1 on.
    """
    if threads is None:
        from numba import config

        return int(config.NUMBA_NUM_THREADS)
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(must("threads", "be a whole number from 1 on", repr(threads)))
    return threads
