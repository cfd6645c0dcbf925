"""The embedded store: metadata and small content in SQLite, larger content in files beside it, no server.

A byte travels client -> receiving (digested; small content stays bytes, large goes to a file) -> changes (one
transaction, which threads that write at once share: group_commit).
Nothing but the rows decides what exists: a file is content only while a row names it.
"""
