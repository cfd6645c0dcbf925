"""The pages of the documentation, the code blocks in them, and how both they and the examples are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(
    r"(?:^<!-- *(?P<comment>.*?) *-->\n)?^(?P<fence>```+)(?P<language>[^\n]*)\n(?P<code>.*?)^(?P=fence)$", re.M | re.S
)
_NOT_RUN = "not run: "
_ON_SERVER = "on "


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Attributes:
        language: what stands behind the fence: ``python``, ``{toctree}``, nothing.
        code: what is between the fences.
        line: the number of its first line.
        why_not_run: what the page says about a block that is not run.
        server: the server on which it is run, with a ``store`` there; None: with the rest of its page.
    """

    language: str
    code: str
    line: int
    why_not_run: str | None
    server: str | None


def name(page: Path) -> str:
    """The path of a page from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def snippets(page: Path, language: str | None = None) -> Iterator[Snippet]:
    """The fenced blocks of a page, in order; of one language if it is given."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        comment = found["comment"] or ""
        why = comment.removeprefix(_NOT_RUN) if comment.startswith(_NOT_RUN) else None
        server = comment.removeprefix(_ON_SERVER) if comment.startswith(_ON_SERVER) else None
        snippet = Snippet(found["language"], found["code"], text.count("\n", 0, found.start("code")) + 1, why, server)
        if language in {None, snippet.language}:
            yield snippet


def as_module(page: Path) -> str:
    """All Python of a page as one module, each line where it stands in the page."""
    lines: list[str] = []
    for snippet in snippets(page, "python"):
        if snippet.why_not_run is None and snippet.server is None:
            lines += [""] * (snippet.line - 1 - len(lines))
            lines += snippet.code.splitlines()
    return "\n".join(lines) + "\n"


def run_python(directory: Path, *arguments: str) -> str:
    """Run Python in a directory, with nothing configured; return what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATA_STORE")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
