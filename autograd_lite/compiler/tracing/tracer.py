"""What watches a function while it is traced: everything that the graph alone does not tell."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import functions, modes
from autograd_lite.cells import is_cells, operand
from autograd_lite.compiler.tracing import arrays
from autograd_lite.compiler.tracing.masks import Mask, as_node
from autograd_lite.compiler.tracing.stand_ins import Input
from autograd_lite.elementary import CHOOSE, STOP_GRADIENT
from autograd_lite.graph import raw_inputs
from autograd_lite.numbers import copied, fixed, number
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply, array_node, finished, kept_numbers, node_of
from autograd_lite.shaping import plain_index
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Constant, Value, settled

_POSITIONS = {("take", "indices"), ("getitem", "index")}
_CONDITIONS = {("where", "condition")}
PARTS = {"getitem", "take", "reshape", "ravel", "squeeze", "expand_dims", "transpose", "broadcast_to"}
SUMS = {"add", "matmul", "dot", "dot_many", "einsum"}
WHERE = TABLE["where"]


def sum_of_bools(name: str) -> TypeError:
    """What is refused because the graph would count."""
    return TypeError(
        f"{name} of bools that were given: in NumPy True + True is True, and @ of bools gives bools; write m | n, or "
        "to count m.astype(float) + n"
    )


@dataclass(slots=True)
class Guard:
    """A question that Python asked of numbers, on whose answer the graph depends.

    Attributes
    ----------
    op : str
        ``"<"``, ``"<="``, ``">"``, ``">="``, ``"!="`` or ``"index"``: what was asked.
    left, right : Value, Value or float
        The numbers. An "index" has only the left one.
    outcome : bool, int or ndarray of bool
        The answer.
    line : str
        Where it was asked.
    """

    op: str
    left: Value
    right: Value | float
    outcome: bool | int | NDArray[np.bool_]
    line: str = ""


class Tracer:
    """What watches one call: everything that the graph alone does not tell."""

    def __init__(self, inputs: list[Input]) -> None:
        self.guards: list[Guard] = []
        self.selections: dict[Value, dict[str, Value]] = {}
        self.notes: dict[tuple[str, str], int] = {}
        self.made: set[Value] = set()
        self.unseen: set[Value] = set()
        self._elements: dict[tuple[Value, Any], Value] = {}
        self._given = {leaf: x.integer for x in inputs for leaf in x.leaves}
        self._masks = {x.leaf for x in inputs if x.is_mask}
        self._hashed: set[Value] = set()
        self._joined: dict[int, tuple[Any, list[Any], Value]] = {}

    # --- numbers that leave the graph ---

    def noted(self, what: str, value: Value) -> None:
        """A Value was made (no name), or its bare number was read."""
        if what in ("", "a copy"):
            if value.op is not None or type(value) is not Value:
                return
            self.made.add(value)
            if not what:
                return
        elif type(value) is not Value or value in self.made:
            return
        key = what, f"at {modes.users_line()}"
        self.notes[key] = self.notes.get(key, 0) + 1

    def adopt(self, leaf: Value, data: Any, label: str) -> bool:
        """Make ``Value(x)`` of a given number x the node +x; False if it is something else."""
        if type(leaf) is not Value or not isinstance(data, Value) or not self.is_given(data):
            return False
        twin = data.pos()
        for slot in ("_data", "op", "_a", "_b", "_da", "_db", "_mark", "grad"):
            setattr(leaf, slot, getattr(twin, slot))
        leaf.label = label
        return True

    # --- gradients that stop ---

    def stopped(self, v: Value) -> Value:
        """The same number, which sends no gradient back: what `detach` gives."""
        if type(v) is not Value:
            return v
        if v.shape:
            node = array_node(STOP_GRADIENT, (v,), kept_numbers(STOP_GRADIENT, (v,)))
        else:
            node = node_of(STOP_GRADIENT, v._data, v, None, 0.0, None)
        node.label = v.label
        return node

    def unrecorded(self, node: Value) -> Value:
        """What an operation inside `no_grad` gives; nobody else sees its node."""
        self.unseen.add(node)
        return self.stopped(node)

    @staticmethod
    def _records() -> bool:
        return not FLOAT_NAMES["special"] or modes.mode().recording

    # --- questions ---

    def compared(self, op: str, left: Any, right: Any, outcome: Any) -> Any:
        """Python compared: an answer that is a guard once it is needed."""
        sides = (x.answer if isinstance(x, Mask) else x for x in (left, right))
        left, right = (x if isinstance(x, Value) else number(x) for x in sides)
        return Mask(self, outcome, (op, left, right))

    def asked(self, op: str, left: Any, right: Any, outcome: Any) -> Any:
        """Python needs the answer to a question; the answer."""
        if not isinstance(left, Value):
            left = Constant(left)
        if not isinstance(right, Value):
            right = number(right)
            right = right if type(right) is float else Constant(right)
        answer = np.array(outcome) if np.ndim(outcome) else bool(outcome)
        self.guards.append(Guard(op, left, right, answer, modes.users_line()))
        return outcome

    def equal(self, left: Value, right: Any) -> Any:
        """Python asked whether two are equal: of what was given as numbers, by number; else whether they are one."""
        if left is right and not self.is_given(left):  # what was given may be nan, which is not equal to itself
            return True
        if isinstance(right, Value):
            if not (self.is_given(left) and self.is_given(right)):
                return NotImplemented
        elif not isinstance(right, (int, float, np.number, np.bool_, np.ndarray)) or not self.is_given(left):
            return NotImplemented
        outcome = left._data == (right._data if isinstance(right, Value) else right)
        return self.compared("==", left, right, outcome)

    def hash(self, v: Value, asks: str) -> int:
        """Python looked for a number in a set or a dict, from a file: as for a number, by which one it is."""
        if asks.startswith(modes.NOT_THE_USERS) or v.shape or not self.is_given(v):
            return object.__hash__(v)
        if v not in self._hashed:
            self._hashed.add(v)
            self.asked("!=", v, v._data, v._data != v._data)
        return hash(v._data)

    def index(self, v: Value) -> int:
        """Python used a number as a position."""
        if v.shape or not self.is_whole(v):
            v._leave("a Value that is not an integer input, as an index,")
        place = int(v._data)
        self.guards.append(Guard("index", v, float(place), place, modes.users_line()))
        return place

    def is_given(self, v: Value) -> bool:
        """Whether it was given as a number, or computed from such numbers alone: then it is one where nobody traces."""
        return v in self._given or self._only_from(v, self._given.__contains__)

    def is_whole(self, v: Value) -> bool:
        """Whether it was given as an int, or computed from ints alone."""
        return self._given[v] if v in self._given else self._only_from(v, self._given.get)

    def of_ints(self, name: str, left: Any, right: Any) -> Any:
        """An operator of ints on numbers that were given as ints."""
        return arrays.of_ints(self, name, left, right)

    def mask(self, x: Any) -> Any:
        """Bools that were given in an array, or some of them, as a mask; anything else as it is."""
        if not self._masks or not isinstance(x, Value):
            return x
        source: Any = x
        while source.op is not None and source.op.name in PARTS:
            source = raw_inputs(source)[0]
        return self.compared("!=", x, 0.0, x._data != 0.0) if source in self._masks else x

    def inverted(self, v: Value) -> Any:
        """``~v`` of what was given as bools or ints."""
        return arrays.inverted(self, v)

    def method(self, v: Value, name: str) -> Any:
        """A method of arrays."""
        return getattr(arrays.Stand(self, v), name)

    def cells(self, v: Value, dtype: Any) -> Any:
        """What NumPy gets for an array: one of scalar Values."""
        return arrays.cells(self.is_given(v), v, dtype)

    @staticmethod
    def _only_from(v: Value, is_meant: Callable[[Value], Any]) -> bool:
        """Whether all that it was computed from is meant, or computed from what is."""
        seen, stack = {v}, [v]
        while stack:
            x = stack.pop()
            if is_meant(x):
                continue
            if type(x) is not Value or x.op is None:
                return False
            new = {y for y in raw_inputs(x) if isinstance(y, Value)} - seen
            seen |= new
            stack.extend(new)
        return True

    # --- positions ---

    def whole(self, x: Any, given: Callable[[Value], bool] | None = None) -> Any:
        """A nested list of numbers that were given as one Value; anything else as it is."""
        cells = operand(x) if isinstance(x, (list, tuple)) and _holds_values(x) else x
        given = given or self.is_given
        if is_cells(cells) and all(not isinstance(c, Value) or given(c) for c in cells.flat):
            return self._join(cells)
        return x

    def positions(self, x: Any) -> Value | None:
        """Positions as one Value, if they come from ints that were given."""
        x = self.whole(x, self.is_whole)
        return x if isinstance(x, Value) and self.is_whole(x) else None

    def getitem(self, v: Value, index: Any) -> Any:
        """An element, or a part; the same element twice is the same node."""
        items = index if type(index) is tuple else (index,)
        if not all(type(i) is int for i in items):
            items = tuple(map(_settled, map(self.mask, items)))
            index = items if type(index) is tuple else items[0]
            if any(isinstance(i, Value) for i in items):
                return self._picked(v, items)
            return v.getitem(plain_index(index))
        if not self._records():
            return v.getitem(index)
        known = self._elements.get((v, items))
        if known is None:
            data = settled(v)[items]
            data = fixed(data) if data.shape else float(data)
            known = self._elements[v, items] = finished_node(TABLE["getitem"], data, v, {"index": index})
        return known

    def _picked(self, v: Value, items: tuple[Any, ...]) -> Any:
        """The elements at positions that are inputs, in terms of take."""
        items = _without_ellipsis(items, v.ndim)
        if sum(not isinstance(i, (slice, int, np.integer)) and i is not None for i in items) == 1:
            (place,) = (k for k, i in enumerate(items) if isinstance(i, Value))
            axis = sum(isinstance(i, slice) or i is None for i in items[:place])
            rest = (*items[:place], slice(None), *items[place + 1 :])
            part = v if all(i == slice(None) for i in rest) else v[rest]
            return functions.take(part, items[place], axis=axis)
        count = next((k for k, i in enumerate(items) if isinstance(i, slice) or i is None), len(items))
        if not all(isinstance(i, slice) for i in items[count:]):
            raise TypeError(
                f"a Value of shape {v.shape} indexed with inputs in several places: the positions must come "
                "first, as in v[i, j, :]; or use autograd_lite.take"
            )
        flat: Any = 0
        for n, i in zip(v.shape, items[:count], strict=False):
            flat = flat * n + self._inside(i, n)
        joined = v.reshape((-1, *v.shape[count:]))
        chosen = functions.take(joined, flat, axis=0)
        rest = items[count:]
        return chosen if all(i == slice(None) for i in rest) else chosen[(slice(None),) * flat.ndim + rest]

    def _inside(self, i: Any, n: int) -> Any:
        """Positions along an axis of length n, counted from its beginning."""
        if not isinstance(i, Value):
            return np.mod(i, n)
        if np.any(i >= n) or np.any(i < -n):
            raise IndexError(f"position {float(np.max(i._data)):g} is out of bounds for an axis of length {n}")
        negative = i < 0
        return i + n * np.asarray(negative) if np.any(negative) else i

    def selected(self, row: Operation, operands: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        """An operation with parameters that are Values."""
        if row is WHERE and all(_is_scalar(x) for x in (*operands, parameters["condition"])):
            return apply(CHOOSE, (parameters["condition"], *operands))
        chosen = {name: p for name, p in parameters.items() if isinstance(p, Value) and self._selects(row, name)}
        bare = {name: self._bare(row, name, p) for name, p in parameters.items()}
        cells = [isinstance(x, np.ndarray) and x.dtype.kind == "O" for x in operands]
        joined = [self._join(x) if is_cells else x for x, is_cells in zip(operands, cells, strict=True)]
        inputs = tuple(x if isinstance(x, Value) else number(x) for x in joined)
        node = array_node(row, inputs, kept_numbers(row, inputs), bare)
        if chosen:
            self.selections[node] = chosen
        if FLOAT_NAMES["special"]:
            node = finished(node)
        return arrays.split(node) if any(cells) and node.shape else node

    def without_masks(
        self, row: Operation, operands: tuple[Any, ...], parameters: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The operands and parameters of an operation, with nodes for comparisons."""
        if self._masks and row.name in SUMS and all(isinstance(self.mask(x), Mask) for x in operands):
            raise sum_of_bools(row.name)
        return tuple(map(as_node, operands)), {name: as_node(p) for name, p in parameters.items()}

    @staticmethod
    def _selects(row: Operation, name: str) -> bool:
        return (row.name, name) in _POSITIONS or (row.name, name) in _CONDITIONS

    def _bare(self, row: Operation, name: str, p: Any) -> Any:
        """A parameter's numbers: positions as ints, conditions as bools, anything else by `index`."""
        if not isinstance(p, Value):
            return copied(p)
        if (row.name, name) in _CONDITIONS:
            return p._data != 0
        if (row.name, name) not in _POSITIONS:
            return self.index(p)
        if not self.is_whole(p):
            raise TypeError(f"{row.name}: {name} is {p!r}, which does not come from integers alone; positions are ints")
        return p._data.astype(int) if p.shape else int(p._data)

    def _join(self, cells: Any) -> Value:
        """An array of scalar Values as one Value."""
        now = cells.ravel().tolist()
        if not self._records():
            return functions.stack(now).reshape(cells.shape)  # type: ignore[no-any-return]
        known = self._joined.get(id(cells))
        if known is not None and all(map(operator.is_, known[1], now)):
            return known[2]
        joined: Value = functions.stack(now).reshape(cells.shape)
        self._joined[id(cells)] = cells, now, joined
        return joined


def _settled(i: Any) -> Any:
    """A part of an index: a slice with ints for its ends, a mask by its answer."""
    if isinstance(i, slice):
        return slice(*(operator.index(end) if isinstance(end, Value) else end for end in (i.start, i.stop, i.step)))
    return i.answer if isinstance(i, Mask) else i


def _is_scalar(x: Any) -> bool:
    return not x.shape if isinstance(x, Value) else isinstance(x, (int, float, np.number, np.bool_))


def _holds_values(x: Any) -> bool:
    return any(_holds_values(item) if isinstance(item, (list, tuple)) else isinstance(item, Value) for item in x)


def finished_node(row: Operation, data: Any, v: Value, parameters: dict[str, Any]) -> Value:
    """The node of an operation on one array whose result is known."""
    node = node_of(row, data, None, (v,), (v._data,), parameters)
    return finished(node) if FLOAT_NAMES["special"] else node


def _without_ellipsis(items: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    places = [k for k, i in enumerate(items) if i is Ellipsis]
    if not places:
        return items
    missing = ndim - sum(i is not None and i is not Ellipsis for i in items)
    return (*items[: places[0]], *(slice(None),) * missing, *items[places[0] + 1 :])
