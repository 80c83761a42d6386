"""Renders scalp micro-pigmentation: layered pigment, light transport, high resolution.

Importing the package is quick and compiles nothing: plans, and all that needs Numba, are loaded
when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from smpengine.complexion import Complexion
from smpengine.devices import Device
from smpengine.errors import (
    Cancelled,
    DeviceError,
    InputError,
    OutputError,
    PlanError,
    SceneError,
    SmpError,
)
from smpengine.hairs import Hairs
from smpengine.impressions import Impressions
from smpengine.inventory import devices
from smpengine.light import Light
from smpengine.raster.api import rasterise
from smpengine.render import render
from smpengine.resident import Resident, upload
from smpengine.scars import Scars
from smpengine.scene import Scene, Skin
from smpengine.surface.head import Head
from smpengine.truth import clean, truth
from smpengine.truth_maps import TruthMaps, truth_maps
from smpengine.truth_table import Truth, coco
from smpengine.views.render_view import render_view
from smpengine.views.view import View

if TYPE_CHECKING:
    from smpengine.notebook.napari import napari_layers
    from smpengine.notebook.viewer import viewer
    from smpengine.photo.camera import Camera
    from smpengine.photo.fit import fit
    from smpengine.photo.fit_result import Fit
    from smpengine.photo.photograph import Photograph
    from smpengine.photo.placing import Placing
    from smpengine.photo.read_photo import read_photo
    from smpengine.photo.render_on import render_on
    from smpengine.photo.simulation import Simulation, simulate
    from smpengine.photo.write_photo import write_photo
    from smpengine.plan.load import load_plan
    from smpengine.plan.plan import Plan
    from smpengine.plan.table import read_impressions, write_impressions
    from smpengine.preview.preview import Preview, Stage
    from smpengine.service.client import Client
    from smpengine.sets.batch import Batch, batch
    from smpengine.sets.many import Failed, Rendered, render_many
    from smpengine.sets.stages import Stages
    from smpengine.sets.sweep import Sweep, load_sweep
    from smpengine.tiled.bands import Tiled, render_tiled
    from smpengine.verdict.report import Report, report

__version__ = "0.1.0"

__all__ = [
    "Batch",
    "Camera",
    "Cancelled",
    "Client",
    "Complexion",
    "Device",
    "DeviceError",
    "Failed",
    "Fit",
    "Hairs",
    "Head",
    "Impressions",
    "InputError",
    "Light",
    "OutputError",
    "Photograph",
    "Placing",
    "Plan",
    "PlanError",
    "Preview",
    "Rendered",
    "Report",
    "Resident",
    "Scars",
    "Scene",
    "SceneError",
    "Simulation",
    "Skin",
    "SmpError",
    "Stage",
    "Stages",
    "Sweep",
    "Tiled",
    "Truth",
    "TruthMaps",
    "View",
    "batch",
    "clean",
    "coco",
    "devices",
    "fit",
    "load_plan",
    "load_sweep",
    "napari_layers",
    "rasterise",
    "read_impressions",
    "read_photo",
    "render",
    "render_many",
    "render_on",
    "render_tiled",
    "render_view",
    "report",
    "simulate",
    "truth",
    "truth_maps",
    "upload",
    "viewer",
    "write_impressions",
    "write_photo",
]

_LAZY = {
    "Batch": "sets.batch",
    "Camera": "photo.camera",
    "Client": "service.client",
    "Fit": "photo.fit_result",
    "Photograph": "photo.photograph",
    "Placing": "photo.placing",
    "Plan": "plan.plan",
    "Preview": "preview.preview",
    "Report": "verdict.report",
    "fit": "photo.fit",
    "batch": "sets.batch",
    "load_plan": "plan.load",
    "load_sweep": "sets.sweep",
    "read_impressions": "plan.table",
    "read_photo": "photo.read_photo",
    "Sweep": "sets.sweep",
    "Tiled": "tiled.bands",
    "render_on": "photo.render_on",
    "render_tiled": "tiled.bands",
    "report": "verdict.report",
    "simulate": "photo.simulation",
    "Failed": "sets.many",
    "Rendered": "sets.many",
    "render_many": "sets.many",
    "Stage": "preview.preview",
    "Stages": "sets.stages",
    "Simulation": "photo.simulation",
    "napari_layers": "notebook.napari",
    "viewer": "notebook.viewer",
    "write_impressions": "plan.table",
    "write_photo": "photo.write_photo",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'smpengine' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"smpengine.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
