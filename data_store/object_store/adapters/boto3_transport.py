"""EventTransport: a transport whose requests botocore's event ``before-send`` is told of.

Its handlers may change the headers of a request, and may answer it: moto's ``mock_aws`` does.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from http.client import responses
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.hooks import BaseEventHooks, first_non_none_response

from data_store.object_store.adapters.boto3_headers import as_texts
from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.checksum_headers import is_checksum
from data_store.object_store.adapters.s3.transport import Attempts, Transport
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration

__all__ = ["EventTransport", "NamedHeaders"]


class NamedHeaders(dict[str, str]):
    """The headers of a request, with the name of its operation, which nothing else on the wire has.

    Args:
        operation: the name.
        headers: the headers.
    """

    def __init__(self, operation: str, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.operation = operation


class EventTransport(Transport):
    """Offers each request, once for all attempts, to the handlers of ``before-send.s3.<Operation>``, then carries it.

    Args:
        connection: as of ``Transport``.
        retry: as of ``Transport``.
        events: of the client, or of the session, whose handlers are asked.
    """

    def __init__(
        self, connection: ObjectStoreConnectionConfiguration, retry: RetryConfiguration, events: BaseEventHooks
    ) -> None:
        super().__init__(connection, retry)
        self._events = events

    def send(
        self,
        method: str,
        origin: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Source | None = None,
        *,
        stream: bool = False,
        attempts: Attempts | None = None,
    ) -> Answer:
        """See ``Transport``; the answer of a handler is the first one that is given."""
        operation = headers.operation if isinstance(headers, NamedHeaders) else "Other"
        offered = _Offered(method, origin + target, headers, body, stream)
        found = first_non_none_response(self._events.emit(f"before-send.s3.{operation}", request=offered))
        if found is not None:
            return _answer(found)
        if offered.was_read:
            headers = as_texts(offered.headers)
        if isinstance(body, Source) and body.tell():  # a handler has read it
            body.seek(0)
        return super().send(method, origin, target, headers, body, stream=stream, attempts=attempts)


class _Offered(AWSPreparedRequest):
    """A request as handlers know them; its headers are made when one asks for them, which is hardly ever.

    Args:
        method: the HTTP method.
        url: the URL.
        headers: the headers.
        body: the content.
        stream: whether the answer is streamed.
    """

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: Any, stream: bool) -> None:
        self.method = method
        self.url = url
        self.body = body
        self.stream_output = stream
        self.context: dict[str, Any] = {}
        self._sent = headers

    @cached_property
    def headers(self) -> HeadersDict:  # type: ignore[override]  # the stubs have another class than botocore
        """The headers, which find names in any case."""
        return HeadersDict(self._sent)

    @property
    def was_read(self) -> bool:
        """Whether a handler has seen, and perhaps changed, the headers."""
        return "headers" in vars(self)


def _answer(found: AWSResponse) -> Answer:
    """Return the answer of a handler.

    Without the checksums of an object that was uploaded in parts: moto makes them of those of the parts, and says that
    they are of the whole.
    """
    headers = found.headers
    if "-" in headers.get("ETag", ""):
        headers = HeadersDict({name: value for name, value in headers.items() if not is_checksum(name.lower())})
    return Answer(found.status_code, responses.get(found.status_code, ""), headers, io.BytesIO(found.content))
