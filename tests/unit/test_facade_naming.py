"""What the store raises names a method of the store, whatever the client calls what it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from data_store.object_store.adapters.embedded.client import MemoryClient
from data_store.object_store.errors import AccessDenied, ObjectStoreError
from data_store.object_store.models import Condition, CorsRule, LifecycleRule, PartInfo, Retention, RetentionMode
from data_store.object_store.store import ObjectStore

MISSING = "missing"
RETENTION = Retention(RetentionMode.GOVERNANCE, until=datetime(2100, 1, 1, tzinfo=UTC))
PART = PartInfo(1, "etag")
SIGNS = {"get_presigned_post", "get_presigned_upload_url", "get_presigned_url", "presign_upload"}
ASKS_NOBODY = SIGNS | {"capabilities", "close", "rotate_presign_key", "supports", "verify_presigned"}
WITHOUT_BUCKET = {"bucket_exists", "create_bucket", "list_buckets", "ping"}

CALLS: dict[str, Callable[[ObjectStore, Path], object]] = {
    "abort_multipart_upload": lambda store, _: store.abort_multipart_upload("k", "id", MISSING),
    "abort_stale_uploads": lambda store, _: store.abort_stale_uploads(0, bucket=MISSING),
    "bucket_exists": lambda store, _: store.bucket_exists(MISSING),
    "complete_multipart_upload": lambda store, _: store.complete_multipart_upload("k", "id", [PART], MISSING),
    "copy_object": lambda store, _: store.copy_object("k", "l", MISSING, MISSING),
    "copy_objects": lambda store, _: _raised(store.copy_objects([("k", "l")], MISSING, MISSING)),
    "create_bucket": lambda store, _: store.create_bucket(MISSING),
    "create_multipart_upload": lambda store, _: store.create_multipart_upload("k", MISSING),
    "delete_bucket": lambda store, _: store.delete_bucket(MISSING, force=True),
    "delete_bucket_tags": lambda store, _: store.delete_bucket_tags(MISSING),
    "delete_file": lambda store, _: store.delete_file("k", MISSING),
    "delete_cors": lambda store, _: store.delete_cors(MISSING),
    "delete_lifecycle": lambda store, _: store.delete_lifecycle(MISSING),
    "delete_object": lambda store, _: store.delete_object("k", MISSING),
    "delete_objects": lambda store, _: store.delete_objects(["k"], MISSING),
    "delete_tags": lambda store, _: store.delete_tags("k", MISSING),
    "download_file": lambda store, path: store.download_file("k", path / "target", MISSING),
    "download_object": lambda store, path: store.download_object("k", path / "target", MISSING),
    "enable_versioning": lambda store, _: store.enable_versioning(MISSING),
    "exists": lambda store, _: store.exists("k", MISSING),
    "get_bucket_tags": lambda store, _: store.get_bucket_tags(MISSING),
    "get_cors": lambda store, _: store.get_cors(MISSING),
    "get_default_retention": lambda store, _: store.get_default_retention(MISSING),
    "get_file": lambda store, _: store.get_file("k", MISSING),
    "get_legal_hold": lambda store, _: store.get_legal_hold("k", MISSING),
    "get_lifecycle": lambda store, _: store.get_lifecycle(MISSING),
    "get_notifications": lambda store, _: store.get_notifications(MISSING),
    "get_object": lambda store, _: store.get_object("k", MISSING),
    "get_ranges": lambda store, _: store.get_ranges("k", [(0, 1)], MISSING),
    "get_retention": lambda store, _: store.get_retention("k", MISSING),
    "get_tags": lambda store, _: store.get_tags("k", MISSING),
    "head_object": lambda store, _: store.head_object("k", MISSING),
    "head_objects": lambda store, _: _raised(store.head_objects(["k"], MISSING)),
    "list_buckets": lambda store, _: store.list_buckets(),
    "list_files": lambda store, _: list(store.list_files("", MISSING)),
    "list_multipart_uploads": lambda store, _: list(store.list_multipart_uploads("", MISSING)),
    "list_objects": lambda store, _: list(store.list_objects("", MISSING)),
    "list_page": lambda store, _: store.list_page("", MISSING),
    "list_parts": lambda store, _: list(store.list_parts("k", "id", MISSING)),
    "list_prefixes": lambda store, _: list(store.list_prefixes("", MISSING)),
    "list_versions": lambda store, _: list(store.list_versions("", MISSING)),
    "move_object": lambda store, _: store.move_object("k", "l", MISSING, MISSING),
    "multipart_upload": lambda store, _: _entered(store.multipart_upload("k", MISSING)),
    "open_object": lambda store, _: store.open_object("k", MISSING),
    "ping": lambda store, _: store.ping(),
    "purge": lambda store, _: store.purge("k", MISSING),
    "put_object": lambda store, _: store.put_object(b"", "k", MISSING),
    "read_object": lambda store, _: store.read_object("k", MISSING),
    "restore_version": lambda store, _: store.restore_version("k", "id", MISSING),
    "run_lifecycle": lambda store, _: store.run_lifecycle(MISSING),
    "presign_multipart": lambda store, _: store.presign_multipart("k", 1, bucket=MISSING),
    "set_bucket_tags": lambda store, _: store.set_bucket_tags({"a": "b"}, MISSING),
    "set_cors": lambda store, _: store.set_cors([CorsRule(("*",), ("GET",))], MISSING),
    "set_default_retention": lambda store, _: store.set_default_retention(None, MISSING),
    "set_legal_hold": lambda store, _: store.set_legal_hold("k", True, MISSING),
    "set_lifecycle": lambda store, _: store.set_lifecycle([LifecycleRule("id", expire_after_days=1)], MISSING),
    "set_notifications": lambda store, _: store.set_notifications([], MISSING),
    "set_retention": lambda store, _: store.set_retention("k", RETENTION, MISSING),
    "set_tags": lambda store, _: store.set_tags("k", {"a": "b"}, MISSING),
    "suspend_versioning": lambda store, _: store.suspend_versioning(MISSING),
    "upload_file": lambda store, path: store.upload_file(_file(path), "k", MISSING),
    "upload_object": lambda store, path: store.upload_object(_file(path), "k", MISSING),
    "upload_part": lambda store, _: store.upload_part(b"", "k", "id", 1, MISSING),
    "upload_part_copy": lambda store, _: store.upload_part_copy("k", "l", "id", 1, MISSING, src_bucket=MISSING),
    "verify": lambda store, _: list(store.verify("", MISSING)),
    "versioning_status": lambda store, _: store.versioning_status(MISSING),
    "watch": lambda store, _: _watched(store),
}


def _raised(results: Any) -> None:
    for result in results:
        raise result.error


def _entered(context: Any) -> None:
    with context:
        pass


def _watched(store: ObjectStore) -> None:
    with store.watch(MISSING) as watch:
        watch.next(timeout=60)


def _file(path: Path) -> Path:
    (path / "file").write_bytes(b"")
    return path / "file"


def _store(framework: str, path: Path) -> ObjectStore:
    connection: dict[str, Any] = {"root": path / "root"} if framework == "local" else {"name": str(path)}
    return ObjectStore({"framework": framework, "root_bucket": "root-bucket", "connection": connection})


def _names_a_method(error: ObjectStoreError) -> bool:
    return isinstance(getattr(ObjectStore, error.operation or "", None), FunctionType)


def test_the_table_has_every_method() -> None:
    """All that can ask the store anything."""
    methods = {name for name in dir(ObjectStore) if isinstance(getattr(ObjectStore, name), FunctionType)}
    assert {name for name in methods if not name.startswith("_")} == CALLS.keys() | ASKS_NOBODY


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - WITHOUT_BUCKET))
@pytest.mark.parametrize("framework", ["local", "memory"])
def test_an_error_names_a_method_of_the_store(framework: str, operation: str, tmp_path: Path) -> None:
    """In a missing bucket: the method that was called, or one that does a part of its work."""
    with _store(framework, tmp_path) as store, pytest.raises(ObjectStoreError) as caught:
        CALLS[operation](store, tmp_path)
    assert _names_a_method(caught.value), caught.value.operation


@pytest.mark.parametrize(
    ("operation", "call"),
    {
        "complete_multipart_upload": lambda store: store.complete_multipart_upload("k", "id", [PART], if_match="etag"),
        "copy_object": lambda store: store.copy_object("k", "l", if_none_match="*"),
        "copy_objects": lambda store: _raised(store.copy_objects([("k", "l")], if_none_match="*")),
        "delete_object": lambda store: store.delete_object("k", if_match="etag"),
        "move_object": lambda store: store.move_object("k", "l", if_none_match="*"),
        "put_object": lambda store: store.put_object(b"", "k", if_none_match="*"),
    }.items(),
)
def test_an_error_of_finding_out_names_what_it_was_found_out_for(
    operation: str, call: Callable[[ObjectStore], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether conditions are honoured is asked for another operation."""

    def honours(_client: MemoryClient, _bucket: str, _key: str, _condition: Condition) -> bool:
        raise AccessDenied("not you")

    with _store("memory", tmp_path) as store:
        store.create_bucket("root-bucket")
        store.put_object(b"", "k")
        monkeypatch.setattr(type(store.client), "honours", honours)
        with pytest.raises(AccessDenied) as caught:
            call(store)
    assert caught.value.operation == ("copy_object" if operation == "copy_objects" else operation)
