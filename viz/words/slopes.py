"""A local derivative as the numbers at hand make it: ``where`` takes its branch, what is constant is worked out."""

from __future__ import annotations

import ast
import copy
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite.text import NUMPY_NAMES
from viz.graphs.snapshot import Node, Snapshot
from viz.words.numbers import number_text

__all__ = ["Slope", "row_text", "slope_at"]

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Lt: ast.GtE, ast.LtE: ast.Gt}
_LONG_NUMBER = re.compile(r"\d+\.\d+(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Slope:
    """The formula of a local derivative.

    Attributes
    ----------
    formula : ast.expr
        In the words of the table's row.
    condition : ast.expr or None
        What makes it so: relu has slope 1 because a > 0.
    is_old : bool
        The numbers of the inputs have been changed since the forward pass, so that the formula gives another number.
    """

    formula: ast.expr
    condition: ast.expr | None = None
    is_old: bool = False


def slope_at(graph: Snapshot, node: Node, slot: int) -> Slope | None:
    """Return the local derivative of an elementwise operation at its numbers; None for other operations.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> a = Value(-2.0, label="a")
    >>> for y in (a**3, a.relu(), a / 4.0):
    ...     graph = snapshot(y)
    ...     slope = slope_at(graph, graph.nodes[-1], 0)
    ...     print(row_text(slope.formula), "if", slope.condition and row_text(slope.condition))
    3 * a ** 2 if None
    0 if a <= 0
    reciprocal(4) if None
    """
    op = node.op
    if op is None or not op.is_elementwise:
        return None
    sources = [graph.nodes[s.source] for s in node.slots]
    held = dict(zip(op.inputs, sources, strict=True)) | {"y": node}
    arrays = {name for name, x in held.items() if x.shape}
    numbers = {name: np.float64(x.value) for name, x in held.items() if not x.shape}
    constants = {name: numbers[name] for name, x in held.items() if x.is_constant and not x.name and name in numbers}
    tree = ast.parse(op.partials[slot], mode="eval").body
    simpler = _AtNumbers(numbers, constants, arrays)
    formula = simpler.visit(tree)
    if node.shape or _agrees(formula, numbers, node.slots[slot].local):
        return Slope(formula, simpler.conditions[0] if len(simpler.conditions) == 1 else None)
    return Slope(ast.parse(op.partials[slot], mode="eval").body, is_old=True)


def row_text(tree: ast.expr) -> str:
    """Write a formula as a row's text, choices as Python writes them, its numbers with four significant digits."""
    tree = _Choices().visit(copy.deepcopy(tree))
    return _LONG_NUMBER.sub(lambda match: number_text(float(match[0])), ast.unparse(ast.fix_missing_locations(tree)))


def _agrees(tree: ast.expr, numbers: dict[str, Any], local: float | None) -> bool:
    if local is None or not math.isfinite(local):
        return local is not None
    return math.isclose(_number_of(tree, numbers), local, rel_tol=1e-6, abs_tol=1e-12)


def _number_of(tree: ast.expr, numbers: dict[str, Any]) -> float:
    code = compile(ast.Expression(ast.fix_missing_locations(tree)), "<local derivative>", "eval")
    with np.errstate(all="ignore"):
        return float(eval(code, dict(NUMPY_NAMES), numbers))  # a row's text, which the engine compiles, too


def _constant(x: float) -> ast.expr:
    """A number as Python writes it: negative ones are a sign and a number."""
    if math.copysign(1.0, x) < 0:
        return ast.UnaryOp(ast.USub(), _constant(-x))
    return ast.Constant(float(x))


def _constant_of(tree: ast.AST) -> float | None:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = _constant_of(tree.operand)
        return None if inner is None else -inner
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)) else None


class _Choices(ast.NodeTransformer):
    """Turns ``where(a > 0, 1, 0)`` into ``1 if a > 0 else 0``."""

    def visit_Call(self, call: ast.Call) -> ast.AST:
        self.generic_visit(call)
        is_choice = isinstance(call.func, ast.Name) and call.func.id == "where"
        return ast.IfExp(*call.args) if is_choice else call


class _AtNumbers(ast.NodeTransformer):
    """Takes the branches that the numbers take."""

    def __init__(self, numbers: dict[str, Any], constants: dict[str, Any], arrays: set[str]) -> None:
        self.conditions: list[ast.expr | None] = []
        self._numbers, self._constants, self._arrays = numbers, constants, arrays

    def visit_Name(self, name: ast.Name) -> ast.AST:
        x = self._constants.get(name.id)
        return name if x is None or not math.isfinite(x) else _constant(float(x))

    def visit_Call(self, call: ast.Call) -> ast.AST:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == "where":
            return self._where(call)
        call.args = [self.visit(x) for x in call.args]
        if name == "share":
            return self._share(call)
        if name == "pow":
            return _power(*call.args)
        return call

    def visit_BinOp(self, tree: ast.BinOp) -> ast.AST:
        left, right = self.visit(tree.left), self.visit(tree.right)
        a, b = _constant_of(left), _constant_of(right)
        if a is not None and b is not None and isinstance(tree.op, (ast.Add, ast.Sub, ast.Mult)):
            return _constant(_number_of(ast.BinOp(left, tree.op, right), {}))
        if isinstance(tree.op, ast.Mult) and 1 in (a, b):
            return right if a == 1 else left  # type: ignore[no-any-return]
        return ast.BinOp(left, tree.op, right)

    def _where(self, call: ast.Call) -> ast.AST:
        test, yes, no = call.args
        truth = self._truth(test)
        if truth is None:
            call.args = [self.visit(x) for x in call.args]
            return call
        if isinstance(test, ast.Compare):  # conditions of other forms guard points where a formula has no value
            self.conditions.append(self._said(test, truth))
        return self.visit(yes if truth else no)  # type: ignore[no-any-return]

    def _share(self, call: ast.Call) -> ast.AST:
        a, b = call.args
        if self._truth(ast.Compare(a, [ast.Eq()], [b])) is None:
            return call
        for test, share in ((ast.Gt(), 1.0), (ast.Lt(), 0.0), (ast.Eq(), 0.5)):
            condition = ast.Compare(a, [test], [b])
            if self._truth(condition):
                self.conditions.append(condition)
                return _constant(share)
        return call  # nan is neither

    def _said(self, test: ast.Compare, truth: bool) -> ast.expr | None:
        compare = type(test.ops[0])
        if not truth and compare not in _OPPOSITE:
            return None
        sides = self.visit(test.left), self.visit(test.comparators[0])
        if any(isinstance(side, (ast.Call, ast.BinOp)) for side in sides):
            return None
        return ast.Compare(sides[0], [compare() if truth else _OPPOSITE[compare]()], [sides[1]])

    def _truth(self, test: ast.expr) -> bool | None:
        """Whether a condition holds; None where that differs from element to element."""
        if isinstance(test, ast.BinOp) and isinstance(test.op, ast.BitAnd):
            sides = [self._truth(test.left), self._truth(test.right)]
            return False if False in sides else None if None in sides else True
        names = {x.id for x in ast.walk(test) if isinstance(x, ast.Name)}
        return None if names & self._arrays else bool(_number_of(test, self._numbers))


def _power(base: ast.expr, exponent: ast.expr) -> ast.expr:
    x = _constant_of(exponent)
    if x == 1:
        return base
    return _constant(1.0) if x == 0 else ast.BinOp(base, ast.Pow(), exponent)
