"""`upload`: a scene that stays on a device, so that its windows are rendered without sending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smpengine.devices import AUTO, CPU, REFERENCE, resolve
from smpengine.errors import DeviceError, SceneError, must
from smpengine.scene import Scene

if TYPE_CHECKING:
    from smpengine.panel_opencl import Uploaded


@dataclass
class Resident:
    """A scene on a device; pass it to `render` in place of the scene.

    Attributes
    ----------
    scene
        The scene.
    device
        Name of the device that it is on.
    uploaded
        Its buffers, freed with this object; None on devices that need none. Brought anew after a
        device was lost.
    """

    scene: Scene
    device: str
    uploaded: Uploaded | None

    def on(self, device: object) -> str:
        """Return the device that it is on, if it is what a caller asks for.

        Raises
        ------
        DeviceError
            It is another.
        """
        if device != AUTO and resolve(device) != self.device:
            message = must(
                "device",
                f"be {self.device!r} or 'auto', where the scene was uploaded to",
                repr(device),
                remedy="Upload it to that device, or pass the scene itself.",
            )
            raise DeviceError(message)
        return self.device

    def ready(self) -> Uploaded | None:
        """Return the buffers; brought anew if their device was lost since.

        Raises
        ------
        DeviceError
            The device is gone, or has no room any more.
        """
        if self.uploaded is not None and self.uploaded.engine.lost:
            self.uploaded = bring(self.scene, self.device)
        return self.uploaded


def upload(scene: Scene, device: str = "auto") -> Resident:
    """Bring a scene to a device, where it stays for as long as what is returned lives.

    Parameters
    ----------
    scene
        What will be rendered.
    device
        As for `render`; on "cpu" and "reference" there is nothing to bring.

    Returns
    -------
    Resident
        Pass it to `render` in place of the scene; the bits are the same.

    Raises
    ------
    SceneError
        Not a Scene.
    DeviceError
        The device is not available, or has no room.
    """
    if not isinstance(scene, Scene):
        raise SceneError(must("scene", "be a Scene", type(scene).__name__))
    if scene.skin.is_spectral:
        remedy = "Render the scene itself."
        got = f"{len(scene.skin.lambda_nm)} bands"
        raise SceneError(must("scene", "have the bands R, G, B to be kept", got, remedy=remedy))
    name = resolve(device)
    return Resident(scene, name, bring(scene, name))


def bring(scene: Scene, name: str) -> Uploaded | None:
    """Return a scene's buffers on a device; None where there is nothing to bring.

    Raises
    ------
    DeviceError
        The device is not available, or has no room.
    """
    if name in (CPU, REFERENCE):
        return None
    from smpengine.panel_opencl import upload as up
    from smpengine.raster.opencl_engine import engine_for

    return up(scene, engine_for(name))
