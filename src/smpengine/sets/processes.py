"""Processes of this machine that render, each with a line of its own to the client.

Not `concurrent.futures`' own: its processes read one queue behind one lock, and one that is killed
while it waits there, as a set ends, leaves the others waiting at the lock for ever, and the client
for them. Here nothing is shared: who is killed takes nothing along but the task in hand.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from smpengine.errors import OutputError, must
from smpengine.sets.work import Made, Task, begin, work

_STARTS: Final = 3
_END_S: Final = 10.0
"""For a process that has nothing more to do to end by itself; then it is killed."""


class Processes:
    """Processes of this machine, one render each, started when first asked for.

    Parameters
    ----------
    jobs
        How many.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._workers = [_Worker() for _ in range(jobs)]
        self._free = deque(self._workers)
        self._threads: ThreadPoolExecutor | None = None

    def submit(self, task: Task) -> Future[Made]:
        """Let a worker do a task; a `BrokenExecutor` is what becomes of it where that one dies.

        Raises
        ------
        OutputError
            None can be started, or they end at once, as in a script that starts them when imported.
        """
        if self._threads is None:
            self._start()
            self._threads = ThreadPoolExecutor(self.jobs, "smpengine-batch")
        return self._threads.submit(self._do, task)

    def _start(self) -> None:
        """Start all, and see one of them answer before any is given work."""
        remedy = 'A script must ask for a set under `if __name__ == "__main__":`.'
        got = "ones that end at once"
        for _ in range(_STARTS):
            try:
                for worker in self._workers:
                    worker.start()
                self._workers[0].hear()
                return
            except (EOFError, ConnectionError):
                self._workers[0].end()
            except OSError as error:
                got = f"none, for {error.strerror or error}"
                remedy = f"Ask for fewer jobs than {self.jobs}."
                break
        raise OutputError(must("processes", "be there to render", got, remedy=remedy))

    def _do(self, task: Task) -> Made:
        worker = self._free.pop()  # there are as many threads as workers
        try:
            return worker.do(task)
        finally:
            self._free.append(worker)

    def restart(self) -> None:
        """Do nothing: a worker that has died is started again for the next task."""

    def close(self) -> None:
        """Let the workers go once they have done what they are at."""
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            worker.end()


class _Worker:
    """A process and the line to it; used by one thread at a time."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None
        self._answered = False

    def start(self) -> None:
        """Start the process, unless it is there."""
        if self._line is not None:
            return
        # A fork would copy the locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        self._line, its = context.Pipe()
        with its:  # an end of the line held here would keep its death from being heard
            # Ended with this process, should that be in no state to let it go.
            self._process = context.Process(target=_serve, args=(its,), daemon=True)
            with without_ctrl_c():
                self._process.start()

    def hear(self) -> None:
        """Wait until it has said that it is there; an `EOFError` if it has died."""
        if not self._answered:
            assert self._line is not None
            self._line.recv()
            self._answered = True

    def do(self, task: Task) -> Made:
        """Let it do a task, started anew where it has died before.

        Raises
        ------
        BrokenExecutor
            It died.
        """
        try:
            self.start()
            self.hear()
            assert self._line is not None
            self._line.send(task)
            made: Made = self._line.recv()
        except (OSError, EOFError) as error:
            self.end()
            raise BrokenExecutor("A worker died.") from error
        return made

    def hang_up(self) -> None:
        """Tell it that there is nothing more to do."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._answered = False

    def end(self) -> None:
        """Hang up, and see it end."""
        self.hang_up()
        process, self._process = self._process, None
        if process is None or process.pid is None:  # it could not be started
            return
        process.join(_END_S)
        if process.exitcode is None:
            process.kill()
            process.join()


def _serve(line: Connection) -> None:
    """Do tasks as they come, until the line is hung up; in the process."""
    begin()
    with contextlib.suppress(EOFError, OSError):
        line.send(None)
        while True:
            line.send(work(line.recv()))


@contextlib.contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from the threads and processes that begin meanwhile: it is for the client.

    A terminal sends it to all. Masks are inherited, so a worker that is begun again has it too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let it through, were it begun meanwhile
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
