"""The other libraries, imported when a contestant asks for them, and the machine they run on."""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import THREAD_VARIABLES

PACKAGES = ("autograd_lite", "numpy", "micrograd", "torch", "mygrad", "autograd", "jax", "jaxlib", "tinygrad")


def peer(module: str) -> Any:
    """Import a peer's module; the ImportError of one that is not installed is for the harness to report."""
    found = importlib.import_module(module)
    if module == "torch":
        found.set_num_threads(1)
    return found


def jax() -> Any:
    """JAX with float64 on one thread."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    found = peer("jax")
    found.config.update("jax_enable_x64", True)
    found.config.update("jax_platforms", "cpu")
    return found


def torch_compile(function: Any) -> Any:
    """`torch.compile` of a function of tensors of fixed shapes, where there is a C++ compiler."""
    torch = peer("torch")
    needs_program(os.environ.get("CXX"), "g++", "clang++", why="torch.compile needs a C++ compiler")
    return torch.compile(function, dynamic=False)


def tinygrad() -> Any:
    """Tinygrad on its CPU device, which compiles with clang."""
    os.environ.setdefault("DEV", "CPU")
    os.environ["NUM_CPU_THREADS"] = "1"
    found = peer("tinygrad")
    needs_program(os.environ.get("CC"), "clang", why="tinygrad's CPU device needs clang")
    return found


def needs_program(*names: str | None, why: str) -> None:
    """Raise ImportError, which the harness reports, unless one of some programs is installed."""
    if not any(name and shutil.which(name) for name in names):
        raise ImportError(f"{why}: none of {', '.join(filter(None, names))} is on the PATH")


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


def blas() -> str:
    """The library that NumPy was built with, and the threads of each pool that is loaded, as they are found."""
    built: Any = np.show_config(mode="dicts")
    library = built.get("Build Dependencies", {}).get("blas", {})
    name = f"{library.get('name', 'unknown')} {library.get('version', '')}".strip()
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError as error:
        return f"{name}, threads unknown ({error})"
    found = [f"{p['internal_api']} {p['version'] or ''}".strip() + f" with {p['num_threads']}" for p in pools]
    return f"{name}; threads: {', '.join(found) or 'no pool found'}"


def threads() -> str:
    """What was asked for by environment variables, and what torch says."""
    asked = ", ".join(f"{name}={os.environ.get(name, 'not set')}" for name in THREAD_VARIABLES)
    try:
        return f"{asked}; torch {peer('torch').get_num_threads()}"
    except ImportError:
        return asked


def conditions() -> dict[str, str]:
    """What a reader must know to judge the numbers."""
    load = " ".join(f"{x:.2f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "load average at the start": load,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "BLAS of NumPy": blas(),
        "threads": threads(),
    }
