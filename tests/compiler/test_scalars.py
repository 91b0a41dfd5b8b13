"""Normal form: what each way of writing becomes, and that the columns compute what the function does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.rolling.columns import CONSTANTS, MAX, NONE, SELECT, SUM, THETA, Scalars
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import columns_of, data, parameters

a, b, c, d = (Value(x, label=name) for x, name in zip((0.7, -1.2, 0.4, 2.5), "abcd", strict=True))
w = parameters(4)


class Node:
    """The parts of a node: its operation, the constant, the terms (coefficient, left, right), the operands."""

    def __init__(self, columns: Scalars, i: int) -> None:
        k = columns.ids.index(i)
        self.row, self.operands = columns.rows[k], columns.operands[k]
        self.constant, self.terms = 0.0, []
        if columns.has_terms(self.row):
            number = sum(columns.has_terms(row) for row in columns.rows[:k])
            self.constant = columns.constants[number]
            first, last = [*columns.starts, len(columns.left)][number : number + 2]
            sides = columns.coefficients[first:last], columns.left[first:last], columns.right[first:last]
            self.terms = list(zip(*sides, strict=True))


def written(columns: Scalars, i: int) -> str:
    """An id as text."""
    source, place = columns.source[i], columns.place[i]
    if source == THETA:
        return columns.parameters[place].label
    if source == CONSTANTS:
        return f"{columns.numbers[place]:g}"
    if source > CONSTANTS:
        return f"s{source}[{place}]"
    node = Node(columns, i)
    operands = [written(columns, k) for k in node.operands]
    if node.row is SUM:
        terms = [
            "*".join([f"{c:g}"] * (c != 1) + [written(columns, k) for k in (x, y) if k != NONE])
            for c, x, y in node.terms
        ]
        return f"({' + '.join([f'{node.constant:g}'] * (node.constant != 0) + terms)})"
    if node.row in (MAX, SELECT):
        operands += [written(columns, k) for _, k, _ in node.terms]
    return f"{node.row.name}({', '.join(operands)})"


def normal(f: Callable[..., Any], *args: Any) -> str:
    """The normal form of a function, as text; the first input is s2."""
    columns = columns_of(f, *args)
    return written(columns, columns.root)


# --- sums -----------------------------------------------------------------------------------------------------------


def test_a_chain_of_additions_is_one_sum() -> None:
    assert normal(lambda: a + b + c + d) == "(a + b + c + d)"
    assert normal(lambda: a - b + 3 - c) == "(3 + a + -1*b + -1*c)"


def test_a_chain_may_grow_at_its_other_end() -> None:
    assert normal(lambda: a + (b + (c + d))) == "(c + d + b + a)"
    assert normal(lambda: a * b + (c * d + 1)) == "(1 + c*d + a*b)"


def test_a_total_that_begins_with_0_has_each_summand_alike() -> None:
    assert normal(lambda: sum([a + b, c + d, a + d])) == "((a + b) + (c + d) + (a + d))"


def test_what_has_another_use_stays_a_sum_of_its_own() -> None:
    def f() -> Any:
        s = a + b
        return s + c + s.exp()

    assert normal(f) == "((a + b) + c + exp((a + b)))"
    assert len(columns_of(f).ids) == 3


@pytest.mark.parametrize(
    "grow", [lambda J, x: J + x, lambda J, x: x + J, lambda J, x: J - x], ids=["J+x", "x+J", "J-x"]
)
def test_long_chains_stay_short_however_they_are_written(grow: Callable[..., Any]) -> None:
    def f(X: Any) -> Any:
        J = 0.0
        for x in X:
            J = grow(J, sum(wi * xi for wi, xi in zip(w, x, strict=True)))
        return J

    assert max(columns_of(f, data(50, 4)).level) == 2  # a sum of products for each x, and their total


def test_a_sum_of_products_that_meets_another_is_done() -> None:
    assert normal(lambda: (a * b + c * d) + (a * c + b * d)) == "((a*b + c*d) + (a*c + b*d))"


def test_negations_and_constant_factors_are_coefficients() -> None:
    assert normal(lambda: -a) == "(-1*a)"
    assert normal(lambda: 2 * (a * -3) * b / 4) == "(-1.5*a*b)"
    assert normal(lambda: 1 - 2 * (a * b)) == "(1 + -2*a*b)"


def test_a_factor_is_not_pushed_into_a_sum() -> None:
    assert normal(lambda: 1 - 3 * (a + b)) == "(1 + -3*(a + b))"


def test_a_product_of_more_than_two_is_nested() -> None:
    assert normal(lambda: a * b * c * d) == "(((a*b)*c)*d)"


def test_a_sum_of_one_is_still_a_sum() -> None:
    """It may be the first row of a triangle, whose other rows are longer."""
    assert normal(lambda: sum([a.exp()])) == "(exp(a))"


def test_quotients() -> None:
    assert normal(lambda: a / 4) == "(0.25*a)"
    assert normal(lambda: 4 / a) == "div(4, a)"
    assert normal(lambda: a / b) == "div(a, b)"
    assert normal(lambda: a / 1e-320) == "div(a, 9.99989e-321)"  # its reciprocal is no number


def test_powers() -> None:
    assert normal(lambda: a**2) == "(a*a)"
    assert normal(lambda: ag.square(a)) == "(a*a)"
    assert normal(lambda: a**3) == "pow(a, 3)"
    assert normal(lambda: (a + b) ** 2) == "((a + b)*(a + b))"


def test_lists() -> None:
    assert normal(lambda: ag.sum([a, 2.0, -b, a * b])) == "(2 + a + -1*b + a*b)"
    assert normal(lambda: ag.dot([a, b, c], [2.0, d, 0.0])) == "(2*a + b*d)"
    assert normal(lambda: ag.max([a, 1.0, b])) == "max_many(a, 1, b)"


def test_plus_is_nothing() -> None:
    assert normal(lambda: +(1 * a)) == "a"


def test_zero_factors_vanish_and_take_along_what_they_multiply() -> None:
    assert normal(lambda: 0 * a.exp().tanh() + b + 0.0 * (a + c) * d) == "(b)"
    assert normal(lambda: (0 * a).exp() + b) == "(1 + b)"
    assert normal(lambda: ag.max([0 * a, 0 * b + 2.0]) * c) == "(2*c)"
    assert normal(lambda: 0 * a) == "0"


def test_equal_constants_are_one_and_zeros_have_their_sign() -> None:
    assert columns_of(lambda: a**3.0 + b**3.0).numbers == [3.0]
    columns = columns_of(lambda: ag.arctan2(a, 0.0) + ag.arctan2(b, -0.0))
    assert [math.copysign(1, x) for x in columns.numbers] == [1, -1]


# --- inputs, arrays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [[1.0, 2.0], np.array([1.0, 2.0])], ids=["list", "array"])
def test_an_element_of_an_input_is_a_place_in_it(given: Any) -> None:
    assert normal(lambda x: a * x[1] + x[0], given) == "(a*s2[1] + s2[0])"


def test_moving_elements_of_arrays_computes_nothing() -> None:
    W = Value(np.arange(6.0).reshape(2, 3), label="W")
    assert normal(lambda: W.T.reshape(6)[1:3].sum()[()] + W[0, 2]).endswith("+ s2[2])")
    columns = columns_of(lambda: W.T.reshape(3, 2)[1, 0] * ag.stack([a, b])[1])
    assert written(columns, columns.root) == "(s2[1]*b)"
    assert not columns.arrays


def test_elements_of_constant_arrays_are_numbers() -> None:
    def f() -> Any:
        v = ag.concatenate([ag.stack([a, b]), np.array([3.0, 4.0])])
        return v[0] * v[2] + v[3].exp() + v[2] * v[3]

    assert normal(f) == f"({math.exp(4) + 12:g} + 3*a)"


def test_an_operation_on_arrays_is_kept_and_its_result_is_a_source() -> None:
    W = Value(np.ones((2, 2)))
    columns = columns_of(lambda x: (W @ x)[0] * a, np.ones(2))
    (matmul,) = columns.arrays
    assert matmul.node.op.name == "matmul"
    assert columns.sizes[matmul.source] == (2,)
    assert written(columns, columns.root) == f"(s{matmul.source}[0]*a)"


def test_take_with_an_input_for_its_position_selects() -> None:
    assert normal(lambda i: ag.take(ag.stack([a, b]), i), 1) == "take(s2[0], a, b)"
    columns = columns_of(lambda i: ag.take(ag.stack([a, b * b]), i + 1), 0)
    assert written(columns, columns.root) == "take((1 + s2[0]), a, (b*b))"
    assert columns.coefficients[-2:] == [0.0, 1.0]  # the candidates are numbered
    columns = columns_of(lambda i: ag.take(ag.stack([a, b]), i + 1), 0)
    assert columns.level[columns.root] == 2  # after the position


def test_take_of_an_array_parameter_comes_after_its_position() -> None:
    W = Value(np.arange(6.0).reshape(3, 2))
    columns = columns_of(lambda i: ag.take(W, i + 1, axis=0).sum(), 1)
    taken = columns.arrays[0]
    assert written(columns, int(taken.selections["indices"])) == "(1 + s2[0])"
    assert taken.level > columns.level[int(taken.selections["indices"])]


def test_take_with_a_position_that_never_changes_is_a_place() -> None:
    assert normal(lambda i: ag.take(ag.stack([a, b]), i * 0 + 1), 1) == "b"


def test_guards_have_their_operands() -> None:
    def f(x: Any) -> Any:
        return a * x if a * x + 1 > b else b

    columns = columns_of(f, 2.0)
    ((left, right),) = columns.guards
    assert (written(columns, left), written(columns, right)) == ("(1 + a*s2[0])", "b")


def test_levels_rise() -> None:
    columns = columns_of(lambda x: ((a * x + b).tanh() * c + x).exp() + ag.max([a, b.exp()]), 2.0)
    for i in columns.ids:
        node = Node(columns, i)
        read = [*node.operands, *(k for _, x, y in node.terms for k in (x, y) if k != NONE)]
        assert columns.level[i] == 1 + max(columns.level[k] for k in read)


# --- the columns compute what the function does ---------------------------------------------------------------------


def computed(columns: Scalars, inputs: list[Any]) -> float:
    """The root's number, node after node, from the columns alone."""
    theta = [p.data for p in columns.parameters]
    numbers = [theta, columns.numbers, *(np.ravel(x).tolist() for x in inputs)]
    v = [numbers[s][k] if s >= 0 else math.nan for s, k in zip(columns.source, columns.place, strict=True)]
    for i in columns.ids:
        node = Node(columns, i)
        if node.row is SUM:
            v[i] = node.constant + sum(c * v[x] * (1.0 if y == NONE else v[y]) for c, x, y in node.terms)
        elif node.row is MAX:
            v[i] = max(v[x] for _, x, _ in node.terms)
        elif node.row is SELECT:
            v[i] = v[node.terms[int(v[node.operands[0]])][1]]
        else:
            v[i] = float(node.row.forward(*(v[k] for k in node.operands)))
    return v[columns.root]


