"""No connection, no answer, or an answer of something that is no object store."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from data_store.object_store import ConnectionFailed, ObjectStore, ObjectStoreError, ServerError, TimedOut
from tests.faults.checks import SECRETS, assert_caused_by_vendor, assert_explains

OPERATIONS: dict[str, Callable[[ObjectStore], object]] = {
    "put_object": lambda store: store.put_object(b"content", "key"),
    "get_object": lambda store: store.read_object("key"),
    "head_object": lambda store: store.head_object("key"),
    "delete_object": lambda store: store.delete_object("key"),
    "list_objects": lambda store: list(store.list_objects()),
    "list_buckets": lambda store: store.list_buckets(),
    "ping": lambda store: store.ping(),
}
KEYED = ("put_object", "get_object", "head_object", "delete_object")
BUCKETED = (*KEYED, "list_objects")
SOME = ("put_object", "get_object", "list_buckets")


def where(operation: str) -> dict[str, str | None]:
    """What an error of an operation says about the place."""
    return {"bucket": "bucket" if operation in BUCKETED else None, "key": "key" if operation in KEYED else None}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_refused_connection_is_connection_failed(operation, make_store, framework, alone):
    """Nobody listens: every operation says so, after the attempts it has."""
    alone.refuse()
    with pytest.raises(ConnectionFailed, match="refused") as raised:
        OPERATIONS[operation](make_store(alone.endpoint))
    assert_explains(raised.value, framework, operation, **where(operation))
    assert_caused_by_vendor(raised.value)


def test_a_host_that_does_not_resolve_is_connection_failed(make_store, framework):
    """A name of the domain that never exists (RFC 6761, 6.4)."""
    with pytest.raises(ConnectionFailed, match=r"nonexistent\.invalid|resolve") as raised:
        make_store("nonexistent.invalid:9000", max_attempts=1).read_object("key")
    assert_explains(raised.value, framework, "get_object", bucket="bucket", key="key")
    assert_caused_by_vendor(raised.value)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that a SYN gets no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


def test_a_connection_that_does_not_come_about_is_timed_out(make_store, framework, silent_port):
    """No answer to the connection's first packet within connect_timeout."""
    store = make_store(f"127.0.0.1:{silent_port}", max_attempts=1, connect_timeout=0.3)
    with pytest.raises(TimedOut) as raised:
        store.read_object("key")
    assert_explains(raised.value, framework, "get_object", bucket="bucket", key="key")
    assert_caused_by_vendor(raised.value)


@pytest.mark.parametrize("operation", SOME)
def test_a_server_that_never_answers_is_timed_out(operation, make_store, framework, alone):
    """The connection stands, and then nothing within read_timeout; as many attempts as there are."""
    alone.hang()
    with pytest.raises(TimedOut) as raised:
        OPERATIONS[operation](make_store(alone.endpoint, max_attempts=2, read_timeout=0.2))
    assert_explains(raised.value, framework, operation, **where(operation))
    assert_caused_by_vendor(raised.value)
    assert len(alone.requests) == 2


NOT_S3 = [(status, operation) for status in (200, 302, 400, 404) for operation in OPERATIONS]


@pytest.mark.parametrize(
    # An empty answer of S3 to a PUT or DELETE, or any content of a GET, cannot be told from a page.
    ("status", "operation"),
    [case for case in NOT_S3 if case[0] != 200 or case[1] not in KEYED],
)
def test_a_web_server_that_is_no_object_store_is_an_error(operation, status, make_store, framework, alone):
    """An HTML page where S3 answers XML, or a redirect to a login page, which is not followed."""
    headers = {"Content-Type": "text/html", "Location": "/login"}
    alone.answer(status, body=b"<html><p>Welcome<br></html>", headers=headers)
    store = make_store(alone.endpoint, max_attempts=1)
    with pytest.raises(ObjectStoreError) as raised:
        OPERATIONS[operation](store)
    assert_explains(raised.value, framework, operation)
    assert len(alone.requests) <= 2  # a NotFound asks once more: the bucket or the key?


@pytest.mark.parametrize("operation", SOME)
def test_tls_to_a_server_that_speaks_none_is_connection_failed(operation, make_store, framework, alone):
    """HTTPS to a port of plain HTTP."""
    with pytest.raises(ConnectionFailed) as raised:
        OPERATIONS[operation](make_store(f"https://{alone.endpoint}", max_attempts=1))
    assert_explains(raised.value, framework, operation)
    assert_caused_by_vendor(raised.value)


@pytest.mark.parametrize("fault", ["refuse", "407", "502"])
def test_a_proxy_that_fails_does_not_show_its_password(fault, make_store, framework, alone):
    """The proxy's URL holds credentials, which no error, cause or log line repeats."""
    if fault == "refuse":
        alone.refuse()
    else:
        alone.answer(int(fault), body=b"")
    proxy = f"http://user:{SECRETS[2]}@{alone.endpoint}"
    store = make_store("192.0.2.1:9000", max_attempts=1, proxy=proxy)
    with pytest.raises((ConnectionFailed, ServerError)) as raised:
        store.read_object("key")
    assert_explains(raised.value, framework, "get_object", bucket="bucket", key="key")
    assert SECRETS[2] not in repr(store.config) + repr(store) + store.config.to_url()


@pytest.mark.parametrize("bypassed", [False, True])
def test_the_proxy_of_the_environment_is_used(bypassed, make_store, alone, monkeypatch):
    """Both frameworks go through HTTP_PROXY, but not for the hosts of NO_PROXY."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://{alone.endpoint}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        monkeypatch.setenv("no_proxy", host if bypassed else "nobody.invalid")
        store = make_store(f"{host}:{port}", max_attempts=1, read_timeout=0.5)
        with pytest.raises(TimedOut if bypassed else ObjectStoreError):
            store.head_object("key")
    assert len(alone.requests) == (0 if bypassed else 1)
