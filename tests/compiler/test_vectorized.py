"""The object that `vectorize` returns, called like its function: values, gradients, derivatives, threads, training."""

from __future__ import annotations

import collections
import copy
import dataclasses
import threading
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value, nn, optim, vectorize
from autograd_lite.optim.optimizer import Optimizer
from tests.compiler.agreement import agree, gradients

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=6)


def line(w: Any, b: Any, rows: Any, ys: Any) -> Any:
    losses = [(ag.dot(w, row) + b - y) ** 2 for row, y in zip(rows, ys, strict=True)]
    return sum(losses) / len(losses)


def line_with_arrays(w: Any, b: Any, rows: Any, ys: Any) -> Any:
    return ((rows @ w + b - ys) ** 2).mean()


def leaves(scalars: bool) -> tuple[Any, Any]:
    if scalars:
        return [Value(0.5), Value(-1.0)], Value(0.25)
    return Value([0.5, -1.0]), Value(0.25)


@pytest.mark.parametrize("scalars", [True, False])
@pytest.mark.parametrize("as_lists", [True, False])
def test_value_and_gradient_on_old_and_new_numbers(scalars: bool, as_lists: bool) -> None:
    w, b = leaves(scalars)
    parameters = [*w, b] if scalars else [w, b]
    calls = []

    def f(rows: Any, ys: Any) -> Any:
        calls.append(1)
        return (line if scalars else line_with_arrays)(w, b, rows, ys)

    cost = vectorize(f)
    rows, ys = (X.tolist(), Y.tolist()) if as_lists else (X, Y)
    if as_lists and not scalars:
        rows = X  # a list has no @
    agree(cost, f, parameters, rows, ys)
    for p in parameters:
        p.data = p.data * 0.9
    agree(cost, f, parameters, rows, ys)
    other = (np.asarray(rows) + 1.0).tolist() if isinstance(rows, list) else rows + 1.0
    agree(cost, f, parameters, other, ys)
    before = len(calls)
    for p in parameters:
        p.data = p.data * 0.9
    cost(other, ys)
    cost(rows, ys)
    assert len(calls) == before


def test_the_result_is_a_node_like_any_other() -> None:
    w, b = leaves(scalars=True)
    cost = vectorize(lambda rows, ys: line(w, b, rows, ys))
    total = 2.0 * cost(X, Y) + w[0] * 3.0
    expected = 2.0 * line(w, b, X, Y) + w[0] * 3.0
    np.testing.assert_allclose(gradients(total, [*w, b]), gradients(expected, [*w, b]), rtol=1e-12)
    assert cost(X, Y).op.name == "vectorized"
    assert set(cost(X, Y).inputs) == {*w, b}


def test_gradients_add_up_over_calls() -> None:
    w, b = leaves(scalars=True)
    cost = vectorize(lambda rows, ys: line(w, b, rows, ys))
    cost(X, Y).backward()
    once = b.grad
    cost(X, Y).backward()
    assert b.grad == pytest.approx(2 * once)


def test_arrays_of_the_user_are_never_changed() -> None:
    w, b = leaves(scalars=False)
    cost = vectorize(lambda rows, ys: line_with_arrays(w, b, rows, ys))
    rows, ys = X.copy(), Y.copy()
    for _ in range(3):
        cost(rows, ys).backward()
        assert rows.flags.writeable
        assert (rows == X).all()
        rows[0, 0] += 1.0  # and what is written between two calls is seen
        assert cost(rows, ys).data == pytest.approx(line_with_arrays(w, b, rows, ys).data)
        rows[0, 0] = X[0, 0]


def test_structures_have_programs_of_their_own() -> None:
    w, b = leaves(scalars=True)
    cost = vectorize(lambda rows, ys: line(w, b, rows, ys))
    for n in (2, 3, 2, 6):
        assert cost(X[:n], Y[:n]).data == pytest.approx(line(w, b, X[:n], Y[:n]).data)
    assert repr(cost) == "<vectorized <lambda>, 3 programs>"


def test_values_as_arguments_receive_gradients() -> None:
    @vectorize
    def cost(w: Any, b: Any, rows: Any, ys: Any) -> Any:
        return line(w, b, rows, ys)

    for start in (1.0, 2.0, 3.0):
        w, b = [Value(start), Value(-1.0)], Value(0.5)
        inner = [v * v for v in w]
        got = gradients(cost(inner, b, X, Y), [*w, b])
        np.testing.assert_allclose(got, gradients(line(inner, b, X, Y), [*w, b]), rtol=1e-10)
    cells = np.array(w, dtype=object)
    assert cost(cells, b, X, Y).data == pytest.approx(line(cells, b, X, Y).data)


