"""Walking a graph: without recursion, in one deterministic order. Everyone who walks a graph does it here."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from autograd_lite.value import Value, is_variable, new

__all__ = ["CycleError", "local_derivatives", "topological_order", "walk"]

_lock = threading.RLock()  # walkers write on the nodes' `_mark`, so one at a time


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
    leaves, inner = walk(root)
    return leaves + inner


def walk(root: Value) -> tuple[list[Value], list[Value]]:
    """The leaves and the inner nodes that `root` depends on, the latter with inputs before results.

    A depth-first search that follows the first unfinished input and comes back to a node when that is done. A node
    is marked `opened` when it is entered and `done` when all its inputs are; to meet an opened one again is a cycle.
    """
    with _lock:
        return _walk(root, object(), object())


def _walk(root: Value, opened: object, done: object) -> tuple[list[Value], list[Value]]:
    if root.op is None:
        return [root], []
    leaves: list[Value] = []
    inner: list[Value] = []
    stack: list[Value] = []
    push, pop = stack.append, stack.pop
    node = root
    while True:
        node._mark = opened
        if type(node._a) is tuple:
            todo = [x for x in _variables(node) if x._mark is not done]
            if todo:
                push(node)
                stack.extend(reversed(todo))
                if any(x._mark is opened for x in todo):
                    raise _cycle(node)
                node = _next(stack, leaves, done)
                continue
        else:  # one or two scalars: the common case, spelt out
            if node._da is not None:
                x = node._a
                if x._mark is not done:
                    if x.op is None:
                        x._mark = done
                        leaves.append(x)
                    elif x._mark is opened:
                        raise _cycle(node)
                    else:
                        push(node)
                        node = x
                        continue
            if node._db is not None:
                x = node._b
                if x._mark is not done:
                    if x.op is None:
                        x._mark = done
                        leaves.append(x)
                    elif x._mark is opened:
                        raise _cycle(node)
                    else:
                        push(node)
                        node = x
                        continue
        node._mark = done
        inner.append(node)
        if not stack:
            return leaves, inner
        node = pop()
        if node._mark is done or node.op is None:
            push(node)
            node = _next(stack, leaves, done)


def _next(stack: list[Value], leaves: list[Value], done: object) -> Value:
    """The next unfinished inner node on the stack; there is one, for the root stays at the bottom till the end."""
    while True:
        node = stack.pop()
        if node._mark is done:
            continue
        if node.op is not None:
            return node
        node._mark = done
        leaves.append(node)


def _variables(node: Any) -> list[Value]:
    """The inputs of a node with a tuple of inputs to which gradients flow."""
    if type(node._da) is list:
        return [x for x, d in zip(node._a, node._da, strict=True) if d is not None]
    return [x for x in node._a if is_variable(x)]


def _cycle(node: Value) -> CycleError:
    return CycleError(f"the graph has a cycle: {node!r} depends on itself; nodes cannot be rewired after the fact")


def local_derivatives(node: Value) -> tuple[Any, ...]:
    """For each input slot d(node)/d(input) at the numbers of the forward pass, where it is one number per element.

    None for a constant, and for operations that mix elements, whose derivative is a matrix.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> local_derivatives(a * b)
    (-3.0, 2.0)
    """
    if type(node._a) is not tuple:
        return (node._da, node._db)[: len(node.inputs)]
    if type(node._da) is list:
        return tuple(node._da)
    row = node.op
    assert row is not None
    if not row.is_elementwise:
        return (None,) * len(node._a)
    with np.errstate(all="ignore"):
        return tuple(
            slope(node._data, *node._da) if is_variable(x) else None
            for x, slope in zip(node._a, row.partial_functions, strict=True)
        )


# --- pickling: the graph as a list, for pickle itself would recurse -------------------------------------------------

Packed = tuple[type, Any, Any, str, Operation | None, Any, Any, Any, Any]


def pack(root: Value) -> tuple[Any, ...]:
    """What pickle needs to build `root` again; leaves are pickled as themselves, so that graphs share them."""
    if root.op is None:
        return _unpack_leaf, (type(root), root._data, root.grad, root.label)
    leaves, inner = walk(root)
    places = {node: i for i, node in enumerate(inner)}
    return _unpack, (leaves, [_packed(node, places) for node in inner])


class _Place(int):
    """An input that is an inner node: its place in the list."""


def _packed(node: Value, places: dict[Value, int]) -> Packed:
    def place(x: Any) -> Any:
        return _Place(places[x]) if isinstance(x, Value) and x in places else x

    a = tuple(map(place, node._a)) if type(node._a) is tuple else place(node._a)
    return type(node), node._data, node.grad, node.label, node.op, a, place(node._b), node._da, node._db


def _unpack_leaf(kind: type[Value], data: Any, grad: Any, label: str) -> Value:
    leaf = new(kind)
    leaf._data, leaf.grad, leaf.label = data, grad, label
    leaf.op = leaf._a = leaf._b = leaf._da = leaf._db = leaf._mark = None
    return leaf


def _unpack(leaves: list[Value], packed: list[Packed]) -> Value:
    nodes: list[Value] = []

    def unplace(x: Any) -> Any:
        return nodes[x] if type(x) is _Place else x

    for kind, data, grad, label, op, a, b, da, db in packed:
        node = _unpack_leaf(kind, data, grad, label)
        node.op, node._da, node._db = op, da, db
        node._a = tuple(map(unplace, a)) if type(a) is tuple else unplace(a)
        node._b = unplace(b)
        if type(data) is np.ndarray:
            data.setflags(write=False)
        nodes.append(node)
    return nodes[-1]
