"""Ceph with its S3 gateway, from the distribution's packages, run by the script `ceph-rgw`."""

import base64
import contextlib
import hmac
import os
import shutil
import subprocess
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

from tests.servers.loopback import free_port, parents, temporary_directory
from tests.servers.server import KMS_KEY, KMS_KEY_IN_BASE64, NOWHERE, RealServer, Server, ServerStartError

SCRIPT = Path(__file__).with_name("ceph-rgw")
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
LIFECYCLE_INTERVAL_VARIABLE = "DATA_STORE_CEPH_LIFECYCLE_INTERVAL"
SECONDS_TO_STOP = 120


class CephServer(RealServer):
    """A monitor, an OSD in memory and the gateway; the state is in /dev/shm where there is one.

    Args:
        lifecycle_interval: Seconds that count as a day for lifecycle rules, which are carried out as often; -1 means
            real days. The default is the environment's `DATA_STORE_CEPH_LIFECYCLE_INTERVAL`, else 2, so that tests
            see objects expire.
    """

    name = "ceph"
    title = "Ceph RGW"

    def __init__(self, lifecycle_interval: int | None = None) -> None:
        super().__init__()
        if lifecycle_interval is None:
            lifecycle_interval = int(os.environ.get(LIFECYCLE_INTERVAL_VARIABLE, "2"))
        self._lifecycle_interval = lifecycle_interval
        self._state: Path | None = None
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def why_unavailable(cls) -> str | None:
        """None where all of Ceph's programs are on PATH."""
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if not missing:
            return None
        return (
            f"Ceph is not installed here ({', '.join(missing)} not found). To get it on Debian or Ubuntu: "
            "apt-get install --no-install-recommends ceph-mon ceph-osd ceph-common radosgw"
        )

    def start(self) -> Server:
        """Start the script; ten to fifteen seconds. The script ends all by itself when this process dies."""
        gateway, monitor = free_port(), free_port()
        self._state = temporary_directory(self.name, parents()[0])
        self._process = subprocess.Popen(
            [SCRIPT, self._state, str(gateway), str(monitor)],
            env={
                **os.environ,
                "RGW_ACCESS_KEY": self.access_key,
                "RGW_SECRET_KEY": self.secret_key,
                "RGW_LC_DEBUG_INTERVAL": str(self._lifecycle_interval),
                "RGW_KMS_KEYS": f"{KMS_KEY}={KMS_KEY_IN_BASE64}",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Not in the terminal's process group: Ctrl-C is for the tests, which then end the script.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if self._process.stdout.readline() != "ready\n":
            raise ServerStartError(f"Ceph did not start. Its script says:\n{self._process.stderr.read()}")
        endpoint = f"http://127.0.0.1:{gateway}"
        topic = self._make_topic(endpoint)
        return Server(self.name, endpoint, self.access_key, self.secret_key, _version(), KMS_KEY, topic)

    def _make_topic(self, endpoint: str) -> str:
        """Make a topic for notifications; return its ARN. The gateway takes signature version 2 for that alone."""
        kind, date = "application/x-www-form-urlencoded", formatdate(usegmt=True)
        attribute = {"Attributes.entry.1.key": "push-endpoint", "Attributes.entry.1.value": NOWHERE}
        form = urlencode({"Action": "CreateTopic", "Name": "tests", **attribute}).encode()
        to_sign = f"POST\n\n{kind}\n{date}\n/"
        digest = hmac.digest(self.secret_key.encode(), to_sign.encode(), "sha1")
        signature = f"AWS {self.access_key}:{base64.b64encode(digest).decode()}"
        headers = {"Date": date, "Content-Type": kind, "Authorization": signature}
        try:
            with urlopen(Request(f"{endpoint}/", form, headers), timeout=30) as answer:
                return ElementTree.parse(answer).findtext(".//{*}TopicArn") or ""
        except OSError as error:
            raise ServerStartError(f"Ceph made no topic for notifications: {error}") from error

    def stop(self) -> None:
        """Tell the script to end its daemons, wait for that, and remove the state."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with contextlib.suppress(BrokenPipeError):
                process.communicate(timeout=SECONDS_TO_STOP)
        if self._state is not None:
            shutil.rmtree(self._state, ignore_errors=True)


def _version() -> str | None:
    """The "16.2.15" out of "ceph version 16.2.15 (618f4408...) pacific (stable)"."""
    said = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=False)
    words = said.stdout.split()
    return words[2] if words[:2] == ["ceph", "version"] else None
