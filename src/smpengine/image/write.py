"""Pictures to files: PNG, TIFF, NPY, each with its scale, plan, seed and version inside.

A file is written under a temporary name in its own folder and then renamed, so that a failure
leaves nothing half-written.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import smpengine
from smpengine.errors import InputError, OutputError, must

NOTICE: Final = "Simulated picture of scalp micro-pigmentation, not a photograph."
KEY: Final = "smpengine"
"""Name of the text chunk, or JSON key, that holds the metadata."""
_KINDS: Final = {
    ".png": ("srgb8", "srgb16"),
    ".tif": ("srgb8", "srgb16", "linear", "absorbance"),
    ".tiff": ("srgb8", "srgb16", "linear", "absorbance"),
    ".npy": ("srgb8", "srgb16", "linear", "absorbance"),
}
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_LEVEL: Final = 4  # dithered skin hardly shrinks further, and higher levels take twice as long


def check_output(path: str | Path, kind: str) -> None:
    """Say before rendering whether a picture of this kind can be written there.

    Raises
    ------
    InputError
        The suffix is unknown or cannot hold such pixels.
    OutputError
        The path is a folder, or its folder does not exist or cannot be written to.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in _KINDS:
        raise InputError(must("out", f"end in {', '.join(_KINDS)}", repr(str(path))))
    if kind not in _KINDS[suffix]:
        remedy = "Write .tif or .npy, or choose srgb8 or srgb16."
        rule = f"hold {kind} pixels, which {suffix} cannot"
        raise InputError(must("out", rule, repr(str(path)), remedy=remedy))
    if target.is_dir():
        raise OutputError(must("out", "be a file", f"the folder {str(path)!r}"))
    folder = target.parent
    if not folder.is_dir():
        remedy = f"Make it first: mkdir -p {folder}"
        raise OutputError(must("out", "be in a folder that exists", repr(str(path)), remedy=remedy))
    try:
        descriptor, probe = tempfile.mkstemp(dir=folder, prefix=".smpengine-")
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        message = must("out", "be in a folder that can be written to", repr(str(path)))
        raise OutputError(f"{message} ({error.strerror})") from error


def write_image(path: str | Path, image: NDArray[Any], metadata: Mapping[str, object]) -> None:
    """Write a picture, all of it or nothing.

    Parameters
    ----------
    path
        Its suffix chooses the format: .png (8 or 16 bit), .tif or .tiff (8, 16 bit, float), .npy
        (with the metadata in a second file, PATH.json).
    image
        (height, width, 3): uint8, uint16 or float32.
    metadata
        Must have "px_per_mm" and "output" (the kind of pixels); the rest is kept as it is. The
        version and the word that it is a simulation are added.

    Raises
    ------
    InputError
        The format cannot hold the picture.
    OutputError
        It could not be written.
    """
    target = Path(path)
    check_output(target, str(metadata["output"]))
    scale = float(str(metadata["px_per_mm"]))
    described = {"notice": NOTICE, "version": smpengine.__version__, **metadata}
    text = json.dumps({KEY: described}, sort_keys=True, allow_nan=False, default=str)
    suffix = target.suffix.lower()
    if suffix == ".png":
        _atomically({target: lambda name: _write_png(name, image, scale, text)})
    elif suffix == ".npy":
        side = target.with_name(target.name + ".json")
        _atomically(
            {
                side: lambda name: name.write_text(text + "\n", encoding="utf-8"),
                target: lambda name: _write_npy(name, image),
            }
        )
    else:
        kind = str(metadata["output"])
        _atomically({target: lambda name: _write_tiff(name, image, scale, text, kind)})


def _atomically(files: Mapping[Path, Callable[[Path], object]]) -> None:
    """Write all files under temporary names, then rename them."""
    temporary: dict[Path, Path] = {}
    try:
        for target, write in files.items():
            descriptor, name = tempfile.mkstemp(
                dir=target.parent, prefix=".smpengine-", suffix=target.suffix
            )
            os.close(descriptor)
            temporary[target] = Path(name)
            write(temporary[target])
            # mkstemp makes files private; a picture is as readable as any other new file.
            umask = os.umask(0)
            os.umask(umask)
            temporary[target].chmod(0o666 & ~umask)
            with temporary[target].open("rb+") as file:
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


def _write_npy(name: Path, image: NDArray[Any]) -> None:
    """Write as `np.save` does, but through Python, which says why a write failed."""
    whole = np.ascontiguousarray(image)
    with name.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(whole)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(whole.data.cast("B"))


def _write_png(name: Path, image: NDArray[Any], px_per_mm: float, text: str) -> None:
    import imageio.v3 as iio

    if image.dtype == np.uint8:
        iio.imwrite(name, image, plugin="pillow", extension=".png", compress_level=_PNG_LEVEL)
    else:
        # Pillow has no 16-bit RGB. imageio's OpenCV plugin would write the file itself, and a full
        # disk is only a return value there: encode into memory, and let Python write.
        ok, data = _opencv_png(image)
        if not ok:
            raise OSError("the PNG encoder failed")
        name.write_bytes(data)
    per_metre = round(px_per_mm * 1000.0)
    chunks = [
        (b"sRGB", b"\x00"),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        (b"tEXt", b"Comment\x00" + NOTICE.encode("latin-1")),
        (b"tEXt", b"Software\x00smpengine " + smpengine.__version__.encode("latin-1")),
        (b"iTXt", KEY.encode("latin-1") + b"\x00\x00\x00\x00\x00" + text.encode("utf-8")),
    ]
    name.write_bytes(_with_chunks(name.read_bytes(), chunks))


def _opencv_png(image: NDArray[Any]) -> tuple[bool, bytes]:
    import cv2

    flags = [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    ok, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]), flags)
    return bool(ok), data.tobytes() if ok else b""


def _with_chunks(png: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Put chunks behind the header (PNG specification, 5.3)."""
    header_end = len(_PNG_SIGNATURE) + 4 + 4 + 13 + 4
    packed = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return png[:header_end] + packed + png[header_end:]


def _write_tiff(name: Path, image: NDArray[Any], px_per_mm: float, text: str, kind: str) -> None:
    import imageio.v3 as iio

    profile = None
    if kind.startswith("srgb"):
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    per_cm = 10.0 * px_per_mm
    iio.imwrite(
        name,
        image,
        plugin="tifffile",
        extension=".tif",
        photometric="rgb",
        compression="zlib",
        predictor=True if image.dtype != np.float32 else None,
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
        iccprofile=profile,
        software=f"smpengine {smpengine.__version__}",
        description=text,
        metadata=None,
    )


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return what `write_image` put into a file besides the pixels.

    Raises
    ------
    InputError
        The file holds no such metadata.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix == ".png":
        from PIL import Image

        with Image.open(target) as image:
            text = image.info.get(KEY)
    elif suffix == ".npy":
        side = target.with_name(target.name + ".json")
        text = side.read_text(encoding="utf-8") if side.exists() else None
    else:
        import tifffile

        with tifffile.TiffFile(target) as tiff:
            text = tiff.pages[0].description
    try:
        metadata: dict[str, Any] = json.loads(text or "")[KEY]
    except (ValueError, KeyError) as error:
        raise InputError(must(str(path), "be a file that smpengine wrote", "another")) from error
    return metadata
