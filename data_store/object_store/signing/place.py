"""Where clients reach a bucket."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Place"]


class Place(NamedTuple):
    """Where clients reach a bucket, and what for requests to it are signed.

    Attributes:
        base: what clients call: ``https://host``, perhaps with ``:port`` and ``/prefix``. The prefix is not signed: a
            proxy takes it away.
        path: the path of the bucket, encoded, which is signed: ``"/bucket"``, or ``""`` if the host names the bucket.
        region: the region to sign for.
    """

    base: str
    path: str
    region: str
