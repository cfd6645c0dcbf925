"""Whether there is a browser here."""

from __future__ import annotations

import importlib.util
import shutil

__all__ = ["chromium", "why_unavailable"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of Chromium; None if there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def why_unavailable() -> str | None:
    """None where a browser should start, else a sentence: what is missing here and how to get it."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed here. To get it: pip install -e '.[test]'"
    if chromium() is None:
        names = ", ".join(_PROGRAMS)
        return f"Chromium is not installed here ({names} not found). To get it on Debian: apt-get install chromium"
    return None
