"""A progress bar on a terminal, for commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from smpengine.workers import Progress


@contextmanager
def progress_bar(label: str, unit: str = "tile") -> Iterator[Progress | None]:
    """Show a bar on a terminal for what takes over a second; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    delay = float(os.environ.get("TQDM_DELAY", 1.0))  # as tqdm names it; a short call shows no bar
    bar = tqdm(desc=label, unit=unit, delay=delay, leave=False)

    def report(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield report
    finally:
        bar.close()
