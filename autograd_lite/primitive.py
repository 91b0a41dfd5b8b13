"""`primitive`: an operation of your own, as a row of the same table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from autograd_lite import functions, protocols
from autograd_lite.operation import TABLE, Trial, array_operation
from autograd_lite.value import Value

__all__ = ["primitive"]


def _forget_earlier_version(title: str, forward: Callable[..., Any]) -> None:
    """Let a cell of a notebook be run again: the same definition replaces itself, and nothing else."""
    row = TABLE.get(title)
    old = getattr(row, "forward", None)
    if old is not None and (old.__module__, old.__qualname__) == (forward.__module__, forward.__qualname__):
        del TABLE[title]


def primitive(
    function: Callable[..., Any] | None = None,
    *,
    vjp: Callable[..., Any] | tuple[Callable[..., Any], ...],
    symbol: str = "",
    name: str = "",
    numpy: tuple[Callable[..., Any], ...] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    trials: tuple[Trial, ...] = (),
    analytic: bool = True,
) -> Callable[..., Any]:
    """Make a NumPy function an operation that differentiates, is checked and is drawn like the built-in ones.

    Parameters
    ----------
    function : callable
        The forward rule: NumPy arrays and floats in, an array or a float out.
    vjp : callable or tuple of callables
        The vector-Jacobian product for each differentiable argument, the leading ones:
        ``(g, y, *inputs, **parameters)``, with the gradient `g` of the value `y`. Write it with operators and NumPy's
        names, and second derivatives work too. Broadcasts of the inputs are summed for you.
    symbol, name : str
        What a picture shows, and the name in the table; the function's name by default.
    numpy : tuple of callables
        NumPy or SciPy functions that are to mean this operation when they get a Value.
    domain : (float, float)
        The interval from which the checks draw inputs.
    trials : tuple of Trial
        How the checks call it; on a scalar and on vectors of 3 by default.
    analytic : bool
        The function is smooth and works on complex numbers, so that the complex step can check it.

    Returns
    -------
    callable
        The function for Values and numbers; it is also a method of `Value`.

    Raises
    ------
    ValueError
        If the table has an operation of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import Value, primitive
    >>> @primitive(symbol="sinc", vjp=lambda g, y, x: g * (np.cos(x) - y) / x)
    ... def sinc(x):
    ...     return np.sin(x) / x
    >>> x = Value(2.0)
    >>> sinc(x).backward()
    >>> round(x.grad, 6)
    -0.435398
    """

    def enter(forward: Callable[..., Any]) -> Callable[..., Any]:
        rules = vjp if isinstance(vjp, tuple) else (vjp,)
        names = list(inspect.signature(forward).parameters)[: len(rules)]
        if len(names) < len(rules):
            raise ValueError(f"primitive: {len(rules)} vjp rules for a function of {len(names)} arguments")
        title = name or forward.__name__.strip("_")
        if title in vars(Value) or title.startswith("_"):
            raise ValueError(f"primitive: {title!r} is a name of Value itself; choose another with name=")
        if not title.isidentifier():
            raise ValueError(f"primitive: {title!r} is not a name; choose one with name=")
        _forget_earlier_version(title, forward)
        row = array_operation(
            vjp=dict(zip(names, rules, strict=True)),
            symbol=symbol,
            name=name,
            numpy=numpy,
            domain=domain,
            trials=trials or (Trial(((),) * len(rules)), Trial(((3,),) * len(rules))),
            analytic=analytic,
        )(forward)
        public = functions.publish(row, row.doc or f"The primitive {row.name}.")
        protocols.learn(row, public)
        return public

    return enter(function) if function is not None else enter
