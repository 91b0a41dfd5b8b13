"""From a graph of Values to steps: the forward pass, the guards, and the backward pass by the table's own rules."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_lite.compiler.programs import movement, simplify
from autograd_lite.compiler.programs.naming import Names, is_labelled
from autograd_lite.compiler.programs.record import CannotRecord, Recorded, unwrapped
from autograd_lite.compiler.programs.steps import FLOAT, Step, Steps, shape_of
from autograd_lite.compiler.programs.summing import add_up
from autograd_lite.graph import raw_inputs, walk
from autograd_lite.numbers import copied
from autograd_lite.operation import Operation
from autograd_lite.shaping import sum_to
from autograd_lite.text import NUMPY_NAMES, for_arrays
from autograd_lite.value import Constant, Value, settled


@dataclass
class Recording:
    """A graph as steps.

    Attributes
    ----------
    steps : Steps
        All of them, forward before backward.
    value : Step or number
        The result.
    gradient : Step or array, or None
        d(value)/d(theta); None where the result is not a scalar.
    guards : list of (str, left, right, outcome)
        The comparisons, their sides as steps or numbers.
    parameters : list of Step
        The leaves, each with its place in theta as ``options["start"]``.
    inputs : list of Step
        The inputs.
    """

    steps: Steps
    value: Any
    gradient: Any
    guards: list[tuple[str, Any, Any, Any]]
    parameters: list[Step] = field(default_factory=list)
    inputs: list[Step] = field(default_factory=list)

    def shapes(self, names: Names) -> dict[str, tuple[int, ...]]:
        """The arguments of the program by name, theta first, and their shapes."""
        return {"theta": (sum(p.size for p in self.parameters),)} | {names.of(x): x.shape for x in self.inputs}


def record(
    root: Value,
    parameters: Sequence[Value],
    inputs: Sequence[Value],
    guards: Sequence[Any] = (),
    selections: Mapping[Value, Mapping[str, Value]] | None = None,
) -> Recording:
    """Write down the forward and the backward pass of `root`; see `Program` for the arguments."""
    steps = Steps()
    forward = _Forward(steps, parameters, inputs, selections or {})
    chosen = [x for of_node in (selections or {}).values() for x in of_node.values()]
    order = _order([*chosen, root, *(side for guard in guards for side in (guard.left, guard.right))])
    for node in order:
        forward.compute(node)
    checks = [(g.op, forward.of(g.left), forward.of(g.right), g.outcome) for g in guards]
    steps.in_backward = True
    forward.count = len(steps.made)
    gradient = _backward(forward, root, parameters) if root.size == 1 else None
    value = movement.reshape(steps, forward.of(root), ()) if root.size == 1 else forward.of(root)
    leaves, given = ([forward.results[x].step for x in xs] for xs in (parameters, inputs))
    return Recording(steps, value, gradient, checks, leaves, given)


def _order(roots: Iterable[Any]) -> list[Value]:
    """The inner nodes of several graphs, inputs before results."""
    seen: dict[Value, None] = {}
    for root in roots:
        if isinstance(root, Value) and root not in seen:
            seen.update(dict.fromkeys(walk(root)[1]))
    return list(seen)


class _Forward:
    """The forward pass: what every node became."""

    def __init__(
        self,
        steps: Steps,
        parameters: Sequence[Value],
        inputs: Sequence[Value],
        selections: Mapping[Value, Mapping[str, Value]],
    ) -> None:
        self.steps = steps
        self.results: dict[Any, Any] = {}
        self.count = 0  # of steps, when all nodes are computed
        self.selections = selections
        start = 0
        for k, p in enumerate(parameters):
            step = steps.make("parameter", (), p.shape, FLOAT, index=k, start=start)
            step.label = p.label
            self.results[p] = Recorded(steps, step)
            start += p.size
        self.theta = start
        for k, x in enumerate(inputs):
            step = steps.make("input", (), x.shape, FLOAT, index=k)
            step.label = x.label
            self.results.setdefault(x, Recorded(steps, step))

    def compute(self, node: Value) -> None:
        """Record one node; its inputs are there already."""
        y = self._called(node)
        if isinstance(y, Recorded):
            y = y.astype(float)
            y.step.label = y.step.label or node.label
        self.results[node] = y

    def arguments(self, node: Value) -> tuple[Any, ...]:
        """The inputs as the rules get them: recorded arrays, and numbers for constants."""
        return tuple(self.number(x) for x in raw_inputs(node))

    def number(self, x: Any) -> Any:
        """What a node became; a leaf that is neither parameter nor input is a constant."""
        if isinstance(x, Value):
            found = self.results.get(x)
            if found is None:
                found = self.results[x] = _float64(settled(x))
            return found
        return _float64(x)

    def of(self, x: Any) -> Any:
        """The step or the number of a node."""
        y = self.number(x)
        return y.step if isinstance(y, Recorded) else y

    def parameters(self, node: Value) -> dict[str, Any]:
        """The operation's parameters; those that are inputs as steps."""
        given = {name: copied(p) for name, p in node.parameters.items()}
        for name, x in self.selections.get(node, {}).items():
            given[name] = self._selection(node, name, x)
        return given

    def _selection(self, node: Value, name: str, x: Value) -> Any:
        step = self.of(x)
        kind = np.dtype(bool) if name == "condition" else np.dtype(np.intp)
        if not isinstance(step, Step):
            return np.asarray(step).astype(kind)
        if step.call == "astype" and step.args[0].dtype == kind:  # a comparison
            return Recorded(self.steps, step.args[0])
        return Recorded(self.steps, self.steps.make("cast", (step,), step.shape, kind))

    def _called(self, node: Value) -> Any:
        row, inputs, parameters = node.op, self.arguments(node), self.parameters(node)
        assert row is not None
        if not any(isinstance(x, Recorded) for x in (*inputs, *parameters.values())):
            with np.errstate(all="ignore"):
                return _float64(row.forward(*inputs, **parameters))
        if is_ours(row):
            try:
                return own_rule(row, "forward")(*inputs, **parameters)
            except CannotRecord:
                pass  # called as a whole, below
        return self.whole(row, "forward", row.forward, inputs, parameters, node.shape)

    def whole(
        self, row: Operation, what: str, function: Callable[..., Any], args: Any, parameters: Any, shape: Any
    ) -> Any:
        """A call of a row's own function as one step."""
        raw = tuple(x.step if isinstance(x, Recorded) else x for x in args)
        step = self.steps.make(
            "whole", raw, shape, FLOAT, name=f"{row.name}_{what}", function=function, parameters=parameters
        )
        return Recorded(self.steps, step) if isinstance(step, Step) else step


