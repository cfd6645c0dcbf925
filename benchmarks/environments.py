"""Where peers live: virtual environments and programs of their own, made once and kept outside of the checkout.

``DATA_STORE_BENCH_CACHE`` names the place, ``~/.cache/data-store-bench`` by default.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CACHE = Path(os.environ.get("DATA_STORE_BENCH_CACHE") or Path.home() / ".cache" / "data-store-bench")
PROGRAMS = CACHE / "bin"
OURS, PROGRAM = "ours", "program"

# s3fs pins botocore, which would hold boto3 back.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "peers": ("boto3>=1.44", "minio>=7.2.20,<8", "obstore>=0.12", "opendal>=0.47"),
    "s3fs": ("s3fs>=2026.1",),
    "plots": ("matplotlib>=3.10",),
}
_GO = {
    "s5cmd": ("github.com/peak/s5cmd/v2@latest", "s5cmd"),
    "toxiproxy": ("github.com/Shopify/toxiproxy/v2/cmd/server@latest", "server"),
}


class NotToBeHad(RuntimeError):  # noqa: N818 it is a fact about the machine
    """Something that is measured beside ours cannot be installed here; the message says what and why."""


def python(environment: str) -> str:
    """Return the interpreter of an environment, which is made if it is not there.

    Raises:
        NotToBeHad: pip cannot install it.
    """
    if environment in (OURS, PROGRAM):
        return sys.executable
    wanted = json.dumps([sys.version, PACKAGES[environment]])
    root = CACHE / f"{environment}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if not (root / "ready").exists():
        _make(root, PACKAGES[environment])
    return str(root / "bin" / "python")


def _make(root: Path, packages: tuple[str, ...]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", root], check=True)
    pip = [str(root / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", *packages]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotToBeHad(f"{', '.join(packages)}: {_last_line(done.stderr)}")
    (root / "ready").touch()


def program(name: str) -> Path:
    """Return a program written in Go, which is built if it is not there.

    Raises:
        NotToBeHad: there is no Go, or it cannot build it.
    """
    found = shutil.which(name, path=f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}")
    return Path(found) if found else _built(name)


def _built(name: str) -> Path:
    module, made = _GO[name]
    search = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/local/go/bin"
    go = shutil.which("go", path=search)
    if go is None:
        raise NotToBeHad(f"{name}: needs Go")
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": search, "GOBIN": str(PROGRAMS / name / "bin"), "CGO_ENABLED": "0"}
    done = subprocess.run([go, "install", module], env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotToBeHad(f"{name}: go install {module} failed: {_last_line(done.stderr)}")
    (PROGRAMS / name / "bin" / made).rename(PROGRAMS / f"{name}.new")
    shutil.rmtree(PROGRAMS / name)
    return (PROGRAMS / f"{name}.new").rename(PROGRAMS / name)


def own_versions(packages: list[str]) -> dict[str, str]:
    """Return the versions of packages beside ours; what is not there is left out."""
    return versions(OURS, packages)


def versions(environment: str, packages: list[str]) -> dict[str, str]:
    """Return the versions of packages in an environment; what is not there is left out."""
    script = (
        "import importlib.metadata as m, json, sys\n"
        "found = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({n: found[n] for n in sys.argv[1:] if n in found}))"
    )
    said = subprocess.run([python(environment), "-c", script, *packages], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(said.stdout)
    return found


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
