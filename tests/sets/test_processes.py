"""Processes that render die at any moment, and nobody waits for what they held."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing
from multiprocessing import connection
from pathlib import Path

import pytest

import smpengine as smp
from smpengine.sets import processes
from smpengine.sets.processes import Processes
from smpengine.sets.schema import TruthTable
from smpengine.sets.stores import PlainFiles
from smpengine.sets.work import Made, Task

WAIT_S = 30.0


@pytest.fixture
def pool() -> Iterator[Processes]:
    made = Processes(2)
    yield made
    made.close()


def task(folder: Path) -> Task:
    """Return one of no variants."""
    wanted = TruthTable()
    return Task((), wanted, PlainFiles(folder, "png", wanted))


def pids(pool: Processes) -> list[int]:
    found = [worker._process.pid for worker in pool._workers if worker._process is not None]
    return [pid for pid in found if pid is not None]


def at_work(pool: Processes, folder: Path) -> list[int]:
    """See both processes answer, and return them."""
    for worker in pool._workers:
        worker.be_there()
    assert pool.submit(task(folder)).result(WAIT_S) == Made([])
    return pids(pool)


def closes(pool: Processes) -> threading.Thread:
    thread = threading.Thread(target=pool.close, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("victim", [0, 1])
def test_one_that_is_killed_as_the_set_ends_keeps_nobody_waiting(
    pool: Processes, tmp_path: Path, victim: int
) -> None:
    both = at_work(pool, tmp_path)
    for pid in both:  # wherever they wait, they wait there now
        os.kill(pid, signal.SIGSTOP)
    thread = closes(pool)
    time.sleep(0.2)
    os.kill(both[victim], signal.SIGKILL)
    os.kill(both[1 - victim], signal.SIGCONT)
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_one_that_does_not_end_is_killed(
    pool: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_END_S", 0.2)
    both = at_work(pool, tmp_path)
    os.kill(both[0], signal.SIGSTOP)
    thread = closes(pool)
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert not any(Path(f"/proc/{pid}").exists() for pid in both)


def test_the_dead_take_along_the_task_in_hand_alone(pool: Processes, tmp_path: Path) -> None:
    both = at_work(pool, tmp_path)
    for pid in both:
        os.kill(pid, signal.SIGSTOP)
    given = [pool.submit(task(tmp_path)) for _ in range(6)]
    time.sleep(0.2)
    os.kill(both[0], signal.SIGKILL)
    os.kill(both[1], signal.SIGCONT)
    errors = [future.exception(WAIT_S) for future in given]
    assert [type(error) for error in errors if error is not None] == [BrokenExecutor]
    assert pool.submit(task(tmp_path)).result(WAIT_S) == Made([])


def test_a_closed_pool_starts_anew(pool: Processes, tmp_path: Path) -> None:
    before = at_work(pool, tmp_path)
    pool.close()
    assert not pids(pool)
    assert not set(at_work(pool, tmp_path)) & set(before)


def test_all_of_them_render(
    pool: Processes, small_sweep: Callable[..., smp.Sweep], tmp_path: Path
) -> None:
    wanted = TruthTable()
    store = PlainFiles(tmp_path, "png", wanted)
    given = [pool.submit(Task((v,), wanted, store)) for v in small_sweep().variants]
    records = [record for future in given for record in future.result(120).records]
    assert [record.number for record in records] == list(range(8))
    assert all(record.error is None and record.files for record in records)


def refuse(_: processes._Worker) -> None:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def sweep() -> smp.Sweep:
    base = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [12.0, 9.0]}}
    size = {"px_per_mm": 8, "size_px": [24, 16]}
    return smp.Sweep.from_dict({"version": 1, "base": base, "seeds": 30, "picture": size})


def test_what_keeps_a_process_from_starting_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes._Worker, "start", refuse)
    with pytest.raises(smp.OutputError) as caught:
        smp.batch(sweep(), tmp_path / "set", jobs=3)
    assert "Resource temporarily unavailable" in str(caught.value)
    assert str(caught.value).endswith("Ask for fewer jobs than 3.")


def test_one_that_cannot_be_started_again_ends_the_run_and_fails_no_variant(
    pool: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(done: int, _: int) -> None:
        if done == 3:
            monkeypatch.setattr(processes._Worker, "start", refuse_anew)
            os.kill(pids(pool)[0], signal.SIGKILL)

    start = processes._Worker.start

    def refuse_anew(worker: processes._Worker) -> None:
        if worker._line is None:
            refuse(worker)
        start(worker)

    with pytest.raises(smp.OutputError, match="temporarily unavailable"):
        smp.batch(sweep(), tmp_path / "set", pool=pool, progress=kill)
    monkeypatch.undo()
    done = smp.batch(sweep(), tmp_path / "set", jobs=1)
    assert done.failed == 0
    assert done.kept >= 3
    assert done.made + done.kept == 30


def test_ctrl_c_while_the_mask_is_set_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = signal.pthread_sigmask

    def interrupted(how: int, signals: list[int]) -> object:
        before = mask(how, signals)
        if how == signal.SIG_BLOCK and signals:
            raise KeyboardInterrupt
        return before

    monkeypatch.setattr(signal, "pthread_sigmask", interrupted)
    with pytest.raises(KeyboardInterrupt), processes.without_ctrl_c():
        pytest.fail("never came here")
    assert mask(signal.SIG_BLOCK, []) == set()


def test_ctrl_c_again_waits_for_nobody(
    pool: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = at_work(pool, tmp_path)
    for pid in both:  # as one that renders for long
        os.kill(pid, signal.SIGSTOP)
    given = pool.submit(task(tmp_path))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert pool._threads is not None
    monkeypatch.setattr(pool._threads, "shutdown", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool.close()
    assert isinstance(given.exception(WAIT_S), BrokenExecutor)


def test_an_answer_that_was_not_taken_is_nobody_elses(
    small_sweep: Callable[..., smp.Sweep], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = TruthTable()
    store = PlainFiles(tmp_path, "png", wanted)

    def full(_: object) -> None:
        raise MemoryError

    with closing(Processes(1)) as pool:
        assert pool.submit(task(tmp_path)).result(WAIT_S) == Made([])
        with monkeypatch.context() as patch:
            patch.setattr(connection.Connection, "recv", full)
            assert isinstance(pool.submit(task(tmp_path)).exception(WAIT_S), MemoryError)
        (made,) = pool.submit(Task(small_sweep().variants[:1], wanted, store)).result(60).records
    assert made.number == 0
