"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from smpengine.errors import OutputError


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
