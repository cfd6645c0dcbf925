"""Reading objects: streams that survive a broken connection, and a seekable reader."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.body import SMALL_BODY, Source
from data_store.object_store.errors import (
    ConnectionFailed,
    IntegrityError,
    ObjectNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from data_store.object_store.models import GetOptions, Object, ObjectMetadata, PutOptions, SseCustomer
from data_store.object_store.reading import ObjectReader, open_resuming, without_body
from tests.unit.dict_client import DictClient, VendorError, configuration

CONTENT = bytes(range(256)) * 4


def _put(client: DictClient, content: bytes = CONTENT) -> ObjectMetadata:
    client.buckets.setdefault("b", {})
    return client.put_object("b", "k", Source(io.BytesIO(content), len(content)), PutOptions())


class _Breaking(io.BytesIO):
    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content)
        self._after = after

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self._after:
            raise VendorError("Reset")
        return super().read(min(size or 0, self._after - self.tell()))


class BreakingClient(DictClient):
    """Each body breaks after ``after`` bytes, the first ``breaks`` of them."""

    after = 100
    breaks = 2

    def _body(self, content: bytes) -> io.BytesIO:
        self.on_open()
        self.breaks -= 1
        return _Breaking(content, self.after) if self.breaks >= 0 else io.BytesIO(content)

    def on_open(self) -> None:
        """Do nothing; other faults happen here."""


def _opened(client: DictClient, options: GetOptions | None = None, attempts: int = 3) -> Object:
    return open_resuming(client, "b", "k", options or GetOptions(), attempts)


# resuming


@pytest.mark.parametrize("size", [1, 99, 100, 101, 2000])
def test_a_body_that_breaks_is_taken_up_again(size: int) -> None:
    """The reader notices nothing."""
    client = BreakingClient()
    _put(client)
    body = _opened(client).body
    assert b"".join(iter(lambda: body.read(size), b"")) == CONTENT
    assert client.calls.count("get_object") == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (GetOptions(offset=10), CONTENT[10:]),
        (GetOptions(offset=10, length=500), CONTENT[10:510]),
        (GetOptions(offset=-300), CONTENT[-300:]),
        (GetOptions(offset=-5000), CONTENT),
        (GetOptions(length=250), CONTENT[:250]),
    ],
)
def test_a_range_is_taken_up_again_inside_itself(options: GetOptions, expected: bytes) -> None:
    """Of every kind."""
    client = BreakingClient()
    _put(client)
    assert _opened(client, options).read() == expected


def test_no_more_requests_than_attempts() -> None:
    """Then the error is raised."""
    client = BreakingClient()
    client.breaks = 100
    _put(client)
    found = _opened(client)
    with pytest.raises(ConnectionFailed):
        found.body.read()
    assert client.calls.count("get_object") == 3


class RetryingClient(BreakingClient):
    """Needs ``takes`` requests for each body, and is asked with ``asked`` attempts."""

    breaks = 100
    takes = 1

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int | None] = []

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Note the attempts."""
        self.asked.append(options.attempts)
        return super().get_object(bucket, key, options)

    def _body(self, content: bytes) -> io.BytesIO:
        body: Any = super()._body(content)
        body.attempts = self.takes
        return body  # type: ignore[no-any-return]  # attributes are not known to BytesIO


@pytest.mark.parametrize(
    ("takes", "attempts", "asked"),
    [(1, 3, [None, 2, 1]), (2, 3, [None, 1]), (3, 3, [None]), (2, 6, [None, 4, 2]), (5, 3, [None]), (1, 1, [None])],
)
def test_requests_below_the_client_count_too(takes: int, attempts: int, asked: list[int | None]) -> None:
    """A GET that takes a body up may make as many as are left, and is not made if none is."""
    client = RetryingClient()
    client.takes = takes
    _put(client)
    with pytest.raises(ConnectionFailed):
        _opened(client, attempts=attempts).read()
    assert client.asked == asked
    assert all(body.closed for body in client.bodies)


def test_a_body_that_failed_does_not_end_quietly() -> None:
    """Who reads on gets the error again, not an end."""
    client = BreakingClient()
    client.breaks = 100
    _put(client)
    found = _opened(client, attempts=1)
    assert len(found.body.read(500)) == 100
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            found.body.read(500)
    with pytest.raises(ConnectionFailed):
        found.body.read()


