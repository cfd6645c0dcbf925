"""A form as it comes in: its fields at once, then the file piece by piece (RFC 7578)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from data_store.object_store.serve.answers import RefusalError
from data_store.object_store.serve.bridge import gathered, in_time

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # it is there for type checkers only

__all__ = ["FormReader"]

_MAX_FIELDS = 100
_MAX_BYTES = 20 * 1024  # S3 API reference, "POST Object": all fields without the file
_MAX_HEADERS = 8 * 1024  # of a part; not all versions of the parser have a bound of their own
_FORM = b"multipart/form-data"
_FILE = "file"


class FormReader:
    """A form that comes in.

    Args:
        content_type: the header of the request.
        piece: returns the next bytes of the request's body, ``b""`` at its end.

    Raises:
        RefusalError: it is no form.
    """

    def __init__(self, content_type: str, piece: Callable[[], Awaitable[bytes]]) -> None:
        self._piece = piece
        self._parts = _Parts(_boundary(content_type))

    @property
    def fields(self) -> dict[str, str]:
        """What came before the file, by their names in lower case."""
        return self._parts.fields

    @property
    def filename(self) -> str:
        """What the client calls the file, without directories."""
        return self._parts.filename.replace("\\", "/").rpartition("/")[2]

    async def read_fields(self) -> None:
        """Read until the file begins.

        Raises:
            RefusalError: there is no file, or the fields are malformed, too many, too long or too slow.
        """
        await in_time(self._until_file)

    async def _until_file(self) -> None:
        while not self._parts.file_begun:
            await self._feed("The form has no field named file.")

    async def block(self) -> bytes:
        """Return the next bytes of the file; see ``Blocks``. What comes behind the file is dropped.

        Raises:
            RefusalError: the form ends too early.
        """
        return await gathered(self._next)

    async def _next(self) -> bytes:
        while not (self._parts.content or self._parts.ended):
            await self._feed("The form ended too early.")
        found = b"".join(self._parts.content)
        self._parts.content.clear()
        return found

    async def _feed(self, missing: str) -> None:
        piece = await self._piece()
        if not piece or self._parts.ended:
            raise _malformed(missing)
        self._parts.feed(piece)


class _Parts:
    """The parts of a form, of which the parser tells.

    Attributes:
        fields: what came before the file.
        filename: the name of the file.
        file_begun: whether the file has begun.
        content: what came of the file, to be taken away.
        ended: whether the last boundary came.
    """

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.file_begun = False
        self.content: list[bytes] = []
        self.ended = False
        self._size = self._of_headers = 0
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        self._take: Callable[[bytes], object] = self.content.append
        self._field = bytearray()
        self._name: str | None = None
        self._parser = MultipartParser(boundary, self._callbacks())

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the form."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed(f"The form is malformed: {error}") from error

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_comes,
            "on_header_value": self._value_comes,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data_comes,
            "on_part_end": self._part_ends,
            "on_end": self._form_ends,
        }

    def _part_begins(self) -> None:
        self._disposition = b""
        self._of_headers = 0

    def _header_comes(self, data: bytes, start: int, end: int) -> None:
        self._header += self._counted(data[start:end])

    def _value_comes(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, piece: bytes) -> bytes:
        self._of_headers += len(piece)
        if self._of_headers > _MAX_HEADERS:
            raise _malformed("The form has a part whose headers are too long.")
        return piece

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        if self.file_begun:
            self._take = _dropped
            return
        _, parameters = parse_options_header(self._disposition.decode("latin-1"))
        name = _text(parameters.get(b"name", b""))
        if name.lower() == _FILE:
            self.file_begun = True
            self.filename = _text(parameters.get(b"filename", b""))
            self._take = self.content.append
        else:
            self._begin_field(name.lower())

    def _begin_field(self, name: str) -> None:
        if not name or name in self.fields:
            raise _malformed("The form has a field without a name, or one that came before.")
        if len(self.fields) == _MAX_FIELDS:
            raise _too_large()
        self._name, self._take = name, self._field.extend
        self._count(len(name))

    def _data_comes(self, data: bytes, start: int, end: int) -> None:
        if self._name is not None:
            self._count(end - start)
        self._take(data[start:end])

    def _part_ends(self) -> None:
        if self._name is not None:
            self.fields[self._name] = _text(bytes(self._field))
            self._field.clear()
        self._name, self._take = None, _dropped

    def _form_ends(self) -> None:
        self.ended = True

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > _MAX_BYTES:
            raise _too_large()


def _dropped(_: bytes) -> None:
    pass


def _boundary(content_type: str) -> bytes:
    kind, parameters = parse_options_header(content_type)
    boundary = parameters.get(b"boundary", b"")
    if kind != _FORM or not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1
        message = "A form is sent as multipart/form-data, with a boundary."
        raise RefusalError(HTTPStatus.BAD_REQUEST, "RequestIsNotMultiPartContent", message)
    return boundary


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _malformed("The form has a field that is not UTF-8.") from None


def _malformed(message: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, "MalformedPOSTRequest", message)


def _too_large() -> RefusalError:
    message = "The fields before the file are too many, or too large."
    return RefusalError(HTTPStatus.BAD_REQUEST, "MaxPostPreDataLengthExceededError", message)
