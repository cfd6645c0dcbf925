"""What comes of completing an upload, also where the answer of the request that has made the object was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.encryption_results import Head
from data_store.object_store.adapters.s3.headers import written_metadata
from data_store.object_store.models import CompleteOptions, GetOptions, ObjectMetadata, PartInfo, SseCustomer

__all__ = ["NO_UPLOAD", "Completion"]

NO_UPLOAD = frozenset({"NoSuchKey", "NoSuchUpload"})
"""The error codes of ListParts for an upload that is not under way; the first is Ceph's."""

_GONE, _FAILED, _REFUSED = "NoSuchUpload", "InternalError", "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class Completion:
    """An upload that is to be completed.

    Attributes:
        bucket: its bucket.
        key: its key.
        parts: what is put together.
        options: how.
        head: asks about the key.
        is_under_way: asks whether the upload is still there (ListParts).
    """

    bucket: str
    key: str
    parts: Sequence[PartInfo]
    options: CompleteOptions
    head: Head
    is_under_way: Callable[[], bool]

    def succeeded(self, headers: Mapping[str, str], etag: str | None, digests: Mapping[str, str]) -> ObjectMetadata:
        """Return what the answer says: its headers, the ETag of its body, which Ceph 16 may leave out, and digests."""
        etag = etags.bare(etag) or etags.multipart_etag(self.parts)
        made = written_metadata(self.bucket, self.key, headers, _total(self.parts), etag)
        return replace(made, checksums={**(made.checksums or {}), **digests} or None)

    def failed(self, code: str | None, *, retried: bool) -> ObjectMetadata | None:
        """Return the object that was made all the same, by a request whose answer was lost; None if there is none.

        Of a request that is repeated servers say that there is no such upload, or that the condition does not hold any
        more; and a server may fail when it has made the object. A rival's object may have the same content: ours is
        there only if our upload is not under way any more, which MinIO, Ceph, versitygw and Garage tell alike.

        Args:
            code: the error code of the answer.
            retried: whether that answered a repeated request; a first one that was refused has made nothing.
        """
        if code != _FAILED and not (retried and code in (_GONE, _REFUSED)):
            return None
        if code != _GONE and not self._is_gone():
            return None
        return self._made_before()

    def _is_gone(self) -> bool:
        try:
            return not self.is_under_way()
        except Exception:  # noqa: BLE001  what completing was answered with is raised
            return False

    def _made_before(self) -> ObjectMetadata | None:
        """Return the object if it has the ETag of these parts; None if it has not, or if that cannot be told."""
        expected = etags.multipart_etag(self.parts)
        if expected is None:
            return None
        encryption = self.options.encryption if isinstance(self.options.encryption, SseCustomer) else None
        try:
            found = self.head(GetOptions(encryption=encryption))
        except Exception:  # noqa: BLE001  what completing was answered with is raised
            return None
        return found if found.etag == expected else None


def _total(parts: Sequence[PartInfo]) -> int | None:
    sizes = [part.size for part in parts]
    return None if None in sizes else sum(size for size in sizes if size is not None)
