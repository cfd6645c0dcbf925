"""Tests of ``checksums``: digests by name, and CRCs put together from those of pieces."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store import checksums
from data_store.object_store.checksums import can_combine, cheapest, combine, is_fast, new_hasher
from data_store.object_store.errors import MissingDependency

anycrc: Any = importlib.import_module("anycrc")  # neither of the two has types
google_crc32c: Any = importlib.import_module("google_crc32c")

CRCS = ["crc32c", "crc64nvme"]


def _digest(algorithm: str, *chunks: bytes) -> bytes:
    hasher = new_hasher(algorithm)
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.digest()


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Libraries are looked for anew, in the test and behind it."""
    for remembering in (checksums.is_fast, checksums._extend):
        remembering.cache_clear()
    yield
    for remembering in (checksums.is_fast, checksums._extend):
        remembering.cache_clear()


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_digests_are_those_of_the_standards(algorithm: str, digest: str) -> None:
    """The check values of the catalogues, of "123456789"."""
    assert _digest(algorithm, b"123456789").hex() == digest


@given(st.sampled_from(["crc32c", "crc64nvme", "md5", "sha256"]), st.lists(st.binary(max_size=50), max_size=5))
def test_pieces_have_the_digest_of_the_whole(algorithm: str, pieces: list[bytes]) -> None:
    """However it is cut, and whatever kind of bytes it is."""
    whole = _digest(algorithm, b"".join(pieces))
    assert _digest(algorithm, *pieces) == whole
    hasher = new_hasher(algorithm)
    for piece, kind in zip(pieces, itertools.cycle((bytearray, memoryview)), strict=False):
        hasher.update(kind(piece))
    assert hasher.digest() == whole


@given(st.sampled_from(CRCS), st.lists(st.binary(max_size=300), max_size=6))
def test_the_crc_of_a_whole_is_put_together_from_those_of_pieces(algorithm: str, pieces: list[bytes]) -> None:
    """Of any lengths, and of none."""
    known = [(_digest(algorithm, piece), len(piece)) for piece in pieces]
    assert combine(algorithm, known) == _digest(algorithm, b"".join(pieces))


@pytest.mark.parametrize(("algorithm", "model"), [("crc32c", "CRC32-ISCSI"), ("crc64nvme", "CRC64-NVME")])
@pytest.mark.parametrize("length", [1, 8 * 1024**2, 5 * 1024**3, 5 * 1024**4])
def test_crcs_of_pieces_as_long_as_s3_allows_are_put_together(algorithm: str, model: str, length: int) -> None:
    """On paper: another implementation says the same."""
    first, second = _digest(algorithm, b"first"), _digest(algorithm, b"second")
    expected = anycrc.Model(model).combine(int.from_bytes(first, "big"), int.from_bytes(second, "big"), length)
    assert combine(algorithm, [(first, 5), (second, length)]) == expected.to_bytes(len(first), "big")


def test_only_crcs_are_put_together() -> None:
    """A SHA-256 of parts says nothing of the whole."""
    assert [name for name in ("crc32c", "crc64nvme", "md5", "sha256") if can_combine(name)] == CRCS


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (["md5"], "md5"),
        (["md5", "sha256"], "sha256"),
        (["sha256", "crc64nvme", "md5"], "crc64nvme"),
        (["crc64nvme", "crc32c"], "crc32c"),
        (["sha1", "md5"], "md5"),
        (["sha1"], None),
        ([], None),
    ],
)
def test_the_digest_that_costs_the_least_is_chosen(given: list[str], chosen: str | None) -> None:
    """One is enough."""
    assert cheapest(given) == chosen


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize(
    ("algorithm", "module", "package"),
    [("crc32c", "google_crc32c", "google-crc32c"), ("crc64nvme", "anycrc", "anycrc")],
)
def test_a_missing_library_is_named_and_not_relied_on(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, module: str, package: str
) -> None:
    """With the extra that has it; reads take another digest."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency, match=rf"{package}.*checksums"):
        new_hasher(algorithm)
    assert not is_fast(algorithm)
    assert cheapest([algorithm, "md5"]) == "md5"


@pytest.mark.usefixtures("forgotten")
def test_a_library_without_compiled_code_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be slower than what it is to spare."""
    monkeypatch.setattr(google_crc32c, "implementation", "python")
    assert cheapest(["crc32c", "md5"]) == "md5"
    assert _digest("crc32c", b"123456789").hex() == "e3069283"
