"""Conditions on writes of every kind and size: what they compare and what they write is one step."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from data_store.object_store.capabilities import SupportsVersioning
from data_store.object_store.errors import IntegrityError, PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import Condition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.conformance.streams import OneWayStream, copied_in_parts, large_size
from data_store.object_store.testing.conformance.versioned import listed, write
from data_store.object_store.testing.facts import (
    CONDITIONS_WITH_VERSIONS,
    MARKERS_ARE_ABSENCE,
    PICKLING,
    READS_WHILE_REPLACED,
)
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["ConditionalWrites"]

OTHER = "0123456789abcdef0123456789abcdef"
SIZES: dict[str, Callable[[ObjectStore], int]] = {
    "empty": lambda _store: 0,
    "small": lambda _store: 1000,
    "large": copied_in_parts,
}
OF_COPIES = By("size", {"empty": Condition.PUT, "small": Condition.COPY, "large": Condition.COPY})
WRITERS = 16
PROCESSES = 4


def _add(store: ObjectStore, bucket: str, times: int, torn: bool = False) -> None:
    """Add one to the number in the object "counter", so many times, again whenever somebody else was faster."""
    again = (PreconditionFailed, IntegrityError) if torn else (PreconditionFailed,)
    for _ in range(times):
        while True:
            try:
                with store.get_object("counter", bucket) as found:
                    value, etag = int(found.body.read()), found.etag
                store.put_object(b"%d" % (value + 1), "counter", bucket, if_match=etag)
            except again:
                continue
            break


class ConditionalWrites(ConformanceGroup):
    """Conditional writes."""

    @property
    def _torn_reads(self) -> bool:
        return READS_WHILE_REPLACED in self.limits.lacks

    @needs(Condition.PUT)
    @pytest.mark.parametrize("size", SIZES)
    def test_a_file_is_uploaded_only_if_absent(
        self, store: ObjectStore, bucket: str, tmp_path: Path, size: str
    ) -> None:
        """Of any size, a file makes the object where there is none, and raises PreconditionFailed where there is."""
        content = random_bytes(SIZES[size](store))
        source = tmp_path / "source"
        source.write_bytes(content)
        store.upload_file(source, "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == content
        source.write_bytes(content + b"another")
        with pytest.raises(PreconditionFailed):
            store.upload_file(source, "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == content

    @needs(Condition.PUT)
    @pytest.mark.parametrize("size", SIZES)
    def test_a_file_replaces_only_what_it_names(
        self, store: ObjectStore, bucket: str, tmp_path: Path, size: str
    ) -> None:
        """Of any size, with if_match it replaces the object of that ETag, and no other."""
        content = random_bytes(SIZES[size](store))
        source = tmp_path / "source"
        source.write_bytes(content)
        former = store.put_object(b"former", "key", bucket).etag
        current = store.put_object(b"current", "key", bucket).etag
        with pytest.raises(PreconditionFailed):
            store.upload_file(source, "key", bucket, if_match=former)
        assert store.read_object("key", bucket) == b"current"
        store.upload_file(source, "key", bucket, if_match=current)
        assert store.read_object("key", bucket) == content

    @needs(Condition.PUT, Condition.COMPLETE)
    def test_a_stream_that_outgrows_a_part_keeps_its_condition(self, store: ObjectStore, bucket: str) -> None:
        """A large stream of unknown length, whose one PUT could not be conditional, is conditional all the same."""
        content = random_bytes(large_size(store))
        store.put_object(OneWayStream(content), "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == content
        with pytest.raises(PreconditionFailed):
            store.put_object(OneWayStream(content + b"another"), "key", bucket, if_none_match="*")
        with pytest.raises(PreconditionFailed):
            store.put_object(OneWayStream(content + b"another"), "key", bucket, if_match=OTHER)
        assert store.read_object("key", bucket) == content

    @needs(Condition.PUT)
    def test_a_short_stream_keeps_its_condition(self, store: ObjectStore, bucket: str) -> None:
        """One that ends within a part is one PUT, which is conditional."""
        store.put_object(OneWayStream(b"first"), "key", bucket, if_none_match="*")
        with pytest.raises(PreconditionFailed):
            store.put_object(OneWayStream(b"second"), "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == b"first"

    @needs(OF_COPIES)
    @pytest.mark.parametrize("size", SIZES)
    def test_a_copy_only_if_absent(self, store: ObjectStore, bucket: str, size: str) -> None:
        """Of any size, a copy makes the target with all it has where there is none, and replaces none."""
        content = random_bytes(SIZES[size](store))
        store.put_object(content, "source", bucket, metadata={"a": "b"}, content_type="text/x-source")
        store.put_object(b"kept", "taken", bucket)
        with pytest.raises(PreconditionFailed):
            store.copy_object("source", "taken", bucket, bucket, if_none_match="*")
        assert store.read_object("taken", bucket) == b"kept"
        store.copy_object("source", "free", bucket, bucket, if_none_match="*")
        head = store.head_object("free", bucket)
        assert (head.size, head.metadata, head.content_type) == (len(content), {"a": "b"}, "text/x-source")
        assert store.read_object("free", bucket) == content

    @needs(OF_COPIES)
    @pytest.mark.parametrize("size", SIZES)
    def test_a_copy_replaces_only_what_it_names(self, store: ObjectStore, bucket: str, size: str) -> None:
        """Of any size, with if_match it replaces the target of that ETag, and no other."""
        content = random_bytes(SIZES[size](store))
        store.put_object(content, "source", bucket)
        current = store.put_object(b"current", "target", bucket).etag
        with pytest.raises(PreconditionFailed):
            store.copy_object("source", "target", bucket, bucket, if_match=OTHER)
        with pytest.raises(PreconditionFailed):
            store.copy_object("source", "missing", bucket, bucket, if_match=OTHER)
        assert store.read_object("target", bucket) == b"current"
        assert store.exists("missing", bucket) is False
        store.copy_object("source", "target", bucket, bucket, if_match=current)
        assert store.read_object("target", bucket) == content

    @needs(Condition.COPY)
    def test_a_move_that_may_not_replace_keeps_both(self, store: ObjectStore, bucket: str) -> None:
        """A condition on the target that fails leaves source and target as they were."""
        store.put_object(b"source", "source", bucket)
        store.put_object(b"target", "target", bucket)
        with pytest.raises(PreconditionFailed):
            store.move_object("source", "target", bucket, bucket, if_none_match="*")
        assert store.read_object("source", bucket) == b"source"
        assert store.read_object("target", bucket) == b"target"
        store.move_object("source", "free", bucket, bucket, if_none_match="*")
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["free", "target"]

    @needs(Condition.DELETE)
    def test_a_deletion_takes_only_what_it_names(self, store: ObjectStore, bucket: str) -> None:
        """With if_match the object of that ETag is deleted, and no other."""
        former = store.put_object(b"former", "key", bucket).etag
        current = store.put_object(b"current", "key", bucket).etag
        with pytest.raises(PreconditionFailed) as caught:
            store.delete_object("key", bucket, if_match=former)
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")
        assert store.read_object("key", bucket) == b"current"
        store.delete_object("key", bucket, if_match=current)
        assert store.exists("key", bucket) is False

    @needs(Condition.PUT, SupportsVersioning, CONDITIONS_WITH_VERSIONS)
    def test_a_delete_marker_is_no_object(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """if_none_match="*" is no obstacle under a delete marker, and is one above it."""
        write(store, b"first", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        assert listed(store, unique_key, versioned_bucket)[0][1] is True
        if MARKERS_ARE_ABSENCE in self.limits.lacks:
            with pytest.raises(PreconditionFailed):
                store.put_object(b"second", unique_key, versioned_bucket, if_none_match="*")
            return
        store.put_object(b"second", unique_key, versioned_bucket, if_none_match="*")
        with pytest.raises(PreconditionFailed):
            store.put_object(b"third", unique_key, versioned_bucket, if_none_match="*")
        assert store.read_object(unique_key, versioned_bucket) == b"second"

    @needs(Condition.PUT)
    def test_a_counter_of_many_threads_loses_nothing(self, store: ObjectStore, bucket: str) -> None:
        """Sixteen writers read, add one, write with if_match and try again: the sum is exact."""
        store.put_object(b"0", "counter", bucket)
        with ThreadPoolExecutor(WRITERS) as pool:
            for future in [pool.submit(_add, store, bucket, 2, self._torn_reads) for _ in range(WRITERS)]:
                future.result()
        assert store.read_object("counter", bucket) == b"%d" % (2 * WRITERS)

    @needs(Condition.PUT)
    def test_a_counter_of_many_processes_loses_nothing(self, store: ObjectStore, bucket: str) -> None:
        """So do four processes, each with a store that was sent to it; one that cannot be sent says so."""
        store.put_object(b"0", "counter", bucket)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            futures = [pool.submit(_add, store, bucket, 5, self._torn_reads) for _ in range(PROCESSES)]
            if PICKLING in self.limits.lacks:
                assert all("process" in str(future.exception()) for future in futures)
                _add(store, bucket, 5 * PROCESSES)
            for future in futures if PICKLING not in self.limits.lacks else []:
                future.result()
        assert store.read_object("counter", bucket) == b"%d" % (5 * PROCESSES)

    @pytest.mark.parametrize("kind", ["put", "stream", "copy", "move", "delete"])
    def test_a_condition_holds_or_is_refused(self, store: ObjectStore, bucket: str, kind: str) -> None:
        """A condition that fails is found to fail, or the write is refused: nothing is ever replaced or left behind."""
        store.put_object(b"kept", "key", bucket)
        store.put_object(b"source", "source", bucket)
        with pytest.raises((PreconditionFailed, UnsupportedOperation)):
            _write_if(store, bucket, kind)
        assert store.read_object("key", bucket) == b"kept"
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["key", "source"]


def _write_if(store: ObjectStore, bucket: str, kind: str) -> None:
    if kind == "put":
        store.put_object(b"new", "key", bucket, if_match=OTHER)
    elif kind == "stream":
        store.put_object(OneWayStream(bytes(large_size(store))), "key", bucket, if_match=OTHER)
    elif kind == "copy":
        store.copy_object("source", "key", bucket, bucket, if_match=OTHER)
    elif kind == "move":
        store.move_object("source", "key", bucket, bucket, if_match=OTHER)
    else:
        store.delete_object("key", bucket, if_match=OTHER)
