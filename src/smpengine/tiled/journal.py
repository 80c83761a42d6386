"""What of a tiled picture is finished: a journal beside it, by which a stopped run goes on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import OutputError, must

_FILE: Final = "journal.jsonl"
_FORMAT: Final = 1


def key_of(*parts: object) -> str:
    """Return a hash of all that decides a picture's bits: numbers, texts, arrays, dataclasses."""
    state = hashlib.sha256()
    _feed(state, parts)
    return state.hexdigest()


def _feed(state: Any, value: object) -> None:
    state.update(type(value).__name__.encode())
    if isinstance(value, np.ndarray):
        state.update(f"{value.dtype}{value.shape}".encode())
        state.update(np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            state.update(part.name.encode())
            _feed(state, getattr(value, part.name))
    elif isinstance(value, dict):
        for name in sorted(value, key=str):
            _feed(state, name)
            _feed(state, value[name])
    elif isinstance(value, list | tuple):
        state.update(str(len(value)).encode())
        for part in value:
            _feed(state, part)
    elif value is None or isinstance(value, str | int | float | np.generic):
        state.update(repr(value).encode())
    elif hasattr(value, "__dict__"):
        _feed(state, {n: v for n, v in vars(value).items() if not callable(v)})


class Journal:
    """Finished bands, a line each, and what of the pyramid was pending after the last.

    Parameters
    ----------
    part
        Folder of what is unfinished.
    key, levels
        Hash of what is drawn; how many levels its pyramid has.
    """

    def __init__(self, part: Path, key: str, levels: int) -> None:
        self._part = part
        self._key = key
        self.tiles: list[list[int]] = [[] for _ in range(levels)]
        """Sizes of the tiles that are kept in spools, of each level."""
        self.bands = 0
        """How many bands are finished."""

    def open(self, resume: bool | None) -> dict[str, NDArray[Any]] | None:
        """Begin, or go on; return the pyramid's state, if there is any.

        Parameters
        ----------
        resume
            True: there must be a journal of this picture. None: go on if there is. False: begin
            anew.

        Raises
        ------
        OutputError
            There is no journal of this picture, or it is one of another picture.
        """
        lines = self._lines()
        matches = bool(lines) and lines[0] == self._head()
        if resume and not matches:
            what = "that of another picture" if lines else "none"
            remedy = "Give the same plan and options, or leave --resume out."
            where = str(self._part)
            raise OutputError(must("journal", "be this picture's", what, where, remedy))
        if resume is False or not matches:
            if self._part.exists():
                if not (self._part / _FILE).exists() and any(self._part.iterdir()):
                    remedy = "Remove it, or write elsewhere."
                    got = "a folder without one"
                    raise OutputError(must("journal", "be there", got, str(self._part), remedy))
                shutil.rmtree(self._part)
            self._part.mkdir()
            self._append(self._head())
            return None
        for line in lines[1:]:
            self.bands = int(line["band"]) + 1
            for level, sizes in line["tiles"].items():
                self.tiles[int(level)] += sizes
        self._rewrite(lines)
        if not self.bands:
            return None
        with np.load(self._state(self.bands - 1)) as state:
            return dict(state)

    def _head(self) -> dict[str, Any]:
        return {"format": _FORMAT, "key": self._key}

    def _lines(self) -> list[dict[str, Any]]:
        """Return the whole lines; a kill may leave half of the last."""
        path, lines = self._part / _FILE, []
        if path.exists():
            for text in path.read_text(encoding="utf-8").splitlines(keepends=True):
                if not text.endswith("\n"):
                    break
                lines.append(json.loads(text))
        return lines

    def _rewrite(self, lines: list[dict[str, Any]]) -> None:
        """Drop half a line, or what is written next would stand behind it."""
        path = self._part / "journal.new"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        path.replace(self._part / _FILE)

    def _append(self, line: dict[str, Any]) -> None:
        with (self._part / _FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _state(self, band: int) -> Path:
        return self._part / f"pending-{band}.npz"

    def finished(
        self, band: int, tiles: dict[int, list[int]], state: dict[str, NDArray[Any]]
    ) -> None:
        """Write that a band is finished: first what is pending after it, then its line."""
        with self._state(band).open("wb") as file:
            np.savez(file, **state)  # type: ignore[arg-type]
        self._append({"band": band, "tiles": {str(k): v for k, v in tiles.items()}})
        for level, sizes in tiles.items():
            self.tiles[level] += sizes
        self.bands = band + 1
        self._state(band - 1).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder of what was unfinished."""
        shutil.rmtree(self._part, ignore_errors=True)
