"""What of a set is made: a line for each variant and shard, by which a stopped run goes on.

Lines are only ever added. The last one of a name counts, and half a line, which a kill may leave,
does not.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

FILE: Final = "journal.jsonl"
_FORMAT: Final = 1
_SYNC_S: Final = 2.0


@dataclass(frozen=True)
class Record:
    """What became of a variant.

    Attributes
    ----------
    name, number
        Of the variant.
    files
        Its files, relative to the set's folder: (bytes, sha256).
    times_s
        Seconds by stage.
    error
        Why there are no files; None if all went well.
    """

    name: str
    number: int
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    times_s: dict[str, float] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Shard:
    """A shard that is whole: its file, the variants in it, and those that failed."""

    file: str
    size: int
    sha256: str
    names: list[str]
    failed: list[str]


class Journal:
    """The journal of a set.

    Parameters
    ----------
    folder
        Of the set.
    head
        What the set is of; a set of another sweep has another.

    Attributes
    ----------
    records, shards
        The last of each name, and of each file.
    renders
        How often each variant has been made.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any]) -> None:
        self._path = folder / FILE
        self._head = {"format": _FORMAT, **head}
        self._file: IO[str] | None = None
        self._synced = 0.0
        self.records: dict[str, Record] = {}
        self.shards: dict[str, Shard] = {}
        self.renders: dict[str, int] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is one."""
        return self._path.exists()

    def read(self) -> dict[str, Any]:
        """Read what is there; return its head, {} where there is none."""
        head: dict[str, Any] = {}
        for k, line in enumerate(self._lines()):
            if k == 0:
                head = line
            elif "shard" in line:
                shard = Shard(**line["shard"])
                self.shards[shard.file] = shard
            else:
                files = {file: (int(n), str(d)) for file, (n, d) in line.pop("files").items()}
                record = Record(files=files, **line)
                self.records[record.name] = record
                self.renders[record.name] = self.renders.get(record.name, 0) + 1
        return head

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.is_there:
            return
        with self._path.open("rb") as file:
            for text in file:
                if not text.endswith(b"\n"):
                    return
                try:
                    yield json.loads(text)
                except ValueError:
                    return  # nothing behind a broken line is trusted: it is made again

    def open(self) -> None:
        """Begin, or go on behind the last whole line."""
        whole = b"".join(json.dumps(line).encode() + b"\n" for line in self._lines())
        if not whole:
            whole = json.dumps(self._head).encode() + b"\n"
        if not self.is_there or self._path.read_bytes() != whole:
            new = self._path.with_name(f".smpengine-{FILE}")
            with new.open("wb") as file:
                file.write(whole)
                os.fsync(file.fileno())
            new.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def add(self, record: Record) -> None:
        """Write that a variant is made, or has failed."""
        self.records[record.name] = record
        self.renders[record.name] = self.renders.get(record.name, 0) + 1
        self._append(asdict(record))

    def add_shard(self, shard: Shard) -> None:
        """Write that a shard is whole."""
        self.shards[shard.file] = shard
        self._append({"shard": asdict(shard)})

    def _append(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        # A kill leaves what was handed to the system; only a power cut asks for more than that.
        if time.monotonic() - self._synced > _SYNC_S:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def close(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def digest_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(folder: Path, files: Mapping[str, tuple[int, str]], thorough: bool = True) -> bool:
    """Tell whether files are what the journal says.

    Parameters
    ----------
    folder
        Of the set.
    files
        By path relative to it: (bytes, sha256).
    thorough
        Read them; else only their sizes are looked at.
    """
    for name, (size, digest) in files.items():
        path = folder / name
        try:
            if path.stat().st_size != size or (thorough and digest_of(path) != digest):
                return False
        except OSError:
            return False
    return True
