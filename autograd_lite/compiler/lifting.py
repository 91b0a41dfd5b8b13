"""Lifting: from classes of scalar nodes to an ordinary graph of array Values.

Class by class, from the leaves up: lay out the members (`layout`), read the operands (`views`), and call the public
functions on them (`emission`): a contraction is a matrix product, the rest is elementwise with broadcasting. What was
an operation on arrays before stays one. The result is a graph like any other: it can be drawn, differentiated and
compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_lite.compiler.classes import Class, classes
from autograd_lite.compiler.emission import Emission
from autograd_lite.compiler.parameters import Theta, signatures
from autograd_lite.compiler.plan import Plan, Planner
from autograd_lite.compiler.scalars import THETA, ArrayNode, Scalars, normal_form
from autograd_lite.compiler.sources import Sources
from autograd_lite.compiler.tracing import Guard, Trace
from autograd_lite.recording import apply
from autograd_lite.value import Value

__all__ = ["Lifted", "NotRolledError", "lift"]


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


def lift(trace: Trace) -> Lifted:
    """Re-roll a trace.

    Raises
    ------
    NotRolledError
        If there is not enough structure.

    Examples
    --------
    >>> from autograd_lite.compiler.tracing import trace
    >>> w = [Value(1.0), Value(2.0)]
    >>> rolled = lift(trace(lambda X: sum((w[0] * a + w[1] * b).tanh() for a, b in X), ([[3.0, 4.0]] * 5,), {}))
    >>> print(*rolled.report, sep="\\n")
    """
    columns = normal_form(trace)
    found = classes(columns)
    return _Lifting(trace, columns, found).run()


class _Lifting:
    def __init__(self, trace: Trace, columns: Scalars, found: list[Class]) -> None:
        self.trace, self.columns, self.classes = trace, columns, found
        self.sources = Sources(columns)
        self.parameters: list[tuple[Value, list[Value]]] = []
        self.inputs: list[Value] = []
        self.selections: dict[Value, dict[str, Value]] = {}
        self.report: list[str] = []

    def run(self) -> Lifted:
        """Everything in turn: the leaves, the plan of all classes, then their numbers."""
        self._inputs()
        self._array_parameters()
        self.sources.add(None, (len(self.columns.parameters),), False, THETA)
        theta = Theta(self.columns, self.classes)
        planner = Planner(self.sources, theta, signatures(self.columns, self.classes))
        items = sorted([*self.columns.arrays, *self.classes], key=lambda item: item.level)
        plans = [self._array_planned(x) if isinstance(x, ArrayNode) else planner.plan(x) for x in items]
        self._scalar_parameters(theta)
        for plan in plans:
            if isinstance(plan, ArrayNode):
                self._array(plan)
            else:
                if not plan.everything():
                    planner.complete(plan)
                self._class(plan)
        root = self.sources.gathered(self.columns.root)
        guards = list(self._guards())
        return Lifted(root, self.parameters, self.inputs, guards, self.selections, self.report)

    # --- leaves ---

    def _scalar_parameters(self, theta: Theta) -> None:
        """All scalars in one vector."""
        if self.columns.parameters:
            self.sources.place[self.sources.of == THETA] = theta.place
            ordered = [self.columns.parameters[k] for k in np.argsort(theta.place).tolist()]
            leaf = Value(np.array([p._data for p in ordered]), label="theta")
            self.sources[THETA].value = leaf
            self.parameters.insert(0, (leaf, ordered))

    def _array_parameters(self) -> None:
        for leaf, number in self.columns.leaves.items():
            copy = Value(leaf._data, label=leaf.label)
            self.sources.add(copy, copy.shape, False, number)
            self.parameters.append((copy, [leaf]))

    def _inputs(self) -> None:
        for number, given in enumerate(self.trace.inputs, start=2):
            if given.elements is None:
                data = given.leaf._data
            else:
                data = np.array([x._data for x in given.elements]).reshape(given.shape)
            leaf = Value(data, label=given.name)
            self.sources.add(leaf, leaf.shape, True, number)
            self.inputs.append(leaf)

    # --- nodes ---

    def _array_planned(self, item: ArrayNode) -> ArrayNode:
        of_inputs = item.node in self.trace.selections or any(self.sources.of_inputs(ids) for ids in item.inputs)
        self.sources.add(None, item.node.shape, of_inputs, item.source)
        return item

    def _array(self, item: ArrayNode) -> None:
        node = item.node
        operands = [self.sources.gathered(ids) for ids in item.inputs]
        y = apply(node.op, tuple(operands), **node.parameters)
        y.label = node.label
        chosen = self.trace.selections.get(node)
        if chosen:
            self.selections[y] = {name: self.sources.gathered(x._mark) for name, x in chosen.items()}
        self.sources[item.source].value = y

    def _class(self, plan: Plan) -> None:
        value = Emission(self.sources, plan, self.selections).run()
        self.report.append(f"{len(plan.c.ids):,} x {plan.c.row.name} -> {value.op.name if value.op else 'a leaf'} {value.shape}")

    def _guards(self) -> Iterator[Guard]:
        """The guards of one kind on one source together."""
        asked: dict[Any, list[int]] = {}
        for k, (guard, (left, right)) in enumerate(zip(self.trace.guards, self.columns.guards, strict=True)):
            asked.setdefault((guard.op, np.shape(left), self._source_of(left), self._source_of(right)), []).append(k)
        for (op, *_), some in asked.items():
            left, right = (
                self.sources.gathered(np.array([self.columns.guards[k][side] for k in some])) for side in (0, 1)
            )
            yield Guard(op, left, right, np.array([self.trace.guards[k].outcome for k in some]))

    def _source_of(self, ids: Any) -> int:
        return int(self.sources.of[np.ravel(ids)[0]]) if np.size(ids) else -1
