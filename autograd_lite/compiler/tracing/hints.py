"""Errors that a function raises because its arguments are Values while it is traced, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite.value import Value


def called(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that is traced.

    Raises
    ------
    Exception
        What it raises, with a hint where NumPy or Python say little.
    """
    try:
        return f(*args, **kwargs)
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        hint = _hint(error)
        if not hint:
            raise
        name = getattr(f, "__name__", repr(f))
        text = f"{error}; {name} is traced, and its arguments are Values meanwhile: {hint}"
        raise type(error)(text) from error


def _hint(error: Exception) -> str:
    text = str(error)
    if isinstance(error, AttributeError) and isinstance(error.obj, Value):
        return (
            f"{error.name} is not among their methods and attributes; use the functions of autograd_lite, or hand in "
            "what it gives as an argument"
        )
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], Value):
        return (
            "a dict is asked by a number that was given, not by one that depends on parameters; a table of numbers by "
            "autograd_lite.take(table, i)"
        )
    if "are valid indices" in text:
        return (
            "use autograd_lite.take(table, i, axis=0) for the rows of an array at positions that are an argument, and "
            "autograd_lite.where(mask, table, 0.0) for those that a mask chooses"
        )
    if "setting an array element" in text:
        return "an array of floats cannot hold them; use a list, np.empty(n, dtype=object) or autograd_lite.stack(list)"
    return ""
