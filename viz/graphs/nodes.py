"""The nodes of a snapshot, and the columns that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

from autograd_lite.operation import Operation

__all__ = ["Columns", "Node", "Nodes", "Role", "Slot"]

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
    argument : int
        Which argument of the operation it is; the slot's own place, unless the graph was rolled.
    count : int
        How many arguments it stands for, in a rolled graph.
    """

    source: int
    local: Any
    argument: int = 0
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

    @property
    def is_rolled(self) -> bool:
        """Whether it, or one of its slots, stands for several."""
        return self.count > 1 or any(slot.count > 1 for slot in self.slots)


class Columns:
    """What is known of all nodes, a list for each kind of thing; a dict where few nodes have one."""

    __slots__ = (
        "counts", "gradients", "lines", "locals", "names", "offsets", "ops", "options", "paths", "places", "prefix",
        "roles", "sources", "titles", "values",
    )  # fmt: skip

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.gradients: list[Any] = []
        self.ops: list[Operation | None] = []
        self.roles: list[Role] = []
        self.offsets: list[int] = [0]
        self.sources: list[int] = []
        self.locals: list[Any] = []
        self.options: dict[int, Mapping[str, Any]] = {}
        self.names: dict[int, str] = {}
        self.titles: dict[int, str] = {}
        self.paths: dict[int, str] = {}
        self.lines: dict[int, str] = {}
        self.counts: dict[int, int] = {}
        self.places: dict[int, tuple[int, int]] = {}  # of slots that stand for several: the argument, and how many
        self.prefix = "v"

    def take(self, node: Node) -> None:
        """Append a node."""
        i = len(self.ops)
        self.values.append(node.value)
        self.gradients.append(node.gradient)
        self.ops.append(node.op)
        self.roles.append(node.role)
        if node.options:
            self.options[i] = node.options
        for column, text in ((self.names, node.name), (self.paths, node.path), (self.lines, node.line)):
            if text:
                column[i] = text
        self.titles[i] = node.title
        self.counts[i] = node.count
        for slot in node.slots:
            self.places[len(self.sources)] = slot.argument, slot.count
            self.sources.append(slot.source)
            self.locals.append(slot.local)
        self.offsets.append(len(self.sources))

    def node(self, i: int) -> Node:
        """Make node i."""
        value, name = self.values[i], self.names.get(i, "")
        first, end = self.offsets[i], self.offsets[i + 1]
        is_array = isinstance(value, np.ndarray)
        return Node(
            id=i,
            name=name,
            title=name or f"{self.prefix}{i}",
            role=self.roles[i],
            op=self.ops[i],
            options=self.options.get(i, {}),
            value=value,
            gradient=self.gradients[i],
            shape=value.shape if is_array else (),
            dtype=str(value.dtype) if is_array else "float64",
            slots=tuple(Slot(self.sources[k], self.locals[k], k - first) for k in range(first, end)),
            path=self.paths.get(i, ""),
            line=self.lines.get(i, ""),
        )


class Nodes(Sequence[Node]):
    """The nodes of a snapshot, each made when it is asked for and kept while someone may ask again."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._made: dict[int, Node] = {}

    def __len__(self) -> int:
        return len(self._columns.ops)

    @overload
    def __getitem__(self, i: int) -> Node: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[Node, ...]: ...
    def __getitem__(self, i: int | slice) -> Node | tuple[Node, ...]:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(*i.indices(len(self))))
        place = range(len(self))[i]
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._columns.node(place)
        return found
