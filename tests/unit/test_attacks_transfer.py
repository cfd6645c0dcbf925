"""Interrupted and re-entered transfers: nothing is left behind, and nothing waits for itself."""

from __future__ import annotations

import threading

import pytest

from data_store.object_store.executor import Executor
from data_store.object_store.models import MultipartUpload, PutOptions
from data_store.object_store.multipart import Multipart
from data_store.object_store.pace import Pace
from data_store.object_store.progress import Meter
from tests.unit.dict_client import PartsClient, configuration

WAIT = 20  # seconds, after which something hangs


class Interrupting(PartsClient):
    """A client whose caller is interrupted while the server starts an upload."""

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Start an upload; the answer comes after the interruption."""
        upload = super().create_multipart_upload(bucket, key, options)
        answered.wait(WAIT)
        return upload


answered = threading.Event()


class InterruptedExecutor(Executor):
    """Ctrl-C as soon as the request is on its way."""

    def start(self, task):  # type: ignore[no-untyped-def]  # as the base
        """Begin the task, then be interrupted."""
        begun = super().start(task)
        while not begun.running():
            pass
        answered.set()
        raise KeyboardInterrupt


def test_an_upload_interrupted_before_its_id_is_known_is_aborted() -> None:
    """The server has made it by then, and would keep its parts for ever."""
    answered.clear()
    client = Interrupting(configuration())
    client.buckets["b"] = {}
    executor = InterruptedExecutor(1)
    with pytest.raises(KeyboardInterrupt):
        Multipart(client, executor).upload("b", "k", PutOptions(), [], Meter(None, None), lambda: None, Pace(1, 1))
    assert answered.is_set()
    assert client.uploads == {}
    executor.close(lambda: None)


def test_a_task_that_runs_tasks_does_not_wait_for_its_own_thread() -> None:
    """A progress callback may use the store while all threads wait for it."""
    executor = Executor(1)
    outcome: list[list[int]] = []
    running = threading.Thread(
        target=lambda: outcome.extend(executor.run([lambda: executor.run([lambda: 1, lambda: 2])])), daemon=True
    )
    running.start()
    running.join(WAIT)
    assert outcome == [[1, 2]]
    executor.close(lambda: None)
