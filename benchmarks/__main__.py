"""``python -m benchmarks SUBJECT [--quick] [--runs N] [--write] ...``; ``SUBJECT --help`` says what it measures."""

from __future__ import annotations

import signal
import sys
from importlib import import_module

SUBJECTS = {
    "s3": "large and small objects, listings, cold start, on MinIO and Ceph",
    "tls": "the same over TLS, beside curl",
    "list": "listings, a key",
    "many-files": "many files up and down, whole processes, beside s5cmd",
    "memory": "memory over idle",
    "latency": "behind a slow network",
    "overhead": "what the facade costs above the client and the adapter",
    "signing": "presigned URLs, forms",
    "serving": "answering presigned requests, beside MinIO and static files",
    "growth": "a key, a byte, a part at 1, 10 and 100 times as many",
    "embedded": "the embedded store beside obstore's LocalStore and plain files",
}


def main() -> int:
    """Run the subject that is asked for."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in SUBJECTS:
        print(__doc__)
        for subject, what in SUBJECTS.items():
            print(f"  {subject:12} {what}")
        return 0 if name in ("", "-h", "--help") else 2
    # Whoever ends this ends its servers, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import_module(f"benchmarks.subjects.{name.replace('-', '_')}").main(sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
