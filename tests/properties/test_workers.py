"""Threads that share out jobs: each job once, nobody at work any more once a call returns."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from smpengine import workers
from smpengine.errors import Cancelled
from smpengine.workers import Workers


def done_by(threads: int, jobs: int) -> list[int]:
    done: list[int] = []
    Workers(threads).each(jobs, lambda job, _: done.append(job), lambda: None)
    return sorted(done)


@pytest.mark.parametrize("threads", [1, 2, 3, 40])
@pytest.mark.parametrize("jobs", [0, 1, 2, 100])
def test_each_job_is_done_once(threads: int, jobs: int) -> None:
    assert done_by(threads, jobs) == list(range(jobs))


def test_calls_within_calls_and_from_many_threads() -> None:
    found: list[list[int]] = []

    def work(job: int, _: None) -> None:
        found.append(done_by(3, 20 + job))

    callers = [
        threading.Thread(target=lambda: Workers(4).each(10, work, lambda: None)) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    assert sorted(map(len, found)) == sorted(list(range(20, 30)) * 8)
    assert all(each == list(range(len(each))) for each in found)


def test_several_work_at_once() -> None:
    together = threading.Barrier(4)
    Workers(4).each(4, lambda *_: together.wait(30), lambda: None)


@pytest.mark.parametrize("who", ["caller", "helper"])
def test_an_error_stops_all_and_is_raised(who: str) -> None:
    main, together = threading.get_ident(), threading.Barrier(2)
    at_work, begun = [0], [0]

    def work(job: int, _: None) -> None:
        begun[0] += 1
        at_work[0] += 1
        try:
            if job < 2:
                together.wait(30)
            if (threading.get_ident() == main) == (who == "caller"):
                raise ValueError(f"job {job}")
            time.sleep(0.05)
        finally:
            at_work[0] -= 1

    with pytest.raises(ValueError, match="job"):
        Workers(2).each(1000, work, lambda: None)
    assert at_work == [0]
    count = begun[0]
    assert count < 10
    time.sleep(0.1)
    assert begun == [count]


def test_a_cancelled_call_waits_for_what_is_in_hand() -> None:
    together, ended = threading.Barrier(2), []

    def work(job: int, _: None) -> None:
        if job < 2:
            together.wait(30)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.1)
            ended.append(job)

    with pytest.raises(Cancelled):
        Workers(2, cancel=lambda: True).each(100, work, lambda: None)
    assert len(ended) == 1


class Late:
    """A pool whose threads come when all is over."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def submit(self, run: Callable[[], None]) -> None:
        self.asked.append(run)


def test_who_comes_late_does_nothing_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    late, made = Late(), [0]

    def scratch() -> None:
        made[0] += 1

    monkeypatch.setattr(workers, "_pool", late)
    done: list[int] = []
    Workers(3).each(5, lambda job, _: done.append(job), scratch)
    assert done == list(range(5))
    for run in late.asked:
        run()
    assert len(late.asked) == 2
    assert made == [1]


def test_without_more_threads_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def submit(self, _: object) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "_pool", Full())
    assert done_by(4, 30) == list(range(30))


def test_an_interrupt_while_others_begin_stops_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    class Interrupted:
        def submit(self, run: Callable[[], None]) -> None:
            threading.Thread(target=run).start()
            begun.wait(30)
            raise KeyboardInterrupt

    def work(job: int, _: None) -> None:
        done.append(job)
        begun.set()
        time.sleep(0.02)

    done: list[int] = []
    monkeypatch.setattr(workers, "_pool", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        Workers(2).each(10_000, work, lambda: None)
    count = len(done)
    assert 0 < count < 100
    time.sleep(0.1)
    assert len(done) == count


SCRIPT = """
import atexit, os, sys, threading
from smpengine.workers import Workers

def both():
    together = threading.Barrier(2)
    Workers(2).each(2, lambda *_: together.wait(30), lambda: None)

both()
if sys.argv[1] == "fork":
    child = os.fork()
    if not child:
        both()
        os._exit(7)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - 7)
done = []
atexit.register(lambda: print(sorted(done)))
atexit.register(lambda: Workers(2).each(9, lambda job, _: done.append(job), lambda: None))
"""


@pytest.mark.skipif(not hasattr(workers.os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_helpers_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT, "fork"], check=True, timeout=120)


def test_there_is_work_at_the_end_of_a_process_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, "exit"],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.split() == str(list(range(9))).split()
    assert not ended.stderr
