"""The program as data: one `Step` for each NumPy call, and the maker that never makes the same step twice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

FLOAT = np.dtype(float)
VIEWS = {"reshape", "transpose", "getitem", "broadcast_to", "windows"}
"""Calls whose result is (or, for a reshape, may be) the same memory seen in another way."""


@dataclass(eq=False, slots=True, repr=False)
class Step:
    """One NumPy call: what is called, on which steps and constants, and the shape and dtype of its result.

    Attributes
    ----------
    call : str
        NumPy's name (``"add"``, ``"add.reduce"``, ``"dot"``, ``"reshape"``), ``"parameter"`` and ``"input"`` for what
        the program is given, or one of the program's own: see `source`.
    args : tuple
        Steps, Python numbers, and arrays that are constants.
    options : dict
        The call's other arguments.
    label : str or Step
        The name of a forward step; for a gradient the step that it is the gradient of.
    """

    call: str
    args: tuple[Any, ...]
    options: dict[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    number: int
    label: Any = ""

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"<step {self.number}: {self.call} {self.shape}>"


class Steps:
    """All steps of a program in the order in which they were made; equal calls are one step."""

    def __init__(self) -> None:
        self.made: list[Step] = []
        self._known: dict[Any, Step] = {}
        self.rows: list[tuple[list[int], Any]] = []  # matrices that were put below one another, by number
        self.in_backward = False

    def make(
        self, call: str, args: tuple[Any, ...], shape: tuple[int, ...], dtype: np.dtype[Any] = FLOAT, /, **options: Any
    ) -> Any:
        """The step of this call; a result without elements is a constant."""
        if 0 in shape and call not in ("parameter", "input"):
            return np.zeros(shape, dtype)
        key = (call, tuple(map(frozen, args)), frozen(options))
        step = self._known.get(key)
        if step is None:
            step = self._known[key] = Step(call, args, options, shape, dtype, len(self.made))
            self.made.append(step)
        return step

    def known(self, call: str, args: tuple[Any, ...], **options: Any) -> Step | None:
        """The step of this call if it was made before."""
        return self._known.get((call, tuple(map(frozen, args)), frozen(options)))


def frozen(x: Any) -> Any:
    """A hashable stand-in: equal for calls that compute the same."""
    if isinstance(x, Step):
        return ("step", x.number)
    if isinstance(x, np.ndarray):
        return ("array", x.shape, x.dtype.str, x.tobytes() if x.size <= 4096 else id(x))
    if isinstance(x, (tuple, list)):
        return tuple(map(frozen, x))
    if isinstance(x, dict):
        return tuple((k, frozen(v)) for k, v in x.items())
    if isinstance(x, slice):
        return ("slice", x.start, x.stop, x.step)
    if isinstance(x, float):
        return ("float", x.hex())
    return (type(x).__name__, x)


def bare(x: Any) -> tuple[Any, tuple[int, ...]]:
    """An operand without its broadcast: a step, a Python number or an array of several numbers; and its full shape."""
    if isinstance(x, Step):
        return (x.args[0] if x.call == "broadcast_to" else x), x.shape
    if isinstance(x, np.ndarray) and x.size:
        return (x.flat[0].item() if is_uniform(x) else x), x.shape
    return (x.item() if isinstance(x, np.generic) else x), np.shape(x)


def is_uniform(x: Any) -> bool:
    """Whether all elements are one number, bit by bit: 0.0 differs from -0.0, and nan equals nan."""
    if not any(x.strides):
        return True
    rows = np.ascontiguousarray(x).view(np.uint8).reshape(x.size, x.itemsize)
    return bool(np.all(rows == rows[0]))


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a step, an array or a number."""
    return x.shape if isinstance(x, Step) else np.shape(x)


def dtype_of(x: Any) -> Any:
    """The dtype of a step or an array, the type of a Python number."""
    return x.dtype if isinstance(x, (Step, np.ndarray, np.generic)) else type(x)
