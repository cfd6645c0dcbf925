"""Reading: bodies that stream, whole contents, and seekable readers."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from data_store.object_store.errors import ObjectNotFound, ObjectStoreError, PreconditionFailed
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Reading"]


class Reading(ConformanceGroup):
    """Reading."""

    @pytest.mark.parametrize("method", ["get_object", "get_file"])
    def test_an_object_is_its_metadata_and_its_body(self, store: ObjectStore, bucket: str, method: str) -> None:
        """The fields of a HEAD stand flat on the object, beside a body of content_length bytes."""
        store.put_object(b"content", "key", bucket, content_type="text/x-own", metadata={"a": "b"})
        head = store.head_object("key", bucket)
        with getattr(store, method)("key", bucket) as found:
            assert (found.key, found.size, found.content_length) == ("key", 7, 7)
            assert (found.etag, found.content_type, found.metadata) == (head.etag, "text/x-own", {"a": "b"})
            assert found.updated_time is not None
            assert found.body.read() == b"content"

    def test_a_body_is_read_in_pieces(self, store: ObjectStore, bucket: str) -> None:
        """read(n) gives at most n bytes, in order, and b"" at the end."""
        content = random_bytes(10_000)
        store.put_object(content, "key", bucket)
        pieces = []
        with store.get_object("key", bucket) as found:
            while piece := found.body.read(999):
                assert len(piece) <= 999
                pieces.append(piece)
            assert found.body.read(1) == b""
        assert b"".join(pieces) == content

    def test_a_body_is_a_binary_stream(self, store: ObjectStore, bucket: str) -> None:
        """A body is readable and can be wrapped and iterated by lines as any binary file."""
        store.put_object("eins\nzwei\ndré".encode(), "key", bucket)
        with store.get_object("key", bucket) as found:
            assert found.body.readable()
            assert list(io.TextIOWrapper(io.BufferedReader(found.body), "utf-8")) == [  # type: ignore[type-var]  # a raw stream
                "eins\n",
                "zwei\n",
                "dré",
            ]

    def test_the_body_of_an_empty_object_is_at_its_end(self, store: ObjectStore, bucket: str) -> None:
        """Reading an empty object gives b""."""
        store.put_object(b"", "key", bucket)
        with store.get_object("key", bucket) as found:
            assert (found.content_length, found.body.read()) == (0, b"")

    def test_a_closed_body_is_not_read(self, store: ObjectStore, bucket: str) -> None:
        """Behind the with block a read raises ValueError, as with a closed file."""
        store.put_object(b"content", "key", bucket)
        with store.get_object("key", bucket) as found:
            pass
        with pytest.raises(ValueError, match="closed"):
            found.body.read()

    def test_unread_bodies_do_not_block_the_store(self, store: ObjectStore, bucket: str) -> None:
        """Many bodies that were closed without reading, or dropped, leave the store usable."""
        content = random_bytes(300_000)
        store.put_object(content, "key", bucket)
        for _ in range(40):
            store.get_object("key", bucket).close()
        for _ in range(40):
            store.get_object("key", bucket)
        assert store.read_object("key", bucket) == content

    def test_a_large_body_streams_whole(self, store: ObjectStore, bucket: str) -> None:
        """An object that was uploaded in parts is read as one."""
        content = random_bytes(large_size(store), seed=3)
        store.put_object(content, "key", bucket)
        pieces = []
        with store.get_object("key", bucket) as found:
            while piece := found.body.read(100_000):
                pieces.append(piece)
        assert b"".join(pieces) == content

    def test_encoded_content_is_not_decoded(self, store: ObjectStore, bucket: str) -> None:
        """Bytes stored with content_encoding gzip are read as they were stored."""
        content = gzip.compress(b"content" * 100)
        store.put_object(content, "key", bucket, content_encoding="gzip")
        assert store.read_object("key", bucket) == content
        with store.get_object("key", bucket) as found:
            assert (found.content_encoding, found.body.read()) == ("gzip", content)

    @pytest.mark.parametrize("method", ["get_object", "get_file", "read_object", "open_object", "head_object"])
    def test_reading_a_missing_object_says_so(self, store: ObjectStore, bucket: str, method: str) -> None:
        """Every way to read raises ObjectNotFound with bucket and key."""
        with pytest.raises(ObjectNotFound) as caught:
            getattr(store, method)("missing", bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "missing")

    def test_a_reader_never_mixes_two_versions(self, store: ObjectStore, bucket: str) -> None:
        """An object that is replaced while it is read gives the old content or an error, never both contents."""
        size = large_size(store)
        store.put_object(b"a" * size, "key", bucket)
        found = store.get_object("key", bucket)
        begin = found.body.read(1000)
        store.put_object(b"b" * size, "key", bucket)
        try:
            rest = found.read()
        except ObjectStoreError:
            rest = b""
        assert set(begin + rest) == {ord("a")}

    def test_a_seekable_reader_reads_anywhere(self, store: ObjectStore, bucket: str) -> None:
        """seek, tell and read work as on a file."""
        content = random_bytes(10_000)
        store.put_object(content, "key", bucket)
        with store.open_object("key", bucket, block_size=1000) as reader:
            assert (reader.seekable(), reader.readable()) == (True, True)
            assert reader.seek(9_990) == 9_990
            assert reader.read(100) == content[9_990:]
            assert reader.read(100) == b""
            reader.seek(-5000, io.SEEK_END)
            assert (reader.tell(), reader.read(1500)) == (5000, content[5000:6500])
            reader.seek(-500, io.SEEK_CUR)
            assert reader.read(10) == content[6000:6010]
            reader.seek(0)
            assert reader.read() == content

    def test_a_seekable_reader_takes_small_steps(self, store: ObjectStore, bucket: str) -> None:
        """Reads smaller than a block, over its edges, give every byte once."""
        content = random_bytes(1000)
        store.put_object(content, "key", bucket)
        with store.open_object("key", bucket, block_size=64) as reader:
            assert b"".join(iter(lambda: reader.read(7), b"")) == content

    def test_a_seekable_reader_is_a_file_to_others(self, store: ObjectStore, bucket: str) -> None:
        """A library that needs a seekable file, such as zipfile, reads from the store."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as writing:
            writing.writestr("a.txt", "eins")
            writing.writestr("b.txt", "zwei" * 5000)
        store.put_object(archive.getvalue(), "key", bucket)
        with store.open_object("key", bucket) as reader, zipfile.ZipFile(reader) as reading:
            assert (reading.testzip(), reading.read("a.txt")) == (None, b"eins")

    def test_a_seekable_reader_of_an_empty_object_is_at_its_end(self, store: ObjectStore, bucket: str) -> None:
        """An empty object can be opened, and reads as b""."""
        store.put_object(b"", "key", bucket)
        with store.open_object("key", bucket) as reader:
            assert reader.read() == b""
            assert reader.seek(0, io.SEEK_END) == 0

    def test_a_seekable_reader_is_pinned_to_one_etag(self, store: ObjectStore, bucket: str) -> None:
        """Once the object is replaced, the next request of the reader raises PreconditionFailed."""
        store.put_object(b"a" * 1000, "key", bucket)
        with store.open_object("key", bucket, block_size=10) as reader:
            assert reader.read(10) == b"a" * 10
            store.put_object(b"b" * 1000, "key", bucket)
            with pytest.raises(PreconditionFailed):
                reader.read(500)

    def test_a_closed_reader_is_not_read(self, store: ObjectStore, bucket: str) -> None:
        """A closed reader raises ValueError, as a closed file does."""
        store.put_object(b"content", "key", bucket)
        reader = store.open_object("key", bucket)
        reader.close()
        with pytest.raises(ValueError, match="closed"):
            reader.read(1)
