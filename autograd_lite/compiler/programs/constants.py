"""The constants of a program as text: numbers where they are used, arrays by name, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite.compiler.programs.naming import Names
from autograd_lite.compiler.programs.steps import FLOAT, is_uniform

LITERAL = 64
"""Elements up to which an array is written in the text; longer ones are handed to the module, or saved beside it."""


class Constants:
    """The named constants of one text.

    Parameters
    ----------
    names : Names
        Where their names are taken from.
    lines : list of str
        Where their definitions are written.
    array : str
        The function that makes an array of a list, as ``"np.array"``.
    longest : int or None
        Elements up to which an array is written in the text; all of them if None.

    Attributes
    ----------
    long : dict of arrays
        Those too long to be written, by name; the text finds them in ``CONSTANTS``.
    has_odd_numbers : bool
        The text says ``inf`` or ``nan``.
    """

    def __init__(self, names: Names, lines: list[str], array: str = "np.array", longest: int | None = LITERAL) -> None:
        self.names = names
        self.lines = lines
        self.array = array
        self.longest = longest
        self.long: dict[str, Any] = {}
        self.has_odd_numbers = False
        self._known: dict[Any, str] = {}

    def text(self, x: Any) -> str:
        """A number, or the name of an array."""
        return self._named(x) if isinstance(x, np.ndarray) and x.ndim else self._literal(x)

    def parameter(self, x: Any) -> str:
        """An operation's parameter, whatever it is."""
        if x is None or isinstance(x, (bool, int, str)) or (isinstance(x, float) and np.isfinite(x)):
            return repr(x)
        name = self.names.free("PARAMETER")
        self.long[name] = x
        self.lines.append(f"{name} = CONSTANTS[{name!r}]")
        return name

    def index(self, index: Any) -> str:
        """An index as it is written between brackets."""
        if isinstance(index, tuple):
            return ", ".join(map(self.index, index)) or "()"
        if isinstance(index, slice):
            parts = ["" if i is None else str(i) for i in (index.start, index.stop, index.step)]
            return ":".join(parts[:2] if index.step is None else parts)
        if isinstance(index, (np.ndarray, list)):
            return self.text(np.asarray(index))
        return "..." if index is Ellipsis else str(index)

    def _literal(self, x: Any) -> str:
        """A number or a nested list of numbers, exactly."""
        text = repr(x.item() if isinstance(x, (np.ndarray, np.generic)) else x)
        self.has_odd_numbers = self.has_odd_numbers or "inf" in text or "nan" in text
        return text

    def _named(self, x: Any) -> str:
        key = (x.shape, x.dtype.str, x.tobytes())
        name = self._known.get(key)
        if name is None:
            is_ones = x.dtype == FLOAT and bool(np.all(x == 1.0))
            kind = "ONES" if is_ones else {"b": "MASK", "i": "INDEX"}.get(x.dtype.kind, "C")
            name = self._known[key] = self.names.free(f"{kind}{len(self._known) + 1}")
            self.lines.append(f"{name} = {self._definition(name, x)}")
        return name

    def _definition(self, name: str, x: Any) -> str:
        module = self.array.split(".")[0]
        if self.longest is not None and x.dtype == FLOAT and (not x.size or is_uniform(x)):
            shape = x.shape[0] if x.ndim == 1 else x.shape
            first = x.flat[0] if x.size else 0.0
            return f"np.ones({shape})" if first == 1 else f"np.full({shape}, {self._literal(first)})"
        if x.dtype.kind == "i" and x.ndim == 1 and x.size > 2 and np.array_equal(x, np.arange(x.size)):
            return f"{module}.arange({x.size})"
        if self.longest is None or x.size <= self.longest:
            kind = {"b": "bool", "i": "np.intp"}.get(x.dtype.kind, "float")
            kind = kind if module == "np" else {"bool": "bool", "np.intp": "int64"}.get(kind, "float64")
            dtype = f", dtype={module}.{kind}" if module != "np" else "" if kind == "float" else f", dtype={kind}"
            return f"{self.array}({self._literal(x.tolist())}{dtype})"
        self.long[name] = np.ascontiguousarray(x)
        return f"CONSTANTS[{name!r}]"
