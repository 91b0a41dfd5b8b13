"""The backward pass: the chain rule in reverse topological order.

`backward` is for numbers and writes on the nodes' ``grad``. `cotangents` keeps its gradients in a dictionary and
also runs on Values, so that a gradient has a graph of its own and can be differentiated again. Both send a node's
gradient to its inputs by the same rules, those of the table.

A zero gradient is a strong zero: it stays 0 even where the local derivative is infinite or nan, so that the branch
that `where` did not take adds nothing. Scalars skip a zero gradient. Arrays are multiplied first and looked at after:
if a leaf's gradient holds a nan, the pass is run again with guarded products, which nobody else pays for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from autograd_lite import modes
from autograd_lite.graph import Leaves, raw_inputs, walk
from autograd_lite.numbers import number
from autograd_lite.operation import Operation
from autograd_lite.shaping import sum_to
from autograd_lite.text import FLOAT_NAMES, NUMPY_NAMES
from autograd_lite.value import Constant, Value


def backward(root: Value, seed: Any = None) -> None:
    """Set ``grad`` on every node that `root` depends on; see `Value.backward`."""
    if type(root) is Constant:
        raise ValueError(f"nothing to differentiate: {root!r} was computed from constants only, or inside no_grad()")
    seed = 1.0 if seed is None and type(root._data) is float else check_seed(root, seed)
    if type(root._da) is list and not FLOAT_NAMES["special"] and _fan(root, seed):
        return
    leaves, inner, has_arrays = walk(root)
    lines = modes.mode().lines if FLOAT_NAMES["special"] else None
    before = [x.grad for x in leaves]
    try:
        if lines is None and not has_arrays:
            holds_nan = _scalar_pass(root, seed, leaves, inner)
        else:
            holds_nan = _array_pass(root, seed, leaves, inner, lines, guarded=lines is not None)
        if holds_nan:
            _restore(leaves, before)
            _array_pass(root, seed, leaves, inner, lines, guarded=True)
    except BaseException:  # an anomaly, a user's faulty rule, Ctrl-C: half a gradient is nobody's
        _restore(leaves, before)
        raise


def _fan(root: Value, seed: float) -> bool:
    """The pass through a node of many leaves and nothing else: no walk. False if it is another, or holds a nan."""
    leaves, slopes = root._b, root._da
    total = sum(slopes) * seed  # inf or nan if one of them is; a gradient of 0 is a strong zero
    if not seed or total - total != 0:
        return False
    are_new = type(leaves) is Leaves and _have_no_gradient(leaves)
    before = [None] * len(leaves) if are_new else [x.grad for x in leaves if x.op is None]
    if len(before) < len(leaves):
        return False
    try:
        if are_new:
            for x, g in zip(leaves, slopes if seed == 1.0 else [0.0 + seed * d for d in slopes], strict=True):
                x.grad = g
        else:
            for x, slope in zip(leaves, slopes, strict=True):
                g = x.grad
                x.grad = (0.0 if g is None else g) + seed * slope
    except BaseException:
        _restore(leaves, before)
        raise
    root.grad = seed
    return True


def _have_no_gradient(leaves: Leaves) -> bool:
    for x in leaves:  # noqa: SIM110  (all() of a generator takes four times as long)
        if x.grad is not None:
            return False
    return True


def _restore(leaves: list[Value], gradients: list[Any]) -> None:
    for leaf, gradient in zip(leaves, gradients, strict=True):
        leaf.grad = gradient


def _hold_nan(gradients: Iterable[Any]) -> bool:
    """Whether one of them holds a nan: the sum of its squares is nan then, and else finite or inf."""
    for g in gradients:
        if type(g) is ndarray:
            g = g.ravel()
            g = g.dot(g)
        if g != g:
            return True
    return False


def _scalar_pass(root: Value, seed: float, leaves: list[Value], inner: list[Value]) -> bool:
    """The chain rule itself: input.grad += node.grad * d(node)/d(input), from the root back to the leaves.

    Whether a leaf came to hold a nan is the answer.
    """
    for node in leaves:
        if node.grad is None:
            node.grad = 0.0
    for node in inner:
        node.grad = 0.0
    root.grad += seed
    for node in reversed(inner):
        g = node.grad
        if g:  # a zero gradient is a strong zero
            x, d = node._a, node._da
            if x is None:
                for x, slope in zip(node._b, d):  # noqa: B905  (strict takes a tenth of the pass)
                    x.grad += g * slope
                continue
            if d is not None:
                x.grad += g * d
            d = node._db
            if d is not None:
                node._b.grad += g * d
    for node in leaves:
        g = node.grad
        if g != g:
            return True
    return False


def check_seed(root: Value, seed: Any) -> Any:
    """The gradient to start from, of root's shape, or an error that says what was wrong."""
    if seed is None:
        raise ValueError(
            f"backward() of an array of shape {root.shape} needs a seed of that shape, the gradient of your loss "
            "with respect to it; or reduce it to a scalar first, as with v.sum().backward()"
        )
    seed = number(seed)
    if type(seed) is np.ndarray:
        seed = seed.astype(root.dtype)
    if np.shape(seed) != root.shape:
        raise ValueError(f"the seed has shape {np.shape(seed)}, the Value has shape {root.shape}; they must be equal")
    return seed