def test_one_value_as_two_arguments_and_as_a_parameter() -> None:
    w = Value(2.0)
    cost = vectorize(lambda a, b: (a * b * w + a) ** 2)
    for start in (2.0, 3.0, 4.0):
        w.data = start
        assert gradients(cost(w, w), [w])[0] == pytest.approx(2 * (start**3 + start) * (3 * start**2 + 1))
    assert ag.grad(ag.grad(lambda v: cost(v, v)))(0.5) == pytest.approx(
        ag.grad(ag.grad(lambda v: (v * v * w + v) ** 2))(0.5)
    )


def test_constants_are_inputs() -> None:
    w = Value(2.0)
    cost = vectorize(lambda k: w * k)
    assert cost(Constant(3.0)).data == 6.0
    assert cost(Constant(4.0)).data == 8.0


def test_without_parameters_it_is_a_constant() -> None:
    cost = vectorize(lambda x: x * x + 1.0)
    assert type(cost(2.0)) is Constant
    assert [cost(x).data for x in (2.0, 3.0, 4.0)] == [5.0, 10.0, 17.0]


def test_a_constant_function_runs_as_it_is() -> None:
    cost = vectorize(lambda x: 3.0)
    assert [cost(1.0).data, cost(2.0).data] == [3.0, 3.0]
    assert "depends on no argument" in cost.report()
    with pytest.raises(ValueError, match=r"nothing to differentiate: .* was computed from constants only"):
        cost(1.0).backward()


@pytest.mark.parametrize("x", [1.0, np.nan, -1.0])
def test_a_function_of_numbers_gives_a_constant(x: float) -> None:
    cost = vectorize(lambda x: 2 * x if x > 0 else 3)
    for y in (cost(x), cost(x), cost(2.0)):
        assert type(y) is Constant


def test_no_grad_computes_the_value_only() -> None:
    w, b = leaves(scalars=True)
    cost = vectorize(lambda rows, ys: line(w, b, rows, ys))
    with ag.no_grad():
        first, second = cost(X, Y), cost(X + 1.0, Y)
    assert type(first) is type(second) is Constant
    assert second.data == pytest.approx(line(w, b, X + 1.0, Y).data)


def test_anomalies_are_found_in_the_function_itself() -> None:
    w = Value(1.0)
    cost = vectorize(lambda x: (w * x).log())
    cost(1.0)
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="log made -inf"):
        cost(0.0)


def test_a_vectorised_function_inside_another() -> None:
    w = Value(2.0)
    inner = vectorize(lambda x: (w * x) ** 2)
    outer = vectorize(lambda xs: sum(inner(x) for x in xs))
    for xs in ([1.0, 2.0], [3.0, 4.0]):
        assert outer(xs).data == pytest.approx(4 * (xs[0] ** 2 + xs[1] ** 2))
    assert repr(inner).endswith("0 programs>")


# --- derivatives ------------------------------------------------------------------------------------------------------


def test_second_derivatives() -> None:
    @vectorize
    def cost(w: Any, rows: Any) -> Any:
        return sum((ag.dot(w, row)).tanh() for row in rows)

    def plain(w: Any) -> Any:
        return sum((ag.dot(list(w), row)).tanh() for row in X)

    at = np.array([0.3, -0.2])
    np.testing.assert_allclose(ag.hessian(lambda w: cost(list(w), X))(at), ag.hessian(plain)(at), rtol=1e-10)
    arrays = vectorize(lambda w, rows: (rows @ w).tanh().sum())
    np.testing.assert_allclose(ag.hessian(lambda w: arrays(w, X))(at), ag.hessian(plain)(at), rtol=1e-10)


def test_second_derivatives_need_the_numbers_of_the_call() -> None:
    w = Value(2.0)
    rows = X.copy()
    cost = vectorize(lambda rows: ((rows * w) ** 2).sum())
    c = cost(rows)
    rows += 1.0
    with pytest.raises(ValueError, match="needs the numbers of the forward pass"):
        ag.backward.cotangents(c, [w], Constant(1.0))


# --- objects ----------------------------------------------------------------------------------------------------------


class Model:
    def __init__(self, start: float) -> None:
        self.w = Value(start)

    @vectorize
    def cost(self, xs: Any) -> Any:
        """What it costs."""
        return sum((self.w * x) ** 2 for x in xs)

    double = vectorize(lambda self, xs: 2.0 * self.w * xs[0])
    triple = vectorize(lambda self, xs: 3.0 * self.w * xs[0])


