"""A program that does one thing with a store, to be killed meanwhile: `python working.py < job.json`."""

import json
import sys
from typing import Any

from data_store.object_store import ObjectStore


def main() -> None:
    """Call the method that the job on stdin names."""
    job: dict[str, Any] = json.load(sys.stdin)
    with ObjectStore(job["config"]) as store:
        getattr(store, job["method"])(*job["arguments"])


if __name__ == "__main__":
    main()
