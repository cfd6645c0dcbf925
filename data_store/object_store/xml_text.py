"""What text XML 1.0 can hold."""

from __future__ import annotations

import re

__all__ = ["NOT_IN_XML"]

# What section 2.2, "Char", leaves out. Said as what is allowed it would take 4 ms to compile.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""A character that XML cannot hold, not even escaped."""
