"""The object that `vectorize` returns: one version for each way through its function."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, vectorize
from tests.compiler.agreement import agree


def test_branches_have_versions_and_all_are_kept() -> None:
    w = Value(2.0)
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return w * x if w * x > 0 else (w * x) ** 2

    cost = vectorize(f)
    for x in (1.0, 2.0, -1.0, -3.0):
        agree(cost, f, [w], x)
    calls.clear()
    assert [cost(x).data for x in (5.0, -5.0, 5.0)] == [10.0, 100.0, 10.0]
    assert calls == []
    assert "2 versions" in cost.report()
    assert "test_vectorized_branches.py:" in cost.report()


def test_labels_are_compared_by_number() -> None:
    w = Value(2.0)

    def f(xs: Any, ys: Any) -> Any:
        return sum(w * x if y == 1 else (w * x) ** 2 for x, y in zip(xs, ys, strict=True))

    cost = vectorize(f)
    for ys in ([0, 1], [1, 1], [0, 1]):
        agree(cost, f, [w], [3.0, 4.0], ys)


def test_pythons_max_is_guarded() -> None:
    v = [Value(1.0), Value(2.0), Value(3.0)]
    cost = vectorize(lambda k: max(x * k for x in v) ** 2)
    assert [cost(k).data for k in (1.0, -1.0, 2.0, -2.0)] == [9.0, 1.0, 36.0, 4.0]


def test_an_integer_that_picks_from_a_list_is_guarded() -> None:
    table = [Value(1.0), Value(2.0)]
    cost = vectorize(lambda i: table[i] * 3.0)
    assert [cost(i).data for i in (0, 1, 0)] == [3.0, 6.0, 3.0]


def test_an_integer_that_selects_needs_one_program() -> None:
    table = Value(np.arange(6.0).reshape(3, 2))

    def f(i: Any, y: Any) -> Any:
        return nn.cross_entropy(ag.take(table, i, axis=0), y)

    cost = vectorize(f)
    for i, y in [([0, 1], [0, 1]), ([2, 2], [1, 1]), ([1, 0], [0, 0])]:
        agree(cost, f, [table], np.array(i), np.array(y))
    assert repr(cost).endswith("1 program>")


def test_very_many_ways_are_warned_of_once_and_run_as_they_are() -> None:
    w = Value(2.0)

    def f(n: Any) -> Any:
        total = w * 0.0
        for _ in range(n):
            total = total + w
        return total

    cost = vectorize(f)
    for n in range(32):
        assert cost(n).data == 2.0 * n
    with pytest.warns(UserWarning, match="32 different ways.*asked at .*test_vectorized_branches.py:"):
        assert cost(40).data == 80.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cost(41).data == 82.0
    assert repr(cost).endswith("32 programs>")


def test_a_parameter_of_another_shape_is_traced_again() -> None:
    w = Value([1.0, 2.0])
    cost = vectorize(lambda x: (w * x).sum())
    assert cost(2.0).data == 6.0
    w.data = np.array([1.0, 2.0, 3.0])
    assert cost(2.0).data == 12.0
    w.data = np.array([1.0, 4.0])
    assert cost(2.0).data == 10.0


def test_a_gradient_with_nan_is_the_functions_own() -> None:
    w = Value(1.0)

    def f(x: Any) -> Any:
        return ag.where(True, w, (w * x).log() * 0.0 + w) + (w * x).sqrt() * x

    cost = vectorize(f)
    for x in (1.0, 2.0, 0.0):
        agree(cost, f, [w], x)
