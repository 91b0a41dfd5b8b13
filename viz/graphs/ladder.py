"""The ladder of sizes: how a graph is drawn that is too large to be drawn as it is. The legend says what was done.

1. A leaf that is used more than 4 times is drawn at each use.
2. A chain of more than 4 additions is drawn as one sum.
3. Above 150 values, what is written on arrows moves to their tooltips (`viz.pictures.dot`).
4. Above 1,000 values, those of one kind become one box with a count (`viz.graphs.rolling`).
5. What takes dot too long is laid out more simply (`viz.pictures.rendering`).
"""

from __future__ import annotations

from viz.graphs.folding import copy_leaves, fold_sums
from viz.graphs.rolling import SHOWN, roll
from viz.graphs.snapshot import Snapshot

__all__ = ["ROLLED_ABOVE", "fitted"]

ROLLED_ABOVE = 1_000
"""A graph of more values is rolled."""


def fitted(graph: Snapshot, shown: str = SHOWN) -> Snapshot:
    """Make a graph small enough to be drawn; a small one stays as it is. `shown` is for the note: see `roll`.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> x = Value(0.0)
    >>> for _ in range(1_000):
    ...     x = (x + 1.0).tanh()
    >>> graph = snapshot(x)
    >>> len(graph), len(fitted(graph))
    (3001, 7)
    """
    if len(graph) > ROLLED_ABOVE:
        return roll(graph, shown=shown)
    return copy_leaves(fold_sums(graph))
