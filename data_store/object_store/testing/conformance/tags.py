"""Tags of objects: set with the content or later, kept by copies, one set a version."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsTags, SupportsVersioning
from data_store.object_store.errors import ObjectNotFound, UploadNotFound
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.conformance.streams import OneWayStream, copied_in_parts, large_size
from data_store.object_store.testing.conformance.versioned import listed, write
from data_store.object_store.testing.facts import TAGS_IN_ONE_STEP, TAGS_WITHOUT_ASCII

__all__ = ["Tags"]

SETS: dict[str, dict[str, str]] = {
    "one": {"key": "value"},
    "ten": {f"key-{number}": str(number) for number in range(10)},
    "longest": {"k" * 128: "v" * 256},
    "empty value": {"key": ""},
    "upper and lower case": {"Key": "A", "key": "a", "KEY": "b"},
    "characters that all take": {"a b+c-d=e.f_g:h/i@j": "1 2+3-4=5.6_7:8/9@0"},
    "url-encoded": {"a+b": "c=d/e:f", "1=2": "@"},
    "beyond ASCII": {"größe": "très grand", "大きさ": "大"},
}
NOT_EVERYWHERE = {"beyond ASCII": TAGS_WITHOUT_ASCII}

OF_TAGS: dict[str, Callable[[ObjectStore, str, str], object]] = {
    "get_tags": lambda store, key, bucket: store.get_tags(key, bucket),
    "set_tags": lambda store, key, bucket: store.set_tags(key, {"a": "b"}, bucket),
    "delete_tags": lambda store, key, bucket: store.delete_tags(key, bucket),
}


class Tags(ConformanceGroup):
    """Tags."""

    capability: ClassVar[type | None] = SupportsTags

    @needs(By("name", NOT_EVERYWHERE))
    @pytest.mark.parametrize("name", SETS)
    def test_tags_come_back_as_they_were_set(self, store: ObjectStore, bucket: str, name: str) -> None:
        """What set_tags gets, get_tags returns; the object stays as it is."""
        written = store.put_object(b"content", "key", bucket)
        store.set_tags("key", SETS[name], bucket)
        assert store.get_tags("key", bucket) == SETS[name]
        assert store.head_object("key", bucket).etag == written.etag

    @needs(By("name", NOT_EVERYWHERE))
    @pytest.mark.parametrize("name", SETS)
    def test_tags_come_with_an_upload(self, store: ObjectStore, bucket: str, name: str) -> None:
        """An object stored with tags has them at once."""
        store.put_object(b"content", "key", bucket, tags=SETS[name])
        assert store.get_tags("key", bucket) == SETS[name]

    @pytest.mark.parametrize("body", ["bytes", "stream"])
    def test_tags_come_with_a_large_upload(self, store: ObjectStore, bucket: str, body: str) -> None:
        """An object that travels in parts has them, too."""
        content = bytes(large_size(store))
        data = content if body == "bytes" else OneWayStream(content)
        store.put_object(data, "key", bucket, tags={"a b": "c=d"})
        assert store.get_tags("key", bucket) == {"a b": "c=d"}

    @needs(SupportsMultipart)
    def test_an_object_in_parts_has_its_tags_at_once(
        self, store: ObjectStore, another_store: ObjectStore, bucket: str
    ) -> None:
        """The server gives them to what somebody else completes, unless it leaves them to who has begun it."""
        with contextlib.suppress(UploadNotFound), store.multipart_upload("key", bucket, tags={"a": "b"}) as upload:
            part = upload.upload_part(b"content")
            another_store.complete_multipart_upload("key", upload.upload.upload_id, [part], bucket)
        at_once = TAGS_IN_ONE_STEP not in self.limits.lacks
        assert store.client.keeps_tags_of_uploads is at_once
        assert store.get_tags("key", bucket) == ({"a": "b"} if at_once else {})

    def test_setting_tags_replaces_them_all(self, store: ObjectStore, bucket: str) -> None:
        """None of the former tags is left."""
        store.put_object(b"content", "key", bucket, tags={"old": "1", "both": "1"})
        store.set_tags("key", {"both": "2", "new": "2"}, bucket)
        assert store.get_tags("key", bucket) == {"both": "2", "new": "2"}

    @pytest.mark.parametrize("how", ["delete_tags", "set_tags"])
    def test_tags_are_removed(self, store: ObjectStore, bucket: str, how: str) -> None:
        """delete_tags leaves none, nor does an empty set; removing what is not there does nothing."""
        store.put_object(b"content", "key", bucket, tags={"a": "b"})
        for _ in range(2):
            if how == "delete_tags":
                store.delete_tags("key", bucket)
            else:
                store.set_tags("key", {}, bucket)
            assert store.get_tags("key", bucket) == {}
        assert store.read_object("key", bucket) == b"content"

    def test_an_object_without_tags_has_none(self, store: ObjectStore, bucket: str) -> None:
        """get_tags returns an empty dict."""
        store.put_object(b"content", "key", bucket)
        assert store.get_tags("key", bucket) == {}

    def test_a_write_drops_the_tags_of_what_it_replaces(self, store: ObjectStore, bucket: str) -> None:
        """Tags belong to the object, not to the key."""
        store.put_object(b"old", "key", bucket, tags={"a": "b"})
        store.put_object(b"new", "key", bucket)
        assert store.get_tags("key", bucket) == {}

    @pytest.mark.parametrize("operation", OF_TAGS)
    def test_a_missing_object_has_no_tags(self, store: ObjectStore, bucket: str, operation: str) -> None:
        """Reading, setting and removing them raises ObjectNotFound with the key."""
        with pytest.raises(ObjectNotFound) as caught:
            OF_TAGS[operation](store, "missing", bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "missing")
        assert store.exists("missing", bucket) is False

    @pytest.mark.parametrize("key", ["a b", "a+b", "a%2Fb", "ä/😀", "a?tagging#b", "a&b=c"])
    def test_objects_of_special_keys_have_tags(self, store: ObjectStore, bucket: str, key: str) -> None:
        """Tags belong to that very key."""
        store.put_object(b"content", key, bucket)
        store.set_tags(key, {"a": "b"}, bucket)
        assert store.get_tags(key, bucket) == {"a": "b"}

    @pytest.mark.parametrize("size", ["small", "large"])
    @pytest.mark.parametrize(
        ("given", "expected"),
        [(None, {"of": "source"}), ({"of": "copy"}, {"of": "copy"}), ({}, {})],
        ids=["kept", "replaced", "removed"],
    )
    def test_a_copy_keeps_tags_or_gets_others(
        self, store: ObjectStore, bucket: str, size: str, given: dict[str, str] | None, expected: dict[str, str]
    ) -> None:
        """None keeps the source's tags, a value replaces them, {} is none; everything else stays, small or large."""
        content = b"content" if size == "small" else bytes(copied_in_parts(store))
        store.put_object(content, "key", bucket, tags={"of": "source"}, metadata={"a": "b"}, content_type="text/x-tags")
        store.copy_object("key", "copy", bucket, bucket, tags=given)
        assert store.get_tags("copy", bucket) == expected
        assert store.get_tags("key", bucket) == {"of": "source"}
        head = store.head_object("copy", bucket)
        assert (head.size, head.metadata, head.content_type) == (len(content), {"a": "b"}, "text/x-tags")

    def test_a_copy_that_replaces_metadata_keeps_the_tags(self, store: ObjectStore, bucket: str) -> None:
        """A value replaces only that one."""
        store.put_object(b"content", "key", bucket, tags={"a": "b"}, metadata={"old": "1"})
        store.copy_object("key", "copy", bucket, bucket, metadata={"new": "2"})
        assert store.get_tags("copy", bucket) == {"a": "b"}
        assert store.head_object("copy", bucket).metadata == {"new": "2"}

    def test_tags_are_replaced_by_a_copy_onto_itself(self, store: ObjectStore, bucket: str) -> None:
        """Copied onto itself with other tags, an object keeps all the rest."""
        store.put_object(b"content", "key", bucket, tags={"a": "b"}, metadata={"c": "d"})
        store.copy_object("key", "key", bucket, bucket, tags={"e": "f"})
        assert store.get_tags("key", bucket) == {"e": "f"}
        assert store.head_object("key", bucket).metadata == {"c": "d"}
        assert store.read_object("key", bucket) == b"content"

    def test_a_move_takes_the_tags_along(self, store: ObjectStore, bucket: str) -> None:
        """A moved object has the tags it had."""
        store.put_object(b"content", "key", bucket, tags={"a": "b"})
        store.move_object("key", "moved", bucket, bucket)
        assert store.get_tags("moved", bucket) == {"a": "b"}

    @needs(SupportsVersioning)
    def test_each_version_has_its_tags(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """With a version its tags are read, set and removed, and those of the others stay."""
        first, second = (
            write(store, b"content", unique_key, versioned_bucket, tags={"is": name}) for name in ("first", "second")
        )
        assert store.get_tags(unique_key, versioned_bucket, first) == {"is": "first"}
        store.set_tags(unique_key, {"is": "changed"}, versioned_bucket, first)
        assert store.get_tags(unique_key, versioned_bucket, first) == {"is": "changed"}
        assert store.get_tags(unique_key, versioned_bucket) == {"is": "second"}
        store.delete_tags(unique_key, versioned_bucket, second)
        assert store.get_tags(unique_key, versioned_bucket) == {}
        assert store.get_tags(unique_key, versioned_bucket, first) == {"is": "changed"}
        assert [version for version, _ in listed(store, unique_key, versioned_bucket)] == [second, first]

    @needs(SupportsVersioning)
    def test_a_deleted_object_has_no_tags(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """Under a delete marker there is no object to have tags; its version keeps them."""
        store.put_object(b"content", unique_key, versioned_bucket, tags={"a": "b"})
        version = listed(store, unique_key, versioned_bucket)[0][0]
        store.delete_object(unique_key, versioned_bucket)
        with pytest.raises(ObjectNotFound):
            store.get_tags(unique_key, versioned_bucket)
        assert store.get_tags(unique_key, versioned_bucket, version) == {"a": "b"}
