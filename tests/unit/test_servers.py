"""The real servers: when one is missing, what the tests do then, and that nothing stays behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from data_store.object_store import ObjectStore
from tests.servers import (
    SERVERS,
    CephServer,
    GarageServer,
    MinioServer,
    Server,
    ServerStartError,
    VersitygwServer,
    plugin,
)
from tests.servers import program as programs_run_directly
from tests.servers.ceph import PROGRAMS, SCRIPT
from tests.servers.program import LEASH, ProgramServer

ROOT = Path(__file__).parents[2]

TESTS = """
import pytest

def test_without_server():
    pass

def test_minio(minio_server):
    pass

@pytest.mark.server("ceph")
class TestCeph:
    def test_first(self, ceph_server):
        pass

    def test_second(self, ceph_server):
        pass
"""


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without Docker and any server; the directory that is its PATH."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("DATA_STORE_MINIO_IMAGE", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-docker.sock")
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    for variable in (VersitygwServer.variable, GarageServer.variable):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(programs_run_directly, "CACHE", tmp_path / "cache")
    return programs


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of its own with tests for MinIO, for Ceph and for none."""
    pytester.makeconftest("pytest_plugins = ['tests.servers.plugin']")
    pytester.makeini("[pytest]\nmarkers = server(name): needs that server\naddopts = -p no:cacheprovider")
    pytester.makepyfile(TESTS)
    pytester.syspathinsert(ROOT)
    return pytester


def install_broken_ceph(programs: Path) -> None:
    """Programs with Ceph's names that fail, and the few others that the script needs."""
    for name in PROGRAMS:
        (programs / name).write_text(f"#!/bin/bash\necho {name} is broken; exit 1\n")
        (programs / name).chmod(0o755)
    for name in ("bash", "cat", "mkdir", "rm", "tail"):
        (programs / name).symlink_to(f"/bin/{name}")


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_ceph_names_the_programs_and_the_packages() -> None:
    """Whoever lacks Ceph reads what was not found and which packages have it."""
    reason = CephServer.why_unavailable()
    assert reason is not None
    assert "radosgw-admin" in reason
    assert "apt-get install" in reason


def install_broken(server: type[ProgramServer], directory: Path) -> Path:
    """A program of that server's name that says why it does not run."""
    program = directory / server.name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/bash\necho {server.name} is broken; exit 1\n")
    program.chmod(0o755)
    return program


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("server", [VersitygwServer, GarageServer])
def test_a_missing_program_is_said_with_how_to_build_it_and_its_setting(server: type[ProgramServer]) -> None:
    """Whoever lacks versitygw or Garage reads the command that builds the version that the tests want."""
    reason = server.why_unavailable()
    assert reason is not None
    assert reason.startswith(f"{server.title} is not installed here ({server.name} not found)")
    assert server.to_build in reason
    assert server.variable in reason


