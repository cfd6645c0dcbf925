"""The janitor: uploads that nobody finished are aborted, and no younger ones."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.errors import UploadNotFound
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["StaleUploads"]


class StaleUploads(ConformanceGroup):
    """Stale uploads."""

    capability: ClassVar[type | None] = SupportsMultipart

    @pytest.mark.parametrize("older_than", [timedelta(0), 0, 0.0], ids=str)
    def test_stale_uploads_are_aborted(self, store: ObjectStore, bucket: str, older_than: timedelta | float) -> None:
        """Every upload that is old enough is aborted and returned, with what it is."""
        started = {key: store.create_multipart_upload(key, bucket).upload_id for key in ("a", "b/c")}
        store.upload_part(b"part", "a", started["a"], 1, bucket)
        aborted = store.abort_stale_uploads(older_than, bucket=bucket)
        assert {(each.key, each.upload_id, each.bucket) for each in aborted} == {
            (key, upload_id, bucket) for key, upload_id in started.items()
        }
        assert list(store.list_multipart_uploads(bucket=bucket)) == []
        with pytest.raises(UploadNotFound):
            store.upload_part(b"late", "a", started["a"], 2, bucket)

    @pytest.mark.parametrize("older_than", [timedelta(hours=1), 3600], ids=["timedelta", "seconds"])
    def test_younger_uploads_go_on(self, store: ObjectStore, bucket: str, older_than: timedelta | float) -> None:
        """What was started a moment ago is neither aborted nor returned, and can be completed."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"content", "key", upload_id, 1, bucket)
        assert store.abort_stale_uploads(older_than, bucket=bucket) == []
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"content"

    def test_a_dry_run_aborts_nothing(self, store: ObjectStore, bucket: str) -> None:
        """With dry_run=True what would be aborted is returned, and stays."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        assert [each.upload_id for each in store.abort_stale_uploads(0, bucket=bucket, dry_run=True)] == [upload_id]
        assert [each.upload_id for each in store.list_multipart_uploads(bucket=bucket)] == [upload_id]
        store.abort_multipart_upload("key", upload_id, bucket)

    def test_a_prefix_limits_what_is_aborted(self, store: ObjectStore, bucket: str) -> None:
        """Uploads of other keys stay, whatever their age."""
        for key in ("in/a", "in/b", "out"):
            store.create_multipart_upload(key, bucket)
        assert sorted(each.key for each in store.abort_stale_uploads(0, "in/", bucket)) == ["in/a", "in/b"]
        assert [each.key for each in store.list_multipart_uploads(bucket=bucket)] == ["out"]
        store.abort_stale_uploads(0, bucket=bucket)

    def test_objects_are_no_stale_uploads(self, store: ObjectStore, bucket: str) -> None:
        """The janitor touches no object, of one part or several."""
        with store.multipart_upload("parts", bucket) as upload:
            upload.upload_part(b"content")
        store.put_object(b"content", "plain", bucket)
        assert store.abort_stale_uploads(0, bucket=bucket) == []
        assert [store.read_object(key, bucket) for key in ("parts", "plain")] == [b"content"] * 2
