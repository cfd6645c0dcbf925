"""What clients do on the wire: break off, wait, send too much, ask again on the same connection."""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import ExitStack

import pytest
import requests

from data_store.object_store.serve.protocol import BoundedProtocol
from tests.serve.support import PATIENCE_SECONDS, Served, answer_of, code_of, connect, eventually, exchange, head

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("sent", [0, 100, 3 * MEBIBYTE])
def test_an_upload_that_breaks_off_leaves_nothing(served: Served, sent: int) -> None:
    """Neither an object nor a temporary file, and the old object stays."""
    served.store.put_object(b"old", "x")
    url = served.store.get_presigned_upload_url("x")
    with connect(url) as connection:
        connection.sendall(head("PUT", url, f"Content-Length: {8 * MEBIBYTE}") + bytes(sent))
        assert sent < MEBIBYTE or eventually(lambda: served.leftovers)
    assert eventually(lambda: served.leftovers == [])
    assert served.store.read_object("x") == b"old"


def test_a_part_that_breaks_off_leaves_nothing(served: Served) -> None:
    """The upload goes on without it."""
    upload = served.store.presign_multipart("x", 8 * MEBIBYTE, 8 * MEBIBYTE)
    url = upload.parts[0].url
    with connect(url) as connection:
        connection.sendall(head("PUT", url, f"Content-Length: {8 * MEBIBYTE}") + bytes(3 * MEBIBYTE))
    assert requests.put(url, data=bytes(8 * MEBIBYTE), timeout=10).status_code == 200
    assert eventually(lambda: served.leftovers == [])
    assert [part.size for part in served.store.list_parts("x", upload.upload_id)] == [8 * MEBIBYTE]


def test_a_form_that_breaks_off_leaves_nothing(served: Served) -> None:
    """In the fields, and in the file."""
    post = served.store.get_presigned_post("x")
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in post.fields.items()
    )
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for body in (fields[:100].encode(), (fields + file).encode() + bytes(3 * MEBIBYTE)):
        with connect(post.url) as connection:
            kind = "Content-Type: multipart/form-data; boundary=b"
            connection.sendall(head("POST", post.url, kind, f"Content-Length: {8 * MEBIBYTE}") + body)
            assert len(body) < MEBIBYTE or eventually(lambda: served.leftovers)
        assert eventually(lambda: served.leftovers == [])
    assert not served.store.exists("x")