@np.errstate(all="ignore")  # as a decorator: it is entered in half the time of a with statement
def _array_pass(
    root: Value, seed: Any, leaves: list[Value], inner: list[Value], lines: dict[Any, str] | None, *, guarded: bool
) -> bool:
    """The same where arrays take part: each operation's rule says what it sends to its inputs.

    Unguarded, the rows' generated `pull` does it; guarded, the general rules, so that no zero gradient is lost.
    """
    for node in inner:
        node.grad = None
    root.grad = seed if root.op is not None or root.grad is None else root.grad + seed
    sums: set[Value] = set()
    for node in reversed(inner):
        row: Any = node.op
        pull = None if guarded else row.pull if type(node._da) is tuple else _pull_scalars
        if pull is not None:
            pull(node, sums)
            continue
        g = node.grad
        for x, received in _contributions(node, g, guarded):
            _receive(x, received, received, g, sums)
            if lines is not None:
                modes.check_backward(lines, node, g, received)
    return _hold_nan([x.grad for x in leaves])


def _pull_scalars(node: Any, sums: set[Value]) -> None:
    """A node of scalars among arrays, as `Operation.pull` for arrays."""
    g = node.grad
    for x, d in zip(node._b, node._da, strict=True) if node._a is None else ((node._a, node._da), (node._b, node._db)):
        if d is not None:
            received = g * d if g else 0.0
            x.grad = received if x.grad is None else x.grad + received


def _receive(x: Value, raw: Any, received: Any, g: Any, sums: set[Value]) -> None:
    """Add what a node of gradient `g` sends to its input x, which was `raw` then, to the gradient of x.

    In `sums` are the inputs whose gradient is an array that was made here, to add up several: it takes more in place.
    """
    received = _like(raw, received)
    have = x.grad
    if have is None:
        if type(raw) is not float:
            if x.op is None:
                received = _owned(received, g)
            else:
                received.setflags(False)  # several nodes may share one array: nobody writes to it
        x.grad = received
    elif x in sums:
        have += received
        x.grad = have
    else:
        x.grad = have + received
        sums.add(x)


def _owned(received: Any, g: Any) -> Any:
    """A leaf's gradient, to which its owner may write: a copy if others can have that array."""
    shared = received is g or received.base is not None or not received.flags.writeable
    return received.copy() if shared else received


NUMPY_NAMES |= {"_Value": Value, "_receive": _receive, "_owned": _owned}  # for the rows' `pull`; no row is named so


# --- what a node sends: pairs of an input that takes gradients, and its share of the node's gradient g ---------------


def _sent_by_scalars(node: Any, g: float) -> Iterator[tuple[Value, float]]:
    pairs = zip(node._b, node._da, strict=True) if node._a is None else ((node._a, node._da), (node._b, node._db))
    selects = node.op.selects
    return ((x, 0.0 if g == 0 or (selects and d == 0) else g * d) for x, d in pairs if d is not None)


def _sent_by_arrays(node: Any, g: Any, guarded: bool) -> Iterator[tuple[Value, Any]]:
    row, raws, y, parameters = node.op, node._da, node._data, node._db
    rules = _guarded_rules(row, g) if guarded else row.vjps
    for x, raw, rule in zip(node._b, raws, rules, strict=False):  # a variadic operation has rules without end
        if type(x) is Value:
            yield x, _like(raw, rule(g, y, *raws, **parameters))


def _like(raw: Any, received: Any) -> Any:
    """A gradient of the kind, shape and dtype of the input `raw`: broadcasts are summed."""
    if type(raw) is float:
        return float(np.add.reduce(received, axis=None))
    if received.shape != raw.shape:
        received = _fitted(received, raw.shape)
    return received if received.dtype is raw.dtype else received.astype(raw.dtype)


def _guarded_rules(row: Operation, g: Any) -> Iterable[Callable[..., Any]]:
    """The rules with strong zeros: for each element, for each row of a reduction, or for a gradient that is all 0."""
    if not np.any(g):
        return itertools.repeat(lambda *_, **__: np.zeros(()))
    if row.is_elementwise:
        return [
            lambda g, *of, slope=slope: _guarded_product(g, slope(*of), row.selects) for slope in row.partial_functions
        ]
    if row.silent_rows is not None:
        return [
            lambda g, *of, rule=rule, **how: _silenced(row, rule(g, *of, **how), g, of[1], how) for rule in row.vjps
        ]
    return row.vjps


def _silenced(row: Operation, received: Any, g: Any, a: Any, how: dict[str, Any]) -> Any:
    """What a reduction sends, with 0 for the rows whose gradient is 0."""
    assert row.silent_rows is not None
    silent = row.silent_rows(g._data if isinstance(g, Value) else g, a, **how)
    return np.where(silent, 0.0, received)


