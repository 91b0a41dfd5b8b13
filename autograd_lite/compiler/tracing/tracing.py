"""Pass 1, trace: call the function once on leaves that stand for its arguments, and keep what it computed.

The result is an ordinary graph of Values, and beside it what the graph does not show: the questions that Python asked
of the numbers (guards), positions that are inputs (selections), and bare numbers that left the graph (notes).
"""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.compiler.tracing.arguments import Given, given
from autograd_lite.compiler.tracing.hints import called
from autograd_lite.compiler.tracing.stand_ins import Input, stand_ins
from autograd_lite.compiler.tracing.tracer import PARTS, SUMS, Guard, Tracer, sum_of_bools
from autograd_lite.elementary import STOP_GRADIENT
from autograd_lite.graph import raw_inputs, walk
from autograd_lite.operation import TABLE
from autograd_lite.questions import Questions, hash_by_number
from autograd_lite.recording import node_of
from autograd_lite.value import Constant, Value

__all__ = ["Guard", "Input", "Trace", "trace"]


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
    with without_collector(), hashing_by_number(), modes.recording(), modes.traced_by(tracer):
        y = called(f, made.args, made.kwargs)
    if before != _random_states():
        tracer.notes["random numbers", "drawn from the global generator"] = 1
    root = _scalar(f, y)
    _forward_only(tracer.unseen)
    leaves, inner = _everything(root, tracer)
    _refuse_sums_of_bools({x.leaf for x in made.inputs if x.is_mask}, inner)
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


_STILL_BOOLS = {*PARTS, *SUMS, "mul", "maximum", "minimum", "concatenate", "stack"}


def _refuse_sums_of_bools(bools: set[Value | None], inner: list[Value]) -> None:
    """NumPy's ``m + n`` and ``m @ n`` of bools are bools again, where the graph would count.

    Raises
    ------
    TypeError
        If there are such.
    """
    for node in inner if bools else ():
        name = node.op.name  # type: ignore[union-attr]
        if name in _STILL_BOOLS and bools.issuperset(raw_inputs(node)):
            bools.add(node)
            if name in SUMS:
                raise sum_of_bools(name)


def _forward_only(unseen: set[Value]) -> None:
    """Let what was computed inside `no_grad` read its operands themselves: its own gradient is stopped further on.

    So a target network is as regular a graph as any other.
    """

    def itself(x: Any) -> Any:
        while isinstance(x, Value) and x.op is STOP_GRADIENT:
            (x,) = raw_inputs(x)
        return x

    for node in unseen:
        if node._a is not None:
            node._a, node._b = itself(node._a), itself(node._b)
            continue
        node._b = tuple(map(itself, node._b))
        if type(node._da) is list and node._db:
            node._db = tuple(map(itself, node._db))


def _everything(root: Value, tracer: Tracer) -> tuple[list[Value], list[Value]]:
    """The leaves and inner nodes that the root, the guards and the selections depend on, by one walk.

    What is selected by comes first, for the graph does not show that the selecting nodes need it.
    """
    positions = [x for chosen in tracer.selections.values() for x in chosen.values()]
    asked = [x for guard in tracer.guards for x in (guard.left, guard.right)]
    nodes = tuple(x for x in (*positions, root, *asked) if type(x) is Value)
    if not nodes:
        return [], []
    top = node_of(TABLE["sum_many"], 0.0, None, nodes, [1.0] * len(nodes), None)
    leaves, inner, _ = walk(top)
    return leaves, inner[:-1]


def _random_states() -> tuple[Any, ...]:
    """Where the global random generators are."""
    legacy: Any = np.random.get_state()
    return random.getstate(), legacy[1].tobytes(), legacy[2:]


# --- sets and dicts: a Value's hash is asked for so often that it has no Python code of its own but here --------------

_hashing = threading.Lock()
_hashers = [0]  # how many threads trace


@contextmanager
def hashing_by_number() -> Iterator[None]:
    """Tell the tracer when a hash is asked for."""
    with _hashing:
        _hashers[0] += 1
        Questions.__hash__ = hash_by_number  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        with _hashing:
            _hashers[0] -= 1
            if not _hashers[0]:
                Questions.__hash__ = object.__hash__  # type: ignore[assignment, method-assign]


# --- Python's cycle collector: it would look at every node of a growing graph, again and again, and find nothing ------

_collecting = threading.Lock()
_resting = [0, False]  # how many threads trace, and whether the collector was on before the first of them


@contextmanager
def without_collector() -> Iterator[None]:
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
