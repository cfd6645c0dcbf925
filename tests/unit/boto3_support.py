"""Handlers of botocore's event ``before-send`` that answer whatever is sent, and keep what it was."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.configurations import ObjectStoreConfiguration

SESSION = b"""<CreateSessionResult><Credentials><SessionToken>token</SessionToken><SecretAccessKey>s</SecretAccessKey>
<AccessKeyId>SESSION</AccessKeyId><Expiration>2126-11-21T00:00:00Z</Expiration></Credentials></CreateSessionResult>"""


@dataclass(frozen=True)
class Sent:
    """A request as a handler saw it; header names in lower case."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: Any

    @property
    def scope(self) -> tuple[str, str, str]:
        """The access key, region and service that it is signed for."""
        key, _, region, service, _ = (
            self.headers["authorization"].partition("Credential=")[2].partition(",")[0].split("/")
        )
        return key, region, service


class _Raw(io.BytesIO):
    def stream(self, **_options: object) -> Iterator[bytes]:
        """Yield all of it."""
        yield self.read()


def answer(url: str, status: int = 200, body: bytes = b"", **headers: str) -> AWSResponse:
    """Return an answer as handlers make it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse(url, status, {"Content-Length": str(len(body)), "ETag": "e", **named}, _Raw(body))


class Answering:
    """A handler that answers everything: CreateSession with keys, the rest with ``answers``, the last of them again."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.answers: list[dict[str, Any]] = [{}]

    def __call__(self, request: AWSPreparedRequest, event_name: str, **_event: object) -> AWSResponse:
        """Record a request and return its answer."""
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        operation = event_name.rpartition(".")[2]
        url = str(request.url)
        self.sent.append(Sent(operation, str(request.method), url, headers, request.body))
        if operation == "CreateSession":
            return answer(url, body=SESSION)
        return answer(url, **(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)))

    def of(self, operation: str) -> Sent:
        """Return the last request of an operation."""
        return next(sent for sent in reversed(self.sent) if sent.operation == operation)


def answered_client(**settings: Any) -> tuple[Boto3Client, Answering]:
    """Make a client whose requests are all answered by a handler; ``settings`` are those of its connection."""
    has_own = "client" in settings.get("driver_config", {}) or settings.get("anonymous")
    keys = {} if has_own else {"access_key": "A", "secret_key": "S"}
    client = Boto3Client(ObjectStoreConfiguration(framework="boto3", connection={**keys, **settings}))
    answering = Answering()
    client._clients.events.register("before-send.s3", answering)
    return client, answering


def configure_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have boto3 find no region, no profile and no credentials."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
