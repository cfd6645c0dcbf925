"""Tests of ``bulk``: many keys at once, each answer with its own error."""

from __future__ import annotations

import io
import itertools
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from data_store.object_store.body import Source
from data_store.object_store.copies import Copy
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionFailed,
    IntegrityError,
    ObjectNotFound,
    PreconditionFailed,
    StoreClosed,
)
from data_store.object_store.models import (
    CopyContentOptions,
    CopyOptions,
    GetOptions,
    ListOptions,
    Object,
    ObjectMetadata,
    ObjectPage,
    PutOptions,
)
from data_store.object_store.paging import pages
from tests.unit.dict_client import DictClient, PartsClient, VendorError
from tests.unit.transfer_support import CONTENT, NO_OPTIONS, PART, transfers_of

WAIT = 20  # seconds, after which something hangs


def _filled(client: DictClient, count: int = 10) -> list[str]:
    client.buckets.setdefault("b", {})
    keys = [f"k{number:03}" for number in range(count)]
    for key in keys:
        client.put_object("b", key, Source(io.BytesIO(key.encode()), len(key)), NO_OPTIONS)
    return keys


def copies(pairs: Iterable[tuple[str, str]], changes: CopyContentOptions | None = None) -> Iterator[Copy]:
    """Yield copies within one bucket."""
    return (Copy("b", source, "b", key, changes or {}) for source, key in pairs)