def _float64(x: Any) -> Any:
    """A constant: floats are Python's, arrays float64."""
    if isinstance(x, np.ndarray) and x.ndim:
        return x.astype(float, copy=False)
    return float(x)


# --- the rules -------------------------------------------------------------------------------------------------------


def is_ours(row: Operation) -> bool:
    """Whether the row's code is known to be a function of its arguments alone; a user's primitive may be anything."""
    return row.is_elementwise or row.forward.__module__.startswith("autograd_lite.")


@functools.cache
def own_rule(row: Operation, what: str, slot: int = 0) -> Callable[..., Any]:
    """A row's forward rule, or its vjp for a slot, such that it runs on `Recorded` arrays."""
    if (row.name, what) in OWN_RULES:
        return OWN_RULES[row.name, what](slot)
    names = _recordable_names()
    if row.is_elementwise:
        arguments = ", ".join(row.inputs)
        if what == "forward":
            return eval(f"lambda {arguments}: {for_arrays(row.value)}", names)  # type: ignore[no-any-return]
        text = row.partials[slot]
        product = {"1": "g", "-1": "-g"}.get(text) or f"g * ({for_arrays(text)})"
        return eval(f"lambda g, y, {arguments}: {product}", names)  # type: ignore[no-any-return]
    rule = row.forward if what == "forward" else row.vjps[slot]
    if isinstance(rule, types.FunctionType) and "NUMPY_NAMES" in rule.__code__.co_names:
        scope = {**rule.__globals__, "NUMPY_NAMES": names}
        bound = types.FunctionType(rule.__code__, scope, rule.__name__, rule.__defaults__, rule.__closure__)
        bound.__kwdefaults__ = rule.__kwdefaults__
        return bound
    return rule


