"""Server-side copies and moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from data_store.object_store import validation
from data_store.object_store.copies import Copy
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import CopyContentOptions, ObjectMetadata, ObjectResult

__all__ = ["Copying"]


class Copying(Facade):
    """Copies and moves on the server."""

    def copy_object(
        self,
        src_object: str,
        dst_object: str,
        src_bucket: str | None = None,
        dst_bucket: str | None = None,
        *,
        src_version: str | None = None,
        **changes: Unpack[CopyContentOptions],
    ) -> ObjectMetadata:
        """Copy on the server, an object of any size.

        ``src_bucket`` and ``dst_bucket`` are the root bucket where they are None, each by itself: a copy within another
        bucket names it twice.

        None, or a name left out, keeps the source's value (tags and storage class too); a value replaces only that one.
        A copy onto itself changes what is given and keeps the rest. A copy that ends early leaves nothing behind.

        The source is what it was when the copy began. The embedded store notices any replacement meanwhile; servers go
        by the ETag, and notice one by other content, some in copies in parts alone. One by the same content goes
        unnoticed there in a copy of one request, which then has the newer metadata; but where something is changed, or
        the copy goes onto itself, it has those from when the copy began.

        A checksum of the source (``checksum=`` of its upload) is kept by copies of one request, as far as the server
        keeps checksums; a copy in parts, over ``transfer.copy_threshold``, has none.

        Raises:
            PreconditionFailed: ``if_match`` or ``if_none_match``, which are about the target, does not hold.
            IntegrityError: the source was replaced meanwhile; the target is as it was.
            UnsupportedOperation: an option needs what this store does not have.
        """
        version = validation.version(src_version, "src_version")
        asked = self._checked_copy("copy_object", src_object, dst_object, src_bucket, dst_bucket, version, changes)
        return self._transfers.copies.copy(asked)

    def move_object(
        self,
        src_object: str,
        dst_object: str,
        src_bucket: str | None = None,
        dst_bucket: str | None = None,
        *,
        src_version: str | None = None,
        **changes: Unpack[CopyContentOptions],
    ) -> ObjectMetadata:
        """Copy as ``copy_object`` does, make sure that the copy is there, then delete the source.

        ``src_bucket`` and ``dst_bucket`` are the root bucket where they are None, each by itself.

        Not atomic: ended in between, both are there. Moved onto itself, an object stays. With ``src_version`` it is
        that version which is copied, and then deleted for good.

        What another writes to the source meanwhile is never deleted by the embedded store. On servers the source is
        looked at again before it is deleted, and stays if ETag, version or time (in seconds) are others. What comes
        between that look and the deletion is lost in a bucket without versions, and so is what has the same content
        and came within the second of what was copied. In a bucket with versions nothing is lost: the deletion names no
        version (but with ``src_version``), and makes a delete marker above whatever is the latest then. Tags that are
        set meanwhile are no replacement, and go with the source.

        Raises:
            IntegrityError: the source, or the copy, was replaced meanwhile; the source stays, the copy may be there.
            PreconditionFailed, UnsupportedOperation: as of ``copy_object``.
        """
        version = validation.version(src_version, "src_version")
        asked = self._checked_copy("move_object", src_object, dst_object, src_bucket, dst_bucket, version, changes)
        return self._transfers.copies.move(asked)

    def copy_objects(
        self,
        pairs: Iterable[tuple[str, str]],
        src_bucket: str | None = None,
        dst_bucket: str | None = None,
        *,
        quiet: bool = False,
        **changes: Unpack[CopyContentOptions],
    ) -> list[ObjectResult]:
        """Copy many objects as ``copy_object`` does; the answer has each target in order, with its own error or None.

        All sources are in ``src_bucket``, all targets in ``dst_bucket``; each is the root bucket where it is None.
        ``pairs`` of source and target are read lazily; ``transfer.max_concurrency`` copies are under way at once. With
        ``quiet`` the answer has the failures only. A bad pair raises ``InvalidArgument`` when its turn comes; those of
        a list or tuple are all checked first.
        """
        checked, given = validation.many("pairs", pairs, validation.key_pair), validation.content_options(changes)
        validation.flag("quiet", quiet)
        for name in (src_bucket, dst_bucket):
            self._name(name)
        self._permit("copy_objects", dst_bucket, None, given)
        source_bucket, bucket = self._bucket(src_bucket), self._bucket(dst_bucket)
        asked = (Copy(source_bucket, source, bucket, key, given) for source, key in checked)
        return self._transfers.bulk.copy(asked, quiet)

    def _checked_copy(
        self,
        operation: str,
        src_object: str,
        dst_object: str,
        src_bucket: str | None,
        dst_bucket: str | None,
        version: str | None,
        changes: CopyContentOptions,
    ) -> Copy:
        source, target = validation.key(src_object, "src_object"), validation.key(dst_object, "dst_object")
        checked = validation.content_options(changes)
        for name in (src_bucket, dst_bucket):
            self._name(name)
        self._permit(operation, src_bucket, source, {"version": version})
        self._permit(operation, dst_bucket, target, checked)
        return Copy(self._bucket(src_bucket), source, self._bucket(dst_bucket), target, checked, version)
