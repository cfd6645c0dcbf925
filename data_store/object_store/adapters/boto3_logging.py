"""The log lines of botocore, without the secrets that travel: keys and tokens, digests of SSE-C keys, signatures."""

from __future__ import annotations

import logging
import re

__all__ = ["mask_secrets"]

_LOGGERS = ("botocore.auth", "botocore.endpoint", "botocore.parsers")  # they log requests and answers, at level DEBUG
_NAMES = (
    r"-customer-key(?:-md5)?|-security-token|SSECustomerKey(?:MD5)?"  # of S3
    r"|SecretAccessKey|(?:access|id|refresh|session|WebIdentity)Token|clientSecret"  # of whom credentials come from
)
# An error may quote the request that it is about: the value of a header, all headers that are signed, these in hex.
_ELEMENTS = "ArgumentValue|CanonicalRequest|CanonicalRequestBytes|SecretAccessKey|SessionToken"
_SECRETS = (
    re.compile(rf"(?i)((?:{_NAMES})(?:['\"]: ?b?['\"]|:))[^\s'\"]+"),
    re.compile(rf"(<(?:{_ELEMENTS})>)[^<]+"),
    # What a presigned URL is made of: whoever has it all can put the URL together.
    re.compile(r"(?i)(X-Amz-(?:Signature|Security-Token)=)[^&\s'\"]+"),
    re.compile(r"(?i)\A(Signature:\s*)[0-9a-f]+"),
)


class _Masking(logging.Filter):
    """Lets every record pass, without secret values."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True."""
        said = masked = record.getMessage()
        for secret in _SECRETS:
            masked = secret.sub(r"\1***", masked)
        if masked != said:
            record.msg, record.args = masked, ()
        return True


_masking = _Masking()


def mask_secrets() -> None:
    """Keep secrets out of botocore's log; doing so again changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_masking)
