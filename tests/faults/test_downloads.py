"""Bodies that break, stall, are damaged or change on the way; and disks that do not take them."""

from __future__ import annotations

import itertools
import random

import pytest

from data_store.object_store import ConnectionFailed, IntegrityError, ObjectNotFound, Throttled, TimedOut
from tests.faults.checks import assert_explains, files_in

CONTENT = random.Random(3).randbytes(1024**2)
CUT = 300_000


def is_get(request):
    """Whether a request reads the object."""
    return request.method == "GET" and "/key" in request.target


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_body_that_breaks_once_is_taken_up_where_it_broke(fault, make_wired, wire, bucket, tmp_path):
    """The file is whole, and the second request asked for the rest of the same version."""
    bucket.put("key", CONTENT)
    if fault == "cut":
        wire.cut_response(after=CUT, when=is_get)
    else:
        wire.stall_response(after=CUT, when=is_get)
    store = make_wired(read_timeout=2)
    found = store.download_file("key", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert files_in(tmp_path) == ["file"]
    first, second = (request for request in wire.requests if is_get(request))
    assert "if-match" not in first.headers
    assert second.headers["if-match"].strip('"') == found.etag
    start, _, end = second.headers["range"].removeprefix("bytes=").partition("-")
    assert 0 <= int(start) <= CUT  # an SDK may drop what came in the read that timed out
    assert end in {"", str(len(CONTENT) - 1)}


def test_a_body_of_a_range_is_taken_up_too(store, wire, bucket):
    """The rest of the range, and no more."""
    bucket.put("key", CONTENT)
    wire.cut_response(after=CUT, when=is_get)
    found = store.get_object("key", offset=100, length=CUT + 1000)
    assert found.read() == CONTENT[100 : CUT + 1100]
    assert len([request for request in wire.requests if is_get(request)]) == 2


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_a_body_that_always_breaks_spends_max_attempts_requests(
    attempts, make_wired, framework, wire, bucket, tmp_path
):
    """No second retry layer: as many GETs as there are attempts, then ConnectionFailed and no file."""
    bucket.put("key", CONTENT)
    wire.cut_response(after=1000, times=None, when=is_get)
    store = make_wired(max_attempts=attempts)
    with pytest.raises(ConnectionFailed) as raised:
        store.download_file("key", tmp_path / "below" / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert files_in(tmp_path) == []
    assert len([request for request in wire.requests if is_get(request)]) == attempts


def busy_at(*turns):
    """A condition that holds for these GETs of the object, counted from 1."""
    turn = itertools.count(1)
    return lambda request: is_get(request) and next(turn) in turns


@pytest.mark.parametrize("busy", [(1, 2), (1,), (2,), (1, 3), (2, 3), (1, 2, 3)])
def test_what_breaks_and_what_is_throttled_spend_one_budget(busy, store, framework, wire, bucket, tmp_path):
    """Three GETs of one body, each answered 503 or broken: no fourth, and the last of them says why it failed."""
    bucket.put("key", CONTENT)
    wire.answer(503, "ServiceUnavailable", when=busy_at(*busy))
    wire.cut_response(after=CUT, times=None, when=is_get)
    with pytest.raises(Throttled if 3 in busy else ConnectionFailed) as raised:
        store.download_file("key", tmp_path / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert raised.value.__cause__ is not None
    assert files_in(tmp_path) == []
    assert len([request for request in wire.requests if is_get(request)]) == 3


@pytest.mark.parametrize("busy", [1, 2])
def test_a_body_is_whole_if_the_last_attempt_brings_its_rest(busy, store, wire, bucket):
    """503, broken, the rest; or broken, 503, the rest."""
    bucket.put("key", CONTENT)
    wire.answer(503, "ServiceUnavailable", when=busy_at(busy))
    wire.cut_response(after=CUT, times=None, when=lambda request: is_get(request) and "range" not in request.headers)
    assert store.read_object("key") == CONTENT
    assert len([request for request in wire.requests if is_get(request)]) == 3


def test_a_download_that_is_throttled_when_it_is_taken_up_ends(store, framework, wire, bucket, tmp_path):
    """One GET that broke, then only 503: what is left of the attempts is spent, and the throttling is raised."""
    bucket.put("key", CONTENT)
    wire.cut_response(after=CUT, when=is_get)
    wire.answer(503, "ServiceUnavailable", when=lambda request: is_get(request) and "range" in request.headers)
    with pytest.raises(Throttled) as raised:
        store.download_file("key", tmp_path / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert files_in(tmp_path) == []
    assert len([request for request in wire.requests if is_get(request)]) == 3


def test_a_body_that_stalls_is_timed_out(make_wired, framework, wire, bucket, tmp_path):
    """Silence in the middle of a body, each time."""
    bucket.put("key", CONTENT)
    wire.stall_response(after=1000, times=None, when=is_get)
    store = make_wired(max_attempts=2, read_timeout=2)
    with pytest.raises(TimedOut) as raised:
        store.download_file("key", tmp_path / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_two_versions_of_an_object_are_never_mixed(change, store, framework, wire, bucket, tmp_path):
    """The object changes while the connection is broken: an error, and the old file stays as it was."""
    bucket.put("key", CONTENT)
    (tmp_path / "file").write_bytes(b"old file")
    wire.cut_response(after=CUT, when=is_get)
    wire.run(
        lambda: (
            bucket.put("key", CONTENT[::-1])
            if change == "replaced"
            else bucket.client.delete_object(Bucket=bucket.name, Key="key")
        ),
        when=lambda request: is_get(request) and "range" in request.headers,
    )
    with pytest.raises(IntegrityError if change == "replaced" else ObjectNotFound) as raised:
        store.download_file("key", tmp_path / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert (tmp_path / "file").read_bytes() == b"old file"
    assert files_in(tmp_path) == ["file"]


@pytest.mark.parametrize("at", [0, CUT, len(CONTENT) - 1])
def test_a_damaged_byte_is_an_integrity_error(at, store, framework, wire, bucket, tmp_path):
    """A download is compared with the digest that the server vouches for; what does not fit leaves no file."""
    bucket.put("key", CONTENT)
    wire.corrupt_response(at=at, when=is_get)
    with pytest.raises(IntegrityError) as raised:
        store.download_file("key", tmp_path / "file")
    assert_explains(raised.value, framework, "get_object", bucket=bucket.name, key="key")
    assert files_in(tmp_path) == []


def test_a_damaged_byte_is_seen_by_who_reads_the_whole_object(store, wire, bucket):
    """read_object never returns content that does not fit."""
    bucket.put("key", CONTENT)
    wire.corrupt_response(at=CUT, when=is_get)
    with pytest.raises(IntegrityError):
        store.read_object("key")


def test_an_interrupting_progress_callback_leaves_no_file(store, bucket, tmp_path):
    """What the caller raises comes through unchanged."""
    bucket.put("key", CONTENT)

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.download_file("key", tmp_path / "file", progress=interrupt)
    assert files_in(tmp_path) == []
