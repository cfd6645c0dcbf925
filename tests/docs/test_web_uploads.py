"""The page on web uploads: its five minutes lead to a service that works, and its lines for a shell do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from data_store.object_store import ObjectStore
from data_store.object_store.testing.serving import answering
from tests.docs.pages import ROOT
from tests.servers.plugin import in_ci

PAGE = ROOT / "docs" / "web-uploads.md"
FILE = re.compile(r"^<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<content>.*?)^```$", re.M | re.S)
CURL = re.compile(r"^<!-- curl -->\n```sh\n(?P<lines>.*?)^```$", re.M | re.S)
ADDRESS = "127.0.0.1:8000"
SECONDS_TO_START = 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The files of the page in a directory, run as the page says but for the port: its URL, and the directory."""
    directory = tmp_path_factory.mktemp("web-uploads")
    port = _free_port()
    for found in FILE.finditer(PAGE.read_text(encoding="utf-8")):
        path = directory / found["name"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(found["content"].replace(ADDRESS, f"127.0.0.1:{port}"), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATA_STORE")}
    command = [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=log)
    try:
        _wait(port, process, directory / "log")
        yield f"http://127.0.0.1:{port}", directory
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(log.read_text(encoding="utf-8"))


def _sign(url: str, name: str, content_type: str, size: int) -> requests.Response:
    return requests.post(f"{url}/sign", json={"name": name, "type": content_type, "size": size}, timeout=30)


def test_the_page_has_the_three_files_of_its_service(service: tuple[str, Path]) -> None:
    """Configuration, service and page; the page is what the service shows."""
    url, directory = service
    assert (directory / "config" / "data-store.yaml").is_file()
    assert requests.get(url, timeout=30).text == (directory / "index.html").read_text(encoding="utf-8")


def test_what_the_page_uploads_is_listed_and_downloads_under_its_name(service: tuple[str, Path]) -> None:
    """What the page does, request by request, with a name that needs encoding."""
    url, _ = service
    name, content = "Grüße “42”.txt", b"hello"
    signed = _sign(url, name, "text/plain", len(content)).json()
    sent = requests.request(signed["method"], signed["url"], headers=signed["headers"], data=content, timeout=30)
    assert sent.status_code == 200
    (found,) = [each for each in requests.get(f"{url}/files", timeout=30).json() if each["name"] == name]
    got = requests.get(found["url"], timeout=30)
    assert (found["size"], got.content) == (len(content), content)
    assert got.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    ("name", "content_type", "size", "status"),
    [
        ("a.txt", "text/plain", 50 * 1024**2 + 1, 413),
        ("a.exe", "application/x-msdownload", 1, 415),
        ("../a.txt", "text/plain", 1, 400),
        (" ..", "text/plain", 1, 400),
        ("a\\b.txt", "text/plain", 1, 400),
        ("a\n.txt", "text/plain", 1, 400),
        ("a.txt", "text/plain", -1, 400),
        ("a.png", "image/*", 1, 400),
    ],
)
def test_the_service_of_the_page_does_not_sign_what_it_does_not_take(
    service: tuple[str, Path], name: str, content_type: str, size: int, status: int
) -> None:
    """It says why, in JSON."""
    url, _ = service
    refused = _sign(url, name, content_type, size)
    assert refused.status_code == status
    assert refused.json()["error"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"name": "a.txt", "type": "text/plain"}'])
def test_the_service_of_the_page_refuses_what_is_no_wish(service: tuple[str, Path], body: str) -> None:
    """Bad JSON, and JSON of another shape."""
    url, _ = service
    refused = requests.post(f"{url}/sign", data=body, timeout=30)
    assert refused.status_code == 400
    assert refused.json()["error"]


def test_the_newest_file_of_the_page_comes_first(service: tuple[str, Path]) -> None:
    """Whatever their keys are."""
    url, _ = service
    names = [f"order-{number}.txt" for number in range(5)]
    for name in names:
        signed = _sign(url, name, "text/plain", 1).json()
        assert requests.put(signed["url"], headers=signed["headers"], data=b"1", timeout=30).ok
    listed = [each["name"] for each in requests.get(f"{url}/files", timeout=30).json()]
    assert [name for name in listed if name in names] == names[::-1]


def test_the_store_of_the_page_refuses_what_was_not_signed(service: tuple[str, Path]) -> None:
    """Another length, and another type, than the service was told."""
    url, _ = service
    signed = _sign(url, "a.png", "image/png", 4).json()
    for headers, content in ((signed["headers"], b"longer"), ({"Content-Type": "text/html"}, b"four")):
        assert requests.put(signed["url"], headers=headers, data=content, timeout=30).status_code == 403
    assert "a.png" not in [each["name"] for each in requests.get(f"{url}/files", timeout=30).json()]


def test_the_log_of_the_page_shows_no_signature(service: tuple[str, Path]) -> None:
    """A query that was signed is a key, and uvicorn logs requests where it is run as the page says."""
    url, directory = service
    signed = _sign(url, "logged.txt", "text/plain", 1).json()
    assert requests.put(signed["url"], headers=signed["headers"], data=b"1", timeout=30).status_code == 200
    log = (directory / "log").read_text(encoding="utf-8")
    assert "logged.txt" in log
    assert "X-Amz" not in log


@pytest.mark.skipif(shutil.which("curl") is None and not in_ci(), reason="curl is not installed")
def test_the_lines_for_curl_download_and_upload(tmp_path: Path) -> None:
    """As they stand in the page, with URLs in the variables that it names."""
    (tmp_path / "picture.png").write_bytes(b"a picture")
    blocks = [found["lines"] for found in CURL.finditer(PAGE.read_text(encoding="utf-8"))]
    with answering(ObjectStore("memory://curl")) as store:
        store.put_object(b"%PDF-1.7", "report")
        urls = {
            "URL": store.get_presigned_url("report"),
            "UPLOAD_URL": store.presign_upload("picture", content_type="image/png").url,
        }
        for block in blocks:
            subprocess.run(["sh", "-ec", block], cwd=tmp_path, env=os.environ | urls, check=True, timeout=60)
        assert (tmp_path / "report.pdf").read_bytes() == b"%PDF-1.7"
        assert store.read_object("picture") == b"a picture"
        assert store.head_object("picture").content_type == "image/png"