def _sent_by_values(node: Any, g: Value) -> Iterator[tuple[Value, Any]]:
    row, inputs, parameters = node.op, raw_inputs(node), node.parameters
    _refuse_changed_data(node, inputs)
    for slot, x in enumerate(inputs):
        if type(x) is not Value:
            continue
        if row.is_elementwise and row.partials[slot] not in ("1", "-1"):
            received = _guarded_product(g, row.partial_functions[slot](node, *inputs), row.selects)
        else:
            received = row.vjps[slot](g, node, *inputs, **parameters)
            if row.silent_rows is not None and not np.all(np.isfinite(received)):
                received = _silenced(row, received, g, x, parameters)
        yield x, _fitted(received, x.shape)


def _refuse_changed_data(node: Any, inputs: tuple[Any, ...]) -> None:
    """A gradient that is to be differentiated again is computed from the nodes, which must be as they were."""
    if type(node._da) is not tuple:  # scalars: their local derivatives were computed from their numbers
        return
    for x, raw in zip(inputs, node._da, strict=True):
        if isinstance(x, Value) and x._data is not raw and not np.array_equal(x._data, raw, equal_nan=True):
            raise ValueError(
                f"the data of {x!r} was changed after {node.op.name} used it; a gradient that is itself differentiated "
                "needs the numbers of the forward pass: change data afterwards"
            )


def _guarded_product(g: Any, d: Any, selects: bool) -> Any:
    """The product g * d with a strong zero: 0 where g is 0, whatever d is.

    Operations that select (relu, maximum) are constant where their slope d is 0: there it is as strong a zero.
    """
    bare_g, bare_d = (x._data if isinstance(x, Value) else x for x in (g, d))
    if selects and not np.all(np.isfinite(bare_g)):
        return _strong_mul(d, g)
    return g * d if np.all(np.isfinite(bare_d)) else _strong_mul(g, d)


def _strong_mul(zero: Any, other: Any) -> Any:
    if isinstance(zero, Value) or isinstance(other, Value):
        return NUMPY_NAMES["strong_mul"](zero, other)
    return np.where(np.equal(zero, 0), 0.0, zero * other)


def _fitted(received: Any, shape: tuple[int, ...]) -> Any:
    """A gradient in the shape of its input: broadcasts are summed."""
    own = received.shape if type(received) is np.ndarray else np.shape(received)
    if own == shape:
        return received
    return np.broadcast_to(received, shape) if len(own) < len(shape) else sum_to(received, shape)


def cotangents(root: Value, wrt: list[Value], seed: Any) -> list[Any]:
    """The gradients of `root` with respect to the nodes `wrt`, without touching anyone's ``grad``.

    With a Value as `seed` they are Values, which can be differentiated again; a node that `root` does not depend on
    has gradient 0.
    """
    _, inner, _ = walk(root)
    with np.errstate(all="ignore"):
        found = _cotangents(root, inner, seed, guarded=modes.mode().lines is not None)
        if not isinstance(seed, Value) and _hold_nan(found[x] for x in wrt if x in found):
            found = _cotangents(root, inner, seed, guarded=True)
    return [found[x] if x in found else zeros_like(x) for x in wrt]


def _cotangents(root: Value, inner: list[Value], seed: Any, guarded: bool) -> dict[Value, Any]:
    found = {root: seed}
    lines = modes.mode().lines if FLOAT_NAMES["special"] else None
    for node in reversed(inner):
        if node in found:
            for x, received in _contributions(node, found[node], guarded):
                if lines is not None:
                    modes.check_backward(
                        lines, node, *(v._data if isinstance(v, Value) else v for v in (found[node], received))
                    )
                found[x] = found[x] + received if x in found else received
    return found


def _contributions(node: Any, g: Any, guarded: bool) -> Iterator[tuple[Value, Any]]:
    """What a node sends to its inputs; with a Value as `g`, Values, with a graph of their own."""
    if isinstance(g, Value):
        return _sent_by_values(node, g)
    return _sent_by_arrays(node, g, guarded) if type(node._da) is tuple else _sent_by_scalars(node, g)


def sent(node: Value, slot: int, g: Any) -> Any:
    """What a node whose gradient is the number or array `g` sends to the input in one argument slot.

    It is one step of the backward pass, with strong zeros, and touches nobody's ``grad``. A constant receives None.

    Examples
    --------
    >>> y = 3.0 * Value(2.0)
    >>> sent(y, 0, 1.0), sent(y, 1, 1.0)
    (None, 3.0)
    """
    inputs = raw_inputs(node)
    if type(inputs[slot]) is not Value:
        return None
    place = sum(type(x) is Value for x in inputs[:slot])
    with np.errstate(all="ignore"):
        _, received = next(itertools.islice(_contributions(node, g, guarded=True), place, None))
    return received


def zeros_like(x: Value) -> Any:
    """The gradient of what does not depend on x."""
    return np.zeros_like(x._data) if x.shape else 0.0
