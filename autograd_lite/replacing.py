"""Writing a file so that there is the old one or the new one, and never half of one."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a new file beside `path`, which takes its place when the body has written it, and goes away if it could not.

    What a symbolic link points to is replaced, not the link; the file keeps its permissions.

    Raises
    ------
    OSError
        If there is no such directory, or `path` is one.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp(), "numbers")
    >>> with replacing(path) as file:
    ...     written = file.write(b"1 2 3")
    >>> path.read_bytes(), len(list(path.parent.iterdir()))
    (b'1 2 3', 1)
    """
    place = Path(os.path.realpath(path))
    beside = place.with_name(f".{place.name[:40]}.{secrets.token_hex(8)}.tmp")
    if place.is_dir() or not place.parent.is_dir():
        fault = errno.EISDIR if place.is_dir() else errno.ENOENT
        raise OSError(fault, os.strerror(fault), os.fspath(path))
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            shutil.copymode(place, beside)
        os.replace(beside, place)
    finally:
        beside.unlink(missing_ok=True)
