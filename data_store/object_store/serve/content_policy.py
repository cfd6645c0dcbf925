"""What keeps content that users uploaded from acting in the name of the origin that serves it."""

from __future__ import annotations

import re

__all__ = ["BINARY", "headers_for"]

BINARY = "application/octet-stream"
"""The type of what was stored without one; browsers save it."""

_ALWAYS = {
    "x-content-type-options": "nosniff",  # the type is what it says, and a page of text is not a script
    "referrer-policy": "no-referrer",  # the URL of a document is a secret, which its links must not tell
}
_SANDBOX = {"content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}

# Types that browsers show without running anything in the origin. All others may be documents with scripts: HTML,
# XHTML, SVG, any other XML (XSLT), MHTML, and whatever a browser learns to show.
_PASSIVE = frozenset(
    {
        BINARY,
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/zip",
        "binary/octet-stream",
        "image/apng",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/jxl",
        "image/png",
        "image/tiff",
        "image/vnd.microsoft.icon",
        "image/webp",
        "image/x-icon",
        "text/csv",
        "text/plain",
    }
)
_PASSIVE_KINDS = re.compile(r"(?:audio|font|video)/[a-z0-9.-]+", re.ASCII)  # without "+xml"
_TYPE = re.compile(r"(?P<type>[^\s;,]+)(?:\s*;[^,]*)?")


def headers_for(content_type: str) -> dict[str, str]:
    """Return the headers that content of a type is served with.

    What is not known to be passive gets the CSP directive ``sandbox``: shown as a document it has an origin of its
    own, and runs no scripts. Images, media and downloads are what they always are.
    """
    found = _TYPE.fullmatch(content_type.strip())
    essence = found["type"].lower() if found else ""
    passive = essence in _PASSIVE or _PASSIVE_KINDS.fullmatch(essence)
    return dict(_ALWAYS) if passive else _ALWAYS | _SANDBOX
