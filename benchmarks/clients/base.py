"""What every client that is measured can do, and where it does it. Imports nothing, since imports are measured too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypedDict

MIB = 1024**2


class Connection(TypedDict, total=False):
    """A server with a bucket, or a directory for a store that needs no server."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    bucket: str
    ca: str | None
    directory: str
    programs: str


class NotMeasuredError(Exception):
    """This client is not asked for that."""


class Client(ABC):
    """One candidate. What it is given besides the connection are options of its own."""

    volatile = False
    """Whether what it stores ends with the process."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        self.connection, self.options, self.threads = connection, options, threads

    @abstractmethod
    def upload(self, path: str, key: str) -> None:
        """Store a file, in the way that the client recommends for large ones."""

    @abstractmethod
    def download(self, key: str, path: str) -> None:
        """Write an object to a file."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Store bytes."""

    @abstractmethod
    def get(self, key: str) -> int:
        """Read an object into memory; return its length."""

    @abstractmethod
    def list_keys(self, prefix: str) -> int:
        """Read the metadata of all keys with a prefix; return how many there are."""

    def delete(self, key: str) -> None:
        """Remove an object. Not measured, and so not asked of everybody."""
        raise NotMeasuredError

    def sign(self, method: str, keys: list[str]) -> None:  # noqa: B027 most clients sign when they send
        """Sign beforehand, where that is not what is measured."""

    def upload_tree(self, directory: str, names: list[str], prefix: str) -> None:
        """Store many files, as many at once as there are threads."""
        from benchmarks.threads import in_threads

        in_threads(self.threads, names, lambda name: self.upload(f"{directory}/{name}", f"{prefix}{name}"))

    def download_tree(self, prefix: str, names: list[str], directory: str) -> None:
        """Write many objects to files, as many at once as there are threads."""
        from benchmarks.threads import in_threads

        in_threads(self.threads, names, lambda name: self.download(f"{prefix}{name}", f"{directory}/{name}"))

    def close(self) -> None:  # noqa: B027 most clients hold nothing
        """End what it holds."""


class Program(Client):
    """A program that is no library. It is given much at once, since each call starts a process."""

    @abstractmethod
    def put_all(self, keys: list[str], data: bytes) -> None:
        """Store these bytes under many keys."""

    @abstractmethod
    def get_all(self, keys: list[str]) -> int:
        """Read many objects; return their length in all."""
