"""Docstrings in Google's style, by napoleon.

Not napoleon as an extension of its own: of a property it takes "A store: made on first use" for a type and its text.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

_WITHOUT_SECTIONS = {"attribute", "data", "property"}
_CONFIG = Config(napoleon_use_ivar=True)


def _convert(app: Sphinx, what: Any, name: str, documented: Any, options: Any, lines: list[str]) -> None:
    if what not in _WITHOUT_SECTIONS:
        lines[:] = GoogleDocstring(lines, _CONFIG, app, what, name, documented, options).lines()


def setup(app: Sphinx) -> dict[str, Any]:
    """Convert each docstring before it is shown."""
    app.connect("autodoc-process-docstring", _convert)
    return {"parallel_read_safe": True}
