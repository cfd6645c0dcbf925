"""The store itself: made, used by many, pickled, closed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import BucketNotFound, InvalidArgument, StoreClosed
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import SourceError
from data_store.object_store.testing.facts import PICKLING

__all__ = ["LifecycleOfTheStore"]

OPERATIONS: dict[str, Callable[[ObjectStore, str], object]] = {
    "put_object": lambda store, bucket: store.put_object(b"content", "key", bucket),
    "get_object": lambda store, bucket: store.get_object("key", bucket),
    "head_object": lambda store, bucket: store.head_object("key", bucket),
    "delete_object": lambda store, bucket: store.delete_object("key", bucket),
    "delete_objects": lambda store, bucket: store.delete_objects(["key"], bucket),
    "list_objects": lambda store, bucket: list(store.list_objects(bucket=bucket)),
    "copy_object": lambda store, bucket: store.copy_object("key", "copy", bucket, bucket),
    "list_buckets": lambda store, _bucket: store.list_buckets(),
    "create_bucket": lambda store, _bucket: store.create_bucket("conformance-closed"),
    "bucket_exists": lambda store, bucket: store.bucket_exists(bucket),
    "delete_bucket": lambda store, bucket: store.delete_bucket(bucket),
    "ping": lambda store, _bucket: store.ping(),
}


class LifecycleOfTheStore(ConformanceGroup):
    """Lifecycle of the store."""

    def test_a_ping_is_answered(self, store: ObjectStore) -> None:
        """A store that is reached answers a ping with nothing, and needs no bucket for it."""
        assert store.ping() is None  # type: ignore[func-returns-value]  # that it returns at all is the answer

    def test_a_deep_ping_needs_its_root_bucket(self, store: ObjectStore, missing_bucket: str) -> None:
        """It raises BucketNotFound where there is none, unless create_root_bucket makes it."""
        update = {"root_bucket": missing_bucket, "create_root_bucket": False}
        with ObjectStore(store.config.model_copy(update=update)) as rooted:
            rooted.ping()
            with pytest.raises(BucketNotFound) as caught:
                rooted.ping(deep=True)
        assert (caught.value.operation, caught.value.bucket) == ("ping", missing_bucket)
        assert store.bucket_exists(missing_bucket) is False
        with ObjectStore(store.config.model_copy(update=update | {"create_root_bucket": True})) as rooted:
            rooted.ping(deep=True)
        assert store.bucket_exists(missing_bucket) is True

    def test_the_configuration_is_readable(self, store: ObjectStore) -> None:
        """The configuration and the framework of a store can be read."""
        assert store.config.framework
        assert store.config.retry.max_attempts >= 1

    def test_the_client_is_made_once(self, another_store: ObjectStore) -> None:
        """store.client is an ObjectStoreClient, the same each time and for every thread."""
        with ThreadPoolExecutor(8) as pool:
            clients = set(pool.map(lambda _number: id(another_store.client), range(32)))
        assert clients == {id(another_store.client)}
        assert isinstance(another_store.client, ObjectStoreClient)

    @pytest.fixture(scope="class")
    @classmethod
    def closed_stores(cls, store: ObjectStore) -> dict[str, ObjectStore]:
        """Two stores that were closed: one before it was used, one behind that."""
        closed = {"unused": ObjectStore(store.config), "used": ObjectStore(store.config)}
        closed["used"].list_buckets()
        for each in closed.values():
            each.close()
        return closed

    @pytest.mark.parametrize("which", ["unused", "used"])
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_closed_store_says_so(
        self, closed_stores: dict[str, ObjectStore], bucket: str, operation: str, which: str
    ) -> None:
        """Every operation of a closed store raises StoreClosed, whether it was used before or not."""
        with pytest.raises(StoreClosed):
            OPERATIONS[operation](closed_stores[which], bucket)

    def test_a_store_can_be_closed_twice(self, store: ObjectStore) -> None:
        """The second close does nothing, and the configuration stays readable."""
        closed = ObjectStore(store.config)
        closed.list_buckets()
        closed.close()
        closed.close()
        assert closed.config == store.config

    def test_a_with_block_closes_the_store(self, store: ObjectStore) -> None:
        """Behind the block the store is closed, also where the block ended with an error."""
        with ObjectStore(store.config) as inside:
            assert inside.list_buckets() is not None
        with pytest.raises(StoreClosed):
            inside.list_buckets()
        failing = ObjectStore(store.config)
        with pytest.raises(SourceError), failing:
            raise SourceError
        with pytest.raises(StoreClosed):
            failing.ping()

    def test_closing_one_store_leaves_the_other(self, store: ObjectStore, bucket: str) -> None:
        """Stores of one configuration are closed one by one."""
        with ObjectStore(store.config) as short_lived:
            short_lived.put_object(b"content", "key", bucket)
        assert store.read_object("key", bucket) == b"content"

    def test_a_bucket_left_out_is_the_root_bucket(self, store: ObjectStore, bucket: str) -> None:
        """Operations without a bucket use root_bucket."""
        config = store.config.model_copy(update={"root_bucket": bucket})
        with ObjectStore(config) as rooted:
            rooted.put_object(b"content", "key")
            assert rooted.read_object("key") == b"content"
            assert [found.key for found in rooted.list_objects()] == ["key"]
            rooted.copy_object("key", "copy")
            assert rooted.exists("copy") is True
            rooted.delete_object("key")
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["copy"]

    def test_a_root_bucket_is_made_where_configured(self, store: ObjectStore, missing_bucket: str) -> None:
        """With create_root_bucket the first use makes the root bucket."""
        update = {"root_bucket": missing_bucket, "create_root_bucket": True}
        with ObjectStore(store.config.model_copy(update=update)) as rooted:
            rooted.put_object(b"content", "key")
        assert store.read_object("key", missing_bucket) == b"content"

    def test_no_bucket_at_all_is_refused(self, store: ObjectStore) -> None:
        """Where there is neither an argument nor a root bucket, InvalidArgument names both."""
        with (
            ObjectStore(store.config.model_copy(update={"root_bucket": None})) as rootless,
            pytest.raises(InvalidArgument, match="root_bucket"),
        ):
            rootless.exists("key")

    @pytest.mark.parametrize("name", ["", "a/b", "..", "sp ace", "a?b", "a\nb", None, 1])
    def test_what_is_no_bucket_is_refused(self, store: ObjectStore, name: object) -> None:
        """A name that no bucket can have raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match="bucket"):
            store.bucket_exists(name)  # type: ignore[arg-type]  # the mistake under test

    def test_a_pickled_store_is_the_same_store(self, store: ObjectStore, bucket: str) -> None:
        """A store travels to another process, or the framework says clearly that it cannot."""
        store.put_object(b"content", "key", bucket)
        if PICKLING in self.limits.lacks:
            with pytest.raises((TypeError, ValueError, RuntimeError, pickle.PicklingError), match="process"):
                pickle.loads(pickle.dumps(store)).read_object("key", bucket)  # noqa: S301  # made in this line
            return
        with pickle.loads(pickle.dumps(store)) as copy:  # noqa: S301  # made in this line
            assert copy.config == store.config
            assert copy.read_object("key", bucket) == b"content"

    def test_no_secret_is_printed(self, store: ObjectStore) -> None:
        """Neither the store's repr, nor its configuration's, nor its URL shows a secret."""
        secret = getattr(store.config.connection, "secret_key", None)
        shown = f"{store!r} {store} {store.config!r} {store.config} {store.config.to_url()}"
        assert store.config.framework in shown
        assert secret is None or secret.get_secret_value() not in shown
