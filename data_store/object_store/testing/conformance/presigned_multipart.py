"""Uploads in parts whose client has no credentials: the service starts and ends them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsPresign
from data_store.object_store.errors import InvalidArgument, UploadNotFound
from data_store.object_store.models import PartInfo, PresignedPart
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, Answer, assert_refused
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["PresignedParts"]

PART_SIZE = 5 * 1024**2
CONTENT = random_bytes(2 * PART_SIZE + 4321)


class PresignedParts(ConformanceGroup):
    """Presigned uploads in parts."""

    capability: ClassVar[type | None] = SupportsPresign

    @needs(SupportsMultipart)
    @pytest.mark.parametrize("client", CLIENTS)
    def test_presigned_parts_are_sent_at_the_same_time(self, served: ObjectStore, bucket: str, client: str) -> None:
        """In parallel, the last one first; the service completes with list_parts, and the object has its options."""
        options = {"content_type": "text/x-type", "metadata": {"a": "Überschrift"}}
        upload = served.presign_multipart("a b/ä", len(CONTENT), PART_SIZE, bucket, **options)  # type: ignore[arg-type]  # a table of options
        assert (upload.key, upload.bucket, upload.part_size) == ("a b/ä", bucket, PART_SIZE)
        assert [(part.part_number, part.offset, part.size) for part in upload.parts] == [
            (1, 0, PART_SIZE),
            (2, PART_SIZE, PART_SIZE),
            (3, 2 * PART_SIZE, 4321),
        ]
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda part: _send(part, client), reversed(upload.parts)))
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert served.exists("a b/ä", bucket) is False
        parts = list(served.list_parts("a b/ä", upload.upload_id, bucket))
        assert [(part.part_number, part.size) for part in parts] == [(1, PART_SIZE), (2, PART_SIZE), (3, 4321)]
        served.complete_multipart_upload("a b/ä", upload.upload_id, parts, bucket)
        assert served.read_object("a b/ä", bucket) == CONTENT
        head = served.head_object("a b/ä", bucket)
        assert (head.content_type, head.metadata) == ("text/x-type", {"a": "Überschrift"})

    @needs(SupportsMultipart)
    def test_presigned_parts_are_completed_with_the_etags_that_the_client_got(
        self, served: ObjectStore, bucket: str
    ) -> None:
        """Each answer has the ETag of its part, which the client may hand to the service."""
        upload = served.presign_multipart("key", PART_SIZE + 10, PART_SIZE, bucket)
        parts = [PartInfo(part.part_number, _send(part).headers["etag"].strip('"'), part.size) for part in upload.parts]
        served.complete_multipart_upload("key", upload.upload_id, parts, bucket)
        assert served.read_object("key", bucket) == CONTENT[: PART_SIZE + 10]

    @needs(SupportsMultipart)
    def test_presigned_parts_are_resumed(self, served: ObjectStore, bucket: str) -> None:
        """Signed anew for the same upload, only what is missing is sent; a part may be sent again."""
        started = served.presign_multipart("key", len(CONTENT), PART_SIZE, bucket)
        assert _send(started.parts[1]).status == 200
        assert CLIENTS["requests"].send("PUT", started.parts[2].url, body=bytes(4321)).status == 200
        again = served.presign_multipart("key", len(CONTENT), PART_SIZE, bucket, upload_id=started.upload_id)
        assert again.upload_id == started.upload_id
        assert [part.offset for part in again.parts] == [part.offset for part in started.parts]
        there = {part.part_number for part in served.list_parts("key", started.upload_id, bucket)}
        assert there == {2, 3}
        assert [_send(again.parts[number - 1]).status for number in (1, 3)] == [200, 200]
        parts = served.list_parts("key", again.upload_id, bucket)
        served.complete_multipart_upload("key", again.upload_id, list(parts), bucket)
        assert served.read_object("key", bucket) == CONTENT

    @needs(SupportsMultipart)
    def test_presigned_parts_of_an_aborted_upload_are_refused(self, served: ObjectStore, bucket: str) -> None:
        """404, NoSuchUpload; nothing is left."""
        upload = served.presign_multipart("key", len(CONTENT), PART_SIZE, bucket)
        assert _send(upload.parts[2]).status == 200
        served.abort_multipart_upload("key", upload.upload_id, bucket)
        answer = _send(upload.parts[2])
        assert (answer.status, answer.code) == (404, "NoSuchUpload")
        assert list(served.list_multipart_uploads(bucket=bucket)) == []
        with pytest.raises(UploadNotFound):
            list(served.list_parts("key", upload.upload_id, bucket))

    @needs(SupportsMultipart)
    def test_presigned_parts_of_a_completed_upload_are_refused(self, served: ObjectStore, bucket: str) -> None:
        """What is complete stays as it is."""
        upload = served.presign_multipart("key", 10, bucket=bucket)
        assert _send(upload.parts[0]).status == 200
        parts = list(served.list_parts("key", upload.upload_id, bucket))
        served.complete_multipart_upload("key", upload.upload_id, parts, bucket)
        answer = CLIENTS["httpx"].send("PUT", upload.parts[0].url, body=bytes(10))
        assert (answer.status, answer.code) == (404, "NoSuchUpload")
        assert served.read_object("key", bucket) == CONTENT[:10]

    @needs(SupportsMultipart)
    @pytest.mark.parametrize("length", [0, 4320, 4322, 10_000])
    def test_presigned_parts_have_their_length(self, served: ObjectStore, bucket: str, length: int) -> None:
        """A part of any other length is refused, and does not become one."""
        upload = served.presign_multipart("key", 4321, bucket=bucket)
        assert_refused(CLIENTS["requests"].send("PUT", upload.parts[0].url, body=bytes(length)))
        assert list(served.list_parts("key", upload.upload_id, bucket)) == []

    @needs(SupportsMultipart)
    def test_presigned_parts_are_good_for_nothing_else(self, served: ObjectStore, bucket: str) -> None:
        """Not for another number, another upload, another key, or the object itself."""
        upload, other = (served.presign_multipart("key", 2 * PART_SIZE, PART_SIZE, bucket) for _ in range(2))
        url = upload.parts[0].url
        assert "partNumber=1" in url
        wrong = [
            url.replace("partNumber=1", "partNumber=2"),
            url.replace("partNumber=1&", ""),
            url.replace(upload.upload_id, other.upload_id),
            url.replace("/key?", "/other?"),
        ]
        assert url not in wrong
        for each in wrong:
            assert_refused(CLIENTS["httpx"].send("PUT", each, body=CONTENT[:PART_SIZE]))
        for started in (upload, other):
            assert list(served.list_parts("key", started.upload_id, bucket)) == []
        assert list(served.list_objects(bucket=bucket)) == []

    @needs(SupportsMultipart)
    def test_a_client_cannot_complete_or_abort_with_presigned_parts(self, served: ObjectStore, bucket: str) -> None:
        """Both are the service's: the URL of a part is for sending it alone."""
        upload = served.presign_multipart("key", 10, bucket=bucket)
        url = upload.parts[0].url
        assert _send(upload.parts[0]).status == 200
        (part,) = served.list_parts("key", upload.upload_id, bucket)
        named = f"<Part><PartNumber>1</PartNumber><ETag>{part.etag}</ETag></Part>"
        body = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>"
        for address in (url, url.replace("partNumber=1&", "")):
            for method, content in (("POST", body.encode()), ("DELETE", None)):
                assert 400 <= CLIENTS["requests"].send(method, address, body=content).status < 500
        assert [each.part_number for each in served.list_parts("key", upload.upload_id, bucket)] == [1]
        assert served.exists("key", bucket) is False

    @needs(SupportsMultipart)
    def test_presigned_parts_that_nobody_sent_are_found_by_the_janitor(self, served: ObjectStore, bucket: str) -> None:
        """Unfinished uploads are listed, and abort_stale_uploads aborts them; their URLs are dead then."""
        upload = served.presign_multipart("key", len(CONTENT), PART_SIZE, bucket)
        assert _send(upload.parts[2]).status == 200
        assert [each.upload_id for each in served.list_multipart_uploads(bucket=bucket)] == [upload.upload_id]
        aborted = served.abort_stale_uploads(0, bucket=bucket)
        assert [(each.key, each.upload_id) for each in aborted] == [("key", upload.upload_id)]
        assert _send(upload.parts[2]).code == "NoSuchUpload"

    @needs(SupportsMultipart)
    def test_presigned_parts_cover_the_whole(self, served: ObjectStore, bucket: str) -> None:
        """Sizes that fit, that leave a rest, and of many parts, each with a URL of its own."""
        for size, part_size, expected in (
            (1, None, [1]),
            (PART_SIZE, PART_SIZE, [PART_SIZE]),
            (PART_SIZE + 1, PART_SIZE, [PART_SIZE, 1]),
        ):
            upload = served.presign_multipart("key", size, part_size, bucket)
            assert [part.size for part in upload.parts] == expected
        many = served.presign_multipart("key", 100 * PART_SIZE - 1, PART_SIZE, bucket)
        assert len({part.url for part in many.parts}) == 100
        assert _whole(many.parts) == 100 * PART_SIZE - 1

    @needs(SupportsMultipart)
    def test_presigned_parts_have_their_options_from_the_start(self, served: ObjectStore, bucket: str) -> None:
        """An upload that is signed anew takes no options: they would be dropped."""
        upload = served.presign_multipart("key", 10, bucket=bucket)
        with pytest.raises(InvalidArgument, match="metadata"):
            served.presign_multipart("key", 10, bucket=bucket, upload_id=upload.upload_id, metadata={"a": "b"})


def _send(part: PresignedPart, client: str = "requests") -> Answer:
    return CLIENTS[client].send("PUT", part.url, body=CONTENT[part.offset : part.offset + part.size])


def _whole(parts: Iterable[PresignedPart]) -> int:
    """Return the bytes of parts that follow one another without a gap."""
    end = 0
    for part in parts:
        assert part.offset == end
        end += part.size
    return end
