"""XML as text: what requests of the S3 protocol hold."""

from __future__ import annotations

from xml.sax.saxutils import escape

__all__ = ["document", "leaf", "node"]

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_LINE_ENDS = {"\r": "&#13;", "\n": "&#10;"}  # a parser would turn a bare CR into LF (XML 1.0, section 2.11)


def leaf(name: str, value: object) -> str:
    """Return an element that holds a text; ``""`` for None."""
    return "" if value is None else f"<{name}>{escape(str(value), _LINE_ENDS)}</{name}>"


def node(name: str, *content: str) -> str:
    """Return an element that holds others."""
    return f"<{name}>{''.join(content)}</{name}>"


def document(name: str, *content: str) -> bytes:
    """Return a document in the namespace of S3."""
    return f'<{name} xmlns="{_NAMESPACE}">{"".join(content)}</{name}>'.encode()
