"""The two passes in arithmetic, line by line: ``d = a * b = 2 * -3 = -6``, ``dL/da += dL/dd * b = 1 * -3 = -3``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from viz.graphs.snapshot import Node, Snapshot
from viz.pictures.scale import magnitude
from viz.replay.replay import Contribution, Replay
from viz.words.expression import (
    derivative_name,
    expression,
    formula,
    is_plain,
    short_title,
    slot_name,
    total_derivative,
    use,
    written,
)
from viz.words.numbers import SMALL_ARRAY, array_lines, number_text
from viz.words.slopes import Slope, row_text, slope_at

__all__ = ["backward_lines", "backward_missing", "forward_line", "root_name", "seed_line"]

_SHORT = 12
_SEVERAL = ("sum_many", "dot_many", "max_many")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FACTOR = re.compile(r"-?[^\s()+/-]+(\([^()]*\))?")  # 2·a, -1, cos(a): no parentheses needed beside a sign
_AGREES = 1e-6  # float32 keeps so many digits
_ROOT_NAMES: WeakKeyDictionary[Snapshot, str] = WeakKeyDictionary()  # to look for a free letter takes a while


def forward_line(graph: Snapshot, node: Node) -> str:
    """Say what computed a node, with names and with numbers.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = snapshot((a * b).tanh())
    >>> [forward_line(graph, node) for node in graph]
    ['a = 2 (input)', 'b = -3 (input)', 'v2 = a * b = 2 * -3 = -6', 'v3 = tanh(v2) = tanh(-6) = -1']
    """
    if node.op is None:
        unnamed = node.is_constant and not node.name
        return f"{amount_text(node.value)} (constant)" if unnamed else _leaf(node)
    said = f"{short_title(node)} = {expression(graph, node)}"
    inputs = [graph.nodes[slot.source].value for slot in node.slots]
    if all(_is_factor(x) for x in [*inputs, node.value]) and (node.op.is_elementwise or node.operation in _SEVERAL):
        if not _still_gives(node, inputs):
            return f"{said} = {amount_text(node.value)}, computed before its inputs changed"
        numbers, result = _in_numbers(node, inputs), amount_text(node.value)
        return f"{said} = {result}" if numbers == result else f"{said} = {numbers} = {result}"
    if node.shape or any(map(np.ndim, inputs)):
        return f"{said}: {_shapes(inputs)} {amount_text(node.value)}"
    return f"{said} = {amount_text(node.value)}"


def _leaf(node: Node) -> str:
    return f"{short_title(node)} = {amount_text(node.value)} ({node.role})"


def _still_gives(node: Node, inputs: list[Any]) -> bool:
    """Whether the inputs are what they were in the forward pass: an optimiser may have changed them since."""
    assert node.op is not None
    with np.errstate(all="ignore"):
        again = node.op.forward(*(x if isinstance(x, np.ndarray) else np.float64(x) for x in inputs), **node.options)
        return bool(np.allclose(again, node.value, rtol=_AGREES, atol=_AGREES * _largest(inputs), equal_nan=True))


def _largest(numbers: list[Any]) -> float:
    sizes = [size for size in map(magnitude, numbers) if math.isfinite(size)]
    return min(1.0, max(sizes, default=0.0))


def _in_numbers(node: Node, inputs: list[Any]) -> str:
    text = written(node, [_short(x) for x in inputs])
    return re.sub(r"([*/] ?)\((-[^\s()]+)\)", r"\1\2", text)  # 2 * -3, but 2 - (-3)


def _shapes(inputs: list[Any]) -> str:
    """Say what goes in: ``(4, 3) and (3, 2) give``."""
    words = [str(np.shape(x)) if np.ndim(x) else number_text(x) for x in inputs]
    if len(words) > 3:
        words = [f"{words[0]}, …", f"{len(inputs)} inputs,"]
    return f"{' and '.join(words)} give{'s' if len(inputs) == 1 else ''}"


# --- the backward pass ---------------------------------------------------------------------------------------------


def gradient_name(graph: Snapshot, node: Node) -> str:
    """Write ``dL/da``; a root with a long name is L.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(2.0, label="a")
    >>> y = a.tanh()
    >>> y.label = "the loss of this example"
    >>> graph = snapshot(y)
    >>> [gradient_name(graph, node) for node in graph]
    ['dL/da', 'dL/dL']
    """
    top = root_name(graph)
    return total_derivative(top, top if node.id == graph.roots[0] else short_title(node))


def root_name(graph: Snapshot) -> str:
    """Return what gradients are gradients of: the root's name, or L if that is long."""
    if graph not in _ROOT_NAMES:
        title, taken = short_title(graph.nodes[graph.roots[0]]), {name.strip() for name in graph.names.values()}
        free = (letter for letter in ("L", "J", "ℒ") if letter not in taken)
        _ROOT_NAMES[graph] = title if len(title) <= _SHORT and is_plain(title) else next(free, "root")
    return _ROOT_NAMES[graph]