def test_methods() -> None:
    one, other = Model(1.0), Model(2.0)
    assert [m.cost(xs).data for m in (one, other) for xs in ([1.0, 2.0], [2.0, 2.0])] == [5.0, 8.0, 20.0, 32.0]
    assert one.cost is one.cost
    assert one.cost is not other.cost
    assert one.cost.parameters == [one.w]
    assert Model.cost.__doc__ == "What it costs."
    assert (one.double([1.0]).data, one.triple([1.0]).data) == (2.0, 3.0)
    twin = copy.deepcopy(one)
    twin.w.data = 3.0
    assert twin.cost([1.0]).data == 9.0
    assert one.cost([1.0]).data == 1.0


def test_it_looks_like_its_function() -> None:
    def cost(x: Any) -> Any:
        """The cost."""
        return x

    assert (vectorize(cost).__name__, vectorize(cost).__doc__) == ("cost", "The cost.")


@pytest.mark.parametrize("bad", [3, "f"])
def test_what_is_no_function_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="takes a function"):
        vectorize(bad)
    with pytest.raises(ValueError, match="reduce='max'"):
        vectorize(abs, reduce="max")  # type: ignore[arg-type]


def test_two_threads_call_at_once() -> None:
    w = Value(np.ones(50))
    cost = vectorize(lambda x: ((w * x).tanh() ** 2).sum())
    inputs = [np.full(50, k / 10) for k in range(8)]
    expected = [50 * np.tanh(k / 10) ** 2 for k in range(8)]
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(100):
            got = cost(inputs[k]).data
            if not np.isclose(got, expected[k], rtol=1e-12):
                wrong.append((k, got))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- the training loop -----------------------------------------------------------------------------------------------


def optimisers(parameters: list[Value]) -> list[Optimizer]:
    return [
        optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=0.01),
        optim.Adam(parameters, lr=0.01),
        optim.AdamW(parameters, lr=0.01),
        optim.RMSprop(parameters, lr=0.01, centered=True, momentum=0.5),
        optim.Adagrad(parameters, lr=0.1, lr_decay=0.01),
    ]


@pytest.mark.parametrize("kind", range(5))
def test_training_is_that_of_the_function(kind: int) -> None:
    models = [nn.MLP(2, [8, 1], seed=0) for _ in range(2)]
    ys = np.sign(Y)
    costs: list[Any] = [
        lambda rows, ys, model=model: (
            sum((1 - y * model(row)).relu() for row, y in zip(rows, ys, strict=True)) / len(ys)
        )
        for model in models
    ]
    costs[1] = vectorize(costs[1])
    steppers = [optimisers(model.parameters())[kind] for model in models]
    for _ in range(8):
        for cost, optimiser in zip(costs, steppers, strict=True):
            optimiser.zero_grad()
            cost(X, ys).backward()
            optimiser.step()
    numbers = [[p.data for p in model.parameters()] for model in models]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-8)


@dataclasses.dataclass
class Batch:
    """Examples, as a user may keep them."""

    x: list[float]
    y: float


def test_records_and_queues_are_looked_into() -> None:
    w = Value(2.0)
    cost = vectorize(lambda batch: sum((w * x - batch.y) ** 2 for x in batch.x))
    batch = Batch([1.0, 2.0], 1.0)
    assert cost(batch).data == 10.0
    batch.y = 100.0
    assert cost(batch).data == 98.0**2 + 96.0**2
    batch.x = [5.0]
    assert cost(batch).data == 90.0**2
    queue = collections.deque([1.0, 2.0])
    total = vectorize(lambda xs: sum(w * x for x in xs))
    assert total(queue).data == 6.0
    queue.append(3.0)
    assert total(queue).data == 12.0


def test_what_can_be_read_once_is_refused() -> None:
    with pytest.raises(TypeError, match="hand in a list"):
        vectorize(sum)(iter([1.0, 2.0]))


def test_an_int_that_is_no_float() -> None:
    w = Value(1.0)
    count = vectorize(lambda n: w * (n - 2**60))
    assert [count(2**60 + k).data for k in (1, 3)] == [1.0, 3.0]


@pytest.mark.parametrize("axes", [True, "0", 1.0, (0, "1")])
def test_axes_that_are_none(axes: Any) -> None:
    with pytest.raises(TypeError, match="an axis is an int"):
        vectorize(lambda x: x, in_axes=axes)
