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
from viz.net.modules import Part, is_activation

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
        if not columns or not is_activation(part):
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


# --- the numbers of a run ------------------------------------------------------------------------------------------


def run_columns(columns: Sequence[Column], x: Any) -> tuple[list[Floats | None], int]:
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
        h = _applied(column.functions, column.linear(h))
        values.append(_mean(h, by_columns))
    numbers = np.asarray(data_of(operand(x)), float)
    return values, max(1, numbers.size // columns[0].linear.n_in)


def _mean(h: Any, by_columns: bool) -> Floats | None:
    numbers = np.asarray(data_of(h), float)
    return _rows_mean(_rows(numbers, by_columns))


def seen_columns(columns: Sequence[Column], graph: Snapshot, ids: dict[int, int]) -> tuple[list[Floats | None], int]:
    """Find each column's values in a graph that the layers made, as means over all examples, and the number of these.

    What a layer handed on is what the next one multiplied. A value that cannot be told from the graph is None.

    Parameters
    ----------
    columns : sequence of Column
        The layers.
    graph : Snapshot
        The graph.
    ids : dict
        From the identity of a Value to its node.
    """
    if len({id(column.linear) for column in columns}) < len(columns):  # the same layer twice: which use is which?
        return [None] * (len(columns) + 1), 1
    finder = _Finder(graph, ids)
    found = [*(finder.inputs(column) for column in columns), finder.outputs(columns[-1])]
    return [_rows_mean(rows) for rows in found], 1 if found[0] is None else max(1, len(found[0]))


class _Finder:
    """Finds what went into a linear layer and what came out of it, as arrays of rows."""

    def __init__(self, graph: Snapshot, ids: dict[int, int]) -> None:
        self.graph, self.ids = graph, ids
        self.readers: dict[int, list[int]] = {}
        for i, op in enumerate(graph.ops):
            for s in sources_of(graph, i) if op is not None else ():
                self.readers.setdefault(s, []).append(i)

    def inputs(self, column: Column) -> Floats | None:
        """What the weights are multiplied by."""
        weight, by_columns = column.linear.weight, column.linear.columns
        if not is_cells(weight):
            return _joined([_rows(self.graph.values[x], by_columns) for _, x in self._products(weight)])
        first = weight[0] if by_columns else weight[:, 0]
        return _side_by_side([[self.graph.values[x] for _, x in self._products(cell)] for cell in first])

    def outputs(self, column: Column) -> Floats | None:
        """What the layer's functions make of what it computed."""
        linear = column.linear
        if any(isinstance(function, nn.Dropout) and function.training for function in column.functions):
            return None
        if is_cells(linear.weight) and linear.columns and "softmax" in column.activation.lower():
            return None  # its axis is counted from the last, and a column alone has one less
        if not is_cells(linear.weight):
            sums = self._sums(linear.weight, linear.bias)
            return _joined([_rows(_applied(column.functions, h), linear.columns) for h in sums])
        first = linear.weight[:, 0] if linear.columns else linear.weight[0]
        biases = [None] * len(first) if linear.bias is None else np.ravel(linear.bias)
        h = _side_by_side([self._sums(cell, bias) for cell, bias in zip(first, biases, strict=True)])
        return None if h is None else np.asarray(_applied(column.functions, h), float)

    def _sums(self, weight: Any, bias: Any) -> list[Any]:
        """What a layer, or a neuron, computed: its products, plus its bias."""
        products = [i for i, _ in self._products(weight)]
        if bias is not None:
            products = [j for i in products for j in self.readers.get(i, [])]
        return [self.graph.values[i] for i in products]

    def _products(self, value: Any) -> list[tuple[int, int]]:
        """The products that a weight is in, each with what it is multiplied by."""
        own = self.ids.get(id(value), -1)
        found = []
        for i in self.readers.get(own, []):
            op = self.graph.ops[i]
            if op is not None and op.name in ("matmul", "dot_many"):
                sources = sources_of(self.graph, i)
                found.append((i, sources[(sources.index(own) + len(sources) // 2) % len(sources)]))
        return found


def _applied(functions: Sequence[Callable[..., Any]], h: Any) -> Any:
    for function in functions:
        h = function(h)
    return h


def _rows(x: Any, by_columns: bool) -> Floats:
    """The examples as rows."""
    numbers = np.asarray(x, float)
    rows = numbers.T if by_columns and numbers.ndim > 1 else numbers
    return rows.reshape(-1, rows.shape[-1])


def _joined(found: Sequence[Floats]) -> Floats | None:
    return np.concatenate(found) if found else None


def _side_by_side(found: Sequence[Sequence[float]]) -> Floats | None:
    """For each feature its numbers, as rows of examples; None if not all have the same number of them."""
    return np.array(found, float).T if found[0] and len({*map(len, found)}) == 1 else None


def _rows_mean(rows: Floats | None) -> Floats | None:
    if rows is None or not len(rows):
        return None
    with np.errstate(all="ignore"):
        return np.asarray(rows.mean(axis=0), float)
