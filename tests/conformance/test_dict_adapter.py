"""The conformance suite on the example of an adapter, `docs/examples/dict_adapter.py`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import Limits, ObjectStoreConformance
from data_store.object_store.testing.facts import KEPT_CHECKSUMS, PICKLING

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


class TestDictAdapter(ObjectStoreConformance):
    """`dict`."""

    limits = Limits("dict", lacks={PICKLING: "a dict lives in one process", KEPT_CHECKSUMS: "it keeps an MD5 alone"})

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[ObjectStore]:
        """A store in a dict."""
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(EXAMPLES)
            import dict_adapter

            with ObjectStore(f"{dict_adapter.SCHEME}://conformance?transfer.part_size=5MiB") as store:
                yield store
