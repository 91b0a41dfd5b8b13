r"""Formulas as LaTeX: the text of the table's rows, what computed a value, and its local derivatives."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from autograd_lite.operation import Operation
from viz.graphs.snapshot import Node, Snapshot
from viz.words.expression import reading_order, short_title, use
from viz.words.options import index_text, option_text, options_shown
from viz.words.slopes import Slope, slope_at
from viz.words.tex import ATOM, POWER, PRODUCT, SIGN, SUM, Tex, name_latex, number_latex, parenthesised, text_latex

__all__ = ["derivative_latex", "in_product", "latex_expression", "node_latex", "row_latex", "slope_latex"]

MANY = 6
"""Of more terms the middle is left out."""

_UNNAMED = re.compile(r"v(_*)(\d+)")


def node_latex(node: Node) -> Tex:
    """Name a node; an unnamed constant is its number."""
    if node.is_constant and not node.name:
        return number_latex(node.value)
    unnamed = None if node.name else _UNNAMED.fullmatch(node.title)
    if unnamed:
        marks, digits = unnamed.groups()
        return Tex(f"v{chr(39) * len(marks)}_{{{digits}}}")
    return Tex(name_latex(short_title(node)))


# --- a row's text ----------------------------------------------------------------------------------------------------

_CONSTANTS = {"LN2": r"\ln 2", "LN10": r"\ln 10", "SQRT2": r"\sqrt{2}", "SQRT_PI": r"\sqrt{\pi}",
              "SQRT_2PI": r"\sqrt{2 \pi}"}  # fmt: skip
_FUNCTIONS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan")},
    "maximum": r"\max", "minimum": r"\min", "max": r"\max", "min": r"\min", "max_many": r"\max",
    "log": r"\ln", "log2": r"\log_{2}", "log10": r"\log_{10}", "sigmoid": r"\sigma",
}  # fmt: skip
_SPELLINGS = {"arcsinh": "arsinh", "arccosh": "arcosh", "arctanh": "artanh", "arctan2": "atan2", "relu": "ReLU",
              "elu": "ELU", "gelu": "GELU", "silu": "SiLU"}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.Lt: r"\lt", ast.GtE: r"\geq", ast.LtE: r"\leq", ast.Eq: "=", ast.NotEq: r"\neq",
}  # fmt: skip

Names = Mapping[str, Tex]


def row_latex(tree: str | ast.expr, names: Names | None = None) -> Tex:
    r"""Translate a row's text, with LaTeX for its names.

    Raises
    ------
    ValueError
        For what is no arithmetic.

    Examples
    --------
    >>> print(row_latex("(1 - y * y) / sqrt(a)").text)
    \frac{1 - y^{2}}{\sqrt{a}}
    """
    if isinstance(tree, str):
        tree = ast.parse(tree, mode="eval").body
    names = names or {}
    if isinstance(tree, ast.Constant):
        return number_latex(float(tree.value))  # type: ignore[arg-type]
    if isinstance(tree, ast.Name):
        known = names.get(tree.id)
        return known or (Tex(_CONSTANTS[tree.id], PRODUCT) if tree.id in _CONSTANTS else Tex(name_latex(tree.id)))
    if isinstance(tree, ast.Compare):
        return _comparison(tree, names)
    if isinstance(tree, ast.BinOp) and type(tree.op) in _BINARY:
        return _BINARY[type(tree.op)](tree, names)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _product(tree, names)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return _call(tree.func.id, tree.args, names)
    raise ValueError(f"{ast.unparse(tree)!r} is no arithmetic that can be written as LaTeX")


def _sum(tree: ast.BinOp, names: Names) -> Tex:
    left, right = row_latex(tree.left, names), row_latex(tree.right, names)
    sign = "+" if isinstance(tree.op, ast.Add) else "-"
    return Tex(f"{left.text} {sign} {right.at_least(SUM if right.level == SUM and sign == '+' else PRODUCT)}", SUM)


def _product(tree: ast.expr, names: Names) -> Tex:
    sign, above, below = _factors(tree)
    numerator = _joined(above, names)
    if below:
        numerator = Tex(rf"\frac{{{numerator.text}}}{{{_joined(below, names).text}}}", PRODUCT)
    if sign > 0:
        return numerator
    return Tex(f"-{numerator.at_least(PRODUCT)}", SIGN)


def _factors(tree: ast.expr) -> tuple[int, list[ast.expr], list[ast.expr]]:
    """Take a product or quotient apart: its sign, and what stands above and below the line."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        sign, above, below = _factors(tree.operand)
        return -sign, above, below
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "reciprocal":
        sign, above, below = _factors(tree.args[0])
        return sign, below, above
    if not isinstance(tree, ast.BinOp) or not isinstance(tree.op, (ast.Mult, ast.Div)):
        return 1, [tree], []
    sign, above, below = _factors(tree.left)
    right_sign, right_above, right_below = _factors(tree.right)
    if isinstance(tree.op, ast.Div):
        right_above, right_below = right_below, right_above
    return sign * right_sign, above + right_above, below + right_below


