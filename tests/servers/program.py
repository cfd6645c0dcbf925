"""A server that is one program, run directly as a process of this machine."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from tests.servers.loopback import free_port, parents, temporary_directory
from tests.servers.server import RealServer, Server, ServerStartError

CACHE = Path.home() / ".cache" / "data-store-ci"
LEASH = Path(__file__).with_name("leash.py")
SPACE = 4 << 30
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
LINES_OF_LOG = 20


class ProgramServer(RealServer):
    """A program on a leash: it ends when this process does, however that ends, and its directory goes with it.

    The program is the one that the environment's `variable` names, else `name` on PATH, else `cached`, which `.ci/run`
    has built into its cache.
    """

    variable: ClassVar[str]
    cached: ClassVar[str]
    to_build: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._directory: Path | None = None
        self._leash: subprocess.Popen[bytes] | None = None

    @classmethod
    def program(cls) -> str | None:
        """The path of the program; None where there is none."""
        named = os.environ.get(cls.variable)
        if named:
            return shutil.which(named)
        return shutil.which(cls.name) or shutil.which(str(CACHE / cls.cached))

    @classmethod
    def why_unavailable(cls) -> str | None:
        """None where the program is found."""
        if cls.program() is not None:
            return None
        wanted = os.environ.get(cls.variable) or cls.name
        return (
            f"{cls.title} is not installed here ({wanted} not found). To get it: {cls.to_build}, "
            f"with the directory of the program on PATH; {cls.variable} names a program elsewhere"
        )

    @classmethod
    def parent(cls) -> Path | None:
        """Where the directory can be; None where no place suits."""
        return parents(SPACE)[0]

    @abstractmethod
    def prepare(self, directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Write into the directory what the program needs; return its arguments, and its environment with the keys."""

    def answers(self, port: int) -> bool:
        """Whether the started program serves requests."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    def start(self) -> Server:
        """Start the program and wait until it answers; about a second."""
        port, parent = free_port(), self.parent()
        assert parent is not None
        self._directory = temporary_directory(self.name, parent)
        arguments, environment = self.prepare(self._directory, port)
        self._leash = subprocess.Popen(
            [sys.executable, LEASH, self._directory, self.found_program(), *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            # Not in the terminal's process group: Ctrl-C is for the tests, which then let go.
            start_new_session=True,
        )
        self._wait(port)
        return Server(self.name, f"http://127.0.0.1:{port}", self.access_key, self.secret_key, self._version())

    def stop(self) -> None:
        """Let go of the program, wait for its end, and remove its directory."""
        leash, self._leash = self._leash, None
        if leash is not None:
            leash.communicate(timeout=SECONDS_TO_STOP)
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def found_program(self) -> str:
        """The path of the program, which has been found to be there."""
        program = self.program()
        assert program is not None
        return program

    def _wait(self, port: int) -> None:
        assert self._leash is not None
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.answers(port):
            if self._leash.poll() is not None or time.monotonic() > deadline:
                raise ServerStartError(f"{self.title} did not start. It says:\n{self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        assert self._directory is not None
        lines = (self._directory / "log").read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-LINES_OF_LOG:])

    def _version(self) -> str | None:
        """The number in what the program says about itself."""
        said = subprocess.run([self.found_program(), "--version"], capture_output=True, text=True, check=False)
        number = re.search(r"v?\d+\.\d+\.\d+[\w.-]*", said.stdout)
        return number[0] if number else None
