"""WebDataset shards: tar files of variants in the order of the sweep, each packed when it is whole.

A variant's files have its name and differ after the first dot, as WebDataset groups them. Times and
owners in them are fixed, so the same variants are the same bytes.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from smpengine.files import write_files
from smpengine.sets.journal import Journal, Shard, digest_of, is_whole
from smpengine.sets.stores import PARTS
from smpengine.sets.variants import Variant

_MODE: Final = 0o644


def shards_of(variants: list[Variant], count: int) -> dict[str, list[Variant]]:
    """Return which variants each shard has, by its file: part after part, in order."""
    parts: dict[str, list[Variant]] = {}
    for variant in variants:
        parts.setdefault(variant.part, []).append(variant)
    return {
        f"{part}-{k // count:06d}.tar": members[k : k + count]
        for part, members in parts.items()
        for k in range(0, len(members), count)
    }


class Shards:
    """Packs shards as their variants are made.

    Parameters
    ----------
    folder, journal
        Of the set.
    variants, count
        All of them, and how many a shard has.
    """

    def __init__(self, folder: Path, journal: Journal, variants: list[Variant], count: int) -> None:
        self._folder = folder
        self._journal = journal
        self._members = shards_of(variants, count)
        self._of = {v.name: file for file, members in self._members.items() for v in members}
        self._whole: dict[str, bool] = {}

    def holds(self, variant: Variant, thorough: bool) -> bool:
        """Tell whether a variant is in a shard that is whole."""
        file = self._of[variant.name]
        shard = self._journal.shards.get(file)
        if shard is None or variant.name not in shard.names:
            return False
        if file not in self._whole:
            sums = {file: (shard.size, shard.sha256)}
            self._whole[file] = is_whole(self._folder, sums, thorough)
        return self._whole[file]

    def unpack(self, variant: Variant) -> None:
        """Take a whole shard apart again, for a variant that failed is made anew."""
        file = self._of[variant.name]
        shard = self._journal.shards.get(file)
        if shard is None or not (self._folder / file).exists():
            return
        parts = self._folder / PARTS
        parts.mkdir(exist_ok=True)
        with tarfile.open(self._folder / file) as tar:
            tar.extractall(parts, filter="data")

    def pack(self, made: Variant | None = None) -> None:
        """Pack what has become complete, all shards or that of a variant that was just made."""
        files = list(self._members) if made is None else [self._of[made.name]]
        for file in files:
            members = self._members[file]
            records = [self._journal.records.get(variant.name) for variant in members]
            if any(record is None for record in records):
                continue
            done = [r for r in records if r is not None and r.error is None]
            failed = [r.name for r in records if r is not None and r.error is not None]
            there = self._journal.shards.get(file)
            if there is not None and there.failed == failed and self._is_there(there):
                self._drop([name for r in done for name in r.files])
                continue
            if not all(is_whole(self._folder, r.files, thorough=False) for r in done):
                continue  # some are still to be made again
            target = self._folder / file
            paths = [name for record in done for name in sorted(record.files)]
            write_files({target: lambda name, paths=paths: self._write(name, paths)})  # type: ignore[misc]
            size, digest = target.stat().st_size, digest_of(target)
            self._journal.add_shard(Shard(file, size, digest, [r.name for r in done], failed))
            self._whole[file] = True
            self._drop(paths)

    def _is_there(self, shard: Shard) -> bool:
        if shard.file not in self._whole:
            sums: Mapping[str, tuple[int, str]] = {shard.file: (shard.size, shard.sha256)}
            self._whole[shard.file] = is_whole(self._folder, sums)
        return self._whole[shard.file]

    def _write(self, name: Path, paths: list[str]) -> None:
        form = tarfile.USTAR_FORMAT
        with name.open("wb") as out, tarfile.open(fileobj=out, mode="w", format=form) as tar:
            for path in paths:
                info = tarfile.TarInfo(Path(path).name)
                info.size, info.mode = (self._folder / path).stat().st_size, _MODE
                with (self._folder / path).open("rb") as file:
                    tar.addfile(info, file)

    def _drop(self, paths: list[str]) -> None:
        for path in paths:
            (self._folder / path).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder of parts, if all are packed."""
        parts = self._folder / PARTS
        if parts.is_dir() and not any(parts.iterdir()):
            parts.rmdir()