def _joined(factors: list[ast.expr], names: Names) -> Tex:
    """Multiply: equal factors are a power, a factor 1 goes without saying."""
    counts: dict[str, int] = {}
    firsts: dict[str, ast.expr] = {}
    for factor in factors:
        key = ast.unparse(factor)
        counts[key] = counts.get(key, 0) + 1
        firsts.setdefault(key, factor)
    if len(counts) > 1:
        counts.pop("1", None)
    parts = [_powered(row_latex(firsts[key], names), counts[key]) for key in counts]
    if len(parts) < 2:
        return parts[0] if parts else Tex("1")
    text = r" \cdot ".join(in_product(part, first=not i) for i, part in enumerate(parts))
    return Tex(text, SIGN if text.startswith("-") else PRODUCT)


def _powered(base: Tex, exponent: int) -> Tex:
    return base if exponent == 1 or base.text == "1" else Tex(f"{base.at_least(ATOM)}^{{{exponent}}}", POWER)


def in_product(factor: Tex, first: bool = False) -> str:
    """Write a factor; a negative one that is not the first, and a sum, stand in parentheses."""
    return factor.at_least(SIGN if first else PRODUCT)


def _power(base: ast.expr, exponent: ast.expr, names: Names) -> Tex:
    return Tex(f"{row_latex(base, names).at_least(ATOM)}^{{{row_latex(exponent, names).text}}}", POWER)


def _comparison(tree: ast.Compare, names: Names) -> Tex:
    sides = [row_latex(x, names).text for x in (tree.left, tree.comparators[0])]
    return Tex(f"{sides[0]} {_COMPARED[type(tree.ops[0])]} {sides[1]}", SUM)


def _both(tree: ast.BinOp, names: Names) -> Tex:
    return Tex(rf"{row_latex(tree.left, names).text} \text{{ and }} {row_latex(tree.right, names).text}", SUM)


_BINARY: dict[type[ast.operator], Callable[[ast.BinOp, Names], Tex]] = {
    ast.Add: _sum, ast.Sub: _sum, ast.Mult: _product, ast.Div: _product, ast.BitAnd: _both,
    ast.Pow: lambda tree, names: _power(tree.left, tree.right, names),
}  # fmt: skip


def _call(name: str, args: Sequence[ast.expr], names: Names) -> Tex:
    if name in _SPECIAL_CALLS:
        return _SPECIAL_CALLS[name](args, names)
    return _function(name, [row_latex(x, names).text for x in args])


def _function(name: str, args: Sequence[str]) -> Tex:
    escaped = _SPELLINGS.get(name, name).replace("_", r"\_")
    return Tex(_FUNCTIONS.get(name, rf"\operatorname{{{escaped}}}") + parenthesised(", ".join(args)), POWER)


def _cases(rows: list[tuple[Tex, str]]) -> Tex:
    body = r" \\ ".join(f"{value.text} & {condition}" for value, condition in rows)
    return Tex(rf"\begin{{cases}} {body} \end{{cases}}", SUM)


def _where(args: Sequence[ast.expr], names: Names) -> Tex:
    rows: list[tuple[Tex, str]] = []
    while True:  # a choice within the last branch of a choice is one more case
        test, yes, no = args
        rows.append((row_latex(yes, names), rf"\text{{if }} {row_latex(test, names).text}"))
        if not (isinstance(no, ast.Call) and isinstance(no.func, ast.Name) and no.func.id == "where"):
            return _cases([*rows, (row_latex(no, names), r"\text{otherwise}")])
        args = no.args


def _share(args: Sequence[ast.expr], names: Names) -> Tex:
    a, b = (row_latex(x, names).text for x in args)
    return _cases([(Tex(n), rf"\text{{if }} {a} {sign} {b}") for n, sign in (("1", ">"), ("0.5", "="), ("0", r"\lt"))])


def _hypot(args: Sequence[ast.expr], names: Names) -> Tex:
    squares = (ast.BinOp(x, ast.Mult(), x) for x in args)
    return Tex(rf"\sqrt{{{' + '.join(row_latex(x, names).text for x in squares)}}}", POWER)


_SPECIAL_CALLS: dict[str, Callable[[Sequence[ast.expr], Names], Tex]] = {
    "where": _where,
    "share": _share,
    "hypot": _hypot,
    "pow": lambda args, names: _power(args[0], args[1], names),
    "exp": lambda args, names: Tex(f"e^{{{row_latex(args[0], names).text}}}", POWER),
    "expm1": lambda args, names: Tex(f"e^{{{row_latex(args[0], names).text}}} - 1", SUM),
    "log1p": lambda args, names: _call("log", [ast.BinOp(ast.Constant(1), ast.Add(), args[0])], names),
    "sqrt": lambda args, names: Tex(rf"\sqrt{{{row_latex(args[0], names).text}}}", POWER),
    "square": lambda args, names: _power(args[0], ast.Constant(2), names),
    "abs": lambda args, names: Tex(rf"\left| {row_latex(args[0], names).text} \right|"),
    "reciprocal": lambda args, names: _product(ast.BinOp(ast.Constant(1), ast.Div(), args[0]), names),
    "equal": lambda args, names: _comparison(ast.Compare(args[0], [ast.Eq()], [args[1]]), names),
}


