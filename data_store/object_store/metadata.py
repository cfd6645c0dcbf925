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
    """Read the words; space between two of them does not count (RFC 2047 section 6.2), but does beside a broken one."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    end, after_word = 0, False
    for word in _WORD.finditer(value):
        between, text = value[end : word.start()], _decode_word(word)
        dropped = after_word and text is not None and between.isspace()
        pieces += ["" if dropped else between, word.group() if text is None else text]
        end, after_word = word.end(), text is not None
    return "".join([*pieces, value[end:]])


def _decode_word(word: re.Match[str]) -> str | None:
    charset, encoding, text = word.groups()
    try:
        raw = base64.b64decode(text, validate=True) if encoding in "bB" else _decode_q(text)
        return raw.decode(charset)
    except (ValueError, LookupError):  # not base64, not ASCII, no such charset, not of that charset
        return None


def _decode_q(text: str) -> bytes:
    return binascii.a2b_qp(text.encode("ascii"), header=True)