class DenyingClient(DictClient):
    """Refuses every other key."""

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Refuse, or look."""
        if key[-1] in "13579":
            raise VendorError("AccessDenied", 403)
        return super().head_object(bucket, key, options)


# heads


@pytest.mark.parametrize("concurrency", [1, 3])
def test_each_key_has_its_answer_in_order(concurrency: int) -> None:
    """Its object, or its own error with all that is known."""
    client = DenyingClient()
    transfers = transfers_of(client, max_concurrency=concurrency)
    keys = [*_filled(client), "missing"]
    results = list(transfers.bulk.head("b", keys, GetOptions()))
    transfers.close()
    assert [result.key for result in results] == keys
    for result in results[0:10:2]:
        assert result.metadata == client.head_object("b", result.key, GetOptions())
        assert result.error is None
    for result in results[1:10:2]:
        assert (type(result.error), result.metadata) == (AccessDenied, None)
        assert result.error is not None
        assert (result.error.key, result.error.framework) == (result.key, "memory")
    assert isinstance(results[-1].error, ObjectNotFound)


def test_the_options_go_with_every_key() -> None:
    """A version, a condition."""
    client = DictClient()
    transfers = transfers_of(client)
    keys = _filled(client, 3)
    results = list(transfers.bulk.head("b", keys, GetOptions(if_match="another")))
    transfers.close()
    assert [type(result.error) for result in results] == [PreconditionFailed] * 3


def test_keys_are_taken_as_results_are() -> None:
    """Any number of them takes constant memory, and no more requests than are looked at."""
    client = DictClient()
    transfers = transfers_of(client, max_concurrency=4)
    _filled(client, 1)
    taken = itertools.count()
    results = transfers.bulk.head("b", (f"missing-{next(taken)}" for _ in itertools.count()), GetOptions())
    assert [type(next(results).error) for _ in range(3)] == [ObjectNotFound] * 3
    assert next(taken) <= 3 + 4
    transfers.close()


def test_a_missing_bucket_is_no_error_of_a_key() -> None:
    """It is raised at once."""
    transfers = transfers_of(DictClient())
    with pytest.raises(BucketNotFound):
        list(transfers.bulk.head("missing", ["k"], GetOptions()))
    transfers.close()


def test_a_store_that_is_closed_meanwhile_ends_the_answers() -> None:
    """Closing does not wait for who has stopped asking."""
    client = DictClient()
    transfers = transfers_of(client)
    results = transfers.bulk.head("b", _filled(client), GetOptions())
    next(results)
    closer = threading.Thread(target=transfers.close)
    closer.start()
    closer.join(WAIT)
    assert not closer.is_alive()
    with pytest.raises(StoreClosed):
        next(results)


def test_as_many_requests_at_once_as_configured() -> None:
    """And no more."""

    class Together(DictClient):
        barrier = threading.Barrier(3)

        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            self.barrier.wait(WAIT)
            return super().head_object(bucket, key, options)

    client = Together()
    transfers = transfers_of(client, max_concurrency=3)
    results = list(transfers.bulk.head("b", _filled(client, 9), GetOptions()))
    transfers.close()
    assert all(result.error is None for result in results)


# copies


def test_copies_report_every_pair_in_order() -> None:
    """One key's error ends nothing; a copy's key is the new one."""
    client = DenyingClient()
    transfers = transfers_of(client, max_concurrency=2)
    keys = _filled(client)
    pairs = [(key, f"new-{key}") for key in [*keys, "missing"]]
    results = transfers.bulk.copy(copies(pairs, {"content_type": "image/png"}), quiet=False)
    transfers.close()
    assert [result.key for result in results] == [target for _, target in pairs]
    assert [type(result.error) for result in results[1:10:2]] == [AccessDenied] * 5
    assert isinstance(results[-1].error, ObjectNotFound)
    for result in results[0:10:2]:
        assert result.metadata is not None
        stored = client.buckets["b"][result.key]
        assert (stored.options.content_type, stored.etag) == ("image/png", result.metadata.etag)


def test_quiet_copies_report_failures_only() -> None:
    """In order."""
    client = DenyingClient()
    transfers = transfers_of(client)
    pairs = [(key, f"new-{key}") for key in _filled(client)]
    results = transfers.bulk.copy(copies(pairs), quiet=True)
    transfers.close()
    assert [result.key for result in results] == [target for _, target in pairs[1::2]]
    assert all(result.error is not None for result in results)


def test_any_number_of_quiet_copies_takes_constant_memory() -> None:
    """No future, and no result, is kept."""

    class Nothing(DictClient):
        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            return ObjectMetadata(key=key, size=0, etag="e", metadata={})

        def copy_object(
            self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
        ) -> ObjectMetadata:
            return ObjectMetadata(key=key)

    transfers = transfers_of(Nothing(), max_concurrency=2)

    def peak(count: int) -> int:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert transfers.bulk.copy(copies(("a", "b") for _ in range(count)), quiet=True) == []
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak(100)
        assert peak(3000) < 200_000
    finally:
        tracemalloc.stop()
        transfers.close()


def test_a_large_copy_among_many_goes_in_parts() -> None:
    """All threads may be busy with keys: each copies its own parts."""
    client = PartsClient()
    transfers = transfers_of(client, max_concurrency=2)
    client.put_object("b", "k", Source(io.BytesIO(CONTENT), len(CONTENT)), PutOptions())
    results = transfers.bulk.copy(copies(("k", f"k{number}") for number in range(4)), quiet=False)
    transfers.close()
    assert [result.error for result in results] == [None] * 4
    assert client.calls.count("upload_part_copy") == 4 * 3
    assert len(CONTENT) > 2 * PART
    assert all(client.buckets["b"][f"k{number}"].content == CONTENT for number in range(4))


def test_a_bad_key_ends_many_copies_when_it_is_reached() -> None:
    """The caller's own iterable raises; what has begun is finished, and nothing goes on."""
    client = DictClient()
    transfers = transfers_of(client, max_concurrency=2)
    keys = _filled(client, 3)

    def pairs() -> Iterator[tuple[str, str]]:
        for key in keys:
            yield key, f"new-{key}"
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        transfers.bulk.copy(copies(pairs()), quiet=False)
    transfers.close()
    assert {f"new-{key}" for key in keys[:2]} <= set(client.buckets["b"])


# verify