class ReplacedClient(BreakingClient):
    """The object is replaced before its body breaks."""

    def on_open(self) -> None:
        """Replace it by as many other bytes, once."""
        if self.breaks == 1:
            self.breaks = 0
            _put(self, CONTENT[::-1])
            self.breaks = 1


def test_two_versions_are_never_mixed() -> None:
    """An object that was replaced meanwhile is an error, with all that is known."""
    client = ReplacedClient()
    client.breaks = 1
    _put(client)
    found = _opened(client)
    with pytest.raises(IntegrityError, match="replaced") as caught:
        found.body.read()
    error = caught.value
    assert (error.operation, error.bucket, error.key, error.framework) == ("get_object", "b", "k", "memory")


def test_two_versions_are_not_mixed_by_a_server_that_ignores_conditions() -> None:
    """The answer's own ETag tells."""

    class Careless(ReplacedClient):
        @staticmethod
        def _check_reading(found: Any, options: GetOptions) -> None:
            return

    client = Careless()
    client.breaks = 1
    _put(client)
    found = _opened(client)
    with pytest.raises(IntegrityError, match="replaced"):
        found.body.read()


def test_an_object_that_became_shorter_was_replaced() -> None:
    """A server that looks at the range before the condition says it so."""

    class Shorter(BreakingClient):
        def on_open(self) -> None:
            if len(self.bodies) == 0:
                _put(self, b"short")

        @staticmethod
        def _check_reading(found: Any, options: GetOptions) -> None:
            return

    client = Shorter()
    _put(client)
    found = _opened(client)
    with pytest.raises(IntegrityError, match="replaced") as caught:
        found.body.read()
    assert isinstance(caught.value.__cause__, RangeNotSatisfiable)


def test_a_suffix_of_an_object_of_unknown_size_is_not_taken_up_again() -> None:
    """Nobody knows where it broke."""

    class NoSize(BreakingClient):
        def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
            found = super().get_object(bucket, key, options)
            object.__setattr__(found, "size", None)
            return found

    client = NoSize()
    _put(client)
    assert _opened(client, GetOptions(offset=7, length=300)).read() == CONTENT[7:307]
    client.breaks = 1
    with pytest.raises(ConnectionFailed):
        _opened(client, GetOptions(offset=-300)).read()


def test_an_object_that_was_deleted_meanwhile_is_not_found() -> None:
    """What is missing is said."""

    class Deleted(BreakingClient):
        def on_open(self) -> None:
            self.breaks = 1
            del self.buckets["b"]["k"]

    client = Deleted()
    _put(client)
    found = _opened(client)
    for _ in range(2):
        with pytest.raises(ObjectNotFound) as caught:
            found.body.read()
        assert isinstance(caught.value.__cause__, VendorError)
    assert all(body.closed for body in client.bodies)


def test_content_without_an_etag_is_not_taken_up_again() -> None:
    """Nothing would tell whether it is the same."""

    class NoTags(BreakingClient):
        def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
            found = super().get_object(bucket, key, options)
            object.__setattr__(found, "etag", None)
            return found

    client = NoTags()
    _put(client)
    with pytest.raises(ConnectionFailed):
        _opened(client).read()


class WrongMd5Client(DictClient):
    """Vouches for another content."""

    def _checksums(self, content: bytes) -> dict[str, str] | None:
        return {"md5": "0" * 32}


def test_content_that_does_not_have_its_md5_is_refused() -> None:
    """Before its last bytes are handed out, with all that is known."""
    client = WrongMd5Client()
    _put(client)
    body = _opened(client).body
    assert body.read(1000) == CONTENT[:1000]
    with pytest.raises(IntegrityError, match="md5") as caught:
        body.read(1000)
    error = caught.value
    assert (error.operation, error.bucket, error.key, error.framework) == ("get_object", "b", "k", "memory")
    assert client.bodies[0].closed


class VouchingClient(DictClient):
    """Vouches for several digests, one of them a wrong one."""

    wrong = ""

    def _checksums(self, content: bytes) -> dict[str, str] | None:
        source = Source(io.BytesIO(content), len(content))
        digests = {name: source.digest(name).hex() for name in ("md5", "sha256", "crc32c", "crc64nvme")}
        return digests | ({self.wrong: "00"} if self.wrong else {})


