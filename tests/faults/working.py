"""A program that does one thing with a store, to be killed meanwhile: `python working.py < job.json`."""

import json
import sys
from typing import Any

from data_store.object_store import LifecycleRule, ObjectStore


def main() -> None:
    """Call the method that the job on stdin names."""
    job: dict[str, Any] = json.load(sys.stdin, object_hook=_rule)
    with ObjectStore(job["config"]) as store:
        getattr(store, job["method"])(*job["arguments"], **job["options"])


def _rule(values: dict[str, Any]) -> Any:
    """Return the lifecycle rule that ``{"rule": {...}}`` stands for, anything else as it is."""
    return LifecycleRule(**values["rule"]) if "rule" in values else values


if __name__ == "__main__":
    main()
