"""Derivatives of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`.

All of them call the function once on fresh Values, walk its graph, and leave everyone's ``grad`` alone. They nest:
inside a derivative, a derivative is computed on Values and has a graph of its own, so ``grad(grad(f))`` is the second
derivative. At the outside, plain numbers come back; where an argument is a Value, Values come back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.backward import cotangents, zeros_like
from autograd_lite.functions import stack
from autograd_lite.rows import rows_of
from autograd_lite.value import Constant, Value, settled

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]

_inside: ContextVar[bool] = ContextVar("inside a derivative", default=False)


# --- arguments: numbers, arrays, and lists, tuples and dicts of them --------------------------------------------------


def _map(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same structure, with `function` of every number, array or Value in it."""
    if isinstance(tree, dict):
        return {key: _map(function, branch) for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_map(function, branch) for branch in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(_map(function, branch) for branch in tree)
    return function(tree)


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    _map(found.append, tree)
    return found


def _filled(tree: Any, leaves: list[Any]) -> Any:
    """The same structure, with `leaves` in place of its leaves, in order."""
    remaining = iter(leaves)
    return _map(lambda _: next(remaining), tree)


def _fresh(x: Any) -> Value:
    """A variable of our own: a leaf, or a node after the caller's Value, through which its gradient goes on."""
    if isinstance(x, Value):
        return +x if type(x) is Value else Value(x._data, x.label)
    return Value(x)


# --- one call of the function ----------------------------------------------------------------------------------------


class _Trace:
    """One call of `f` on fresh variables: what came out, and how to send gradients back."""

    def __init__(self, f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: tuple[int, ...]) -> None:
        if not all(isinstance(n, int) and -len(args) <= n < len(args) for n in argnums):
            raise ValueError(f"argnums={argnums}, but the function was called with {len(args)} positional arguments")
        self.picked = [args[n] for n in argnums]
        self.on_values = _inside.get() or any(isinstance(x, Value) for x in _leaves(self.picked))
        with _nested(), modes.recording():
            variables = [_map(_fresh, arg) for arg in self.picked]
            self.variables: list[Value] = _leaves(variables)
            changed = list(args)
            for n, variable in zip(argnums, variables, strict=True):
                changed[n] = variable
            self.output = _map(_joined, f(*changed, **kwargs))

    def pull(self, output: Any, seed: Any) -> list[Any]:
        """The gradients of `output`, for each variable: numbers outside, Values inside a derivative."""
        with modes.recording():
            return self._pull(output, seed)

    def rows(self, output: Any) -> list[Any]:
        """For each variable the gradients of each element of `output`, one after the other."""
        n, shape = output.size, output.shape
        seeds = np.eye(n).reshape(n, *shape)
        if n and isinstance(output, Value) and not self.on_values:
            with modes.recording():
                return rows_of(output, self.variables, seeds)
        pulled = [self.pull(output, seed) for seed in seeds]
        return [
            np.stack([row[k] for row in pulled]) if pulled else np.zeros((0, *x.shape))
            for k, x in enumerate(self.variables)
        ]

    def _pull(self, output: Any, seed: Any) -> list[Any]:
        if not isinstance(output, Value):
            return [zeros_like(x) for x in self.variables]
        if self.on_values and not isinstance(seed, Value):
            seed = Constant(seed)
        gradients = cotangents(output, self.variables, seed)
        if isinstance(seed, Value):
            return [g if isinstance(g, Value) else Constant(g) for g in gradients]
        return [_own(g) for g in gradients]

    def returned(self, y: Any) -> Any:
        """The function's value as the caller gets it."""
        return y if self.on_values or not isinstance(y, Value) else settled(y)


@contextmanager
def _nested() -> Iterator[None]:
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def _own(g: Any) -> Any:
    """A gradient that its receiver may write to."""
    return np.array(g) if isinstance(g, np.ndarray) else g


def _joined(y: Any) -> Any:
    """An output as a Value or a number: an array of Values is joined."""
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        return np.reshape(stack(list(y.flat)), y.shape)
    if not isinstance(y, (Value, np.ndarray, float, int, np.number)):
        raise TypeError(f"the function returned {y!r}; a derivative needs Values, numbers or arrays")
    return y


def _scalar(y: Any, what: str) -> Any:
    if isinstance(y, (list, tuple, dict)):
        raise TypeError(f"{what} needs a function with one value; this one returned a {type(y).__name__}: use jacobian")
    if np.shape(y):
        raise ValueError(
            f"{what} needs a function with a scalar value; this one gave shape {np.shape(y)}: use jacobian"
        )
    return y


def _as_tuple(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return argnums if isinstance(argnums, tuple) else (argnums,)


# --- the public functions ---------------------------------------------------------------------------------------


def value_and_grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return a function that computes f and its gradient.

    Parameters
    ----------
    f : callable
        Takes numbers, arrays, and nested lists, tuples and dicts of them; returns a scalar.
    argnums : int or tuple of int
        The position of the argument to differentiate, or several.

    Returns
    -------
    callable
        With f's arguments; returns ``(value, gradient)``. The gradient has the argument's structure and shapes; for a
        tuple of positions it is a tuple.

    Raises
    ------
    ValueError
        If f's value is not a scalar, or there is no such position.

    Examples
    --------
    >>> f = lambda p, x: p["w"] * x + p["b"]
    >>> value_and_grad(f)({"w": 3.0, "b": 1.0}, 2.0)
    (7.0, {'w': 2.0, 'b': 1.0})
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, _as_tuple(argnums))
        y = _scalar(trace.output, "grad")
        gradients = _filled(trace.picked, trace.pull(y, 1.0))
        return trace.returned(y), tuple(gradients) if isinstance(argnums, tuple) else gradients[0]

    return wrapped


def grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return a function that computes the gradient of f; see `value_and_grad`.

    Examples
    --------
    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(grad(grad(lambda x: x ** 3)))(2.0)
    6.0
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return value_and_grad(f, argnums)(*args, **kwargs)[1]

    return wrapped


def jacobian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return a function that computes the matrix of all first derivatives, by a backward pass for all outputs at once.

    Parameters
    ----------
    f : callable
        Its value may be a number, an array, or a nested list, tuple or dict of them.
    argnums : int or tuple of int
        The position of the argument to differentiate, or several.

    Returns
    -------
    callable
        For an output of shape ``out`` and an argument of shape ``in`` an array of shape ``out + in``. Where either is
        a list, tuple or dict, so is the result: the output's structure outside, the argument's inside.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: np.stack([x[0] * x[1], x[0] + x[1]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 1.]])
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, _as_tuple(argnums))

        def rows(y: Any) -> Any:
            filled = _filled(trace.picked, _jacobian_rows(trace, y))
            return tuple(filled) if isinstance(argnums, tuple) else filled[0]

        return _map(rows, trace.output)

    return wrapped


