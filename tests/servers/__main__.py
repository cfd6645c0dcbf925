"""`python -m tests.servers minio|ceph|versitygw|garage`: one server for a developer, in the foreground until Ctrl-C."""

import argparse
import signal
import sys

from tests.servers import SERVERS, Server, ServerStartError


def main() -> int:
    """Start the server that is asked for, say where it is, and end it on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("server", choices=SERVERS)
    kind = SERVERS[parser.parse_args().server]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with kind() as server:
            sys.stdout.write(_introduction(kind.title, server))
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write(f"{kind.title} is ended.\n")
    except ServerStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _introduction(title: str, server: Server) -> str:
    return "\n".join(
        (
            f"{title} {server.version or ''} runs until Ctrl-C.",
            f"endpoint    {server.endpoint}",
            f"access key  {server.access_key}",
            f"secret key  {server.secret_key}",
            f"minio-py    {server.url('minio')}",
            f"boto3       {server.url('s3')}\n",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
