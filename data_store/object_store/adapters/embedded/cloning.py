"""Files that share their blocks until one of them is written (reflinks): Btrfs, XFS, bcachefs."""

from __future__ import annotations

import struct
import sys

from data_store.object_store.files import FileRange

if sys.platform == "linux":
    import fcntl

__all__ = ["clone"]

_FICLONERANGE = 0x4020940D  # ioctl_ficlonerange(2): _IOW(0x94, 13, struct file_clone_range)


def clone(source: FileRange, target: int) -> bool:
    """Have an empty file share the blocks of a range of another file, if both lie on a file system that can.

    Returns:
        Whether it does; if not, the file is as it was.
    """
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, _FICLONERANGE, struct.pack("=qQQQ", source.fd, source.offset, source.size, 0))
    except OSError:  # another file system, one that has no such thing, or a range that ends within a block
        return False
    return True
