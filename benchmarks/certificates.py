"""A certificate for 127.0.0.1 and its authority, good for a day, made by ``openssl``."""

from __future__ import annotations

import subprocess
from pathlib import Path

_EXTENSIONS = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_certificate(directory: Path) -> Path:
    """Write ``public.crt``, ``private.key`` (MinIO's names) and ``CAs/authority.pem``; return the directory."""
    (directory / "CAs").mkdir(parents=True)
    (directory / "extensions").write_text(_EXTENSIONS)
    authority = (
        "-subj",
        "/CN=benchmark authority",
        "-days",
        "1",
        "-out",
        "CAs/authority.pem",
        "-keyout",
        "authority.key",
    )
    _openssl(directory, "req", "-x509", *_KEY, *authority)
    _openssl(directory, "req", "-new", *_KEY, "-subj", "/CN=127.0.0.1", "-keyout", "private.key", "-out", "request")
    signed_by = ("-CA", "CAs/authority.pem", "-CAkey", "authority.key", "-CAcreateserial")
    signed = ("-days", "1", "-extfile", "extensions", "-out", "public.crt")
    _openssl(directory, "x509", "-req", "-in", "request", *signed_by, *signed)
    for name in ("authority.key", "request", "extensions"):
        (directory / name).unlink()
    return directory


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)
