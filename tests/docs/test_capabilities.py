"""Each capability has a page, which names it; the table of capabilities leads there."""

from __future__ import annotations

import re

import pytest

from data_store.object_store.capabilities import CAPABILITIES
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
NAMES = [capability.__name__ for capability in CAPABILITIES]
ROW = re.compile(r"^\| (`.+`) \|.*\[\]\((.+\.md)\) \|$", re.M)  # | `Name`, `Name` | what | [](page) |


@pytest.mark.parametrize("name", NAMES)
def test_each_capability_has_a_page_that_names_it(name):
    """Whoever finds it in a type or an error finds out what it is."""
    table = (DOCS / "capabilities.md").read_text(encoding="utf-8")
    (page,) = [page for names, page in ROW.findall(table) if f"`{name}`" in names]
    assert f"`{name}`" in (DOCS / page).read_text(encoding="utf-8")
