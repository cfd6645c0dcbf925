"""Tags of objects and buckets."""

from __future__ import annotations

from collections.abc import Mapping

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsBucketTags, SupportsTags
from data_store.object_store.facade.base import Facade

__all__ = ["Tags"]


class Tags(Facade):
    """Tags: ``SupportsTags`` and ``SupportsBucketTags``."""

    def get_tags(self, key: str, bucket: str | None = None, version: str | None = None) -> dict[str, str]:
        """Return the tags of an object, or of a version of it; ``{}`` if there are none."""
        client = self._of_tags("get_tags", key, bucket, version)
        return client.get_tags(self._bucket(bucket), key, version)

    def set_tags(
        self, key: str, tags: Mapping[str, str], bucket: str | None = None, version: str | None = None
    ) -> None:
        """Replace all tags of an object: at most 10, keys of 1 to 128 and values of up to 256 characters."""
        checked = validation.tags(tags)
        client = self._of_tags("set_tags", key, bucket, version)
        client.set_tags(self._bucket(bucket), key, checked, version)

    def delete_tags(self, key: str, bucket: str | None = None, version: str | None = None) -> None:
        """Remove all tags of an object."""
        client = self._of_tags("delete_tags", key, bucket, version)
        client.delete_tags(self._bucket(bucket), key, version)

    def get_bucket_tags(self, bucket: str | None = None) -> dict[str, str]:
        """Return the tags of a bucket; ``{}`` if there are none."""
        client = self._capable(SupportsBucketTags, "get_bucket_tags", bucket)
        return client.get_bucket_tags(self._bucket(bucket))

    def set_bucket_tags(self, tags: Mapping[str, str], bucket: str | None = None) -> None:
        """Replace all tags of a bucket: at most 50."""
        checked = validation.bucket_tags(tags)
        client = self._capable(SupportsBucketTags, "set_bucket_tags", bucket)
        client.set_bucket_tags(self._bucket(bucket), checked)

    def delete_bucket_tags(self, bucket: str | None = None) -> None:
        """Remove all tags of a bucket."""
        client = self._capable(SupportsBucketTags, "delete_bucket_tags", bucket)
        client.delete_bucket_tags(self._bucket(bucket))

    def _of_tags(self, operation: str, key: str, bucket: str | None, version: str | None) -> SupportsTags:
        validation.key(key)
        validation.version(version)
        client = self._capable(SupportsTags, operation, bucket, key)
        self._permit(operation, bucket, key, {"version": version})
        return client
