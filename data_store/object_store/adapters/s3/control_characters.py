"""Characters that keys may have and XML 1.0 cannot hold, not even escaped (section 2.2: most control characters).

Ceph writes them all the same, as references (``&#x01;``), into what it repeats of a request: the prefix, the delimiter,
the continuation token, which ``encoding-type=url`` does not cover there. No XML parser takes such an answer.
"""

from __future__ import annotations

import re

from data_store.object_store.xml_text import NOT_IN_XML

__all__ = ["fits_xml", "restore", "shelter"]

_MARK = "\U0010fffd"  # private use: XML holds it; one that is really meant is sheltered, too
_SUSPICIOUS = re.compile(
    b"&#(x[0-9A-Fa-f]+|[0-9]+);|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|" + re.escape(_MARK.encode())
)
_SHELTERED = re.compile(f"{_MARK}([0-9]+){_MARK}")


def fits_xml(value: str) -> bool:
    """Return whether XML can hold a text."""
    return NOT_IN_XML.search(value) is None


def shelter(xml: bytes) -> bytes:
    """Return an answer in which each character that XML forbids is a number between two marks."""
    return _SUSPICIOUS.sub(_shelter, xml)


def restore(text: str) -> str:
    """Return a text of a sheltered answer as it was meant."""
    return _SHELTERED.sub(lambda found: chr(int(found[1])), text)


def _shelter(found: re.Match[bytes]) -> bytes:
    reference = found[1]
    if reference is None:
        return _marked(ord(found[0].decode()))
    code = int(reference[1:], 16) if reference[:1] == b"x" else int(reference)
    return found[0] if code > 0x10FFFF or fits_xml(chr(code)) else _marked(code)


def _marked(code: int) -> bytes:
    return f"{_MARK}{code}{_MARK}".encode()
