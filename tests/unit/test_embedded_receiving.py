"""Tests of the embedded store's ``receiving``: from a body to a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded.content import FileContents
from data_store.object_store.adapters.embedded.receiving import receive
from tests.unit.embedded_support import LARGE, Source, files, io
from tests.unit.interrupts import interrupted_everywhere


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # where a generator is dropped
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a file that is interrupted while it is opened closes itself
def test_an_interrupt_leaves_files_that_rows_name_and_no_others(tmp_path: Path) -> None:
    """Nor a mark or a descriptor; wherever it comes: while the file is made, in the block, while the block is left."""
    contents = FileContents(tmp_path, durable=False)
    contents.prepare()
    rows: set[str | None] = set()
    descriptors = _descriptors()

    def put() -> None:
        body = Source(io.BytesIO(bytes(LARGE)), LARGE)
        with receive(contents, body, lambda file: contents.settle(file, referenced=file in rows)) as content:
            rows.add(content.file)

    assert interrupted_everywhere(put) > 50
    assert files(tmp_path) == {"content": len(rows), "temp": 0, "pending": 0}
    assert _descriptors() == descriptors


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
