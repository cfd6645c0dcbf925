"""MinIO in a container, through testcontainers."""

import gc
import os
import warnings
from typing import TYPE_CHECKING, cast

from tests.servers.server import KMS_KEY, KMS_KEY_IN_BASE64, NOWHERE, RealServer, Server, ServerStartError

if TYPE_CHECKING:
    from testcontainers.community.minio import MinioContainer
    from testcontainers.core.docker_client import DockerClient

IMAGE_VARIABLE = "DATA_STORE_MINIO_IMAGE"
DEFAULT_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
PORT = 9000

# MinIO encrypts with SSE-S3 and SSE-KMS, and takes notifications, only where it is given a key and a target. With a
# directory for events it starts although nobody answers there.
NOTIFICATION_TARGET = "arn:minio:sqs::TESTS:webhook"
SETTINGS = {
    "MINIO_KMS_SECRET_KEY": f"{KMS_KEY}:{KMS_KEY_IN_BASE64}",
    "MINIO_NOTIFY_WEBHOOK_ENABLE_TESTS": "on",
    "MINIO_NOTIFY_WEBHOOK_ENDPOINT_TESTS": NOWHERE,
    "MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_TESTS": "/events",
}

# No second container to watch over the first (it would have to be pulled too); the mapped port on loopback.
TESTCONTAINERS_SETTINGS = {
    "TESTCONTAINERS_RYUK_DISABLED": "true",
    "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
    "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
}


def image() -> str:
    """The name of the image to start: the environment's `DATA_STORE_MINIO_IMAGE`, else the default."""
    return os.environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE


class MinioServer(RealServer):
    """MinIO on one volume that ends with its container. Docker pulls the image where it has none."""

    name = "minio"
    title = "MinIO"

    def __init__(self) -> None:
        super().__init__()
        self._container: MinioContainer | None = None

    @classmethod
    def why_unavailable(cls) -> str | None:
        """None where a Docker daemon answers, asked as the container will be started."""
        os.environ.update(TESTCONTAINERS_SETTINGS)
        try:
            from testcontainers.core.docker_client import DockerClient
        except ImportError:
            return (
                "MinIO is started in Docker by the Python package testcontainers, which is not installed here. "
                "To get it, in the checkout: pip install -e '.[test]'"
            )
        if _docker_answers(DockerClient):
            return None
        return (
            "MinIO runs in Docker, and no Docker daemon answers here. To get it: install Docker (Debian, Ubuntu: "
            f"apt-get install docker.io) and start it. The image {image()} is pulled; "
            f"{IMAGE_VARIABLE} names another"
        )

    def start(self) -> Server:
        """Start the container; about two seconds, where the image need not be pulled."""
        os.environ.update(TESTCONTAINERS_SETTINGS)
        from docker.errors import DockerException  # type: ignore[import-untyped]  # docker ships no types

        try:
            self._container = self._make_container()
            self._container.start()
            port = self._container.get_exposed_port(PORT)
        except (DockerException, OSError, RuntimeError) as error:
            raise ServerStartError(f"MinIO did not start from the image {image()}: {error}") from error
        labels = self._container.get_wrapped_container().labels
        return Server(
            self.name,
            f"http://127.0.0.1:{port}",
            self.access_key,
            self.secret_key,
            labels.get("version"),
            KMS_KEY,
            NOTIFICATION_TARGET,
        )

    def stop(self) -> None:
        """Remove the container and its volume."""
        container, self._container = self._container, None
        if container is not None:
            container.stop()

    def _make_container(self) -> "MinioContainer":
        from testcontainers.community.minio import MinioContainer
        from testcontainers.core.wait_strategies import HttpWaitStrategy

        container = MinioContainer(image(), PORT, self.access_key, self.secret_key)
        container.with_envs(MINIO_ROOT_USER=self.access_key, MINIO_ROOT_PASSWORD=self.secret_key, **SETTINGS)
        # Docker publishes on all interfaces unless the binding names one.
        container.ports = cast("dict[str, int | None]", {f"{PORT}/tcp": ("127.0.0.1", None)})
        # /minio/health/live, for which testcontainers waits, answers before requests for objects are served.
        return container.waiting_for(HttpWaitStrategy(PORT, "/minio/health/cluster"))


def _docker_answers(client: "type[DockerClient]") -> bool:
    from docker.errors import DockerException

    with warnings.catch_warnings():
        # docker-py leaves the socket of a refused connection to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            daemon = client().client
            daemon.ping()
            daemon.close()
        except (DockerException, OSError):
            answers = False
        else:
            answers = True
        gc.collect()
    return answers