def listed(client: DictClient, prefix: str) -> Iterator[ObjectMetadata]:
    """Yield what there is below a prefix, lazily."""
    found = pages(partial(client.list_page, "b", prefix), ListOptions(), lambda error: error)
    return (each for page in found for each in page.objects)


def _verified(client: DictClient, **transfer: Any) -> dict[str, tuple[tuple[str, ...], type | None]]:
    transfers = transfers_of(client, **transfer)
    found = list(transfers.bulk.verify("b", listed(client, "k")))
    transfers.close()
    return {each.key: (each.checked, type(each.error) if each.error else None) for each in found}


def test_verify_reads_every_object_below_the_prefix() -> None:
    """In the order of their keys, through all pages."""

    class TwoPerPage(DictClient):
        def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
            return super().list_page(bucket, prefix, replace(options, limit=2))

    client = TwoPerPage()
    keys = _filled(client, 7)
    client.put_object("b", "other", Source(io.BytesIO(b""), 0), NO_OPTIONS)
    client.put_object("b", "k", Source(io.BytesIO(b""), 0), NO_OPTIONS)
    assert _verified(client) == dict.fromkeys(["k", *keys], (("md5",), None))
    assert client.calls.count("list_page") == 4
    assert all(body.closed for body in client.bodies)


@pytest.mark.parametrize("position", [0, 1, 3])
def test_verify_finds_a_flipped_bit(position: int) -> None:
    """And says with what it was found; the others are well."""
    client = DictClient()
    keys = _filled(client, 5)
    stored = client.buckets["b"][keys[2]]
    damaged = bytearray(stored.content)
    damaged[position] ^= 4
    client.buckets["b"][keys[2]] = replace(stored, content=bytes(damaged))
    found = _verified(client)
    assert found.pop(keys[2]) == (("md5",), IntegrityError)
    assert set(found.values()) == {(("md5",), None)}


def test_verify_says_what_it_could_not_check() -> None:
    """Without a digest there is only the length."""

    class Silent(DictClient):
        def _checksums(self, content: bytes) -> dict[str, str] | None:
            return None

        def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
            page = super().list_page(bucket, prefix, options)
            first, *others = page.objects
            return replace(page, objects=(replace(first, size=99), *others))

    client = Silent()
    keys = _filled(client, 2)
    assert _verified(client) == {keys[0]: ((), IntegrityError), keys[1]: ((), None)}


def test_verify_goes_on_behind_what_cannot_be_read() -> None:
    """An object that is gone, one whose body breaks for good."""

    class Faulty(DictClient):
        def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
            if key == "k000":
                raise VendorError("NoSuchKey", 404)
            return super().get_object(bucket, key, options)

        def _body(self, content: bytes) -> io.BytesIO:
            return _Broken() if content == b"k001" else io.BytesIO(content)

    class _Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise VendorError("Reset")

    client = Faulty()
    _filled(client, 3)
    assert _verified(client, max_concurrency=1) == {
        "k000": ((), ObjectNotFound),
        "k001": (("md5",), ConnectionFailed),
        "k002": (("md5",), None),
    }


def test_who_stops_verifying_ends_the_reading() -> None:
    """The bodies that are being read are closed before their end."""
    begun, stopped = threading.Event(), threading.Event()

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            begun.set()
            stopped.wait(WAIT)
            return bytes(1)

    class Slow(DictClient):
        def _body(self, content: bytes) -> io.BytesIO:
            return io.BytesIO(content) if content == b"k000" else Endless()

    client = Slow()
    _filled(client, 2)
    client.buckets["b"]["k001"] = replace(client.buckets["b"]["k001"], content=bytes(10**7))
    transfers = transfers_of(client, max_concurrency=2)
    found: Any = transfers.bulk.verify("b", listed(client, ""))
    assert next(found).key == "k000"
    assert begun.wait(WAIT)
    found.close()
    stopped.set()
    transfers.close()
    assert all(body.closed for body in client.bodies)
