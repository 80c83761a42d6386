"""Processes of this machine that render, each with a line of its own to the client.

Not `concurrent.futures`' own: its processes read one queue behind one lock, and one that is killed
while it waits there, as a set ends, leaves the others waiting at the lock for ever, and the client
for them. Here nothing is shared: who is killed takes nothing along but the task in hand.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from smpengine.errors import OutputError, must
from smpengine.sets.work import GOES_ON, Made, Task, begin, work

_STARTS: Final = 3
_END_S: Final = 10.0
"""For processes that have nothing more to do to end by themselves; then they are killed."""
_RULE: Final = "be there to render"
_GUARD: Final = 'A script must ask for a set under `if __name__ == "__main__":`.'


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
        """Let a worker do a task.

        Returns
        -------
        Future
            Of what is made; a `BrokenExecutor` where the worker died over it, an `OutputError`
            where none can be started again.

        Raises
        ------
        OutputError
            None can be started, or they end at once, as in a script that starts them when imported.
        """
        if self._threads is None:
            self._start()
            self._threads = ThreadPoolExecutor(self.jobs, "smpengine-batch", _block_signals)
        try:
            return self._threads.submit(self._do, task)
        except RuntimeError as error:  # of threads
            raise self._none(str(error)) from error

    def _start(self) -> None:
        """Start all, and see one of them answer before any is given work."""
        with contextlib.suppress(OSError):  # said of the first here, of others when they are asked
            for worker in self._workers:
                worker.start()
        self._see(self._workers[0], _GUARD)

    def _see(self, worker: _Worker, remedy: str) -> None:
        """See that a worker is there; if it ends at once a remedy is told."""
        try:
            worker.be_there()
        except EOFError as error:
            got = "ones that end at once"
            raise OutputError(must("processes", _RULE, got, remedy=remedy)) from error
        except OSError as error:
            raise self._none(error.strerror or str(error)) from error

    def _none(self, reason: str) -> OutputError:
        remedy = f"Ask for fewer jobs than {self.jobs}."
        return OutputError(must("processes", _RULE, f"none, for {reason}", remedy=remedy))

    def _do(self, task: Task) -> Made:
        worker = self._free.pop()  # there are as many threads as workers
        try:
            self._see(worker, GOES_ON)
            return worker.do(task)
        finally:
            self._free.append(worker)

    def restart(self) -> None:
        """Do nothing: a worker that has died is started again for the next task."""

    def close(self) -> None:
        """Let the workers go once they have done what they are at."""
        threads, self._threads = self._threads, None
        try:
            if threads is not None:
                threads.shutdown(wait=True, cancel_futures=True)
        except BaseException:  # Ctrl-C once more: it is not waited for
            for worker in self._workers:
                worker.kill()
            raise
        for worker in self._workers:
            worker.hang_up()
        limit = time.monotonic() + _END_S
        for worker in self._workers:
            worker.end(max(limit - time.monotonic(), 0.0))


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

    def be_there(self) -> None:
        """Start the process, unless it is there, and wait until it has said so.

        Raises
        ------
        EOFError
            It ends at once.
        OSError
            It cannot be started.
        """
        for left in reversed(range(_STARTS)):
            try:
                self.start()
                if not self._answered:
                    assert self._line is not None
                    self._line.recv()
                    self._answered = True
                return
            except (EOFError, ConnectionError) as error:
                self.end()
                if not left:
                    raise EOFError from error
            except OSError:
                self.end()
                raise

    def do(self, task: Task) -> Made:
        """Let it do a task.

        Raises
        ------
        BrokenExecutor
            It died.
        """
        assert self._line is not None
        try:
            self._line.send(task)
            made: Made = self._line.recv()
        except (OSError, EOFError) as error:
            self.end()
            raise BrokenExecutor("A worker died.") from error
        except BaseException:  # it may answer yet, and nobody would know what
            self.end(0.0)
            raise
        return made

    def kill(self) -> None:
        """End the process whatever it is at."""
        process = self._process
        if process is not None and process.pid is not None:
            process.kill()

    def hang_up(self) -> None:
        """Tell it that there is nothing more to do."""
        if self._line is None:
            return
        self._line.close()
        self._line = None
        if not self._answered:  # it begins still, and need not
            self.kill()
        self._answered = False

    def end(self, within_s: float = _END_S) -> None:
        """Hang up, and see it end."""
        self.hang_up()
        process, self._process = self._process, None
        if process is None or process.pid is None:  # it could not be started
            return
        process.join(within_s)
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


def _block_signals() -> None:
    """Keep signals from a thread: Ctrl-C is for others, and that a worker is gone is an error."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGPIPE])


@contextlib.contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from the threads and processes that begin meanwhile: it is for the client.

    A terminal sends it to all. Masks are inherited, so a worker that is begun again has it too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let it through, were it begun meanwhile
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        # One that has come already is raised here, with the mask set.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
