"""Idioms: what the notes simplify is found however it is written, and near misses are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.idioms.idioms import idioms, simplify
from autograd_lite.graph import topological_order

WEIGHTS = np.random.default_rng(7).normal(size=(6, 6, 6))
SPELLINGS = ["keepdims", "reshape", "expand_dims", "None", "broadcast"]
QUOTIENTS = ["e / s", "e * (1 / s)", "e * reciprocal", "e * s ** -1"]
SHIFTS = ["none", "max", "detached", "added", "a number"]


def operations(root: Value) -> list[str]:
    return [node.op.name for node in topological_order(root) if node.op is not None]


def gradients(root: Value, leaves: list[Value]) -> list[Any]:
    for leaf in leaves:
        leaf.grad = None
    root.backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
    for leaf in leaves:
        leaf.grad = None
    return found


def rewritten(root: Value, leaves: list[Value], rtol: float = 1e-10) -> tuple[Value, list[str]]:
    """The graph after the pass, which has the value and the gradients of the one before."""
    new, report = idioms(root)
    np.testing.assert_allclose(new.data, root.data, rtol=rtol, atol=1e-12)
    for before, after in zip(gradients(root, leaves), gradients(new, leaves), strict=True):
        np.testing.assert_allclose(after, before, rtol=rtol, atol=1e-12)
    return new, report


def weighted(y: Value) -> Value:
    """A scalar that depends on every element in another way."""
    return (y * WEIGHTS.ravel()[: y.size].reshape(y.shape)).sum()


def restored(s: Value, shape: tuple[int, ...], axis: int, spelling: str) -> Value:
    """A reduced array with its axis back."""
    full = (*shape[:axis], 1, *shape[axis + 1 :])
    if spelling in ("reshape", "keepdims") or not s.shape:
        return s.reshape(full)
    if spelling == "expand_dims":
        return ag.expand_dims(s, axis)
    y = s[(slice(None),) * axis + (None,)]
    return y if spelling == "None" else ag.broadcast_to(y, shape)


def reduced(function: Callable[..., Value], x: Value, axis: int, spelling: str) -> Value:
    if spelling == "keepdims":
        return function(x, axis=axis, keepdims=True)
    return restored(function(x, axis=axis), x.shape, axis, spelling)


def shifted(z: Value, axis: int, how: str) -> Value:
    if how == "none":
        return z
    if how == "a number":
        return z - 1.5
    m = ag.max(z, axis=axis, keepdims=True)
    m = m.detach() if how == "detached" else m
    return z + -1.0 * m if how == "added" else z - m


def quotient(e: Value, s: Value, how: str) -> Value:
    if how == "e / s":
        return e / s
    return e * {"e * (1 / s)": 1.0 / s, "e * reciprocal": ag.reciprocal(s), "e * s ** -1": s**-1}[how]


def some_logits(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> Value:
    return Value(np.random.default_rng(seed).normal(size=shape) * scale, label="z")


@st.composite
def shape_and_axis(draw: st.DrawFn) -> tuple[tuple[int, ...], int]:
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    return shape, draw(st.integers(0, len(shape) - 1))


class TestSoftmax:
    @given(
        shape_and_axis(),
        st.sampled_from(SPELLINGS),
        st.sampled_from(QUOTIENTS),
        st.sampled_from(SHIFTS),
        st.integers(0, 9),
    )
    def test_is_found_however_it_is_written(
        self, where: tuple[tuple[int, ...], int], spelling: str, how: str, shift: str, seed: int
    ) -> None:
        shape, axis = where
        z = some_logits(shape, seed)
        e = ag.exp(shifted(z, axis, shift))
        y = quotient(e, reduced(ag.sum, e, axis, spelling), how)
        new, report = rewritten(weighted(y), [z])
        assert operations(new) == ["softmax", "mul", "sum"]
        assert report == ["exp(z) / sum(exp(z)) became softmax(z)"]

    @given(shape_and_axis(), st.sampled_from(SPELLINGS), st.sampled_from(SHIFTS), st.integers(0, 9))
    def test_its_logarithm(self, where: tuple[tuple[int, ...], int], spelling: str, shift: str, seed: int) -> None:
        shape, axis = where
        z = some_logits(shape, seed)
        e = ag.exp(shifted(z, axis, shift))
        y = ag.log(e / reduced(ag.sum, e, axis, spelling))
        new, _ = rewritten(weighted(y), [z])
        assert operations(new) == ["log_softmax", "mul", "sum"]

    @given(shape_and_axis(), st.sampled_from(SPELLINGS), st.sampled_from(SHIFTS[:4]), st.integers(0, 9))
    def test_logits_less_their_logsumexp(
        self, where: tuple[tuple[int, ...], int], spelling: str, shift: str, seed: int
    ) -> None:
        shape, axis = where
        z = some_logits(shape, seed)
        w = shifted(z, axis, shift)
        y = w - ag.log(reduced(ag.sum, ag.exp(w), axis, spelling))
        new, _ = rewritten(weighted(y), [z])
        assert operations(new) == ["log_softmax", "mul", "sum"]

    def test_transposed_and_moved(self) -> None:
        z = some_logits((3, 3), 1)
        e = ag.exp(z)
        y = (e.T / e.sum(axis=1)).T  # every row by its own sum
        new, _ = rewritten(weighted(y), [z])
        assert operations(new) == ["softmax", "transpose", "transpose", "mul", "sum"]

    def test_the_log_of_one_chosen_probability(self) -> None:
        z = some_logits((3, 4), 2)
        e = ag.exp(z)
        p = e / e.sum(axis=1, keepdims=True)
        new, _ = rewritten(-p[np.arange(3), np.array([0, 2, 1])].log().mean(), [z])
        assert operations(new) == ["log_softmax", "getitem", "mean", "neg"]

    def test_does_not_overflow_where_the_original_did(self) -> None:
        z = some_logits((2, 3), 3, scale=2000.0)
        with np.errstate(all="ignore"):
            e = ag.exp(z)
            y = weighted(ag.log(e / e.sum(axis=1, keepdims=True)))
        new, _ = idioms(y)
        assert not np.isfinite(y.data)
        assert new.data == pytest.approx(weighted(ag.log_softmax(z)).data)

    def test_other_uses_keep_their_nodes(self) -> None:
        z = some_logits((2, 3), 4)
        e = ag.exp(z - ag.max(z, axis=1, keepdims=True))
        y = e / e.sum(axis=1, keepdims=True)
        new, _ = rewritten(weighted(y) + weighted(e), [z])
        assert {"softmax", "exp", "max"} <= set(operations(new))

    def test_labels_are_carried_over(self) -> None:
        z = some_logits((2, 3), 4)
        e = ag.exp(z)
        y = e / e.sum(axis=1, keepdims=True)
        y.label = "P"
        new, _ = idioms(weighted(y))
        assert [node.label for node in topological_order(new) if node.op and node.op.name == "softmax"] == ["P"]


class TestLogsumexp:
    @given(shape_and_axis(), st.sampled_from(SHIFTS[:4]), st.booleans(), st.integers(0, 9))
    def test_with_its_shift(self, where: tuple[tuple[int, ...], int], shift: str, keepdims: bool, seed: int) -> None:
        shape, axis = where
        z = some_logits(shape, seed)
        y = ag.log(ag.sum(ag.exp(shifted(z, axis, shift)), axis=axis, keepdims=keepdims))
        if shift != "none":
            m = ag.max(z, axis=axis, keepdims=keepdims)
            y = y + (m.detach() if shift == "detached" else m)
        new, _ = rewritten(weighted(y) if y.shape else y * 1.0, [z])
        assert "logsumexp" in operations(new)
        assert "max" not in operations(new)

    def test_the_shift_of_other_rows_is_not_it(self) -> None:
        z = some_logits((3, 3), 5)
        m = ag.max(z, axis=1)
        y = ag.log(ag.sum(ag.exp(z - m[:, None]), axis=1)) + m[::-1]
        new, _ = rewritten(weighted(y), [z])
        assert "max" in operations(new)

    def test_over_all_axes(self) -> None:
        z = some_logits((3, 2), 5)
        new, _ = rewritten(ag.log(ag.sum(ag.exp(z))), [z])
        assert operations(new) == ["logsumexp"]


def sigmoid_of(z: Value, how: str) -> Value:
    if how == "exponentials":
        return ag.exp(z) / (1.0 + ag.exp(z))
    if how == "reciprocal":
        return ag.reciprocal(ag.exp(-z) + 1.0)
    return 1.0 / (1.0 + ag.exp(-z)) if how == "quotient" else ag.sigmoid(z)


def cross_entropy(y: Any, a: Value, how: str) -> Value:
    one, other = ag.log(a), ag.log(1.0 - a)
    m = a.size
    return {
        "mean": lambda: -(y * one + (1.0 - y) * other).mean(),
        "dots": lambda: -(ag.dot(y, one) + ag.dot(1.0 - y, other)) / m,
        "two sums": lambda: -1.0 / m * ag.sum(y * one) - ag.sum((1.0 - y) * other) / m,
        "multiplied out": lambda: (y * other - y * one - other).sum() * (1.0 / m),
        "a number outside": lambda: (0.5 * (y * one) - (y - 1.0) * other * 0.5).sum() * (-2.0 / m),
        "negative factors": lambda: (-y * one).sum() / m + ag.sum((y - 1.0) * other) / m,
    }[how]()


class TestSigmoid:
    @pytest.mark.parametrize("how", ["quotient", "reciprocal", "exponentials"])
    def test_is_found(self, how: str) -> None:
        z = some_logits((2, 3), 6)
        new, report = rewritten(weighted(sigmoid_of(z, how)), [z])
        assert operations(new) == ["sigmoid", "mul", "sum"]
        assert report == ["1 / (1 + exp(-z)) became sigmoid(z)"]

    @pytest.mark.parametrize("how", ["quotient", "reciprocal", "exponentials", "sigmoid"])
    def test_logarithms(self, how: str) -> None:
        z = some_logits((2, 3), 6)
        a = sigmoid_of(z, how)
        assert operations(rewritten(weighted(ag.log(a)), [z])[0]) == ["logsigmoid", "mul", "sum"]
        assert operations(rewritten(weighted(ag.log(1.0 - a)), [z])[0]) == ["neg", "logsigmoid", "mul", "sum"]
        assert operations(rewritten(weighted(ag.log1p(-a)), [z])[0]) == ["neg", "logsigmoid", "mul", "sum"]

    def test_softplus(self) -> None:
        z = some_logits((2, 3), 6)
        for y in (ag.log(1.0 + ag.exp(z)), ag.log1p(ag.exp(z))):
            assert operations(rewritten(weighted(y), [z])[0]) == ["softplus", "mul", "sum"]

    @pytest.mark.parametrize("labels", ["a leaf", "numbers"])
    @pytest.mark.parametrize(
        "how", ["mean", "dots", "two sums", "multiplied out", "a number outside", "negative factors"]
    )
    def test_cross_entropy(self, how: str, labels: str) -> None:
        z = some_logits((5,), 8)
        y: Any = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
        leaves = [z]
        if labels == "a leaf":
            y = Value(y)
            leaves.append(y)
        new, report = rewritten(cross_entropy(y, ag.sigmoid(z), how), leaves)
        assert not {"sigmoid", "log", "logsigmoid"} & set(operations(new))
        assert sorted(set(operations(new))) == ["mul", "softplus", "sub", "sum"]
        assert report == ["y log(a) + (1 - y) log(1 - a), a = sigmoid(z), became y z - softplus(z)"]

    def test_beside_other_terms_of_the_cost(self) -> None:
        z, w = some_logits((5,), 8), some_logits((3,), 9)
        y = Value(np.array([1.0, 0.0, 1.0, 1.0, 0.0]))
        cost = cross_entropy(y, ag.sigmoid(z), "mean") + 0.01 * (w * w).sum()
        new, _ = rewritten(cost, [z, y, w])
        assert "softplus" in operations(new)
        assert "log" not in operations(new)

    def test_is_sound_where_the_sigmoid_has_rounded_to_one(self) -> None:
        z, y = Value([800.0, -800.0, 1.0]), Value([1.0, 0.0, 0.0])
        with np.errstate(all="ignore"):
            cost = cross_entropy(y, ag.sigmoid(z), "mean")
        assert np.isnan(cost.data)
        new, _ = idioms(cost)
        (dz,) = gradients(new, [z])
        np.testing.assert_allclose(dz, np.array([0.0, 0.0, 1 / (1 + np.exp(-1.0))]) / 3)

    def test_the_logsigmoids_of_a_user_stay(self) -> None:
        z, y = some_logits((5,), 8), Value(np.array([1.0, 0.0, 1.0, 1.0, 0.0]))
        cost = -(y * ag.logsigmoid(z) + (1.0 - y) * ag.logsigmoid(-z)).mean()
        assert idioms(cost) == (cost, [])


z1, z2, other = some_logits((3, 3), 11), some_logits((3, 3), 12), some_logits((3,), 13)
e1, e2 = ag.exp(z1), ag.exp(z2)
a1, a2 = ag.sigmoid(z1), ag.sigmoid(z2)
pair = ag.exp(some_logits((2, 3), 14))
NEAR_MISSES = {
    "the sum over another axis": lambda: e1 / e1.sum(axis=0)[:, None],
    "the sum in the wrong place": lambda: e1 / e1.sum(axis=1),
    "the sum of other logits": lambda: e1 / e2.sum(axis=1, keepdims=True),
    "the sum of some": lambda: e1 / e1[:, :2].sum(axis=1, keepdims=True),
    "the sum of repeated ones": lambda: e1 / e1[:, np.array([0, 0, 1])].sum(axis=1, keepdims=True),
    "a row that is added twice": lambda: pair[:1] / pair[np.array([0, 0])].reshape(1, 6).sum(axis=1, keepdims=True),
    "rows in another order": lambda: e1 / e1[::-1].sum(axis=1, keepdims=True),
    "the sum over both axes": lambda: e1 / e1.sum(),
    "squares": lambda: z1 * z1 / (z1 * z1).sum(axis=1, keepdims=True),
    "the sum itself as numerator": lambda: e1.sum(axis=1, keepdims=True) / e1,
    "the logarithm of a mean": lambda: ag.log(ag.mean(e1, axis=1)),
    "logits less another's logsumexp": lambda: z1 - ag.logsumexp(z2, axis=1, keepdims=True),
    "logits less the logsumexp of columns": lambda: z1 - ag.logsumexp(z1, axis=1),
    "twice the logits": lambda: 2.0 * z1 - ag.logsumexp(z1, axis=1, keepdims=True),
    "2 + exp": lambda: 1.0 / (2.0 + ag.exp(-z1)),
    "1 - exp": lambda: ag.log(1.0 - ag.exp(-z1 * z1 - 0.1)),
    "2 - sigmoid": lambda: ag.log(2.0 - a1),
    "the log of a sigmoid and a little": lambda: ag.log(a1 + 1e-8),
    "a broadcast one": lambda: ag.log(np.array([[1.0], [1.0], [2.0]]) + ag.exp(z1)),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_are_left_alone(name: str) -> None:
    cost = weighted(NEAR_MISSES[name]())
    assert idioms(cost) == (cost, [])


@pytest.mark.parametrize(
    "cost",
    [
        lambda y: y * ag.log(a1) + (1.0 - y) * ag.log(1.0 - a2),
        lambda y: y * ag.log(a1) + (1.0 - y) * ag.log(1.0 - a1 * 0.5),
        lambda y: y * ag.log(a1) + (1.0 - y.T) * ag.log(1.0 - a1),
        lambda y: y * ag.log(a1) + (1.0 - y) * ag.log(1.0 - a1.T),
        lambda y: y * ag.log(a1) + (1.0 - y) * ag.log(1.0 - a1).sum(axis=0),
        lambda y: y * y * ag.log(a1) + (1.0 - y) * ag.log(1.0 - a1),
    ],
)
def test_near_misses_of_the_cross_entropy(cost: Callable[[Value], Value]) -> None:
    y = Value(np.random.default_rng(3).uniform(size=(3, 3)))
    new, report = rewritten(weighted(cost(y)), [y, z1, z2])
    assert not any("cross" in line or "y log(a)" in line for line in report)
    assert "softplus" not in operations(new)


def test_a_shift_that_is_not_the_same_along_the_axis_stays() -> None:
    e = ag.exp(z1 - ag.max(z1, axis=0, keepdims=True))
    new, _ = rewritten(weighted(e / e.sum(axis=1, keepdims=True)), [z1])
    assert operations(new) == ["max", "sub", "softmax", "mul", "sum"]


def test_a_parameter_that_shifts_has_gradient_zero() -> None:
    e = ag.exp(z1 + other[:, None])
    new, _ = rewritten(weighted(e / e.sum(axis=1, keepdims=True)), [z1, other])
    assert operations(new) == ["softmax", "mul", "sum"]


def test_what_nothing_changed_below_is_kept() -> None:
    h = ag.tanh(z1)
    new, _ = idioms(weighted(ag.exp(h) / ag.exp(h).sum(axis=1, keepdims=True)))
    assert h in topological_order(new)
    assert operations(new) == ["tanh", "softmax", "mul", "sum"]  # the same exponential twice is one


def test_selections_follow_their_nodes() -> None:
    places = Value([0.0, 2.0])
    e = ag.exp(z1)
    p = e / e.sum(axis=1, keepdims=True)
    chosen = ag.take(p, np.array([0, 2]), axis=0)
    cost = weighted(ag.log(chosen))
    found = simplify([cost], {chosen: {"indices": places}})
    (new,) = (n for n in topological_order(found.nodes[cost]) if n.op is not None and n.op.name == "take")
    assert new is not chosen
    assert found.selections[new] == {"indices": places}


def test_a_position_that_is_an_input_is_not_looked_through() -> None:
    e = ag.exp(z1)
    s = ag.take(e.sum(axis=1, keepdims=True), np.array([0, 1, 2]), axis=0)
    y = e / s
    assert operations(idioms(y)[0]) == ["softmax"]
    found = simplify([y], {s: {"indices": Value([0.0, 1.0, 2.0])}})
    assert found.nodes[y] is y


def test_several_roots_share_their_nodes() -> None:
    e = ag.exp(z1)
    p = e / e.sum(axis=1, keepdims=True)
    cost, guarded = weighted(p), p * 2.0
    found = simplify([cost, guarded])
    assert operations(found.nodes[guarded]) == ["softmax", "mul"]
    assert found.nodes[p] in topological_order(found.nodes[cost])


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_long_sum_costs_no_more_than_its_length() -> None:
    x = Value(1.0)
    total: Any = x
    for _ in range(20_000):
        total = total + x * 0.5
    assert idioms(total)[0] is total
