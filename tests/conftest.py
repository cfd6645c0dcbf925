"""Fixtures for all tests: the real servers."""

pytest_plugins = ["pytester", "tests.servers.plugin"]
