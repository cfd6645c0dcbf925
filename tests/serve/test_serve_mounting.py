"""The application inside another one, and what others log of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_store.object_store.serve import presigned_app
from data_store.object_store.serve.background import running
from data_store.object_store.serve.request import Request
from tests.serve.support import Served, eventually, exchange, open_store, program

PROGRAM = """
import logging, socket, sys
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from data_store.object_store.serve import presigned_app
from tests.serve.support import open_store

listener = socket.create_server(("127.0.0.1", 0))
print("http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
logging.basicConfig(level=logging.INFO)
with open_store(sys.argv[1]) as store:
    app = Starlette(routes=[Mount("/files", presigned_app(store))])
    uvicorn.Server(uvicorn.Config(app, log_level="info")).run([listener])
"""


def called(app: ASGIApp, scope: Scope, messages: list[Message]) -> list[str]:
    """Call an application with these messages; return the types of its own."""
    answers = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        answers.append(message["type"])

    anyio.run(app, scope, receive, send)
    return answers


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Served]:
    """A store that is served below a path of an application."""
    root = tmp_path / "store"
    with open_store(root) as plain:
        app = Starlette(routes=[Mount("/files/v1", presigned_app(plain))])
        with running(app) as url, open_store(root, f"{url}/files/v1") as store:
            yield Served(store, url, root)


def test_a_mounted_application_answers_below_its_path(mounted: Served) -> None:
    """PUT, GET and forms; keys may look like the mount."""
    for key in ("x", "files/v1/x", "/files/v1"):
        assert requests.put(mounted.store.get_presigned_upload_url(key), data=b"x", timeout=10).status_code == 200
        assert exchange("GET", mounted.store.get_presigned_url(key)) == (200, b"x")
    post = mounted.store.get_presigned_post("form", success_status=201)
    answer = requests.post(post.url, data=post.fields, files={"file": b"x"}, timeout=10)
    assert f"<Location>{mounted.url}/files/v1/photos/form</Location>" in answer.text


def test_a_proxy_may_take_a_part_of_the_path_away(tmp_path: Path) -> None:
    """The application around it knows the path that clients see (``root_path``), and gets a shorter one."""
    with open_store(tmp_path) as plain:
        inner = Starlette(routes=[Mount("/files", presigned_app(plain))])

        async def behind_a_proxy(scope: Scope, receive: Receive, send: Send) -> None:
            await inner(dict(scope, root_path="/api"), receive, send)

        with running(behind_a_proxy) as url, open_store(tmp_path, f"{url}/api/files") as store:
            store.put_object(b"x", "api/files/x")
            signed = store.get_presigned_url("api/files/x")
            assert exchange("GET", signed.replace("/api/files/", "/files/", 1)) == (200, b"x")


def test_an_application_may_be_called_below_a_path(tmp_path: Path) -> None:
    """As from Django's, which mounts none: it says where it is called (``root_path``)."""
    with open_store(tmp_path) as plain:
        objects = presigned_app(plain)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].startswith("/objects/"):
                scope["root_path"] = "/objects"
            await objects(scope, receive, send)

        with running(application) as url, open_store(tmp_path, f"{url}/objects") as store:
            key = "a b/ä%2F"
            assert requests.put(store.get_presigned_upload_url(key), data=b"x", timeout=10).status_code == 200
            assert exchange("GET", store.get_presigned_url(key)) == (200, b"x")


def test_a_mounted_application_answers_nowhere_else(mounted: Served) -> None:
    """The path that was signed is the one behind the mount."""
    mounted.store.put_object(b"x", "x")
    url = mounted.store.get_presigned_url("x")
    assert requests.get(url.replace("/files/v1/", "/"), timeout=10).status_code == 404
    assert requests.get(url.replace("/files/v1/", "/files/v1/files/v1/"), timeout=10).status_code == 403


def test_no_log_shows_a_signature(tmp_path: Path) -> None:
    """Neither the one of the application nor the access log of the server that it is mounted in."""
    with program("-c", PROGRAM, str(tmp_path), stderr=subprocess.STDOUT) as (process, output):
        url = f"{output.readline().strip()}/files"
        with open_store(tmp_path, url) as store:
            store.put_object(b"x", "x")
            signed = store.get_presigned_url("x")
            assert requests.get(signed, timeout=10).status_code == 200
            assert requests.get(f"{signed}0", timeout=10).status_code == 400
        process.terminate()
        logged = output.read()
    assert '"GET /files/photos/x HTTP/1.1" 200' in logged
    assert "GET /photos/x: 200, 1 bytes" in logged
    assert "X-Amz" not in logged


@pytest.mark.parametrize("mark", ["%3F", "%3f", "%253F", ";"])
@pytest.mark.parametrize("name", ["X-Amz-", "x-amz-", "%58-Amz-", "X%2dAmz%2D", "%2558-%25252541mz-"])
def test_no_log_shows_a_signature_that_came_as_a_path(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, mark: str, name: str
) -> None:
    """A client that encodes the question mark, or more, sends its secret all the same."""
    caplog.set_level("INFO", "data_store.object_store.serve")
    url = served.store.get_presigned_url("x")
    odd = url.replace("?", mark).replace("X-Amz-", name)
    assert exchange("GET", odd)[0] in (400, 403)
    monkeypatch.setattr(type(served.store.client), "presign_keys", failing)
    assert exchange("GET", odd)[0] == 500
    assert eventually(lambda: caplog.text.count(f"GET /photos/x{mark}...") == 3)
    assert url.rpartition("=")[2] not in caplog.text


def test_a_request_does_not_show_its_signature() -> None:
    """Not in a debugger's or an error reporter's list of local names."""
    scope = {"method": "GET", "path": "/photos/x", "query_string": b"X-Amz-Signature=secret", "headers": []}
    assert "secret" not in repr(Request.of(scope))


def failing(_: object) -> None:
    """Fail, as a disk does."""
    raise OSError("no such disk")


def test_a_lifespan_is_lived(served: Served) -> None:
    """A server that runs the application alone may tell it of its beginning and its end."""
    told: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    answers = called(presigned_app(served.store), {"type": "lifespan"}, told)
    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_websocket_is_closed(served: Served) -> None:
    """There are none here."""
    assert called(presigned_app(served.store), {"type": "websocket"}, []) == ["websocket.close"]


def test_a_server_that_tells_no_raw_path_is_enough(served: Served) -> None:
    """The path is encoded again, the way it was signed."""
    served.store.put_object(b"odd", "a b/ü%2F")
    app = presigned_app(served.store)

    async def without(scope: Scope, receive: Receive, send: Send) -> None:
        await app({name: value for name, value in scope.items() if name != "raw_path"}, receive, send)

    with running(without) as url, open_store(served.root, url) as store:
        assert exchange("GET", store.get_presigned_url("a b/ü%2F")) == (200, b"odd")
        assert exchange("GET", store.get_presigned_url("a b/ü%2F").replace("X-Amz-Date", "x-amz-date"))[0] == 400
