"""What a rewriting of a graph of array Values stands on: making nodes once, and seeing which element is which.

A pattern is seldom written in one way. A row of sums may come back to its array by keepdims, by a reshape, by
``s[:, None]`` or by a broadcast; a difference may be an addition of a negative. So patterns are not compared as text.
Operations that only move elements are looked through, by moving the elements' positions instead of the elements:
`Graph.positions` says of each element which one of the array behind it is. Sums are read as a list of terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.graph import raw_inputs
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply
from autograd_lite.value import Value

Moves = tuple[Value, ...]
Positions = NDArray[np.int64]

MOVES = {"reshape", "ravel", "squeeze", "expand_dims", "transpose", "broadcast_to", "getitem", "take"}
"""Operations that say where elements go, and do nothing to them."""

MOST_TERMS = 64
"""A longer sum is left as it is: no pattern has so many terms, and reading it at every node would be quadratic."""


class Term(NamedTuple):
    """One term of a sum, `coefficient` times `atom`, and whether all elements of the atom are added up.

    The atom broadcasts to `shape`; a number among the terms has the atom None.
    """

    coefficient: float
    atom: Any
    shape: tuple[int, ...]
    summed: bool


class Graph:
    """Makes nodes, each only once, and reads graphs.

    Parameters
    ----------
    selections : dict
        For a node, those of its operation's parameters that are themselves inputs: their numbers change from run to
        run, so that nobody may look through such a node. Nodes that are made again enter themselves.
    """

    def __init__(self, selections: Mapping[Value, dict[str, Value]] | None = None) -> None:
        self.selections = dict(selections or {})
        self._known: dict[Any, Value] = {}
        self._first: dict[Value, Value] = {}
        self._numbers: dict[Any, Value] = {}
        self._same_numbers: dict[Value, Value] = {}
        self._held: list[Any] = []  # arrays are known by their id, which must stay theirs

    # --- making nodes ---

    def make(self, name: str, *operands: Any, **parameters: Any) -> Value:
        """The node of an operation: the one there is, or a new one."""
        return self._once(TABLE[name], operands, parameters, {})

    def again(self, node: Value, operands: tuple[Any, ...]) -> Value:
        """The operation of `node` on other operands, with its parameters, those among them that are inputs too."""
        assert node.op is not None
        return self._once(node.op, operands, node.parameters, self.selections.get(node, {}))

    def keep(self, node: Value) -> None:
        """Take note of a node that stays as it is."""
        if node.op is not None:
            key = self._key(node.op, raw_inputs(node), node.parameters, self.selections.get(node, {}))
            self._first[node] = self._known.setdefault(key, node)
            self._enter(node, key)

    def moved(self, moves: Moves, x: Any) -> Any:
        """The same moves, one after the other, of another array."""
        for move in moves:
            x = self.again(move, (x,))
        return x

    def identity(self, x: Any) -> Any:
        """Something equal for operands with the same elements in the same order: of one node, or computed alike."""
        return id(self._same_numbers.get(x, x)) if type(x) is Value else self._operand(x)

    def _once(
        self, row: Operation, operands: tuple[Any, ...], parameters: dict[str, Any], selected: dict[str, Value]
    ) -> Value:
        key = self._key(row, operands, parameters, selected)
        if key not in self._known:
            node = self._known[key] = apply(row, operands, **parameters)
            self._held.append(operands)
            if selected:
                self.selections[node] = selected
            self._enter(node, key)
        return self._known[key]

    def _enter(self, node: Value, key: Any) -> None:
        """Note what computes the same elements: a reduction does, with or without the axes that it leaves."""
        if type(node) is Value and "keepdims" in node.parameters:
            name, operands, _, selected = key
            key = name, operands, reduced_axes(node, raw_inputs(node)[0]), selected
        self._same_numbers[node] = self._numbers.setdefault(key, node)

    def _key(
        self, row: Operation, operands: tuple[Any, ...], parameters: dict[str, Any], selected: dict[str, Value]
    ) -> Any:
        given = tuple((name, _frozen(p)) for name, p in sorted(parameters.items()) if name not in selected)
        chosen = tuple(sorted((name, id(x)) for name, x in selected.items()))
        return row.name, tuple(map(self._operand, operands)), given, chosen

    def _operand(self, x: Any) -> Any:
        """Something equal for operands that are one node, or nodes of the same operation on the same operands."""
        if type(x) is Value:
            return id(self._first.get(x, x))
        data = number_of(x)
        return ("array", id(data)) if isinstance(data, np.ndarray) else ("float", float(data).hex())

    # --- reading: moves ---

    def seen(self, x: Any, even_selected: bool = False) -> tuple[Any, Moves]:
        """The array behind `x`, and the moves from there to `x`."""
        moves: list[Value] = []
        while named(x) in MOVES and (even_selected or x not in self.selections):
            moves.append(x)
            x = raw_inputs(x)[0]
        return x, tuple(reversed(moves))

    def positions(self, x: Any, shape: tuple[int, ...]) -> tuple[Any, Positions]:
        """The array behind `x`, and for every element of `x`, broadcast to `shape`, its position there."""
        base, moves = self.seen(x)
        data = number_of(base)
        places = np.arange(np.size(data), dtype=np.int64).reshape(np.shape(data))
        return base, np.broadcast_to(moved_data(places, moves), shape)

    def rows(self, elements: Any, reduced: Any, operation: str, shape: tuple[int, ...]) -> tuple[Value, int] | None:
        """Whether `reduced`, at every element of `shape`, is the reduction of that element's own row.

        Both are operands, broadcast to `shape`, that reach it by any moves. The answer is the array behind `elements`
        and its axis along which `operation` reduces; None where it is another array, another axis or a misalignment.
        """
        base, places = self.positions(elements, shape)
        reduction, group_at = self.positions(reduced, shape)
        if named(reduction) != operation or type(base) is not Value or not base.size or not base.shape:
            return None
        (operand,) = raw_inputs(reduction)
        if np.size(number_of(operand)) != base.size:
            return None
        behind, inside = self.positions(operand, np.shape(number_of(operand)))
        if self.identity(behind) != self.identity(base) or np.bincount(inside.ravel(), minlength=base.size).max() > 1:
            return None
        group_of = np.full(base.size, -1, dtype=np.int64)
        group_of[inside.ravel()] = group_positions(reduction, operand).ravel()
        if not np.array_equal(group_of[places], group_at):
            return None
        by_place = group_of.reshape(base.shape)
        axes = (axis for axis in range(base.ndim) if _are_rows(by_place, axis))
        axis = next(axes, None)
        return None if axis is None else (base, axis)

    def is_constant_along(self, x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
        """Whether `x`, broadcast to `shape`, is the same number along `axes`, whatever the numbers are."""
        if type(x) is Value:
            _, at = self.positions(x, shape)
        else:
            at = np.broadcast_to(number_of(x), shape)
        first = tuple(slice(0, 1) if i in axes else slice(None) for i in range(len(shape)))
        return bool(np.all(at == at[first]))

    # --- reading: sums ---

    def terms(self, x: Any, stop: Iterable[Any] = ()) -> list[Term]:
        """The terms of which `x` is the sum; x alone if it is none, or too long. Nodes in `stop` stay whole."""
        whole = set(stop)
        found: list[Term] = []
        stack = [Term(1.0, x, np.shape(number_of(x)), False)]
        while stack:
            term = stack.pop()
            parts = None if self.identity(term.atom) in whole else _parts(term)
            if parts is None:
                found.append(term)
            else:
                stack.extend(reversed(parts))
            if len(found) + len(stack) > MOST_TERMS:
                return [Term(1.0, x, np.shape(number_of(x)), False)]
        return found

    def total(self, terms: list[tuple[float, Any]]) -> Any:
        """The sum of coefficients times operands; a factor that all share is taken out."""
        assert terms
        sizes = {abs(c) for c, _ in terms}
        if len(sizes) == 1 and len(terms) > 1 and sizes != {1.0}:
            common = terms[0][0]
            return self.make("mul", common, self.total([(c / common, x) for c, x in terms]))
        ordered = sorted(terms, key=lambda term: term[0] < 0)  # begin with what is added: a - b, not -b + a
        (first, x), *rest = ordered
        result = self.scaled(first, x)
        for c, x in rest:
            result = self.make("sub" if c < 0 else "add", result, self.scaled(abs(c), x))
        return result

    def scaled(self, coefficient: float, x: Any) -> Any:
        """The product of a plain number and an operand."""
        if coefficient == 1.0:
            return x
        if type(x) is float:
            return coefficient * x
        return self.make("neg", x) if coefficient == -1.0 else self.make("mul", coefficient, x)

    def negative(self, z: Any) -> Any:
        """The array -z; of a difference the difference the other way round."""
        if named(z) == "neg":
            return raw_inputs(z)[0]
        if named(z) == "mul":
            a, b = raw_inputs(z)
            for factor, x in ((a, b), (b, a)):
                number = plain_number(factor)
                if number is not None and type(x) is Value:
                    return self.scaled(-number, x)
        return self.make("neg", z)

    def same(self, x: Any, y: Any, shape: tuple[int, ...]) -> bool:
        """Whether two operands are the same array of `shape`."""
        if type(x) is not Value or x.shape != shape:
            return False
        (a, at), (b, there) = self.positions(x, shape), self.positions(y, shape)
        return bool(self.identity(a) == self.identity(b) and np.array_equal(at, there))

    def fitted(self, x: Any, shape: tuple[int, ...]) -> Any:
        """The array in `shape`, to which it broadcasts, or of whose size it is."""
        if x.shape == shape:
            return x
        return self.make("reshape" if x.size == np.prod(shape) else "broadcast_to", x, shape=shape)

    def assembled(self, terms: list[Term], shape: tuple[int, ...]) -> Any:
        """The sum of terms as a node."""
        plain = [(term.coefficient, term.atom) for term in terms if not term.summed]
        groups: dict[tuple[int, ...], list[tuple[float, Any]]] = defaultdict(list)
        for term in terms:
            if term.summed:
                groups[term.shape].append((term.coefficient, term.atom))
        for inner, parts in groups.items():
            common = parts[0][0] if len({abs(c) for c, _ in parts}) == 1 else 1.0
            inside = self.fitted(self.total([(c / common, x) for c, x in parts]), inner)
            plain.append((common, self.make("sum", inside, axis=None, keepdims=False)))
        return self.fitted(self.total(plain), shape)


def named(x: Any) -> str:
    """The name of the operation that made `x`; '' for leaves and numbers."""
    return x.op.name if type(x) is Value and x.op is not None else ""


def number_of(x: Any) -> Any:
    """The number or the array of an operand."""
    return x._data if isinstance(x, Value) else x


def plain_number(x: Any) -> float | None:
    """The float that an operand is for good, or None: what is computed changes, and a leaf is a variable."""
    if type(x) is Value:
        return None
    data = number_of(x)
    if isinstance(data, np.ndarray):
        return float(data.flat[0]) if data.size == 1 and not data.shape else None
    return float(data)


def moved_data(data: NDArray[Any], moves: Moves) -> NDArray[Any]:
    """A bare array after the moves."""
    for move in moves:
        assert move.op is not None
        data = move.op.forward(data, **move.parameters)
    return np.asarray(data)


def reduced_axes(node: Value, operand: Any) -> tuple[int, ...]:
    """The axes of its operand over which a reduction reduces."""
    ndim = np.ndim(number_of(operand))
    axis = node.parameters["axis"]
    if axis is None:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,))) if ndim else ()


def group_positions(reduction: Value, operand: Any) -> Positions:
    """For every element of the operand, the position of the element of the result that it is reduced to."""
    shape = np.shape(number_of(operand))
    axes = reduced_axes(reduction, operand)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return np.broadcast_to(np.arange(reduction.size, dtype=np.int64).reshape(kept), shape)


def is_linear(node: Value) -> bool:
    """Whether `Graph.terms` sees through the node to the terms of its operand."""
    return _parts(Term(1.0, node, node.shape, False)) is not None


def _parts(term: Term) -> list[Term] | None:
    """The terms of an atom that is itself a sum, a multiple, or a sum over all elements."""
    c, x, shape, summed = term
    name = named(x)
    if name in ("add", "sub", "neg", "pos"):
        signs = (-c if name == "neg" else c, -c if name == "sub" else c)
        return [Term(sign, a, shape, summed) for sign, a in zip(signs, raw_inputs(x), strict=False)]
    if name in ("mul", "div"):
        a, b = raw_inputs(x)
        divisor, factor = plain_number(b), plain_number(a)
        if divisor is not None and (name == "mul" or divisor != 0.0):
            return [Term(c * divisor if name == "mul" else c / divisor, a, shape, summed)]
        return [Term(c * factor, b, shape, summed)] if name == "mul" and factor is not None else None
    if name in MOVES and not summed and x.size == 1 == np.size(number_of(raw_inputs(x)[0])):
        inner = np.shape(number_of(raw_inputs(x)[0]))
        return [Term(c, raw_inputs(x)[0], shape if len(inner) <= len(shape) else inner, False)]
    if name in ("sum", "mean") and (x.shape == shape if summed else x.size == int(np.prod(shape, dtype=int)) == 1):
        (a,) = raw_inputs(x)  # a sum of sums, or the sum of everything
        size = np.size(number_of(a))
        return [Term(c if name == "sum" else c * x.size / size, a, np.shape(number_of(a)), True)] if size else None
    return None


def _are_rows(groups: Positions, axis: int) -> bool:
    """Whether the groups are the rows along one axis: equal along it, and every row another."""
    rows = np.moveaxis(groups, axis, -1)
    firsts = rows[..., :1]
    return bool(np.all(rows == firsts)) and len(np.unique(firsts)) == firsts.size


def _frozen(parameter: Any) -> Any:
    """A parameter that can be compared and hashed."""
    if isinstance(parameter, np.ndarray):
        return parameter.shape, parameter.dtype.str, parameter.tobytes()
    if isinstance(parameter, tuple):
        return tuple(map(_frozen, parameter))
    return repr(parameter)
