"""Parts of the embedded store that are copied from objects: what they are made from is verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import uploads
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.errors import IntegrityError
from data_store.object_store.models import CompleteOptions, CopySource, PartOptions
from tests.unit.embedded_support import (
    BUCKET,
    LARGE,
    ListOptions,
    PutOptions,
    files,
    local,
    put,
    read,
    started,
    with_bucket,
)

CONTENT = bytes(range(256)) * (2 * LARGE // 256)
DAMAGED = LARGE  # the byte


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalClient]:
    """A store with an empty bucket in a directory, in which parts may be small."""
    monkeypatch.setattr(uploads, "MIN_PART_SIZE", LARGE // 2)
    with with_bucket(local(tmp_path)) as made:
        yield made


def _make_source(client: LocalClient, etag: str) -> None:
    if etag == "of a PUT":
        put(client, "source", CONTENT, PutOptions(checksum="sha256"))
        return
    upload, parts = started(client, [CONTENT[:LARGE], CONTENT[LARGE:]], key="source")
    client.complete_multipart_upload(BUCKET, "source", upload, parts, CompleteOptions())


@pytest.mark.parametrize("etag", ["of a PUT", "of parts"])
@pytest.mark.parametrize(("offset", "length"), [(0, len(CONTENT)), (0, 10), (DAMAGED, 1), (len(CONTENT) - 1, 1)])
def test_a_part_is_not_copied_from_damaged_content(
    disk: LocalClient, tmp_path: Path, offset: int, length: int, etag: str
) -> None:
    """Wherever the damage is: else the part would vouch for it, and the object that is made of it would be valid."""
    _make_source(disk, etag)
    upload, _ = started(disk, [])
    (path,) = (tmp_path / "content").glob("*/*")
    path.write_bytes(CONTENT[:DAMAGED] + b"x" + CONTENT[DAMAGED + 1 :])
    source = CopySource(BUCKET, "source", None, offset, length)
    with pytest.raises(IntegrityError, match="the source is damaged"):
        disk.upload_part_copy(BUCKET, "key", upload, 1, source, PartOptions())
    assert disk.list_parts_page(BUCKET, "key", upload, ListOptions()).parts == ()
    assert files(tmp_path) == {"content": 1, "temp": 0, "pending": 0}


@pytest.mark.parametrize("etag", ["of a PUT", "of parts"])
@pytest.mark.parametrize(
    ("offset", "length"), [(0, len(CONTENT)), (0, 1), (1, LARGE), (LARGE - 1, 10), (len(CONTENT) - 1, 1)]
)
def test_a_part_has_the_bytes_that_were_asked_for(disk: LocalClient, offset: int, length: int, etag: str) -> None:
    """Whatever of the source is read besides."""
    _make_source(disk, etag)
    upload, _ = started(disk, [])
    source = CopySource(BUCKET, "source", None, offset, length)
    part = disk.upload_part_copy(BUCKET, "key", upload, 1, source, PartOptions())
    disk.complete_multipart_upload(BUCKET, "key", upload, [part], CompleteOptions())
    assert (part.size, read(disk, "key")) == (length, CONTENT[offset : offset + length])
