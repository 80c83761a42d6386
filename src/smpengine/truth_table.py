"""`Truth`: the dots of a picture as a table, and its files: NPZ, Parquet, COCO JSON."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.files import write_files

SUFFIXES: Final = (".npz", ".parquet", ".json")
_CORNERS: Final = 16  # of a dot's polygon
_DECIMALS: Final = 3  # of a pixel: as many digits as a float64 has would triple the file


@dataclass(frozen=True)
class Truth:
    """The dots whose centres a picture shows, in columns of one length.

    Attributes
    ----------
    id
        Row of the scene's impressions.
    x_px, y_px
        Centre in the picture: pixel (j, i) covers [i, i + 1) x [j, j + 1).
    radius_px, radius_mm, depth_mm, thickness_mm
        Of the deposit.
    session
        Number of the visit.
    contrast
        1 - luminance of the centre over that of its surround, measured in the picture; other dots
        count with the surround. nan where the picture shows none.
    visible
        Whether an eye at `eye_mm` tells the dot: contrast times its contrast sensitivity, at the
        frequency of a grating whose dark half-period is the dot as wide as it is seen, is over 1.
    eye_mm
        Distance of the eye.
    px_per_mm, width_px, height_px
        Scale and size of the picture.
    """

    id: NDArray[np.int64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    radius_mm: NDArray[np.float64]
    depth_mm: NDArray[np.float64]
    thickness_mm: NDArray[np.float64]
    session: NDArray[np.int32]
    contrast: NDArray[np.float64]
    visible: NDArray[np.bool_]
    eye_mm: float
    px_per_mm: float
    width_px: int
    height_px: int

    def __len__(self) -> int:
        """Return the number of dots."""
        return int(self.id.shape[0])

    def write(self, path: str | Path, file_name: str | None = None) -> None:
        """Write the table, all or nothing.

        Parameters
        ----------
        path
            Its suffix chooses the format: .npz (an array a field), .parquet (columns, and what is
            one number in the file's metadata; needs the extra smpengine[parquet]), .json (COCO).
        file_name
            Of the picture, for COCO; that of `path` with .png when None.

        Raises
        ------
        InputError
            The suffix is unknown, or pyarrow is not installed.
        OutputError
            The file cannot be written.
        """
        target = Path(path)
        check_table_file(target)
        suffix = target.suffix.lower()
        save: Callable[[Path], object] = self._save_npz
        if suffix == ".parquet":
            save = self._save_parquet
        elif suffix == ".json":
            named = target.with_suffix(".png").name if file_name is None else file_name
            text = json.dumps(coco(self, named), allow_nan=False, separators=(",", ":"))

            def save(name: Path) -> object:
                return name.write_text(text + "\n", encoding="utf-8")

        write_files({target: save})

    def _save_npz(self, name: Path) -> None:
        with name.open("wb") as file:
            np.savez_compressed(
                file, **{each.name: getattr(self, each.name) for each in fields(self)}
            )

    def _save_parquet(self, name: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        import smpengine

        named = {each.name: getattr(self, each.name) for each in fields(self)}
        columns = {key: value for key, value in named.items() if isinstance(value, np.ndarray)}
        metadata = {key: repr(value) for key, value in named.items() if key not in columns}
        metadata["smpengine"] = smpengine.__version__
        table = pa.table(columns).replace_schema_metadata(metadata)
        # Places and depths do not repeat: to look for a dictionary of them costs time and bytes.
        parquet.write_table(table, str(name), use_dictionary=["session"])


def check_table_file(target: Path, name: str = "path") -> None:
    """Say before the work whether a table can be written in the format of a file's suffix.

    Raises
    ------
    InputError
        The suffix is unknown, or its library is not installed; messages call the file `name`.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(must(name, f"end in {', '.join(SUFFIXES)}", repr(str(target))))
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        rule = "end in .npz or .json where pyarrow is not installed"
        remedy = "For Parquet: pip install 'smpengine[parquet]'."
        raise InputError(must(name, rule, repr(str(target)), remedy=remedy))


def coco(truth: Truth, file_name: str, image_id: int = 1) -> dict[str, Any]:
    """Return the dots as annotations in COCO's format for detection of objects.

    Parameters
    ----------
    truth
        Dots of one picture.
    file_name
        Of the picture.
    image_id
        Of the picture, where several are put together.

    Returns
    -------
    dict
        info, licenses, images, annotations, categories; fit for JSON. An annotation's id is the
        row of the scene plus 1, as in `TruthMaps.instance`, whatever the window; its segmentation
        a polygon of 16 corners and its bbox [x, y, width, height], px, both within the picture;
        its category the session plus 1; its attributes depth_mm, session, contrast (None where it
        is nan) and visible.

    Notes
    -----
    T.-Y. Lin et al., Microsoft COCO (2014), https://cocodataset.org/#format-data.
    """
    import smpengine

    corners = _polygons(truth)
    low, high = corners.min(axis=1), corners.max(axis=1)
    boxes = np.round(np.concatenate([low, high - low], axis=1), _DECIMALS).tolist()
    after = np.roll(corners, -1, axis=1)
    crossed = corners[..., 0] * after[..., 1] - corners[..., 1] * after[..., 0]
    areas = np.round(0.5 * np.abs(crossed.sum(axis=1)), _DECIMALS).tolist()
    annotations = [
        {
            "id": row + 1,
            "image_id": image_id,
            "category_id": session + 1,
            "bbox": box,
            "area": area,
            "segmentation": [outline],
            "iscrowd": 0,
            "attributes": {
                "depth_mm": depth,
                "session": session,
                "contrast": contrast if math.isfinite(contrast) else None,
                "visible": visible,
            },
        }
        for row, session, box, area, outline, depth, contrast, visible in zip(
            truth.id.tolist(), truth.session.tolist(), boxes, areas,
            corners.reshape(-1, 2 * _CORNERS).tolist(), truth.depth_mm.tolist(),
            truth.contrast.tolist(), truth.visible.tolist(), strict=True,
        )
    ]  # fmt: skip
    return {
        "info": {
            "description": "Dots of a simulated picture of scalp micro-pigmentation.",
            "version": smpengine.__version__,
            "px_per_mm": truth.px_per_mm,
            "eye_mm": truth.eye_mm,
        },
        "licenses": [],
        "images": [
            {
                "id": image_id,
                "file_name": file_name,
                "width": truth.width_px,
                "height": truth.height_px,
            }
        ],
        "annotations": annotations,
        "categories": [
            {"id": session + 1, "name": f"session-{session}", "supercategory": "dot"}
            for session in np.unique(truth.session).tolist()
        ],
    }


def _polygons(truth: Truth) -> NDArray[np.float64]:
    """Return (n, corners, 2): each dot's outline, px, what lies outside moved onto the edge."""
    angle = np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)
    x = truth.x_px[:, None] + truth.radius_px[:, None] * np.cos(angle)
    y = truth.y_px[:, None] + truth.radius_px[:, None] * np.sin(angle)
    edges = np.clip(x, 0.0, truth.width_px), np.clip(y, 0.0, truth.height_px)
    return np.stack(edges, axis=2).round(_DECIMALS)
