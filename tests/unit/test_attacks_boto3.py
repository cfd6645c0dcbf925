"""Answers that only botocore's parser reads as something else than they are; secrets that botocore keeps or logs."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import pytest

from data_store.object_store import AccessDenied, ConfigurationError, ObjectStore, ObjectStoreError, ServerError
from data_store.object_store.body import Source
from data_store.object_store.models import (
    CopyOptions,
    CopySource,
    GetOptions,
    PartOptions,
    PutOptions,
    SseCustomer,
)
from tests.unit.s3_server import Answer, RecordingServer, Seen, recording_server


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that answers as it is told to."""
    with recording_server() as running:
        yield running


TWICE = [
    (
        lambda client: client.copy_object("b", "k", "b", "l", CopyOptions()),
        "<CopyObjectResult>{}</CopyObjectResult>",
        "<ETag>e</ETag>",
    ),
    (
        lambda client: client.create_multipart_upload("b", "k", PutOptions()),
        "<InitiateMultipartUploadResult>{}</InitiateMultipartUploadResult>",
        "<UploadId>u</UploadId>",
    ),
]


@pytest.mark.parametrize(("call", "answer", "element"), TWICE)
def test_what_stands_there_twice_is_an_error_of_the_server(
    server: RecordingServer, call: Callable[[Any], object], answer: str, element: str
) -> None:
    """It is read as a list, which no text may be; once it is right."""
    with ObjectStore(f"boto3://A:S@{server.address}/b") as store:
        server.answers = [Answer(body=answer.format(element * 2).encode())]
        with pytest.raises(ServerError, match="not what S3 says"):
            call(store.client)
        server.answers = [Answer(body=answer.format(element).encode())]
        assert call(store.client)


@pytest.mark.parametrize("etag", ["", '""'])
def test_an_empty_etag_is_an_error_of_the_server(server: RecordingServer, etag: str) -> None:
    """It is no receipt."""
    with ObjectStore(f"boto3://A:S@{server.address}/b") as store:
        server.answers = [Answer(headers={"ETag": etag})]
        with pytest.raises(ServerError, match="no ETag"):
            store.put_object(b"content", "key")


KEY, SOURCE_KEY = b"k" * 31 + b"1", b"k" * 31 + b"2"
MINE = SseCustomer(KEY)
SECRET_KEY, TOKEN = "s3cr3t-access-key", "s3cr3t-session-token"
SECRETS = {SECRET_KEY, TOKEN} | {
    form
    for key in (KEY, SOURCE_KEY)
    for form in (
        key.decode(),
        base64.b64encode(key).decode(),
        base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode(),
    )
}
CALLS: dict[str, Callable[[Any], object]] = {
    "head": lambda client: client.head_object("b", "k", GetOptions(encryption=MINE)),
    "get": lambda client: client.get_object("b", "k", GetOptions(encryption=MINE)).read(),
    "part": lambda client: client.upload_part("b", "k", "u", 1, source(b"x"), PartOptions(encryption=MINE)),
    "large part": lambda client: client.upload_part(
        "b", "k", "u", 1, source(bytes(2 << 20)), PartOptions(encryption=MINE)
    ),
    "copied part": lambda client: client.upload_part_copy(
        "b",
        "k",
        "u",
        1,
        CopySource("b", "k", None, 0, 5, encryption=SseCustomer(SOURCE_KEY)),
        PartOptions(encryption=MINE),
    ),
}


def source(content: bytes) -> Source:
    """What is sent."""
    return Source(io.BytesIO(content), len(content))


def quoting(seen: Seen) -> Answer:
    """Refuse a request as AWS does: with what was signed, as text and in hex, and the digest of the key in a header."""
    signed = "\n".join(f"{name}:{value}" for name, value in seen.headers.items())
    told = f"<CanonicalRequest>{signed}</CanonicalRequest><StringToSign>AWS4-HMAC-SHA256</StringToSign>"
    in_hex = f"<CanonicalRequestBytes>{signed.encode().hex(' ')}</CanonicalRequestBytes>"
    value = f"<ArgumentValue>{base64.b64encode(KEY).decode()}</ArgumentValue>"
    body = f"<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>{told}{in_hex}{value}</Error>"
    digest = base64.b64encode(hashlib.md5(KEY, usedforsecurity=False).digest()).decode()
    return Answer(403, body.encode(), {"x-amz-server-side-encryption-customer-key-MD5": digest})


ANSWERS: dict[str, Answer | Callable[[Seen], Answer]] = {
    "broken": Answer(0),
    "quoting": quoting,
    "empty": Answer(),
    "cut": Answer(body=b"x", headers={"Content-Length": "100"}),
}


