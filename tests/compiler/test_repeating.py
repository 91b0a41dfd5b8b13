"""Repeating: the columns of one example become those of a batch, as a loop over the examples would have made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite.compiler.rolling.lifting import Lifted, lift
from autograd_lite.compiler.rolling.repeating import Batch, repeated
from autograd_lite.compiler.rolling.scalars import normal_form
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import assert_holds, matrix_of, parameters

W, w = matrix_of(3, 4), parameters(4)
rng = np.random.default_rng(0)


def dot(a: Any, b: Any) -> Any:
    return sum(p * q for p, q in zip(a, b, strict=True))


def assert_is_the_loop(
    f: Callable[..., Any], arrays: list[Any], axes: tuple[int | None, ...], mean: bool = True
) -> Lifted:
    """The batch that is made of one example against the mean or sum over all of them."""
    arrays = [np.asarray(x, float if np.asarray(x).dtype.kind == "f" else int) for x in arrays]
    sizes = {x.shape[axis] for x, axis in zip(arrays, axes, strict=True) if axis is not None}
    (size,) = sizes

    def example(k: int) -> list[Any]:
        some = [x if axis is None else np.take(x, k, axis) for x, axis in zip(arrays, axes, strict=True)]
        return [x if x.shape else x.item() for x in some]

    batch = Batch(size, tuple(x.shape for x in arrays), axes, mean)
    rolled = lift(trace(f, tuple(example(0))), batch, [x.astype(float) for x in arrays])
    users = [p for _, some in rolled.parameters for p in some]
    for p in users:
        p.zero_grad()
    total = sum(f(*example(k)) for k in range(size)) / (size if mean else 1)
    total.backward()
    rolled.root.backward()
    assert rolled.root.data == pytest.approx(total.data, rel=1e-12)
    mine = np.concatenate([np.ravel(leaf.grad) for leaf, _ in rolled.parameters])
    np.testing.assert_allclose(mine, [p.grad or 0.0 for p in users], rtol=1e-10, atol=1e-13)
    return rolled


def model(x: Any, y: Any) -> Any:
    z = [(dot(row, x) + b).tanh() for row, b in zip(W, w, strict=False)]
    return (dot(z, w[:3]) - y) ** 2 + 0.1 * sum(p * p for p in w)


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_mean_and_sum(mean: bool, size: int) -> None:
    rolled = assert_is_the_loop(model, [rng.normal(size=(size, 4)), rng.normal(size=size)], (0, 0), mean)
    assert [leaf.shape for leaf in rolled.inputs] == [(size, 4), (size,)]


def test_examples_along_another_axis() -> None:
    assert_is_the_loop(model, [rng.normal(size=(4, 6)), rng.normal(size=6)], (1, 0))
    assert_is_the_loop(lambda A: dot(A[0], A[1]) * w[0] + A[1, 2] ** 2 * w[1], [rng.normal(size=(2, 5, 3))], (1,))
    assert_is_the_loop(lambda A: dot(A[0], A[1]) * w[0] + A[1, 2] ** 2 * w[1], [rng.normal(size=(2, 3, 5))], (-1,))


def test_shared_arguments() -> None:
    shift = rng.normal(size=4)

    def f(x: Any, shift: Any, scale: Any) -> Any:
        return sum((wi * (xi - s)).tanh() * scale for wi, xi, s in zip(w, x, shift, strict=True)) + dot(w, shift).exp()

    rolled = assert_is_the_loop(f, [rng.normal(size=(5, 4)), shift, 2.0], (0, None, None))
    assert [leaf.shape for leaf in rolled.inputs] == [(5, 4), (4,), ()]


def test_what_does_not_depend_on_an_example_is_there_once() -> None:
    one = normal_form(trace(lambda x: dot(w, w).exp() * x + w[0].sin(), (2.0,)))
    batch = repeated(one, Batch(50, ((50,),), (0,)))
    assert [row.name for row in batch.rows].count("exp") == 1
    assert [row.name for row in batch.rows].count("sin") == 1
    assert len(batch.ids) == 3 + 50 + 1


def test_a_result_that_depends_on_no_example() -> None:
    for mean in (True, False):
        assert_is_the_loop(lambda x: dot(w, w).exp() + 0 * x, [rng.normal(size=5)], (0,), mean)
        assert_is_the_loop(lambda x: x * x + 0 * w[0] + w[1], [rng.normal(size=5)], (0,), mean)


def test_greatest_and_selected() -> None:
    def f(x: Any, i: Any) -> Any:
        z = [dot(row, x) for row in W]
        return ag.max([*z, 0.0]) + ag.take(ag.stack([*z, w[0]]), i).exp() + ag.take(ag.stack(w), i) * w[1]

    rolled = assert_is_the_loop(f, [rng.normal(size=(6, 4)), np.array([0, 3, 1, 1, 2, 0])], (0, 0))
    assert rolled.selections


def test_operations_of_two_and_three_operands() -> None:
    assert_is_the_loop(
        lambda x, y: ag.clip(w[0] * x, y, w[1] + 9) + ag.hypot(x, w[2]) / (1 + y * y) + (w[3] * y).exp(),
        [rng.normal(size=5), rng.normal(size=5) - 3],
        (0, 0),
    )


def test_guards_of_every_example() -> None:
    def f(x: Any, limit: Any) -> Any:
        y = w[0] * x[0] if x[0] > limit else w[1] * x[1]
        return y.exp() if w[2] * x[1] < 100 and w[3] < 50 else y

    X = np.abs(rng.normal(size=(6, 2))) + 1
    rolled = assert_is_the_loop(f, [X, 0.5], (0, None))
    assert {guard.op for guard in rolled.guards} == {">", "<"}
    assert sorted(np.size(guard.outcome) for guard in rolled.guards) == [6, 6, 6]
    for guard in rolled.guards:
        assert_holds(guard)


def test_a_guard_does_not_hold_where_another_example_goes_another_way() -> None:
    found = trace(lambda x: w[0] * x if x > 0 else w[1] * x, (1.0,))
    (guard,) = lift(found, Batch(3, ((3,),), (0,)), [np.array([1.0, -1.0, 2.0])]).guards
    with pytest.raises(AssertionError):
        assert_holds(guard)


def test_array_parameters_read_by_element() -> None:
    P = ag.Value(rng.normal(size=(3, 4)))
    rolled = assert_is_the_loop_of_arrays(
        lambda x: sum(dot(P[k], x).tanh() for k in range(3)), rng.normal(size=(5, 4)), P
    )
    assert rolled.parameters[0][1] == [P]


def assert_is_the_loop_of_arrays(f: Callable[..., Any], X: Any, P: Any) -> Lifted:
    """The same for a function of one array parameter."""
    rolled = lift(trace(f, (X[0],)), Batch(len(X), (X.shape,), (0,)), [X])
    P.zero_grad()
    total = sum(f(x) for x in X) / len(X)
    total.backward()
    rolled.root.backward()
    assert rolled.root.data == pytest.approx(total.data, rel=1e-12)
    np.testing.assert_allclose(rolled.parameters[0][0].grad, P.grad, rtol=1e-10)
    return rolled


def test_the_columns_are_those_of_the_loop() -> None:
    """As many nodes of each operation, and terms, as tracing the loop gives."""
    X = rng.normal(size=(4, 4)).tolist()

    def loop(X: Any) -> Any:
        return sum(dot(w, x).tanh() * x[0] for x in X) / len(X)

    whole = normal_form(trace(loop, (X,)))
    one = normal_form(trace(lambda x: dot(w, x).tanh() * x[0], (X[0],)))
    batch = repeated(one, Batch(4, ((4, 4),), (0,)))
    assert [row.name for row in batch.rows].count("tanh") == [row.name for row in whole.rows].count("tanh") == 4
    assert batch.sizes[2] == (4, 4)
    places = [batch.place[i] for i in range(len(batch.source)) if batch.source[i] == 2]
    assert sorted(places) == list(range(16))
