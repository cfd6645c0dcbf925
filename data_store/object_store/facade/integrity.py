"""Verifying what is stored."""

from __future__ import annotations

from collections.abc import Iterator

from data_store.object_store import validation
from data_store.object_store.facade.listing import Listing
from data_store.object_store.facade.versions import Versions
from data_store.object_store.models import Verification

__all__ = ["Integrity"]


class Integrity(Versions, Listing):
    """Verification of what is stored."""

    def verify(self, prefix: str = "", bucket: str | None = None, *, versions: bool = False) -> Iterator[Verification]:
        """Read all objects below a prefix and compare them with the digests that the store vouches for, lazily.

        One outcome an object, good or bad, in the order of the listing; an error does not end it. With ``versions`` the
        noncurrent versions too. Parts of uploads are not read. An object that is deleted meanwhile, or that was stored
        with ``SseCustomer``, has the error of reading it.
        """
        validation.flag("versions", versions)
        prefix, name = validation.prefix(prefix), self._bucket(bucket)
        if not versions:
            return self._transfers.bulk.verify(name, self.list_objects(prefix, name))
        found = self.list_versions(prefix, name)
        return self._transfers.bulk.verify(name, (each for each in found if not each.is_delete_marker))
