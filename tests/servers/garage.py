"""Garage, as a cluster of one node."""

import os
import secrets
import subprocess
from pathlib import Path

from tests.servers.loopback import free_port
from tests.servers.program import ProgramServer

VERSION = "2.5.0"
CONFIGURATION = """\
metadata_dir = "{directory}/metadata"
data_dir = "{directory}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc_port}"
rpc_public_addr = "127.0.0.1:{rpc_port}"

[s3_api]
api_bind_addr = "127.0.0.1:{port}"
s3_region = "us-east-1"
"""


class GarageServer(ProgramServer):
    """One node, and a key that may create buckets."""

    name = "garage"
    title = "Garage"
    variable = "DATA_STORE_GARAGE"
    cached = f"garage-{VERSION}/bin/garage"
    to_build = f"cargo install garage --version {VERSION} --locked"

    def __init__(self) -> None:
        super().__init__()
        # Garage takes keys of this shape only.
        self.access_key = f"GK{secrets.token_hex(12)}"
        self.secret_key = secrets.token_hex(32)
        self._environment = {
            "GARAGE_DEFAULT_ACCESS_KEY": self.access_key,
            "GARAGE_DEFAULT_SECRET_KEY": self.secret_key,
            "GARAGE_RPC_SECRET": secrets.token_hex(32),
        }

    def prepare(self, directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Write the configuration."""
        configuration = directory / "garage.toml"
        configuration.write_text(CONFIGURATION.format(directory=directory, rpc_port=free_port(), port=port), "utf-8")
        self._environment["GARAGE_CONFIG_FILE"] = str(configuration)
        return ["server", "--single-node", "--default-access-key"], self._environment

    def answers(self, port: int) -> bool:
        """Whether it serves requests, and has then given the key the right to create buckets."""
        if not super().answers(port):
            return False
        allowed = subprocess.run(
            [self.found_program(), "key", "allow", "--create-bucket", self.access_key],
            env={**os.environ, **self._environment},
            capture_output=True,
            check=False,
        )
        return allowed.returncode == 0
