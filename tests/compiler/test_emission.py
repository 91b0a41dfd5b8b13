"""Emission: which array operations a class becomes, by the axes along which its operands change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.programs.program import GuardBroken, Program
from autograd_lite.compiler.rolling.emission import added
from autograd_lite.compiler.rolling.lifting import lift
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import data, labelled, lifted, matrix_of, names, parameters

W, V, w, u = matrix_of(4, 6), matrix_of(5, 6, "V", seed=9), parameters(6), parameters(6, "u", seed=3)


def products(f: Callable[..., Any], *args: Any) -> list[str]:
    """The operations of the lifted function, which is right, without those that only move."""
    return [x for x in names(lifted(f, *args)) if x not in ("reshape", "transpose", "getitem", "broadcast_to")]


def dot(a: Any, b: Any) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


# --- contractions ---------------------------------------------------------------------------------------------------


def test_rows_and_columns_are_a_matrix_product() -> None:
    def f(X: Any) -> Any:
        return sum(dot(r, x).tanh() for x in X for r in W)

    assert products(f, data(5, 6)) == ["matmul", "tanh", "sum"]


def test_columns_before_rows_too() -> None:
    def f(X: Any) -> Any:
        return sum(dot(x, r).tanh() for r in W for x in X)

    assert products(f, data(5, 6)) == ["matmul", "tanh", "sum"]
    assert labelled(lifted(f, data(5, 6)))["Z1"] == (5, 4)  # the examples first, as ever


def test_two_products_whose_rows_and_columns_are_exchanged() -> None:
    def f(X: Any, Y: Any) -> Any:
        return sum((dot(W[k], X[i]) + dot(V[i], Y[k])).tanh() for i in range(5) for k in range(4))

    assert products(f, data(5, 6), data(4, 6, seed=2)).count("matmul") == 2


def test_only_rows_are_a_matrix_times_a_vector() -> None:
    def f(X: Any) -> Any:
        return sum(dot(w, x).tanh() for x in X)

    assert products(f, data(5, 6)) == ["matmul", "tanh", "sum"]


def test_batches_of_grids_are_a_batched_product_with_the_batch_first() -> None:
    """Three queries and four keys, each of two heads."""

    def f(Q: Any, K: Any) -> Any:
        return sum(dot(q[h], k[h]).tanh() for q in Q for k in K for h in range(2))

    rolled = lifted(f, data(3, 2, 6), data(4, 2, 6, seed=2))
    assert "matmul" in names(rolled)
    assert rolled.report[0] == "24 sums of 6 products: a matrix product, shape (2, 3, 4)"


def test_rows_that_lie_around_the_columns() -> None:
    def f(X: Any, Y: Any) -> Any:
        return sum(
            (dot(X[i], W[2 * k + m]) + dot(Y[2 * i + m], V[k])).tanh()
            for i in range(5)
            for k in range(2)
            for m in range(2)
        )

    assert products(f, data(5, 6), data(10, 6, seed=2)).count("matmul") == 2


def test_products_of_equal_axes_are_elementwise_and_a_sum() -> None:
    def f(X: Any, Y: Any) -> Any:
        return sum(dot(x, y).tanh() * v for x, y, v in zip(X, Y, w, strict=True))

    found = products(f, data(6, 5), data(6, 5, seed=2))
    assert found[:2] == ["mul", "sum"]


def test_a_sum_of_squares_is_a_square() -> None:
    assert products(lambda X: sum(dot(x, x).tanh() for x in X), data(5, 6))[:2] == ["square", "sum"]


def test_one_batch_axis_and_rows_only() -> None:
    """The left factor has an axis of its own beside the common one, the right has none."""

    def f(X: Any, Y: Any) -> Any:
        return sum((w[k] * dot(x, y)).tanh() for y, xs in zip(Y, X, strict=True) for k, x in enumerate(xs))

    products(f, data(4, 3, 5), data(4, 5, seed=2))


def test_one_sum_alone() -> None:
    assert products(lambda X: dot(w, X).tanh(), data(6)) == ["matmul", "tanh"]


def test_a_sliding_window_is_a_matrix_product() -> None:
    kernel = parameters(3, "k")

    def f(x: Any) -> Any:
        return sum(sum(kernel[j] * x[i + j] for j in range(3)).relu() for i in range(8))

    assert "matmul" in products(f, data(10))


@pytest.mark.parametrize("order", [lambda j, k: (j + k) % 6, lambda j, k: 5 - j, lambda j, k: j ^ 1])
def test_terms_in_any_order(order: Callable[[int, int], int]) -> None:
    def f(X: Any) -> Any:
        return sum(sum(W[k][order(j, k)] * x[order(j, k)] for j in range(6)).tanh() for x in X for k in range(4))

    assert "matmul" in products(f, data(5, 6))


def test_a_permutation_that_differs_by_row_is_right_too() -> None:
    def f(X: Any) -> Any:
        return sum(sum(W[k][(j + k) % 6] * x[j] for j in range(6)).tanh() for x in X for k in range(4))

    products(f, data(5, 6))


# --- ragged sums ----------------------------------------------------------------------------------------------------


def test_ragged_sums_of_one_factor() -> None:
    products(lambda X: sum(sum((wj * x).exp() for wj in w[: i + 1]).log() for i, x in enumerate(X)), data(6))


def test_ragged_by_row_is_masked_on_the_rows_side() -> None:
    def f(X: Any) -> Any:
        return sum(dot(r[: i + 1], X[i][: i + 1]).tanh() for i in range(6) for r in W)

    assert {"where", "matmul"} <= set(products(f, data(6, 6)))


def test_ragged_by_column_is_masked_on_the_columns_side() -> None:
    def f(X: Any) -> Any:
        return sum(dot(W[k][: k + 2], x[: k + 2]).tanh() for x in X for k in range(4))

    assert {"where", "matmul"} <= set(products(f, data(5, 6)))


def test_ragged_by_both_is_masked_on_neither() -> None:
    def f(X: Any) -> Any:
        return sum(dot(W[k][: 6 - i * k % 4], X[i][: 6 - i * k % 4]).tanh() for i in range(5) for k in range(4))

    found = products(f, data(5, 6))
    assert "where" in found
    assert "matmul" not in found


def test_what_is_empty_in_causal_attention_needs_no_mask() -> None:
    """Exponentials are 0 where nobody looks, so shares are 0, and the sums over them need leave nothing out."""

    def f(X: Any) -> Any:
        total = 0.0
        q = [[dot(r, x) for r in W] for x in X]
        for t in range(5):
            e = [dot(q[t], q[s]).exp() for s in range(t + 1)]
            z = sum(e)
            shares = [x / z for x in e]
            total = total + sum(sum(a * k[c] for a, k in zip(shares, q, strict=False)).tanh() for c in range(4))
        return total

    found = products(f, data(5, 6))
    assert found.count("where") == 1  # before exp
    assert found.count("matmul") == 3


# --- coefficients, constants ----------------------------------------------------------------------------------------


def test_coefficients_that_differ_by_term() -> None:
    products(lambda X: sum(sum((j + 1) * w[j] * x[j] for j in range(6)).tanh() for x in X), data(5, 6))


def test_coefficients_that_differ_by_member() -> None:
    products(lambda X: sum((1 - k * dot(w, x)).relu() for k, x in enumerate(X, 1)), data(5, 6))


def test_coefficients_that_differ_by_row_of_a_grid() -> None:
    def f(X: Any) -> Any:
        return sum(sum((i + 1) * W[k][j] * X[i][j] for j in range(6)).tanh() for i in range(5) for k in range(4))

    assert "matmul" in products(f, data(5, 6))


@pytest.mark.parametrize("ragged", [False, True])
def test_coefficients_that_differ_by_everything(ragged: bool) -> None:
    def f(X: Any) -> Any:
        return sum(
            sum((j + i * k + 1) * W[k][j] * X[i][j] for j in range(6 - (i % 3) * ragged)).tanh()
            for i in range(5)
            for k in range(4)
        )

    products(f, data(5, 6))


def test_numbers_of_the_program_are_data() -> None:
    """Examples burnt in: a matrix of constants in place of an input."""
    X = data(5, 6)
    assert products(lambda: sum(dot(r, x).tanh() for x in X for r in W)) == ["matmul", "tanh", "sum"]
    assert products(lambda: sum((wi * x).exp() for x in X[0] for wi in w)) == ["mul", "exp", "sum"]


def test_elements_of_constant_arrays_among_parameters() -> None:
    Q = Value(np.linspace(-1, 1, 6))

    def f() -> Any:
        v = ag.concatenate([Q, np.arange(1.0, 4.0)])
        return sum(v[i] * v[8 - i] for i in range(9)) + sum(v[i].tanh() for i in range(9)) + ag.max(list(v))

    products(f)


def test_added_as_a_person_would_write_it() -> None:
    a, b = Value(3.0), Value(5.0)
    assert [node.op.name for node in ag.topological_order(added([(-1.0, a)], 1.0)) if node.op] == ["sub"]
    assert added([(2.0, a), (-0.5, b)], 4.0).data == 7.5
    assert added([(-1.0, a)], 0.0).data == -3
    assert added([(-2.0, a), (-1.0, b)], 0.0).data == -11


# --- the greatest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "candidates",
    [
        lambda x: [w[0] * x, 0.0],
        lambda x: [w[0] * x, w[1] * x, w[2] * x],
        lambda x: [w[0] * x, w[1], x * x, (w[2] * x).tanh(), 0.0, -1.0],
        lambda x: [w[0] * x, w[0] * x],
        lambda x: [w[0], w[1]],
    ],
    ids=["relu", "one kind", "several kinds", "equal", "no input"],
)
def test_max(candidates: Callable[[Any], list[Any]]) -> None:
    assert "max" in products(lambda X: sum(w[3] * x * ag.max(candidates(x)) for x in X), data(6))


def test_max_of_ragged_lists() -> None:
    products(lambda X: sum(ag.max([w[j] * x for j in range(i + 1)]) for i, x in enumerate(X)), data(6))
    products(lambda X: sum(ag.max([-(w[j] * x).exp() for j in range(i + 1)]) for i, x in enumerate(X)), data(6))


# --- one of many ----------------------------------------------------------------------------------------------------

ROWS = [0, 3, 3, 1, -1]


def assert_follows(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """The lifted graph is right, and the positions that it takes are those of its selections, or it is guarded."""
    rolled = lifted(f, *args)
    for node, chosen in rolled.selections.items():
        np.testing.assert_array_equal(node.parameters["indices"], chosen["indices"].data)
    assert rolled.selections


def test_select_from_one_table() -> None:
    assert_follows(lambda ids: sum(ag.take(ag.stack(w), i) ** 2 for i in ids), (ROWS,))
    assert_follows(lambda i: 2 * ag.take(ag.stack(w), i), (-2,))


def test_select_rows_of_a_table() -> None:
    def f(ids: Any) -> Any:
        table = ag.stack([v for r in W for v in r]).reshape(4, 6)
        return sum(((k + 1) * ag.take(table, i, axis=0).tanh()).sum() for k, i in enumerate(ids))

    assert_follows(f, (ROWS,))


def test_select_by_an_array_of_positions() -> None:
    table = ag.stack([v for r in W for v in r]).reshape(4, 6)
    rows, columns = np.array([[0, 3], [1, 1]]), np.array([5, 0, 5])
    assert_follows(lambda ids: ag.sum(ag.take(table, ids, axis=0) ** 2 * np.arange(6.0)), (rows,))
    assert_follows(lambda ids: ag.sum(ag.take(table, ids, axis=1) ** 2 * np.arange(1.0, 4.0)), (columns,))


def test_select_each_from_a_table_of_its_own() -> None:
    def f(X: Any, ids: Any) -> Any:
        return sum(ag.take(ag.stack([(wi * x).exp() for wi in w]), i).log() for x, i in zip(X, ids, strict=True))

    assert_follows(f, (data(5), ROWS))


def test_select_along_shared_and_separate_axes() -> None:
    def f(X: Any, ids: Any) -> Any:
        return sum((ag.take(ag.stack([wi * x for wi in w]), i) * v).tanh() for x in X for i in ids for v in u[:2])

    assert_follows(f, (data(3), ROWS))


def test_select_among_kinds() -> None:
    def f(X: Any, ids: Any) -> Any:
        tables = ([w[0] * x, x.exp(), w[1], 3.0 + 0 * x, w[2] * x] for x in X)
        return sum(ag.take(ag.stack(table), i) ** 2 for table, i in zip(tables, ids, strict=True))

    for ids in (ROWS, [4, 3, 2, 1, 0], [2, 2, 2, 2, 2]):
        assert_follows(f, (data(5), ids))


def test_select_from_tables_of_different_lengths() -> None:
    def f(X: Any, ids: Any) -> Any:
        return sum(
            ag.take(ag.stack([wi * x for wi in w[: k + 2]]), i) ** 2
            for k, (x, i) in enumerate(zip(X, ids, strict=True))
        )

    assert_follows(f, (data(5), [1, -1, 0, -5, 5]))


@pytest.mark.parametrize("i", [0, 1, -1, -2])
def test_select_one_position_in_tables_of_different_lengths(i: int) -> None:
    def f(X: Any, i: Any) -> Any:
        return sum(ag.take(ag.stack([wi * x for wi in w[: k + 2]]), i) ** 2 for k, x in enumerate(X))

    assert_follows(f, (data(5), i))


def test_select_by_a_computed_position() -> None:
    assert_follows(lambda ids: sum(ag.take(ag.stack(w), 2 * i - 1) ** 2 for i in ids), ([0, 1, 3, 2],))


@pytest.mark.parametrize(
    ("ids", "is_guarded"),
    [([0, 1, 3], True), ([0, 3, 1], True), ([0, -1, 1], True), ([-9, 0, 0], True), ([0, 2, 1], False)],
)
def test_positions_in_a_row_of_many_tables_are_guarded(ids: list[int], is_guarded: bool) -> None:
    """The fourth of three is no element of the next row."""

    def f(X: Any, ids: Any) -> Any:
        return sum(ag.take(ag.stack([w[0] * x, w[1] * x, w[2] * x]), i) for x, i in zip(X, ids, strict=True))

    rolled = lift(trace(f, (data(3), [0, 1, 2])))
    program = Program(rolled.root, [p for p, _ in rolled.parameters], rolled.inputs, rolled.guards, rolled.selections)
    theta, X = rolled.parameters[0][0].data, data(3)
    if is_guarded:
        with pytest.raises(GuardBroken):
            program.value(theta, np.array(X), np.array(ids, float))
    else:
        assert program.value(theta, np.array(X), np.array(ids, float)) == pytest.approx(f(X, ids).data)


# --- holes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "work",
    [
        lambda v: v.exp(),
        lambda v: v.exp().log() * v,
        lambda v: 1 / (1 + v.exp()),
        lambda v: (2 + v).tanh() / v.exp(),
        lambda v: v.exp() * v + 1,
        lambda v: v.exp() * v.exp() - v.exp(),
    ],
)
def test_nobody_reads_what_stands_in_holes(work: Callable[[Any], Any]) -> None:
    def f(X: Any) -> Any:
        rows = [[work(dot(X[i], X[j]) * w[0]) for j in range(i + 1)] for i in range(5)]
        sums = [sum(row) for row in rows]
        return sum(s.tanh() for s in sums) + sum(sum(row[j].sin() for row in rows[j:]) for j in range(5))

    rolled = lifted(f, data(5, 3))
    assert np.isfinite(rolled.root.data)
