"""Requests on their way into a socket: heads that end where they should, files that the system sends."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from data_store.object_store.adapters.s3 import sending
from data_store.object_store.adapters.s3.sending import send_head, send_source
from data_store.object_store.body import Source
from data_store.object_store.errors import IntegrityError
from data_store.object_store.sources import FileWindow

MIB = 1024 * 1024
CONTENT = os.urandom(2 * MIB + 12_345)
PATIENCE = 20.0
SECRET = "secret-of-the-test"


class Wire:
    """Both ends of a connection; what comes out of it is read as long as it is open."""

    def __init__(self) -> None:
        self.sock, self.peer = socket.socketpair()
        self.sock.settimeout(PATIENCE)
        self._pieces: list[bytes] = []
        self._may_read = threading.Event()
        self._may_read.set()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def stop(self) -> None:
        """Read nothing until ``go_on``; before anything is sent."""
        self._may_read.clear()

    def go_on(self) -> None:
        """Read what comes."""
        self._may_read.set()

    def _read(self) -> None:
        self.peer.recv(1, socket.MSG_PEEK)
        self._may_read.wait(PATIENCE)
        while piece := self.peer.recv(MIB):
            self._pieces.append(piece)

    def came(self) -> bytes:
        """End the connection, and return what came through it."""
        self.sock.close()
        self._thread.join()
        self.peer.close()
        return b"".join(self._pieces)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A connection."""
    made = Wire()
    yield made
    made.came()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Any]:
    """A file with the content between other bytes."""
    (tmp_path / "file").write_bytes(b"before" + CONTENT + b"behind")
    with (tmp_path / "file").open("rb") as opened:
        yield opened


def unread(file: Any) -> FileWindow:
    """Return the content in a file, of which this process may read nothing."""
    window = FileWindow(file, 6, len(CONTENT))
    window.read = None  # type: ignore[method-assign,assignment]  # nobody may
    return window


# heads


@pytest.mark.parametrize("body", [None, b"", b"small", bytes(64 * 1024), bytes(64 * 1024 + 1)])
def test_a_head_is_followed_by_its_body(wire: Wire, body: bytes | None) -> None:
    """In the order and the case of the headers, in Latin-1 (RFC 9110, 5.5)."""
    send_head(wire.sock, "PUT", "/b/a%20b?c=", {"Host": "h:1", "x-amz-meta-a": "ü", "Empty": ""}, body)
    head = b"PUT /b/a%20b?c= HTTP/1.1\r\nHost: h:1\r\nx-amz-meta-a: \xfc\r\nEmpty: \r\n\r\n"
    assert wire.came() == head + (body or b"")


def test_a_head_may_have_no_headers(wire: Wire) -> None:
    """Its end is an empty line all the same."""
    send_head(wire.sock, "GET", "/", {})
    assert wire.came() == b"GET / HTTP/1.1\r\n\r\n"


def everything_in(failure: BaseException) -> str:
    """Return all that an error says, and those that it was made from, with what they hold."""
    told, behind = "", [failure]
    while behind:
        error = behind.pop()
        told += f"{error} {error!r} {error.args!r} {vars(error)!r} {getattr(error, 'object', '')!r}"
        behind += [each for each in (error.__cause__, error.__context__) if each is not None]
    return told


@pytest.mark.parametrize("bad", ["\r\nX: y", "\n", "\r", "\0", "\n\r", "€", "\ud800", "\U0001f389"])
@pytest.mark.parametrize("where", ["target", "name", "value"])
def test_what_cannot_travel_in_a_head_is_not_sent_and_not_shown(wire: Wire, where: str, bad: str) -> None:
    """Nor by what the error was made from: beside it in the head there are secrets."""
    text = f"a{bad}{SECRET}"
    target, headers = "/", {"Authorization": SECRET}
    if where == "target":
        target += text
    else:
        headers |= {text: "value"} if where == "name" else {"X-Header": text}
    with pytest.raises(ValueError, match="cannot travel") as caught:
        send_head(wire.sock, "GET", target, headers, b"body")
    assert SECRET not in everything_in(caught.value)
    assert bad not in everything_in(caught.value)
    assert wire.came() == b""


