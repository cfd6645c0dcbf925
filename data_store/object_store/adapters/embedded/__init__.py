"""The embedded store: metadata and small content in SQLite, larger content in files beside it, no server.

A byte travels client -> receiving (small content stays bytes, large goes to a file) -> changes (one transaction).
Nothing but the rows decides what exists: a file is content only while a row names it.
"""
