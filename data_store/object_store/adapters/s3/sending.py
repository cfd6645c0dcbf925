"""Requests on their way into a socket: a head with a small body in one call, a file by ``sendfile``."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping

from urllib3.util.wait import wait_for_write

from data_store.object_store.body import Source
from data_store.object_store.errors import IntegrityError
from data_store.object_store.files import FileRange

__all__ = ["send_head", "send_source"]

_IN_ONE_PIECE = 64 * 1024
_BLOCK = 1024 * 1024
_CANNOT_TRAVEL = "the target or a header of the request has a character that cannot travel there"
_sendfile: Callable[[int, int, int, int], int] | None = getattr(os, "sendfile", None)  # not on Windows
_CANNOT_BE_SENT = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})  # some file systems have no sendfile
_OF_THE_FILE = frozenset({errno.EIO, errno.ESTALE, errno.EBADF})


def send_head(
    sock: socket.socket, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
) -> None:
    """Send the head of a request, with its body if that is in memory.

    Raises:
        ValueError: the target or a header cannot travel in a head; it is not shown, for it may be a secret.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "\r\n"]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text or " " in target:
        raise ValueError(_CANNOT_TRAVEL)
    head = _encoded(text)
    if head is None:
        raise ValueError(_CANNOT_TRAVEL)
    if body and len(body) <= _IN_ONE_PIECE:
        sock.sendall(head + body)
        return
    sock.sendall(head)
    if body:
        sock.sendall(body)


def _encoded(text: str) -> bytes | None:
    """Return a head, or None for what is none: the error, which would be the context of ours, has all of the text."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def send_source(sock: socket.socket, source: Source) -> None:
    """Send the content of a source, from where it stands to its end."""
    content, start = source.file_range(), source.tell()
    if content is not None and _sendfile is not None and type(sock) is socket.socket:  # not under TLS
        sent = _send_file(sock, source, content, _sendfile)
        if sent == content.size:
            return
        source.seek(start + sent)
    while chunk := source.read(_BLOCK):
        sock.sendall(chunk)


def _send_file(
    sock: socket.socket, source: Source, content: FileRange, sendfile: Callable[[int, int, int, int], int]
) -> int:
    """Have the system send a file, none of which comes into this process; return how many bytes it could."""
    position, end = content.offset, content.offset + content.size
    while position < end:
        stop = min(end, position + _BLOCK)
        source.passed(stop - position)
        while position < stop:
            try:
                position += _send_some(sock, content.fd, position, stop - position, sendfile)
            except OSError as error:
                if error.errno in _CANNOT_BE_SENT:
                    return position - content.offset
                if error.errno in _OF_THE_FILE and sock.fileno() >= 0:  # a closed socket is a bad descriptor, too
                    source.failure = error  # the caller's own, and the same if it is sent again
                raise
    return content.size


def _send_some(
    sock: socket.socket, fd: int, offset: int, size: int, sendfile: Callable[[int, int, int, int], int]
) -> int:
    while True:
        try:
            sent = sendfile(sock.fileno(), fd, offset, size)
        except BlockingIOError:  # a socket with a timeout does not block
            if not wait_for_write(sock, sock.gettimeout()):
                raise TimeoutError("the server takes no more of the body") from None
            continue
        if sent == 0:
            raise IntegrityError("the file became shorter while it was uploaded")
        return sent
