"""Many keys at once: looked at, copied, verified; each answer with its own error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from data_store.object_store.checksums import cheapest
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.copies import Copies, Copy
from data_store.object_store.errors import BucketNotFound, IntegrityError, ObjectStoreError, StoreClosed
from data_store.object_store.executor import Executor
from data_store.object_store.models import (
    GetOptions,
    ListOptions,
    ObjectMetadata,
    ObjectResult,
    ObjectVersion,
    Verification,
)
from data_store.object_store.paging import LookAhead, P
from data_store.object_store.reading import open_resuming, vouched

__all__ = ["Bulk"]

_BUFFER = 1024 * 1024


class Bulk:
    """The operations of one client on many keys.

    Keys are taken, and results given, one by one: at most ``max_concurrency`` are under way, so that any number of them
    takes constant memory. The error of one key stands in its result; a missing bucket and a closed store are raised.
    """

    def __init__(self, client: ObjectStoreClient, copies: Copies, executor: Executor, attempts: int) -> None:
        self._client = client
        self._copies = copies
        self._executor = executor
        self._attempts = attempts

    def pages(self, fetch: Callable[[ListOptions], P]) -> LookAhead[P]:
        """Return what asks for the pages of a listing by ``fetch``, ahead where they take a while to come."""
        return LookAhead(fetch, self._executor if self._client.is_remote else None)

    def head(self, bucket: str, keys: Iterable[str], options: GetOptions) -> Iterator[ObjectResult]:
        """Yield what is known of each object, in the order of the keys."""
        return self._executor.lazily(
            partial(_result, key, partial(self._client.head_object, bucket, key, options)) for key in keys
        )

    def copy(self, asked: Iterable[Copy], quiet: bool) -> list[ObjectResult]:
        """Copy; return what became of each target, in order, or with ``quiet`` the failures."""
        results = self._executor.lazily(partial(_result, each.key, partial(self._copies.copy, each)) for each in asked)
        return [result for result in results if not quiet or result.error is not None]

    def verify(self, bucket: str, listed: Iterable[ObjectMetadata | ObjectVersion]) -> Iterator[Verification]:
        """Read each object or version, compare it with what the server vouches for, and yield what was found."""
        stopped = threading.Event()
        tasks = (partial(self._verified, bucket, each, stopped) for each in listed)
        return self._executor.lazily(tasks, stopped.set)

    def _verified(self, bucket: str, listed: ObjectMetadata | ObjectVersion, stopped: threading.Event) -> Verification:
        checked: tuple[str, ...] = ()
        version = listed.version_id if isinstance(listed, ObjectVersion) else None
        options = GetOptions(version=version)
        try:
            with open_resuming(self._client, bucket, listed.key, options, self._attempts) as found:
                algorithm = cheapest(vouched(found))
                checked = (algorithm,) if algorithm is not None else ()
                while not stopped.is_set() and found.body.read(_BUFFER):
                    pass
            self._check_size(bucket, listed, found)
        except (BucketNotFound, StoreClosed):
            raise
        except ObjectStoreError as error:
            return Verification(listed.key, checked, error, version)
        return Verification(listed.key, checked, version_id=version)

    def _check_size(self, bucket: str, listed: ObjectMetadata | ObjectVersion, found: ObjectMetadata) -> None:
        if listed.etag == found.etag and listed.size != found.size:
            differs = IntegrityError(f"the listing says {listed.size} bytes, the object has {found.size}")
            raise differs.locate("get_object", bucket, listed.key, self._framework)

    @property
    def _framework(self) -> str:
        return str(self._client.config.framework)


def _result(key: str, do: Callable[[], ObjectMetadata]) -> ObjectResult:
    try:
        return ObjectResult(key, do())
    except (BucketNotFound, StoreClosed):
        raise
    except ObjectStoreError as error:
        return ObjectResult(key, error=error)
