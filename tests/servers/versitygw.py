"""versitygw, an S3 gateway to a file system."""

import os
import tempfile
from pathlib import Path

from tests.servers.loopback import parents
from tests.servers.program import SPACE, ProgramServer

VERSION = "v1.8.0"


class VersitygwServer(ProgramServer):
    """The gateway to a temporary directory: metadata are extended attributes of the files, old versions lie besides."""

    name = "versitygw"
    title = "versitygw"
    variable = "DATA_STORE_VERSITYGW"
    cached = f"versitygw-{VERSION}/versitygw"
    to_build = f"go install github.com/versity/versitygw/cmd/versitygw@{VERSION}"

    @classmethod
    def why_unavailable(cls) -> str | None:
        """None where the program is found, and a file system that takes extended attributes."""
        missing = super().why_unavailable()
        if missing or cls.parent() is not None:
            return missing
        return (
            "versitygw keeps metadata in extended attributes, which no file system for temporary files takes here "
            f"({', '.join(map(str, parents()))}). To get one: TMPDIR names a directory on ext4, XFS or "
            "a tmpfs of Linux 6.6 and newer"
        )

    @classmethod
    def parent(cls) -> Path | None:
        """The first place of which files can have attributes."""
        return next(filter(_takes_attributes, parents(SPACE)), None)

    def prepare(self, directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Make the directories of objects and of versions."""
        objects, versions = directory / "objects", directory / "versions"
        objects.mkdir()
        versions.mkdir()
        arguments = ["--port", f"127.0.0.1:{port}", "--quiet", "posix", "--versioning-dir", str(versions), str(objects)]
        return arguments, {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}


def _takes_attributes(directory: Path) -> bool:
    if not hasattr(os, "setxattr"):
        # macOS: Python has no call for it there, its file systems have attributes.
        return True
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        try:
            os.setxattr(file.name, "user.data-store", b"value")
        except OSError:
            return False
    return True
