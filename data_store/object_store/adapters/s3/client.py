"""S3Client: what the frameworks for S3 servers have in common, which is everything but buckets and the SDK's errors.

Objects are carried by a ``Carrier``: the SDK, or the S3 core. What surrounds them goes through the core: subresources,
the listings of versions, uploads and parts, what is made sure of before, and what servers are known to do in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar, TypeVar

from data_store.object_store.adapters.s3.carrier import Carrier
from data_store.object_store.adapters.s3.encryption_results import upload_encryption
from data_store.object_store.adapters.s3.errors import is_not_implemented
from data_store.object_store.adapters.s3.listings import every_upload
from data_store.object_store.adapters.s3.precautions import Precautions
from data_store.object_store.adapters.s3.presigning import S3Presigning
from data_store.object_store.adapters.s3.quirks import Habit, is_suspicious
from data_store.object_store.adapters.s3.uploads_under_way import UploadsUnderWay
from data_store.object_store.adapters.s3.xml import fits_xml
from data_store.object_store.adapters.s3.xml_uploads import whole_page
from data_store.object_store.body import Source, without_body
from data_store.object_store.capabilities import SupportsEncryption, SupportsMultipart, SupportsVersioning
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import (
    ConnectionFailed,
    NotFound,
    ObjectStoreError,
    PreconditionFailed,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    ChecksumAlgorithm,
    CompleteOptions,
    Condition,
    CopyOptions,
    CopySource,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ListOptions,
    MultipartUpload,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PartOptions,
    PartPage,
    PutOptions,
    SseCustomer,
    SseKms,
    SseS3,
    UploadPage,
)
from data_store.object_store.signing import sigv4
from data_store.object_store.sources import with_digest

__all__ = ["S3Client"]

_Stored = TypeVar("_Stored", ObjectMetadata, PartInfo)
_Told = TypeVar("_Told")
_Read = TypeVar("_Read", Object, ObjectMetadata)

_BAD_REQUEST, _METHOD_NOT_ALLOWED = 400, 405

_PERHAPS = (
    "when the request was repeated its condition did not hold: the attempt whose answer was lost "
    "may have been carried out, or somebody else was faster"
)


class S3Client(S3Presigning, SupportsMultipart, SupportsEncryption):
    """An S3 server.

    Args:
        config: the configuration.
        signer: gives the current credentials; None: nothing is signed.
    """

    encryptions: ClassVar[frozenset[type[SseS3 | SseKms | SseCustomer]]] = frozenset({SseS3, SseKms, SseCustomer})
    conditions: ClassVar[frozenset[Condition]] = frozenset()  # none for sure: ``honours`` finds out

    def __init__(self, config: ObjectStoreConfiguration, signer: Callable[[], sigv4.Credentials] | None) -> None:
        super().__init__(config, signer)
        connection: ObjectStoreConnectionConfiguration = config.connection
        self._before = Precautions(self, connection, self._quirks, self._is_aws)
        self._carrier: Carrier = self._api
        self._uploads = UploadsUnderWay()
        self._deletes_one_by_one = False

    def forget_lacking(self) -> None:
        """See ``ObjectStoreClient``; what was found out of the server is found out anew, too."""
        super().forget_lacking()
        self._before.forget()

    def bucket_exists(self, bucket: str) -> bool:
        """See ``ObjectStoreClient``."""
        return self._api.bucket_exists(bucket)

    @property
    def upload_checksum(self) -> ChecksumAlgorithm | None:
        """See ``ObjectStoreClient``; a server that has not answered yet is asked who it is."""
        return self._asked(self._protection.upload_checksum)

    @property
    def keeps_tags_of_uploads(self) -> bool:
        """See ``ObjectStoreClient``; a server that has not answered yet is asked who it is."""
        return self._asked(lambda: not self._quirks.has(Habit.DROPS_TAGS))

    def _asked(self, question: Callable[[], _Told]) -> _Told:
        """Return the answer to a question that the server may be asked; no guard stands around it."""
        try:
            return question()
        except Exception as error:
            told = self.classify(error)
            if told is None:
                raise
            raise told from error

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self._before.put(bucket, key, options)
        try:
            written = self._written(self._carrier.put_object(bucket, key, body, options))
        except Exception as error:
            if self._may_have_done(key, error):
                raise ConnectionFailed(_PERHAPS) from error
            raise
        return _compared(written, body, options.checksum)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """See ``ObjectStoreClient``."""
        self._before.read(key, options)
        found = self._carrier.get_object(bucket, key, options)
        if self._ignores_version(options.version, found):
            found.close()
            raise self._without_versions()
        return _as_asked(found, options.version)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self._before.read(key, options)
        try:
            found = self._carrier.head_object(bucket, key, options)
        except Exception as error:
            if options.version is None or not self._tells_more_to_get(error):
                raise
            with self.get_object(bucket, key, options) as read:
                return without_body(read)
        if self._ignores_version(options.version, found):
            raise self._without_versions()
        return _as_asked(found, options.version)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """See ``ObjectStoreClient``. Of several at once versitygw tells all but the first that there is no such key."""
        self._before.delete(bucket, key, options)
        try:
            return self._carrier.delete_object(bucket, key, options)
        except Exception as error:
            if options.if_match is None and self._meaning(error).code == "NoSuchKey":
                return DeletedObject(key, options.version)
            raise

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> list[DeletedObject]:
        """See ``ObjectStoreClient``; one request, and one more for each key that XML or the server may misread."""
        self._before.delete_many(bucket, objects)
        together = [each for each in dict.fromkeys(objects) if fits_xml(each.key) and not is_suspicious(each.key)]
        outcomes = self._delete_together(bucket, together, bypass_governance) if together else {}
        return [outcomes.get(each) or self._delete_one(bucket, each, bypass_governance) for each in objects]

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """See ``ObjectStoreClient``."""
        return self._carrier.list_page(bucket, prefix, options)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self._before.copy(source_bucket, source_key, bucket, key, options)
        tags = self._tags_to_set(source_bucket, source_key, options)
        copied = self._written(self._carrier.copy_object(source_bucket, source_key, bucket, key, options))
        if copied.version_id is None and self._quirks.has(Habit.HIDES_VERSIONS_OF_COPIES):
            copied = self._with_version(bucket, copied)
        if tags is not None:
            self._api.put_tags(bucket, tags, key, copied.version_id)
        return copied

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """See ``SupportsMultipart``."""
        self._before.create_upload(bucket, key, options)
        tags = options.tags if options.tags and self._quirks.has(Habit.DROPS_TAGS) else None
        if tags is not None:
            self._uploads.check_room()
        upload, encryption = self._carrier.create_multipart_upload(bucket, key, options)
        self._uploads.begun(upload.upload_id, options, tags, encryption)
        return upload

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """See ``SupportsMultipart``."""
        self._before.part(options)
        part, encryption = self._carrier.upload_part(bucket, key, upload_id, part_number, body, options)
        self._uploads.told(upload_id, encryption)
        return _compared(part, body, options.checksum)

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """See ``SupportsMultipart``."""
        self._before.part_copy(source, options, self._uploads.of(upload_id))
        part, encryption = self._carrier.upload_part_copy(bucket, key, upload_id, part_number, source, options)
        self._uploads.told(upload_id, encryption)
        return part

    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """See ``SupportsMultipart``."""
        return self._api.list_parts_page(bucket, key, upload_id, options)

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
        """See ``SupportsMultipart``; all uploads in one page, where the server has to be asked for all of them."""
        if not self._quirks.has(Habit.LISTS_UPLOADS_BY_KEY):
            return self._api.list_uploads_page(bucket, prefix, options)
        return whole_page(every_upload(self._api, bucket), prefix)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """See ``SupportsMultipart``."""
        upload = self._uploads.of(upload_id)
        with self._forgetting_if_gone(upload_id):
            made = upload.made or self._completed(bucket, key, upload_id, parts, options)
            if upload.tags is not None:
                upload.made = made  # if its tags cannot be set, completing once more sets them
                self._api.put_tags(bucket, upload.tags, key, made.version_id)
        self._uploads.forget(upload_id)
        return upload_encryption(made, upload, options.encryption, partial(self._carrier.head_object, bucket, key))

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """See ``SupportsMultipart``."""
        with self._forgetting_if_gone(upload_id):
            self._carrier.abort_multipart_upload(bucket, key, upload_id)
        self._uploads.forget(upload_id)

    def honours(self, bucket: str, key: str, condition: Condition) -> bool:
        """See ``ObjectStoreClient``; the first question about a bucket is answered by trying it out."""
        return self._before.conditions.honours(bucket, key, condition)

    def _delete_together(
        self, bucket: str, objects: Sequence[ObjectIdentifier], bypass_governance: bool
    ) -> dict[ObjectIdentifier, DeletedObject]:
        """Return the outcomes of DeleteObjects; none where the server does not know it, which is remembered."""
        if self._deletes_one_by_one:
            return {}
        try:
            outcomes = self._carrier.delete_objects(bucket, objects, bypass_governance=bypass_governance)
        except Exception as error:
            told = self._meaning(error)
            if not is_not_implemented(told) and told.status != _METHOD_NOT_ALLOWED:
                raise
            self._deletes_one_by_one = True
            return {}
        for each in outcomes.values():
            if each.error is not None:
                each.error.locate("delete_objects", bucket, each.key, str(self.config.framework))
        return outcomes

    def _completed(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        self._before.complete(bucket, key, upload_id, options)
        return self._written(self._carrier.complete_multipart_upload(bucket, key, upload_id, parts, options))

    @contextmanager
    def _forgetting_if_gone(self, upload_id: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if isinstance(self._meaning(error), NotFound):
                self._uploads.forget(upload_id)
            raise

    def _meaning(self, error: Exception) -> ObjectStoreError:
        """Return what an exception of the carrier says; nothing, if it is of something else."""
        told = error if isinstance(error, ObjectStoreError) else self.classify(error)
        return told or ObjectStoreError()

    def _tells_more_to_get(self, error: Exception) -> bool:
        """Return whether the answer to a HEAD of a version leaves open what a GET tells.

        A 400 may be about the id, or about the key of what is stored with SSE-C; only the body says it.
        """
        told = self._meaning(error)
        is_hidden = isinstance(told, NotFound) and self._quirks.has(Habit.HIDES_VERSIONS_FROM_HEAD)
        return is_hidden or told.status == _BAD_REQUEST

    def _may_have_done(self, key: str, error: Exception) -> bool:
        """Return whether a condition fails that the request itself may have broken, before it was repeated.

        Whether it did cannot be told: a rival may have written the same content.
        """
        is_refused = isinstance(self._meaning(error), PreconditionFailed)
        return is_refused and self._carrier.lost_answers(error) and not self._before.is_probe(key)

    def _written(self, written: ObjectMetadata) -> ObjectMetadata:
        """Return what the answer to a write says, without what the server has invented."""
        if written.version_id is not None and self._quirks.has(Habit.INVENTS_VERSIONS):
            return replace(written, version_id=None)
        return written

    def _with_version(self, bucket: str, copied: ObjectMetadata) -> ObjectMetadata:
        """Return a copy with the version id that it has, if it is still there."""
        found = self._carrier.head_object(bucket, copied.key, GetOptions())
        return replace(copied, version_id=found.version_id) if found.etag == copied.etag else copied

    def _ignores_version(self, asked: str | None, found: ObjectMetadata) -> bool:
        """Return whether the answer to a read is about whatever is current, though a version was named."""
        return asked not in (None, "null", found.version_id)

    def _without_versions(self) -> UnsupportedOperation:
        return self._lacks(SupportsVersioning, "it answers with the current object, whatever version is asked for")

    def _tags_to_set(self, source_bucket: str, source_key: str, options: CopyOptions) -> Mapping[str, str] | None:
        """Return the tags that a copy must be given afterwards, because the server would drop them; None if not."""
        kept_by_server = options.tags is None and not options.replace
        if kept_by_server or not self._quirks.has(Habit.DROPS_TAGS):
            return None
        if options.tags is not None:
            return options.tags
        return self._api.get_tags(source_bucket, source_key, options.source_version) or None


def _as_asked(found: _Read, version: str | None) -> _Read:
    """Return what was read with the version that was asked for: MinIO names no version "null"."""
    return found if version is None else replace(found, version_id=version)


def _compared(stored: _Stored, body: Source, algorithm: str | None) -> _Stored:
    """Return what was stored with the digest that was sent along, compared with what the server tells."""
    return stored if algorithm is None else with_digest(stored, algorithm, body.digest(algorithm))
