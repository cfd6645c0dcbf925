"""The methods of ``ObjectStore``, one file an idea: each validates, then delegates to the client or the transfers."""
