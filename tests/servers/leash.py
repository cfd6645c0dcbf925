"""`python leash.py DIRECTORY PROGRAM ARGUMENT...`: run a program until stdin closes; then end it, remove DIRECTORY.

Stdin closes when the process that holds its other end dies, however it dies. What the program says goes to the file
`log` in the directory; where it ends by itself, that stays. Needs the standard library alone.
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path


def main(directory: Path, command: list[str]) -> int:
    """Run the program; return its status."""
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    let_go = threading.Event()

    def end_with_stdin() -> None:
        os.read(0, 1)
        let_go.set()
        # Everything it kept is thrown away, so nothing needs an orderly end.
        process.kill()

    threading.Thread(target=end_with_stdin, daemon=True).start()
    status = process.wait()
    if let_go.is_set():
        shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
