"""Classes: what counts as equal structure, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.rolling.classes import Class, classes
from autograd_lite.compiler.rolling.columns import NONE, SELECT, SUM
from tests.compiler.passes import columns_of, data, parameters

w, u = parameters(8), parameters(8, "u", seed=1)


def found(f: Callable[..., Any], *args: Any) -> list[Class]:
    return classes(columns_of(f, *args))


def sizes(f: Callable[..., Any], *args: Any) -> list[tuple[str, int]]:
    """Each class's operation and number of members."""
    return [(c.row.name, len(c.ids)) for c in found(f, *args)]


def test_equal_structure_is_one_class() -> None:
    def f(X: Any) -> Any:
        return sum((w[0] * a + w[1] * b).tanh() for a, b in X)

    assert sizes(f, data(5, 2)) == [("sum_many", 5), ("tanh", 5), ("sum_many", 1)]


def test_every_node_is_in_one_class() -> None:
    columns = columns_of(
        lambda X: sum((wi * x).exp() / (1 + x.tanh() ** 2) for wi, x in zip(w, X, strict=True)), data(8)
    )
    members = np.concatenate([c.ids for c in classes(columns)])
    assert sorted(members.tolist()) == columns.ids


def test_numbers_and_coefficients_do_not_matter() -> None:
    def f(X: Any) -> Any:
        return sum((k * w[k] * x - k + 0.5).tanh() for k, x in enumerate(X, 1))

    first = found(f, data(6))[0]
    assert len(first.ids) == 6
    np.testing.assert_array_equal(first.groups[0].coefficients, np.arange(1.0, 7.0)[:, None])
    np.testing.assert_array_equal(first.constants, 0.5 - np.arange(1.0, 7.0))


def test_the_order_of_factors_and_terms_does_not_matter() -> None:
    def f(X: Any) -> Any:
        one = [w[0] * x + u[0] * x * 2 + w[2] for x in X]
        two = [w[2] + x * w[1] + 3 * (x * u[1]) for x in X]
        return sum(z.tanh() for z in one + two)

    assert sizes(f, data(4)) == [("sum_many", 8), ("tanh", 8), ("sum_many", 1)]


def test_different_operations_and_different_inputs_differ() -> None:
    assert sizes(lambda X: sum([X[0].exp(), X[1].tanh()]), data(2))[:2] == [("exp", 1), ("tanh", 1)]

    def f(X: Any, Y: Any) -> Any:
        return sum((w[0] * v).tanh() for v in [*X, *Y])

    assert sizes(f, data(3), data(4))[:2] == [("sum_many", 3), ("sum_many", 4)]


def test_operands_of_different_classes_differ() -> None:
    def f(X: Any) -> Any:
        return sum(z.sin() for z in [X[0].exp(), X[1].exp(), X[2].tanh(), w[0] + 0 * X[0]])

    assert ("sin", 2) in sizes(f, data(3))
    assert sum(n for name, n in sizes(f, data(3)) if name == "sin") == 4


def test_the_places_of_a_quotients_operands_matter() -> None:
    assert [n for name, n in sizes(lambda x: w[0] / x + x / w[0] + w[1] / x, 2.0) if name == "div"] == [2, 1]


def test_a_square_is_no_product_of_different_kinds() -> None:
    assert [n for _, n in sizes(lambda x: (w[0] * x).exp() + (w[0] * w[0]).exp(), 2.0)] == [1, 1, 1, 1, 1]


def test_ragged_sums_are_one_class() -> None:
    def f(X: Any) -> Any:
        return sum(sum(w[j] * X[i][j] for j in range(i + 1)).tanh() for i in range(5))

    first, *_ = found(f, data(5, 5))
    (group,) = first.groups
    assert group.left.shape == (5, 5)
    np.testing.assert_array_equal(group.left != NONE, np.tri(5, dtype=bool))
    np.testing.assert_array_equal(group.coefficients, np.tri(5))


def test_terms_stand_in_groups_by_kind() -> None:
    first = found(lambda x: ag.sum([w[0], w[1] * x[0], w[2], x[1] * x[0], u[0] * x[1]]), data(2))[0]
    assert [(g.left.shape[1], g.right is None) for g in first.groups] == [(2, True), (2, False), (1, False)]


def test_few_long_sums_among_many_short_ones_are_a_class_of_their_own() -> None:
    def f(X: Any) -> Any:
        total = sum(w[0] * x for x in X)
        return sum((w[k % 8] * x + u[k % 8] * x).tanh() for k, x in enumerate(X)) + total.tanh()

    for n in (50, 1000):
        first, second, *_ = found(f, data(n))
        assert sorted([len(first.ids), len(second.ids)]) == [1, n]
        assert sum(g.left.size for g in [*first.groups, *second.groups]) == 3 * n


def test_candidates_are_numbered() -> None:
    def f(i: Any) -> Any:
        return sum(ag.take(ag.stack([w[0], (2 * w[1]).exp(), w[2]]), j) for j in i)

    (c,) = [c for c in found(f, [0, 1]) if c.row is SELECT]
    assert len(c.ids) == 2
    assert [g.coefficients.tolist() for g in c.groups] == [[[0.0, 2.0]] * 2, [[1.0]] * 2]


def test_classes_come_by_level() -> None:
    levels = [c.level for c in found(lambda x: ((w[0] * x).tanh() * w[1] + w[2]).exp() + w[3] * w[4], 1.0)]
    assert levels == sorted(levels)


@pytest.mark.parametrize("f", [lambda x: w[0], lambda x: x, lambda x: 0 * w[0]], ids=["leaf", "input", "number"])
def test_nothing_to_compute_has_no_classes(f: Callable[..., Any]) -> None:
    assert found(f, 2.0) == []


def test_every_sum_of_another_kind_takes_no_time_squared() -> None:
    """3,000 classes in a level, and a total of 3,000 kinds: seconds, if each looked at all terms."""
    steps = [Value.tanh, Value.exp, Value.sin]

    def f(x: Any) -> Any:
        results = []
        for k in range(3**7):
            v = w[0] * x
            for digit in np.base_repr(k, 3).zfill(7):
                v = steps[int(digit)](v)
            results.append(v)
        return sum(results)

    total = found(f, 0.1)[-1]
    assert total.row is SUM
    assert len(total.groups) == 3**7
