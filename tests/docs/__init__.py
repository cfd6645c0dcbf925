"""The documentation: its snippets, its examples and its generated tables."""
