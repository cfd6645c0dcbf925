"""The program, and what it needs."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest
import requests

from data_store.object_store import AccessDenied, MissingDependency
from data_store.object_store.serve import presigned_app
from data_store.object_store.serve.__main__ import main
from tests.serve.support import connect, eventually, head, open_store, program


def arguments(root: Path) -> tuple[str, ...]:
    """Return how the program is called, on a free port."""
    return "-m", "data_store.object_store.serve", "--port", "0", "--config", f"local://{root}/photos"


def test_the_program_says_where_it_answers_and_for_which_store(tmp_path: Path) -> None:
    """In one line, when it can be asked."""
    with program(*arguments(tmp_path)) as (_, output):
        line = output.readline()
        assert str(tmp_path) in line
        assert requests.get(line.split()[-1], timeout=10).status_code == 403


def test_the_program_says_the_name_that_is_signed(tmp_path: Path) -> None:
    """Where it listens is another, and a client that used it would be refused."""
    with program(*arguments(tmp_path)) as (_, output):
        lines = [output.readline(), output.readline()]
    assert "http://127.0.0.1:8333" not in lines[0]
    assert "signed for http://127.0.0.1:8333 (presign.public_endpoint)" in lines[1]


def test_the_program_does_not_serve_memory(capsys: pytest.CaptureFixture[str]) -> None:
    """No other process could sign for it."""
    assert main(["--config", "memory://photos", "--port", "0"]) == 1
    assert "presigned_app(store)" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_lets_requests_under_way_end(tmp_path: Path, number: signal.Signals) -> None:
    """It takes no new ones, and then it has ended well."""
    with (
        program(*arguments(tmp_path)) as (process, output),
        open_store(tmp_path, output.readline().split()[-1]) as store,
    ):
        url = store.get_presigned_upload_url("x")
        with connect(url) as connection:
            connection.sendall(head("PUT", url, "Content-Length: 3000000") + bytes(2_000_000))
            assert eventually(lambda: list((tmp_path / "temp").glob("*")))
            process.send_signal(number)
            connection.sendall(bytes(1_000_000))
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert process.wait(10) == 0
        assert store.head_object("x").size == 3_000_000


def test_the_program_rotates_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was signed before stays good, or not with ``--revoke``."""
    config = ["--config", f"local://{tmp_path}/photos", "--rotate-key"]
    with open_store(tmp_path) as store:
        url = store.get_presigned_url("x")
        assert main(config) == 0
        assert store.verify_presigned(url).verified
        assert main([*config, "--revoke"]) == 0
        with pytest.raises(AccessDenied):
            store.verify_presigned(url)
    assert "refused" in capsys.readouterr().out


def test_the_program_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a line, with a status that is not 0: another store, a port that is taken, options that do not go together."""
    assert main(["--config", "minio://key:secret@localhost:9000/photos?secure=false"]) == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--config", f"local://{tmp_path}/photos", "--port", port]) == 1
    for wrong in (["--revoke"], ["--port", "99999"], ["--port", "-1"], ["--port", "http"]):
        with pytest.raises(SystemExit):
            main(wrong)
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "secret" not in told


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the packages of the frameworks."""
    for name in [each for each in sys.modules if each.startswith("data_store.object_store.serve.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette.types", None)
    with open_store(tmp_path) as store, pytest.raises(MissingDependency, match="serve"):
        presigned_app(store)
