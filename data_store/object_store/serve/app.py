"""The ASGI application: what a request may do, who does it, and what is said of it."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import cast

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from data_store.object_store.capabilities import SupportsPresignKeys
from data_store.object_store.errors import AccessDenied, ConfigurationError
from data_store.object_store.models import CorsRule, PresignedClaims
from data_store.object_store.serve.answers import Answer, RefusalError, denied, refusal_of
from data_store.object_store.serve.bridge import Body, Threads, consume
from data_store.object_store.serve.content_policy import BINARY, headers_for
from data_store.object_store.serve.cors import preflight, rules_of, sharing_headers
from data_store.object_store.serve.forms import post
from data_store.object_store.serve.reading import read
from data_store.object_store.serve.request import Request
from data_store.object_store.serve.sending import Sending
from data_store.object_store.serve.writing import Upload, check_plain_body, put
from data_store.object_store.signing.sigv4 import Credentials
from data_store.object_store.signing.verifying import check
from data_store.object_store.store import ObjectStore

__all__ = ["PresignedApp"]

_logger = logging.getLogger("data_store.object_store.serve")
_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
_READS = ("GET", "HEAD")
_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


class PresignedApp:
    """Answers what a store has signed: GET, HEAD, PUT of objects and parts, forms; and preflight requests.

    Args:
        store: the store; it stays the caller's to close.

    Raises:
        ConfigurationError: the store has a server, which answers its URLs itself.
    """

    def __init__(self, store: ObjectStore) -> None:
        if not store.supports(SupportsPresignKeys):
            raise ConfigurationError(
                f"a store of the framework {store.config.framework} has a server that answers what it signs: "
                "this is for stores without one"
            )
        self._store = store
        self._threads = Threads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            request = Request.of(scope)
            scope["query_string"] = b""  # what logs of servers and middleware show from here on: it is a secret
            await self._answer(request, receive, send)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        began, request_id, body = time.monotonic(), secrets.token_hex(8), Body(receive)
        sending = Sending(receive, send, self._threads)
        outcome, cut = "failed", ""
        try:
            answer = await self._answered(request, request_id, body)
            if "expect" in request.headers and not body.begun:
                answer.headers["connection"] = "close"  # else the next request may be taken for the body
            outcome = f"{answer.status:d}"
            await sending.run(answer, request.method)
        except ClientDisconnect:
            cut = ", broken off by the client"
        finally:
            spent = (time.monotonic() - began) * 1000
            told = f"{outcome}, {sending.sent} bytes{cut}"
            _logger.info("%s %s %s: %s, %.1f ms", request_id, request.method, request.shown, told, spent)

    async def _answered(self, request: Request, request_id: str, body: Body) -> Answer:
        """Return the answer, with the headers that every answer has."""
        rules: Sequence[CorsRule] = ()
        origin = request.headers.get("origin")
        try:
            if origin is not None:
                rules = await self._threads.run(partial(rules_of, self._store, request.bucket))
            answer = await self._done(request, rules, body)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 whatever happens, the client is told something
            answer = _refused(error, request, request_id)
        always = headers_for(answer.headers.get("content-type", BINARY))
        answer.headers |= always | {"vary": _VARY, "x-amz-request-id": request_id}
        if origin is not None and request.method != "OPTIONS":
            answer.headers |= sharing_headers(rules, request.method, origin)
        return answer

    async def _done(self, request: Request, rules: Sequence[CorsRule], body: Body) -> Answer:
        """Do what the request wants, if it may."""
        if request.method == "OPTIONS":
            return await self._threads.run(partial(preflight, rules, request.headers))
        if request.is_form:
            return await post(self._store, self._keys, request, body, self._threads)
        if request.method in _READS:
            return await self._threads.run(partial(self._read, request))
        upload = await self._threads.run(partial(self._upload, request))
        return await consume(body, upload, self._threads)

    def _read(self, request: Request) -> Answer:
        return read(self._store, self._claims(request), request.method, request.headers)

    def _upload(self, request: Request) -> Upload:
        check_plain_body(request.headers)
        claims = self._claims(request)
        if request.method != "PUT":
            allowed = {"allow": "GET, HEAD, OPTIONS, POST, PUT"}
            raise RefusalError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "Nothing else is served.", allowed)
        return put(self._store, claims, request)

    def _claims(self, request: Request) -> PresignedClaims:
        try:
            return check(request.signed, self._keys(), datetime.now(UTC))
        except AccessDenied as error:
            raise denied(error) from error

    def _keys(self) -> Sequence[Credentials]:
        return cast(SupportsPresignKeys, self._store.client).presign_keys()


def _refused(error: Exception, request: Request, request_id: str) -> Answer:
    refusal = refusal_of(error)
    if refusal is not error and refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.error("%s %s %s failed", request_id, request.method, request.shown, exc_info=error)
    return refusal.answer(request.prefix + request.path, request_id)


async def _live(receive: Receive, send: Send) -> None:
    """Begin and end with the server, which leaves nothing to do (ASGI, "Lifespan Protocol")."""
    phase = ""
    while phase != "lifespan.shutdown":
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
