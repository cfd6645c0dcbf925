"""The way to a host: which proxy, if any, which port, and whose certificates are believed."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from urllib3.exceptions import ProxyError

from data_store.object_store.adapters.s3.route import Route, tls_context
from data_store.object_store.errors import ConfigurationError
from tests.unit.s3_server import connection, recording_server

SECRET = "password-of-the-proxy"
AWS = "https://s3.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The addresses that are asked for; nobody is there."""
    found: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_given: object, **_options: object) -> socket.socket:
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return found


def refused(endpoint: str | None, origin: str | None = None, **given: Any) -> Exception:
    """Return the error of a way that leads to nobody."""
    route = Route(connection(endpoint, **given))
    with pytest.raises(Exception, match=r".") as caught:
        route.connect(origin or endpoint or AWS)
    return caught.value


# ports


@pytest.mark.parametrize(
    ("endpoint", "proxy", "address"),
    [
        ("http://s3.example.com", None, ("s3.example.com", 80)),
        ("https://s3.example.com", None, ("s3.example.com", 443)),
        ("http://s3.example.com:9000", None, ("s3.example.com", 9000)),
        ("https://[2001:db8::1]", None, ("2001:db8::1", 443)),
        ("http://s3.example.com:9000", "http://proxy.example.com", ("proxy.example.com", 80)),
        ("http://s3.example.com:9000", "https://proxy.example.com", ("proxy.example.com", 443)),
        ("https://s3.example.com:9000", "https://proxy.example.com", ("proxy.example.com", 443)),
        ("https://s3.example.com", "http://[2001:db8::2]:3128", ("2001:db8::2", 3128)),
    ],
)
def test_who_is_asked_first_has_the_port_of_its_own_scheme(
    asked: list[tuple[str, int]], endpoint: str, proxy: str | None, address: tuple[str, int]
) -> None:
    """The host, or the proxy before it; an address of IPv6 without its brackets."""
    failure = refused(endpoint, proxy=proxy)
    assert asked == [address]
    assert isinstance(failure, ProxyError) == (proxy is not None)


@pytest.mark.parametrize(
    ("endpoint", "proxy", "forwards"),
    [
        ("http://h", None, False),
        ("http://h", "http://p", True),
        ("http://h", "https://p", True),
        ("https://h", "http://p", False),
        ("https://h", "https://p", False),
    ],
)
def test_only_plain_requests_are_forwarded(endpoint: str, proxy: str | None, forwards: bool) -> None:
    """Over TLS a proxy is told host and port, and no more (RFC 9110, 9.3.6)."""
    assert Route(connection(endpoint, proxy=proxy)).forwards is forwards


# proxies of the environment


@pytest.mark.parametrize(
    ("endpoint", "bypass", "is_direct"),
    [
        ("http://s3.example.com:9000", "s3.example.com", True),
        ("http://s3.example.com:9000", "s3.example.com:9000", True),
        ("http://s3.example.com:9000", "s3.example.com:9001", False),
        ("http://s3.example.com", "other.org, .example.com", True),
        ("http://s3.example.com", "ample.com", False),
        ("http://s3.example.com", "*", True),
        ("http://127.0.0.1:9000", "127.0.0.1", True),
        ("http://s3.example.com", "", False),
    ],
)
def test_the_proxy_of_the_environment_is_not_for_hosts_of_no_proxy(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, endpoint: str, bypass: str, is_direct: bool
) -> None:
    """By name, with its port or any, and by the end of its name."""
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("no_proxy", bypass)
    refused(endpoint)
    assert (asked != [("proxy.example.com", 3128)]) is is_direct


@pytest.mark.parametrize(("bypass", "is_direct"), [("amazonaws.com", True), (".amazonaws.com", True), ("aws", False)])
def test_aws_as_a_whole_is_a_host_of_no_proxy(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, bypass: str, is_direct: bool
) -> None:
    """Its buckets have hosts of their own."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", bypass)
    refused(None)
    assert (asked == [("s3.eu-west-1.amazonaws.com", 443)]) is is_direct


@pytest.mark.parametrize(("endpoint", "port"), [("http://h", 1001), ("https://h", 1002)])
def test_each_scheme_has_its_proxy_in_the_environment(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, endpoint: str, port: int
) -> None:
    """``HTTP_PROXY`` and ``HTTPS_PROXY`` name what is asked for, not how the proxy is."""
    monkeypatch.setenv("HTTP_PROXY", "http://p:1001")
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1002")
    refused(endpoint)
    assert asked == [("p", port)]


def test_the_configured_proxy_comes_before_the_environment(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ``NO_PROXY`` says: it is about those of the environment."""
    monkeypatch.setenv("HTTP_PROXY", "http://other:1")
    monkeypatch.setenv("NO_PROXY", "*")
    refused("http://h", proxy="http://mine:3128")
    assert asked == [("mine", 3128)]


