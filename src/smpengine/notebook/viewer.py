"""`viewer`: a scene in a notebook, moved by the mouse, drawn by its kernel.

pointer -> the newest wish, when the last is answered -> Preview.render -> JPEG -> canvas
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smpengine.errors import InputError, SmpError, must
from smpengine.image.colour import EXPOSURE
from smpengine.image.web import encode
from smpengine.preview.preview import Preview
from smpengine.scene import Scene
from smpengine.truth import clean

if TYPE_CHECKING:
    from smpengine.plan.plan import Plan

_HERE: Final = Path(__file__).parent
_MOST_PX: Final = 2048
_PX_PER_MM: Final = (0.25, 200.0)


def viewer(shown: Plan | Scene | Preview, width_px: int = 640, height_px: int = 480) -> Any:
    """Return a widget that shows a scene: drag to move; wheel, two fingers or +/- to zoom.

    It has a slider for the exposure and a switch for the skin before. Edits of a `Preview` are
    shown by its method ``refresh()``.

    Parameters
    ----------
    shown
        A plan, a scene or a preview.
    width_px, height_px
        Of the widget, 64 to 2048.

    Returns
    -------
    anywidget.AnyWidget
        With ``refresh()``.

    Raises
    ------
    InputError
        It can show no such thing, it is too large or too small, or anywidget is not installed.
    """
    for name, size in (("width_px", width_px), ("height_px", height_px)):
        if isinstance(size, bool) or not isinstance(size, int) or not 64 <= size <= _MOST_PX:
            raise InputError(must(name, f"be a whole number from 64 to {_MOST_PX}", repr(size)))
    return _widget(_Frames(_preview_of(shown)), width_px, height_px)


def _widget(frames: _Frames, width_px: int, height_px: int) -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        remedy = "pip install 'smpengine[notebook]'."
        raise InputError(must("viewer", "have anywidget", "none", remedy=remedy)) from error

    class Viewer(anywidget.AnyWidget):  # type: ignore[misc]
        """A scene that is looked at; see `smpengine.notebook.viewer`."""

        _esm = _HERE / "viewer.js"
        _css = _HERE / "viewer.css"
        width_px = traitlets.Int().tag(sync=True)
        height_px = traitlets.Int().tag(sync=True)
        extent_mm = traitlets.List(traitlets.Float()).tag(sync=True)
        version = traitlets.Int(0).tag(sync=True)

        def refresh(self) -> None:
            """Show what a preview shows now."""
            self.extent_mm = list(frames.extent_mm)
            self.version += 1

    made = Viewer(width_px=width_px, height_px=height_px, extent_mm=list(frames.extent_mm))

    def answer(widget: Any, wish: Any, _: Any) -> None:
        try:
            said, frame = frames.draw(wish)
        except (SmpError, KeyError, OverflowError, TypeError, ValueError) as error:
            number = wish.get("number") if isinstance(wish, dict) else None
            widget.send({"number": number, "error": str(error)})
            return
        widget.send(said, [frame])

    made.on_msg(answer)
    return made


def _preview_of(shown: Any) -> Preview:
    from smpengine.plan.plan import Plan

    if isinstance(shown, Preview):
        return shown
    if isinstance(shown, Plan):
        return Preview(shown.scene())
    if isinstance(shown, Scene):
        return Preview(shown)
    raise InputError(must("shown", "be a Plan, a Scene or a Preview", type(shown).__name__))


class _Frames:
    """Draws what a widget wishes to see."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        self._of = preview.scene  # what `_before` is without its pigment
        self._before = preview.branch(clean(self._of))

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Of what is shown."""
        return self._preview.scene.extent_mm

    def draw(self, wish: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return what is said of a frame, and the frame as JPEG.

        Parameters
        ----------
        wish
            number, x_mm, y_mm (of the top left), px_per_mm, width_px, height_px, light (a factor on
            the engine's own exposure), before.
        """
        scale = min(max(float(wish["px_per_mm"]), _PX_PER_MM[0]), _PX_PER_MM[1])
        width, height = (min(int(wish[key]), _MOST_PX) for key in ("width_px", "height_px"))
        x, y = float(wish["x_mm"]), float(wish["y_mm"])
        window = x, y, x + width / scale, y + height / scale
        view = self._preview
        if wish.get("before"):
            view = self._before
            if self._preview.scene is not self._of:
                self._of = self._preview.scene
                view.show(clean(self._of))
        picture = view.render(window, scale, exposure=EXPOSURE * float(wish["light"]))
        said = {"number": wish["number"], "x_mm": x, "y_mm": y, "px_per_mm": scale}
        return said, encode(picture, "jpg")
