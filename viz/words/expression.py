"""An operation in the words of its inputs: ``d = a * b``, and its local derivatives: ``∂d/∂a = b``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from viz.graphs.snapshot import Node, Snapshot
from viz.words.escape import one_line, shorten, shorten_name
from viz.words.numbers import short_number
from viz.words.options import index_text, option_text, options_shown

__all__ = [
    "EXPRESSION_WIDTH",
    "NAME_WIDTH",
    "derivative_name",
    "expression",
    "formula",
    "is_plain",
    "local_derivative",
    "order_matters",
    "reading_order",
    "reading_slots",
    "short_title",
    "slot_name",
    "total_derivative",
    "use",
    "written",
]

NAME_WIDTH = 24
EXPRESSION_WIDTH = 44
FORMULA_WIDTH = 16
_FIRST = {"where": "condition", "einsum": "subscripts"}  # options that come before the inputs
_SLOTS = {"where": ("if true", "if false")}  # its first argument is the condition
_NUMBER = re.compile(r"[+-]?(\d[\d.]*(e[+-]?\d+)?|inf|nan)")
_SIGNS = r"\s\[\]+\-*/·⊗@=<>^,&|%:;"
_PLAIN = re.compile(rf"\d[\d.]*e[+-]?\d+|[^{_SIGNS}]*(\[[^\[\]]*\][^{_SIGNS}]*)*")  # w, w[0], layers[0].weight, 2
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def short_title(node: Node) -> str:
    """Return a node's title for an expression: on one line, not too long; an unnamed constant is its number."""
    if node.is_constant and not node.name:
        number = short_number(node.value)
        return f"[{number}, …]" if node.shape and _NUMBER.fullmatch(number) else number
    return shorten_name(one_line(node.title), NAME_WIDTH)


def expression(graph: Snapshot, node: Node, width: int = EXPRESSION_WIDTH) -> str:
    """Say what computed the node; '' for a leaf.

    Examples
    --------
    >>> from autograd_lite import Value, dot
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = snapshot((a * b - 1.0).tanh())
    >>> [expression(graph, node) for node in graph if node.op]
    ['a * b', 'v2 - 1', 'tanh(v4)']
    >>> graph = snapshot(dot([a, b], [b, 2.0]))
    >>> expression(graph, graph.nodes[-1])
    'a*b + b*2'
    """
    if node.op is None:
        return ""
    return written(node, [short_title(graph.nodes[slot.source]) for slot in node.slots], width)


def written(node: Node, names: list[str], width: int = EXPRESSION_WIDTH) -> str:
    """Write the operation of a node with other words for its inputs, one for each slot: their numbers, for example."""
    if node.op is None:
        return ""
    if node.is_rolled:
        return _rolled(node, names, width)
    if node.operation in ("sum_many", "dot_many"):
        return _terms(node, names, width)
    if node.operation == "getitem":
        return shorten(f"{_operand(names[0])}[{index_text(node.options['index'])}]", width)
    if node.operation == "transpose" and _turns_around(node.options.get("axes")):
        return shorten(f"{_operand(names[0])}.T", width)
    options = options_shown(node.op, dict(node.options))
    infix = "" if options else _infix(node.op, names)
    return shorten(infix or _call(node.op, names, options, width), width)


def _turns_around(axes: Sequence[int] | None) -> bool:
    """Whether a transpose puts the last axis first, and so on: NumPy's ``.T``."""
    return axes is None or list(axes) == list(range(len(axes)))[::-1]


