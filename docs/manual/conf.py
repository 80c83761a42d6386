"""The manual: README and ARCHITECTURE, docstrings, the plan's schema and the commands.

Nothing is said twice: guides take their text from README (see `_ext/parts.py`), keys from the
schema, the reference from docstrings. `scripts/manual` builds it; warnings are errors.
"""

import re
import sys
from pathlib import Path
from typing import Any

import smpengine

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project, author = "smpengine", "The smpengine authors"
copyright = "The smpengine authors, Apache-2.0"  # noqa: A001 - Sphinx' own name for it
version = release = smpengine.__version__
extensions = [
    "myst_parser", "numpydoc", "parts", "pictures",
    "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx_click",
]  # fmt: skip
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_default_options = {"members": True}
autodoc_typehints = "signature"  # numpydoc's sections add shapes and units
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
default_role = "autolink"  # `render` in a docstring leads to its page
templates_path = ["_templates"]
html_domain_indices = False
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

html_theme = "furo"
html_title = f"smpengine {version}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0f5f5a", "color-brand-content": "#0f5f5a"},
    "dark_css_variables": {"color-brand-primary": "#6fc3bb", "color-brand-content": "#6fc3bb"},
}
pygments_dark_style = "native"


def _write_names() -> None:
    """List every public name, for autosummary to make a page of each."""
    names = "\n".join(f"   smpengine.{name}" for name in smpengine.__all__)
    text = (
        "The names\n=========\n\n"
        f".. autosummary::\n   :toctree: names\n   :nosignatures:\n\n{names}\n"
    )
    there = HERE / "generated" / "names.rst"
    there.parent.mkdir(exist_ok=True)
    for page in (there.parent / "names").glob("*.rst"):  # of names that are no more
        if page.stem.removeprefix("smpengine.") not in smpengine.__all__:
            page.unlink()
    if not there.exists() or there.read_text(encoding="utf-8") != text:
        there.write_text(text, encoding="utf-8")


def _plain_arrays(*event: Any) -> tuple[str | None, str | None]:
    """Write NDArray[float32] where autodoc writes out what that stands for."""
    array = re.compile(r"~?(?:numpy\.)?ndarray\[.*?\], ~?(?:numpy\.)?dtype\[(.*?)\]\]")
    arguments, result = (array.sub(r"NDArray[\1]", each) if each else each for each in event[-2:])
    return arguments, result


def setup(app: Any) -> None:
    """Tell Sphinx."""
    app.connect("autodoc-process-signature", _plain_arrays)


_write_names()