def test_a_proxy_of_the_environment_may_have_no_scheme(
    asked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``proxy:3128``, as curl and boto3 take it."""
    monkeypatch.setenv("HTTPS_PROXY", "me:pass@proxy.example.com:3128")
    route = Route(connection("https://h"))
    with pytest.raises(ProxyError):
        route.connect("https://h")
    assert asked == [("proxy.example.com", 3128)]
    assert list(route.proxy_headers) == ["proxy-authorization"]


@pytest.mark.parametrize(
    "proxy", [f"http://me:{SECRET}@proxy:99999", f"socks5://me:{SECRET}@proxy:1080", f"http://me:{SECRET}@", "http://"]
)
def test_what_is_no_http_proxy_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Found when the client is made; its password is in no error behind it either."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="HTTP_PROXY") as caught:
        Route(connection("http://h"))
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


# credentials of a proxy


@pytest.mark.parametrize(
    ("written", "meant"),
    [("me:pass", "me:pass"), ("me:p%40ss%3A%2F", "me:p@ss:/"), ("me:%E2%82%ACü", "me:€ü"), ("me", "me")],
)
def test_the_credentials_of_a_proxy_are_those_of_its_url(written: str, meant: str) -> None:
    """Decoded, and in UTF-8 (RFC 7617, 2.1)."""
    headers = Route(connection("http://h", proxy=f"http://{written}@proxy")).proxy_headers
    assert headers == {"proxy-authorization": f"Basic {base64.b64encode(meant.encode()).decode()}"}


@pytest.mark.parametrize("endpoint", ["http://h", "https://h"])
def test_the_credentials_of_a_proxy_are_in_no_error(asked: list[tuple[str, int]], endpoint: str) -> None:
    """Nor in one that it was made from."""
    proxy = f"http://me:{SECRET}@proxy"
    configured = connection(endpoint, proxy=proxy)
    failure: BaseException | None = refused(endpoint, proxy=proxy)
    told = f"{configured!r} {Route(configured)!r}"
    while failure is not None:
        told += f" {failure} {failure!r} {failure.args}"
        failure = failure.__context__
    assert asked
    assert SECRET not in told
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in told


def test_a_tunnel_that_is_refused_is_an_error_of_the_proxy() -> None:
    """No connection to the host was tried, so nobody can have carried a request out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connected, _ = listener.accept()
            with connected:
                connected.recv(65536)
                connected.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        proxy = f"http://me:{SECRET}@127.0.0.1:{listener.getsockname()[1]}"
        failure = refused("https://s3.example.com", proxy=proxy)
        thread.join()
    assert isinstance(failure, ProxyError)
    assert SECRET not in f"{failure} {failure.__cause__!r}"


# TLS


class Certificates(NamedTuple):
    """An authority, and files of it and of a client."""

    authority: trustme.CA
    ca_bundle: Path
    client_cert: Path
    encrypted: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The files of an authority of our own, and a client's with a key that wants a password."""
    directory, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    client = authority.issue_cert("client@example.com")
    made = Certificates(authority, directory / "ca.pem", directory / "me.pem", directory / "encrypted.pem")
    authority.cert_pem.write_to_path(str(made.ca_bundle))
    client.private_key_and_cert_chain_pem.write_to_path(str(made.client_cert))
    key = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = key.private_bytes(pem, form, serialization.BestAvailableEncryption(SECRET.encode()))
    made.encrypted.write_bytes(locked + client.cert_chain_pems[0].bytes())
    return made


@pytest.fixture
def port(certificates: Certificates) -> Iterator[int]:
    """The port of a server with a certificate of that authority for ``127.0.0.1``, which asks for the client's."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificates.authority.issue_cert("127.0.0.1").configure_cert(context)
    certificates.authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with recording_server(context) as server:
        yield server.server_address[1]


def test_a_bundle_is_believed_instead_of_the_systems_authorities(certificates: Certificates) -> None:
    """And nothing is believed without looking."""
    context = tls_context(connection("https://h", ca_bundle=certificates.ca_bundle))
    assert context.cert_store_stats()["x509_ca"] == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_certificate_of_the_server_and_of_the_client_are_those_configured(
    certificates: Certificates, port: int
) -> None:
    """A request passes: the server wants the client's."""
    given: Any = {"ca_bundle": certificates.ca_bundle, "client_cert": certificates.client_cert}
    origin = f"https://127.0.0.1:{port}"
    made = Route(connection(origin, **given)).connect(origin)
    made.request("GET", "/")
    assert made.getresponse().status == 200
    made.close()


def test_a_certificate_for_another_name_is_not_believed(certificates: Certificates, port: int) -> None:
    """Though the authority is."""
    origin = f"https://localhost:{port}"
    given: Any = {"ca_bundle": certificates.ca_bundle, "client_cert": certificates.client_cert}
    route = Route(connection(origin, **given))
    with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
        route.connect(origin)


def test_the_certificate_of_a_proxy_is_looked_at_too(certificates: Certificates, port: int) -> None:
    """Over plain HTTP to the server as well; one that is not believed is no proxy."""
    proxy = f"https://127.0.0.1:{port}"
    failure = refused("http://h", proxy=proxy)
    assert isinstance(failure, ProxyError)
    assert isinstance(failure.__cause__, ssl.SSLCertVerificationError)
    believed = Route(
        connection("http://h", proxy=proxy, ca_bundle=certificates.ca_bundle, client_cert=certificates.client_cert)
    )
    believed.connect("http://h").close()
    assert believed.forwards


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert"])
@pytest.mark.parametrize("wrong", ["missing", "directory", "text"])
def test_a_file_that_cannot_be_used_is_named_by_its_setting(tmp_path: Path, name: str, wrong: str) -> None:
    """That one alone."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(ConfigurationError, match=rf"^connection\.{name} cannot be used: .+") as caught:
        tls_context(connection("https://h", **{name: tmp_path / wrong}))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_key_that_wants_a_password_is_refused(certificates: Certificates) -> None:
    """A service has no terminal where it could be asked for."""
    with pytest.raises(ConfigurationError, match=r"client_cert cannot be used"):
        tls_context(connection("https://h", client_cert=certificates.encrypted))


@pytest.mark.parametrize("proxy", [None, "http://p"])
def test_without_tls_no_certificate_is_read(tmp_path: Path, proxy: str | None) -> None:
    """Nobody would look at it."""
    assert Route(connection("http://h", ca_bundle=tmp_path / "missing", proxy=proxy)).forwards is (proxy is not None)