def _rolled(node: Node, names: list[str], width: int) -> str:
    """Write what each of many values was computed from; of a sum, how many of a kind it takes."""
    assert node.op is not None
    for longest in (NAME_WIDTH, NAME_WIDTH // 2):
        short = [shorten_name(name, longest) for name in names]
        arguments = _counted(node, short) if node.op.variadic else _alternatives(node, short)
        text = _infix(node.op, arguments) or f"{node.op.name.removesuffix('_many')}({', '.join(arguments)})"
        if len(text) <= width:
            break
    return shorten(text, width)


def _counted(node: Node, names: list[str]) -> list[str]:
    shares = [slot.count / node.count for slot in node.slots]
    return [f"{n:,.0f} × {name}" if n > 1 and n % 1 == 0 else name for n, name in zip(shares, names, strict=True)]


def _alternatives(node: Node, names: list[str]) -> list[str]:
    """One text for each argument of a rolled node; ``h0 or v5`` where some of its values take one, some the other."""
    assert node.op is not None
    if order_matters(node.op, len(node.op.inputs)):
        places: dict[int, list[str]] = {}
        for slot, name in zip(node.slots, names, strict=True):
            places.setdefault(slot.argument, []).append(name)
        return [" or ".join(places[argument]) for argument in sorted(places)]
    shares = [divmod(slot.count, node.count) for slot in node.slots]
    of_all = [name for name, (times, rest) in zip(names, shares, strict=True) for _ in range(0 if rest else times)]
    of_some = [name for name, (_, rest) in zip(names, shares, strict=True) if rest]
    others = [" or ".join(of_some)] * (len(node.op.inputs) - len(of_all))
    return others + of_all if shares[0][1] else of_all + others


def _terms(node: Node, names: list[str], width: int) -> str:
    """Write a sum, or a sum of products, as it is written on paper; the end of a long one is left out."""
    ending = f"… ({len(names) // (2 if node.operation == 'dot_many' else 1)} terms)"
    for longest in (NAME_WIDTH, NAME_WIDTH // 2, 4):
        factors = [_operand(shorten_name(names[i], longest)) for i in reading_order(node)]
        terms = factors
        if node.operation == "dot_many":
            terms = [f"{left}*{right}" for left, right in zip(factors[::2], factors[1::2], strict=True)]
        text = _elided(terms, " + ", ending, width) if names[1:] else f"sum({names[0]})"
        if len(text) <= width:
            return text
    return shorten(text, width)


def _elided(parts: list[str], separator: str, ending: str, width: int) -> str:
    """Join as many parts as fit, one at least; if parts are missing, the ending says so."""
    text = separator.join(parts)
    if len(text) <= width or len(parts) < 2:
        return text
    kept, room = 1, width - len(separator + ending) - len(parts[0])
    while (room := room - len(separator + parts[kept])) >= 0:
        kept += 1
    return separator.join([*parts[:kept], ending])


def is_plain(name: str) -> bool:
    """Whether a name reads as one thing beside an operator, as ``w``, ``w[0]`` and ``layers[0].weight`` do."""
    return _PLAIN.fullmatch(name) is not None


def _operand(name: str) -> str:
    """Return a name so that it reads as one thing beside an operator: in parentheses, unless it is plain."""
    return name if _PLAIN.fullmatch(name) else f"({name})"


def _infix(op: Operation, names: list[str]) -> str:
    """Write ``a * b`` or ``-a`` if the operation is a sign: "*" stands between its arguments, "tanh" before them."""
    if any(c.isalnum() for c in op.symbol) or op.variadic:
        return ""
    operands = [_operand(name) for name in names]
    if len(names) == 2:
        if _NUMBER.fullmatch(names[0]) and op.symbol != "**":  # -2 ** 2 would read as -(2 ** 2)
            operands[0] = names[0]
        return f"{operands[0]} {one_line(op.symbol)} {operands[1]}"
    return f"{op.symbol}{operands[0]}" if op.symbol in ("-", "+") else ""


def _call(op: Operation, names: list[str], options: dict[str, Any], width: int) -> str:
    """Write a call, its options as keywords, except those that come before the inputs."""
    options = dict(options)
    first = _FIRST.get(op.name, "")
    before = [_leading(first, options.pop(first))] if first in options else []
    after = [f"{key}={_option(key, value)}" for key, value in options.items()]
    around = len(", ".join([*before, "", *after])) + len(f"{op.name}()")
    inputs = _elided(names, ", ", f"… ({len(names)} inputs)", width - around)
    return f"{op.name}({', '.join([*before, inputs, *after])})"


def _leading(key: str, value: Any) -> str:
    large = isinstance(value, np.ndarray) and value.ndim > 0 and value.size > 2
    return key if large else option_text(value)


def _option(key: str, value: Any) -> str:
    return f"[{index_text(value)}]" if key == "index" else option_text(value)


def reading_order(node: Node) -> list[int]:
    """Return the argument slots in the order in which they are read.

    A dot product of scalars holds the left factors and then the right ones; they are read in pairs, as in its formula.
    """
    count = len(node.slots)
    if node.operation != "dot_many" or node.is_rolled:  # a rolled one has lost its pairs
        return list(range(count))
    return [slot for pair in zip(range(count // 2), range(count // 2, count), strict=True) for slot in pair]


def reading_slots(graph: Snapshot, i: int) -> Sequence[int]:
    """Return the `reading_order` of node i, which is made only where it is not simply from the first to the last."""
    op = graph.ops[i]
    if op is not None and op.name == "dot_many":
        return reading_order(graph.nodes[i])
    return range(graph.offsets[i + 1] - graph.offsets[i])


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
    if op is None or slots < 2 or op.name in ("sum_many", "dot_many"):  # a dot product's formula tells its pairs
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
    if op.name in _SLOTS:
        return _SLOTS[op.name][slot]
    name = op.inputs[slot]
    if len(name) > 1:
        return name
    return ("1st", "2nd", "3rd")[slot] if slot < 3 else f"{slot + 1}th"


def local_derivative(graph: Snapshot, node: Node, slot: int) -> str:
    """Spell out the local derivative of a slot: a formula where it is short, and its number.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(3.0, label="a")
    >>> graph = snapshot(a * a)
    >>> [local_derivative(graph, graph.nodes[1], slot) for slot in (0, 1)]
    ['∂v1/∂a₁ = a = 3', '∂v1/∂a₂ = a = 3']
    """
    name = derivative_name(graph, node, slot)
    local = node.slots[slot].local
    if local is None:
        return f"{name}: VJP of {node.operation}"  # a matrix: only its product with the gradient is ever computed
    number, words = short_number(local, listed=not node.is_rolled), formula(graph, node, slot)
    return " = ".join([name, words, number] if words not in ("", number) else [name, number])


def derivative_name(graph: Snapshot, node: Node, slot: int) -> str:
    """Write ``∂d/∂a``, with an index, as in ``∂d/∂a₂``, where the same value is in several slots."""
    source = graph.nodes[node.slots[slot].source]
    place = use(node, slot)
    index = str(place).translate(_SUBSCRIPTS) if place else ""
    return f"∂{short_title(node)}/∂{short_title(source)}{index}"


def total_derivative(above: str, below: str) -> str:
    """Write ``dL/da``; what would not read as one name is in parentheses.

    Examples
    --------
    >>> total_derivative("L", "w[0]"), total_derivative("L", "layers[0].weight"), total_derivative("sum(y)", "x")
    ('dL/dw[0]', 'dL/d(layers[0].weight)', 'd(sum(y))/dx')
    """
    above, below = (name if is_plain(name) and not re.search(r"[.(]", name) else f"({name})" for name in (above, below))
    return f"d{above}/d{below}"


def use(node: Node, slot: int) -> int:
    """Tell which use of its source a slot is, counted from 1 in reading order; 0 if it is the only one."""
    source = node.slots[slot].source
    where = [i for i in reading_order(node) if node.slots[i].source == source]
    return where.index(slot) + 1 if len(where) > 1 else 0


def formula(graph: Snapshot, node: Node, slot: int, row_text: str = "", width: int = FORMULA_WIDTH) -> str:
    """Return the row's own text with the graph's names; '' where it is a number, long, or beyond plain arithmetic.

    `row_text` stands in for the row's text, where a view has simplified that.
    """
    op = node.op
    if node.is_rolled:
        return ""  # it is another one for each member
    if node.operation == "dot_many":
        half = len(node.slots) // 2
        other = short_title(graph.nodes[node.slots[(slot + half) % (2 * half)].source])
        return other if len(other) <= width and is_plain(other) else ""
    if op is None or not op.is_elementwise:
        return ""
    text = re.sub(r"\breciprocal\((\w+)\)", r"1 / \1", row_text or op.partials[slot])
    names = dict(zip(op.inputs, (short_title(graph.nodes[s.source]) for s in node.slots), strict=True))
    names["y"] = short_title(node)
    words = re.findall(r"[A-Za-z_]\w*", text)
    if not words or re.search("where|share|[A-Z]", text):
        return ""
    if not all(
        (_PLAIN.fullmatch(name) or _NUMBER.fullmatch(name)) for name in (names.get(word, word) for word in words)
    ):
        return ""  # a name such as "loss (mean)" would read as arithmetic
    text = re.sub(r"(?<=\w) \*\* 2\b(?!\.)", "^2", text).replace(" ** ", "**")
    text = re.sub(r"\b(\w+) \* \1\b", r"\1^2", text)  # before a name such as w.w can look like a product
    text = re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), text)
    for signs, sign in (("^2", "²"), (" * ", "·"), (" / ", "/"), ("<=", "≤"), (">=", "≥")):
        text = text.replace(signs, sign)
    return text if len(text) <= width else ""
