"""`vectorize`: the front of the compiler. A function in, an object out that is called like it and runs as a program."""

from __future__ import annotations

import copy
import functools
import math
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from autograd_lite import modes
from autograd_lite.compiler.front.again import Again
from autograd_lite.compiler.front.batches import Axes, Examples, checked_axes
from autograd_lite.compiler.front.cache import Cache, Call
from autograd_lite.compiler.front.checking import VectorizeError, runs_as_it_is, scalar_run
from autograd_lite.compiler.front.methods import methods_of
from autograd_lite.compiler.front.node import program_node
from autograd_lite.compiler.front.report import report_lines
from autograd_lite.compiler.front.versions import Reshaped, Theta, Version
from autograd_lite.compiler.programs.program import GuardBroken
from autograd_lite.compiler.tracing.arguments import Given, given
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Constant, Value, leaf_of, settled

__all__ = ["VectorizeError", "Vectorized", "vectorize"]

MANY_VERSIONS = 32
"""More ways through one function than these are not compiled."""


def vectorize(
    f: Callable[..., Any] | None = None, *, in_axes: Axes = None, reduce: Literal["mean", "sum"] = "mean"
) -> Any:
    """Turn a function of scalar Values and loops into a program of NumPy's matrix products, forward and backward.

    Parameters
    ----------
    f : callable
        Returns a scalar Value, the cost. Its arguments are numbers, arrays, Values, and lists, tuples and dicts of
        them; anything else is taken as it is. Leaves that exist before the call are its parameters.
    in_axes : int, None or tuple of these, optional
        `f` is the loss of *one example*, and the result its mean over a batch: the axis of each positional argument
        along which its examples lie, None for an argument that all examples share.
    reduce : {"mean", "sum"}
        What becomes of the examples' losses.

    Returns
    -------
    Vectorized
        Called like `f`, it returns a Value like f's: ``backward()`` reaches the parameters.

    Notes
    -----
    The function is called once for each structure of its arguments (shapes, kinds, and what is not a number), with
    Values in place of their numbers: it is *traced*. Other numbers in the same structure run the program.
    What Python decides on the way, as in ``if v > 0``, is checked at each run, and another way is traced when it comes.

    A program must compute what the function computes. The first call is compared with the function's own value; the
    second, and the first on new parameters and on new numbers in each argument, in value and gradient. A difference is
    an error: a number that left the graph (``v.data``), or a random one, has been burnt in. Results equal the
    function's to 1e-10 relative, not to the last bit: sums are added in another order.

    What the function reads beside its arguments, as globals, attributes, or Values in lists, is looked at in each call,
    or now and then if it is much: when it was changed the function is traced again. The function must not change its
    arguments, and what it changes elsewhere is changed only when it is traced or compared.

    Examples
    --------
    >>> from autograd_lite import Value, vectorize
    >>> w, b = Value(0.5, label="w"), Value(0.0, label="b")
    >>> @vectorize
    ... def cost(xs, ys):
    ...     return sum((w * x + b - y) ** 2 for x, y in zip(xs, ys)) / len(xs)
    >>> c = cost([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> c.backward()
    >>> c.data, w.grad, b.grad
    (10.5, -14.0, -6.0)
    """
    in_axes = checked_axes(in_axes)
    if reduce not in ("mean", "sum"):
        raise ValueError(f"reduce={reduce!r}; it must be 'mean' or 'sum'")
    if f is None:
        return functools.partial(vectorize, in_axes=in_axes, reduce=reduce)
    given_f: Any = f
    if isinstance(given_f, (property, functools.cached_property)):
        raise TypeError(f"vectorize takes a function, not {f!r}: write @{type(f).__name__} above @vectorize")
    if not callable(given_f) and not isinstance(given_f, classmethod):
        raise TypeError(
            f"vectorize takes a function, not {f!r}; as a decorator with options write @vectorize(in_axes=0)"
        )
    return Vectorized(f, in_axes, reduce)