@functools.cache
def _recordable_names() -> dict[str, Any]:
    """The names in the rules' text, where rows that loop over elements or write to an array are steps of their own."""
    own = {name: _or_plain(NUMPY_NAMES[name], maker) for name, maker in OWN_STEPS.items()}
    return {**NUMPY_NAMES, "abs": np.absolute, **own}


def _or_plain(plain: Callable[..., Any], maker: Callable[..., Any]) -> Callable[..., Any]:
    """`maker` where a recorded array is among the arguments, else the `plain` function."""

    def called(*args: Any, **kwargs: Any) -> Any:
        steps = _steps_of((args, tuple(kwargs.values())))
        if steps is None:
            return plain(*args, **kwargs)
        y = maker(steps, *unwrapped(args), **unwrapped(kwargs))
        return Recorded(steps, y) if isinstance(y, Step) else y

    return called


def _steps_of(x: Any) -> Steps | None:
    """Where the recorded arrays among the arguments are written down."""
    if isinstance(x, Recorded):
        return x.steps
    found = (_steps_of(y) for y in x) if isinstance(x, tuple) else ()
    return next((steps for steps in found if steps is not None), None)


def _fold(steps: Steps, a: Any, size: Any, shape: Any, stride: Any = 1) -> Any:
    strides = (stride,) * len(size) if isinstance(stride, int) else tuple(stride)
    return steps.make("fold", (a,), tuple(shape), FLOAT, size=tuple(size), strides=strides)


OWN_STEPS: dict[str, Callable[..., Any]] = {
    "erf": lambda steps, a: steps.make("erf", (a,), a.shape),
    "scatter": movement.scatter,
    "fold": _fold,
}
"""Rows whose NumPy code loops over elements or writes to an array: each is one step."""


def _take_vjp(g: Any, y: Any, a: Any, indices: Any, axis: int | None = None) -> Any:
    scatter = _recordable_names()["scatter"]
    if axis is None:
        return np.reshape(scatter(g, (indices,), (np.size(a),)), np.shape(a))
    return scatter(g, (slice(None),) * (axis % np.ndim(a)) + (indices,), np.shape(a))


def _max_many_vjp(slot: int, g: Any, y: Any, *values: Any) -> Any:
    chosen = [np.multiply(np.equal(x, y), 1.0) for x in values]
    return g * chosen[slot] / functools.reduce(operator.add, chosen)


OWN_RULES: dict[tuple[str, str], Callable[[int], Callable[..., Any]]] = {
    **{(name, "forward"): lambda slot, name=name: _recordable_names()[name] for name in OWN_STEPS},  # type: ignore[misc]
    ("take", "forward"): lambda slot: _or_plain(np.take, movement.take),
    ("take", "vjp"): lambda slot: _take_vjp,
    ("max_many", "forward"): lambda slot: lambda *values: functools.reduce(np.maximum, values),
    ("max_many", "vjp"): lambda slot: functools.partial(_max_many_vjp, slot),
}
"""Rules that look at the numbers of an index or make an array of a tuple, said in another way; for each slot."""


# --- backward --------------------------------------------------------------------------------------------------------


