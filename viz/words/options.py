"""What an operation was told besides its inputs, in words: ``axis=1``, ``[1:, ::2]``."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from viz.words.escape import one_line, shorten
from viz.words.numbers import number_text, shape_text

__all__ = ["index_text", "option_text", "options_shown"]

OPTION_WIDTH = 24
_MANY = 6
_DEPTH = 3  # [[[1]]] is still told; what lies deeper is not
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # it differs from run to run


def options_shown(op: Operation, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that say something: an axis, and what is not as it is if nothing is said.

    Examples
    --------
    >>> from autograd_lite import TABLE
    >>> options_shown(TABLE["sum"], {"axis": 0, "keepdims": False})
    {'axis': 0}
    """
    return {key: value for key, value in options.items() if _says_something(op, key, value)}


def _says_something(op: Operation, key: str, value: Any) -> bool:
    known = op.signature.parameters
    if value is None:
        return False
    return key == "axis" or key not in known or not _same(value, known[key].default)


def _same(value: Any, default: Any) -> bool:
    """Whether a value is the default; an array is none, and 0 is not False."""
    if default is inspect.Parameter.empty or type(value) is not type(default):
        return False
    return type(value) in (bool, int, float, str, tuple) and bool(repr(value) == repr(default))


def option_text(value: Any, depth: int = _DEPTH) -> str:
    """Spell out one option, briefly.

    Examples
    --------
    >>> option_text((4, 3)), option_text(np.array([0, 2])), option_text(np.zeros((3, 4)))
    ('(4, 3)', '[0, 2]', '(3, 4) float64')
    """
    if isinstance(value, np.ndarray):
        if value.size > _MANY or not value.size:
            return shape_text(value.shape, str(value.dtype))
        return option_text(value.tolist(), depth)
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in (list, tuple):
        return _sequence(value, depth - 1)
    return shorten(one_line(_atom(value)), OPTION_WIDTH)


def _sequence(value: Any, depth: int) -> str:
    if depth < 0:
        return "…"
    parts = [option_text(element, depth) for element in value[:_MANY]] + ["…"] * (len(value) > _MANY)
    if type(value) is list:
        return f"[{', '.join(parts)}]"
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _atom(value: Any) -> str:
    if value is Ellipsis:
        return "..."
    if isinstance(value, slice):
        ends = ["" if end is None else option_text(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, option_text(value.step)])
    if type(value) is float:
        return number_text(value)
    name = getattr(value, "__name__", None)
    if isinstance(name, str):  # a function or a type
        return name
    try:
        return _ADDRESS.sub("", repr(value))
    except Exception:  # an option is anything that an operation takes; the picture is not to fail for its repr
        return type(value).__name__


def index_text(index: Any) -> str:
    """Spell out an index as it is written between brackets.

    Examples
    --------
    >>> index_text((slice(1, None), slice(None, None, 2))), index_text((..., None)), index_text(np.ones(9, bool))
    ('1:, ::2', '..., None', 'mask (9,)')
    """
    if type(index) is tuple:
        return ", ".join(map(index_text, index)) if index else "()"
    array = index if isinstance(index, np.ndarray) else np.empty(0)
    if array.size > _MANY:
        return f"{'mask' if array.dtype == bool else 'indices'} {array.shape}"
    return option_text(index)
