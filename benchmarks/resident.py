"""How much memory this process has, by the operating system: what libraries allocate outside of Python counts too."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _status(field: str) -> int:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def peak_bytes() -> int:
    """The greatest memory of this process; `getrusage` would begin with that of the process that started it."""
    if STATUS.exists():
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def growth(run: Callable[[], Any]) -> int:
    """By how many bytes the memory grows at most while `run` runs; Linux alone can tell."""
    if not CLEAR.exists():
        raise ImportError("the peak of the memory can be reset only on Linux")
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text("5")  # the peak begins anew: see proc(5)
    before = _status("VmRSS")
    run()
    return peak_bytes() - before
