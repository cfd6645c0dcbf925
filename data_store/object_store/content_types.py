"""Media types by file name extension, the same on every machine."""

from __future__ import annotations

import mimetypes
from functools import cache

__all__ = ["guess_content_type"]

_ADDED_TYPES = (
    ("application/gzip", ".gz"),
    ("application/parquet", ".parquet"),
    ("application/x-ndjson", ".jsonl"),
    ("application/yaml", ".yaml"),
    ("application/yaml", ".yml"),
    ("image/avif", ".avif"),
    ("image/webp", ".webp"),
    ("text/markdown", ".md"),
    ("text/javascript", ".js"),
)
_OF_ENCODING = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def guess_content_type(*names: str) -> str | None:
    """Return the media type of the first name that tells one; of a compressed file, that of the compression."""
    for name in names:
        kind, encoding = _types().guess_type(name.rsplit("/", 1)[-1], strict=True)
        if encoding is not None:
            return _OF_ENCODING.get(encoding, "application/octet-stream")
        if kind is not None:
            return kind
    return None


@cache
def _types() -> mimetypes.MimeTypes:
    """Return the registry of the standard library, and more.

    The machine's own mime.types would make a type depend on where the service runs.
    """
    types = mimetypes.MimeTypes()
    for kind, extension in _ADDED_TYPES:
        types.add_type(kind, extension)
    return types
