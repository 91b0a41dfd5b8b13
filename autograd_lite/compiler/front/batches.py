"""A function of one example, over a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite import functions as ag
from autograd_lite.compiler.rolling.repeating import Batch
from autograd_lite.compiler.tracing.arguments import Given, given, has_static
from autograd_lite.value import Value

Axes = int | None | tuple[int | None, ...]

FEW = 16
"""How many examples of a large batch are run by the function itself, to compare it with its program."""


def checked_axes(in_axes: Any) -> Axes:
    """What a user gave as `in_axes`; a list is as good as a tuple.

    Raises
    ------
    TypeError
        If an axis is neither an int nor None.
    """
    axes = tuple(in_axes) if isinstance(in_axes, (list, tuple)) else (in_axes,)
    if not all(axis is None or type(axis) is int for axis in axes):
        raise TypeError(f"in_axes={in_axes!r}; an axis is an int, or None for an argument that all examples share")
    return axes if isinstance(in_axes, (list, tuple)) else axes[0]


@dataclass(frozen=True)
class Examples:
    """The loss of one example, and how a batch of them is handed in.

    Attributes
    ----------
    loss : callable
        The loss of one example.
    in_axes : int, None or tuple of these
        The axis of each positional argument along which its examples lie; None for an argument that all share.
    reduce : {"mean", "sum"}
        What becomes of the losses.
    """

    loss: Callable[..., Any]
    in_axes: Axes
    reduce: str

    def over_batch(self) -> Callable[..., Any]:
        """The loop over the batch that one would write.

        Examples
        --------
        >>> Examples(lambda x, y: (x - y) ** 2, 0, "mean").over_batch()([1.0, 2.0], [0.0, 0.0])
        2.5
        """

        @functools.wraps(self.loss)
        def batch(*args: Any, **kwargs: Any) -> Any:
            axes = self.axes(len(args), kwargs)
            m = batch_size(args, axes)
            total = ag.sum([self.loss(*_examples(args, axes, i), **kwargs) for i in range(m)])
            return total / m if self.reduce == "mean" else total

        return batch

    def axes(self, n: int, by_name: Iterable[str] = ()) -> tuple[int | None, ...]:
        """One axis for each of n positional arguments; those by name are shared by all examples.

        Raises
        ------
        ValueError
            If there is another number of them, or all are None.
        """
        axes = self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,) * n
        if len(axes) != n:
            raise ValueError(
                f"in_axes={self.in_axes!r} names {len(axes)} arguments; the function was called with {n}"
                + _named(by_name)
            )
        if all(axis is None for axis in axes):
            raise ValueError(
                f"in_axes={self.in_axes!r}: no argument has an axis of examples; give 0 for one that has"
                + _named(by_name)
            )
        return axes

    def few(self, args: tuple[Any, ...], turn: int) -> tuple[Any, ...] | None:
        """A few examples from all over a batch, others in each turn; None if it has no more than these."""
        axes = self.axes(len(args))
        m = batch_size(args, axes)
        if m <= FEW:
            return None
        return _examples(args, axes, [(i * m // FEW + turn) % m for i in range(FEW)])

    def one(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Given, Batch] | None:
        """The first example, and how the batch is made of such; None if that is more than a repetition."""
        axes = self.axes(len(args), kwargs)
        m = batch_size(args, axes)
        first = _examples(args, axes, 0)
        shapes: list[tuple[int, ...]] = []
        places: list[int | None] = []
        for one, all_of_them, axis in zip(first, args, axes, strict=True):
            part, whole = given((one,), {}), given((all_of_them,), {})
            if axis is not None and (
                part.parameters or has_static(part.structure) or not all(map(np.ndim, whole.numbers))
            ):
                return None  # what is no number may differ from example to example
            place = [None if axis is None else axis % x.ndim for x in whole.numbers]
            if not _repeats(part, whole, place):
                return None
            shapes += [x.shape for x in whole.numbers]
            places += place
        shared = given((), kwargs).numbers
        shapes += [x.shape for x in shared]
        places += [None] * len(shared)
        return given(first, kwargs), Batch(m, tuple(shapes), tuple(places), self.reduce == "mean")


def _named(names: Iterable[str]) -> str:
    told = ", ".join(names)
    return told and f". In this call {told} came by name, which all examples share: give what has an axis by position"


def _repeats(part: Given, whole: Given, places: list[int | None]) -> bool:
    """Whether the numbers of a batch are those of one example with an axis more."""
    if len(part.numbers) != len(places):
        return False
    shapes = [
        x.shape if axis is None else (*x.shape[:axis], *x.shape[axis + 1 :])
        for x, axis in zip(whole.numbers, places, strict=True)
    ]
    return shapes == [x.shape for x in part.numbers]


def batch_size(args: tuple[Any, ...], axes: tuple[int | None, ...]) -> int:
    """How many examples there are.

    Raises
    ------
    ValueError
        If the arguments differ in it, or there is none.
    """
    sizes = {i: _length(x, axis) for i, (x, axis) in enumerate(zip(args, axes, strict=True)) if axis is not None}
    if len(set(sizes.values())) != 1 or not min(sizes.values()):
        told = ", ".join(f"argument {i} has {n}" for i, n in sizes.items())
        raise ValueError(f"the batch needs one number of examples, at least 1: {told}; in_axes says along which axis")
    return next(iter(sizes.values()))


def _length(x: Any, axis: int) -> int:
    """How many examples an argument holds."""
    if isinstance(x, dict):
        lengths = {_length(item, axis) for item in x.values()}
        if len(lengths) != 1:
            raise ValueError(f"the items of a dict hold {sorted(lengths)} examples; they must hold one number of them")
        return lengths.pop()
    if isinstance(x, (np.ndarray, Value)):
        if not -x.ndim <= axis < x.ndim:
            raise ValueError(f"an argument of shape {x.shape} has no axis {axis} along which its examples could lie")
        return x.shape[axis]
    if not isinstance(x, (list, tuple)) or axis:
        what = f"a {type(x).__name__}" + (f" along axis {axis}" if axis else "")
        raise TypeError(f"{what} holds no examples: use an array, a list with in_axes=0, or None if all share it")
    return len(x)


def _examples(args: tuple[Any, ...], axes: tuple[int | None, ...], i: Any) -> tuple[Any, ...]:
    """The arguments for example i, or for several examples."""
    return tuple([x if axis is None else _example(x, axis, i) for x, axis in zip(args, axes, strict=True)])


def _example(x: Any, axis: int, i: Any) -> Any:
    """Example i of an argument, or several; of a dict that of each of its items."""
    if isinstance(x, dict):
        return {key: _example(item, axis, i) for key, item in x.items()}
    if isinstance(x, (np.ndarray, Value)):
        return x[(slice(None),) * (axis % x.ndim) + (i,)]
    return type(x)(x[k] for k in i) if isinstance(i, list) else x[i]