def seed_line(graph: Snapshot) -> str:
    """Say what the backward pass began with: the root's gradient."""
    root = graph.nodes[graph.roots[0]]
    line = f"{gradient_name(graph, root)} = {amount_text(root.gradient)} (the seed"
    if not root.shape and root.gradient != 1:
        line += "; not 1: backward was given another one, or ran more than once"
    if root_name(graph) != short_title(root):
        line += f"; {root_name(graph)} is {short_title(root)}"
    return line + ")"


def backward_missing(graph: Snapshot) -> str:
    """Say that there is no backward pass to show, and why."""
    root = graph.nodes[graph.roots[0]]
    if root.is_constant:
        return f"no backward pass: {short_title(root)} is a constant, and has no gradient"
    if not root.name.isidentifier():
        return (
            f"the backward pass has not run: call backward() of {short_title(root)}{', with a seed' * bool(root.shape)}"
        )
    return f"the backward pass has not run: call {root.name}.backward({'seed' * bool(root.shape)})"


def backward_lines(
    graph: Snapshot, node: Node, replay: Replay, contributions: Iterable[Contribution]
) -> tuple[str, ...]:
    """Say what a node sends to each of its inputs, and their sums.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(3.0, label="a")
    >>> y = a * a
    >>> y.label = "y"
    >>> y.backward()
    >>> graph = snapshot(y)
    >>> replay = Replay(graph, {})
    >>> for line in backward_lines(graph, graph.nodes[1], replay, replay.contributions(graph.nodes[1])):
    ...     print(line)
    dy/da += dy/dy * a = 1 * 3 = 3
    dy/da += dy/dy * a = 1 * 3 = 3, now 6
    """
    lines = []
    for contribution in contributions:
        lines.append(_backward_line(graph, node, contribution, replay))
        if contribution.is_last and contribution.source in replay.changed:
            lines.append(_changed(graph.nodes[contribution.source]))
    return tuple(lines)


def _backward_line(graph: Snapshot, node: Node, sent: Contribution, replay: Replay) -> str:
    receiver, sender = gradient_name(graph, graph.nodes[sent.source]), gradient_name(graph, node)
    remarks = []
    if node.slots[sent.slot].local is None:
        which = f"VJP of {node.operation}{_which(node, sent.slot)} with {sender}"
        line = f"{receiver} += {which}: {amount_text(sent.amount)}"
    else:
        g, slope = replay.gradient(node.id), slope_at(graph, node, sent.slot)
        line = f"{receiver} += {sender} * {_factor(graph, node, sent.slot, slope)}{_product(node, sent, g)}"
        remarks.append(_reason(graph, node, sent, g, slope))
    if sent.before is not None:
        line += f", now {amount_text(sent.total)}"
        if sent.is_first:
            remarks.append(f"was {amount_text(sent.before)} before this pass")
    words = "; ".join(filter(None, remarks))
    return f"{line} ({words})" if words else line


