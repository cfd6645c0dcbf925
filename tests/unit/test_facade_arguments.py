"""What the facade refuses before anything is sent: the same on every framework, with capabilities or without."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    CorsRule,
    DefaultRetention,
    EventKind,
    LifecycleRule,
    NotificationRule,
    ObjectIdentifier,
    PartInfo,
    Retention,
    RetentionMode,
    SseCustomer,
    SseS3,
)
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.dict_client import DictClient

capable = facade_support.capable
plain = facade_support.plain

PAST = Retention(RetentionMode.GOVERNANCE, datetime(2020, 1, 1, tzinfo=UTC))
PART = PartInfo(1, "etag")

BAD: dict[str, Callable[[ObjectStore], object]] = {
    "upload_file key": lambda store: store.upload_file("file", ""),
    "upload_file path": lambda store: store.upload_file("", "k"),
    "upload_file NUL": lambda store: store.upload_file("a\0b", "k"),
    "upload_file number": lambda store: store.upload_file(5, "k"),  # type: ignore[arg-type]
    "upload_object header": lambda store: store.upload_object("file", "k", content_type="a\r\nb"),
    "upload_object digest": lambda store: store.upload_object("file", "k", content_md5="x"),
    "put_object key": lambda store: store.put_object(b"", ""),
    "put_object key type": lambda store: store.put_object(b"", b"k"),  # type: ignore[arg-type]
    "put_object text": lambda store: store.put_object("text", "k"),  # type: ignore[arg-type]
    "put_object length": lambda store: store.put_object(b"a", "k", length=-1),
    "put_object length bool": lambda store: store.put_object(b"a", "k", length=True),
    "put_object other length": lambda store: store.put_object(b"a", "k", length=2),
    "put_object metadata": lambda store: store.put_object(b"", "k", metadata={"a b": "c"}),
    "put_object conditions": lambda store: store.put_object(b"", "k", if_match="a", if_none_match="*"),
    "download_file key": lambda store: store.download_file("", "file"),
    "download_file path": lambda store: store.download_file("k", ""),
    "download_object path": lambda store: store.download_object("k", None),  # type: ignore[arg-type]
    "get_file": lambda store: store.get_file(""),
    "get_object range": lambda store: store.get_object("k", offset=-1, length=1),
    "get_object etag": lambda store: store.get_object("k", if_match='W/"a"'),
    "read_object": lambda store: store.read_object("\0"),
    "open_object block": lambda store: store.open_object("k", block_size=0),
    "open_object key": lambda store: store.open_object(""),
    "get_ranges nothing": lambda store: store.get_ranges("k", None),  # type: ignore[arg-type]
    "get_ranges pair": lambda store: store.get_ranges("k", [(0, 1, 2)]),  # type: ignore[list-item]
    "get_ranges number": lambda store: store.get_ranges("k", [5]),  # type: ignore[list-item]
    "get_ranges suffix": lambda store: store.get_ranges("k", [(-1, 1)]),
    "get_ranges empty": lambda store: store.get_ranges("k", [(0, 0)]),
    "get_ranges None": lambda store: store.get_ranges("k", [(0, None)]),  # type: ignore[list-item]
    "get_ranges key": lambda store: store.get_ranges("", [(0, 1)]),
    "head_object": lambda store: store.head_object("\ud800"),
    "exists": lambda store: store.exists(""),
    "delete_file": lambda store: store.delete_file(""),
    "delete_object": lambda store: store.delete_object("x" * 1025),
    "delete_objects number": lambda store: store.delete_objects(5),  # type: ignore[arg-type]
    "delete_objects one": lambda store: store.delete_objects("key"),
    "delete_objects bytes": lambda store: store.delete_objects(b"key"),  # type: ignore[arg-type]
    "delete_objects last": lambda store: store.delete_objects([*["k"] * 2000, ""]),
    "list_files": lambda store: store.list_files("\0"),
    "list_objects limit": lambda store: store.list_objects(limit=0),
    "list_objects delimiter": lambda store: store.list_objects(delimiter=""),
    "list_objects start_after": lambda store: store.list_objects(start_after="\0"),
    "list_prefixes prefix": lambda store: store.list_prefixes("\ud800"),
    "list_prefixes delimiter": lambda store: store.list_prefixes(delimiter=""),
    "list_prefixes no delimiter": lambda store: store.list_prefixes(delimiter=None),  # type: ignore[arg-type]
    "list_page limit": lambda store: store.list_page(limit=1001),
    "list_page prefix": lambda store: store.list_page("\0"),
    "list_page cursor": lambda store: store.list_page(cursor=""),
    "copy_object source": lambda store: store.copy_object("", "l"),
    "copy_object target": lambda store: store.copy_object("k", ""),
    "copy_object bucket": lambda store: store.copy_object("k", "l", None, "a/b"),
    "copy_object header": lambda store: store.copy_object("k", "l", content_type="\n"),
    "move_object": lambda store: store.move_object("k", "l", metadata={"": ""}),
    "create_bucket": lambda store: store.create_bucket("Bad"),
    "delete_bucket": lambda store: store.delete_bucket(""),
    "bucket_exists": lambda store: store.bucket_exists("a/b"),
    "bucket type": lambda store: store.read_object("k", 5),  # type: ignore[arg-type]
    "bucket empty": lambda store: store.read_object("k", ""),
    "upload_object tags": lambda store: store.upload_object("file", "k", tags={"k": "v" * 257}),
    "put_object encryption": lambda store: store.put_object(b"", "k", encryption="AES256"),  # type: ignore[arg-type]
    "put_object short key": lambda store: store.put_object(b"", "k", encryption=SseCustomer(b"short")),
    "put_object retention": lambda store: store.put_object(b"", "k", retention=PAST),
    "put_object hold": lambda store: store.put_object(b"", "k", legal_hold=1),  # type: ignore[arg-type]
    "put_object checksum": lambda store: store.put_object(b"", "k", checksum="md5"),  # type: ignore[arg-type]
    "put_object none match": lambda store: store.put_object(b"", "k", if_none_match="etag"),
    "download_file version": lambda store: store.download_file("k", "file", version=""),
    "get_object version": lambda store: store.get_object("k", version="a\nb"),
    "get_object time": lambda store: store.get_object("k", if_modified_since=datetime(2026, 1, 1)),
    "get_file version": lambda store: store.get_file("k", version=5),  # type: ignore[arg-type]
    "read_object encryption": lambda store: store.read_object("k", encryption=SseS3()),  # type: ignore[arg-type]
    "open_object version": lambda store: store.open_object("k", version=""),
    "get_ranges version": lambda store: store.get_ranges("k", [(0, 1)], version=""),
    "head_object version": lambda store: store.head_object("k", version=""),
    "head_object time": lambda store: store.head_object("k", if_unmodified_since="now"),  # type: ignore[arg-type]
    "exists version": lambda store: store.exists("k", version=""),
    "delete_object version": lambda store: store.delete_object("k", version=""),
    "delete_object etag": lambda store: store.delete_object("k", if_match="*"),
    "delete_object both": lambda store: store.delete_object("k", version="v", if_match="etag"),
    "delete_object bypass": lambda store: store.delete_object("k", bypass_governance=1),  # type: ignore[arg-type]
    "delete_objects version": lambda store: store.delete_objects([ObjectIdentifier("k", "")]),
    "delete_objects key": lambda store: store.delete_objects([ObjectIdentifier("", "v")]),
    "delete_objects bypass": lambda store: store.delete_objects(["k"], bypass_governance=1),  # type: ignore[arg-type]
    "head_objects one": lambda store: store.head_objects("k"),
    "head_objects last": lambda store: store.head_objects(["k", ""]),
    "copy_object version": lambda store: store.copy_object("k", "l", src_version=""),
    "copy_object tags": lambda store: store.copy_object("k", "l", tags={"aws:k": "v"}),
    "copy_object conditions": lambda store: store.copy_object("k", "l", if_match="a", if_none_match="*"),
    "copy_object key": lambda store: store.copy_object("k", "l", source_encryption=SseCustomer(b"")),
    "move_object version": lambda store: store.move_object("k", "l", src_version=""),
    "copy_objects one": lambda store: store.copy_objects("kl"),  # type: ignore[arg-type]
    "copy_objects keys": lambda store: store.copy_objects(["k"]),  # type: ignore[list-item]
    "copy_objects last": lambda store: store.copy_objects([("k", "l"), ("k", "")]),
    "copy_objects bucket": lambda store: store.copy_objects([], "a/b"),
    "copy_objects header": lambda store: store.copy_objects([], content_type="\n"),
    "copy_objects quiet": lambda store: store.copy_objects([], quiet=1),  # type: ignore[arg-type]
    "create_bucket lock": lambda store: store.create_bucket("bucket", object_lock=1),  # type: ignore[arg-type]
    "enable_versioning": lambda store: store.enable_versioning("a/b"),
    "suspend_versioning": lambda store: store.suspend_versioning(""),
    "versioning_status": lambda store: store.versioning_status("a b"),
    "list_versions prefix": lambda store: store.list_versions("\0"),
    "list_versions key": lambda store: store.list_versions(key=""),
    "list_versions both": lambda store: store.list_versions("k", key="k"),
    "list_versions bucket": lambda store: store.list_versions(bucket="a/b"),
    "restore_version": lambda store: store.restore_version("k", ""),
    "restore_version None": lambda store: store.restore_version("k", None),  # type: ignore[arg-type]
    "restore_version key": lambda store: store.restore_version("", "v"),
    "purge": lambda store: store.purge(""),
    "multipart_upload key": lambda store: store.multipart_upload(""),
    "multipart_upload tags": lambda store: store.multipart_upload("k", tags={"": ""}),
    "multipart_upload conditions": lambda store: store.multipart_upload("k", if_none_match="etag"),
    "create_multipart_upload": lambda store: store.create_multipart_upload("k", storage_class=""),
    "upload_part data": lambda store: store.upload_part("text", "k", "id", 1),  # type: ignore[arg-type]
    "upload_part length": lambda store: store.upload_part(b"a", "k", "id", 1, length=-1),
    "upload_part none": lambda store: store.upload_part(b"", "k", "id", 0),
    "upload_part number": lambda store: store.upload_part(b"", "k", "id", 10001),
    "upload_part bool": lambda store: store.upload_part(b"", "k", "id", True),
    "upload_part id": lambda store: store.upload_part(b"", "k", "", 1),
    "upload_part checksum": lambda store: store.upload_part(b"", "k", "id", 1, checksum="x"),  # type: ignore[arg-type]
    "upload_part_copy source": lambda store: store.upload_part_copy("", "k", "id", 1),
    "upload_part_copy offset": lambda store: store.upload_part_copy("s", "k", "id", 1, offset=-1),
    "upload_part_copy length": lambda store: store.upload_part_copy("s", "k", "id", 1, length=0),
    "upload_part_copy bucket": lambda store: store.upload_part_copy("s", "k", "id", 1, src_bucket="a/b"),
    "upload_part_copy version": lambda store: store.upload_part_copy("s", "k", "id", 1, src_version=""),
    "list_parts": lambda store: store.list_parts("k", "a\0"),
    "list_multipart_uploads": lambda store: store.list_multipart_uploads("\0"),
    "complete_multipart_upload none": lambda store: store.complete_multipart_upload("k", "id", []),
    "complete_multipart_upload twice": lambda store: store.complete_multipart_upload("k", "id", [PART, PART]),
    "complete_multipart_upload part": lambda store: store.complete_multipart_upload("k", "id", [1]),  # type: ignore[list-item]
    "complete_multipart_upload etag": lambda store: store.complete_multipart_upload("k", "id", [PartInfo(1, "")]),
    "complete_multipart_upload match": lambda store: store.complete_multipart_upload("k", "id", [PART], if_match="*"),
    "abort_multipart_upload": lambda store: store.abort_multipart_upload("k", ""),
    "abort_stale_uploads age": lambda store: store.abort_stale_uploads(-1),
    "abort_stale_uploads text": lambda store: store.abort_stale_uploads("1d"),  # type: ignore[arg-type]
    "abort_stale_uploads run": lambda store: store.abort_stale_uploads(0, dry_run=1),  # type: ignore[arg-type]
    "get_tags": lambda store: store.get_tags("k", version=""),
    "set_tags many": lambda store: store.set_tags("k", {str(number): "" for number in range(11)}),
    "set_tags key": lambda store: store.set_tags("", {}),
    "delete_tags": lambda store: store.delete_tags(""),
    "get_bucket_tags": lambda store: store.get_bucket_tags(""),
    "set_bucket_tags": lambda store: store.set_bucket_tags({str(number): "" for number in range(51)}),
    "delete_bucket_tags": lambda store: store.delete_bucket_tags("a/b"),
    "get_lifecycle": lambda store: store.get_lifecycle(""),
    "set_lifecycle none": lambda store: store.set_lifecycle([]),
    "set_lifecycle rule": lambda store: store.set_lifecycle([LifecycleRule("r")]),
    "delete_lifecycle": lambda store: store.delete_lifecycle(""),
    "get_cors": lambda store: store.get_cors(""),
    "set_cors none": lambda store: store.set_cors([]),
    "set_cors rule": lambda store: store.set_cors([CorsRule((), ("GET",))]),
    "delete_cors": lambda store: store.delete_cors(""),
    "run_lifecycle": lambda store: store.run_lifecycle(now=datetime(2026, 1, 1)),
    "watch events": lambda store: store.watch(events=[]),
    "watch kind": lambda store: store.watch(events=["written"]),  # type: ignore[list-item]
    "watch prefix": lambda store: store.watch(prefix="\0"),
    "watch start": lambda store: store.watch(start=""),
    "get_notifications": lambda store: store.get_notifications(""),
    "set_notifications": lambda store: store.set_notifications(
        [NotificationRule(id="r", target="queue", events=[EventKind.CREATED])]
    ),
    "get_retention": lambda store: store.get_retention(""),
    "set_retention": lambda store: store.set_retention("k", PAST),
    "set_retention bypass": lambda store: store.set_retention("k", None, bypass_governance=1),  # type: ignore[arg-type]
    "get_legal_hold": lambda store: store.get_legal_hold("k", version=""),
    "set_legal_hold": lambda store: store.set_legal_hold("k", None),  # type: ignore[arg-type]
    "get_default_retention": lambda store: store.get_default_retention(""),
    "set_default_retention": lambda store: store.set_default_retention(DefaultRetention(RetentionMode.GOVERNANCE)),
    "get_presigned_url": lambda store: store.get_presigned_url("k", expires=0),
    "get_presigned_url method": lambda store: store.get_presigned_url("k", method="PUT"),  # type: ignore[arg-type]
    "get_presigned_upload_url": lambda store: store.get_presigned_upload_url("k", content_length=-1),
    "presign_upload": lambda store: store.presign_upload(""),
    "presign_upload bucket": lambda store: store.presign_upload("k", "a/b"),
    "get_presigned_post": lambda store: store.get_presigned_post("k", min_length=2, max_length=1),
    "presign_multipart": lambda store: store.presign_multipart("k", -1),
    "verify_presigned": lambda store: store.verify_presigned(None),  # type: ignore[arg-type]
    "verify_presigned method": lambda store: store.verify_presigned("https://a/b/c?d", method=1),  # type: ignore[arg-type]
    "rotate_presign_key": lambda store: store.rotate_presign_key(revoke=None),  # type: ignore[arg-type]
    "verify": lambda store: store.verify("\0"),
    "supports": lambda store: store.supports(int),
}


@pytest.mark.parametrize("framework", ["capable", "plain"])
@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_a_bad_parameter_is_refused_before_anything_is_sent(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Any, framework: str
) -> None:
    """Not even the root bucket is made for it; iterators are refused when they are made."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"content")
    store: ObjectStore = request.getfixturevalue(framework)
    with pytest.raises(InvalidArgument):
        call(store)
    assert isinstance(store.client, DictClient)
    assert store.client.calls == []


def test_every_method_has_a_bad_parameter() -> None:
    """A new method joins the table above."""
    methods = {name for name, _ in inspect.getmembers(ObjectStore, inspect.isfunction) if name[0] != "_"}
    assert methods - {name.split()[0] for name in BAD} == {"capabilities", "close", "list_buckets", "ping"}


def test_a_key_of_the_caller_is_never_shown() -> None:
    """Not by the refusal of one that has the wrong length."""
    store = ObjectStore("memory://bucket")
    with pytest.raises(InvalidArgument, match="32 bytes") as caught:
        store.put_object(b"", "k", encryption=SseCustomer(b"s3cr3t-Value"))
    assert "s3cr3t" not in f"{caught.value!r} {caught.value}"
