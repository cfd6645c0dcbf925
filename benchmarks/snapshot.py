"""The code that is measured, as it was when the command began: an edit meanwhile must not change it half-way."""

from __future__ import annotations

import atexit
import compileall
import shutil
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


@cache
def snapshot(checkout: Path = CHECKOUT) -> Path:
    """Return a directory with a checkout's ``data_store`` and these benchmarks, compiled, for as long as this runs.

    What they import is compiled, too, as pip does unless it is told not to: a cold start would be the compiler's time.
    """
    directory = Path(tempfile.mkdtemp(prefix="data-store-bench-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for package in (checkout / "data_store", CHECKOUT / "benchmarks"):
        shutil.copytree(package, directory / package.name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    compileall.compile_dir(directory, quiet=1)
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    return directory
