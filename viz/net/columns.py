"""A chain of linear layers as columns of neurons: their weights, biases, activations, and the numbers of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import data_of, grad_of, nn
from autograd_lite.cells import is_cells, operand
from viz.graphs.snapshot import Snapshot
from viz.net.calls import sources_of
from viz.net.modules import Part

__all__ = ["Column", "columns_of", "run_columns", "seen_columns"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Column:
    """A linear layer with the functions after it.

    Attributes
    ----------
    linear : Linear
        The layer.
    functions : tuple
        What is applied to its output: modules or functions.
    activation : str
        Their names; '' if there are none.
    """

    linear: nn.Linear
    functions: tuple[Callable[..., Any], ...] = ()
    activation: str = ""

    @property
    def weight(self) -> Floats:
        """The weights (n_in, n_out)."""
        numbers = np.asarray(data_of(self.linear.weight), float)
        return numbers.T if self.linear.columns else numbers

    @property
    def weight_gradient(self) -> Floats | None:
        """The gradients of the weights (n_in, n_out); None if there are none."""
        gradient = grad_of(self.linear.weight)
        if gradient is None:
            return None
        return np.asarray(gradient, float).T if self.linear.columns else np.asarray(gradient, float)

    @property
    def bias(self) -> Floats | None:
        """The biases (n_out,); None if there are none."""
        return None if self.linear.bias is None else np.ravel(np.asarray(data_of(self.linear.bias), float))


def columns_of(model: Part) -> list[Column] | None:
    """Take a model apart into linear layers and what follows each; None if it has anything else.

    Examples
    --------
    >>> from viz.net.modules import part_of
    >>> [(column.linear.n_out, column.activation) for column in columns_of(part_of(nn.MLP(2, [3, 1])))]
    [(3, 'ReLU'), (1, '')]
    >>> columns_of(part_of(nn.RNNCell(2, 3))) is None
    True
    """
    columns: list[Column] = []
    for part in _flat(model):
        if part is None:
            return None
        thing = part.thing
        if isinstance(thing, nn.Linear):
            columns.append(Column(thing))
            continue
        if not columns or not _is_elementwise(part):
            return None
        last = columns[-1]
        name = "" if isinstance(thing, (nn.Identity, nn.Dropout)) else part.title.removesuffix("()")
        words = ", ".join(filter(None, (last.activation, name)))
        columns[-1] = Column(last.linear, (*last.functions, thing), words)
    widths = [(before.linear.n_out, after.linear.n_in) for before, after in pairwise(columns)]
    return columns if columns and all(n == m for n, m in widths) else None


def _flat(part: Part) -> Iterator[Part | None]:
    """The parts that run, in order; None where that is not known."""
    if part.inside and part.chained:
        for inner in part.inside:
            yield from _flat(inner)
    else:
        yield None if part.inside else part


def _is_elementwise(part: Part) -> bool:
    known = ("tanh", "relu", "sigmoid", "softmax", "log_softmax", "leaky_relu", "elu", "gelu", "silu", "softplus")
    return isinstance(part.thing, (nn.Activation, nn.Dropout)) or (part.kind == "function" and part.title in known)


# --- the numbers of a run ------------------------------------------------------------------------------------------


def run_columns(columns: Sequence[Column], x: Any) -> tuple[list[Floats], int]:
    """Run the layers on x; return each column's means over the examples, the input's first, and how many these are.

    Examples
    --------
    >>> from viz.net.modules import part_of
    >>> values, examples = run_columns(columns_of(part_of(nn.MLP(2, [3, 1]))), [[1.0, 2.0], [3.0, 4.0]])
    >>> values[0], [len(column) for column in values], examples
    (array([2., 3.]), [2, 3, 1], 2)
    """
    by_columns = columns[0].linear.columns
    h = operand(x)
    values = [_mean(h, by_columns)]
    for column in columns:
        h = column.linear(h)
        for function in column.functions:
            h = function(h)
        values.append(_mean(h, by_columns))
    numbers = np.asarray(data_of(operand(x)), float)
    return values, max(1, numbers.size // columns[0].linear.n_in)


def _mean(h: Any, by_columns: bool) -> Floats:
    numbers = np.asarray(data_of(h), float)
    rows = numbers.T if by_columns and numbers.ndim > 1 else numbers
    with np.errstate(all="ignore"):
        return np.asarray(rows.reshape(-1, rows.shape[-1]).mean(axis=0), float)


def seen_columns(columns: Sequence[Column], graph: Snapshot, ids: dict[int, int]) -> tuple[list[Floats | None], int]:
    """Find each column's values in a graph that the layers made, as means over all examples, and the number of these.

    Parameters
    ----------
    columns : sequence of Column
        The layers.
    graph : Snapshot
        The graph.
    ids : dict
        From the identity of a Value to its node.
    """
    readers: dict[int, list[int]] = {}
    for i, op in enumerate(graph.ops):
        if op is not None:
            for s in sources_of(graph, i):
                readers.setdefault(s, []).append(i)
    finder = _Finder(graph, ids, readers)
    values: list[Floats | None] = [finder.inputs(columns[0])]
    values += (finder.outputs(column) for column in columns)
    return values, finder.examples


class _Finder:
    def __init__(self, graph: Snapshot, ids: dict[int, int], readers: dict[int, list[int]]) -> None:
        self.graph, self.ids, self.readers = graph, ids, readers
        self.examples = 1

    def outputs(self, column: Column) -> Floats | None:
        """What reads the bias, or without one the weights, and the activation after it."""
        linear = column.linear
        kept = linear.weight if linear.bias is None else linear.bias
        if not is_cells(kept):
            return self._array(column, self._readers(kept))
        rows = np.ravel(kept) if linear.bias is not None else column_first(kept, linear.columns)
        means = [self._scalars(column, self._readers(cell)) for cell in rows]
        return None if any(mean is None for mean in means) else np.array(means, float)

    def inputs(self, column: Column) -> Floats | None:
        """What the weights are multiplied by."""
        weight = column.linear.weight
        if not is_cells(weight):
            found = [self.graph.values[s] for i in self._readers(weight) for s in self._others(i, weight)]
            return _rows_mean([_rows(x, column) for x in found if np.ndim(x)])
        first = weight[0] if column.linear.columns else weight[:, 0]
        means = [
            [float(self.graph.values[s]) for i in self._readers(cell) for s in self._others(i, cell)] for cell in first
        ]
        return np.array([np.mean(numbers) for numbers in means]) if all(means) else None

    def _readers(self, value: Any) -> list[int]:
        return self.readers.get(self.ids.get(id(value), -1), [])

    def _others(self, i: int, value: Any) -> list[int]:
        """What a node multiplies a value by."""
        sources = sources_of(self.graph, i)
        own = self.ids[id(value)]
        half = len(sources) // 2
        if own not in sources or len(sources) % 2:
            return []
        return [sources[(sources.index(own) + half) % (2 * half)]]

    def _activated(self, column: Column, i: int) -> int:
        """The node of the activation after node i; i itself if there is none."""
        name = column.activation.lower()
        after = [
            j for j in self.readers.get(i, []) if _op_name(self.graph, j).replace("_", "") == name.replace("_", "")
        ]
        return after[0] if after else i

    def _array(self, column: Column, nodes: Sequence[int]) -> Floats | None:
        return _rows_mean([_rows(self.graph.values[self._activated(column, i)], column) for i in nodes])

    def _scalars(self, column: Column, nodes: Sequence[int]) -> float | None:
        self.examples = max(self.examples, len(nodes))
        numbers = [float(self.graph.values[self._activated(column, i)]) for i in nodes]
        return float(np.mean(numbers)) if numbers else None


def column_first(weight: Any, by_columns: bool) -> Any:
    """Return for each neuron its first weight."""
    return weight[:, 0] if by_columns else weight[0]


def _rows(x: Any, column: Column) -> Floats:
    numbers = np.asarray(x, float)
    rows = numbers.T if column.linear.columns and numbers.ndim > 1 else numbers
    return rows.reshape(-1, rows.shape[-1])


def _rows_mean(found: Sequence[Floats]) -> Floats | None:
    if not found:
        return None
    with np.errstate(all="ignore"):
        return np.asarray(np.concatenate(found).mean(axis=0), float)


def _op_name(graph: Snapshot, i: int) -> str:
    op = graph.ops[i]
    return op.name if op is not None else ""
