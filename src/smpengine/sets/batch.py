"""`batch`: a sweep to a set of pictures on the disk; what is there and whole is not made again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import smpengine
from smpengine.errors import Cancelled, InputError, OutputError, must
from smpengine.sets.card import write_card
from smpengine.sets.journal import Journal, is_whole
from smpengine.sets.manifest import MANIFEST, SPARED, check_parquet, write_manifest
from smpengine.sets.order import ordered
from smpengine.sets.pools import Pool, run
from smpengine.sets.processes import Processes
from smpengine.sets.shards import Shards
from smpengine.sets.stores import Store, clear_rests, store_of
from smpengine.sets.sweep import Sweep
from smpengine.sets.variants import Variant
from smpengine.sets.work import GOES_ON, Made, Task, chunks_of, is_full
from smpengine.workers import Cancel, Progress

_LOCK = ".lock"


@dataclass(frozen=True)
class Batch:
    """What became of a sweep.

    Attributes
    ----------
    folder
        Where the set is.
    variants, made, kept, failed
        How many there are, were rendered now, were there before, and have an error.
    damaged
        How many were there and were not what the journal says, and so were made again.
    strangers
        How many variants of an earlier sweep have files in the folder; the manifest has none of
        them.
    spared_s
        Seconds of one process that variants have spared each other: by plan, day and skin one after
        the other, they use again what dots and pictures the ones before were made of.
    errors
        The first few, a line each.
    """

    folder: Path
    variants: int
    made: int
    kept: int
    failed: int
    damaged: int
    strangers: int
    spared_s: float
    errors: tuple[str, ...]


def batch(
    sweep: Sweep,
    folder: str | Path,
    *,
    jobs: int | None = None,
    threads: int = 1,
    retry: bool = False,
    thorough: bool = True,
    chunk: int = 1,
    pool: Pool | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Batch:
    """Render a sweep into a folder.

    Parameters
    ----------
    sweep
        As `load_sweep` returns it.
    folder
        Of the set; made if it is not there. One that holds a set of this sweep is gone on with.
    jobs
        Number of processes; as many as cores when None. A script that calls this must be
        importable: `if __name__ == "__main__":`.
    threads
        Of each of them. The bits depend on neither.
    retry
        Try again what failed before.
    thorough
        Read what is there and compare its checksums; else only its sizes.
    chunk
        Variants that are handed to a process at once.
    pool
        Who renders, instead of `jobs` processes.
    progress, cancel
        ``progress(done, total)``; ``cancel()`` returns true to stop. Called on this thread.

    Returns
    -------
    Batch
        A variant that failed has its error in the manifest, and does not stop the others.

    Raises
    ------
    InputError
        The folder holds something else, or the set cannot be stored as the sweep says.
    OutputError
        The disk is full, or the folder cannot be written to, or another run is at work in it. What
        is made stays: the same call goes on.
    Cancelled
        `cancel` returned true; likewise.
    """
    target = Path(folder)
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise InputError(must("jobs", "be a whole number of at least 1", repr(jobs)))
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise InputError(must("chunk", "be a whole number of at least 1", repr(chunk)))
    check_parquet()
    variants = sweep.variants
    journal = Journal(target, _head(sweep, variants))
    _prepare(target, sweep, journal)
    with _locked(target):
        clear_rests(target)
        try:
            return _Run(sweep, target, variants, journal, threads, thorough).go(
                pool or Processes(jobs or cores()), retry, chunk, progress, cancel
            )
        except OSError as error:
            if is_full(error):
                raise OutputError(_full(str(error))) from error
            if isinstance(error, OutputError):
                raise
            reason = error.strerror or str(error)
            raise OutputError(f"{target} cannot be written to: {reason}. {GOES_ON}") from error
        finally:
            journal.close()


def _full(said: str) -> str:
    """Return what a full disk is told by, from what the first to meet it said."""
    what = said.split(" could not be written")
    where = f" at {what[0]}" if len(what) > 1 else ""
    return f"The disk is full{where}. Free some space. {GOES_ON}"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _head(sweep: Sweep, variants: list[Variant]) -> dict[str, Any]:
    """Return what a set is of, for its journal."""
    output = sweep.table.output
    ordered = output.kind != "files"  # shards and chunks go by number, files only by name
    names = [v.name + v.part for v in variants] if ordered else []
    said = [output.shard_count if ordered else 0, names]
    key = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return {"kind": output.kind, "key": key, "version": smpengine.__version__}


def _prepare(folder: Path, sweep: Sweep, journal: Journal) -> None:
    """Make the folder, or see that it holds a set of this sweep."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = not journal.is_there and any(
            path.name not in (_LOCK,) for path in folder.iterdir()
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder} cannot be made: {reason}.") from error
    if foreign:
        remedy = "Choose a new folder."
        raise InputError(must("out", "be empty, or hold a set", repr(str(folder)), remedy=remedy))
    head = journal.read()
    mine = _head(sweep, sweep.variants)
    if head and any(head.get(key) != mine[key] for key in ("kind", "key")):
        remedy = "Choose a new folder, or give the sweep that it is of."
        got = f"one of {head.get('kind')} from another"
        raise InputError(must("out", "hold a set of this sweep", got, str(folder), remedy))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other runs out; the system lets go of the lock when this process ends, however."""
    try:
        file = (folder / _LOCK).open("w")
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder} cannot be written to: {reason}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            rule, got = "have one run at a time", "another that is at work in it"
            raise OutputError(must(str(folder), rule, got)) from error
        yield


class _Run:
    """One run over a set."""

    def __init__(
        self, sweep: Sweep, folder: Path, variants: list[Variant], journal: Journal, threads: int,
        thorough: bool,
    ) -> None:  # fmt: skip
        self._sweep = sweep
        self._folder = folder
        self._variants = variants
        self._journal = journal
        self._threads = threads
        self._thorough = thorough
        self._by_name = {variant.name: variant for variant in variants}
        self._shards: Shards | None = None
        if sweep.table.output.kind == "webdataset":
            count = sweep.table.output.shard_count
            self._shards = Shards(folder, journal, variants, count)
        self._damaged = 0
        self._spared_s = 0.0

    def go(
        self, pool: Pool, retry: bool, chunk: int, progress: Progress | None, cancel: Cancel | None
    ) -> Batch:
        self._journal.open()
        # Absolute, for workers of a cluster may be at work in other folders than this process.
        store = store_of(self._folder.absolute(), self._sweep.table, self._variants)
        missing = [v for v in self._variants if not self._is_made(v, store, retry)]
        total, kept = len(self._variants), len(self._variants) - len(missing)
        tasks = [
            Task(part, self._sweep.table.truth, store, self._threads)
            for part in chunks_of(ordered(missing), chunk)
        ]
        made = 0
        results = run(pool, tasks)
        try:
            if progress is not None and kept:
                progress(kept, total)
            for result in results:
                made += len(result.records)
                self._take(result)
                if progress is not None:
                    progress(kept + made, total)
                if cancel is not None and cancel():
                    raise Cancelled(f"cancelled after {kept + made} of {total} variants")
        finally:
            # Queued tasks are dropped; what is being rendered is waited for, and made again.
            results.close()
            pool.close()
            clear_rests(self._folder)  # of workers that died
        return self._finish(made, kept)

    def _is_made(self, variant: Variant, store: Store, retry: bool) -> bool:
        """Tell whether a variant is there and whole, or failed and need not be tried again."""
        record = self._journal.records.get(variant.name)
        if record is None:
            return False
        if record.error is not None:
            if retry and self._shards is not None:
                self._shards.unpack(variant)
            return not retry
        if sorted(record.files) != sorted(store.expected(variant)):
            return False
        if self._shards is not None and self._shards.holds(variant, self._thorough):
            return True
        if is_whole(self._folder, record.files, self._thorough):
            return True
        self._damaged += 1
        return False

    def _take(self, result: Made) -> None:
        for record in result.records:
            before = self._journal.records.get(record.name)
            self._journal.add(record)
            self._spared_s += record.times_s.get(SPARED, 0.0)
            # In another part of the split, or with other files beside it, it leaves nothing behind.
            for file in set(before.files if before is not None else ()) - set(record.files):
                (self._folder / file).unlink(missing_ok=True)
            if self._shards is not None:
                self._shards.pack(self._by_name[record.name])
        if result.full is not None:
            raise OutputError(_full(result.full))

    def _finish(self, made: int, kept: int) -> Batch:
        if self._shards is not None:
            self._shards.pack()
            self._shards.close()
        records = self._journal.records
        errors = [
            f"number {v.number} ({v.name}): {records[v.name].error}"
            for v in self._variants if records[v.name].error is not None
        ]  # fmt: skip
        write_manifest(self._folder / MANIFEST, self._variants, self._journal, self._shards_of())
        write_card(self._folder, self._sweep, self._journal)
        return Batch(
            self._folder, len(self._variants), made, kept, len(errors), self._damaged,
            sum(1 for r in records.values() if r.files and r.name not in self._by_name),
            self._spared_s, tuple(errors[:10]),
        )  # fmt: skip

    def _shards_of(self) -> dict[str, str]:
        """Return in which shard each variant is."""
        shards = self._journal.shards.values() if self._shards is not None else ()
        return {name: shard.file for shard in shards for name in shard.names}
