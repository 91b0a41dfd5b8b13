"""What the package asks of its arguments, and of libraries that may be missing."""

from __future__ import annotations

import importlib
import operator
from typing import Any


def whole_number(name: str, given: Any, least: int) -> int:
    """Return `given` as an int if it is a whole number of at least `least`."""
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if isinstance(given, bool) or number < least:
        raise ValueError(f"{name} is {given!r}; it must be a whole number, {least} or more")
    return number


def optional(library: str, purpose: str) -> Any:
    """Import a library that only `purpose` needs, or say what to install."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        package = library.partition(".")[0]
        raise ImportError(f"{purpose} needs {package}, which is not here: pip install {package}") from error
