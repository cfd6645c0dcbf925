"""Files that a type checker checks; nothing in them runs."""
