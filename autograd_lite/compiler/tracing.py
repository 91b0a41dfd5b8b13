"""Pass 1, trace: call the function once on leaves that stand for its arguments, and keep what it computed.

The result is an ordinary graph of Values, and beside it what the graph does not show: the questions that Python asked
of the numbers (guards), positions that are inputs (selections), and bare numbers that left the graph (notes).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import modes
from autograd_lite.compiler.arguments import Given, Input, given, stand_ins
from autograd_lite.graph import raw_inputs, walk
from autograd_lite.numbers import copied, fixed, number
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import array_node, finished, node_of
from autograd_lite.shaping import plain_index
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Constant, Value

__all__ = ["Guard", "Input", "Trace", "trace"]

_GETITEM, _SUM_MANY = TABLE["getitem"], TABLE["sum_many"]
_POSITIONS = {("take", "indices"), ("getitem", "index")}
_CONDITIONS = {("where", "condition")}


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


@dataclass(slots=True)
class Trace:
    """One call of a function.

    Attributes
    ----------
    root : Value
        The result, a scalar.
    parameters : list of Value
        The leaves that existed before the call, in the order in which the walk meets them, and then `arguments`.
    inputs : list of Input
        The arguments' numbers.
    guards : list of Guard
        Python's control flow.
    selections : dict
        For a node the parameters of its operation that are themselves computed from inputs, by name.
    arguments : list of Value
        The leaves that stand for the Values among the arguments, in order; parameters, too.
    notes : dict
        What read a bare number or made a random one, and where, with the number of times.
    leaves, inner : list of Value
        Every leaf and every inner node that the root, the guards or the selections depend on, inputs before results.
    """

    root: Value
    parameters: list[Value]
    inputs: list[Input]
    guards: list[Guard] = field(default_factory=list)
    selections: dict[Value, dict[str, Value]] = field(default_factory=dict)
    arguments: list[Value] = field(default_factory=list)
    notes: dict[tuple[str, str], int] = field(default_factory=dict)
    leaves: list[Value] = field(default_factory=list)
    inner: list[Value] = field(default_factory=list)


def trace(
    f: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, found: Given | None = None
) -> Trace:
    """Call `f` once with leaves in place of its arguments' numbers.

    Raises
    ------
    TypeError
        If `f` does not return a scalar.

    Examples
    --------
    >>> w = Value(2.0, label="w")
    >>> found = trace(lambda xs: sum(w * x for x in xs if x > 0), ([1.0, -1.0, 3.0],))
    >>> found.root.data, found.parameters == [w], found.inputs[0].shape
    (8.0, True, (3,))
    >>> [(guard.op, guard.outcome) for guard in found.guards]
    [('>', True), ('>', False), ('>', True)]
    """
    found = given(args, kwargs or {}) if found is None else found
    made = stand_ins(f, found)
    tracer = Tracer(made.inputs)
    before = _random_states()
    with _no_collector(), modes.recording(), modes.traced_by(tracer):
        y = f(*made.args, **made.kwargs)
    if before != _random_states():
        tracer.notes["random numbers", "drawn from the global generator"] = 1
    root = _scalar(f, y)
    leaves, inner = _everything(root, tracer)
    known = tracer.made.union(*(x.leaves for x in made.inputs), made.parameters)
    return Trace(
        root=root,
        parameters=[x for x in leaves if x not in known] + made.parameters,
        inputs=made.inputs,
        guards=tracer.guards,
        selections=tracer.selections,
        arguments=made.parameters,
        notes=tracer.notes,
        leaves=leaves,
        inner=inner,
    )


def _scalar(f: Callable[..., Any], y: Any) -> Value:
    """What the function returned, as a node."""
    name = getattr(f, "__name__", repr(f))
    if isinstance(y, np.ndarray) and y.dtype.kind == "O" and not y.shape:
        y = y[()]
    if isinstance(y, Value):
        if y.shape:
            raise TypeError(
                f"{name} returned a Value of shape {y.shape}; vectorize needs a scalar, the cost: return y.sum() or "
                "y.mean(), or vectorize a function of one example with in_axes"
            )
        return +y if y.op is None and type(y) is Value else y
    if y is None or isinstance(y, (list, tuple, dict, np.ndarray)):
        what = f"an array of shape {y.shape}" if isinstance(y, np.ndarray) else type(y).__name__
        raise TypeError(
            f"{name} returned {'None' if y is None else what}; vectorize needs a scalar Value, the cost: return one "
            "number, as sum(losses) / len(losses)"
        )
    return Constant(y)


def _everything(root: Value, tracer: Tracer) -> tuple[list[Value], list[Value]]:
    """The leaves and inner nodes that the root, the guards and the selections depend on, by one walk."""
    others = [x for guard in tracer.guards for x in (guard.left, guard.right)]
    others += [x for chosen in tracer.selections.values() for x in chosen.values()]
    nodes = tuple(x for x in (root, *others) if type(x) is Value)
    if not nodes:
        return [], []
    top = node_of(_SUM_MANY, 0.0, None, nodes, [1.0] * len(nodes), None)
    leaves, inner, _ = walk(top)
    return leaves, inner[:-1]


def _random_states() -> tuple[Any, ...]:
    """Where the global random generators are."""
    import random

    legacy: Any = np.random.get_state()  # noqa: NPY002  (to know whether a user draws from it)
    return random.getstate(), legacy[1].tobytes(), legacy[2:]


class Tracer:
    """What watches one call: everything that the graph alone does not tell."""

    def __init__(self, inputs: list[Input]) -> None:
        self.guards: list[Guard] = []
        self.selections: dict[Value, dict[str, Value]] = {}
        self.notes: dict[tuple[str, str], int] = {}
        self.made: set[Value] = set()
        self._elements: dict[tuple[Value, Any], Value] = {}
        self._given = {leaf: x.integer for x in inputs for leaf in x.leaves}
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
        key = what, modes.users_line()
        self.notes[key] = self.notes.get(key, 0) + 1

    # --- questions ---

    def asked(self, op: str, left: Value, right: Any, outcome: Any) -> Any:
        """Python compared; the answer."""
        if not isinstance(right, Value):
            right = number(right)
            right = right if type(right) is float else Constant(right)
        answer = np.array(outcome) if np.ndim(outcome) else bool(outcome)
        self.guards.append(Guard(op, left, right, answer, modes.users_line()))
        return outcome

    def equal(self, left: Value, right: Any) -> Any:
        """Python asked whether two are equal: of what was given as numbers, by number; else whether they are one."""
        if left is right:
            return True
        if isinstance(right, Value):
            if not (self._is_given(left) and self._is_given(right)):
                return NotImplemented
        elif not isinstance(right, (int, float, np.number, np.bool_, np.ndarray)) or not self._is_given(left):
            return NotImplemented
        outcome = left._data == (right._data if isinstance(right, Value) else right)
        self.asked("!=", left, right, np.logical_not(outcome))
        return outcome

    def index(self, v: Value) -> int:
        """Python used a number as a position."""
        if v.shape or not self._is_integer(v):
            v._leave("a Value that is not an integer input, as an index,")
        place = int(v._data)
        self.guards.append(Guard("index", v, float(place), place, modes.users_line()))
        return place

    def _is_given(self, v: Value) -> bool:
        """Whether it was given as a number, or computed from such numbers alone: then it is one where nobody traces."""
        return v in self._given or self._only_from(v, self._given)

    def _is_integer(self, v: Value) -> bool:
        integers = {x for x, integer in self._given.items() if integer} if v not in self._given else ()
        return self._given[v] if v in self._given else self._only_from(v, integers)

    def _only_from(self, v: Value, given: Any) -> bool:
        seen, stack = {v}, [v]
        while stack:
            x = stack.pop()
            if x in given:
                continue
            if type(x) is not Value or x.op is None:
                return False
            new = {y for y in raw_inputs(x) if isinstance(y, Value)} - seen
            seen |= new
            stack.extend(new)
        return True

    # --- positions ---

    def getitem(self, v: Value, index: Any) -> Value:
        """An element, or a part; the same element twice is the same node."""
        items = index if type(index) is tuple else (index,)
        if not all(type(i) is int for i in items):
            if any(isinstance(i, Value) for i in items):
                return self._picked(v, items)
            return v.getitem(plain_index(index))
        known = self._elements.get((v, items))
        if known is None:
            if v._data.flags.writeable:
                known = v.getitem(index)
            else:
                data = v._data[items]
                data = fixed(data) if data.shape else float(data)
                known = finished_node(_GETITEM, data, v, {"index": index})
            self._elements[v, items] = known
        return known

    def _picked(self, v: Value, items: tuple[Any, ...]) -> Any:
        """The elements at positions that are inputs, in terms of take."""
        from autograd_lite import functions

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
                f"a Value of shape {v.shape} indexed with inputs in {len(items)} places: the positions must come first, "
                "as in v[i, j, :]; or use autograd_lite.take"
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
        chosen = {name: p for name, p in parameters.items() if isinstance(p, Value) and self._selects(row, name)}
        bare = {name: self._bare(row, name, p) for name, p in parameters.items()}
        cells = [isinstance(x, np.ndarray) and x.dtype.kind == "O" for x in operands]
        joined = [self._join(x) if is_cells else x for x, is_cells in zip(operands, cells, strict=True)]
        inputs = tuple(x if isinstance(x, Value) else number(x) for x in joined)
        node = array_node(row, inputs, tuple(x._data if isinstance(x, Value) else x for x in inputs), bare)
        if FLOAT_NAMES["special"]:
            finished(node)
        if chosen:
            self.selections[node] = chosen
        return _split(node) if any(cells) and node.shape else node

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
        if not self._is_integer(p):
            raise TypeError(f"{row.name}: {name} is {p!r}, which does not come from integers alone; positions are ints")
        return p._data.astype(int) if p.shape else int(p._data)

    def _join(self, cells: Any) -> Value:
        """An array of scalar Values as one Value."""
        from autograd_lite import functions

        now = cells.ravel().tolist()
        known = self._joined.get(id(cells))
        if known is not None and all(map(_same, known[1], now)):
            return known[2]
        joined = functions.stack(now).reshape(cells.shape)
        self._joined[id(cells)] = cells, now, joined
        return joined  # type: ignore[no-any-return]


def _same(a: Any, b: Any) -> bool:
    return a is b


def finished_node(row: Operation, data: Any, v: Value, parameters: dict[str, Any]) -> Value:
    """The node of an operation on one array whose result is known."""
    node = node_of(row, data, None, (v,), (v._data,), parameters)
    return finished(node) if FLOAT_NAMES["special"] else node


def _split(v: Value) -> Any:
    """The elements of an array Value, as an array of scalar Values."""
    cells = np.empty(v.shape, dtype=object)
    for place in np.ndindex(v.shape):
        cells[place] = v[place]
    return cells


def _without_ellipsis(items: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    places = [k for k, i in enumerate(items) if i is Ellipsis]
    if not places:
        return items
    missing = ndim - sum(i is not None and i is not Ellipsis for i in items)
    return (*items[: places[0]], *(slice(None),) * missing, *items[places[0] + 1 :])


# --- Python's cycle collector: it would look at every node of a growing graph, again and again, and find nothing ------

_collecting = threading.Lock()
_resting = [0, False]  # how many threads trace, and whether the collector was on before the first of them


@contextmanager
def _no_collector() -> Iterator[None]:
    with _collecting:
        if not _resting[0]:
            _resting[1] = gc.isenabled()
            gc.disable()
        _resting[0] += 1
    try:
        yield
    finally:
        with _collecting:
            _resting[0] -= 1
            if not _resting[0] and _resting[1]:
                gc.enable()
