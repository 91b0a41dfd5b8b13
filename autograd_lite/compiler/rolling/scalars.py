"""Normal form: from a traced graph to integer columns (`columns`).

Left-deep chains of additions become one sum where the inner ones have no other use, products with constants become
coefficients, a quotient by a constant too. Ids are allotted in the order of the walk.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.columns import CONSTANTS, MAX, NONE, SELECT, SUM, THETA, ArrayNode, Scalars
from autograd_lite.compiler.rolling.uses import ONE_USE, Uses, with_references
from autograd_lite.compiler.tracing.tracing import Trace
from autograd_lite.operation import TABLE, Operation
from autograd_lite.value import Value

__all__ = ["normal_form"]

Ids = NDArray[np.int64]

_ADD, _SUB, _MUL, _DIV, _NEG, _POS = (TABLE[name] for name in ("add", "sub", "mul", "div", "neg", "pos"))
_POW, _SQUARE, _DOT = (TABLE[name] for name in ("pow", "square", "dot_many"))

_MOVES = ("getitem", "reshape", "ravel", "squeeze", "expand_dims", "transpose", "broadcast_to", "concatenate", "stack")
_REARRANGING = tuple(TABLE[name] for name in _MOVES)
"""Operations on arrays that move elements and change none: their result is a choice of ids."""


def normal_form(trace: Trace) -> Scalars:
    """Put a trace into columns.

    Examples
    --------
    >>> from autograd_lite.compiler.tracing.tracing import trace
    >>> w = Value(2.0)
    >>> columns = normal_form(trace(lambda x, y: 1 - (w * x - y) * 3, (5.0, 7.0), {}))
    >>> len(columns.ids), columns.constants, columns.coefficients
    (2, [0.0, 1.0], [1.0, -1.0, -3.0])
    """
    return _Walk(trace).columns


Entry = Any
"""What the walk knows of a node: an id; an open product (coefficient, a, b); an open sum [c0, coefficient, a, b, ...];
an array of ids for an array; a number that is known, as 0 times anything. What has one use stays open, so that its user
can take it in."""


_OPEN = (list, tuple)


class _Walk:
    """One pass over the nodes, inputs before results; what is known of a node stands in its `_mark`."""

    def __init__(self, trace: Trace) -> None:
        self.columns = columns = Scalars()
        self.trace = trace
        asked = [x for g in trace.guards for x in (g.left, g.right) if type(x) is Value]
        asked += [x for chosen in trace.selections.values() for x in chosen.values()]
        inner = trace.inner
        self._number_leaves(trace)
        self.uses = Uses(inner, [trace.root, *asked])
        columns.count = len(trace.leaves) + len(inner)
        self._nodes(inner)
        columns.root = self.closed(trace.root)
        columns.guards = [(self.operand(g.left), self.operand(g.right)) for g in trace.guards]

    # --- leaves ---

    def _number_leaves(self, trace: Trace) -> None:
        columns = self.columns
        known = set()
        for given in trace.inputs:
            ids = columns.new_source(given.shape, 0)
            several = [ids if given.shape else int(ids)] if given.elements is None else ids.ravel().tolist()
            for leaf, entry in zip(given.leaves, several, strict=True):
                leaf._mark = entry
                known.add(leaf)
        parameters = set(trace.parameters)
        for leaf in trace.leaves:
            if leaf in known:
                continue
            if leaf not in parameters:
                leaf._mark = leaf._data if isinstance(leaf._data, float) else columns.constants_of(leaf._data)
            elif type(leaf._data) is float:
                leaf._mark = columns.new_id(0, THETA, len(columns.parameters))
                columns.parameters.append(leaf)
            else:
                columns.leaves[leaf] = len(columns.sizes)
                leaf._mark = columns.new_source(leaf.shape, 0)
        columns.sizes[THETA] = (len(columns.parameters),)

    # --- closing: giving an id ---

    def operand(self, x: Any) -> Any:
        """The id of a Value or a number, an array of ids for an array."""
        if type(x) is Value:
            return self.closed(x)
        return self.columns.constants_of(x._data if isinstance(x, Value) else x)

    def closed(self, node: Value) -> Any:
        """The id of a node, an array of ids for an array."""
        entry: Any = node._mark
        kind = entry.__class__
        if kind is list or kind is tuple:
            entry = node._mark = self._close(entry)
        return self.columns.constant(entry) if kind is float else entry

    def _close(self, entry: Entry) -> int:
        if entry.__class__ is tuple:
            coefficient, a, b = entry
            if coefficient == 1.0 and b == NONE:
                return a  # type: ignore[no-any-return]
            entry = [0.0, coefficient, a, b]
        return self._new_sum(SUM, entry)

    def _new_sum(self, row: Operation, terms: list[Any]) -> int:
        columns = self.columns
        columns.starts.append(len(columns.left))
        columns.constants.append(terms[0])
        columns.coefficients += terms[1::3]
        left, right = terms[2::3], terms[3::3]
        columns.left += left
        columns.right += right
        level = columns.level
        highest = 0
        for i in left:
            if level[i] > highest:
                highest = level[i]
        for i in right:
            if i >= 0 and level[i] > highest:
                highest = level[i]
        return self._new_node(row, (), highest + 1)

    def _new_node(self, row: Operation, operands: tuple[int, ...], level: int) -> int:
        columns = self.columns
        i = len(columns.level)
        columns.level.append(level)  # as `new_id` does: one call less for every node
        columns.source.append(-1)
        columns.place.append(0)
        columns.ids.append(i)
        columns.rows.append(row)
        columns.operands.append(operands)
        return i

    # --- the nodes ---

    def _nodes(self, inner: list[Value]) -> None:
        several = self.uses.are_several
        handlers: dict[Operation | None, Any] = {
            _ADD: self._add,
            _SUB: self._sub,
            _MUL: self._mul,
            _DIV: self._div,
            _NEG: lambda node: self._scaled(node._a, -1.0),
            _POS: lambda node: self._scaled(node._a, 1.0),
            _POW: self._pow,
            _SQUARE: lambda node: self._product(node._a, node._a),
            SUM: self._sum_many,
            _DOT: self._dot_many,
            MAX: self._greatest,
        }
        elementary, of_one, add, mul, once = self._elementary, self._of_one, _ADD, _MUL, ONE_USE
        for node, references in with_references(inner):
            row, a, b = node.op, node._a, node._b
            if b.__class__ is Value and a.__class__ is Value:
                one, two = a._mark, b._mark
                # most nodes are one of these three, which take no call: a product, and a sum that takes one in
                if row is mul and one.__class__ is int and two.__class__ is int:
                    entry: Entry = (1.0, one, two)
                elif row is add and two.__class__ is tuple and one.__class__ is list:
                    one += two
                    entry = one
                elif row is add and two.__class__ is tuple and one.__class__ is int:
                    entry = [0.0, 1.0, one, NONE, *two]
                else:
                    entry = handlers.get(row, elementary)(node)
            elif a is None and node._da.__class__ is tuple:
                node._mark = self._array(node)
                continue
            else:
                entry = handlers.get(row, elementary if b is not None or a is None else of_one)(node)
            if references > once and entry.__class__ in _OPEN and several(node):
                entry = self._close(entry)
            node._mark = entry

    def _term(self, x: Any) -> tuple[float, int, int]:
        """An operand as a product: (coefficient, a, b); a sum is closed."""
        entry = x._mark if x.__class__ is Value else None
        return entry if entry.__class__ is tuple else (1.0, self.operand(x), NONE)

    def _add(self, node: Value) -> Entry:
        return self._plus(node._a, node._b, 1.0)

    def _sub(self, node: Value) -> Entry:
        return self._plus(node._a, node._b, -1.0)

    def _plus(self, a: Any, b: Any, sign: float) -> Entry:
        if sign == 1.0 and _openness(b) > _openness(a) and _known(a) is None:
            a, b = b, a  # x + (y + (z + ...)): the sum grows at its other end
        terms = self._first_term(a, b.__class__ is Value and b._mark.__class__ is list)
        number = _known(b)
        if number is not None:
            terms[0] += sign * number
        elif b._mark.__class__ is int:
            terms += (sign, b._mark, NONE)
        else:
            coefficient, left, right = self._term(b)
            terms += (sign * coefficient, left, right)
        return terms if len(terms) > 1 else terms[0]

    def _first_term(self, a: Any, before_a_sum: bool) -> list[Any]:
        """The sum to which something is added: the left operand, as it grows.

        A sum of products that meets another sum is done: each of them may become a matrix product.
        """
        number = _known(a)
        if number is not None:
            return [number]
        terms = a._mark
        if terms.__class__ is list and not (before_a_sum and terms[-1] != NONE):
            return terms
        return [0.0, *self._term(a)]

    def _mul(self, node: Value) -> Entry:
        return self._product(node._a, node._b)

    def _product(self, a: Any, b: Any) -> Entry:
        number = _known(a)
        if number is not None:
            return self._scaled(b, number)
        number = _known(b)
        if number is not None:
            return self._scaled(a, number)
        one, two = a._mark, b._mark
        if one.__class__ is int and two.__class__ is int:
            return (1.0, one, two)
        c, a1, a2 = self._term(a)
        d, b1, b2 = self._term(b)
        if a2 != NONE:
            c, a1 = 1.0, self.closed(a)
        if b2 != NONE:
            d, b1 = 1.0, self.closed(b)
        return (c * d, a1, b1)

    def _scaled(self, x: Any, factor: float) -> Entry:
        number = _known(x)
        if number is not None:
            return number * factor
        if factor == 0.0:
            return 0.0  # whatever x is: the steps that follow an initial state of zeros need not compute with it
        coefficient, a, b = self._term(x)
        return (coefficient * factor, a, b)

    def _div(self, node: Value) -> Entry:
        number = _known(node._b)
        if number and math.isfinite(1.0 / number):
            return self._scaled(node._a, 1.0 / number)
        return self._elementary(node)

    def _pow(self, node: Value) -> Entry:
        if _known(node._b) == 2.0:
            return self._product(node._a, node._a)
        return self._elementary(node)

    def _sum_many(self, node: Value) -> Entry:
        terms: list[Any] = [0.0]
        for x in node._db or node._b:
            number = _known(x)
            if number is None:
                terms += self._term(x)
            else:
                terms[0] += number
        return terms if len(terms) > 1 else terms[0]

    def _dot_many(self, node: Value) -> Entry:
        inputs = node._db or node._b
        half = len(inputs) // 2
        terms: list[Any] = [0.0]
        for a, b in zip(inputs[:half], inputs[half:], strict=True):
            product = self._product(a, b)
            if product.__class__ is float:
                terms[0] += product
            else:
                terms += product
        return terms if len(terms) > 1 else terms[0]

    def _greatest(self, node: Value) -> Entry:
        inputs = node._db or node._b
        if all(_known(x) is not None for x in inputs):
            return node._data
        return self._candidates(MAX, [self.operand(x) for x in inputs])

    def _candidates(self, row: Operation, ids: list[int]) -> int:
        """A node of one of many; where the order counts, each's number stands where a sum has its coefficient."""
        terms: list[Any] = [0.0]
        for number, i in enumerate(ids):
            terms += (float(number) if row is SELECT else 1.0, i, NONE)
        return self._new_sum(row, terms)

    def _of_one(self, node: Value) -> Entry:
        """An elementary operation of one operand."""
        x = node._a
        if x._mark.__class__ is float:
            return node._data
        i = self.closed(x)
        assert node.op is not None
        return self._new_node(node.op, (i,), self.columns.level[i] + 1)

    def _elementary(self, node: Value) -> Entry:
        row = node.op
        assert row is not None
        inputs = (node._db or node._b) if node._a is None else (node._a, node._b)[: 1 if node._b is None else 2]
        if all(_known(x) is not None for x in inputs):
            return node._data
        operands = tuple([self.operand(x) for x in inputs])
        level = self.columns.level
        return self._new_node(row, operands, 1 + max([level[i] for i in operands]))

    # --- arrays ---

    def _array(self, node: Value) -> Entry:
        columns, row = self.columns, node.op
        assert row is not None
        inputs = [self.operand(x) for x in node._b]
        chosen = self.trace.selections.get(node)
        if row in _REARRANGING and not chosen:
            return self._entry(row.forward(*inputs, **node._db))
        positions = {name: self.operand(x) for name, x in (chosen or {}).items()}
        if row is SELECT and chosen and self._is_of_scalars(inputs[0]):
            return self._selected(inputs[0], positions["indices"], node._db.get("axis"))
        level = 1 + max((_highest(columns.level, x) for x in [*inputs, *positions.values()]), default=0)
        source = len(columns.sizes)
        ids = columns.new_source(node.shape, level)
        columns.arrays.append(ArrayNode(node, inputs, source, level, positions))
        return self._entry(ids)

    def _entry(self, ids: Any) -> Entry:
        """An array of ids; of a single element its id, or the number that it always is."""
        if np.ndim(ids):
            return ids
        columns, i = self.columns, int(ids)
        return columns.numbers[columns.place[i]] if columns.source[i] == CONSTANTS else i

    def _is_of_scalars(self, ids: Ids) -> bool:
        """Whether an array was put together from scalars, and is none that is an array anyway."""
        source = self.columns.source
        return any(source[i] <= CONSTANTS for i in ids.ravel().tolist())

    def _selected(self, table: Ids, index: Any, axis: int | None) -> Entry:
        """A node for each element: one of the candidates along the axis, and which, its operand says."""
        columns = self.columns
        candidates = np.moveaxis(table, axis, -1) if axis is not None else table.ravel()
        lead = candidates.shape[:-1]
        chosen = np.empty((*lead, *np.shape(index)), np.int64)
        for place in np.ndindex(chosen.shape):
            ids = candidates[place[: len(lead)]].tolist()
            which = int(index if np.ndim(index) == 0 else index[place[len(lead) :]])
            if columns.source[which] == CONSTANTS:
                chosen[place] = ids[int(columns.numbers[columns.place[which]])]
                continue
            chosen[place] = self._candidates(SELECT, ids)
            columns.operands[-1] = (which,)
            columns.level[-1] = max(columns.level[-1], columns.level[which] + 1)
        if axis is not None and np.ndim(index):  # the positions' axes stand in the place of the table's
            back = range(len(lead), chosen.ndim)
            chosen = np.moveaxis(chosen, tuple(back), tuple(axis + k for k in range(len(back))))
        return self._entry(chosen)


def _openness(x: Any) -> int:
    """How ready an operand is to take in what is added: 2 for an open sum, 1 for one of products, 0 for no open sum."""
    if x.__class__ is not Value or x._mark.__class__ is not list:
        return 0
    return 2 if x._mark[-1] == NONE else 1


def _highest(level: list[int], ids: Any) -> int:
    if ids.__class__ is int:
        return level[ids]
    return max(map(level.__getitem__, ids.ravel().tolist()), default=0)


def _known(x: Any) -> Any:
    """The number of an operand that is no variable, or that is the same whatever the variables are."""
    if x.__class__ is Value:
        entry = x._mark
        return entry if entry.__class__ is float else None
    return x._data if isinstance(x, Value) else float(x)
