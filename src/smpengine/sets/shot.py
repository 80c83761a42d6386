"""`Shot`: one picture that `render_many` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from smpengine.errors import SceneError, must
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.render import OUTPUTS, exposure_of
from smpengine.scene import Scene
from smpengine.window import check_scale, pixel_window

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shot:
    """One picture: what is rendered, and how.

    Attributes
    ----------
    subject
        A plan or a scene.
    px_per_mm, window_mm, output, exposure, illuminant
        As `render` has them; of a plan, scale, exposure and illuminant are its own where None.
    day, faults
        Of a plan: day of the picture, and more faults.
    """

    subject: Plan | Scene
    px_per_mm: float | None = None
    window_mm: Box | None = None
    output: str = "srgb8"
    exposure: float | None = None
    illuminant: str | None = None
    day: float | None = None
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        subject: object = self.subject
        if not isinstance(subject, Plan | Scene):
            got = type(self.subject).__name__
            raise SceneError(must("subject", "be a Plan or a Scene", got))
        if isinstance(self.subject, Scene) and (self.day is not None or self.faults):
            rule = "be left out of a scene, which is of a day"
            raise SceneError(must("day and faults", rule, (self.day, self.faults)))
        if self.output not in OUTPUTS:
            raise SceneError(must("output", f"be one of {', '.join(OUTPUTS)}", repr(self.output)))

    @cached_property
    def scale(self) -> float:
        """Pixels per mm, checked."""
        plan = self.subject if isinstance(self.subject, Plan) else None
        own = 40.0 if plan is None else plan.px_per_mm
        return check_scale(own if self.px_per_mm is None else self.px_per_mm)

    @property
    def look(self) -> tuple[float | None, str]:
        """Exposure and illuminant."""
        exposure, illuminant = self.exposure, self.illuminant
        if isinstance(self.subject, Plan):
            exposure = self.subject.exposure if exposure is None else exposure
            illuminant = illuminant or self.subject.illuminant
        return exposure_of(exposure), illuminant or "D65"

    @cached_property
    def plan(self) -> Plan | None:
        """The plan with its faults; None of a scene."""
        if not isinstance(self.subject, Plan):
            return None
        return self.subject.with_faults(*self.faults) if self.faults else self.subject

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Width and height of the scalp."""
        return self.subject.extent_mm

    @property
    def window(self) -> PixelWindow:
        """The pixels, checked."""
        return pixel_window(self.extent_mm, self.scale, self.window_mm)

    @property
    def picture(self) -> dict[str, object]:
        """What `place.scene_of` wants to know of it."""
        return {"px_per_mm": self.scale, "window_mm": self.window_mm, "day": self.day}
