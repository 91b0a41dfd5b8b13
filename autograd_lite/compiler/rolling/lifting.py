"""Lifting: from classes of scalar nodes to an ordinary graph of array Values.

Class by class, from the leaves up: lay out the members (`layout`), read the operands (`views`), and call the public
functions on them (`emission`): a contraction is a matrix product, the rest is elementwise with broadcasting. What was
an operation on arrays before stays one. The result is a graph like any other: it can be drawn, differentiated and
compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.classes import Class, classes
from autograd_lite.compiler.rolling.columns import CONSTANTS, SUM, THETA, ArrayNode, Scalars
from autograd_lite.compiler.rolling.emission import Emission, LayerNames
from autograd_lite.compiler.rolling.levels import Levels
from autograd_lite.compiler.rolling.parameters import Theta, signatures
from autograd_lite.compiler.rolling.plan import Plan, Planner
from autograd_lite.compiler.rolling.repeating import Batch, repeated
from autograd_lite.compiler.rolling.scalars import normal_form
from autograd_lite.compiler.rolling.sources import Sources
from autograd_lite.compiler.tracing.tracing import Guard, Trace, without_collector
from autograd_lite.recording import apply
from autograd_lite.value import Value

__all__ = ["Lifted", "NotRolledError", "lift"]


FEW, NARROW, MANY = 200, 8, 3
"""Up to FEW nodes or classes everything is rolled; fewer than NARROW nodes a step run as scalars; MANY times more
classes than steps of `levels` run by levels."""


class NotRolledError(ValueError):
    """A graph without enough structure to be worth an array program; it says why."""


@dataclass(slots=True)
class Lifted:
    """The array program as a graph.

    Attributes
    ----------
    root : Value
        The result.
    parameters : list of (Value, list of Value)
        Each array leaf, and the user's Values that it stands for: one of the same shape, or its elements in row-major
        order. The flat vector theta is the leaves one after the other.
    inputs : list of Value
        A leaf for each input of the trace.
    guards : list of Guard
        What has to be so for the program to hold, on arrays of the graph.
    selections : dict
        For a node, those parameters of its operation that are nodes themselves.
    report : list of str
        What was found, for people.
    """

    root: Value
    parameters: list[tuple[Value, list[Value]]]
    inputs: list[Value]
    guards: list[Guard]
    selections: dict[Value, dict[str, Value]] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)


def lift(trace: Trace, batch: Batch | None = None, numbers: Sequence[Any] | None = None) -> Lifted:
    r"""Re-roll a trace.

    Parameters
    ----------
    trace : Trace
        What the function computed.
    batch : Batch, optional
        The trace is of one example, and this says how a batch is made of it; `numbers` are then the batch's inputs.

    Raises
    ------
    NotRolledError
        If there is not enough structure, or if one example of a batch computes with arrays.

    Examples
    --------
    >>> from autograd_lite.compiler.tracing.tracing import trace
    >>> w = [Value(1.0), Value(2.0)]
    >>> rolled = lift(trace(lambda X: sum((w[0] * a + w[1] * b).tanh() for a, b in X), ([[3.0, 4.0]] * 5,), {}))
    >>> print(*rolled.report, sep="\n")
    5 sums of 2 products: a matrix product, shape (5,)
    5 tanh: shape (5,)
    1 sum of 5 terms: shape ()
    """
    with without_collector():
        columns, guards = normal_form(trace), trace.guards
        if batch is not None:
            if columns.arrays:
                raise NotRolledError("the function of one example computes with arrays: give it the batch as an array")
            columns, guards = repeated(columns, batch), [g for g in guards for _ in range(batch.size)]
        inputs = [x.numbers for x in trace.inputs] if numbers is None else numbers
        return _lifted(_Lifting(trace, columns, guards, inputs))


def _lifted(lifting: _Lifting) -> Lifted:
    """By classes, by levels, or not at all."""
    columns = lifting.columns
    steps = Levels.count(columns)
    if columns.count > FEW and columns.count < NARROW * steps and not columns.arrays:
        raise NotRolledError(
            f"{columns.count:,} nodes in {steps:,} steps one after the other, too few at once for arrays to pay"
        )
    found = classes(columns)
    is_irregular = len(found) > max(FEW, MANY * steps) and not columns.arrays
    return lifting.by_levels() if is_irregular else lifting.by_classes(found)


class _Lifting:
    def __init__(self, trace: Trace, columns: Scalars, guards: list[Guard], numbers: Sequence[Any]) -> None:
        self.trace, self.columns, self.guards, self.numbers = trace, columns, guards, numbers
        self.sources = Sources(columns)
        self.parameters: list[tuple[Value, list[Value]]] = []
        self.inputs: list[Value] = []
        self.selections: dict[Value, dict[str, Value]] = {}
        self.report: list[str] = []
        self.more_guards: list[Guard] = []
        self.names = LayerNames()

    def by_classes(self, found: list[Class]) -> Lifted:
        """Everything in turn: the leaves, the plan of all classes, then their numbers."""
        self._inputs()
        self._array_parameters()
        self.sources.add(None, (len(self.columns.parameters),), False, THETA)
        theta = Theta(self.columns, found)
        planner = Planner(self.sources, theta, signatures(self.columns, found))
        items: list[ArrayNode | Class] = sorted([*self.columns.arrays, *found], key=lambda item: item.level)
        plans = [self._array_planned(x) if isinstance(x, ArrayNode) else planner.plan(x) for x in items]
        self._scalar_parameters(theta.place)
        for plan in plans:
            if isinstance(plan, ArrayNode):
                self._array(plan)
            else:
                if not plan.everything():
                    planner.complete(plan)
                self._class(plan)
        self.sources.name_blocks()
        return self._lifted()

    def by_levels(self) -> Lifted:
        """The same without structure."""
        self._inputs()
        self._array_parameters()
        columns, count = self.columns, len(self.columns.parameters)
        self.sources.add(None, (count,), False, THETA)
        self._scalar_parameters(np.arange(count))
        levels = Levels(columns)
        given = {k: source.value for k, source in enumerate(self.sources.all) if source and k != CONSTANTS}
        number = self.sources.add(levels.node(given), (levels.size,), True)
        self.sources.of[:] = number
        self.sources.place[:] = levels.place
        self.report.append(
            f"{columns.count:,} nodes without enough structure: {len(levels.steps):,} steps, level by level, by gathers"
        )
        return self._lifted()

    def _lifted(self) -> Lifted:
        root = self.sources.gathered(self.columns.root)
        if not isinstance(root, Value):  # the same whatever comes in
            root = Value(root)
        gathers = self.sources.gathers()
        if gathers:
            self.report.append(f"{gathers} operands lie scattered: read by index arrays")
        guards = [*self._array_guards(), *self.more_guards]
        return Lifted(root, self.parameters, self.inputs, guards, self.selections, self.report)

    # --- leaves ---

    def _scalar_parameters(self, place: NDArray[np.int64]) -> None:
        """All scalars in one vector."""
        if self.columns.parameters:
            self.sources.place[self.sources.of == THETA] = place
            ordered = [self.columns.parameters[k] for k in np.argsort(place).tolist()]
            leaf = Value(np.array([p._data for p in ordered]), label="theta")
            self.sources[THETA].value = leaf
            self.parameters.insert(0, (leaf, ordered))

    def _array_parameters(self) -> None:
        for leaf, number in self.columns.leaves.items():
            copy = Value(leaf._data, label=leaf.label)
            self.sources.add(copy, copy.shape, False, number)
            self.parameters.append((copy, [leaf]))

    def _inputs(self) -> None:
        for number, (given, data) in enumerate(zip(self.trace.inputs, self.numbers, strict=True), start=2):
            leaf = Value(data, label=given.name)
            self.sources.add(leaf, leaf.shape, True, number)
            self.inputs.append(leaf)

    # --- nodes ---

    def _array_planned(self, item: ArrayNode) -> ArrayNode:
        of_inputs = bool(item.selections) or any(self.sources.of_inputs(ids) for ids in item.inputs)
        self.sources.add(None, item.node.shape, of_inputs, item.source)
        return item

    def _array(self, item: ArrayNode) -> None:
        node = item.node
        assert node.op is not None
        operands = [self.sources.gathered(ids) for ids in item.inputs]
        if item.selections and not any(isinstance(x, Value) for x in operands):  # what is selected from is constant
            operands[0] = Value(operands[0])
        y = apply(node.op, tuple(operands), **node.parameters)
        y = y if isinstance(y, Value) else Value(y)  # of numbers of the program only
        y.label = node.label
        chosen = {name: self.sources.gathered(ids) for name, ids in item.selections.items()}
        if any(isinstance(x, Value) for x in chosen.values()):  # else it is the same whatever comes in
            self.selections[y] = chosen
        self.sources[item.source].value = y

    def _class(self, plan: Plan) -> None:
        emission = Emission(self.sources, plan, self.names)
        emission.run()
        self.selections.update(emission.selections)
        self.more_guards += emission.guards
        self.report.append(described(plan))

    def _array_guards(self) -> Iterator[Guard]:
        """The guards of one kind on one source together."""
        asked: dict[Any, list[int]] = {}
        for k, (guard, sides) in enumerate(zip(self.guards, self.columns.guards, strict=True)):
            key = (guard.op, *map(np.shape, sides), *map(self._source_of, sides))
            asked.setdefault(key, []).append(k)
        for (op, *_), some in asked.items():
            left, right = (np.array([self.columns.guards[k][side] for k in some]) for side in (0, 1))
            ndim = max(left.ndim, right.ndim)
            left, right = (ids.reshape(len(some), *(1,) * (ndim - ids.ndim), *ids.shape[1:]) for ids in (left, right))
            outcome = np.array([self.guards[k].outcome for k in some])
            line = self.guards[some[0]].line
            yield Guard(op, self.sources.gathered(left), self.sources.gathered(right), outcome, line)

    def _source_of(self, ids: Any) -> int:
        return int(self.sources.of[np.ravel(ids)[0]]) if np.size(ids) else -1


def described(plan: Plan) -> str:
    """What became of a class, in a line."""
    n, shape, terms = len(plan.c.ids), plan.grid.shape, plan.terms
    most = max((t.most for t in terms), default=0)
    several = f"{most} products" if any(t.right is not None and t.most == most for t in terms) else f"{most} terms"
    if plan.c.row is not SUM:
        what, how = plan.c.row.name, ""
    elif most == 1:
        what, how = "sums and products", "elementwise, "
    else:
        what = f"sum{'s' * (n > 1)} of {several}"
        how = "a matrix product, " if several.endswith("products") and n > 1 else ""
    holes = math.prod(shape) - plan.grid.filled()
    return f"{n:,} {what}: {how}shape {shape}" + (f", {holes:,} of them unused" if holes else "")
