"""Fixtures for all tests: the real servers."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.servers.plugin"]

settings.register_profile("patient", deadline=None)  # how long an example takes says more of the machine than of us
settings.load_profile("patient")