STEPS: list[Callable[..., Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: 1.5 - x,
    lambda x, y: -x,
    lambda x, y: 0 * x + y,
    lambda x, y: 0.5 * x - 2 * y,
    lambda x, y: x / (1 + y * y),
    lambda x, y: x / -2,
    lambda x, y: (x - y) ** 2 / 8,
    lambda x, y: x.tanh(),
    lambda x, y: ag.sum([x, y, x * y, 3.0, -x]),
    lambda x, y: ag.dot([x, y, 2.0], [y, 0.5, x]),
    lambda x, y: ag.max([x, y, 0.25]),
    lambda x, y: ag.stack([x, y, x + y])[1:].reshape(2, 1)[1, 0],
]


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 99), st.integers(0, 99)), max_size=25), st.booleans())
def test_any_expression(steps: list[tuple[int, int, int]], all_used: bool) -> None:
    def f(x: Any) -> Any:
        results = [*w, x[0], x[1]]
        for k, i, j in steps:
            results.append(STEPS[k](results[i % len(results)], results[j % len(results)]).tanh())
            results.append(STEPS[k](results[-1 - i % 3], results[-1 - j % 3]))
        return sum(results) if all_used else results[-1] + w[0]

    found = trace(f, ([0.3, -1.1],))
    columns = columns_of(f, [0.3, -1.1])
    assert computed(columns, [[0.3, -1.1]]) == pytest.approx(found.root.data, rel=1e-12, abs=1e-12)
