"""The log lines of botocore, without the secrets that travel in headers: keys of SSE-C and tokens of sessions."""

from __future__ import annotations

import logging
import re

__all__ = ["mask_secrets"]

_LOGGERS = ("botocore.auth", "botocore.endpoint")  # they log requests, at level DEBUG
_SECRET = re.compile(r"(?i)((?:-customer-key|-security-token|SSECustomerKey)(?:['\"]: b?['\"]|:))[^\s'\"]+")


class _Masking(logging.Filter):
    """Lets every record pass, without the values of secret headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True."""
        said = record.getMessage()
        if _SECRET.search(said):
            record.msg, record.args = _SECRET.sub(r"\1***", said), ()
        return True


_masking = _Masking()


def mask_secrets() -> None:
    """Keep secrets out of botocore's log; doing so again changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_masking)
