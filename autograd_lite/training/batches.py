"""Examples in batches, and a part of them held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_lite.numbers import whole_number
from autograd_lite.seeds import Seed, generator
from autograd_lite.value import Value


class Batches:
    """Go through arrays of as many examples in batches; each iteration is one epoch.

    Parameters
    ----------
    *arrays : array_like, shape (m, ...)
        m examples each along `axis`, as X and y: arrays of any dtype, object arrays of Values, `Constant(X)`. They are
        kept, not copied, and never changed: a batch holds copies.
    batch_size : int or None
        Examples in a batch; None: all of them.
    axis : int
        The axis of the examples in every array; 1 where columns are examples, as in the course. A negative axis counts
        from the end: -1 suits X of shape (n, m) with y of shape (1, m) and of shape (m,).
    shuffle : bool
        Take the examples in a new random order at each epoch, else as they stand.
    seed : int, Generator or None
        Where the orders come from: equal seeds give equal orders.
    drop_last : bool
        Leave out the last batch of an epoch if it has fewer than `batch_size` examples.

    Yields
    ------
    tuple of array, shape (batch_size, ...)
        The same examples of every array; as with `zip`, a tuple for a single array too.

    Raises
    ------
    ValueError
        For arrays of different lengths along the axis, or without it; for no array, no examples, a batch_size below 1,
        or if `drop_last` leaves no batch.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> batches = Batches(X, y, batch_size=2, seed=0)
    >>> batches
    Batches(5 examples in 3 batches of up to 2)
    >>> for epoch in range(2):
    ...     print([rows.tolist() for _, rows in batches])
    [[2, 4], [3, 0], [1]]
    [[4, 1], [2, 0], [3]]

    Columns are examples:

    >>> [columns.shape for columns, _ in Batches(X.T, y, batch_size=2, axis=-1)]
    [(2, 2), (2, 2), (2, 1)]
    """

    def __init__(
        self,
        *arrays: Any,
        batch_size: int | None = 32,
        axis: int = 0,
        shuffle: bool = True,
        seed: Seed = None,
        drop_last: bool = False,
    ) -> None:
        self.arrays, self.examples = _equally_long(arrays, axis)
        self.axis = axis
        self.batch_size = self.examples if batch_size is None else whole_number("batch_size", batch_size)
        self.shuffle = shuffle
        self.rng = generator(seed)
        self.drop_last = drop_last
        if not len(self):
            raise ValueError(
                f"drop_last leaves no batch: {self.examples} examples do not fill one of {self.batch_size}"
            )

    def __len__(self) -> int:
        full, rest = divmod(self.examples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = self.rng.permutation(self.examples) if self.shuffle else np.arange(self.examples)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield _taken(self.arrays, order[start : start + self.batch_size], self.axis)

    def sizes(self) -> list[int]:
        """How many examples each batch of an epoch has."""
        ends = [min(self.batch_size * k, self.examples) for k in range(len(self) + 1)]
        return np.diff(ends).tolist()

    def __repr__(self) -> str:
        return f"Batches({self.examples} examples in {len(self)} batches of up to {self.batch_size})"


def split(
    *arrays: Any, held_out: float = 0.2, axis: int = 0, seed: Seed = None
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Divide examples at random into those to train on and those held out.

    Parameters
    ----------
    *arrays : array_like, shape (m, ...)
        m examples each along `axis`, as X and y.
    held_out : float or int
        How many to hold out: a share between 0 and 1, rounded to whole examples, or an int, their number.
    axis : int
        The axis of the examples in every array, as for `Batches`: 1 where columns are examples, as in the course.
    seed : int, Generator or None
        Where the random order comes from.

    Returns
    -------
    (training, held_out) : two tuples of arrays
        Copies of the examples of every array. No example is in both, and every one is in one of them.

    Raises
    ------
    ValueError
        For arrays of different lengths along the axis, or without it; if either part would be empty.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> (X_train, y_train), (X_test, y_test) = split(X, y, held_out=0.4, seed=0)
    >>> y_train, y_test
    (array([3, 0, 1]), array([2, 4]))
    """
    arrays, examples = _equally_long(arrays, axis)
    count = round(held_out * examples) if isinstance(held_out, (float, np.floating)) else held_out
    if not 0 < whole_number("held_out", count, least=0) < examples:
        raise ValueError(
            f"held_out is {held_out!r}: that holds out {count} of {examples} examples, and leaves a part empty"
        )
    order = generator(seed).permutation(examples)
    return _taken(arrays, order[count:], axis), _taken(arrays, order[:count], axis)


def _taken(arrays: tuple[Any, ...], examples: Any, axis: int) -> tuple[Any, ...]:
    """Copies of some examples of every array."""
    return tuple(np.take(array, examples, axis=axis) for array in arrays)


def _equally_long(arrays: tuple[Any, ...], axis: int) -> tuple[tuple[Any, ...], int]:
    """Return the arrays and how many examples they hold, or refuse them; Values stay Values."""
    if not arrays:
        raise ValueError("no arrays were given; examples come in at least one, as Batches(X, y)")
    arrays = tuple(a if isinstance(a, (np.ndarray, Value)) else np.asarray(a) for a in arrays)
    shapes = [a.shape for a in arrays]
    if () in shapes:
        raise ValueError(f"array {shapes.index(()) + 1} is a single number; arrays of examples have an axis for them")
    for place, shape in enumerate(shapes, start=1):
        if not -len(shape) <= axis < len(shape):
            raise ValueError(
                f"array {place} of shape {shape} has no axis {axis}; axis=-1 is the last one of each array"
            )
    lengths = [shape[axis] for shape in shapes]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"the arrays have different lengths along axis {axis}: {', '.join(map(str, lengths))}; that axis is of the "
            "examples: 0 where rows are examples, 1 or -1 where columns are"
        )
    if not lengths[0]:
        raise ValueError(f"there are no examples: the arrays have length 0 along axis {axis}")
    return arrays, lengths[0]