# --- nodes of a graph --------------------------------------------------------------------------------------------


def latex_expression(graph: Snapshot, node: Node) -> str:
    r"""Say in LaTeX what computed the node; '' for a leaf.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="beta")
    >>> graph = snapshot((a / b - 1.0).sigmoid())
    >>> print(*(latex_expression(graph, node) for node in graph if node.op), sep="   ")
    \frac{a}{\beta}   v_{2} - 1   \sigma(v_{4})
    """
    op = node.op
    if op is None:
        return ""
    inputs = [node_latex(graph.nodes[node.slots[i].source]) for i in reading_order(node)]
    if op.is_elementwise:
        return row_latex(_call_text(op), dict(zip(op.inputs, inputs, strict=True))).text
    if op.name in ("sum_many", "dot_many"):
        return _terms(inputs, 2 if op.name == "dot_many" else 1)
    options = options_shown(op, dict(node.options))
    if op.name == "getitem":
        return f"{inputs[0].at_least(ATOM)}[{text_latex(index_text(node.options['index']))}]"
    if op.name in _ARRAYS and not options:
        return _ARRAYS[op.name](*inputs)
    shown = [f"{text_latex(key)} = {text_latex(option_text(value))}" for key, value in options.items()]
    return _function(op.name, _some([x.text for x in inputs], r"\ldots") + shown).text


_ARRAYS: dict[str, Callable[..., str]] = {
    "matmul": lambda a, b: rf"{a.at_least(PRODUCT)} \, {b.at_least(PRODUCT)}",
    "dot": lambda a, b: rf"{a.at_least(PRODUCT)} \cdot {b.at_least(PRODUCT)}",
    "outer": lambda a, b: rf"{a.at_least(PRODUCT)} \otimes {b.at_least(PRODUCT)}",
    "sum": lambda a: rf"\sum {a.at_least(PRODUCT)}",
    "transpose": lambda a: rf"{{{a.at_least(ATOM)}}}^{{\top}}",
    "norm": lambda a: rf"\left\| {a.text} \right\|",
}


def _call_text(op: Operation) -> str:
    """A sign is written out, a function is called by its name."""
    if any(c.isalpha() for c in op.symbol) or "where" in op.value:
        return f"{op.name}({', '.join(op.inputs)})"
    return op.value


def _terms(inputs: list[Tex], size: int) -> str:
    """Write a sum of products of `size` factors."""
    groups = [inputs[i : i + size] for i in range(0, len(inputs), size)]
    if size == 1:
        return " + ".join(_some([x.at_least(PRODUCT) for x in inputs], r"\cdots"))
    products = [r" \cdot ".join(in_product(x, first=not k) for k, x in enumerate(group)) for group in groups]
    return " + ".join(_some([f"({p})" if p.startswith("-") else p for p in products], r"\cdots"))


def _some(parts: list[str], dots: str) -> list[str]:
    return parts if len(parts) <= MANY else [*parts[: MANY - 3], dots, parts[-1]]


def derivative_latex(graph: Snapshot, node: Node, slot: int) -> str:
    r"""Write ``\frac{\partial y}{\partial a}``, with an index where the same value is in several slots."""
    source = node_latex(graph.nodes[node.slots[slot].source]).text
    place = use(node, slot)
    below = f"{{{source}}}^{{({place})}}" if place else source
    return rf"\frac{{\partial {node_latex(node).text}}}{{\partial {below}}}"


def slope_latex(graph: Snapshot, node: Node, slot: int) -> Tex:
    r"""Spell out a local derivative: its formula, or its number where that is all there is.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> graph = snapshot(Value(2.0, label="a").relu())
    >>> print(slope_latex(graph, graph.nodes[1], 0).text)
    1_{a > 0}
    """
    local = node.slots[slot].local
    if node.operation == "dot_many":
        half = len(node.slots) // 2
        return node_latex(graph.nodes[node.slots[(slot + half) % (2 * half)].source])
    slope = slope_at(graph, node, slot)
    if slope is None or node.op is None:
        return number_latex(local) if local is not None else Tex(text_latex(f"VJP of {node.operation}"))
    names = dict(zip(node.op.inputs, (node_latex(graph.nodes[s.source]) for s in node.slots), strict=True))
    return _with_condition(slope, {**names, "y": node_latex(node)})


def _with_condition(slope: Slope, names: Names) -> Tex:
    formula = row_latex(slope.formula, names)
    if slope.condition is None:
        return formula
    return Tex(f"{formula.at_least(ATOM)}_{{{row_latex(slope.condition, names).text}}}", POWER)
