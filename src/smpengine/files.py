"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from smpengine.errors import InputError, OutputError, must

_SYNCED: Final = ContextVar("synced", default=True)


@contextmanager
def unsynced() -> Iterator[None]:
    """Let `write_files` leave it to the system when files reach the disk.

    For what is compared with its checksum before it is relied on: kills lose nothing, and what a
    power cut loses is found missing. To wait for the disk costs milliseconds a file.
    """
    token = _SYNCED.set(False)
    try:
        yield
    finally:
        _SYNCED.reset(token)


def check_target(target: Path, name: str = "out", probe: bool = True) -> None:
    """Say before the work whether a file can be written there; `name` is what messages call it.

    Parameters
    ----------
    target
        The file.
    name
        What messages call it.
    probe
        Try whether the folder can be written to, which costs a millisecond.

    Raises
    ------
    OutputError
        It is a folder, or its folder does not exist or cannot be written to.
    """
    if target.is_dir():
        raise OutputError(must(name, "be a file", f"the folder {str(target)!r}"))
    folder = target.parent
    if not folder.is_dir():
        remedy = f"Make it first: mkdir -p {folder}"
        raise OutputError(
            must(name, "be in a folder that exists", repr(str(target)), remedy=remedy)
        )
    if not probe:
        return
    try:
        descriptor, made = tempfile.mkstemp(dir=folder, prefix=".smpengine-")
        os.close(descriptor)
        Path(made).unlink()
    except OSError as error:
        message = must(name, "be in a folder that can be written to", repr(str(target)))
        raise OutputError(f"{message} ({error.strerror})") from error


def take_file(taken: dict[Path, str], name: str, file: Path) -> None:
    """Refuse a file that another option names: the later would silently replace the first.

    Parameters
    ----------
    taken
        Files and what they are for, to which this one is added.
    name, file
        What messages call it, and the file; a .npy has a .json beside it.

    Raises
    ------
    InputError
        Another option has it already.
    """
    side = [file.with_name(f"{file.name}.json")] if file.suffix.lower() == ".npy" else []
    for path in (file.resolve(), *(each.resolve() for each in side)):
        if path in taken:
            rule = f"be another file than that of {taken[path]}"
            raise InputError(must(name, rule, repr(str(file))))
        taken[path] = name


def write_files(files: Mapping[Path, Callable[[Path], object]]) -> None:
    """Write all files under temporary names, then rename them.

    Raises
    ------
    OutputError
        One could not be written; nothing was left behind.
    """
    temporary: dict[Path, Path] = {}
    target = next(iter(files))
    try:
        for target, write in files.items():
            name = target.with_name(f".smpengine-{secrets.token_hex(8)}{target.suffix}")
            temporary[target] = name
            # Opened by hand: tempfile makes private files, and a picture is for others to read.
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            write(name)
            if _SYNCED.get():
                with name.open("rb+") as file:
                    os.fsync(file.fileno())
        for target in files:
            temporary.pop(target).replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "Free some space, or write elsewhere." if "space" in reason.lower() else ""
        message = f"{target} could not be written: {reason}. Nothing was left behind. {remedy}"
        raise OutputError(message.strip()) from error
    finally:
        for left in temporary.values():
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text, or nothing.

    Raises
    ------
    OutputError
        It could not be written.
    """
    write_files({path: lambda name: name.write_text(text, encoding="utf-8")})
