"""Uploads that are interrupted, whose source changes, or whose answer is lost: nothing half-done is left."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data_store.object_store import ConnectionFailed, IntegrityError, ObjectStoreError, PreconditionFailed, ServerError
from tests.faults.checks import assert_explains

SINGLE = random.Random(4).randbytes(2 * 1024**2)
PARTS = random.Random(5).randbytes(12 * 1024**2)  # three parts of 5 MiB at the most
PROGRAM = Path(__file__).with_name("uploading.py")


def is_data(request):
    """Whether a request carries content: a PUT of an object or of a part."""
    return request.method == "PUT" and "/key" in request.target


@pytest.mark.parametrize("threshold", ["1GiB", "5MiB"], ids=["one PUT", "parts"])
def test_ctrl_c_in_an_upload_leaves_nothing(threshold, framework, wire, server, bucket, tmp_path):
    """A real SIGINT while content travels: the program hears of it, and there is neither object nor upload."""
    (tmp_path / "file").write_bytes(PARTS)  # more than the sockets' buffers take: something is still to be sent
    config = {
        "framework": framework,
        "root_bucket": bucket.name,
        "connection": {
            "endpoint": wire.endpoint,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
        },
        "transfer": {"multipart_threshold": threshold, "part_size": "5MiB"},
    }
    program = subprocess.Popen(
        [sys.executable, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wire.run(lambda: program.send_signal(signal.SIGINT), when=is_data)
    wire.delay(2, when=is_data)
    out, err = program.communicate(json.dumps({"config": config, "file": str(tmp_path / "file"), "key": "key"}))
    assert (program.returncode, out, err) == (0, "interrupted", "")
    assert [request for request in wire.requests if is_data(request)]
    assert bucket.content("key") is None
    assert bucket.uploads("key") == []


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _shrink(path: Path) -> None:
    os.truncate(path, 1024**2)


def _touch(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [_grow, _shrink, _touch])
@pytest.mark.parametrize("content", [SINGLE, PARTS], ids=["one PUT", "parts"])
def test_a_source_file_that_changes_is_not_stored(change, content, store, framework, bucket, tmp_path):
    """Grown, shrunk, or as long as before but written to: IntegrityError, and the old object stays."""
    path = tmp_path / "file"
    path.write_bytes(content)
    bucket.put("key", b"old object")
    changes = iter([change])

    def progress(done: int, total: int | None) -> None:
        for pending in changes:
            pending(path)

    with pytest.raises(IntegrityError) as raised:
        store.upload_file(path, "key", progress=progress)
    assert (raised.value.bucket, raised.value.key, raised.value.framework) == (bucket.name, "key", framework)
    assert str(raised.value).endswith(IntegrityError.hint)
    assert bucket.content("key") == b"old object"
    assert bucket.uploads("key") == []


class _Failing(io.BytesIO):
    """A stream of the caller that breaks after a while."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 1024**2:
            raise LookupError("the caller's own")
        return super().read(min(size or 1024**2, 1024**2) if size and size > 0 else 1024**2)

    def readinto(self, buffer: object) -> int:  # type: ignore[override]  # BytesIO's would pass by read()
        raise LookupError("the caller's own")


@pytest.mark.parametrize("content", [SINGLE, PARTS], ids=["one PUT", "parts"])
@pytest.mark.parametrize("seekable", [True, False])
def test_what_the_callers_stream_raises_comes_through_and_nothing_is_stored(content, seekable, store, bucket):
    """Unwrapped, whatever an SDK makes of it, and without trying again."""
    data = _Failing(content)
    with pytest.raises(LookupError, match="the caller's own"):
        store.put_object(data if seekable else iter(data.read, b""), "key")
    assert bucket.content("key") is None
    assert bucket.uploads("key") == []


@pytest.mark.parametrize("digest", ["content_md5", "checksum_sha256"])
@pytest.mark.parametrize("content", [SINGLE, PARTS], ids=["one PUT", "parts"])
@pytest.mark.parametrize("seekable", [True, False])
def test_content_that_is_not_what_was_announced_is_not_stored(digest, content, seekable, store, framework, bucket):
    """A wrong digest: IntegrityError before the object becomes visible, and the old object stays."""
    bucket.put("key", b"old object")
    wrong = base64.b64encode(bytes(16 if digest == "content_md5" else 32)).decode()
    data = io.BytesIO(content)
    with pytest.raises(IntegrityError) as raised:
        store.put_object(data if seekable else iter(lambda: data.read(65536), b""), "key", **{digest: wrong})
    assert_explains(raised.value, framework, "put_object", bucket=bucket.name, key="key")
    assert bucket.content("key") == b"old object"
    assert bucket.uploads("key") == []


def test_a_part_that_fails_for_good_leaves_no_upload(store, framework, wire, bucket):
    """The upload is aborted, and the error is that of the part."""
    wire.answer(500, when=lambda request: "partNumber=2" in request.target)
    with pytest.raises(ServerError) as raised:
        store.put_object(io.BytesIO(PARTS), "key")
    assert_explains(raised.value, framework, "put_object", bucket=bucket.name, key="key")
    assert bucket.content("key") is None
    assert bucket.uploads("key") == []


@pytest.mark.parametrize("times", [1, None])
def test_a_lost_answer_to_completing_an_upload_leaves_no_orphan(times, store, framework, wire, bucket):
    """The object is made, but nobody hears of it: success, or an error that says so, and no upload is left."""
    wire.lose_answer(
        times=times,
        when=lambda request: request.method == "POST" and "uploadId=" in request.target,
    )
    try:
        stored = store.put_object(io.BytesIO(PARTS), "key")
    except ObjectStoreError as error:
        assert_explains(error, framework, "put_object", bucket=bucket.name, key="key")
    else:
        assert stored.size == len(PARTS)
    assert bucket.content("key") == PARTS
    assert bucket.uploads("key") == []


def test_a_lost_answer_to_a_put_is_made_good(store, wire, bucket):
    """The PUT is sent again: the same content under the same key."""
    wire.lose_answer(when=is_data)
    assert store.put_object(SINGLE, "key").size == len(SINGLE)
    assert bucket.content("key") == SINGLE


def test_a_lost_answer_to_a_conditional_put_is_no_refusal(store, wire, bucket):
    """Its own first attempt broke the condition: who holds a lock must not be told that somebody else does."""
    store.put_object(b"", "first", if_none_match="*")  # the server is found to honour it
    wire.lose_answer(when=is_data)
    with pytest.raises(ConnectionFailed, match="may have been carried out"):
        store.put_object(SINGLE, "key", if_none_match="*")
    assert bucket.content("key") == SINGLE


def test_a_conditional_put_that_is_refused_after_an_attempt_that_failed_is_refused(store, wire, bucket):
    """An attempt that the server says has failed broke no condition: Ceph says so to one that has lost a race."""
    store.put_object(b"", "first", if_none_match="*")  # the server is found to honour it
    bucket.put("key", b"theirs")
    wire.answer(500, times=1, when=is_data)
    with pytest.raises(PreconditionFailed):
        store.put_object(SINGLE, "key", if_none_match="*")
    assert bucket.content("key") == b"theirs"


def test_a_lost_answer_to_a_delete_is_made_good(store, wire, bucket):
    """Deleting what is gone already is a success."""
    bucket.put("key", b"content")
    wire.lose_answer(when=lambda request: request.method == "DELETE")
    store.delete_object("key")
    assert bucket.content("key") is None
