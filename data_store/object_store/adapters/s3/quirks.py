"""What servers are known to do without saying so; it is refused before it is sent."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from data_store.object_store.errors import UnsupportedOperation

__all__ = ["ServerQuirks", "is_suspicious", "refuse"]


@dataclass(frozen=True, slots=True)
class _Quirk:
    """A kind of key that a server stores under another one, or refuses without a reason."""

    server: str
    concerns: Callable[[str], bool]
    reason: str


# MinIO's hasBadPathComponent (cmd/generic-handlers.go): it trims segments, and takes a backslash for a separator.
_DOT_SEGMENT = re.compile(r"(?:^|[/\\])[\t-\r ]*\.{1,2}[\t-\r ]*(?:[/\\]|$)")

_QUIRKS = (
    _Quirk(
        "minio",
        lambda key: key.startswith("/"),
        'MinIO drops a leading "/" of a key without a word: it would be another object',
    ),
    _Quirk(
        "minio",
        lambda key: _DOT_SEGMENT.search(key) is not None,
        'MinIO refuses keys with a segment "." or "..", a HEAD of them without saying why',
    ),
)


def refuse(server: str | None, key: str) -> None:
    """Raise ``UnsupportedOperation`` if this server is known not to take the key as it is.

    Args:
        server: the ``Server`` header of its answers; None if they have none.
        key: a key.
    """
    name = (server or "").lower()
    for quirk in _QUIRKS:
        if name.startswith(quirk.server) and quirk.concerns(key):
            raise UnsupportedOperation(quirk.reason)


class ServerQuirks:
    """What one client knows of its server; used by many threads at once.

    Args:
        ask: makes the server answer something cheap; the client hands the answer's header to ``learn``. Called
            before the first suspicious key if no answer has been seen yet. An error is an answer too: what ``ask``
            raises is raised only if nothing was learnt.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._known = False
        self._server: str | None = None

    @property
    def known(self) -> bool:
        """Whether the server has answered yet."""
        return self._known

    def learn(self, server: str | None) -> None:
        """Take the ``Server`` header of an answer, None if it had none; the first answer counts."""
        if self._known:
            return
        with self._lock:
            if not self._known:
                self._server = server
                self._known = True

    def check(self, key: str) -> None:
        """Raise ``UnsupportedOperation`` if the server would not take the key as it is.

        Keys that are safe on every server cost nothing.
        """
        if is_suspicious(key):
            self._find_out()
            refuse(self._server, key)

    def _find_out(self) -> None:
        if self._known:
            return
        try:
            self._ask()
        except Exception:
            if not self._known:
                raise


def is_suspicious(key: str) -> bool:
    """Return whether some server is known not to take the key as it is."""
    return any(quirk.concerns(key) for quirk in _QUIRKS)
