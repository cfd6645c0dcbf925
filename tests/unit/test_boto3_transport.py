"""Requests that handlers of botocore's event ``before-send`` are told of: they look, change headers, or answer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import HierarchicalEmitter

from data_store.object_store.adapters.boto3_transport import EventTransport, NamedHeaders
from data_store.object_store.adapters.s3.answer import Answer as Answered
from data_store.object_store.body import Source
from data_store.object_store.sources import FileWindow
from tests.unit.boto3_support import answer
from tests.unit.s3_server import Answer, RecordingServer, connection, quick_retry, recording_server

CONTENT = bytes(range(256)) * 5000
EVENT = "before-send.s3.PutObject"
CRC = {"x_amz_checksum_crc32c": "AAAAAQ==", "X_Amz_Checksum_SHA256": "AAAAAQ=="}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def events() -> Any:
    """The events of a client."""
    return HierarchicalEmitter()


Put = Callable[..., Answered]


@pytest.fixture
def put(server: RecordingServer, events: Any) -> Iterator[Put]:
    """Send a PUT to the server, with three attempts unless told otherwise."""
    made: list[EventTransport] = []

    def send(body: bytes | Source | None = CONTENT, *, named: bool = True, attempts: int = 3, **given: Any) -> Answered:
        transport = EventTransport(connection(server.address), quick_retry(attempts), events)
        made.append(transport)
        size = body.size if isinstance(body, Source) else len(body or b"")
        headers = {"Host": server.address, "Content-Length": str(size), "X-Amz-Meta-A": "ü"}
        sent = NamedHeaders("PutObject", headers) if named else headers
        return transport.send("PUT", f"http://{server.address}", "/b/a%20b?c=", sent, body, **given)

    yield send
    for each in made:
        each.close()


class Noting:
    """A handler that keeps what it was offered."""

    def __init__(self) -> None:
        self.offered: list[AWSPreparedRequest] = []
        self.names: list[str] = []

    def __call__(self, request: AWSPreparedRequest, event_name: str, **_event: object) -> None:
        """Note a request."""
        self.offered.append(request)
        self.names.append(event_name)


@pytest.mark.parametrize(("named", "event"), [(True, "before-send.s3.PutObject"), (False, "before-send.s3.Other")])
def test_a_request_is_offered_by_the_name_of_its_operation(events: Any, put: Put, named: bool, event: str) -> None:
    """To handlers of that operation, of the service, and of all."""
    notings = [Noting() for _ in range(3)]
    for noting, registered in zip(notings, (event, "before-send.s3", "before-send"), strict=True):
        events.register(registered, noting)
    elsewhere = Noting()
    events.register("before-send.s3.GetObject", elsewhere)
    assert put(named=named).status == 200
    assert [noting.names for noting in notings] == [[event]] * 3
    assert elsewhere.names == []


def test_a_request_is_as_handlers_know_them(server: RecordingServer, events: Any, put: Put) -> None:
    """Method, URL, headers in any case, and the content."""
    noting = Noting()
    events.register(EVENT, noting)
    put(stream=True).close()
    (request,) = noting.offered
    assert isinstance(request, AWSPreparedRequest)
    assert (request.method, request.url) == ("PUT", f"http://{server.address}/b/a%20b?c=")
    assert (request.body, request.stream_output) == (CONTENT, True)
    assert request.headers["x-amz-meta-a"] == request.headers["X-AMZ-META-A"] == "ü"


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_request_is_offered_once_for_all_its_attempts(
    server: RecordingServer, events: Any, put: Put, attempts: int
) -> None:
    """A handler that counts requests counts those of the program; another request is another one."""
    server.answers = [Answer(503)]
    noting = Noting()
    events.register(EVENT, noting)
    assert put(attempts=attempts).status == 503
    assert (len(server.seen), len(noting.offered)) == (attempts, 1)
    put(attempts=attempts)
    assert (len(server.seen), len(noting.offered)) == (2 * attempts, 2)


def test_headers_that_nobody_looks_at_are_sent_as_they_are(server: RecordingServer, events: Any, put: Put) -> None:
    """They are not made anew for it, for there are handlers in every client."""
    noting = Noting()
    events.register(EVENT, noting)
    put()
    assert "headers" not in vars(noting.offered[0])
    assert server.seen[0].headers["x-amz-meta-a"] == "ü"


def test_headers_are_sent_as_a_handler_leaves_them(server: RecordingServer, events: Any, put: Put) -> None:
    """Added, replaced and taken away, in any case, as text or bytes; in every attempt, and as the last one says."""
    server.answers = [Answer(503), Answer()]

    def change(request: Any, **_event: object) -> None:
        request.headers["X-Added"] = b"\xfc"
        request.headers["x-AMZ-meta-a"] = "b"
        del request.headers["x-gone"]

    def begin(request: AWSPreparedRequest, **_event: object) -> None:
        request.headers["X-Gone"] = "a"

    def end(request: AWSPreparedRequest, **_event: object) -> None:
        request.headers["X-Last"] = request.headers["x-ADDED"]

    events.register_last(EVENT, end)
    events.register_first(EVENT, begin)
    events.register(EVENT, change)
    assert put().status == 200
    for seen in server.seen:
        added = {name: seen.headers[name] for name in ("x-added", "x-amz-meta-a", "x-last")}
        assert added == {"x-added": "ü", "x-amz-meta-a": "b", "x-last": "ü"}
        assert "x-gone" not in seen.headers
        assert (seen.headers["content-length"], seen.body) == (str(len(CONTENT)), CONTENT)


def test_headers_that_are_replaced_as_a_whole_are_sent(server: RecordingServer, events: Any, put: Put) -> None:
    """By an assignment."""

    def replace(request: Any, **_event: object) -> None:
        request.headers = {**dict(request.headers.items()), "X-Added": "1"}

    events.register(EVENT, replace)
    put()
    assert server.seen[0].headers["x-added"] == "1"
    assert server.seen[0].body == CONTENT


@pytest.mark.parametrize("form", ["stream", "file"])
@pytest.mark.parametrize("read", [1, 1_000_000, -1])
def test_a_body_that_a_handler_has_read_is_sent_whole(
    server: RecordingServer, events: Any, put: Put, tmp_path: Path, form: str, read: int
) -> None:
    """However much it has read; again where the first attempt fails."""
    server.answers = [Answer(503), Answer()]
    lengths: list[int] = []
    events.register(EVENT, lambda request, **_: lengths.append(len(request.body.read(read))))
    (tmp_path / "file").write_bytes(b"before" + CONTENT)
    with (tmp_path / "file").open("rb") as file:
        content = io.BytesIO(CONTENT) if form == "stream" else FileWindow(file, 6, len(CONTENT))
        assert put(Source(content, len(CONTENT))).status == 200
    assert lengths == [read if read > 0 else len(CONTENT)]
    assert [seen.body for seen in server.seen] == [CONTENT] * 2


def test_a_body_that_a_handler_cannot_read_is_an_error_of_the_caller(
    server: RecordingServer, events: Any, put: Put
) -> None:
    """As if it were read to be sent; nothing is."""
    source = Source(io.BytesIO(CONTENT[:5]), len(CONTENT))
    events.register(EVENT, lambda request, **_: request.body.read())
    with pytest.raises(Exception, match="before its declared length") as caught:
        put(source)
    assert source.failure is caught.value
    assert server.seen == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "reason"), [(200, "OK"), (404, "Not Found"), (503, "Service Unavailable"), (299, "")]
)
def test_the_answer_of_a_handler_is_that_of_the_request(
    server: RecordingServer, events: Any, put: Put, stream: bool, status: int, reason: str
) -> None:
    """Nothing is sent, and nothing tried again, whatever it says."""
    asked: list[str] = []

    def give(request: AWSPreparedRequest, **_event: object) -> AWSResponse:
        asked.append(str(request.url))
        return answer(str(request.url), status, b"content", x_amz_version_id="v")

    events.register(EVENT, give)
    found = put(stream=stream)
    assert (found.status, found.reason) == (status, reason)
    assert (found.headers["ETAG"], found.headers["X-Amz-Version-Id"]) == ("e", "v")
    assert found.read(3) + found.read(100) + found.read(1) == b"content"
    assert (found.attempts, found.was_retried, found.answer_lost) == (1, False, False)
    assert (len(asked), server.seen) == (1, [])


def test_the_answer_of_a_handler_has_its_content_at_once(events: Any, put: Put) -> None:
    """Where it is not read in pieces."""
    events.register(EVENT, lambda request, **_: answer(request.url, body=b"content"))
    assert put().data == b"content"


def test_the_first_answer_counts(server: RecordingServer, events: Any, put: Put) -> None:
    """A handler that returns nothing has only looked; all are told of the request."""
    noting = Noting()
    events.register(EVENT, noting)
    events.register(EVENT, lambda request, **_: answer(request.url, 201))
    events.register(EVENT, lambda request, **_: answer(request.url, 202))
    events.register(EVENT, noting)
    assert put().status == 201
    assert len(noting.offered) == 2
    assert server.seen == []


@pytest.mark.parametrize(("etag", "kept"), [('"e-2"', []), ('"e"', ["crc32c", "sha256"])])
def test_checksums_of_what_a_handler_keeps_in_parts_are_not_believed(
    events: Any, put: Put, etag: str, kept: list[str]
) -> None:
    """The library moto makes them of those of the parts, and says that they are of the whole."""
    given: Any = {**CRC, "x_amz_checksum_type": "FULL_OBJECT", "ETag": etag}
    events.register(EVENT, lambda request, **_: answer(request.url, **given))
    headers = put().headers
    assert [name for name in ("crc32c", "sha256") if f"x-amz-checksum-{name}" in headers] == kept
    assert headers["etag"] == etag
    assert headers["x-amz-checksum-type"] == "FULL_OBJECT"


@pytest.mark.parametrize("failure", [LookupError, KeyboardInterrupt])
def test_what_a_handler_raises_comes_out(
    server: RecordingServer, events: Any, put: Put, failure: type[BaseException]
) -> None:
    """Once, and nothing is sent."""
    asked: list[object] = []

    def fail(**event: object) -> None:
        asked.append(event)
        raise failure

    events.register(EVENT, fail)
    with pytest.raises(failure):
        put()
    assert (len(asked), server.seen) == (1, [])


def test_a_handler_that_is_gone_is_not_asked(server: RecordingServer, events: Any, put: Put) -> None:
    """What answered before is the server again, as behind a block of ``mock_aws``."""

    def give(request: AWSPreparedRequest, **_event: object) -> AWSResponse:
        return answer(str(request.url), 299)

    events.register(EVENT, give)
    assert put().status == 299
    events.unregister(EVENT, give)
    assert put().status == 200
    assert len(server.seen) == 1
