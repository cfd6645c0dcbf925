"""Pieces of Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

__all__ = ["attributes", "summary", "table"]

_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*)$")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; line breaks and bars in cells are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines) + "\n"


def summary(documented: object) -> str:
    """Return the first paragraph of a docstring, as Markdown."""
    return _markdown((inspect.getdoc(documented) or "").split("\n\n")[0])


def attributes(documented: type) -> dict[str, str]:
    """Return what the section ``Attributes:`` of a class says of each, as Markdown."""
    _, _, section = ((documented.__doc__ and inspect.cleandoc(documented.__doc__)) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        start = _ATTRIBUTE.match(line)
        if start:
            name, found[start[1]] = start[1], start[2]
        elif name and line.startswith(" " * 5):
            found[name] += f" {line.strip()}"
        elif line.strip():
            break
    return {name: _markdown(text) for name, text in found.items()}


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("*", "\\*")
