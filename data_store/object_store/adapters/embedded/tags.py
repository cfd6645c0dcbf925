"""Tags of objects and of buckets."""

from __future__ import annotations

from collections.abc import Mapping

from data_store.object_store.adapters.embedded.rows import Finding, bucket_id, find, packed, unpacked
from data_store.object_store.adapters.embedded.storage import Storage
from data_store.object_store.capabilities import SupportsBucketTags, SupportsTags
from data_store.object_store.models import EventKind

__all__ = ["TagOperations"]

_TAGS = Finding.of("each.tags")
_SET_BUCKET_TAGS = "UPDATE buckets SET tags = ? WHERE id = ?"


class TagOperations(Storage, SupportsTags, SupportsBucketTags):
    """Tags, of any version and of any bucket."""

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """See ``SupportsTags``."""
        with self._database.read() as connection:
            return unpacked(find(connection, _TAGS, bucket, key, version)[0])

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        """See ``SupportsTags``."""
        with self._change() as changes:
            version_id = changes.update(bucket, key, version, "tags", packed(tags))
            changes.record(changes.place(bucket, key), EventKind.TAGS_CHANGED, key, version_id)

    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        """See ``SupportsTags``."""
        self.set_tags(bucket, key, {}, version)

    def get_bucket_tags(self, bucket: str) -> dict[str, str]:
        """See ``SupportsBucketTags``."""
        with self._database.snapshot() as connection:
            found = (bucket_id(connection, bucket),)
            return unpacked(connection.execute("SELECT tags FROM buckets WHERE id = ?", found).fetchone()[0])

    def set_bucket_tags(self, bucket: str, tags: Mapping[str, str]) -> None:
        """See ``SupportsBucketTags``."""
        with self._database.write() as connection:
            connection.execute(_SET_BUCKET_TAGS, (packed(tags), bucket_id(connection, bucket)))

    def delete_bucket_tags(self, bucket: str) -> None:
        """See ``SupportsBucketTags``."""
        self.set_bucket_tags(bucket, {})
