"""Answer the presigned URLs of a store that has no server."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from data_store.object_store.adapters.embedded.presigning import DEFAULT_PUBLIC_ENDPOINT
from data_store.object_store.configurations import Framework
from data_store.object_store.errors import ConfigurationError, ObjectStoreError
from data_store.object_store.serve import loaded, presigned_app
from data_store.object_store.store import ObjectStore

__all__ = ["main"]

_PROGRAM = "python -m data_store.object_store.serve"
_CONFIG = (
    "the store: a YAML file or a URL (local:///srv/data/BUCKET serves the store in /srv/data); "
    "without it what ObjectStore() opens in the same working directory"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit status. Requests under way have 30 seconds to end then."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.revoke and not given.rotate_key:
        parser.error("--revoke goes with --rotate-key")
    try:
        with ObjectStore(given.config) as store:
            _check_shared(store)
            if given.rotate_key:
                _rotate(store, given.revoke)
            else:
                _serve(store, given.host, given.port)
    except (ConfigurationError, ObjectStoreError, OSError) as error:
        sys.stderr.write(f"{_PROGRAM}: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    parser.add_argument("--config", metavar="URL|FILE", help=_CONFIG)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8333, help="the port (default: %(default)s; 0: one that is free)")
    parser.add_argument("--rotate-key", action="store_true", help="do not serve: sign with a new key from now on")
    parser.add_argument("--revoke", action="store_true", help="with --rotate-key: refuse what was signed before")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return int(text)


def _check_shared(store: ObjectStore) -> None:
    if store.config.framework == Framework.MEMORY:
        raise ConfigurationError(
            "a store in memory is in one process, and no other can sign for this one: "
            "mount presigned_app(store) in the process that has the store, or take a directory (local)"
        )


def _rotate(store: ObjectStore, revoke: bool) -> None:
    store.rotate_presign_key(revoke=revoke)
    outcome = "is refused from now on" if revoke else "stays good until it expires"
    _say(f"{store.client.location} has a new key; what was signed before {outcome}")


def _serve(store: ObjectStore, host: str, port: int) -> None:
    app, server = presigned_app(store), loaded("server")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    server.serve(app, host, port, lambda url: _say_where(store, url))


def _say_where(store: ObjectStore, url: str) -> None:
    _say(f"presigned URLs of {store.client.location} are answered at {url}")
    signed = store.config.presign.public_endpoint or DEFAULT_PUBLIC_ENDPOINT
    if signed != url:
        _say(f"URLs are signed for {signed} (presign.public_endpoint): clients must use that name")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
