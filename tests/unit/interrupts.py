"""Ctrl-C at every place where it can come."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

__all__ = ["interrupted_everywhere", "is_in_destructor"]


def interrupted_everywhere(run: Callable[[], object]) -> int:
    """Run again and again, interrupted one step later each time, until it ends undisturbed; return how many steps.

    A step is the entry of a Python function, or the return of one of C: there CPython looks for signals. The first run
    is undisturbed: what is cached from then on takes no steps.
    """
    run()
    step = 1
    while _is_interrupted(run, step):
        step += 1
    gc.collect()
    return step - 1


def is_in_destructor(frame: FrameType | None) -> bool:
    """Return whether this runs in a destructor, perhaps of garbage of another test: what is raised there is lost."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


def _is_interrupted(run: Callable[[], object], step: int) -> bool:
    left = step

    def interrupt(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        left -= event in ("call", "c_return") and not is_in_destructor(frame)
        if left == 0:
            raise KeyboardInterrupt

    before = sys.getprofile()
    try:
        sys.setprofile(interrupt)
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False
