"""Sessions and whole treatments by name."""

from __future__ import annotations

from typing import Any, Final

_LAYERED: Final = {"radius_spread_mm": 0.012, "mua_spread": 0.25, "gap_share": 1.0}

SESSIONS: Final[dict[str, dict[str, Any]]] = {
    "foundation": {
        **_LAYERED,
        "pigment": "grey-1",
        "density_per_cm2": 120.0,
        "radius_mm": 0.10,
        "depth_mm": 0.32,
        "depth_spread_mm": 0.05,
        "thickness_mm": 0.12,
    },
    "definition": {
        **_LAYERED,
        "pigment": "grey-3",
        "density_per_cm2": 150.0,
        "radius_mm": 0.07,
        "depth_mm": 0.20,
        "depth_spread_mm": 0.04,
        "thickness_mm": 0.10,
    },
    "texture": {
        **_LAYERED,
        "pigment": "grey-5",
        "density_per_cm2": 120.0,
        "radius_mm": 0.055,
        "radius_spread_mm": 0.010,
        "depth_mm": 0.13,
        "depth_spread_mm": 0.03,
        "thickness_mm": 0.08,
    },
    # The counter-example: large dots, all deep, one shade. It heals to a flat shadow.
    "flat-shadow": {
        "pigment": {"mua_per_mm": 30.0},
        "density_per_cm2": 150.0,
        "radius_mm": 0.16,
        "radius_spread_mm": 0.012,
        "depth_mm": 0.70,
        "depth_spread_mm": 0.05,
        "thickness_mm": 0.20,
        "mua_spread": 0.25,
        "gap_share": 0.0,
    },
}

TREATMENTS: Final[dict[str, list[dict[str, Any]]]] = {
    "natural": [
        {"preset": "foundation", "day": 0},
        {"preset": "definition", "day": 14},
        {"preset": "texture", "day": 28},
    ],
    "strong": [
        {"preset": "foundation", "day": 0, "density_per_cm2": 150.0, "depth_mm": 0.35},
        {"preset": "definition", "day": 14, "density_per_cm2": 250.0, "pigment": "grey-4"},
        {"preset": "texture", "day": 28, "density_per_cm2": 200.0, "pigment": "black"},
    ],
    "flat-shadow": [{"preset": "flat-shadow", "day": 0}],
}

NEEDLES_RADIUS_MM: Final[dict[str, float]] = {
    "1RL-0.18": 0.040,
    "1RL-0.25": 0.050,
    "1RL-0.30": 0.055,
    "3RL-0.18": 0.060,
    "3RL-0.25": 0.070,
    "3RL-0.30": 0.080,
    "5RL-0.25": 0.090,
    "5RL-0.30": 0.100,
}
"""Radius of a settled deposit by needle: so many in a round cluster, their diameter in mm. Assumed,
within the 0.07 to 0.20 mm across that settled deposits are said to have: tips taper, so a strike is
much narrower than the cluster."""

FEATHERS_MM: Final = {"natural": 6.0, "defined": 1.5}
"""Of a hairline's style, where the plan does not say."""
