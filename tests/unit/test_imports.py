"""What importing the package brings in, and what only using it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SDKS = ("minio", "boto3", "botocore", "s3transfer", "urllib3", "requests", "obstore", "opentelemetry.sdk", "pytest")


def _loaded(code: str, cwd: Path) -> set[str]:
    """Run code in a new interpreter, warnings being errors, and return the modules that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import data_store",
        "import data_store.object_store",
        "import data_store.utils",
        "from data_store.object_store import ObjectStore; print(ObjectStore('minio://localhost:9000/bucket'))",
        "from data_store.object_store import ObjectStore; print(ObjectStore('s3://bucket'))",
        "from data_store.object_store import ObjectStore; ObjectStore('memory://bucket').put_object(b'', 'k')",
    ],
)
def test_no_sdk_is_imported_before_it_is_used(code: str, tmp_path: Path) -> None:
    """Importing, configuring, and using the embedded store need none."""
    loaded = _loaded(code, tmp_path)
    assert not loaded & set(SDKS)
    assert "data_store.object_store" in loaded or code == "import data_store"


@pytest.mark.parametrize(
    ("url", "sdk", "other"),
    [("minio://localhost:1/bucket", "minio", "botocore"), ("boto3://localhost:1/bucket", "botocore", "minio")],
)
def test_an_sdk_is_imported_when_it_is_used(url: str, sdk: str, other: str, tmp_path: Path) -> None:
    """That of the framework alone; making the client sends nothing."""
    loaded = _loaded(f"from data_store.object_store import ObjectStore; ObjectStore('{url}').client", tmp_path)
    assert sdk in loaded
    assert other not in loaded


@pytest.mark.parametrize(
    ("framework", "spared"), [("minio", {"minio", "botocore"}), ("boto3", {"boto3", "s3transfer", "minio"})]
)
def test_objects_need_no_more_of_an_sdk_than_their_credentials_do(
    framework: str, spared: set[str], tmp_path: Path
) -> None:
    """Which is nothing of minio-py where the configuration has them, and botocore's session alone of boto3."""
    loaded = _loaded(
        "from data_store.object_store import ConnectionFailed, ObjectStore\n"
        f"try: ObjectStore('{framework}://A:S@localhost:1/bucket?retry.max_attempts=1').read_object('key')\n"
        "except ConnectionFailed: pass",
        tmp_path,
    )
    assert "urllib3" in loaded
    assert not loaded & spared


@pytest.mark.parametrize(
    "module", ["errors", "models", "registry", "configurations", "client", "store", "transfer", "validation"]
)
def test_every_module_can_be_imported_first(module: str, tmp_path: Path) -> None:
    """No circle depends on the order of imports."""
    assert f"data_store.object_store.{module}" in _loaded(f"import data_store.object_store.{module}", tmp_path)
