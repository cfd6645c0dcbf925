"""The headers of a request as the parameters of a boto3 call, by botocore's own description of the operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.model import ServiceModel

from data_store.object_store.errors import UnsupportedOperation

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

__all__ = ["Parameters", "copy_source", "given"]

_META = "x-amz-meta-"
_SOURCE = "x-amz-copy-source"  # boto3 encodes it itself: see copy_source
_BYPASS = "BypassGovernanceRetention"


class Parameters:
    """What boto3 calls the headers of S3; used by many threads at once.

    Args:
        model: gives botocore's model of S3, when it is first needed.
    """

    def __init__(self, model: Callable[[], ServiceModel]) -> None:
        self._model = model
        self._known: dict[str, dict[str, str]] = {}

    def of(self, operation: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the parameters that make botocore send these headers, but for the source of a copy.

        Args:
            operation: the operation by its name in the API (``"PutObject"``).
            headers: the headers.

        Raises:
            UnsupportedOperation: this botocore does not know one of them.
        """
        names = self._names(operation)
        plain = {name.lower(): value for name, value in headers.items() if not name.startswith(_META)}
        plain.pop(_SOURCE, None)
        unknown = next((name for name in plain if name not in names), None)
        if unknown is not None:
            raise UnsupportedOperation(f"the installed boto3 does not know {unknown} of {operation}: a newer one does")
        parameters: dict[str, Any] = {names[name]: value for name, value in plain.items()}
        if _BYPASS in parameters:
            parameters[_BYPASS] = True
        metadata = {name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)}
        return parameters | given(Metadata=metadata or None)

    def _names(self, operation: str) -> dict[str, str]:
        """Return which parameter each header is, names in lower case."""
        if operation not in self._known:
            shape = self._model().operation_model(operation).input_shape
            members = {} if shape is None else shape.members
            self._known[operation] = {
                member.serialization["name"].lower(): name
                for name, member in members.items()
                if member.serialization.get("location") == "header"
            }
        return self._known[operation]


def copy_source(bucket: str, key: str, version: str | None) -> CopySourceTypeDef:
    """Return the source of a copy; botocore encodes bucket and key, and takes the version as it is."""
    source: CopySourceTypeDef = {"Bucket": bucket, "Key": key}
    if version is not None:
        source["VersionId"] = quote(version, safe="")
    return source


def given(**parameters: Any) -> dict[str, Any]:
    """Return the parameters that have a value."""
    return {name: value for name, value in parameters.items() if value is not None}
