"""A graph as it is at one moment, immutable: what every view is drawn from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.graph import local_derivatives, raw_inputs, topological_order
from autograd_lite.operation import Operation
from autograd_lite.origins import all_origins
from autograd_lite.value import Value, settled
from viz.graphs.names import Names, ParameterName, given_names, module_path, parameter_names
from viz.graphs.nodes import Columns, Node, Nodes, Role, Slot
from viz.words.escape import is_blank, one_line, shorten

__all__ = ["Node", "Role", "Slot", "Snapshot", "read_graph", "snapshot"]


class Snapshot:
    """A graph at one moment; it never changes.

    It is kept in columns, for a graph may have 100,000 values: column `i` is about node `i`. Nodes are made of them
    when one asks for them.

    Attributes
    ----------
    nodes : sequence of Node
        In topological order: a node's inputs stand before it, and ``nodes[i].id == i``.
    roots : tuple of int
        The ids of the values that were asked for.
    notes : tuple of str
        What was merged or left out, in words for the legend.
    offsets, sources, locals : int array (n + 1,), int array (m,), list of m
        The slots of node i are number ``offsets[i]`` to ``offsets[i + 1]``: their source's id and local derivative.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = snapshot(a * b + 10.0)
    >>> [node.title for node in graph]
    ['a', 'b', 'v2', 'v3', 'v4']
    >>> [(slot.source, slot.local) for slot in graph.nodes[2].slots]
    [(0, -3.0), (1, 2.0)]
    >>> graph.sources
    array([0, 1, 2, 3])
    """

    def __init__(
        self,
        columns: Columns,
        roots: tuple[int, ...],
        notes: tuple[str, ...] = (),
        nodes: Sequence[Node] | None = None,
    ) -> None:
        self._columns = columns
        self.roots = roots
        self.notes = notes
        self.nodes: Sequence[Node] = Nodes(columns) if nodes is None else nodes
        self.offsets = _fixed_ints(columns.offsets)
        self.sources = _fixed_ints(columns.sources)
        self.values, self.gradients, self.ops = columns.values, columns.gradients, columns.ops
        self.locals, self.roles, self.names, self.paths = columns.locals, columns.roles, columns.names, columns.paths
        self.options, self.lines = columns.options, columns.lines

    @classmethod
    def of(cls, nodes: Iterable[Node], roots: tuple[int, ...], notes: tuple[str, ...]) -> Snapshot:
        """Make the snapshot of nodes that a view has made of others, as rolling does."""
        nodes = tuple(nodes)
        columns = Columns()
        for node in nodes:
            columns.take(node)
        return cls(columns, roots, notes, nodes)

    def __len__(self) -> int:
        return len(self.ops)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self):,} values>"

    def title(self, i: int) -> str:
        """What a picture calls node i: its name, or ``v`` and the id."""
        return self._columns.titles.get(i) or self.names.get(i) or f"{self._columns.prefix}{i}"

    def path(self, i: int) -> str:
        """The module that computed node i; '' outside of modules."""
        return self._columns.paths.get(i, "")

    @property
    def prefix(self) -> str:
        """What the titles of nodes without a name begin with."""
        return self._columns.prefix

    @property
    def has_gradients(self) -> bool:
        """Whether a backward pass has reached an operation of the graph, or a root."""
        found = self.gradients
        return any(found[i] is not None for i in self.roots) or any(
            g is not None for g, op in zip(found, self.ops, strict=True) if op is not None
        )

    def carries_gradient(self, node: Node, slot: Slot) -> bool:
        """Whether the backward pass went through a slot: both its ends have a gradient."""
        source = slot.source
        return self.roles[source] != "constant" and node.gradient is not None and self.gradients[source] is not None


def _fixed_ints(numbers: list[int]) -> NDArray[np.intp]:
    array = np.array(numbers, dtype=np.intp)
    array.setflags(write=False)
    return array


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
    parameters = parameter_names(params) if params is not None else {}
    called = called | {key: name for key, name in parameters.items() if name}
    reader = _Reader(called, parameters)
    for r in roots:
        for value in topological_order(r):
            reader.read(value)
    columns = reader.columns
    columns.prefix = _prefix(columns.names.values(), called)
    return Snapshot(columns, tuple(reader.ids[id(r)] for r in roots))


def _roots(root: Any) -> list[Value]:
    roots = list(root) if isinstance(root, (list, tuple)) else [root]
    for r in roots:
        if not isinstance(r, Value):
            shown = shorten(one_line(repr(r)), 60)
            raise TypeError(f"the root is {shown}, of type {type(r).__name__}; only a Value has a graph")
    if not roots:
        raise TypeError("the list of roots is empty; give at least one Value")
    return roots


class _Reader:
    """Fills the columns, value by value; a constant comes right before the first that uses it."""

    def __init__(self, called: Names, parameters: Names) -> None:
        self.columns = Columns()
        self.ids: dict[int, int] = {}
        self._called, self._parameters = called, parameters
        self._origins = all_origins()
        self._paths: dict[tuple[int, ...], str] = {}  # many nodes are made by the same modules

    def read(self, value: Value) -> None:
        """Take one value, unless it has been read; what it was computed from has."""
        if id(value) in self.ids:
            return
        columns, ids = self.columns, self.ids
        op = value.op
        if op is not None:
            sources = [ids[id(x)] if id(x) in ids else self._constant(x) for x in raw_inputs(value)]
            columns.sources += sources
            columns.locals += map(_frozen, local_derivatives(value))
            if type(value._da) is tuple and value._db:
                columns.options[len(columns.ops)] = dict(value._db)
        i = ids[id(value)] = len(columns.ops)
        called = self._called.get(id(value), "")
        role = self._role(value, called)
        self._append(settled(value), None if role == "constant" else value.grad, op, role)
        label = value.label
        if not label or is_blank(label) or (type(called) is ParameterName and called.endswith(label)):
            label = called
        if label:
            columns.names[i] = label
        if op is not None and self._origins:
            self._read_origin(i, value)

    def _role(self, value: Value, called: str) -> Role:
        if type(value) is not Value:
            return "constant"
        if value.op is not None:
            return "operation"
        return "parameter" if id(value) in self._parameters or type(called) is ParameterName else "input"

    def _read_origin(self, i: int, value: Value) -> None:
        for origins in self._origins:
            origin = origins.of(value)
            if origin is not None:
                self.columns.lines[i] = os.path.basename(origin.line)
                key = tuple(map(id, origin.modules))
                if key not in self._paths:
                    self._paths[key] = module_path(origin.modules)
                if self._paths[key]:
                    self.columns.paths[i] = self._paths[key]

    def _append(self, data: Any, gradient: Any, op: Operation | None, role: Role) -> None:
        columns = self.columns
        columns.values.append(data if type(data) is float else _frozen(data))
        columns.gradients.append(gradient if type(gradient) is float else _frozen(gradient))
        columns.ops.append(op)
        columns.roles.append(role)
        columns.offsets.append(len(columns.sources))

    def _constant(self, x: Any) -> int:
        """Take a constant: a node of its own if it is a plain number."""
        if isinstance(x, Value):
            self.read(x)
            return self.ids[id(x)]
        self._append(x, None, None, "constant")
        return len(self.columns.ops) - 1


def _prefix(names: Iterable[str], called: Names) -> str:
    """``v``, as in v3, unless the user has such names."""
    taken = {*names, *called.values()}
    prefix = "v"
    while any(re.fullmatch(rf"{prefix}\d+", name) for name in taken):
        prefix += "_"
    return prefix


def _frozen(data: Any) -> Any:
    """Return a number as it is now: the float, or an array that nobody changes any more."""
    if not isinstance(data, np.ndarray):
        return data
    if data.flags.writeable:
        data = data.copy()
        data.setflags(write=False)
    return data
