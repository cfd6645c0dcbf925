"""The rules for what callers pass, as pure functions; each names the rule it enforces in an ``InvalidArgument``.

The facade calls them before anything is sent, so that every framework refuses the same input with the same words.
"""

from data_store.object_store.validation.content import write_conditions
from data_store.object_store.validation.cors import cors_rules
from data_store.object_store.validation.events import notification_rules, timeout, watch_options
from data_store.object_store.validation.lifecycle import lifecycle_rules
from data_store.object_store.validation.names import (
    bucket,
    file_path,
    identifier,
    key,
    key_pair,
    needed_version,
    new_bucket,
    new_bucket_problem,
    prefix,
    upload_id,
    version,
)
from data_store.object_store.validation.options import (
    MAX_KEYS,
    byte_range,
    content_options,
    delete_options,
    get_options,
    length,
    list_options,
    put_options,
)
from data_store.object_store.validation.presigning import (
    expires_in,
    presign_get_options,
    presign_multipart_options,
    presign_part_size,
    presign_post_options,
    presign_put_options,
    presigned_request,
)
from data_store.object_store.validation.protection import customer_key, default_retention, retention
from data_store.object_store.validation.rules import aware, flag, many, positive, text
from data_store.object_store.validation.tags import bucket_tags, tags
from data_store.object_store.validation.uploads import (
    age,
    copy_source,
    multipart_options,
    part_number,
    part_options,
    parts,
)

__all__ = [
    "MAX_KEYS",
    "age",
    "aware",
    "bucket",
    "bucket_tags",
    "byte_range",
    "content_options",
    "copy_source",
    "cors_rules",
    "customer_key",
    "default_retention",
    "delete_options",
    "expires_in",
    "file_path",
    "flag",
    "get_options",
    "identifier",
    "key",
    "key_pair",
    "length",
    "lifecycle_rules",
    "list_options",
    "many",
    "multipart_options",
    "needed_version",
    "new_bucket",
    "new_bucket_problem",
    "notification_rules",
    "part_number",
    "part_options",
    "parts",
    "positive",
    "prefix",
    "presign_get_options",
    "presign_multipart_options",
    "presign_part_size",
    "presign_post_options",
    "presign_put_options",
    "presigned_request",
    "put_options",
    "retention",
    "tags",
    "text",
    "timeout",
    "upload_id",
    "version",
    "watch_options",
    "write_conditions",
]
