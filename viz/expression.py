"""An operation in the words of its inputs: ``d = a * b``, and its local derivatives: ``∂d/∂a = b``."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from viz.escape import one_line, shorten
from viz.numbers import short_number
from viz.snapshot import Node, Snapshot

__all__ = ["expression", "local_derivative", "order_matters", "short_title", "slot_name"]

NAME_WIDTH = 24
EXPRESSION_WIDTH = 44
FORMULA_WIDTH = 16
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def short_title(node: Node) -> str:
    """Return a node's title for an expression: on one line, not too long; an unnamed constant is its number."""
    if node.is_constant and not node.name:
        return short_number(node.value)
    return shorten(one_line(node.title), NAME_WIDTH)


def expression(graph: Snapshot, node: Node) -> str:
    """Say what computed the node; '' for a leaf.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = snapshot((a * b - 1.0).tanh())
    >>> [expression(graph, node) for node in graph if node.op]
    ['a * b', 'v2 - 1', 'tanh(v4)']
    """
    if node.op is None:
        return ""
    names = [short_title(graph.nodes[slot.source]) for slot in node.slots]
    options = [f"{key}={_option(value)}" for key, value in node.options.items() if value not in (None, False, ())]
    return shorten(_call(node.op, names, options), EXPRESSION_WIDTH)


def _call(op: Operation, names: list[str], options: list[str]) -> str:
    sign = not any(c.isalnum() for c in op.symbol)  # "*" stands between its arguments, "tanh" before them
    if sign and not options and not op.variadic:
        if len(names) == 2:
            return f"{names[0]} {op.symbol} {names[1]}"
        if len(names) == 1 and op.symbol in ("-", "+"):
            return f"{op.symbol}{names[0]}"
    return f"{op.name}({', '.join(names + options)})"


def _option(value: Any) -> str:
    text = np.array2string(value, threshold=6) if isinstance(value, np.ndarray) else repr(value)
    return shorten(one_line(text), NAME_WIDTH)


def order_matters(op: Operation | None, slots: int) -> bool:
    """Whether exchanging the arguments changes the result, so that a picture must tell them apart.

    A function of two arguments is symmetric if and only if its local derivatives are each other with the arguments
    exchanged; that can be read from the table.

    Examples
    --------
    >>> from autograd_lite import TABLE
    >>> [name for name in ("add", "sub", "mul", "div", "pow", "maximum") if order_matters(TABLE[name], 2)]
    ['sub', 'div', 'pow']
    """
    if op is None or slots < 2 or op.name == "sum_many":
        return False
    if not op.is_elementwise or len(op.inputs) != 2:
        return True
    first, second = op.inputs
    other = {first: second, second: first}
    exchanged = re.sub(rf"\b({first}|{second})\b", lambda match: other[match[0]], op.partials[0])
    return exchanged != op.partials[1]


def slot_name(op: Operation, slot: int) -> str:
    """Name an argument slot.

    Examples
    --------
    >>> from autograd_lite import TABLE
    >>> slot_name(TABLE["sub"], 0), slot_name(TABLE["clip"], 2)
    ('1st', 'hi')
    """
    if op.variadic:
        return f"[{slot}]"
    name = op.inputs[slot]
    if len(name) > 1:
        return name
    return ("1st", "2nd", "3rd")[slot] if slot < 3 else f"{slot + 1}th"


def local_derivative(graph: Snapshot, node: Node, slot: int) -> str:
    """Spell out the local derivative of a slot: a formula where it is short, and its number.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.snapshot import snapshot
    >>> a = Value(3.0, label="a")
    >>> graph = snapshot(a * a)
    >>> [local_derivative(graph, graph.nodes[1], slot) for slot in (0, 1)]
    ['∂v1/∂a₁ = a = 3', '∂v1/∂a₂ = a = 3']
    """
    source = graph.nodes[node.slots[slot].source]
    where = [i for i, s in enumerate(node.slots) if s.source == source.id]
    index = str(where.index(slot) + 1).translate(_SUBSCRIPTS) if len(where) > 1 else ""
    name = f"∂{short_title(node)}/∂{short_title(source)}{index}"
    local = node.slots[slot].local
    if local is None:
        return f"{name}: VJP of {node.operation}"  # a matrix: only its product with the gradient is ever computed
    number, formula = short_number(local), _formula(graph, node, slot)
    return " = ".join([name, formula, number] if formula not in ("", number) else [name, number])


def _formula(graph: Snapshot, node: Node, slot: int) -> str:
    """Return the row's own text with the graph's names; '' where it is a number, long, or beyond plain arithmetic."""
    op = node.op
    if op is None or not op.is_elementwise:
        return ""
    text = re.sub(r"\breciprocal\((\w+)\)", r"1 / \1", op.partials[slot])
    names = dict(zip(op.inputs, (short_title(graph.nodes[s.source]) for s in node.slots), strict=True))
    names["y"] = short_title(node)
    words = re.findall(r"[A-Za-z_]\w*", text)
    if not words or re.search("where|share|[A-Z]", text):
        return ""
    if not all(re.fullmatch(r"\w+|-?[\d.]+", names.get(word, word)) for word in words):
        return ""  # a name such as "loss (mean)" would read as arithmetic
    text = re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), text)
    text = re.sub(r"(\b\w+\b) \* \1(?!\w)", r"\1²", text).replace(" * ", "·").replace(" / ", "/")
    return text if len(text) <= FORMULA_WIDTH else ""
