"""A program that uploads a file, to be interrupted: `python uploading.py < job.json`."""

import json
import signal
import sys

from data_store.object_store import ObjectStore


def main() -> None:
    """Upload as the job on stdin says; say `interrupted` on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
    job = json.load(sys.stdin)
    with ObjectStore(job["config"]) as store:
        try:
            store.upload_file(job["file"], job["key"])
        except KeyboardInterrupt:
            sys.stdout.write("interrupted")


if __name__ == "__main__":
    main()
