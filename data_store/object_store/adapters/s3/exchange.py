"""One exchange with an S3 server: sign, send, and find out whether the answer is one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import errors, xml
from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, Endpoint
from data_store.object_store.adapters.s3.integrity import Protection
from data_store.object_store.adapters.s3.quirks import identify
from data_store.object_store.adapters.s3.transport import Attempts, Transport
from data_store.object_store.body import SMALL_BODY, Source
from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.signing import sigv4

__all__ = ["AnswerError", "Exchange", "Request", "SignedRequest", "answer_error", "xml_answer"]

_TOO_MANY, _SERVER_FAILS = 429, 500
_ALWAYS = {"Accept-Encoding": "identity", "User-Agent": "data-store"}  # not signed: proxies may change them
_WITH_BODY = frozenset({"PUT", "POST"})
_WRONG_REGION = frozenset({301, 307, 400})
_REGION = re.compile(r"[A-Za-z0-9_-]+")  # it becomes part of a header, on AWS of a host name


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask of a bucket, or of one key in it.

    Attributes:
        method: the HTTP method.
        bucket: the bucket; None for the service itself.
        key: the key, as it is.
        query: query parameters, as pairs where a name comes twice; one without a value has ``""``.
        headers: headers beyond those that sending and signing add.
        body: the content.
        stream: leave the answer's body to be read by the caller.
        attempts: how often it may be sent; None: as configured.
    """

    method: str
    bucket: str | None = None
    key: str | None = None
    query: Mapping[str, str] | Sequence[tuple[str, str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Source = b""
    stream: bool = False
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it goes onto the wire.

    Attributes:
        method: the HTTP method.
        origin: ``scheme://host:port``.
        target: encoded path and query.
        headers: all headers, the signature among them.
    """

    method: str
    origin: str
    target: str
    headers: dict[str, str] = field(repr=False)


class AnswerError(Exception):
    """An S3 server answered with an error; ``translated`` is it in our words.

    Attributes:
        status: the HTTP status.
        code: the error code of the answer's body, if it had one.
        region: the region that the server says is the bucket's.
        server: the ``Server`` header.
        retried: whether this answers a repeated request, whose first attempt may have been carried out.
        answer_lost: whether an attempt before had no answer.
    """

    def __init__(
        self, status: int, code: str | None, message: str, request_id: str | None = None, region: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.region = region
        self.server: str | None = None
        self.retried = False
        self.answer_lost = False
        self.translated: ObjectStoreError = errors.from_answer(code, status, message, request_id)


class Exchange:
    """Signs requests and sends them; remembers the region of each bucket.

    Args:
        endpoint: the server.
        credentials: gives the current credentials; None: nothing is signed.
        transport: carries the requests.
        on_answer: called with the server that each answer identifies (``quirks.identify``).
        protection: how bodies are protected; without, all are signed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Callable[[], sigv4.Credentials] | None,
        transport: Transport,
        on_answer: Callable[[str | None], object],
        protection: Protection | None = None,
    ) -> None:
        self._protection = protection or Protection()
        self._endpoint = endpoint
        self._credentials = credentials
        self._transport = transport
        self._on_answer = on_answer
        self._regions: dict[str, str] = {}

    def send(self, request: Request) -> Answer:
        """Return the answer to a request, with a status below 300.

        A bucket in another region than thought is asked once more there, with the attempts that are left but at least
        one, and the region remembered.

        Raises:
            AnswerError: the server answered with an error.
        """
        body = _small_in_memory(request.body)
        region = self.region(request.bucket)
        attempts = self._transport.attempts(request.attempts)
        answer = self._attempt(request, body, region, attempts)
        if answer.status < 300:
            return answer
        error = answer_error(answer)
        if request.bucket is None or not _names_other_region(error, region):
            raise error
        self._regions[request.bucket] = region = error.region or region
        if isinstance(body, Source):
            body.seek(0)
        attempts.grant_one()
        answer = self._attempt(request, body, region, attempts)
        if answer.status >= 300:
            raise answer_error(answer)
        return answer

    def region(self, bucket: str | None) -> str:
        """Return the region of a bucket; AWS is asked for it once, where nothing else tells."""
        if bucket is None:
            return self._endpoint.region or DEFAULT_REGION
        return self._regions.get(bucket) or self._endpoint.region_of(bucket) or self._ask_region(bucket)

    def sign(
        self, request: Request, region: str, payload_hash: str, headers: Mapping[str, str] | None = None
    ) -> SignedRequest:
        """Return a request as it goes onto the wire, with ``headers`` besides its own."""
        host, path = self._endpoint.host(region), "/"
        if request.bucket is not None:
            host, path = self._endpoint.locate(request.bucket, region)
            path += "/" + sigv4.encode_path(request.key) if request.key is not None else ""
        target = (path or "/") + ("?" + sigv4.encode_query(request.query) if request.query else "")
        origin = f"{self._endpoint.scheme}://{host}"
        everything = {"Host": _without_default_port(origin), **(headers or {}), **request.headers}
        if self._credentials is not None:
            everything |= sigv4.sign_headers(
                request.method,
                origin + target,
                everything,
                self._credentials(),
                region,
                payload_hash=payload_hash,
                now=datetime.now(UTC),
            )
        return SignedRequest(request.method, origin, target, {**everything, **_ALWAYS})

    def _attempt(self, request: Request, body: bytes | Source, region: str, attempts: Attempts | None = None) -> Answer:
        headers, payload_hash = {}, sigv4.UNSIGNED_PAYLOAD
        if request.method in _WITH_BODY:
            headers["Content-Length"] = str(len(body) if isinstance(body, bytes) else body.size)
        if self._signs_payload(request, region):
            payload_hash = self._protection.payload_hash(body, request.headers)
        else:
            headers |= self._unsigned(request, region, body)
        signed = self.sign(request, region, payload_hash, headers)
        answer = self._transport.send(
            signed.method,
            signed.origin,
            signed.target,
            signed.headers,
            body or None,
            stream=request.stream,
            attempts=attempts,
        )
        self._on_answer(identify(answer.headers))
        return answer

    def _signs_payload(self, _request: Request, _region: str) -> bool:
        """Return whether the signature holds for the content, too."""
        return self._credentials is not None

    def _unsigned(self, request: Request, _region: str, body: bytes | Source) -> dict[str, str]:
        """Return what protects content that no signature does."""
        return self._protection.headers(body, request.headers)

    def _ask_region(self, bucket: str) -> str:
        """HEAD the bucket: the answer names its region whatever its status, and needs no permission."""
        answer = self._attempt(Request(method="HEAD", bucket=bucket), b"", DEFAULT_REGION)
        region = answer.headers.get("x-amz-bucket-region")
        if region and _REGION.fullmatch(region):
            self._regions[bucket] = region
        elif answer.status >= _SERVER_FAILS or answer.status == _TOO_MANY:
            raise answer_error(answer)  # all attempts were made: asking for the object itself would double them
        return region or DEFAULT_REGION


def answer_error(answer: Answer) -> AnswerError:
    """Return the error that an answer is (S3 API reference, "Error responses")."""
    request_id, region = answer.headers.get("x-amz-request-id"), answer.headers.get("x-amz-bucket-region")
    root = _error_root(answer.data)
    if root is None:
        code, message = errors.said_in_headers(answer.headers)
        error = AnswerError(answer.status, code, message or answer.reason, request_id, region)
    else:
        error = _from_xml(root, answer.status, request_id, region)
    error.server = answer.headers.get("Server")
    error.retried = answer.was_retried
    error.answer_lost = answer.answer_lost
    return error


def xml_answer(answer: Answer, *names: str) -> Element:
    """Return the XML of a successful answer, an element of one of these names; it may hold an error all the same.

    Copying and completing take long: the server answers 200 before it knows the outcome, and may have to take it back
    in the body (S3 API reference, CompleteMultipartUpload and CopyObject).

    Raises:
        AnswerError: it holds an error.
        InvalidAnswer: it is something else, such as the page of a server that is none for S3.
    """
    root = xml.parse(answer.data.lstrip())
    if root.tag == "Error":
        raise _from_xml(root, answer.status, answer.headers.get("x-amz-request-id"), None)
    if root.tag not in names:
        raise InvalidAnswer(f"the answer is a {root.tag}, not a {names[0]}")
    return root


def _from_xml(root: Element, status: int, request_id: str | None, region: str | None) -> AnswerError:
    code, message = xml.text(root, "Code"), xml.text(root, "Message") or ""
    return AnswerError(
        status, code, message, request_id or xml.text(root, "RequestId"), region or xml.text(root, "Region")
    )


def _error_root(data: bytes) -> Element | None:
    """Return the XML of an error; None for none, or for the page of something in between that is no S3 server."""
    try:
        root = xml.parse(data.lstrip())
    except InvalidAnswer:
        return None
    return root if root.tag == "Error" else None


def _names_other_region(error: AnswerError, region: str) -> bool:
    named = error.region is not None and error.region != region and _REGION.fullmatch(error.region)
    return error.status in _WRONG_REGION and bool(named)


def _small_in_memory(body: bytes | Source) -> bytes | Source:
    """Read a small body once, rather than once for its digest and once to send it."""
    if isinstance(body, Source) and (body.size or 0) <= SMALL_BODY:
        return body.read()
    return body


def _without_default_port(origin: str) -> str:
    scheme, _, authority = origin.partition("://")
    return authority.removesuffix({"http": ":80", "https": ":443"}[scheme])
