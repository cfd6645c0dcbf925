"""Keys: everything that S3 allows is a key, and no key reaches another object."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store.errors import InvalidArgument, ObjectNotFound, UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["Keys"]

KEYS = {
    "one character": "a",
    "spaces": "a b  c",
    "space at the ends": " a ",
    "only a space": " ",
    "plus": "a+b",
    "percent": "100%",
    "encoded slash": "a%2Fb",
    "encoded twice": "a%252Fb",
    "malformed encoding": "a%zz%",
    "leading slash": "/a",
    "trailing slash": "a/",
    "only a slash": "/",
    "double slash": "a//b",
    "double slash at the end": "a//",
    "dot": ".",
    "dot dot": "..",
    "dot segment": "a/./b",
    "dot dot segment": "a/../b",
    "traversal": "../../etc/passwd",
    "leading dot": ".hidden/.file",
    "trailing dots": "a../b.",
    "three dots": "a/.../b",
    "backslash": "a\\..\\b",
    "dots and spaces": "a/ .. /b",
    "drive": "C:\\a",
    "question mark": "a?b=c&d",
    "hash": "a#b",
    "semicolon": "a;b=c",
    "colon and at": "a:b@c",
    "quotes": "a\"b'c`d",
    "markup": "<a>&amp;</a>",
    "cdata": "]]>",
    "brackets": "a[b]{c}^|~",
    "wildcards": "a*b?c",
    "sql": "a'; DROP TABLE objects; --",
    "sql like": "a_%b",
    "dollar": "$HOME/$(a)",
    "newline": "a\nb",
    "carriage return": "a\r\nb",
    "tab": "a\tb",
    "control character": "a\x01b",
    "delete character": "a\x7fb",
    "umlaut": "ä/ö/ü",
    "chinese": "中文/文件",
    "right to left": "مرحبا",
    "emoji": "😀/👩‍👩‍👧",
    "combining": "e\u0301",
    "precomposed": "\u00e9",
    "byte order mark": "\ufeffa",
    "no-break space": "a\u00a0b",
    "line separator": "a\u2028b",
    "reserved name": "CON/NUL.txt",
    "url": "http://host/a?b",
    "xml declaration": "<?xml?>",
    "longest in segments": "/".join(["s" * 203] * 5)[:1024].ljust(1024, "s"),
    "long segment": "s" * 300,
    "longest": "k" * 1024,
    "longest of four bytes each": "😀" * 256,
}

LOOK_ALIKES = [
    ("a//b", "a/b"),
    ("a/./b", "a/b"),
    ("c/../a/b", "a/b"),
    ("/a", "a"),
    ("a/", "a"),
    ("a%2Fb", "a/b"),
    ("a+b", "a b"),
    ("a%20b", "a b"),
    ("A", "a"),
    ("e\u0301", "\u00e9"),
    ("a ", "a"),
    (" a", "a"),
    ("a.", "a"),
    ("a\\b", "a/b"),
    ("a?b", "a"),
    ("a#b", "a"),
    ("a\n", "a"),
    ("../a", "a"),
    ("a%00b", "a"),
    ("\uff41", "a"),
]


class Keys(ConformanceGroup):
    """Keys."""

    @pytest.mark.parametrize("name", KEYS)
    def test_a_key_travels_unchanged(self, store: ObjectStore, bucket: str, name: str) -> None:
        """A key is written, read, listed, copied and deleted as it is, or refused with a reason by its rule."""
        key = KEYS[name]
        if self.limits.refusal(key):
            _assert_refused(store, bucket, key)
            return
        assert store.put_object(name.encode(), key, bucket).key == key
        assert store.read_object(key, bucket) == name.encode()
        assert store.head_object(key, bucket).key == key
        assert [found.key for found in store.list_objects(bucket=bucket)] == [key]
        assert [found.key for found in store.list_objects(key, bucket)] == [key]
        assert store.delete_object(key, bucket).key == key
        assert list(store.list_objects(bucket=bucket)) == []

    @pytest.mark.parametrize("name", KEYS)
    def test_an_object_of_any_key_is_copied_and_deleted_in_bulk(
        self, store: ObjectStore, bucket: str, name: str
    ) -> None:
        """A key is the source and the target of a copy and goes in a bulk deletion, or is refused by its rule."""
        key = KEYS[name]
        store.put_object(b"content", "plain", bucket)
        if self.limits.refusal(key):
            with pytest.raises(UnsupportedOperation):
                store.copy_object("plain", key, bucket, bucket)
            assert [found.key for found in store.list_objects(bucket=bucket)] == ["plain"]
            return
        store.copy_object("plain", key, bucket, bucket)
        store.copy_object(key, "back", bucket, bucket)
        assert store.read_object("back", bucket) == b"content"
        (outcome,) = store.delete_objects([key], bucket)
        assert (outcome.key, outcome.error) == (key, None)
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["back", "plain"]

    @pytest.mark.parametrize(("key", "twin"), LOOK_ALIKES, ids=ascii)
    def test_a_key_never_reaches_its_look_alike(self, store: ObjectStore, bucket: str, key: str, twin: str) -> None:
        """Writing, reading and deleting one key leaves the other alone, also where the server refuses it."""
        store.put_object(b"twin", twin, bucket)
        with pytest.raises((ObjectNotFound, UnsupportedOperation)):
            store.read_object(key, bucket)
        if self.limits.refusal(key):
            _assert_refused(store, bucket, key)
        else:
            store.put_object(b"key", key, bucket)
            assert store.read_object(key, bucket) == b"key"
            store.delete_object(key, bucket)
        assert [found.key for found in store.list_objects(bucket=bucket)] == [twin]
        assert store.read_object(twin, bucket) == b"twin"

    @pytest.mark.parametrize("key", ["../escaped", "/escaped", "a/../../escaped", "..\\escaped"])
    def test_a_key_is_no_path_of_this_machine(
        self, store: ObjectStore, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        """No key makes a file in or above the working directory."""
        inside = tmp_path / "inside"
        inside.mkdir()
        monkeypatch.chdir(inside)
        if self.limits.refusal(key):
            _assert_refused(store, bucket, key)
        else:
            store.put_object(b"content", key, bucket)
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["inside"]

    @pytest.mark.parametrize(
        ("key", "rule"),
        [
            ("", "empty"),
            ("k" * 1025, "1025 bytes"),
            ("ä" * 513, "1026 bytes"),
            ("a\0b", "NUL"),
            ("a\ud800b", "surrogate"),
            (b"bytes", "str"),
            (None, "str"),
            (1, "str"),
        ],
        ids=["empty", "too long", "too long in UTF-8", "NUL", "surrogate", "bytes", "None", "number"],
    )
    @pytest.mark.parametrize(
        "method", ["get_object", "read_object", "open_object", "head_object", "exists", "delete_object", "delete_file"]
    )
    def test_what_is_no_key_is_refused(
        self, store: ObjectStore, missing_bucket: str, method: str, key: object, rule: str
    ) -> None:
        """Every operation names the broken rule in an InvalidArgument, before anything is sent."""
        with pytest.raises(InvalidArgument, match=rule):
            getattr(store, method)(key, missing_bucket)

    @pytest.mark.parametrize("key", ["", "k" * 1025, "a\0b", "a\ud800b"], ids=["empty", "long", "NUL", "surrogate"])
    def test_what_is_no_key_is_not_written(
        self, store: ObjectStore, bucket: str, missing_bucket: str, tmp_path: Path, key: str
    ) -> None:
        """Puts, uploads, copies, moves, downloads and bulk deletions refuse it as well, and touch nothing."""
        source = tmp_path / "source"
        source.write_bytes(b"content")
        store.put_object(b"kept", "kept", bucket)
        for call in (
            lambda: store.put_object(b"content", key, missing_bucket),
            lambda: store.upload_file(source, key, missing_bucket),
            lambda: store.upload_object(source, key, missing_bucket),
            lambda: store.download_file(key, tmp_path / "target", missing_bucket),
            lambda: store.copy_object("kept", key, bucket, bucket),
            lambda: store.copy_object(key, "kept", bucket, bucket),
            lambda: store.move_object("kept", key, bucket, bucket),
            lambda: store.delete_objects(["kept", key], bucket),
            lambda: store.get_ranges(key, [(0, 1)], missing_bucket),
        ):
            with pytest.raises(InvalidArgument):
                call()
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["kept"]
        assert store.read_object("kept", bucket) == b"kept"

    @pytest.mark.parametrize("prefix", ["p" * 1025, "a\0", "\ud800", None, 1])
    def test_what_is_no_prefix_is_refused(self, store: ObjectStore, missing_bucket: str, prefix: object) -> None:
        """Listings refuse what no key can begin with, before anything is sent."""
        with pytest.raises(InvalidArgument, match="prefix"):
            store.list_page(prefix, missing_bucket)  # type: ignore[arg-type]  # the mistake under test


def _assert_refused(store: ObjectStore, bucket: str, key: str) -> None:
    before = [(found.key, found.etag) for found in store.list_objects(bucket=bucket)]
    with pytest.raises(UnsupportedOperation) as caught:
        store.put_object(b"content", key, bucket)
    assert caught.value.reason
    assert (caught.value.bucket, caught.value.key) == (bucket, key)
    assert [(found.key, found.etag) for found in store.list_objects(bucket=bucket)] == before