@pytest.mark.parametrize("server", [VersitygwServer, GarageServer])
def test_a_program_is_the_named_one_else_that_on_the_path_else_that_of_ci(
    server: type[ProgramServer], bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment names it; PATH and the cache of `.ci/run` are looked through, in this order."""
    cached = install_broken(server, (tmp_path / "cache" / server.cached).parent)
    assert server.program() == str(cached)
    on_path = install_broken(server, bare_machine)
    assert server.program() == str(on_path)
    named = install_broken(server, tmp_path / "named")
    monkeypatch.setenv(server.variable, str(named))
    assert server.program() == str(named)


@pytest.mark.parametrize("server", [VersitygwServer, GarageServer])
def test_a_named_program_that_is_not_there_is_not_replaced(
    server: type[ProgramServer], bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names a program gets that or a message, not another version from PATH."""
    install_broken(server, bare_machine)
    monkeypatch.setenv(server.variable, str(tmp_path / "missing"))
    assert f"({tmp_path / 'missing'} not found)" in (server.why_unavailable() or "")


def test_versitygw_needs_extended_attributes(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file system for temporary files takes them, the reason says so, and which setting moves them."""
    install_broken(VersitygwServer, bare_machine)
    monkeypatch.setattr(VersitygwServer, "parent", staticmethod(lambda: None))
    reason = VersitygwServer.why_unavailable()
    assert reason is not None
    assert "extended attributes" in reason
    assert "TMPDIR" in reason


@pytest.mark.parametrize("server", [VersitygwServer, GarageServer])
def test_a_program_that_does_not_start_says_why_and_leaves_nothing(
    server: type[ProgramServer], bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error holds what the program said, and its directory is gone."""
    install_broken(server, bare_machine)
    monkeypatch.setattr(server, "parent", staticmethod(lambda: tmp_path))
    before = set(tmp_path.iterdir())
    with pytest.raises(ServerStartError, match=f"(?s){server.title} did not start.*{server.name} is broken"):
        server().__enter__()
    assert set(tmp_path.iterdir()) == before


def test_a_program_ends_with_the_process_that_holds_its_leash(tmp_path: Path) -> None:
    """When the other end of stdin is closed, the program is killed and its directory goes, whatever it traps."""
    state = tmp_path / "state"
    state.mkdir()
    endless = "trap '' TERM INT HUP; echo started; while :; do sleep 1; done"
    leash = subprocess.Popen([sys.executable, LEASH, state, "/bin/bash", "-c", endless], stdin=subprocess.PIPE)
    while not (state / "log").exists() or (state / "log").read_text() != "started\n":
        assert leash.poll() is None
    leash.communicate(timeout=30)
    assert leash.returncode != 0
    assert not state.exists()


def test_a_program_that_ends_by_itself_leaves_its_words(tmp_path: Path) -> None:
    """The status is the program's, and its log stays to be read."""
    command = ["/bin/bash", "-c", "echo the reason; exit 3"]
    leash = subprocess.Popen([sys.executable, LEASH, tmp_path, *command], stdin=subprocess.PIPE)
    assert leash.wait(30) == 3
    leash.communicate()
    assert (tmp_path / "log").read_text() == "the reason\n"


def test_every_server_has_its_fixture() -> None:
    """A test gets each kind of server by its name."""
    assert {name for name in SERVERS if hasattr(plugin, f"{name}_server")} == set(SERVERS)


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_docker_is_said_with_the_image_and_its_setting() -> None:
    """Whoever lacks Docker reads how to get it, and which image would be pulled."""
    reason = MinioServer.why_unavailable()
    assert reason is not None
    assert "no Docker daemon answers" in reason
    assert "quay.io/minio/minio:RELEASE." in reason
    assert "DATA_STORE_MINIO_IMAGE" in reason


def test_missing_testcontainers_are_named_without_the_advice_to_install_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has Docker but lacks the extra reads which one to install, and not to install Docker."""
    monkeypatch.setitem(sys.modules, "testcontainers.core.docker_client", None)
    reason = MinioServer.why_unavailable()
    assert reason is not None
    assert "pip install -e '.[test]'" in reason
    assert "install Docker" not in reason


def test_ceph_is_available_where_its_programs_are(bare_machine: Path) -> None:
    """The probe only looks for programs; it starts nothing."""
    install_broken_ceph(bare_machine)
    assert CephServer.why_unavailable() is None


@pytest.mark.usefixtures("bare_machine")
def test_entering_a_missing_server_says_why() -> None:
    """`python -m tests.servers` and the fixtures fail with the sentence of the probe."""
    with pytest.raises(ServerStartError, match="Ceph is not installed here"), CephServer():
        pass


def test_tests_of_missing_servers_are_left_out_and_listed_last(bare_machine: Path, run: pytest.Pytester) -> None:
    """The run passes, and its last lines say what was left out, how many tests, and how to get it."""
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1, deselected=3)
    assert result.ret == pytest.ExitCode.OK
    *_, title, ceph, minio, closing = result.outlines
    assert "left out" in title
    assert ceph.startswith("2 tests with Ceph RGW: Ceph is not installed here")
    assert minio.startswith("1 test with MinIO: MinIO runs in Docker")
    assert "1 passed" in closing


def test_a_run_of_which_all_is_left_out_passes(bare_machine: Path, run: pytest.Pytester) -> None:
    """Asking for the tests of a server that is not here is no failure either."""
    result = run.runpytest_inprocess("-k", "ceph")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["2 tests with Ceph RGW: *"])


def test_a_run_that_finds_no_test_at_all_still_says_so(bare_machine: Path, run: pytest.Pytester) -> None:
    """Only what was left out for a server is forgiven."""
    result = run.runpytest_inprocess("-k", "no_such_test")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_not_server_selects_what_uses_no_server(bare_machine: Path, run: pytest.Pytester) -> None:
    """A test that uses a server's fixture is marked without being told, and nothing counts as left out."""
    result = run.runpytest_inprocess("-m", "not server")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.no_fnmatch_line("*left out*")


def test_a_missing_server_fails_in_ci(
    bare_machine: Path, run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With CI=true nothing is left out: every test of a missing server is an error with the reason."""
    monkeypatch.setenv("CI", "true")
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["*MinIO runs in Docker*", "*Ceph is not installed here*"])


def test_a_server_that_is_there_but_does_not_start_is_a_failure(bare_machine: Path, run: pytest.Pytester) -> None:
    """Outside CI too: the tests fail, and the message holds what the server's script said."""
    install_broken_ceph(bare_machine)
    result = run.runpytest_inprocess("-k", "ceph")
    result.assert_outcomes(errors=2, deselected=2)
    result.stdout.fnmatch_lines(["Ceph did not start.*", "*ceph-authtool is broken*"])


def test_a_failed_start_leaves_no_state(bare_machine: Path, tmp_path: Path) -> None:
    """The script removes its directory when it ends, however it ends."""
    install_broken_ceph(bare_machine)
    state = tmp_path / "state"
    script = subprocess.run(
        [SCRIPT, state, "1", "2"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert script.returncode == 1
    assert not state.exists()


def test_the_secret_key_is_not_in_the_repr() -> None:
    """What pytest shows of a fixture gives no key away; the URL for a developer does."""
    server = Server("minio", "http://127.0.0.1:9000", "access", "hidden")
    assert "hidden" not in repr(server)
    assert "hidden" in server.url("minio")


@pytest.mark.parametrize("scheme", ["minio", "s3"])
def test_the_url_for_a_developer_makes_a_store_as_it_is(scheme: str) -> None:
    """It has a bucket, which is made on first use, and whatever else a store on that server needs."""
    config = ObjectStore(Server("minio", "http://127.0.0.1:9000", "access", "hidden").url(scheme)).config
    assert (config.root_bucket, config.create_root_bucket) == ("my-bucket", True)
    assert config.connection.endpoint_url == "http://127.0.0.1:9000"


@pytest.mark.usefixtures("bare_machine")
def test_a_developer_is_told_in_one_command_what_is_missing() -> None:
    """`python -m tests.servers ceph` ends with status 1 and the sentence."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.servers", "ceph"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Ceph is not installed here")
