"""Answers the URLs that a store without a server of its own signs."""