@pytest.mark.parametrize("wrong", ["crc32c", "crc64nvme", "sha256", "md5"])
def test_content_is_compared_with_each_digest_that_stands_alone(wrong: str) -> None:
    """Of those that are known."""

    class Alone(VouchingClient):
        def _checksums(self, content: bytes) -> dict[str, str] | None:
            return {wrong: (super()._checksums(content) or {})[wrong], "sha512": "00"}

    client = Alone()
    client.wrong = wrong
    _put(client)
    with pytest.raises(IntegrityError, match=wrong):
        _opened(client).read()
    client.wrong = ""
    _put(client)
    assert _opened(client).read() == CONTENT


@pytest.mark.parametrize(("wrong", "refused"), [("", False), ("crc32c", True), ("md5", False)])
def test_of_several_digests_the_one_that_costs_the_least_is_compared(wrong: str, refused: bool) -> None:
    """An MD5 is twenty times slower, and says no more."""
    client = VouchingClient()
    client.wrong = wrong
    _put(client)
    if refused:
        with pytest.raises(IntegrityError, match="crc32c"):
            _opened(client).read()
    else:
        assert _opened(client).read() == CONTENT


@pytest.mark.parametrize(("size", "refused"), [(SMALL_BODY, True), (SMALL_BODY + 1, False)])
def test_small_content_is_compared_whatever_the_integrity(size: int, refused: bool) -> None:
    """``transport`` is about what is larger."""
    client = WrongMd5Client(configuration(integrity="transport"))
    _put(client, bytes(size))
    body = _opened(client).body
    if refused:
        with pytest.raises(IntegrityError, match="md5"):
            body.read()
    else:
        assert body.read() == bytes(size)


def test_an_empty_object_that_does_not_have_its_md5_is_refused() -> None:
    """When it is opened: nobody reads a body of no bytes."""
    client = WrongMd5Client()
    _put(client, b"")
    with pytest.raises(IntegrityError, match="md5"):
        _opened(client)
    assert client.bodies[0].closed


def test_a_range_is_not_compared_with_the_md5_of_the_whole() -> None:
    """It is another content."""
    client = WrongMd5Client()
    _put(client)
    assert _opened(client, GetOptions(offset=1)).read() == CONTENT[1:]


def test_closing_gives_the_connection_back() -> None:
    """That of the body which was taken up again."""
    client = BreakingClient()
    _put(client)
    found = _opened(client)
    found.body.read(100)
    found.body.read(1)
    found.close()
    found.close()
    assert [body.closed for body in client.bodies] == [True, True]
    with pytest.raises(ValueError, match="closed"):
        found.body.read()


def test_a_body_is_a_stream() -> None:
    """It can be wrapped and read into."""
    client = BreakingClient()
    _put(client)
    assert io.BufferedReader(_opened(client).body).read() == CONTENT  # type: ignore[type-var]  # a RawIOBase
    _put(client, b"")
    assert _opened(client).body.read() == b""


def test_without_its_body_an_object_is_its_metadata() -> None:
    """All fields of it."""
    client = DictClient()
    _put(client)
    found = _opened(client)
    assert without_body(found) == client.head_object("b", "k", GetOptions())
    found.close()


class AskedClient(BreakingClient):
    """Notes the options of each GET."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[GetOptions] = []

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Note the options."""
        self.asked.append(options)
        return super().get_object(bucket, key, options)


KEY = SseCustomer(bytes(32))


def test_what_is_taken_up_again_is_of_the_same_version_with_the_same_key() -> None:
    """Pinned to the ETag too; conditions on the time hold for the first request only."""
    client = AskedClient()
    etag = _put(client).etag
    asked = GetOptions(version="v1", encryption=KEY, if_modified_since=datetime(2020, 1, 1, tzinfo=UTC))
    assert _opened(client, asked).read() == CONTENT
    assert client.asked[0] == asked
    rest = [(each.version, each.encryption, each.if_match, each.if_modified_since) for each in client.asked[1:]]
    assert rest == [("v1", KEY, etag, None)] * 2


# the reader


def _reader(client: DictClient, block_size: int | None = None) -> ObjectReader:
    return ObjectReader(client, "b", client.head_object("b", "k", GetOptions()), 3, block_size)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 60)),
        st.tuples(st.just("readinto"), st.integers(0, 60)),
        st.tuples(st.just("readline"), st.integers(-1, 60)),
        st.tuples(st.just("seek"), st.integers(0, 120)),
        st.tuples(st.just("seek_end"), st.integers(-10, 10)),
        st.tuples(st.just("seek_here"), st.integers(0, 20)),
    ),
    max_size=12,
)