def test_a_target_ends_where_the_line_does(wire: Wire) -> None:
    """A space in it would end it sooner."""
    with pytest.raises(ValueError, match="cannot travel"):
        send_head(wire.sock, "GET", "/a HTTP/1.1", {})
    assert wire.came() == b""


# files


def test_a_file_is_sent_by_the_system(wire: Wire, file: Any) -> None:
    """None of it is read here; its progress is told before each piece, and its position moves on."""
    told: list[int] = []
    source = Source(unread(file), len(CONTENT), progress=told.append)
    send_source(wire.sock, source)
    assert wire.came() == CONTENT
    assert told == [MIB, 2 * MIB, len(CONTENT)]
    assert (source.tell(), source.failure) == (len(CONTENT), None)


def test_a_file_is_sent_from_where_its_source_stands(wire: Wire, file: Any) -> None:
    """As what is read would be."""
    source = Source(unread(file), len(CONTENT))
    source.seek(1000)
    send_source(wire.sock, source)
    assert wire.came() == CONTENT[1000:]


def test_a_file_that_is_digested_on_its_way_is_read(wire: Wire, file: Any) -> None:
    """The digest is known afterwards."""
    source = Source(FileWindow(file, 6, len(CONTENT)), len(CONTENT), checksum="crc32c")
    send_source(wire.sock, source)
    assert wire.came() == CONTENT
    assert source.digest("crc32c") == google_crc32c.value(CONTENT).to_bytes(4)


@pytest.mark.parametrize("has_sendfile", [True, False])
def test_an_empty_file_sends_nothing(
    wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch, has_sendfile: bool
) -> None:
    """And does not wait for anything."""
    if not has_sendfile:
        monkeypatch.setattr(sending, "_sendfile", None)
    send_source(wire.sock, Source(FileWindow(file, 6, 0), 0))
    assert wire.came() == b""


def test_where_the_system_has_no_sendfile_files_are_read(
    wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, say."""
    monkeypatch.setattr(sending, "_sendfile", None)
    send_source(wire.sock, Source(FileWindow(file, 6, len(CONTENT)), len(CONTENT)))
    assert wire.came() == CONTENT


def test_a_file_that_is_none_on_a_disk_is_sent(wire: Wire) -> None:
    """The kernel makes up those of ``/proc`` while they are read, and sends some of them itself only."""
    with Path("/proc/filesystems").open("rb", buffering=0) as found:
        expected = os.pread(found.fileno(), 200, 0)
        send_source(wire.sock, Source(FileWindow(found, 0, len(expected)), len(expected)))
    assert len(expected) > 100
    assert wire.came() == expected


Sendfile = Callable[[int, int, int, int], int]


def failing(number: int, after: int = 0, most: int = MIB) -> Sendfile:
    """Return a ``sendfile`` that fails with an error of that number behind so many pieces of ``most`` bytes."""
    left = [after]

    def sendfile(out: int, fd: int, offset: int, size: int) -> int:
        if left[0] == 0:
            raise OSError(number, os.strerror(number))
        left[0] -= 1
        return os.sendfile(out, fd, offset, min(size, most))

    return sendfile


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
@pytest.mark.parametrize(("after", "most"), [(0, MIB), (1, MIB), (1, 1000), (3, 500_000)])
def test_what_the_system_does_not_send_is_read(
    wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch, number: int, after: int, most: int
) -> None:
    """Some file systems have no sendfile; what has been sent is not sent twice."""
    monkeypatch.setattr(sending, "_sendfile", failing(number, after, most))
    source = Source(FileWindow(file, 6, len(CONTENT)), len(CONTENT))
    send_source(wire.sock, source)
    assert wire.came() == CONTENT
    assert (source.tell(), source.failure) == (len(CONTENT), None)


def test_a_socket_that_is_full_is_waited_for(wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket with a timeout does not block: the system says that it would have to."""
    blocked: list[int] = []

    def sendfile(out: int, fd: int, offset: int, size: int) -> int:
        try:
            return os.sendfile(out, fd, offset, size)
        except BlockingIOError:
            blocked.append(offset)
            wire.go_on()
            raise

    monkeypatch.setattr(sending, "_sendfile", sendfile)
    wire.stop()
    send_source(wire.sock, Source(unread(file), len(CONTENT)))
    assert wire.came() == CONTENT
    assert blocked


def test_a_server_that_takes_no_more_is_not_waited_for_forever(file: Any) -> None:
    """Not longer than for anything else of it; that is the network's failure."""
    sock, peer = socket.socketpair()
    source = Source(unread(file), len(CONTENT))
    with sock, peer:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError, match="takes no more"):
            send_source(sock, source)
    assert source.failure is None


