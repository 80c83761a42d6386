"""What a worker does: variants in, records out; and what it does when it is alone in the world."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from smpengine.errors import SmpError
from smpengine.files import unsynced
from smpengine.sets.draw import draw
from smpengine.sets.journal import Record
from smpengine.sets.manifest import SPARED
from smpengine.sets.schema import TruthTable
from smpengine.sets.stores import Store
from smpengine.sets.variants import Variant

GOES_ON = "What is made stays there: the same command goes on."
"""Told of whatever ends a run."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Task:
    """Some variants, rendered by one worker one after the other.

    Attributes
    ----------
    variants
        At least one.
    wanted
        What there is to be beside the pictures.
    store
        Where they go.
    threads
        Of one render.
    """

    variants: tuple[Variant, ...]
    wanted: TruthTable
    store: Store
    threads: int = 1


@dataclass(frozen=True)
class Made:
    """What became of a task.

    Attributes
    ----------
    records
        Of its variants, in their order; fewer where the disk was full.
    full
        Why nothing more can be written; None where it can.
    """

    records: list[Record]
    full: str | None = None


def work(task: Task) -> Made:
    """Render a task's variants. A variant that fails has its error in its record."""
    records: list[Record] = []
    for variant in task.variants:
        try:
            records.append(_made(task, variant))
        except OSError as error:  # an OutputError is one
            if is_full(error):
                return Made(records, str(error))
            records.append(_failed(variant, error))
        except Exception as error:
            records.append(_failed(variant, error))
    return Made(records)


def _made(task: Task, variant: Variant) -> Record:
    drawn = draw(variant, task.wanted, task.threads)
    since = time.perf_counter()
    with unsynced():  # the journal's sums say whether a file is whole
        files = task.store.put(variant, drawn)
    times = {**drawn.times_s, "write": time.perf_counter() - since, SPARED: drawn.spared_s}
    return Record(variant.name, variant.number, files, {k: round(v, 6) for k, v in times.items()})


def _failed(variant: Variant, error: Exception) -> Record:
    said = " ".join(str(error).split())
    kind = "" if isinstance(error, SmpError) else f"{type(error).__name__}: "
    return Record(variant.name, variant.number, error=f"{kind}{said}" or type(error).__name__)


def is_full(error: OSError) -> bool:
    """Tell whether a disk is full, by the number that the system gave."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        cause = cause.__cause__
    return False


def begin() -> None:
    """Prepare a worker process: Ctrl-C is its client's, and it does not outlive its client."""
    import multiprocessing
    from multiprocessing import connection

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        # A killed client cannot tell its workers, which would wait for it for ever.
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def chunks_of(variants: Sequence[Variant], size: int) -> list[tuple[Variant, ...]]:
    """Return variants in runs of at most `size`."""
    return [tuple(variants[k : k + size]) for k in range(0, len(variants), size)]
