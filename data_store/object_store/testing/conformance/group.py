"""What every group of the conformance suite has: a store, buckets, and the limits of the server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.needs import noticing
from data_store.object_store.testing.exceptions import NO_LIMITS, Limits
from data_store.object_store.testing.serving import answering

__all__ = ["ConformanceGroup"]


class ConformanceGroup:
    """Base of the groups. An adapter's test gives the fixture ``store`` and, where needed, ``limits``.

    Attributes:
        limits: what the server cannot do, with reasons.
        capability: what the group is about. An adapter that declares it must pass the cases; of one that does not, each
            of them asserts that it is told so.
    """

    limits: ClassVar[Limits] = NO_LIMITS
    capability: ClassVar[type | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, case in list(vars(cls).items()):
            if name.startswith("test_"):
                setattr(cls, name, noticing(case, cls.capability))

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> ObjectStore:
        """The store to be tested, which the subclass gives."""
        pytest.fail(f"{cls.__name__} has to override the fixture 'store', with scope='class'", pytrace=False)

    @pytest.fixture(scope="class")
    @classmethod
    def notification_target(cls) -> str:
        """The ARN of a queue or topic that the server knows, which the subclass gives where there is one."""
        return "arn:aws:sqs:us-east-1:123456789012:conformance"

    @pytest.fixture(scope="class")
    @classmethod
    def kms_key(cls) -> str | None:
        """The id of a key of the server's key management, which the subclass gives; None is the server's default."""
        return None

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
        """The name of an empty bucket, emptied again behind the test, of uploads too."""
        yield reused_bucket
        if store.supports(SupportsMultipart):
            for upload in list(store.list_multipart_uploads(bucket=reused_bucket)):
                store.abort_multipart_upload(upload.key, upload.upload_id, reused_bucket)
        for outcome in store.delete_objects(
            [found.key for found in store.list_objects(bucket=reused_bucket)], reused_bucket
        ):
            assert outcome.error is None

    @pytest.fixture(scope="class")
    @classmethod
    def versioned_bucket(cls, store: ObjectStore) -> Iterator[str]:
        """A bucket with versions, for all tests of the class: they use keys of their own (``unique_key``)."""
        name = _new_name()
        store.create_bucket(name)
        _enable_versioning(store, name)
        yield name
        store.delete_bucket(name, force=True)

    @pytest.fixture
    def other_versioned_bucket(self, store: ObjectStore, other_bucket: str) -> str:
        """A bucket with versions for this test alone."""
        _enable_versioning(store, other_bucket)
        return other_bucket

    @pytest.fixture
    def unique_key(self) -> str:
        """A key of this test alone."""
        return f"key-{uuid4().hex[:16]}"

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

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls, store: ObjectStore) -> Iterator[ObjectStore]:
        """The store, or one of the same data, whose presigned URLs are answered."""
        with answering(store) as served:
            yield served

    @pytest.fixture
    def another_store(self, store: ObjectStore) -> Iterator[ObjectStore]:
        """A second store of the same configuration."""
        with ObjectStore(store.config) as another:
            yield another


def _enable_versioning(store: ObjectStore, bucket: str) -> None:
    # Where there are no versions, the case is to find that out, not its fixture.
    with contextlib.suppress(UnsupportedOperation):
        store.enable_versioning(bucket)


def _new_name() -> str:
    return f"conformance-{uuid4().hex[:16]}"
