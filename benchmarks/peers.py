"""The other libraries, imported when a contestant asks for them, and the machine they run on."""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PACKAGES = ("autograd_lite", "numpy", "micrograd", "torch", "mygrad", "autograd", "jax")


def peer(module: str) -> Any:
    """Import a peer's module; the ImportError of one that is not installed is for the harness to report."""
    found = importlib.import_module(module)
    if module == "torch":
        found.set_num_threads(1)
    return found


def version(package: str) -> str:
    """The installed version, or 'missing'."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        return getattr(importlib.import_module(package), "__version__", "version unknown")
    except ImportError:
        return "missing"


def cpu_model() -> str:
    """The processor's name, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def conditions() -> dict[str, str]:
    """What a reader must know to judge the numbers."""
    load = " ".join(f"{x:.2f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "load average at the start": load,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "threads": "1 for BLAS, OpenMP and torch",
    }
