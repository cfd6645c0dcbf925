"""Sphinx directives whose tables are made from the code at build time, so that the pages cannot lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import code_tables
import configuration_tables
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class GeneratedTable(SphinxDirective):
    """A piece of Markdown from a function of this package."""

    make: ClassVar[Callable[[], str]]

    def run(self) -> list[nodes.Node]:
        """Return the table as nodes of the page."""
        container = nodes.Element()
        self.state.nested_parse(StringList(self.make().splitlines(), "generated"), self.content_offset, container)
        return container.children


_TABLES: dict[str, Callable[[], str]] = {
    "configuration-keys": configuration_tables.configuration_keys,
    "conformance-groups": code_tables.conformance_groups,
    "errors": code_tables.errors,
    "frameworks": configuration_tables.frameworks,
    "server-limits": code_tables.server_limits,
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register one directive for each table."""
    for name, make in _TABLES.items():
        app.add_directive(name, type(name, (GeneratedTable,), {"make": staticmethod(make)}))
    return {"parallel_read_safe": True}
