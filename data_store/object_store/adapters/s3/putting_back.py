"""Undoing what a server has not taken as it was meant."""

from __future__ import annotations

import logging
from collections.abc import Callable

__all__ = ["put_back"]

_logger = logging.getLogger("data_store.object_store")


def put_back(what: str, before: bytes | None, put: Callable[[bytes], object], delete: Callable[[], object]) -> None:
    """Put back the rules that a bucket had; whatever keeps it from that is logged, and must not hide why.

    Args:
        what: the kind of rules, for the log.
        before: the body that they came in; None: there were none.
        put: sends that body.
        delete: removes all rules.
    """
    try:
        if before is None:
            delete()
        else:
            put(before)
    except Exception as error:  # noqa: BLE001  see above
        _logger.warning("the %s rules that a bucket had before could not be put back: %s", what, error)
