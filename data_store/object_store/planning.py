"""Arithmetic of multipart transfers, as pure functions.

Limits of the S3 user guide ("Amazon S3 multipart upload limits"): 10,000 parts, 5 MiB to 5 GiB each (the last may be
smaller), 5 TiB an object, 5 GiB in one PUT or one copy.
"""

from __future__ import annotations

from data_store.object_store.errors import InvalidArgument

__all__ = ["MAX_OBJECT_SIZE", "MAX_PARTS", "MAX_PART_SIZE", "MAX_SINGLE_PUT", "MIN_PART_SIZE", "part_size_for", "split"]

MAX_PARTS = 10_000
MAX_SINGLE_PUT = 5 * 1024**3
MIN_PART_SIZE = 5 * 1024**2
MAX_PART_SIZE = 5 * 1024**3
MAX_OBJECT_SIZE = 5 * 1024**4
_MIB = 1024**2


def part_size_for(size: int, part_size: int) -> int:
    """Return the part size, at least ``part_size`` bytes, with which ``size`` bytes fit into 10,000 parts."""
    if size > MAX_OBJECT_SIZE:
        raise InvalidArgument(f"an object has at most {MAX_OBJECT_SIZE} bytes (5 TiB), not {size}")
    least = -(-size // MAX_PARTS)
    return part_size if least <= part_size else -(-least // _MIB) * _MIB


def split(size: int, part_size: int) -> list[tuple[int, int]]:
    """Return ``(offset, length)`` of the parts of ``size`` bytes, in order; all but the last are equally long."""
    step = part_size_for(size, part_size)
    return [(offset, min(step, size - offset)) for offset in range(0, size, step)]
