"""Libraries that may be missing."""

from __future__ import annotations

import importlib
from typing import Any


def optional(library: str, purpose: str, install: str = "") -> Any:
    """Import a library that only `purpose` needs, or say what to install: by default the library itself."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        package = library.partition(".")[0]
        raise ImportError(f"{purpose} needs {package}, which is not here: pip install {install or package}") from error
