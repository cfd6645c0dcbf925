"""Arithmetic of multipart transfers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.configurations import TransferConfiguration
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.planning import (
    MAX_OBJECT_SIZE,
    MAX_PART_SIZE,
    MAX_PARTS,
    MAX_SINGLE_PUT,
    part_size_for,
    split,
)

MIB = 1024**2
GIB = 1024**3


def test_the_limits_are_those_of_s3() -> None:
    """S3 user guide, "Amazon S3 multipart upload limits"; an object may have 5 TiB."""
    assert (MAX_PARTS, MAX_SINGLE_PUT, MAX_OBJECT_SIZE) == (10_000, 5 * GIB, 5 * 1024 * GIB)
    assert MAX_PART_SIZE == 5 * GIB


@given(st.integers(0, MAX_OBJECT_SIZE), st.integers(5 * MIB, 5 * GIB))
def test_parts_cover_the_object_once_and_in_order(size: int, part_size: int) -> None:
    """Each part begins where the one before ends; all but the last are equally long, none is too long or too short."""
    parts = split(size, part_size)
    assert len(parts) <= MAX_PARTS
    assert [offset for offset, _ in parts] == [number * part_size_for(size, part_size) for number in range(len(parts))]
    assert sum(length for _, length in parts) == size
    assert len({length for _, length in parts[:-1]}) <= 1
    assert all(5 * MIB <= length <= 5 * GIB for _, length in parts[:-1])
    assert all(1 <= length <= 5 * GIB for _, length in parts[-1:])


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(0, []), (1, [1]), (5 * MIB, [5 * MIB]), (5 * MIB + 1, [5 * MIB, 1]), (10 * MIB, [5 * MIB, 5 * MIB])],
)
def test_parts_at_the_boundaries(size: int, lengths: list[int]) -> None:
    """No empty part, and no part for nothing."""
    assert [length for _, length in split(size, 5 * MIB)] == lengths


def test_the_part_size_grows_only_where_it_must() -> None:
    """10,000 parts are allowed; one byte more needs larger parts, of whole MiB."""
    most = MAX_PARTS * 5 * MIB
    assert part_size_for(most, 5 * MIB) == 5 * MIB
    assert part_size_for(most + 1, 5 * MIB) == 6 * MIB


def test_the_largest_object_fits() -> None:
    """5 TiB in 10,000 parts; a byte more is refused with the rule."""
    assert len(split(MAX_OBJECT_SIZE, 5 * MIB)) <= MAX_PARTS
    with pytest.raises(InvalidArgument, match="5 TiB"):
        split(MAX_OBJECT_SIZE + 1, 5 * MIB)


@pytest.mark.parametrize("name", ["part_size", "copy_part_size"])
@pytest.mark.parametrize("size", [16 * MIB + 1, 5 * GIB + 1, MAX_PARTS * 512 * MIB + 1, MAX_OBJECT_SIZE])
def test_uploads_and_copies_of_any_size_are_planned_by_default(name: str, size: int) -> None:
    """On paper: up to 5 TiB, whatever goes in parts fits into 10,000, none longer than 5 GiB."""
    parts = split(size, getattr(TransferConfiguration(), name))
    assert len(parts) <= MAX_PARTS
    assert sum(length for _, length in parts) == size
    assert max(length for _, length in parts) <= MAX_PART_SIZE