def _jacobian_rows(trace: _Trace, y: Any) -> list[Any]:
    """For each variable the derivatives of one output, of shape ``out + in``."""
    shape = np.shape(y)
    if not shape:
        return trace.pull(y, 1.0)
    return [np.reshape(rows, shape + x.shape) for rows, x in zip(trace.rows(y), trace.variables, strict=True)]


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return a function that computes the matrix of all second derivatives of a scalar function.

    Returns
    -------
    callable
        For an argument of shape ``s`` an array of shape ``s + s``; for a list of numbers a list of lists.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def vjp(f: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Vector-Jacobian product: f's value, and the function that pulls a gradient of it back to the arguments.

    Parameters
    ----------
    f : callable
        Returns a number or an array.
    *primals : number, array, or nested list, tuple or dict of them
        The arguments.

    Examples
    --------
    >>> y, pull = vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> y, pull(10.0)
    (6.0, (30.0, 20.0))
    """
    trace = _Trace(f, primals, {}, tuple(range(len(primals))))
    _one("vjp", trace.output)

    def pull(gradient: Any) -> tuple[Any, ...]:
        if np.shape(gradient) != np.shape(trace.output):
            raise ValueError(f"vjp: the gradient has shape {np.shape(gradient)}, the value {np.shape(trace.output)}")
        seed = gradient if isinstance(gradient, Value) else Value(gradient)._data
        return tuple(_filled(trace.picked, trace.pull(trace.output, seed)))

    return trace.returned(trace.output), pull


def jvp(f: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Jacobian-vector product: f's value, and its change when the arguments move along `tangents`.

    The vector-Jacobian product is linear in its vector; differentiating it with respect to that vector transposes it
    (J. Townsend, "A new trick for calculating Jacobian vector products", 2017). No second set of rules is needed.

    Parameters
    ----------
    f : callable
        Returns a number or an array.
    primals, tangents : tuple
        The arguments, and a direction for each, of the same structure and shapes.

    Raises
    ------
    ValueError
        If a tangent's shape is not its primal's.

    Examples
    --------
    >>> jvp(lambda a, b: a * b, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    trace = _Trace(f, tuple(primals), {}, tuple(range(len(primals))))
    directions = _aligned("jvp", list(primals), list(tangents))
    y = _one("jvp", trace.output)
    if not isinstance(y, Value):
        return y, zeros_like(Value(y))
    on_values = trace.on_values or any(isinstance(t, Value) for t in directions)
    vector = Value(np.ones(y.shape))
    with modes.recording():
        change = _inner(cotangents(y, trace.variables, vector), directions)
    if not isinstance(change, Value):
        return trace.returned(y), zeros_like(y)
    with modes.recording():
        (result,) = cotangents(change, [vector], Constant(1.0) if on_values else 1.0)
    return trace.returned(y), result if on_values else _own(result)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """Hessian-vector product of a scalar function, for the price of two backward passes instead of a Hessian.

    Parameters
    ----------
    f : callable
        A scalar function of one argument.
    x, v : number, array, or nested list, tuple or dict of them
        The point and the direction, of the same structure and shapes.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1], [2.0, 3.0], [1.0, 0.0])
    [6.0, 4.0]
    """
    directions = _aligned("hvp", x, v)
    return grad(lambda x: _inner(_leaves(grad(f)(x)), directions))(x)


def _one(name: str, y: Any) -> Any:
    if isinstance(y, (list, tuple, dict)):
        raise TypeError(f"{name} needs a function with one value; this one returned a {type(y).__name__}")
    return y


def _aligned(name: str, points: Any, directions: Any) -> list[Any]:
    """The directions in the order of the points, if they have their structure and shapes."""
    if isinstance(points, dict) and isinstance(directions, dict) and points.keys() == directions.keys():
        pairs = [(points[key], directions[key]) for key in points]
    elif isinstance(points, (list, tuple)) and isinstance(directions, (list, tuple)) and len(points) == len(directions):
        pairs = list(zip(points, directions, strict=True))
    elif isinstance(points, (dict, list, tuple)) or isinstance(directions, dict):
        raise ValueError(f"{name}: the directions {directions!r} do not have the structure of the arguments {points!r}")
    elif np.shape(points) != np.shape(directions):
        raise ValueError(f"{name}: a direction has shape {np.shape(directions)}, its argument {np.shape(points)}")
    else:
        return [directions]
    return [leaf for point, direction in pairs for leaf in _aligned(name, point, direction)]


def _inner(gradients: list[Any], directions: list[Any]) -> Any:
    """The sum over all numbers of gradient times direction."""
    products = [np.sum(g * t) for g, t in zip(gradients, directions, strict=True)]
    return functools.reduce(lambda a, b: a + b, products, 0.0)
