"""Workers and clients are killed at random moments, and the set is as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest

import smpengine as smp
from smpengine.sets.journal import Record
from smpengine.sets.pools import run
from smpengine.sets.schema import TruthTable
from smpengine.sets.stores import PlainFiles
from smpengine.sets.work import Made, Task, chunks_of

Contents = Callable[[Path], dict[str, bytes]]
SWEEP = """
version = 1
seeds = {seeds}
[base]
version = 1
treatment = "natural"
scalp = {{ extent_mm = [24.0, 18.0] }}
[picture]
px_per_mm = 16
size_px = [128, 96]
[[axes]]
key = "skin.type"
values = ["I-II", "VI"]
[truth]
table = true
clean = true
[output]
kind = "{kind}"
shard_count = 7
"""


def start(folder: Path, out: str, jobs: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "-o", out]
    return subprocess.Popen(
        [*command, "--jobs", str(jobs)], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finish(process: subprocess.Popen[bytes]) -> str:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out.decode()
    return out.decode()


def workers_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return found


def journalled(out: Path) -> dict[str, list[str]]:
    """Return the files of each variant that the journal has."""
    try:
        lines = (out / "journal.jsonl").read_text().splitlines(keepends=True)[1:]
    except OSError:
        return {}
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    return {row["name"]: list(row["files"]) for row in rows if "name" in row}


def stamps(out: Path, files: list[str]) -> dict[str, int]:
    return {f: (out / f).stat().st_mtime_ns for f in files if (out / f).exists()}


def wait_for(out: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    while len(journalled(out)) < count and process.poll() is None:
        time.sleep(0.005)


def torture(folder: Path, kills: int, seeds: int, kind: str, contents: Contents) -> None:
    (folder / "sweep.toml").write_text(SWEEP.format(seeds=seeds, kind=kind))
    finish(start(folder, "whole", 1))
    whole, out = contents(folder / "whole"), folder / "set"
    dice = random.Random(kills)
    moments = sorted(dice.sample(range(1, 2 * seeds - 4), kills))
    process = start(folder, "set", 2)
    done = 0
    for k, moment in enumerate(moments):
        wait_for(out, moment, process)
        time.sleep(dice.random() * 0.05)
        if process.poll() is not None:
            break
        kept = [file for files in journalled(out).values() for file in files]
        before = stamps(out, kept)
        if k % 2 == 0:
            process.kill()
            workers = workers_of(process.pid)
            process.communicate()
            for worker in workers:  # they notice by themselves
                limit = time.monotonic() + 20.0
                while Path(f"/proc/{worker}").exists() and time.monotonic() < limit:
                    time.sleep(0.01)
                assert not Path(f"/proc/{worker}").exists()
            process = start(folder, "set", 2)
        else:
            for worker in workers_of(process.pid)[:1]:
                os.kill(worker, signal.SIGKILL)
        done += 1
        after = stamps(out, kept)
        assert {file: before[file] for file in after} == after
    assert done >= kills // 2
    finish(process)
    assert contents(out) == whole
    from pyarrow import parquet

    rows = parquet.read_table(out / "manifest.parquet").to_pydict()
    assert rows["error"] == [None] * (2 * seeds)
    assert rows["renders"] == [1] * (2 * seeds)  # what was in flight never came to be counted


def test_four_kills(tmp_path: Path, contents: Contents) -> None:
    torture(tmp_path, 4, 30, "files", contents)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "webdataset", "zarr"])
def test_twenty_kills(tmp_path: Path, contents: Contents, kind: str) -> None:
    torture(tmp_path, 20, 120, kind, contents)


def test_ctrl_c_is_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP.format(seeds=40, kind="files"))
    process = start(tmp_path, "set", 1)
    wait_for(tmp_path / "set", 3, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, 2)
    assert b"the same command goes on" in out
    assert b"Traceback" not in out
    assert not workers_of(process.pid)
    there = len(journalled(tmp_path / "set"))
    assert 3 <= there < 80
    said = finish(start(tmp_path, "set", 1))
    assert f"{80 - there} rendered, {there} from before" in said


class Poisoned:
    """A pool whose workers die of one variant, and take with them what else is in flight."""

    jobs = 2

    def __init__(self, poison: int) -> None:
        self.poison = poison
        self.deaths = 0
        self.taken_along = 0
        self._flying: list[Future[Made]] = []

    def submit(self, task: Task) -> Future[Made]:
        future: Future[Made] = Future()
        self._flying.append(future)
        if self.poison in [variant.number for variant in task.variants]:
            threading.Timer(0.02, self._die).start()
        else:
            made = Made([Record(v.name, v.number) for v in task.variants])
            threading.Timer(0.04, self._finish, [future, made]).start()
        return future

    def _die(self) -> None:
        self.deaths += 1
        lost = [each for each in self._flying if not each.done()]
        self.taken_along += len(lost) - 1
        for each in lost:
            each.set_exception(BrokenExecutor("died"))

    def _finish(self, future: Future[Made], made: Made) -> None:
        if not future.done():
            future.set_result(made)

    def restart(self) -> None:
        self._flying.clear()

    def close(self) -> None:
        pass


@pytest.mark.parametrize("chunk", [1, 3])
def test_a_variant_that_workers_die_of_is_an_error_and_others_are_not(
    small_sweep: Callable[..., smp.Sweep], tmp_path: Path, chunk: int
) -> None:
    variants = small_sweep().variants
    wanted = TruthTable()
    store = PlainFiles(tmp_path, "png", wanted)
    tasks = [Task(part, wanted, store) for part in chunks_of(variants, chunk)]
    pool = Poisoned(5)
    records = [record for made in run(pool, tasks) for record in made.records]
    assert sorted(record.number for record in records) == list(range(8))
    errors = {record.number: record.error for record in records if record.error}
    assert list(errors) == [5]
    assert "workers died rendering it" in str(errors[5])
    assert pool.deaths == 4  # once in company, then three times alone
    assert pool.taken_along > 0


@pytest.mark.slow
def test_one_process_and_two_make_the_same_bits(tmp_path: Path, contents: Contents) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP.format(seeds=5, kind="webdataset"))
    finish(start(tmp_path, "one", 1))
    finish(start(tmp_path, "two", 2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_script_that_starts_processes_when_imported_is_told(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP.format(seeds=1, kind="files"))
    script = 'import smpengine as smp\nsmp.batch(smp.load_sweep("sweep.toml"), "set", jobs=1)\n'
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith('A script must ask for a set under `if __name__ == "__main__":`.')
