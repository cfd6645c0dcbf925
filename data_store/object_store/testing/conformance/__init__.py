"""The conformance suite: what every adapter must do, as pytest classes, one a group.

::

    class TestMyStore(ObjectStoreConformance):
        limits = Limits("my server", keys=(...))     # only where something cannot be done

        @pytest.fixture(scope="class")
        @classmethod
        def store(cls):
            with ObjectStore("mystore://...?transfer.part_size=5MiB&transfer.multipart_threshold=5MiB") as store:
                yield store

The fixture ``store`` has class scope or a wider one. Its configuration must lead to the same data whenever a store is
made from it. With the smallest sizes for parts, as above, the suite moves fewer bytes.
"""

from __future__ import annotations

from data_store.object_store.testing.conformance.buckets import Buckets
from data_store.object_store.testing.conformance.concurrency import Concurrency
from data_store.object_store.testing.conformance.conditions import Conditions
from data_store.object_store.testing.conformance.copying import Copying
from data_store.object_store.testing.conformance.deleting import Deleting
from data_store.object_store.testing.conformance.downloading import Downloading
from data_store.object_store.testing.conformance.errors import Errors, ErrorsOfTheClient
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.integrity import Integrity
from data_store.object_store.testing.conformance.keys import Keys
from data_store.object_store.testing.conformance.lifecycle_of_the_store import LifecycleOfTheStore
from data_store.object_store.testing.conformance.listing import Listing
from data_store.object_store.testing.conformance.metadata import Metadata
from data_store.object_store.testing.conformance.missing_buckets import MissingBuckets
from data_store.object_store.testing.conformance.moving import Moving
from data_store.object_store.testing.conformance.objects import Objects
from data_store.object_store.testing.conformance.paging import Paging
from data_store.object_store.testing.conformance.ranges import Ranges
from data_store.object_store.testing.conformance.reading import Reading
from data_store.object_store.testing.conformance.upload_files import UploadingFiles
from data_store.object_store.testing.conformance.uploading import Uploading

__all__ = [
    "Buckets",
    "Concurrency",
    "Conditions",
    "ConformanceGroup",
    "Copying",
    "Deleting",
    "Downloading",
    "Errors",
    "ErrorsOfTheClient",
    "Integrity",
    "Keys",
    "LifecycleOfTheStore",
    "Listing",
    "Metadata",
    "MissingBuckets",
    "Moving",
    "ObjectStoreConformance",
    "Objects",
    "Paging",
    "Ranges",
    "Reading",
    "Uploading",
    "UploadingFiles",
]


class ObjectStoreConformance(
    Buckets,
    MissingBuckets,
    Objects,
    Uploading,
    UploadingFiles,
    Integrity,
    Reading,
    Ranges,
    Downloading,
    Conditions,
    Listing,
    Paging,
    Keys,
    Metadata,
    Copying,
    Moving,
    Deleting,
    Concurrency,
    LifecycleOfTheStore,
    Errors,
    ErrorsOfTheClient,
):
    """All groups in one class."""
