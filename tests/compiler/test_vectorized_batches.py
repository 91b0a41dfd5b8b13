"""A function of one example over a batch of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, vectorize
from autograd_lite.compiler.front.batches import Examples

RNG = np.random.default_rng(2)


def setup() -> tuple[Any, list[Value]]:
    w, b = [Value(0.5), Value(-0.25)], Value(0.1)

    def loss(x: Any, y: Any) -> Any:
        return (ag.dot(w, x) + b - y) ** 2

    return loss, [*w, b]


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_batch_of_any_size(reduce: Any) -> None:
    loss, parameters = setup()
    cost = vectorize(loss, in_axes=0, reduce=reduce)
    for m in (4, 4, 1, 7, 4):
        X, Y = RNG.normal(size=(m, 2)), RNG.normal(size=m)
        expected = sum(loss(x, y) for x, y in zip(X, Y, strict=True)) / (m if reduce == "mean" else 1)
        for p in parameters:
            p.zero_grad()
        c = cost(X, Y)
        c.backward()
        got = [p.grad for p in parameters]
        for p in parameters:
            p.zero_grad()
        expected.backward()
        assert c.data == pytest.approx(expected.data, rel=1e-12)
        np.testing.assert_allclose(got, [p.grad for p in parameters], rtol=1e-11)


def test_lists_of_examples() -> None:
    loss, _ = setup()
    cost = vectorize(in_axes=0)(loss)
    X, Y = RNG.normal(size=(3, 2)), RNG.normal(size=3)
    assert cost(X.tolist(), Y.tolist()).data == pytest.approx(cost(X, Y).data, rel=1e-14)


def test_axes_and_shared_arguments() -> None:
    w = Value([1.0, 2.0])
    cost = vectorize(lambda x, k, d: (w * x * k * d["s"]).sum(), in_axes=(1, None, 0))
    X, s = RNG.normal(size=(2, 5)), RNG.normal(size=5)
    for k in (2.0, 3.0):
        assert cost(X, k, {"s": s}).data == pytest.approx((w.data @ (X * s)).mean() * k)


def test_values_along_the_batch_receive_gradients() -> None:
    w = Value(2.0)
    cost = vectorize(lambda v, d: v * w * d["x"] + d["v"] ** 2, in_axes=0, reduce="sum")
    for start in (1.0, 2.0, 3.0):
        v, u, x = Value([start, 4.0]), Value([5.0, start]), np.array([6.0, start])
        cost(v, {"v": u, "x": x}).backward()
        np.testing.assert_allclose(v.grad, 2.0 * x)
        np.testing.assert_allclose(u.grad, 2.0 * u.data)


def test_keywords_are_shared() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x, scale: w * x * scale, in_axes=0)
    assert cost(np.array([1.0, 3.0]), scale=10.0).data == pytest.approx(40.0)


def test_branches_within_a_batch() -> None:
    w = Value(2.0)

    def loss(x: Any, y: Any) -> Any:
        return w * x if y == 1 else (w * x) ** 2

    cost = vectorize(loss, in_axes=0)
    X = np.array([1.0, 2.0, 3.0])
    for y in ([0, 1, 0], [1, 1, 1], [0, 1, 0]):
        expected = np.mean([2 * x if k else 4 * x * x for x, k in zip(X, y, strict=True)])
        assert cost(X, np.array(y)).data == pytest.approx(expected)


def test_a_network_of_arrays_on_single_examples() -> None:
    model = nn.Sequential(nn.Linear(4, 3, seed=0), nn.Tanh(), nn.Linear(3, 2, seed=1))
    cost = vectorize(lambda x, y: nn.cross_entropy(model(x), y), in_axes=0)
    for _ in range(3):
        X, y = RNG.normal(size=(6, 4)), RNG.integers(2, size=6)
        assert cost(X, y).data == pytest.approx(nn.cross_entropy(model(X), y).data, rel=1e-12)


def test_one_example_is_traced_and_few_are_compared() -> None:
    w = [Value(0.1 * k) for k in range(3)]
    calls = []

    def loss(x: Any, y: Any) -> Any:
        calls.append(1)
        return (ag.dot(w, x) - y).tanh()

    cost = vectorize(loss, in_axes=0)
    for m in (1000, 2000):
        X, Y = RNG.normal(size=(m, 3)), RNG.normal(size=m)
        assert cost(X, Y).data == pytest.approx(np.tanh(X @ [0.0, 0.1, 0.2] - Y).mean(), rel=1e-12)
    assert len(calls) < 100
    w[0].data = 1.0
    assert cost(X, Y).data == pytest.approx(np.tanh(X @ [1.0, 0.1, 0.2] - Y).mean(), rel=1e-12)
    assert len(cost.parameters) == 3
    assert cost.value_and_grad(cost.theta, X, Y)[0] == pytest.approx(cost(X, Y).data)


@pytest.mark.parametrize("m", [5, 200])
@pytest.mark.parametrize("read", [lambda x, w: x[0].data if isinstance(x[0], Value) else x[0], lambda x, w: w.data])
def test_numbers_of_one_example_are_not_burnt_in(m: int, read: Any) -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x[1] * read(x, w), in_axes=0)
    X = RNG.normal(size=(m, 2))

    def train() -> None:
        for _ in range(2):
            cost(X)
            w.data += 1.0

    with pytest.raises(ag.VectorizeError):
        train()


@pytest.mark.parametrize(
    ("args", "in_axes", "error", "message"),
    [
        ((np.ones((2, 2)), np.ones(3)), 0, ValueError, "argument 0 has 2, argument 1 has 3"),
        ((np.ones((0, 2)), np.ones(0)), 0, ValueError, "at least 1"),
        ((np.ones((2, 2)), np.ones(2)), (0,), ValueError, "names 1 arguments; .* with 2"),
        ((np.ones((2, 2)), np.ones(2)), (None, None), ValueError, "no argument has an axis"),
        ((np.ones((2, 2)), np.ones(2)), (0, 1), ValueError, r"shape \(2,\) has no axis 1"),
        ((np.ones((2, 2)), 1.0), 0, (TypeError, ValueError), "holds no examples|has no axis 0"),
        ((np.ones((2, 2)), [1.0, 2.0]), (0, 1), TypeError, "holds no examples"),
    ],
)
def test_batches_that_do_not_fit(args: Any, in_axes: Any, error: Any, message: str) -> None:
    loss, _ = setup()
    with pytest.raises(error, match=message):
        vectorize(loss, in_axes=in_axes)(*args)


def test_where_a_number_was_read_all_examples_are_compared() -> None:
    w, X = Value(2.0), np.ones(1000)
    cost = vectorize(lambda x: w * x if (x.data if isinstance(x, Value) else x) > 0 else -w * x, in_axes=0)
    assert cost(X).data == 2.0
    X = X.copy()
    X[501] = -1.0
    with pytest.raises(ag.VectorizeError):
        cost(X)


def test_other_examples_are_compared_in_each_turn() -> None:
    examples = Examples(lambda x: x, 0, "mean")
    seen: set[float] = set()
    for turn in range(7):
        (few,) = examples.few((np.arange(100),), turn) or ()
        assert len(set(few.tolist())) == 16
        seen |= set(few.tolist())
    assert seen == set(range(100))


class Named:
    def __init__(self, x: float) -> None:
        self.x = x


def test_what_is_no_number_may_differ_from_example_to_example() -> None:
    w = Value(2.0)
    words, X = ["a"] * 100, np.ones(100)
    cost = vectorize(lambda x, word: w * x * len(word), in_axes=0, reduce="sum")
    assert cost(X, words).data == 200.0
    words[51] = "bbb"
    assert cost(X, words).data == 204.0
    records = vectorize(lambda d: w * d["x"], in_axes=0)
    assert records([{"x": 1.0}, {"x": 2.0}]).data == 3.0
    things = [Named(1.0), Named(1.0)]
    of_objects = vectorize(lambda s: w * s.x, in_axes=0)
    assert [of_objects(things).data for _ in range(4)] == [2.0] * 4
    things[1].x = 3.0
    assert of_objects(things).data == 4.0


def test_what_has_an_axis_is_given_by_position() -> None:
    w = Value(2.0)
    with pytest.raises(ValueError, match=r"no argument has an axis .*In this call x came by name, which all examples"):
        vectorize(lambda x: w * x, in_axes=0)(x=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"names 2 arguments; .* called with 1\. In this call y came by name"):
        vectorize(lambda x, y: w * x * y, in_axes=(0, 0))([1.0, 2.0], y=[1.0, 2.0])