class Vectorized:
    """A function that runs as a program; made by `vectorize`.

    It is called like the function. Beside that it has the *bare program*, on all parameters in one flat vector theta:
    nobody's ``data`` or ``grad`` is touched, until `write_back` returns the numbers to the Values.

    Examples
    --------
    >>> from autograd_lite import Value, optim, vectorize
    >>> w, b = Value(0.5), Value(0.0)
    >>> cost = vectorize(lambda xs, ys: sum((w * x + b - y) ** 2 for x, y in zip(xs, ys)))
    >>> data = [1.0, 2.0, 3.0], [3.0, 5.0, 7.0]
    >>> cost(*data).data
    52.5

    An optimiser of `autograd_lite.optim` drives it on one flat leaf:

    >>> theta = Value(cost.theta)
    >>> optimizer = optim.SGD([theta], lr=0.02, momentum=0.9)
    >>> for _ in range(300):
    ...     value, theta.grad = cost.value_and_grad(theta, *data)
    ...     optimizer.step()
    >>> cost.write_back(theta)
    >>> round(w.data, 6), round(b.data, 6)
    (2.0, 1.0)
    """

    __name__: str

    def __init__(self, f: Callable[..., Any], in_axes: Axes = None, reduce: str = "mean") -> None:
        functools.update_wrapper(self, f)
        self._in_axes, self._reduce = in_axes, reduce
        self._function, self._name = f, getattr(f, "__name__", repr(f))
        examples = None if in_axes is None else Examples(f, in_axes, reduce)
        self._run = f if examples is None else examples.over_batch()
        self._cache = Cache(self._name, self._run, examples)
        self._attribute = self._name
        self._owner: Any = None
        self._theta: Any = None
        self._again: Again | None = None
        self._has_warned = False

    def __repr__(self) -> str:
        n = len(self._cache)
        return f"<vectorized {self._name}, {n} program{'s' * (n != 1)}>"

    def __set_name__(self, kind: type, name: str) -> None:
        """As a method: under which name."""
        self._attribute = name

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """As a method: every object has its own programs, for it has its own parameters."""
        try:  # at every call of the method
            known = owner.__vectorized__
            if known.owner is owner:
                return known.of[self]
        except (AttributeError, KeyError):
            pass
        return self._bound(owner, kind)

    def _bound(self, owner: Any, kind: Any) -> Vectorized:
        function: Any = self._function
        if isinstance(function, classmethod):
            owner = kind
        if owner is None or isinstance(function, staticmethod):
            return self
        bound = Vectorized(function.__get__(owner, kind), self._in_axes, self._reduce)
        bound._owner, bound._attribute = owner, self._attribute
        return methods_of(owner, self._attribute).of.setdefault(self, bound)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> Vectorized:
        """The same function, or the method of the object's copy; programs are made anew."""
        if self._owner is not None:
            return getattr(copy.deepcopy(self._owner, memo), self._attribute)  # type: ignore[no-any-return]
        return Vectorized(copy.deepcopy(self._function, memo), self._in_axes, self._reduce)

    def __reduce__(self) -> Any:
        """The function by name, or the method of its object; programs are made anew."""
        if self._owner is not None:
            return getattr, (self._owner, self._attribute)
        names: list[str] = getattr(self, "__qualname__", "").split(".")
        known: Any = sys.modules.get(self.__module__)
        for name in names:
            known = getattr(known, name, None)
        if known is self:
            return ".".join(names)
        return Vectorized, (self._function, self._in_axes, self._reduce)

    # --- called like the function ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's value; the first call of a structure traces."""
        if (modes.tracers and modes.tracer() is not None) or runs_as_it_is():  # inside another one: part of its graph
            return self._run(*args, **kwargs)
        mode = modes.mode() if FLOAT_NAMES["any_mode"] else None
        if mode is not None and (mode.lines is not None or mode.complex_numbers):  # the hunt for nan needs the nodes
            return self._run(*args, **kwargs)
        call = given(args, kwargs), args, kwargs
        recording = mode is None or mode.recording
        versions = self._cache.known(call[0].structure)
        for version in versions:
            if version.program is None:
                return self._as_it_is(version, call)
            try:
                return self._node(version, call, recording)
            except (GuardBroken, Reshaped) as broken:
                if len(versions) >= MANY_VERSIONS:
                    self._warn(version, broken)
        if len(versions) >= MANY_VERSIONS:
            return self._plain(call)
        version, y = self._cache.traced(call)
        return self._as_it_is(version, call) if version.program is None else self._node(version, call, recording, y)

    def _as_it_is(self, version: Version, call: Call) -> Any:
        self._cache.used(version, call[0])
        return self._plain(call)

    def _plain(self, call: Call) -> Any:
        """The value of the function itself, a Constant where it gives a bare number."""
        y = self._run(*call[1], **call[2])
        return Constant(y) if isinstance(y, (int, float, np.generic)) else y

    def _node(self, version: Version, call: Call, recording: bool, traced: float | None = None) -> Any:
        """The value of one call, as a node whose inputs are the parameters."""
        found, args, kwargs = call
        program, unchecked = version.program, version.unchecked
        assert program is not None
        values = version.layout.values(found.parameters)
        theta = version.layout.gather(values)
        changed = unchecked.changed(theta, found.numbers) if unchecked and traced is None else []
        gradients: list[Any] = []
        if (recording and values) or changed:
            value, gradient = program.value_and_grad(theta, *found.numbers)
            gradients = version.layout.split(gradient)
            is_nan = value != value or math.isnan(gradient.dot(gradient))  # nan if any element is
        else:
            value = program.value(theta, *found.numbers)
            is_nan = value != value
        self._cache.used(version, found)
        if is_nan:  # strong zeros, or a function that gives nan: by its own rules
            return self._plain(call)
        if changed and self._cache.verify(version, call, value, gradients):
            unchecked.passed(changed)
        value = value if traced is None else traced
        if not (recording and values):
            return leaf_of(Constant, value)
        return program_node(self._run, value, values, gradients, version.layout.are_scalars, (args, kwargs))

    def _warn(self, version: Version, broken: Exception) -> None:
        """Warn, once, of a function with very many ways through it."""
        if self._has_warned:
            return
        self._has_warned = True
        where = f"what is asked at {', '.join(version.guards[:3])}" if isinstance(broken, GuardBroken) else str(broken)
        warnings.warn(
            f"{self._name} took {MANY_VERSIONS} different ways through its branches, and a program was made for each; "
            f"the last to change was {where}. Other ways run as scalar code from now on. Write the choice as an "
            "operation: autograd_lite.maximum, where, max or take.",
            stacklevel=3,
        )

    # --- the bare program ---

    def value_and_grad(self, theta: Any, *args: Any, **kwargs: Any) -> tuple[float, Theta]:
        """The value and the gradient at theta, all parameters in one flat vector; the Values are left alone.

        Parameters
        ----------
        theta : array_like or Value
            The parameters' numbers, in the order of the property `theta`.
        *args, **kwargs
            The function's arguments.

        Returns
        -------
        float, ndarray
            The gradient has theta's shape, and is the caller's to change.
        """
        cache, again, tried = self._cache, self._again, None
        theta = settled(theta) if isinstance(theta, Value) else theta
        if again is not None and not kwargs and len(args) == again.count:
            try:
                found = again.run(theta, *args)
                if found is not None:
                    self._theta = theta
                    return found  # type: ignore[no-any-return]
            except GuardBroken:
                tried = again.version
        call = given(args, kwargs), args, kwargs
        versions = cache.known(call[0].structure)
        if not versions:
            with cache.lock:  # the Values may hold another thread's theta for a while
                cache.traced(call)
            versions = cache.known(call[0].structure)
        self._theta = theta = cache.flat.checked(theta)
        for version in versions:
            if version is tried:
                continue
            try:
                return self._at(version, theta, call)
            except GuardBroken:
                continue
        with cache.lock, cache.flat.holding(theta, call[0].parameters):
            version, _ = cache.traced(call)
        return self._at(version, cache.flat.checked(theta), call)

    def value(self, theta: Any, *args: Any, **kwargs: Any) -> float:
        """The value at theta, without the gradient; see `value_and_grad`."""
        found, cache = given(args, kwargs), self._cache
        for version in cache.known(found.structure):
            if version.program is not None and not version.unchecked:
                try:
                    value = version.program.value(cache.flat.of(version, cache.flat.checked(theta)), *found.numbers)
                except GuardBroken:
                    continue
                cache.used(version, found)
                return value  # type: ignore[no-any-return]
        return self.value_and_grad(theta, *args, **kwargs)[0]

    def _at(self, version: Version, theta: Theta, call: Call) -> tuple[float, Theta]:
        """One version's value and gradient at theta."""
        found, args, kwargs = call
        cache, unchecked = self._cache, version.unchecked
        is_whole = version in cache.flat.whole
        own = theta if is_whole else cache.flat.of(version, theta)
        value, gradient = math.nan, own
        if version.program is not None:
            value, gradient = version.program.value_and_grad(own, *found.numbers)
        cache.used(version, found)
        if value != value or math.isnan(gradient.dot(gradient)):  # nan if any element is
            with cache.lock, cache.flat.holding(theta, found.parameters):
                run = scalar_run(self._run, args, kwargs, version.layout.values(found.parameters))
            value, gradient = run.value, np.concatenate([np.ravel(g) for g in (*run.gradients, [])])
        elif unchecked and (changed := unchecked.changed(own, found.numbers)):
            with cache.lock, cache.flat.holding(theta, found.parameters):
                if cache.verify(version, call, value, version.layout.split(gradient)):
                    unchecked.passed(changed)
        elif is_whole:
            self._again = Again.of(cache, version, args, self._again)
        return value, gradient if is_whole else cache.flat.spread(version, gradient)

    @property
    def theta(self) -> Theta:
        """The parameters' current numbers in one flat vector."""
        _, found = self._latest()
        return self._cache.flat.layout.gather(self._cache.flat.layout.values(found.parameters))

    @property
    def parameters(self) -> list[Value]:
        """The parameters, in the order of theta."""
        _, found = self._latest()
        return list(self._cache.flat.layout.values(found.parameters))

    def write_back(self, theta: Any = None) -> None:
        """Give the parameters the numbers of theta, or of the last theta that was handed to `value_and_grad`."""
        _, found = self._latest()
        if theta is None and self._theta is None:
            raise ValueError(f"{self._name}: there is no theta to write back; value_and_grad was not called")
        self._cache.flat.write(self._cache.flat.checked(self._theta if theta is None else theta), found.parameters)

    # --- what was made ---

    @property
    def graph(self) -> Value:
        """The array program as a graph of Values, of the version used last: it draws, and it differentiates."""
        return self._rolled().lifted.root  # type: ignore[union-attr]

    @property
    def source(self) -> str:
        """The NumPy program of the version used last, as text."""
        return self._rolled().program.source  # type: ignore[union-attr]

    def source_for(self, target: str) -> str:
        """The program for another library, ``"jax"`` or ``"torch"``, as text."""
        return self._rolled().program.source_for(target)  # type: ignore[union-attr]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the NumPy program as a module, which needs nothing but NumPy."""
        self._rolled().program.save(path)  # type: ignore[union-attr]

    def report(self) -> str:
        """What was found in the scalar graph and what was not, of the version used last."""
        version, found = self._latest()
        return "\n".join(report_lines(self._name, version, len(self._cache.known(found.structure))))

    def _latest(self) -> tuple[Version, Given]:
        if self._cache.latest is None:
            raise RuntimeError(
                f"{self._name} was not called yet: there is no program; call it once, with its arguments"
            )
        return self._cache.latest

    def _rolled(self) -> Version:
        version, _ = self._latest()
        if version.program is None:
            raise RuntimeError(f"{self._name} has no program, it runs as it is: {version.why_not}")
        return version
