"""User metadata on the wire: the one place that makes and reads RFC 2047 words.

HTTP carries visible ASCII only and trims spaces. A value that this would change travels as RFC 2047 encoded words
(``=?UTF-8?B?...?=``, at most 75 characters each), which is what S3 itself does with such values, and so does a value
that looks like such a word. Everything else travels as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

__all__ = ["decode_metadata", "encode_metadata", "wire_size"]

_PLAIN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")
_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
_BYTES_PER_WORD = 45  # 60 characters of base64; with the frame 72 of the 75 that RFC 2047 section 2 allows


def encode_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the header values for user metadata: visible ASCII, safe from trimming and folding."""
    return {name: _encode(value) for name, value in metadata.items()}


def decode_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """Return user metadata from header values, names in lower case; what is not an encoded word stays as it is."""
    return {name.lower(): _decode(value) for name, value in headers.items()}


def wire_size(metadata: Mapping[str, str]) -> int:
    """Return the bytes that the names and encoded values take, which is what S3 limits to 2 KB."""
    return sum(len(name) + len(value) for name, value in encode_metadata(metadata).items())


def _encode(value: str) -> str:
    if _PLAIN.fullmatch(value) and "=?" not in value:
        return value
    words = (base64.b64encode(piece).decode("ascii") for piece in _pieces(value))
    return " ".join(f"=?UTF-8?B?{word}?=" for word in words)


def _pieces(value: str) -> Iterator[bytes]:
    """Cut between characters: each encoded word must be valid on its own (RFC 2047 section 5)."""
    piece = b""
    for character in value:
        encoded = character.encode()
        if len(piece) + len(encoded) > _BYTES_PER_WORD:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _decode(value: str) -> str:
    if "=?" not in value:
        return value
    return _WORD.sub(_decode_word, _BETWEEN_WORDS.sub(r"\1", value))


def _decode_word(word: re.Match[str]) -> str:
    charset, encoding, text = word.groups()
    try:
        raw = base64.b64decode(text, validate=True) if encoding in "bB" else _decode_q(text)
        return raw.decode(charset)
    except (binascii.Error, LookupError, UnicodeDecodeError):
        return word.group()


def _decode_q(text: str) -> bytes:
    return binascii.a2b_qp(text.encode("ascii", "replace"), header=True)