def broken_off_after(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many bytes of an answer were sent, of each that was broken off."""
    return [int(size) for size in re.findall(r"200, (\d+) bytes, broken off", caplog.text)]


def test_a_client_that_goes_away_is_not_read_for(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the object stays unread, and the server answers others."""
    caplog.set_level("INFO", "data_store.object_store.serve")
    served.store.put_object(bytes(64 * MEBIBYTE), "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        connection.sendall(head("GET", url))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert eventually(lambda: broken_off_after(caplog))
    assert 0 < broken_off_after(caplog)[0] < 32 * MEBIBYTE
    assert exchange("HEAD", served.store.get_presigned_url("x", method="HEAD"))[0] == 200


def test_a_client_that_does_not_take_an_answer_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The object is closed, although the connection still stands."""
    caplog.set_level("INFO", "data_store.object_store.serve")
    monkeypatch.setattr("data_store.object_store.serve.sending.SEND_SECONDS", 0.2)
    served.store.put_object(bytes(64 * MEBIBYTE), "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        connection.sendall(head("GET", url))
        assert eventually(lambda: broken_off_after(caplog))
    assert 0 < broken_off_after(caplog)[0] < 32 * MEBIBYTE


def test_a_client_that_does_not_take_an_answer_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written for it is let go, too: its connection ends in the middle of the answer."""
    monkeypatch.setattr(BoundedProtocol, "WRITE_SECONDS", 0.2)
    served.store.put_object(bytes(64 * MEBIBYTE), "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        connection.sendall(head("GET", url))
        assert eventually(lambda: closed_by_server(connection))
        with pytest.raises((AssertionError, OSError), match=r"closed|[Rr]eset"):
            answer_of(connection)


def closed_by_server(connection: socket.socket) -> bool:
    """Return whether the other end of a connection is closed: sending fails then, sooner or later."""
    try:
        connection.send(b"\r\n")
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nG",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
        b"PUT /photos/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["nothing", "half a head", "a line", "half a second head", "a second line", "half a refused body"],
)
def test_a_connection_without_a_request_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Whoever has no signature must not hold one for ever."""
    monkeypatch.setattr(BoundedProtocol, "HEAD_SECONDS", 0.5)
    with connect(served.url) as connection:
        connection.sendall(sent)
        while connection.recv(65536):
            pass
    assert requests.get(served.url, timeout=10).status_code == 403


def test_a_connection_with_a_request_under_way_is_not_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its body takes its time, or the head of the next one has begun to come."""
    monkeypatch.setattr(BoundedProtocol, "HEAD_SECONDS", 0.1)
    url = served.store.get_presigned_upload_url("x")
    with connect(url) as connection:
        connection.sendall(head("PUT", url, "Content-Length: 10"))
        for _ in range(10):
            assert not readable(connection, 0.03)
            connection.sendall(b"x")
        assert answer_of(connection)[0] == 200


def readable(connection: socket.socket, seconds: float) -> bool:
    """Return whether something comes, or the connection ends, within so many seconds."""
    return bool(select.select([connection], [], [], seconds)[0])


def test_a_refused_body_is_taken_to_its_end(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it comes at a pace: clients that read no answer before they have sent all, as browsers, see it."""
    monkeypatch.setattr(BoundedProtocol, "HEAD_SECONDS", 0.5)
    with connect(served.url) as connection:
        connection.sendall(head("PUT", f"{served.url}/photos/x", f"Content-Length: {12 * MEBIBYTE}"))
        for _ in range(12):
            connection.sendall(bytes(MEBIBYTE))
            time.sleep(0.08)
        assert answer_of(connection)[0] == 403


def test_a_slow_reader_gets_everything(served: Served) -> None:
    """The server waits for it, and answers others meanwhile."""
    size = 16 * MEBIBYTE
    served.store.put_object(bytes(size), "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(head("GET", url))
        for _ in range(20):
            assert requests.head(served.store.get_presigned_url("x", method="HEAD"), timeout=10).status_code == 200
        status, _, body = answer_of(connection)
    assert (status, len(body)) == (200, size)


def test_a_refusal_leaves_the_connection_good_for_the_next_request(served: Served) -> None:
    """The body of the refused one is dropped; requests that were sent ahead are answered in their order."""
    served.store.put_object(b"found", "x")
    refused, good = served.url + "/photos/x", served.store.get_presigned_url("x")
    with connect(served.url) as connection:
        body = bytes(MEBIBYTE)
        connection.sendall(head("PUT", refused, f"Content-Length: {len(body)}") + body + head("GET", good) * 2)
        answers = [answer_of(connection) for _ in range(3)]
    assert [(status, body) for status, _, body in answers[1:]] == [(200, b"found")] * 2
    assert (answers[0][0], code_of(answers[0][2])) == (403, "AccessDenied")


def test_a_client_that_asks_before_it_sends_is_told(served: Served) -> None:
    """``Expect: 100-continue``: it goes on where it may."""
    url = served.store.get_presigned_upload_url("x")
    with connect(url) as connection:
        connection.sendall(head("PUT", url, "Content-Length: 5", "Expect: 100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert answer_of(connection)[0] == 200


def test_a_client_that_asks_before_it_sends_is_refused_at_once(served: Served) -> None:
    """The body never travels, and the connection ends, because nobody knows whether it would come."""
    with connect(served.url) as connection:
        connection.sendall(head("PUT", served.url + "/photos/x", "Content-Length: 5", "Expect: 100-continue"))
        status, headers, _ = answer_of(connection)
        assert (status, headers["connection"]) == (403, "close")
        assert connection.recv(1) == b""


def test_http_1_0_is_answered(served: Served) -> None:
    """With the length, and the end of the connection."""
    served.store.put_object(b"hello", "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        connection.sendall(head("GET", url, version="1.0"))
        status, headers, body = answer_of(connection)
        assert (status, body, headers["content-length"]) == (200, b"hello", "5")
        assert connection.recv(1) == b""


@pytest.mark.parametrize("beginning", [b"", b"0\r\n"], ids=["head", "trailer"])
def test_a_head_without_an_end_is_cut_off(served: Served, beginning: bytes) -> None:
    """And so is a trailer: the server does not keep what never ends."""
    opening = head("PUT", served.url + "/photos/x", "Transfer-Encoding: chunked")
    opening = opening if beginning else opening[:-2]
    opening += beginning + b"X-Long: "
    with connect(served.url) as connection, pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
        connection.sendall(opening + bytes(64 * MEBIBYTE).replace(b"\0", b"a"))


def test_an_absolute_request_target_is_understood(served: Served) -> None:
    """As clients write it to proxies (RFC 9112, 3.2.2)."""
    served.store.put_object(b"hello", "x")
    url = served.store.get_presigned_url("x")
    with connect(url) as connection:
        request = head("GET", url).replace(b"GET /", f"GET {served.url}/".encode(), 1)
        connection.sendall(request)
        assert answer_of(connection)[0] == 200


@pytest.mark.parametrize("authority", ["example.com", "a@{host}", "{host}.example.com", ""])
def test_a_target_of_another_host_is_refused(served: Served, authority: str) -> None:
    """The host of the target is the one that counts (RFC 9112, 3.2.2), and the one in the header was signed."""
    served.store.put_object(b"hello", "x")
    url = served.store.get_presigned_url("x")
    other = authority.format(host=url.split("/")[2])
    with connect(url) as connection:
        connection.sendall(head("GET", url).replace(b"GET /", f"GET http://{other}/".encode(), 1))
        assert answer_of(connection)[0] == 400


@pytest.mark.parametrize("target", ["/%2e%2e/%2e%2e/etc/passwd", "/photos/%00", "/%ff/%fe", "//", "/photos/\xff", "*"])
def test_odd_targets_are_refused(served: Served, target: str) -> None:
    """None of them is found to be a file, and the server goes on."""
    with connect(served.url) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        assert answer_of(connection)[0] in (400, 403)
    assert requests.get(served.url, timeout=10).status_code == 403


def test_slow_uploads_keep_nobody_from_reading_and_uploading(served: Served) -> None:
    """More of them than the application has threads for what is short."""
    served.store.put_object(b"x", "x")
    url = served.store.get_presigned_upload_url("y")
    with ExitStack() as connections:
        for _ in range(80):
            connection = connections.enter_context(connect(url))
            connection.sendall(head("PUT", url, f"Content-Length: {4 * MEBIBYTE}") + bytes(MEBIBYTE + 1))
        assert eventually(lambda: len(served.leftovers) == 80)
        assert exchange("GET", served.store.get_presigned_url("x")) == (200, b"x")
        large = served.store.get_presigned_upload_url("z")
        assert requests.put(large, data=bytes(2 * MEBIBYTE), timeout=10).status_code == 200
    assert eventually(lambda: served.leftovers == [])
    assert not served.store.exists("y")


@pytest.mark.parametrize("body", ["an object", "a form"])
def test_a_client_that_trickles_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A byte now and then is no block in time; neither are fields of a form that never end."""
    monkeypatch.setattr("data_store.object_store.serve.bridge.BLOCK_SECONDS", 0.3)
    url = served.store.get_presigned_upload_url("x")
    opening = head("PUT", url, f"Content-Length: {8 * MEBIBYTE}") + bytes(2 * MEBIBYTE)
    if body == "a form":
        kind = "Content-Type: multipart/form-data; boundary=b"
        opening = head("POST", f"{served.url}/photos", kind, f"Content-Length: {8 * MEBIBYTE}") + b"--b\r\n"
    with connect(url) as connection:
        connection.sendall(opening)
        while not readable(connection, 0.02):
            connection.sendall(b"x")
        status, _, answer = answer_of(connection)
    assert (status, code_of(answer)) == (400, "RequestTimeout")
    assert eventually(lambda: served.leftovers == [])


def test_uploads_beyond_their_places_are_asked_to_come_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of theirs is kept in memory; reads are answered, and so are uploads when there is a place again."""
    monkeypatch.setattr("data_store.object_store.serve.bridge.BODIES", 2)
    monkeypatch.setattr("data_store.object_store.serve.bridge.PLACE_SECONDS", 0.2)
    served.store.put_object(b"x", "x")
    url = served.store.get_presigned_upload_url("y")
    with ExitStack() as connections:
        for _ in range(2):
            connection = connections.enter_context(connect(url))
            connection.sendall(head("PUT", url, f"Content-Length: {4 * MEBIBYTE}") + bytes(MEBIBYTE + 1))
        assert eventually(lambda: len(served.leftovers) == 2)
        answer = requests.put(url, data=b"y", timeout=10)
        assert (answer.status_code, code_of(answer.content)) == (503, "SlowDown")
        assert exchange("GET", served.store.get_presigned_url("x")) == (200, b"x")
    assert eventually(lambda: requests.put(url, data=b"y", timeout=10).ok)


def test_a_client_that_stops_sending_is_not_waited_for_for_ever(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told so, and its connection ends."""
    monkeypatch.setattr("data_store.object_store.serve.bridge.BLOCK_SECONDS", 0.2)
    url = served.store.get_presigned_upload_url("x")
    with connect(url) as connection:
        connection.sendall(head("PUT", url, f"Content-Length: {8 * MEBIBYTE}") + bytes(3 * MEBIBYTE))
        status, headers, body = answer_of(connection)
    assert (status, code_of(body), headers["connection"]) == (400, "RequestTimeout", "close")
    assert eventually(lambda: served.leftovers == [])
