"""Uses: what has several stays a node, however many references Python holds to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.rolling.columns import Scalars, different, ranked
from autograd_lite.compiler.rolling.lifting import lift
from autograd_lite.compiler.rolling.uses import ONE_USE, Uses, with_references
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import columns_of, parameters

w = parameters(4)


def inner(f: Callable[..., Any]) -> list[Value]:
    return trace(f, (), {}).inner


def columns_text(columns: Scalars) -> tuple[Any, ...]:
    return columns.rows, columns.operands, columns.starts, columns.left, columns.right, columns.coefficients


def test_a_chain_has_one_use_each_and_a_root_nobody_else_counts() -> None:
    nodes = inner(lambda: ((w[0] * w[1] + w[2]).tanh() * w[3]).relu())
    assert [references for _, references in with_references(nodes)][:-1] == [ONE_USE] * 4


@pytest.mark.parametrize("user", [lambda z: z + z, lambda z: z * w[0] + z, lambda z: z.tanh() + z])
def test_two_uses_are_more_references(user: Callable[[Value], Value]) -> None:
    nodes = inner(lambda: user(w[0] + w[1]))
    assert next(with_references(nodes))[1] > ONE_USE
    assert Uses(nodes, ()).are_several(nodes[0])


def test_a_reference_that_the_program_keeps_is_no_use() -> None:
    kept: list[Value] = []

    def cost(keep: Callable[[Value], Any]) -> Value:
        total = w[0] * w[1]
        for x in w:
            keep(total)
            total = total + x * x
        return total

    plain = columns_of(lambda: cost(lambda _: None))
    assert columns_text(columns_of(lambda: cost(kept.append))) == columns_text(plain)
    assert len(plain.ids) == 1


@pytest.mark.parametrize("read", [lambda z: z + w[3], lambda z: ag.dot([z, w[1]], [w[3], w[2]])])
def test_a_sum_that_a_copied_node_reads_too_stays_a_node(read: Callable[[Value], Value]) -> None:
    def cost() -> Value:
        z = w[0] * w[1] + w[2]
        node = read(z)
        return node.tanh() * copy.copy(node).exp()

    found = trace(cost, (), {})
    assert lift(found).root.data == pytest.approx(found.root.data, rel=1e-15)
    columns = columns_of(cost)
    assert len(columns.ids) == 6  # z, both that read it, tanh, exp and their product


def test_nobody_counts_where_everything_has_one_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd_lite.compiler.rolling.uses._counted", lambda inner: pytest.fail("counted"))
    columns = columns_of(lambda: sum(x * x for x in w))
    assert len(columns.ids) == 1


@pytest.mark.parametrize("bound", [10, 200, 10**9])
def test_marks_find_what_sorting_finds(bound: int) -> None:
    numbers = np.random.default_rng(bound).integers(bound, size=40)
    names, which = np.unique(numbers, return_inverse=True)
    np.testing.assert_array_equal(different(numbers, bound), names)
    for ours, theirs in zip(ranked(numbers, bound), (names, which), strict=True):
        np.testing.assert_array_equal(ours, theirs)
