"""What web pages of other origins may do with a bucket."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CorsRule"]


@dataclass(frozen=True, slots=True)
class CorsRule:
    """A rule of cross-origin resource sharing (S3 API reference, CORSRule; Fetch standard, "CORS protocol").

    The first rule counts that a request's origin, method and headers all match.

    Attributes:
        allowed_origins: ``"https://app.example.com"``; each may have one ``*``: ``"http://localhost:*"``, ``"*"``.
        allowed_methods: of ``GET``, ``HEAD``, ``PUT``, ``POST``, ``DELETE``.
        allowed_headers: headers that a request may bring; each may have one ``*``. They are kept in lower case.
        expose_headers: headers of the answer that the page may read. ``ETag`` is needed to complete an upload with the
            answers of its parts.
        max_age: seconds for which a browser may keep the answer to its preflight; None: as browsers see fit.
        id: a name for it, up to 255 characters.
    """

    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[str, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None
    id: str | None = None
