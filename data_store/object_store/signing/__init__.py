"""Signing requests for others to send, and checking what comes back: shared by all adapters."""
