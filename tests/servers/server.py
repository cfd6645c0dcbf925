"""What every real server is: something that may be missing here, that starts, and that is always ended."""

import base64
import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar

KMS_KEY = "tests-key"
KMS_KEY_IN_BASE64 = base64.b64encode(bytes(range(32))).decode()
"""The name and the bytes of a key for servers that have none of their own. It keeps no secrets."""

NOWHERE = "http://127.0.0.1:1/"
"""Where nobody answers."""


class ServerStartError(RuntimeError):
    """A server did not start; the message says why and, where that is known, what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    `endpoint` is a URL on 127.0.0.1; `version` is None where the server does not tell it. `kms_key` names a key that it
    has for SSE-KMS, `notification_target` is the ARN of a queue or topic that it takes for notifications (and at which
    nobody listens); None where it has no such thing.
    """

    name: str
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    version: str | None = None
    kms_key: str | None = None
    notification_target: str | None = None

    def url(self, scheme: str) -> str:
        """The URL from which an `ObjectStore` is made, its keys included; the bucket is made on first use."""
        host = self.endpoint.removeprefix("http://")
        return f"{scheme}://{self.access_key}:{self.secret_key}@{host}/my-bucket?create_root_bucket=true"


class RealServer(ABC):
    """One server of one kind, with keys of its own; a context manager that starts and ends it.

    Entering it raises `ServerStartError` with the sentence of `why_unavailable` where something is missing.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self) -> None:
        self.access_key = secrets.token_hex(8)
        self.secret_key = secrets.token_hex(16)

    @classmethod
    @abstractmethod
    def why_unavailable(cls) -> str | None:
        """None where a start should succeed, else a sentence: what is missing here and how to get it.

        Cheap: starts nothing and downloads nothing.
        """

    @abstractmethod
    def start(self) -> Server:
        """Start it and return when it answers.

        Raises:
            ServerStartError: it does not answer. `stop` is to be called all the same.
        """

    @abstractmethod
    def stop(self) -> None:
        """End it and remove its data; whatever `start` came to, and as often as one likes."""

    def __enter__(self) -> Server:
        reason = self.why_unavailable()
        if reason is not None:
            raise ServerStartError(reason)
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
