"""The directive `picture`: code that is shown, run, and followed by the `picture` that it makes.

The engine draws the manual's pictures while it is built, so none can be out of date, and code that
does not run fails the build. Pages share a folder, and names within a page.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

import smpengine as smp


class Picture(SphinxDirective):
    """Run code, and show it with its picture."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "caption": directives.unchanged_required,
        "px_per_mm": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the code and the picture."""
        code = "\n".join(self.content)
        names = self.env.temp_data.setdefault("smpengine_names", {"__name__": "manual"})
        folder = Path(self.env.srcdir) / "generated" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        before = Path.cwd()
        os.chdir(folder)
        try:
            exec(compile(code, f"{self.env.docname} (picture)", "exec"), names)
        finally:
            os.chdir(before)
        name = hashlib.sha256(f"{self.env.docname}{self.lineno}{code}".encode()).hexdigest()[:16]
        scale = float(self.options["px_per_mm"])
        about = {"px_per_mm": scale, "output": "srgb8"}
        from smpengine.image.write import write_image

        write_image(folder / f"{name}.png", names["picture"], about)
        shown = nodes.literal_block(code, code, language="python")
        caption = self.options["caption"]
        image = nodes.image(uri=f"/generated/pictures/{name}.png", alt=caption)
        figure = nodes.figure("", image, nodes.caption("", caption), classes=["smp"])
        return [shown, figure]


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    assert smp.__version__
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True}
