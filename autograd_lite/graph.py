"""Walking a graph: without recursion, in one deterministic order. Everyone who walks a graph does it here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_lite.numbers import fixed
from autograd_lite.operation import Operation
from autograd_lite.value import Value, leaf_of

__all__ = ["CycleError", "Leaves", "local_derivatives", "raw_inputs", "topological_order", "walk"]

_lock = threading.RLock()  # walkers write on the nodes' `_mark`, so one at a time


class Leaves(tuple[Value, ...]):
    """Inputs of a node, of which it is known that they are leaves, and each of them another."""


class CycleError(ValueError):
    """A node depends on itself: someone edited the internals of the graph."""


def topological_order(root: Value) -> list[Value]:
    """Every node that `root` depends on, inputs before results: leaves first, `root` last. Constants are left out.

    The order depends on the graph alone.

    Raises
    ------
    CycleError
        If a node depends on itself.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> [v.label or v.op.name for v in topological_order(a * b + a)]
    ['a', 'b', 'mul', 'add']
    """
    leaves, inner, _ = walk(root)
    return leaves + inner


def walk(root: Value) -> tuple[list[Value], list[Value], bool]:
    """The leaves, the inner nodes with inputs before results, and whether operations on arrays are among them.

    A depth-first search that follows the first unfinished input and comes back to a node when that is done. A node
    that is left behind to wait is marked `opened`, a finished one `done`; to meet an opened one again is a cycle.
    """
    leaves: list[Value] = []
    inner: list[Value] = []
    if root.op is None:
        return [root], inner, type(root._data) is not float
    has_arrays = False
    opened, done = object(), object()
    stack: list[Value] = []
    remaining: list[Iterator[Any]] = []  # for the nodes in the stack with a tuple of inputs: those not looked at yet
    inputs: Iterator[Any] | None = None  # of a node with a tuple of inputs to which we came back
    node = root
    with _lock:
        while True:  # enter a node: its first input
            x = node._a
            if x is None:  # a tuple of inputs: on to the next inner node that was not finished
                if inputs is None:
                    inputs = iter(node._b)
                    has_arrays = has_arrays or type(node._da) is tuple
                for x in inputs:  # many scalars are variables all; beside arrays stand numbers and Constants
                    if (not has_arrays or type(x) is Value) and x._mark is not done:
                        if x.op is not None:
                            break
                        x._mark = done
                        leaves.append(x)
                else:
                    x = None
                if x is not None:
                    if x._mark is opened or x is node:
                        raise _cycle(node)
                    node._mark = opened
                    stack.append(node)
                    remaining.append(inputs)
                    inputs = None
                    node = x
                    continue
                inputs = second = None
            else:
                if node._da is not None:
                    mark = x._mark
                    if mark is not done:
                        if x.op is None:
                            x._mark = done
                            leaves.append(x)
                        elif mark is opened:
                            raise _cycle(node)
                        else:
                            node._mark = opened
                            stack.append(node)
                            node = x
                            continue
                second = node._db
            while True:  # come back to a node: its second input
                if second is not None:
                    x = node._b
                    mark = x._mark
                    if mark is not done:
                        if x.op is None:
                            x._mark = done
                            leaves.append(x)
                        elif mark is opened:
                            raise _cycle(node)
                        else:
                            node._mark = opened
                            stack.append(node)
                            node = x
                            break
                node._mark = done
                inner.append(node)
                if node is root:
                    return leaves, inner, has_arrays
                node = stack.pop()
                if node._a is None:
                    inputs = remaining.pop()
                    break
                second = node._db


def _cycle(node: Value) -> CycleError:
    return CycleError(f"the graph has a cycle: {node!r} depends on itself; nodes cannot be rewired after the fact")


def raw_inputs(node: Value) -> tuple[Any, ...]:
    """An inner node's inputs as it keeps them, one for each slot: numbers are numbers, where `inputs` makes Constants.

    Examples
    --------
    >>> raw_inputs(Value(2.0) * 3.0)
    (Value(2), 3.0)
    """
    if node._a is not None:
        return (node._a,) if node._b is None else (node._a, node._b)
    return node._db if type(node._da) is list and node._db else node._b  # type: ignore[no-any-return]


def local_derivatives(node: Value) -> tuple[Any, ...]:
    """For each input slot d(node)/d(input) at the numbers of the forward pass, where it is one number per element.

    None for a constant, and for operations that mix elements, whose derivative is a matrix.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> local_derivatives(a * b)
    (-3.0, 2.0)
    """
    if node._a is not None:
        return (node._da,) if node._b is None else (node._da, node._db)
    if type(node._da) is list:
        known = iter(node._da)
        return tuple(next(known) if type(x) is Value else None for x in raw_inputs(node))
    row = node.op
    assert row is not None
    if not row.is_elementwise:
        return (None,) * len(node._b)
    with np.errstate(all="ignore"):
        return tuple(
            slope(node._data, *node._da) if type(x) is Value else None
            for x, slope in zip(node._b, row.partial_functions, strict=True)
        )


# --- pickling: the graph as a list, for pickle itself would recurse -------------------------------------------------

Packed = tuple[type, Any, Any, str, Operation | None, Any, Any, Any, Any]


def pack(root: Value) -> tuple[Any, ...]:
    """What pickle needs to build `root` again; leaves are pickled as themselves, so that graphs share them.

    Inner nodes that two pickled roots have in common come back as two; `copy.deepcopy` keeps them one.
    """
    if root.op is None:
        root._db = None  # a pickle may keep the array itself, out of band
        return _unpack_leaf, (type(root), root._data, root.grad, root.label)
    leaves, inner, _ = walk(root)
    places = {node: i for i, node in enumerate(inner)}
    return _unpack, (leaves, [_packed(node, places) for node in inner])


class _Place(int):
    """An input that is an inner node: its place in the list."""


def _packed(node: Value, places: dict[Value, int]) -> Packed:
    def place(x: Any) -> Any:
        if type(x) is tuple:
            return tuple(map(place, x))
        return _Place(places[x]) if isinstance(x, Value) and x in places else x

    slots = (place(x) for x in (node._a, node._b, node._da, node._db))
    return type(node), node._data, node.grad, node.label, node.op, *slots


def _unpack_leaf(kind: type[Value], data: Any, grad: Any, label: str) -> Value:
    leaf = leaf_of(kind, fixed(data) if type(data) is np.ndarray else data, label)
    leaf.grad = grad
    return leaf


def _unpack(leaves: list[Value], packed: list[Packed]) -> Value:
    nodes: list[Value] = []

    def unplace(x: Any) -> Any:
        if type(x) is tuple:
            return tuple(map(unplace, x))
        return nodes[x] if type(x) is _Place else x

    for kind, data, grad, label, op, a, b, da, db in packed:
        node = _unpack_leaf(kind, data, grad, label)
        node.op = op
        node._a, node._b, node._da, node._db = map(unplace, (a, b, da, db))
        nodes.append(node)
    return nodes[-1]
