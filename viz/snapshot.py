"""A graph as it is at one moment, immutable: what every view is drawn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd_lite.graph import local_derivatives, topological_order
from autograd_lite.operation import Operation
from autograd_lite.value import Constant, Value
from viz.escape import is_blank, one_line, shorten
from viz.names import Names, given_names, parameter_names

__all__ = ["Node", "Role", "Slot", "Snapshot", "read_graph", "snapshot"]

Role = Literal["input", "parameter", "constant", "operation"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument slot of an operation.

    Attributes
    ----------
    source : int
        The id of the node in the slot.
    local : float, ndarray or None
        The local derivative, d(result)/d(argument); None for a constant, and for an operation that mixes elements.
    count : int
        How many arguments it stands for, in a rolled graph.
    """

    source: int
    local: Any
    count: int = 1


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the graph.

    Attributes
    ----------
    id : int
        The place in topological order.
    name : str
        What the user calls it; '' if it has no name.
    title : str
        What a picture calls it: the name, or ``v`` and the id.
    role : str
        "input", "parameter", "constant" or "operation".
    op : Operation or None
        The row of the table; None for a leaf.
    options : dict
        The operation's parameters, as ``{"axis": 1}``.
    value, gradient : float or ndarray
        The numbers; `gradient` is None if no backward pass has reached the node.
    shape, dtype : tuple of int, str
        () and "float64" for a scalar.
    slots : tuple of Slot
        One for each argument slot: ``a * a`` has two.
    path : str
        The module that computed it, as ``layers[0].linear``; '' outside of modules.
    line : str
        The user's line that computed it, as ``train.py:12``; '' if nobody recorded it.
    count : int
        How many values it stands for, in a rolled graph; `value` and `gradient` then hold all their numbers.
    """

    id: int
    name: str
    title: str
    role: Role
    op: Operation | None
    options: Mapping[str, Any]
    value: Any
    gradient: Any
    shape: tuple[int, ...]
    dtype: str
    slots: tuple[Slot, ...]
    path: str = ""
    line: str = ""
    count: int = 1

    @property
    def operation(self) -> str:
        """The operation's name; '' for a leaf."""
        return self.op.name if self.op else ""

    @property
    def symbol(self) -> str:
        """What a picture shows for the operation; '' for a leaf."""
        return self.op.symbol if self.op else ""

    @property
    def is_constant(self) -> bool:
        """Whether the node takes no part in differentiation."""
        return self.role == "constant"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A graph at one moment.

    Attributes
    ----------
    nodes : tuple of Node
        In topological order: a node's inputs stand before it, and ``nodes[i].id == i``.
    roots : tuple of int
        The ids of the values that were asked for.
    notes : tuple of str
        What was merged or left out, in words for the legend.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = snapshot(a * b + 10.0)
    >>> [node.title for node in graph]
    ['a', 'b', 'v2', 'v3', 'v4']
    >>> [(slot.source, slot.local) for slot in graph.nodes[2].slots]
    [(0, -3.0), (1, 2.0)]
    """

    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def has_gradients(self) -> bool:
        """Whether a backward pass has reached an operation of the graph, or a root."""
        return any(node.gradient is not None for node in self if node.op or node.id in self.roots)

    def carries_gradient(self, node: Node, slot: Slot) -> bool:
        """Whether the backward pass went through a slot: both its ends have a gradient."""
        source = self.nodes[slot.source]
        return not source.is_constant and node.gradient is not None and source.gradient is not None


def snapshot(root: Any, *, names: Mapping[str, Any] | None = None, params: Any = None) -> Snapshot:
    """Read a graph.

    Parameters
    ----------
    root : Value, or list or tuple of Value
        The graph is what `root` depends on.
    names : dict, optional
        Names for values without a label, as ``locals()``.
    params : dict, iterable of Value or module, optional
        The leaves that are parameters, and their names if it has them.

    Raises
    ------
    TypeError
        If `root` is not a Value.
    """
    return read_graph(root, given_names(names or {}), params)


def read_graph(root: Any, called: Names, params: Any = None) -> Snapshot:
    """Read a graph whose values are called by their identity; see `snapshot`."""
    roots = _roots(root)
    values = _in_order(roots)
    parameters = parameter_names(params) if params is not None else {}
    called = called | {key: name for key, name in parameters.items() if name}
    prefix = _prefix(values, called)
    ids = {id(value): i for i, value in enumerate(values)}
    nodes = tuple(_node(i, value, ids, called, parameters, prefix) for i, value in enumerate(values))
    return Snapshot(nodes, tuple(ids[id(r)] for r in roots))


def _roots(root: Any) -> list[Value]:
    roots = list(root) if isinstance(root, (list, tuple)) else [root]
    for r in roots:
        if not isinstance(r, Value):
            shown = shorten(one_line(repr(r)), 60)
            raise TypeError(f"the root is {shown}, of type {type(r).__name__}; only a Value has a graph")
    if not roots:
        raise TypeError("the list of roots is empty; give at least one Value")
    return roots


def _in_order(roots: list[Value]) -> list[Value]:
    """Every value, constants too, in topological order; a constant stands right before the first that uses it."""
    order: list[Value] = []
    seen: set[int] = set()
    for root in roots:
        for value in topological_order(root):
            for x in (*_constants(value), value):
                if id(x) not in seen:
                    seen.add(id(x))
                    order.append(x)
    return order


def _constants(value: Value) -> Iterable[Value]:
    return () if value.op is None else (x for x in value.inputs if isinstance(x, Constant))


def _prefix(values: list[Value], called: Names) -> str:
    """``v``, as in v3, unless the user has such names."""
    taken = {value.label for value in values} | set(called.values())
    prefix = "v"
    while any(re.fullmatch(rf"{prefix}\d+", name) for name in taken):
        prefix += "_"
    return prefix


def _node(i: int, value: Value, ids: Mapping[int, int], called: Names, parameters: Names, prefix: str) -> Node:
    name = called.get(id(value), "") if is_blank(value.label) else value.label
    slots: tuple[Slot, ...] = ()
    if value.op is not None:
        pairs = zip(value.inputs, local_derivatives(value), strict=True)
        slots = tuple(Slot(ids[id(x)], _frozen(d)) for x, d in pairs)
    return Node(
        id=i,
        name=name,
        title=name or f"{prefix}{i}",
        role=_role(value, parameters),
        op=value.op,
        options=value.parameters,
        value=_frozen(value._data),
        gradient=None if isinstance(value, Constant) else _frozen(value.grad),
        shape=value.shape,
        dtype=str(value.dtype),
        slots=slots,
    )


def _role(value: Value, parameters: Names) -> Role:
    if isinstance(value, Constant):
        return "constant"
    if value.op is not None:
        return "operation"
    return "parameter" if id(value) in parameters else "input"


def _frozen(data: Any) -> Any:
    """Return a number as it is now: the float, or an array that nobody changes any more."""
    if not isinstance(data, np.ndarray):
        return data
    if data.flags.writeable:
        data = data.copy()
        data.setflags(write=False)
    return data