def _which(node: Node, slot: int) -> str:
    """Tell the slots apart if the same value is in several."""
    return f" ({slot_name(node.op, slot)})" if node.op is not None and use(node, slot) else ""


def _factor(graph: Snapshot, node: Node, slot: int, slope: Slope | None) -> str:
    """Write the local derivative: a formula, a number that is the same everywhere, or else ``∂d/∂a``."""
    text = row_text(slope.formula) if slope else ""
    words = formula(graph, node, slot, text)
    if not words and _NUMBER.fullmatch(text):
        words = number_text(float(text))
    if not words and node.operation in ("sum_many", "dot_many"):
        words = _short(node.slots[slot].local)
    if not words:
        return derivative_name(graph, node, slot)
    return words if is_plain(words) or _FACTOR.fullmatch(words) else f"({words})"


def _product(node: Node, sent: Contribution, g: Any) -> str:
    """Write the numbers: ``= 1 * -3 = -3``; of large arrays only what comes out."""
    local, amount = node.slots[sent.slot].local, sent.amount
    summed = ", summed" if np.size(amount) < np.size(g) else ""
    if _is_factor(g) and _is_factor(local):
        return f" = {_short(g)} * {_short(local)}{summed} = {amount_text(amount)}"
    return f"{summed}{' =' if _is_small(amount) else ':'} {amount_text(amount)}"


def _reason(graph: Snapshot, node: Node, sent: Contribution, g: Any, slope: Slope | None) -> str:
    """Say what is not plain to see: why 0 times inf is 0, and which branch relu and the like take: ``a > 0``."""
    local = node.slots[sent.slot].local
    if _any_zero_by_infinity(g, local):
        return "a zero gradient sends 0"
    if _any_zero_by_infinity(local, g) and not np.any(np.isnan(sent.amount)):
        return f"{node.operation} is constant here and sends 0"
    return formula(graph, node, sent.slot, row_text(slope.condition)) if slope and slope.condition else ""


def _any_zero_by_infinity(zero: Any, other: Any) -> bool:
    return bool(np.any((np.asarray(zero) == 0) & ~np.isfinite(other)))


def _changed(source: Node) -> str:
    """Say that a gradient is not what the pass has left."""
    name = f"{short_title(source) if is_plain(short_title(source)) else 'its'}.grad".replace("its.", "its ")
    if source.gradient is None or not np.any(source.gradient):
        return f"{name} has been cleared since"
    return f"{name} is {amount_text(source.gradient)} now: another backward pass has changed it since"


# --- numbers -------------------------------------------------------------------------------------------------------


def _is_small(x: Any) -> bool:
    return np.size(x) <= SMALL_ARRAY and np.size(x) > 0


def _is_factor(x: Any) -> bool:
    """Whether an array is so small that its numbers can stand in a formula."""
    return 0 < np.size(x) <= SMALL_ARRAY // 2


def _short(x: Any) -> str:
    """Write a number, or a small array on one line; the slopes of relu are 0 and 1, not False and True."""
    return " ".join(line.strip() for line in array_lines(x * 1.0)) if isinstance(x, np.ndarray) else number_text(x)


def amount_text(x: Any) -> str:
    """Write a number or array in a few words.

    Examples
    --------
    >>> amount_text(-3.0), amount_text(np.ones(2)), amount_text(np.arange(12.0).reshape(4, 3))
    ('-3', '[1, 1]', '(4, 3) from 0 to 11')
    """
    if _is_small(x):
        return _short(x)
    if not np.size(x):
        return f"{np.shape(x)}, no elements"
    low, high = number_text(np.min(x)), number_text(np.max(x))
    return f"{np.shape(x)} {f'all {low}' if low == high else f'from {low} to {high}'}"
