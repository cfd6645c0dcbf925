"""What text XML 1.0 can hold."""

from __future__ import annotations

import re

__all__ = ["NOT_IN_XML"]

NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # section 2.2, "Char"
"""A character that XML cannot hold, not even escaped."""