def _step(stream: Any, name: str, number: int) -> Any:
    if name == "readinto":
        buffer = bytearray(number)
        return stream.readinto(buffer), bytes(buffer)
    if name == "seek_end":
        return stream.seek(max(number, -stream.seek(0, io.SEEK_END)), io.SEEK_END)
    if name == "seek_here":
        return stream.seek(number, io.SEEK_CUR)
    return getattr(stream, name)(number)


@given(st.binary(max_size=100), STEPS, st.integers(1, 40), st.booleans())
def test_a_reader_behaves_as_bytes_in_memory(
    content: bytes, steps: list[tuple[str, int]], block_size: int, buffered: bool
) -> None:
    """Whatever is read and sought, with any block size, wrapped or not."""
    client = DictClient()
    _put(client, content)
    expected, reader = io.BytesIO(content), _reader(client, block_size)
    stream: Any = io.BufferedReader(reader, buffer_size=7) if buffered else reader
    for name, number in steps:
        assert _step(stream, name, number) == _step(expected, name, number)
        assert stream.tell() == expected.tell()


@given(st.text(max_size=60), st.integers(1, 20))
def test_a_reader_of_text_reads_text(text: str, block_size: int) -> None:
    """As ``open()`` in text mode does."""
    content = text.encode("utf-8", "replace")
    client = DictClient()
    _put(client, content)
    expected = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").readlines()
    assert io.TextIOWrapper(io.BufferedReader(_reader(client, block_size)), encoding="utf-8").readlines() == expected


def test_small_reads_are_served_from_one_block() -> None:
    """One request, not one for each read."""
    client = DictClient()
    _put(client)
    reader = _reader(client, 512)
    assert b"".join(reader.read(10) for _ in range(50)) == CONTENT[:500]
    reader.seek(0)
    assert reader.read(10) == CONTENT[:10]
    assert client.calls.count("get_object") == 1


def test_a_large_read_is_one_request() -> None:
    """Not one for each block."""
    client = DictClient()
    _put(client)
    assert _reader(client, 16).read() == CONTENT
    assert client.calls.count("get_object") == 1


def test_nothing_is_requested_behind_the_end() -> None:
    """Nor of an empty object."""
    client = DictClient()
    _put(client)
    reader = _reader(client)
    reader.seek(5000)
    assert (reader.read(), reader.read(1), reader.readall()) == (b"", b"", b"")
    _put(client, b"")
    assert _reader(client).read() == b""
    assert "get_object" not in client.calls


def test_a_reader_is_pinned_to_the_version_it_found() -> None:
    """An object that was replaced is an error, never a mixture."""
    client = DictClient()
    _put(client)
    reader = _reader(client, 16)
    assert reader.read(16) == CONTENT[:16]
    _put(client, CONTENT[::-1])
    with pytest.raises(PreconditionFailed):
        reader.read(16)


def test_a_reader_reads_the_version_it_was_opened_for_with_its_key() -> None:
    """In each of its requests."""
    client = AskedClient()
    client.breaks = 1
    etag = _put(client).etag
    options = GetOptions(version="v1", encryption=KEY)
    reader = ObjectReader(client, "b", client.head_object("b", "k", options), 3, 200, options)
    assert reader.read(150) + reader.read(150) == CONTENT[:300]
    assert len(client.asked) == 3
    assert {(each.version, each.encryption, each.if_match) for each in client.asked} == {("v1", KEY, etag)}


def test_a_reader_takes_a_broken_connection_up_again() -> None:
    """As every body does."""
    client = BreakingClient()
    _put(client)
    assert _reader(client).read() == CONTENT


@pytest.mark.parametrize(("offset", "whence"), [(-1, io.SEEK_SET), (-5000, io.SEEK_END), (-1, io.SEEK_CUR), (0, 9)])
def test_there_is_nothing_before_the_start(offset: int, whence: int) -> None:
    """A position is never negative."""
    client = DictClient()
    _put(client)
    reader = _reader(client)
    with pytest.raises(ValueError, match="seek"):
        reader.seek(offset, whence)
    assert reader.tell() == 0


def test_a_closed_reader_says_so() -> None:
    """As every closed file does."""
    client = DictClient()
    _put(client)
    with _reader(client) as reader:
        assert (reader.readable(), reader.seekable(), reader.writable()) == (True, True, False)
    for call in (lambda: reader.read(1), lambda: reader.seek(0), lambda: reader.readinto(bytearray(1))):
        with pytest.raises(ValueError, match="closed"):
            call()
