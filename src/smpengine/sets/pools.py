"""Who renders: processes of this machine, this process, or a Dask cluster; and who dies of it.

All give `concurrent.futures` behind `Pool`, so `run` knows none of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    as_completed,
    wait,
)
from dataclasses import replace
from typing import Protocol

from smpengine.errors import OutputError
from smpengine.sets.journal import Record
from smpengine.sets.variants import Variant
from smpengine.sets.work import Made, Task, work

_DEATHS = 3
"""Of workers that were alone with a variant; then it is the variant's fault."""


class Pool(Protocol):
    """Workers, started when first asked for."""

    jobs: int

    def submit(self, task: Task) -> Future[Made]:
        """Let a worker do a task."""

    def restart(self) -> None:
        """Start anew after a worker has died."""

    def close(self) -> None:
        """Let the workers go."""


class Here:
    """The calling process itself: one task at a time, for tests and debuggers."""

    jobs = 1

    def submit(self, task: Task) -> Future[Made]:
        """Do a task."""
        future: Future[Made] = Future()
        future.set_result(work(task))
        return future

    def restart(self) -> None:
        """Do nothing: it cannot have died."""

    def close(self) -> None:
        """Do nothing."""


def run(pool: Pool, tasks: Sequence[Task]) -> Generator[Made, None, None]:
    """Give what becomes of tasks, as they finish.

    Parameters
    ----------
    pool
        Who does them. It stays open.
    tasks
        In the order in which they are begun.

    Notes
    -----
    A worker that dies may have died of what others did beside it, as of the memory that they took,
    and a pool may lose all that was in flight with it: whatever was lost is done again alone. One
    over which workers die alone, three times, has that as its error.
    """
    waiting = deque(tasks)
    suspects: deque[tuple[Task, int]] = deque()
    flying: dict[Future[Made], tuple[Task, int]] = {}
    try:
        while waiting or suspects or flying:
            if suspects:
                if not flying:
                    task, deaths = suspects.popleft()
                    _start(pool, task, deaths, flying, waiting)
            else:
                while waiting and len(flying) < 2 * pool.jobs:
                    if not _start(pool, waiting.popleft(), 0, flying, waiting):
                        break
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            yield from _collect(pool, done, flying, suspects)
    finally:
        for future in flying:
            future.cancel()


def _start(
    pool: Pool, task: Task, deaths: int, flying: dict[Future[Made], tuple[Task, int]],
    waiting: deque[Task],
) -> bool:  # fmt: skip
    """Submit a task; a pool may have broken since the last one, and what flies will say so."""
    try:
        flying[pool.submit(task)] = task, deaths
    except BrokenExecutor:
        if not flying:
            pool.restart()
        waiting.appendleft(task)
        return False
    return True


def _collect(
    pool: Pool,
    done: set[Future[Made]],
    flying: dict[Future[Made], tuple[Task, int]],
    suspects: deque[tuple[Task, int]],
) -> Iterator[Made]:
    """Give what has finished; after a death, restart and suspect what was in flight."""
    alone = len(flying) == 1
    died = False
    for future in done:
        task, deaths = flying.pop(future)
        try:
            made = future.result()
        except (BrokenExecutor, CancelledError):
            died = True
            suspects += _suspected(task, deaths + alone)
            if alone and len(task.variants) == 1 and deaths + 1 >= _DEATHS:
                suspects.pop()
                yield Made([_dead(task)])
            continue
        except OutputError:  # there is nobody to do it
            raise
        except Exception as error:  # a cluster gave it up, or it could not be sent there
            yield Made([_lost(variant, error) for variant in task.variants])
            continue
        yield made
    if died:
        # A broken pool fails all that was in flight; some may have finished before.
        for future in as_completed(list(flying)):
            task, deaths = flying.pop(future)
            if future.cancelled() or future.exception() is not None:
                suspects += _suspected(task, deaths)
            else:
                yield future.result()
        pool.restart()


def _suspected(task: Task, deaths: int) -> list[tuple[Task, int]]:
    """Return a task's variants one by one."""
    if len(task.variants) > 1:
        deaths = 0  # nobody knows over which of them
    return [(replace(task, variants=(variant,)), deaths) for variant in task.variants]


def _lost(variant: Variant, error: Exception) -> Record:
    said = " ".join(str(error).split())
    return Record(variant.name, variant.number, error=f"{type(error).__name__}: {said}")


def _dead(task: Task) -> Record:
    variant = task.variants[0]
    error = f"{_DEATHS} workers died rendering it; the system may have run out of memory."
    return Record(variant.name, variant.number, error=error)
