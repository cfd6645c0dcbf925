"""Tests of the application that answers presigned URLs: a real server on the loopback, and real clients."""