@pytest.mark.parametrize("has_sendfile", [True, False])
def test_a_file_that_becomes_shorter_while_it_is_sent_is_an_error(
    wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch, has_sendfile: bool
) -> None:
    """What was sent before is all that goes out, and nothing that looks like the rest."""
    if not has_sendfile:
        monkeypatch.setattr(sending, "_sendfile", None)

    def shorten(done: int) -> None:
        if done == MIB:
            os.truncate(file.name, 6 + MIB)

    source = Source(FileWindow(file, 6, len(CONTENT)), len(CONTENT), progress=shorten)
    with pytest.raises(IntegrityError, match="shorter"):
        send_source(wire.sock, source)
    assert wire.came() == CONTENT[:MIB]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("after", [0, 1])
def test_an_error_of_the_file_is_remembered_as_that(
    wire: Wire, file: Any, monkeypatch: pytest.MonkeyPatch, number: int, after: int
) -> None:
    """Who sends it again would get the same."""
    monkeypatch.setattr(sending, "_sendfile", failing(number, after))
    source = Source(unread(file), len(CONTENT))
    with pytest.raises(OSError, match=r".") as caught:
        send_source(wire.sock, source)
    assert caught.value.errno == number
    assert source.failure is caught.value
    came = wire.came()
    assert CONTENT.startswith(came)
    assert bool(came) == bool(after)


def test_a_file_that_nobody_can_read_is_an_error_of_the_file(wire: Wire) -> None:
    """The first page of a process's memory, as it comes from the kernel."""
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        source = Source(FileWindow(memory, 0, 100), 100)
        with pytest.raises(OSError, match=r".") as caught:
            send_source(wire.sock, source)
    assert caught.value.errno == errno.EIO
    assert source.failure is caught.value


def test_a_file_that_its_owner_closes_is_an_error_of_the_file(wire: Wire, file: Any) -> None:
    """While it is sent."""
    source = Source(unread(file), len(CONTENT), progress=lambda _done: file.close())
    with pytest.raises(OSError, match=r".") as caught:
        send_source(wire.sock, source)
    assert (caught.value.errno, source.failure) == (errno.EBADF, caught.value)


@pytest.mark.parametrize("has_sendfile", [True, False])
@pytest.mark.parametrize("who", ["peer", "this"])
def test_a_connection_that_ends_is_no_error_of_the_file(
    file: Any, monkeypatch: pytest.MonkeyPatch, who: str, has_sendfile: bool
) -> None:
    """It is sent again over another one; closed here it has no descriptor, which is the same error as a file's."""
    if not has_sendfile:
        monkeypatch.setattr(sending, "_sendfile", None)
    sock, peer = socket.socketpair()
    source = Source(FileWindow(file, 6, len(CONTENT)), len(CONTENT))
    with sock, peer:
        (peer if who == "peer" else sock).close()
        with pytest.raises(OSError, match=r".") as caught:
            send_source(sock, source)
    assert caught.value.errno == (errno.EPIPE if who == "peer" else errno.EBADF)
    assert source.failure is None


def test_what_progress_raises_ends_the_sending(wire: Wire, file: Any) -> None:
    """Before the piece that it is about; it is the caller's."""

    def refuse(done: int) -> None:
        if done > MIB:
            raise LookupError

    source = Source(unread(file), len(CONTENT), progress=refuse)
    with pytest.raises(LookupError) as caught:
        send_source(wire.sock, source)
    assert source.failure is caught.value
    assert wire.came() == CONTENT[:MIB]
