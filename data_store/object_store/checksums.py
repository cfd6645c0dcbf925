"""Digests by name, at hardware speed: MD5, SHA-256, CRC-32C, CRC-64/NVME.

The two CRCs need libraries (extra ``checksums``), loaded when first needed. A CRC is put together from those of pieces,
so that parts which travel at once need no second reading (S3 user guide, "Checking object integrity": full object
checksums). Digests are bytes, those of CRCs big-endian.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from data_store.object_store.errors import MissingDependency

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Hasher", "can_combine", "cheapest", "combine", "is_fast", "new_hasher"]

_CHEAPEST_FIRST = ("crc32c", "crc64nvme", "sha256", "md5")


class Hasher(Protocol):
    """Computes one digest of what it is given piece by piece."""

    def update(self, chunk: ReadableBuffer, /) -> None:
        """Add the next bytes."""

    def digest(self) -> bytes:
        """Return the digest of all so far."""


@dataclass(frozen=True, slots=True)
class _Crc:
    """A CRC whose bits are reflected, and whose register begins and ends inverted.

    Attributes:
        package: what computes it, as packages are named.
        width: bits.
        polynomial: reflected, without the highest term.
    """

    package: str
    width: int
    polynomial: int


# RFC 3720, 12.1; NVM Express NVM Command Set Specification 1.0, 5.2.1.3.4
_CRCS = {
    "crc32c": _Crc("google-crc32c", 32, 0x82F63B78),
    "crc64nvme": _Crc("anycrc", 64, 0x9A6C9329AC4BC9B5),
}


class _CrcHasher:
    def __init__(self, algorithm: str) -> None:
        self._extend = _extend(algorithm)
        self._size = _CRCS[algorithm].width // 8
        self._value = 0

    def update(self, chunk: ReadableBuffer, /) -> None:
        self._value = self._extend(self._value, chunk if isinstance(chunk, bytes) else bytes(chunk))

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def new_hasher(algorithm: str) -> Hasher:
    """Return a hasher of an algorithm.

    Raises:
        MissingDependency: its library is not installed; the message names the extra.
    """
    if algorithm in _CRCS:
        return _CrcHasher(algorithm)
    found: Hasher = hashlib.new(algorithm, usedforsecurity=False)
    return found


@functools.cache
def is_fast(algorithm: str) -> bool:
    """Return whether this machine computes it with compiled code."""
    if algorithm not in _CRCS:
        return algorithm in _CHEAPEST_FIRST
    try:
        library = _library(algorithm)
    except MissingDependency:
        return False
    return getattr(library, "implementation", "c") == "c"  # google-crc32c has one in Python too


def cheapest(algorithms: Container[str]) -> str | None:
    """Return the one of them that costs the least here, or None if none of them is known."""
    for algorithm in _CHEAPEST_FIRST:
        if algorithm in algorithms and is_fast(algorithm):
            return algorithm
    return None


def can_combine(algorithm: str) -> bool:
    """Return whether the digest of a whole can be put together from those of its pieces."""
    return algorithm in _CRCS


def combine(algorithm: str, pieces: Iterable[tuple[bytes, int]]) -> bytes:
    """Return the CRC of a whole, from the CRC and the length in bytes of each of its pieces, in order."""
    crc = _CRCS[algorithm]
    value = 0
    for digest, length in pieces:
        value = _times(value, _shift(algorithm, length), crc) ^ int.from_bytes(digest, "big")
    return value.to_bytes(crc.width // 8, "big")


def _times(left: int, right: int, crc: _Crc) -> int:
    """Return the product of two polynomials over GF(2), modulo that of the CRC; the highest bit is x to the 0."""
    product = 0
    for power in range(crc.width - 1, -1, -1):
        if left >> power & 1:
            product ^= right
        right = right >> 1 ^ (crc.polynomial if right & 1 else 0)
    return product


@functools.lru_cache(maxsize=64)
def _shift(algorithm: str, length: int) -> int:
    """Return x to the power of the bits in ``length`` bytes: what behind a piece so many more bytes do to its CRC."""
    crc = _CRCS[algorithm]
    result, square = 1 << crc.width - 1, 1 << crc.width - 1 - 8
    while length:
        if length & 1:
            result = _times(square, result, crc)
        square = _times(square, square, crc)
        length >>= 1
    return result


@functools.cache
def _extend(algorithm: str) -> Callable[[int, bytes], int]:
    """Return what computes the CRC of more bytes from the CRC of those before."""
    library = _library(algorithm)
    if algorithm == "crc32c":
        extend: Callable[[int, bytes], int] = library.extend
        return extend
    calculate = library.Model("CRC64-NVME").calc
    return lambda value, chunk: calculate(chunk, value)


def _library(algorithm: str) -> Any:
    package = _CRCS[algorithm].package
    try:
        return importlib.import_module(package.replace("-", "_"))
    except ImportError as missing:
        raise MissingDependency(
            f"the checksum {algorithm!r} needs the package {package}: install this package with its extra "
            "'checksums', from a checkout: pip install '.[checksums]'"
        ) from missing
