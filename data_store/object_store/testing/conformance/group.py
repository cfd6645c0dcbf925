"""What every group of the conformance suite has: a store, buckets, and the limits of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar
from uuid import uuid4

import pytest

from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.exceptions import NO_LIMITS, Limits

__all__ = ["ConformanceGroup"]


class ConformanceGroup:
    """Base of the groups. An adapter's test gives the fixture ``store`` and, where needed, ``limits``.

    Attributes:
        limits: what the server cannot do, with reasons.
    """

    limits: ClassVar[Limits] = NO_LIMITS

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> ObjectStore:
        """The store to be tested, which the subclass gives."""
        pytest.fail(f"{cls.__name__} has to override the fixture 'store', with scope='class'", pytrace=False)

    @pytest.fixture(scope="class")
    @classmethod
    def reused_bucket(cls, store: ObjectStore) -> Iterator[str]:
        """A bucket for all tests of the class: on real servers, making one takes longer than most tests."""
        name = _new_name()
        store.create_bucket(name)
        yield name
        store.delete_bucket(name, force=True)

    @pytest.fixture
    def bucket(self, store: ObjectStore, reused_bucket: str) -> Iterator[str]:
        """The name of an empty bucket, emptied again behind the test."""
        yield reused_bucket
        for outcome in store.delete_objects(
            [found.key for found in store.list_objects(bucket=reused_bucket)], reused_bucket
        ):
            assert outcome.error is None

    @pytest.fixture
    def new_bucket_name(self, store: ObjectStore) -> Iterator[Callable[[], str]]:
        """Return a function that gives names of buckets that do not exist; those made meanwhile are deleted."""
        given: list[str] = []

        def name() -> str:
            given.append(_new_name())
            return given[-1]

        yield name
        for made in given:
            if store.bucket_exists(made):
                store.delete_bucket(made, force=True)

    @pytest.fixture
    def other_bucket(self, store: ObjectStore, new_bucket_name: Callable[[], str]) -> str:
        """The name of a second empty bucket."""
        return store.create_bucket(new_bucket_name()).name

    @pytest.fixture
    def missing_bucket(self, new_bucket_name: Callable[[], str]) -> str:
        """The name of a bucket that does not exist."""
        return new_bucket_name()

    @pytest.fixture
    def another_store(self, store: ObjectStore) -> Iterator[ObjectStore]:
        """A second store of the same configuration."""
        with ObjectStore(store.config) as another:
            yield another


def _new_name() -> str:
    return f"conformance-{uuid4().hex[:16]}"
