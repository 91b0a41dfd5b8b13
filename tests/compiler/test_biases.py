"""Layers on many examples: examples last, and the bias as the last column of its weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, vectorize
from autograd_lite.compiler.rolling import plan
from tests.compiler.passes import data, matrix_of, parameters
from tests.compiler.pieces import flat
from tests.compiler.test_programs import answer, assert_equal, change

Vector = list[Any]
EXAMPLES = 40


def affine(W: Any, x: Any, b: Any) -> Vector:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) + bi for row, bi in zip(W, b, strict=True)]


def relu(z: Vector) -> Vector:
    return [x.relu() for x in z]


class Net:
    """2 inputs, 3 neurons, 2 neurons, 1 output, in parts."""

    def __init__(self) -> None:
        self.W1, self.b1 = matrix_of(3, 2, "W"), parameters(3, "b", seed=1)
        self.W2, self.b2 = matrix_of(2, 3, "V", seed=2), parameters(2, "c", seed=3)
        self.w3, self.b3 = parameters(2, "w", seed=4), Value(0.3, "d")
        self.parameters = [*flat(self.W1), *self.b1, *flat(self.W2), *self.b2, *self.w3, self.b3]

    def hidden(self, x: Any) -> Vector:
        return relu(affine(self.W1, x, self.b1))

    def out(self, h: Vector) -> Any:
        return affine([self.w3], h, [self.b3])[0]

    def __call__(self, x: Any) -> Any:
        return self.out(relu(affine(self.W2, self.hidden(x), self.b2)))


def mean_square(X: Any, f: Callable[[Any], Any]) -> Any:
    return sum(f(x) ** 2 for x in X) / len(X)


def program_of(f: Callable[..., Any], parameters: list[Value], width: int = 2, X: Any = None) -> str:
    """The program's text, after it was found equal to the function on three sets of numbers."""
    rolled = vectorize(f)
    for seed in range(3):
        args = (data(EXAMPLES, width, seed=seed),) if X is None else ()
        assert_equal(answer(rolled, args, parameters), answer(f, args, parameters))
        change(parameters)
    return rolled.source


def count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text))


def test_a_bias_is_neither_added_nor_summed() -> None:
    net = Net()
    source = program_of(lambda X: mean_square(X, net), net.parameters)
    assert count(r"np\.add\(Z", source) == 0
    assert count("ONES", source) == 0
    assert {f"{k}{n}" for k in ("X", "A") for n in ("", 1, 2) if f"{k}{n}_ones" in source} == {"X", "A1", "A2"}
    for lines in (
        "np.dot(W1_b1, X_ones, out=Z1)",
        "np.dot(dZ2, A1_ones_T, out=dW2_b2)",
        "np.dot(A2_ones, dZ3, out=dW3_b3)",
    ):
        assert lines in source


def test_few_examples_are_rows_and_the_bias_is_added() -> None:
    net = Net()
    rolled = vectorize(lambda X: mean_square(X, net))
    rolled(data(plan.MANY - 1, 2))
    assert "_ones" not in rolled.source
    assert "np.add(Z1, b1, out=Z1)" in rolled.source


def test_inputs_of_many_features_are_not_copied_for_it() -> None:
    W, b = matrix_of(2, 9), parameters(2, "b")
    source = program_of(lambda X: mean_square(X, lambda x: sum(affine(W, x, b))), [*flat(W), *b], width=9)
    assert "_ones" not in source


def test_one_bias_for_all_neurons_is_no_column() -> None:
    W, b = matrix_of(3, 2), Value(0.5, "b")
    source = program_of(lambda X: mean_square(X, lambda x: sum(relu(affine(W, x, [b] * 3)))), [*flat(W), b])
    assert "_ones" not in source
    assert "take" not in source


def test_inputs_that_are_numbers_of_the_function() -> None:
    net, X = Net(), data(EXAMPLES, 2)
    source = program_of(lambda: mean_square(X, net), net.parameters, X=X)
    assert "X_ones" not in source
    assert re.search(r"np\.dot\(W2_b1, \w+, out=Z2\)", source)


def test_a_network_on_two_inputs_at_once_shares_its_parameters() -> None:
    net = Net()

    def f(X: Any) -> Any:
        return sum((net(x) - net([x[1], x[0]])) ** 2 for x in X)

    program_of(f, net.parameters)


def test_weights_and_biases_may_be_read_otherwise_too() -> None:
    net = Net()
    weights = flat(net.W2)

    def f(X: Any) -> Any:
        decay = sum(w * w for w in weights) + sum(b.exp() for b in net.b2)
        return mean_square(X, net) + 0.1 * decay + sum(net.W1[k][0] * net.b1[k] for k in range(3))

    program_of(f, net.parameters)


def test_a_layer_without_gradient_at_its_input_and_one_that_is_read_twice() -> None:
    net = Net()

    def f(X: Any) -> Any:
        hidden = [net.hidden(x) for x in X]
        return sum(net.out(relu(affine(net.W2, h, net.b2))) ** 2 + sum(h) for h in hidden)

    program_of(f, net.parameters)


@pytest.mark.parametrize("change_of_W", [False, True], ids=["b alone", "W alone"])
def test_only_one_of_the_two_may_get_a_gradient(change_of_W: bool) -> None:
    """As where the other is a number of the function."""
    net = Net()
    numbers = [[w.data for w in row] for row in net.W1]
    W, b = (net.W1, [x.data for x in net.b1]) if change_of_W else (numbers, net.b1)
    program_of(lambda X: mean_square(X, lambda x: sum(relu(affine(W, x, b)))), flat(net.W1) if change_of_W else net.b1)


@pytest.mark.parametrize("width", [3, 5], ids=["nothing else", "what nobody reads"])
def test_columns_in_another_order_are_no_layer(width: int) -> None:
    """Beside a layer whose ones they could share: a matrix whose first column is the bias."""
    rng = np.random.default_rng(0)
    A, B = Value(rng.normal(size=(3, 3)), "A"), Value(rng.normal(size=(3, width)), "B")

    def both(f: Any, X: Any) -> tuple[float, Any]:
        A.grad = B.grad = None
        cost = f(X)
        cost.backward()
        return cost.data, np.hstack([A.grad, B.grad])

    def f(X: Any) -> Any:
        layer = (A[:, :2] @ X.T + A[:, 2:]).tanh().sum()
        return layer + ((B[:, 1:3] @ X.T + B[:, :1]) ** 2).sum()

    rolled = vectorize(f)
    for _ in range(3):
        X = rng.normal(size=(EXAMPLES, 2))
        assert_equal(both(rolled, X), both(f, X))
    assert "X_ones" in rolled.source


def test_elementwise_programs_have_many_examples_last_too() -> None:
    means = matrix_of(4, 2)
    rolled = vectorize(lambda X: sum(((x[0] - m[0]) * (x[1] - m[1])).exp() for x in X for m in means))
    rolled(data(EXAMPLES, 2))
    assert "np.empty((2, 4, 40))" in rolled.source


def test_the_order_is_that_of_the_matrix() -> None:
    net = Net()
    rolled = vectorize(lambda X: mean_square(X, net))
    rolled(data(EXAMPLES, 2))
    labels = [p.label for p in rolled.parameters]
    assert labels[:9] == ["W0_0", "W0_1", "b0", "W1_0", "W1_1", "b1", "W2_0", "W2_1", "b2"]
    np.testing.assert_array_equal(rolled.theta, [p.data for p in rolled.parameters])