def _backward(forward: _Forward, root: Value, parameters: Sequence[Value]) -> Any:
    """d(root)/d(theta): the chain rule in reverse order, then the leaves' gradients side by side."""
    steps = forward.steps
    seed: Any = 1.0 if root.shape == () else np.ones(root.shape)
    received: dict[Value, list[Any]] = {root: [seed]}
    needed = _reaching(walk(root)[1], parameters)
    for node in reversed([n for n in walk(root)[1] if n in needed]):
        if node in received:
            g = _total(forward, node, received.pop(node))
            for x, contribution in _sent(forward, node, g, needed):
                received.setdefault(x, []).append(contribution)
    parts, start = [], 0
    for p in parameters:
        if p in received:
            g = _total(forward, p, received.pop(p))
            bare = g.step if isinstance(g, Recorded) else g
            parts.append(
                (
                    slice(start, start + p.size),
                    movement.reshape(steps, np.asarray(bare) if not isinstance(bare, Step) else bare, (p.size,)),
                )
            )
        start += p.size
    gradient = movement.assemble(steps, parts, (start,))
    if isinstance(gradient, Step) and not is_labelled(gradient):
        gradient.label = "dtheta"
    return gradient


def _reaching(inner: list[Value], parameters: Sequence[Value]) -> set[Value]:
    """The nodes that depend on a parameter in a way that a gradient takes."""
    found = set(parameters)
    for node in inner:
        if any(x in found for _, x in _slots(node)):
            found.add(node)
    return found


def _slots(node: Value) -> Iterable[tuple[int, Value]]:
    """The variables among a node's inputs and their slots, but for those whose derivative is 0 everywhere."""
    flat = node.op.partials if node.op is not None else ()
    for slot, x in enumerate(raw_inputs(node)):
        if isinstance(x, Value) and type(x) is not Constant and not (flat and flat[slot] == "0"):
            yield slot, x


def _total(forward: _Forward, node: Value, contributions: list[Any]) -> Any:
    bare = [x.step if isinstance(x, Recorded) else x for x in contributions]
    total = add_up(forward.steps, bare, node.shape) if len(bare) > 1 else bare[0]
    if isinstance(total, Step):
        y = forward.results.get(node)
        if isinstance(y, Recorded) and not total.label and total.number >= forward.count:
            total.label = y.step
        return Recorded(forward.steps, total)
    return total


def _sent(forward: _Forward, node: Value, g: Any, needed: set[Value]) -> Iterable[tuple[Value, Any]]:
    """What a node sends to those of its inputs that lead to parameters."""
    row, inputs, parameters = node.op, forward.arguments(node), forward.parameters(node)
    assert row is not None
    y = forward.results[node]
    for slot, x in _slots(node):
        if x in needed:
            yield (
                x,
                _fitted(forward.steps, _rule_result(forward, row, slot, (g, y, *inputs), parameters, x.shape), x.shape),
            )


def _rule_result(
    forward: _Forward, row: Operation, slot: int, args: tuple[Any, ...], parameters: dict[str, Any], shape: Any
) -> Any:
    if not any(isinstance(a, Recorded) for a in (*args, *parameters.values())):
        with np.errstate(all="ignore"):
            return row.vjps[slot](*args, **parameters)
    if is_ours(row):
        try:
            return own_rule(row, "vjp", slot)(*args, **parameters)
        except CannotRecord:
            pass  # called as a whole, below
    return forward.whole(row, f"vjp_{slot}", row.vjps[slot], args, parameters, shape)


def _fitted(steps: Steps, received: Any, shape: tuple[int, ...]) -> Any:
    """A gradient in the shape of its input, float64: broadcasts are summed."""
    bare = received.step if isinstance(received, Recorded) else received
    bare = simplify.as_float(steps, bare)
    if shape_of(bare) == shape:
        return bare
    if shape == ():
        return simplify.reduce(steps, "add.reduce", bare)
    if len(shape_of(bare)) < len(shape):
        return movement.broadcast_to(steps, bare, shape)
    fitted = sum_to(Recorded(steps, bare) if isinstance(bare, Step) else bare, shape)
    return fitted.step if isinstance(fitted, Recorded) else fitted