@pytest.fixture(params=["minio", "boto3"])
def secretive(request: pytest.FixtureRequest, server: RecordingServer) -> Iterator[ObjectStore]:
    """A store with secrets; both frameworks must keep them."""
    connection = {"endpoint": server.address, "secure": False, "access_key": "A", "secret_key": SECRET_KEY}
    retry = {"max_attempts": 1}
    config = {"framework": request.param, "root_bucket": "b", "retry": retry}
    with ObjectStore({**config, "connection": {**connection, "session_token": TOKEN, "read_timeout": 1}}) as store:
        yield store


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_secret_hangs_on_an_error_or_stands_in_the_log(
    server: RecordingServer, secretive: ObjectStore, caplog: pytest.LogCaptureFixture, call: str, answer: str
) -> None:
    """Whoever reports errors reports their causes, with all attributes; and turns the SDK's log on to find out more."""
    server.answers = [ANSWERS[answer]]
    error: Exception | None = None
    with caplog.at_level(logging.DEBUG):
        try:
            CALLS[call](secretive.client)
        except ObjectStoreError as caught:
            error = caught
    said = [*texts(error), caplog.text, *(repr(vars(record)) for record in caplog.records)]
    assert server.seen
    assert error is not None or answer in ("empty", "cut")
    assert not [(secret, text[:300]) for secret in SECRETS for text in said if secret in text or in_hex(secret) in text]


def test_a_header_that_nobody_knows_is_not_kept(server: RecordingServer, secretive: ObjectStore) -> None:
    """A proxy may send back what it was sent."""
    server.answers = [Answer(403, headers={"X-Echo": SECRET_KEY})]
    with pytest.raises(AccessDenied) as caught:
        secretive.head_object("k")
    assert not [text for text in texts(caught.value) if SECRET_KEY in text]


def test_what_a_program_says_instead_of_credentials_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold them, in another form."""
    (tmp_path / "said").write_text(f"SecretAccessKey={SECRET_KEY}", "utf-8")
    program = f"credential_process = cat {tmp_path / 'said'}"
    (tmp_path / "config").write_text(f"[profile odd]\n{program}\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    connection = {"endpoint": "localhost:1", "secure": False, "profile": "odd"}
    store = ObjectStore({"framework": "boto3", "root_bucket": "b", "connection": connection})
    with pytest.raises(ConfigurationError, match="should be JSON") as caught:
        store.ping()
    assert not [text for text in texts(caught.value) if SECRET_KEY in text]


def test_no_secret_hangs_on_what_the_callers_stream_raises(server: RecordingServer, secretive: ObjectStore) -> None:
    """It is the caller's own exception, raised while botocore handled its own."""

    class Broken(io.BytesIO):
        read_so_far = 0

        def read(self, size: int | None = -1, /) -> bytes:
            if self.read_so_far >= 3 << 20:  # while it is sent, after its digest was made
                raise ConnectionResetError("not mine")
            found = super().read(size)
            self.read_so_far += len(found)
            return found

    body = Source(Broken(bytes(2 << 20)), 2 << 20)
    with pytest.raises(ConnectionResetError) as caught:
        secretive.client.upload_part("b", "k", "u", 1, body, PartOptions(encryption=MINE))
    assert not [text for text in texts(caught.value) for secret in SECRETS if secret in text]


def in_hex(secret: str) -> str:
    """Return a secret as AWS quotes what was signed."""
    return secret.encode().hex(" ")


def texts(root: object) -> list[str]:
    """Return all texts that can be reached from an exception: its causes, arguments and attributes, and theirs."""
    found, seen, ahead = [], set(), [root]
    while ahead:
        each = ahead.pop()
        if id(each) in seen or isinstance(each, NOT_FOLLOWED):
            continue
        seen.add(id(each))
        ahead += parts(each)
        if isinstance(each, str | bytes | bytearray):
            found.append(each if isinstance(each, str) else each.decode("latin-1"))
        elif isinstance(each, BaseException):
            found += [str(each), repr(each)]
    return found


NOT_FOLLOWED = (type, ModuleType, FunctionType, MethodType, TracebackType, logging.Logger)


def parts(each: object) -> list[object]:
    """Return what can be reached from an object in one step."""
    found: list[object] = list(vars(each).values()) if hasattr(each, "__dict__") else []
    slots = (name for base in type(each).__mro__ for name in getattr(base, "__slots__", ()))
    found += [getattr(each, name, None) for name in slots if not name.startswith("__")]
    if isinstance(each, BaseException):
        found += [each.__cause__, each.__context__, *each.args]
    if isinstance(each, dict):
        found += [*each, *each.values()]
    elif isinstance(each, list | tuple | set | frozenset):
        found += each
    return found
