"""`Program`: any graph of Values as a straight-line NumPy program, forward and backward."""

from __future__ import annotations

import functools
import inspect
import itertools
import linecache
import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from autograd_lite.compiler.programs.backward_pass import record
from autograd_lite.compiler.programs.running import running
from autograd_lite.compiler.programs.source import Source
from autograd_lite.compiler.programs.targets import level_functions, source_for
from autograd_lite.compiler.programs.templates import standing_alone
from autograd_lite.compiler.rolling.levels import levels_of
from autograd_lite.replacing import replacing
from autograd_lite.shaping import sum_to
from autograd_lite.value import Value

_count = itertools.count(1)


class GuardBroken(Exception):
    """A comparison came out otherwise than when the program was traced; `number` says which guard."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Program:
    """A graph of Values, compiled: its value and gradient as straight-line NumPy.

    It computes in float64, whatever the dtype of the leaves was.

    Parameters
    ----------
    root : Value
        The result.
    parameters : list of Value
        The leaves to differentiate by; theta is their ravelled numbers one after the other.
    inputs : list of Value
        The leaves that are given at each call. All other leaves are constants.
    guards : list of Guard
        Comparisons ``op, left, right, outcome`` that must come out as they did.
    selections : dict
        For a node, those of its operation's parameters that are inputs: ``{node: {"indices": input}}``.

    Attributes
    ----------
    run : callable
        `value_and_grad` as it is in the text, for those who hold the `lock`: its arrays are there once.

    Examples
    --------
    >>> w, x = Value([1.0, 2.0], label="w"), Value([3.0, 4.0], label="x")
    >>> program = Program((w * x).sum(), [w], [x])
    >>> program.value_and_grad(np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    (17.0, array([5., 6.]))
    """

    def __init__(
        self,
        root: Value,
        parameters: Sequence[Value],
        inputs: Sequence[Value] = (),
        guards: Sequence[Any] = (),
        selections: Mapping[Value, Mapping[str, Value]] | None = None,
    ) -> None:
        self.recording = record(root, parameters, inputs, guards, selections)
        self._source = Source(self.recording)
        self.lock = threading.Lock()
        names: dict[str, Any] = {
            "GuardBroken": GuardBroken,
            "CONSTANTS": self._source.constants,
            "fitted": _fitted,
            "inf": math.inf,
            "nan": math.nan,
            "math": math,
            **self._source.functions,
            "__name__": "autograd_lite.generated",
        }
        filename = f"<autograd_lite program {next(_count)}>"
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        text, given = running(self.source)
        names |= given
        exec(compile(text, filename, "exec"), names)
        self._value = self._without_warnings(names["value"])
        self.run = self._without_warnings(names.get("value_and_grad", _refused))

    def _without_warnings(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of the text, with its `errstate` entered once and for all: in a context of its own."""
        if self._source.functions:  # of users: they may read the caller's context variables
            return function
        context = Context()
        context.run(np.seterr, all="ignore")
        return functools.partial(context.run, inspect.unwrap(function))

    @property
    def source(self) -> str:
        """The text of the NumPy module."""
        return self._source.text

    def value(self, theta: Any, *inputs: Any) -> Any:
        """The result, a float (an array where the root is one)."""
        with self.lock:
            y = self._value(theta, *inputs)
        return y if isinstance(y, np.ndarray) else float(y)

    def value_and_grad(self, theta: Any, *inputs: Any) -> tuple[float, Any]:
        """The result and d(result)/d(theta), a fresh array.

        Raises
        ------
        GuardBroken
            If a guard came out otherwise; its `number` says which.
        """
        with self.lock:
            return self.run(theta, *inputs)  # type: ignore[no-any-return]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program as a module that needs only NumPy; long constants go into a ``.npz`` file beside it.

        Parameters
        ----------
        path : str or path
            The file, as in ``"step.py"``.

        Raises
        ------
        ValueError
            If the graph holds operations that are Python functions of the user's own.
        """
        path = Path(path)
        functions = self._source.functions
        own = [name for name, function in functions.items() if levels_of(function) is None]
        if own:
            raise ValueError(
                f"cannot save the program: {', '.join(own)} are functions of your own, not NumPy's; "
                "write them with autograd_lite's operations, or keep the program in memory"
            )
        texts, constants = level_functions(functions, self.source)
        constants |= self._source.constants
        beside = path.with_suffix(".npz")
        if constants:
            with replacing(beside) as file:
                np.savez(file, **constants)
        has_guards = bool(self.recording.guards)
        text = standing_alone(self.source, self._source.shapes, has_guards, beside.name if constants else "", texts)
        with replacing(path) as file:
            file.write(text.encode())

    def source_for(self, target: str) -> str:
        """The program as a module for another library: the same steps as pure functions, in float64.

        Parameters
        ----------
        target : "jax" or "torch"
            The library. Where a guard is broken, value and gradient are nan.
        """
        if self.recording.gradient is None:
            _refused()
        return source_for(self.recording, target)


def _refused(*_: Any) -> NoReturn:
    raise ValueError("the result is an array: only a scalar has a gradient; reduce it with sum or mean")


def _fitted(x: Any, shape: tuple[int, ...]) -> Any:
    """What a user's rule returned, in the shape it is to have, float64."""
    x = np.asarray(x, dtype=float)
    if x.shape != shape:
        x = np.broadcast_to(x, shape) if x.ndim < len(shape) else sum_to(x, shape)
    return x if shape else x[()]
