"""User metadata: any text without control characters, names in lower case."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import InvalidArgument, ObjectStoreError
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.facts import FULL_METADATA, LONG_METADATA_NAMES, METADATA_UNDERSCORES
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Metadata"]

VALUES = {
    "plain": "value",
    "empty": "",
    "one space": " ",
    "space at the start": " value",
    "space at the end": "value ",
    "double spaces": "a  b   c",
    "umlaut": "Käse",
    "latin-1 only": "é",
    "chinese": "中文",
    "emoji": "👩‍👩‍👧 😀",
    "combining": "e\u0301",
    "no-break space": "a\u00a0b",
    "encoded word": "=?UTF-8?B?w6Q=?=",
    "encoded word in q": "=?iso-8859-1?q?a=E4?=",
    "begin of an encoded word": "=?UTF-8",
    "two encoded words": "=?UTF-8?B?YQ==?= =?UTF-8?B?Yg==?=",
    "percent": "100%20",
    "plus": "a+b",
    "quotes": "\"a\" 'b'",
    "comma": "a, b,c",
    "colon": "a: b",
    "markup": "<a>&amp;</a>",
    "backslash": "a\\b",
    "long": "value " * 200 + "end",
    "long umlauts": "ä" * 500,
    "equals": "==",
    "question marks": "??=?=",
}

NAMES = ("a", "with-dash", "with.dot", "0123", "n" * 70, "a!#$&'*+^`|~", "content-type", "etag")


class Metadata(ConformanceGroup):
    """Metadata."""

    @pytest.mark.parametrize("name", VALUES)
    def test_a_value_comes_back_as_it_was(self, store: ObjectStore, bucket: str, name: str) -> None:
        """HEAD and GET report the very value, whatever HTTP would do to it."""
        store.put_object(b"content", "key", bucket, metadata={"name": VALUES[name]})
        assert store.head_object("key", bucket).metadata == {"name": VALUES[name]}
        with store.get_object("key", bucket) as found:
            assert found.metadata == {"name": VALUES[name]}

    def test_many_values_come_back_together(self, store: ObjectStore, bucket: str) -> None:
        """Several names are kept apart."""
        metadata = {f"name-{number}": f"välue {number}" for number in range(20)}
        store.put_object(b"content", "key", bucket, metadata=metadata)
        assert store.head_object("key", bucket).metadata == metadata

    @pytest.mark.parametrize("name", NAMES)
    def test_a_name_comes_back_as_it_was(self, store: ObjectStore, bucket: str, name: str) -> None:
        """Names are free, and none is taken for a header of HTTP."""
        answer = store.put_object(b"content", "key", bucket, metadata={name: "value"}, content_type="text/plain")
        head = store.head_object("key", bucket)
        assert head.metadata == {name: "value"}
        assert (head.content_type, head.etag) == ("text/plain", answer.etag)

    def test_names_come_back_in_lower_case(self, store: ObjectStore, bucket: str) -> None:
        """Names are case-insensitive and reported in lower case."""
        store.put_object(b"content", "key", bucket, metadata={"Upper-Case": "Value"})
        assert store.head_object("key", bucket).metadata == {"upper-case": "Value"}

    def test_metadata_of_a_large_object_comes_back(self, store: ObjectStore, bucket: str) -> None:
        """What travels in parts has its metadata as well."""
        metadata = {"umlaut": "Käse", "spaces": " a  b "}
        store.put_object(random_bytes(large_size(store)), "key", bucket, metadata=metadata)
        assert store.head_object("key", bucket).metadata == metadata

    def test_metadata_of_a_copy_comes_back(self, store: ObjectStore, bucket: str) -> None:
        """A copy has the values as they were, not encoded once more."""
        metadata = {"umlaut": "Käse", "word": "=?UTF-8?B?w6Q=?=", "spaces": " a  b "}
        store.put_object(b"content", "key", bucket, metadata=metadata)
        store.copy_object("key", "copy", bucket, bucket)
        store.copy_object("copy", "again", bucket, bucket, content_type="text/x-own")
        assert store.head_object("copy", bucket).metadata == metadata
        assert store.head_object("again", bucket).metadata == metadata

    def test_a_name_keeps_its_underscores(self, store: ObjectStore, bucket: str) -> None:
        """An underscore stays one, where the server does not make it a dash."""
        store.put_object(b"content", "key", bucket, metadata={"under_score": "value"})
        expected = "under-score" if METADATA_UNDERSCORES in self.limits.lacks else "under_score"
        assert store.head_object("key", bucket).metadata == {expected: "value"}

    def test_a_name_of_a_hundred_bytes_comes_back(self, store: ObjectStore, bucket: str) -> None:
        """Names may be long, or the server refuses them and stores nothing."""
        metadata = {"n" * 100: "value"}
        if LONG_METADATA_NAMES in self.limits.lacks:
            _assert_refused(store, bucket, metadata)
            return
        store.put_object(b"content", "key", bucket, metadata=metadata)
        assert store.head_object("key", bucket).metadata == metadata

    def test_two_kilobytes_less_the_prefix_are_taken(self, store: ObjectStore, bucket: str) -> None:
        """2,048 bytes are allowed everywhere, if those of 'x-amz-meta-' are counted for each name."""
        metadata = {"name": "v" * (2044 - len("x-amz-meta-"))}
        store.put_object(b"content", "key", bucket, metadata=metadata)
        assert store.head_object("key", bucket).metadata == metadata

    def test_two_kilobytes_of_metadata_are_taken(self, store: ObjectStore, bucket: str) -> None:
        """2,048 bytes of names and values are allowed, or the server refuses them and stores nothing."""
        metadata = {"name": "v" * 2044}
        if FULL_METADATA in self.limits.lacks:
            _assert_refused(store, bucket, metadata)
            return
        store.put_object(b"content", "key", bucket, metadata=metadata)
        assert store.head_object("key", bucket).metadata == metadata

    @pytest.mark.parametrize(
        ("metadata", "rule"),
        [
            ({"name": "v" * 2045}, "2048"),
            ({"sp ace": "value"}, "token"),
            ({"": "value"}, "token"),
            ({"ümlaut": "value"}, "token"),
            ({"col:on": "value"}, "token"),
            ({"name": "line\nbreak"}, "control"),
            ({"name": "line\r\nInjected: yes"}, "control"),
            ({"name": "nul\0"}, "control"),
            ({"name": "a\ud800"}, "surrogate"),
            ({"name": 1}, "str"),
            ({1: "value"}, "token"),
            ({"name": "a", "NAME": "b"}, "twice"),
            (["name"], "mapping"),
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_metadata_that_cannot_travel_is_refused(
        self, store: ObjectStore, missing_bucket: str, metadata: object, rule: str
    ) -> None:
        """Broken rules are named in an InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match=rule):
            store.put_object(b"content", "key", missing_bucket, metadata=metadata)  # type: ignore[arg-type]  # mistakes

    @pytest.mark.parametrize(
        "name", ["content_type", "cache_control", "content_disposition", "content_encoding", "content_language"]
    )
    @pytest.mark.parametrize("value", ["", "a\r\nb: c", "ä", 1], ids=ascii)
    def test_a_header_that_cannot_travel_is_refused(
        self, store: ObjectStore, missing_bucket: str, name: str, value: object
    ) -> None:
        """Headers that are no visible ASCII raise InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match=name):
            store.put_object(b"content", "key", missing_bucket, **{name: value})  # type: ignore[arg-type]  # mistakes


def _assert_refused(store: ObjectStore, bucket: str, metadata: dict[str, str]) -> None:
    with pytest.raises(ObjectStoreError) as caught:
        store.put_object(b"content", "key", bucket, metadata=metadata)
    assert caught.value.code
    assert (caught.value.bucket, caught.value.key) == (bucket, "key")
    assert store.exists("key", bucket) is False
