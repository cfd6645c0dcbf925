"""The main job on the embedded store: upload, list, read a range, copy, download.

Run it twice: the second run finds the objects of the first. Set DATA_STORE_CONFIG to run it on another store.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from data_store.object_store import ObjectStore

FILE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "README.md"


def main() -> None:
    """Do each step and print what it did."""
    with ObjectStore() as store:
        print(f"Store:      {store.config.to_url()}")
        before = [found.key for found in store.list_files("first-steps/")]
        print(f"Earlier:    found {len(before)} objects of earlier runs")

        key = f"first-steps/{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}/{FILE.name}"
        stored = store.upload_file(FILE, key, metadata={"uploaded-by": "first steps"})
        print(f"Uploaded:   {FILE.name} as {key} ({stored.size} bytes, ETag {stored.etag})")

        for found in store.list_files("first-steps/"):
            print(f"Listed:     {found.key} ({found.size} bytes)")

        with store.get_object(key, offset=0, length=12) as part:
            print(f"Range:      the first {part.content_length} of {part.size} bytes are {part.body.read()!r}")

        copied = store.copy_object(key, f"{key}.copy", cache_control="max-age=60")
        print(f"Copied:     {copied.key}, still {store.head_object(copied.key).content_type}")

        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory) / "parents" / "are made" / FILE.name
            store.download_file(copied.key, target)
            same = target.read_bytes() == FILE.read_bytes()
            print(f"Downloaded: {copied.key}, {'the same bytes' if same else 'OTHER BYTES'}")

        if store.config.framework == "local":
            print(f"Data:       {Path(store.config.connection.root).resolve()}")
    if not same:
        sys.exit("the download differs from the upload")


if __name__ == "__main__":
    main()
