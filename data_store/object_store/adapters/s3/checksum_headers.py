"""Checksums in the S3 protocol: base64 on the wire, hex in the models (S3 user guide, "Checking object integrity")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.xml_writer import leaf

__all__ = [
    "checksum_elements",
    "checksum_header",
    "from_wire",
    "is_checksum",
    "start_headers",
    "to_wire",
    "told",
    "told_in",
]

_NAMES = {"crc32c": "CRC32C", "crc64nvme": "CRC64NVME", "sha256": "SHA256"}
_HEADERS = frozenset(f"x-amz-checksum-{algorithm}" for algorithm in _NAMES)


def checksum_header(algorithm: str) -> str:
    """Return the name of the header of an algorithm."""
    return f"x-amz-checksum-{algorithm}"


def is_checksum(header: str) -> bool:
    """Return whether a header of a request is the digest of its body."""
    return header in _HEADERS


def start_headers(algorithm: str | None) -> dict[str, str]:
    """Return the headers of CreateMultipartUpload: what its checksum will be a digest of."""
    if algorithm is None:
        return {}
    # A SHA-256 cannot be put together from those of the parts.
    kind = "COMPOSITE" if algorithm == "sha256" else "FULL_OBJECT"
    return {"x-amz-checksum-algorithm": _NAMES[algorithm], "x-amz-checksum-type": kind}


def told(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of the whole content that the headers of an answer hold: algorithm to hex."""
    return _full({algorithm: headers.get(checksum_header(algorithm)) for algorithm in _NAMES})


def told_in(element: Element) -> dict[str, str]:
    """Return the digests that an element of an answer holds (``ChecksumCRC32C``, ...): algorithm to hex."""
    return _full({algorithm: element.findtext(f"Checksum{name}") for algorithm, name in _NAMES.items()})


def checksum_elements(checksums: Mapping[str, str] | None) -> str:
    """Return the digests of a part, hex, as CompleteMultipartUpload names them."""
    known = {name: (checksums or {}).get(algorithm) for algorithm, name in _NAMES.items()}
    return "".join(leaf(f"Checksum{name}", to_wire(digest)) for name, digest in known.items() if digest is not None)


def to_wire(digest: str) -> str:
    """Return a digest as it travels."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def from_wire(value: str) -> str | None:
    """Return a digest in hex; None for that of a multipart upload (``"...-N"``), which is none of the content."""
    try:
        return base64.b64decode(value, validate=True).hex()
    except binascii.Error:
        return None


def _full(values: Mapping[str, str | None]) -> dict[str, str]:
    found = {algorithm: from_wire(value) for algorithm, value in values.items() if value}
    return {algorithm: digest for algorithm, digest in found.items() if digest}
