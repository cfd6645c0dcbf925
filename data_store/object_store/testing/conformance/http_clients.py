"""HTTP clients as web applications have them, which know nothing of object stores; what servers answer to them."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import httpx
import requests

__all__ = ["CLIENTS", "RAW", "Answer", "HttpClient", "RawClient", "assert_refused"]

_TIMEOUT = 30  # seconds


class Answer(NamedTuple):
    """What came back; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """The code of an error that is written in XML (S3 API reference, "REST error responses")."""
        found = re.search(rb"<Error[ >].*?<Code>(\w+)</Code>", self.body, re.DOTALL)
        return found[1].decode() if found else None


class HttpClient(Protocol):
    """One way to send; redirects are not followed, and nothing of the environment is used."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send a request."""

    def post(
        self, url: str, fields: Mapping[str, str], content: bytes, name: str = "file.bin", content_type: str = ""
    ) -> Answer:
        """Send a form with a file, which comes last."""


class _Requests:
    """``requests``."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        with self._session() as session:
            return self._read(
                session.request(method, url, headers=headers, data=body, timeout=_TIMEOUT, allow_redirects=False)
            )

    def post(
        self, url: str, fields: Mapping[str, str], content: bytes, name: str = "file.bin", content_type: str = ""
    ) -> Answer:
        file = (name, content, content_type or "application/octet-stream")
        with self._session() as session:
            return self._read(
                session.post(url, data=fields, files={"file": file}, timeout=_TIMEOUT, allow_redirects=False)
            )

    @staticmethod
    def _session() -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session

    @staticmethod
    def _read(response: requests.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content)


class _Httpx:
    """``httpx``."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        with self._client() as client:
            return self._read(client.request(method, url, headers=headers, content=body))

    def post(
        self, url: str, fields: Mapping[str, str], content: bytes, name: str = "file.bin", content_type: str = ""
    ) -> Answer:
        file = (name, content, content_type or "application/octet-stream")
        with self._client() as client:
            return self._read(client.post(url, data=fields, files={"file": file}))

    @staticmethod
    def _client() -> httpx.Client:
        # Without certificates, which take long to load: the suite's servers speak HTTP.
        return httpx.Client(timeout=_TIMEOUT, trust_env=False, verify=False)  # noqa: S501

    @staticmethod
    def _read(response: httpx.Response) -> Answer:
        return Answer(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
        )


class RawClient:
    """``http.client``: sends any path as it is, where others resolve ``..``, and any headers."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send a request; ``Host`` may be among its headers."""
        parts = urlsplit(url)
        sent = {"Host": parts.netloc, **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Length", str(len(body)))
        with closing(http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)) as connection:
            connection.putrequest(method, f"{parts.path}?{parts.query}", skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )

    def abandon(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a part of a request, and go without waiting for an answer."""
        parts = urlsplit(url)
        with closing(http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)) as connection:
            connection.putrequest(method, f"{parts.path}?{parts.query}", skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)


CLIENTS: Mapping[str, HttpClient] = {"requests": _Requests(), "httpx": _Httpx()}
"""The two that most Python programs have."""

RAW = RawClient()
"""What neither of them would send."""


def assert_refused(answer: Answer, *codes: str) -> None:
    """Assert that a request was refused: 4xx, with an error in XML, of one of the codes where some are named."""
    assert 400 <= answer.status < 500, (answer.status, answer.body[:500])
    assert answer.code is not None, answer.body[:500]
    assert not codes or answer.code in codes
