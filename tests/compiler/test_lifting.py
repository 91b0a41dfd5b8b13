"""Lifting: whatever is lifted has the value and the gradients of the scalar run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.rolling.lifting import NotRolledError, lift
from autograd_lite.compiler.rolling.repeating import Batch
from autograd_lite.compiler.tracing.tracing import trace
from tests.compiler.passes import assert_holds, data, labelled, lifted, matrix_of, names, parameters

w, W = parameters(6), matrix_of(4, 6)
P, Q = Value(np.random.default_rng(3).normal(size=(4, 6)), label="P"), Value(np.linspace(-1, 1, 6), label="Q")
X, x = data(5, 6), data(6)


def dot(a: Any, b: Any) -> Any:
    return sum(p * q for p, q in zip(a, b, strict=True))


def normalised(a: Any) -> Any:
    mean = sum(a) / len(a)
    variance = sum((t - mean) ** 2 for t in a) / len(a)
    return [(t - mean) / (variance + 1e-5) ** 0.5 for t in a]


ZOO: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a leaf": (lambda: w[0], ()),
    "an input": (lambda t: t, (2.0,)),
    "only inputs": (lambda t: t * t + 1, (2.0,)),
    "a constant function": (lambda t: 0 * t + 2, (2.0,)),
    "a constant function of parameters": (lambda t: 0 * t * w[0] + 0 * w[1], (2.0,)),
    "an element of a constant": (lambda: ag.concatenate([Q, np.ones(2)])[7], ()),
    "no examples": (lambda xs: sum((w[0] * t for t in xs), w[1]), ([],)),
    "one example": (lambda xs: sum((w[0] * t).tanh() for (t,) in xs), ([[1.0]],)),
    "one of each": (lambda A: sum(dot(w[:1], r).exp() for r in A), (np.ones((1, 1)),)),
    "axes of length 1": (lambda A: sum((W[0][j] * A[0][j][0]).tanh() for j in range(3)), (np.ones((1, 3, 1)),)),
    "an array without axes": (lambda a: a * w[0], (np.array(3.0),)),
    "ints": (lambda a: dot(w, a), ([1, 2, 3, 4, 5, 6],)),
    "list, array and number": (
        lambda a, b, c: sum(p * s * t for p, s, t in zip(w, a, b, strict=True)) * c,
        (x, np.array(x), 3.0),
    ),
    "dicts and tuples": (lambda d: sum(w[0] * v for v in d["a"]) + d["b"][0] * w[1], ({"a": [1.0, 2.0], "b": (3.0,)},)),
    "duplicates": (lambda: sum((w[0] * w[1]).tanh() for _ in range(5)) + sum(w[1] * w[0] for _ in range(3)), ()),
    "duplicate terms": (lambda X: sum((w[0] * r[0] + w[0] * r[0] + w[1] * r[0]).tanh() for r in X), (X,)),
    "equal examples": (lambda X: sum(dot(w, X[k % 2]).tanh() for k in range(6)), (X,)),
    "a parameter that vanishes": (lambda t: w[0] * t + 0 * w[1], (2.0,)),
    "everything but products": (
        lambda t: w[0] / t + 2 / w[1] - w[2] / 4 + w[3] ** 3 + t ** w[4] + 2 ** w[5] + ag.hypot(w[0], t) - (-w[1]),
        (2.0,),
    ),
    "more than two operands": (
        lambda X: sum(ag.clip(w[0] * t, w[1], 3.0) + ag.leaky_relu(w[2] * t, 0.1) for t in X),
        (x,),
    ),
    "maximum and minimum": (lambda X: sum(ag.maximum(w[0] * t, ag.minimum(w[1], t)) for t in X), (x,)),
    "sums that grow at the other end": (lambda X: (lambda J: [J := dot(w, r).exp() + J for r in X][-1])(0.0), (X,)),
    "matrix products": (lambda X: sum(dot(r, t).tanh() for t in X for r in W), (X,)),
    "an outer product": (lambda a: sum((p * t).tanh() for p in w for t in a), (x,)),
    "all pairs but one's own": (
        lambda X: sum(((a[0] - b[0]) ** 2 * w[0] + (a[1] - b[1]) ** 2).exp() for a in X for b in X if a is not b),
        (data(5, 2),),
    ),
    "pairs of parameters": (lambda: sum(dot(W[i], W[j]).tanh() for i in range(4) for j in range(i + 1)), ()),
    "a strict triangle": (lambda X: sum(dot(X[i], X[j]) * w[0] * (i - j) for i in range(5) for j in range(i)), (X,)),
    "batch normalisation": (
        lambda X: dot(w[:5], normalised([dot(w, r) for r in X])),
        (X,),
    ),
    "guards on inputs": (lambda X: sum(w[0] * t if t > 0 else (w[1] * t).exp() for t in X), (x,)),
    "guards on results": (lambda X: sum(w[0] * t if w[0] * t > w[1] else (w[1] * t).exp() for t in X), (x,)),
    "Python's max and min": (lambda X: max(w[0] * t for t in X) + min([w[1] * t for t in X]), (x,)),
    "array code": (lambda X: ag.sum(ag.tanh(X @ P.T) ** 2), (np.array(X),)),
    "array code on scalars": (lambda X: ag.softmax(ag.stack([dot(r, X[0]) for r in W]))[2].log(), (X,)),
    "scalar code on arrays": (lambda t: sum(P[i, j] * tj for i in range(4) for j, tj in enumerate(t)), (x,)),
    "both, several times": (
        lambda X: sum(v.exp() for v in ag.stack([dot(w, r) for r in X]) * Q[:5]) + ag.sum((P @ ag.stack(w)) ** 2),
        (X,),
    ),
    "an array of all kinds": (
        lambda X: ag.sum(ag.stack([w[0], 2 * X[0], X[1].exp(), w[1], P[0, 1], X[2].exp()]) ** 2 * Q),
        (x,),
    ),
    "array code for each example": (
        lambda X: sum((P @ r).sum() * p for r, p in zip(X, w, strict=False)),
        (np.array(X),),
    ),
    "an array without elements": (lambda: ag.sum(P[:0]) + w[0], ()),
    "a row of an array parameter, by a computed position": (lambda i: ag.sum(ag.take(P, 2 * i - 1, axis=0) * Q), (2,)),
    "an operation selected by an input": (lambda i: ag.where(i > 1, 2 * w[0], 3 * w[1]) + 0, (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_equals_the_scalar_run(name: str) -> None:
    f, args = ZOO[name]
    lifted(f, *args)


def test_the_parameters_numbers_are_those_of_now() -> None:
    rolled = lifted(ZOO["both, several times"][0], X)
    for leaf, users in rolled.parameters:
        np.testing.assert_array_equal(leaf.data, users[0].data if users[0].shape else [p.data for p in users])
    assert sorted(leaf.label for leaf, _ in rolled.parameters) == ["P", "Q", "theta"]


def test_inputs_are_leaves_in_order_with_their_names() -> None:
    rolled = lifted(lambda a, b, c: sum(w[0] * s * t for s, t in zip(a, b, strict=True)) * c, x, np.array(x), 3.0)
    assert [(leaf.label, leaf.shape, leaf.op) for leaf in rolled.inputs] == [
        ("a", (6,), None),
        ("b", (6,), None),
        ("c", (), None),
    ]
    assert [np.ravel(leaf.data).tolist() for leaf in rolled.inputs] == [x, x, [3.0]]


def test_what_is_equal_is_computed_once() -> None:
    rolled = lifted(lambda X: sum(dot(w, X[k % 2]).tanh() for k in range(6)), X)
    (tanh,) = [node for node in ag.topological_order(rolled.root) if node.op is not None and node.op.name == "tanh"]
    assert tanh.shape == (2,)


def test_a_layers_arrays_have_their_names() -> None:
    b = parameters(4, "b")
    rolled = lifted(lambda X: sum((dot(r, t) + bi).tanh() for t in X for r, bi in zip(W, b, strict=True)), X)
    found = labelled(rolled)
    assert {"theta": (28,), "X": (5, 6), "W1": (4, 6), "b1": (4,), "Z1": (5, 4), "A1": (5, 4)}.items() <= found.items()


def test_guards_of_one_kind_are_one() -> None:
    rolled = lifted(lambda X: sum(w[0] * t if t > 0 else w[1] * t for t in X), x)
    (guard,) = rolled.guards
    assert guard.op == ">"
    assert np.asarray(guard.outcome).tolist() == [t > 0 for t in x]
    assert_holds(guard)


def test_guards_hold_no_longer_when_an_answer_changes() -> None:
    rolled = lifted(lambda X: sum(w[0] * t if t > 0 else w[1] * t for t in X), x)
    rolled.guards[0].left.data = -rolled.guards[0].left.data
    with pytest.raises(AssertionError):
        assert_holds(rolled.guards[0])


def test_selections_by_computed_positions() -> None:
    rolled = lifted(lambda i: ag.sum(ag.take(P, 2 * i - 1, axis=0) * Q), 2)
    ((node, chosen),) = rolled.selections.items()
    assert node.op is not None
    assert node.op.name == "take"
    assert chosen["indices"].data == 3
    assert rolled.inputs[0] in ag.topological_order(chosen["indices"])


def test_the_report_says_what_became_of_each_class() -> None:
    rolled = lifted(lambda X: sum(dot(r, t).tanh() for t in X for r in W), X)
    assert rolled.report == [
        "20 sums of 6 products: a matrix product, shape (5, 4)",
        "20 tanh: shape (5, 4)",
        "1 sum of 20 terms: shape ()",
    ]


def test_the_report_counts_gathers_and_holes() -> None:
    rolled = lifted(lambda X: sum((w[(k * k) % 6] * t).tanh() for k, t in enumerate(X)), x)
    assert "1 operands lie scattered: read by index arrays" in rolled.report
    rolled = lifted(lambda X: sum(dot(X[i], X[j]).tanh() for i in range(5) for j in range(i + 1)), X)
    assert "10 of them unused" in rolled.report[0]


def chain(n: int) -> Callable[..., Any]:
    def f(t: Any) -> Any:
        y = w[0]
        for _ in range(n):
            y = (y * t).tanh()
        return y

    return f


def test_a_chain_is_not_rolled() -> None:
    with pytest.raises(NotRolledError, match=r"20,00\d nodes in 20,00\d steps one after the other"):
        lift(trace(chain(10_000), (0.5,)))


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_100_000_is_refused_without_recursion() -> None:
    with pytest.raises(NotRolledError, match="too few at once"):
        lift(trace(chain(50_000), (0.5,)))


def test_a_short_chain_is() -> None:
    assert "tanh" in names(lifted(chain(20), 0.5))


def test_what_has_no_structure_runs_by_levels() -> None:
    steps = [Value.tanh, Value.exp, Value.sin]

    def f(t: Any) -> Any:
        results = []
        for k in range(3**6):
            v = w[k % 6] * t
            for digit in np.base_repr(k, 3).zfill(6):
                v = steps[int(digit)](v).tanh()
            results.append(v)
        return sum(results)

    rolled = lifted(f, 0.1)
    assert "by_levels" in names(rolled)
    assert "level by level" in rolled.report[0]


def test_one_example_of_array_code_makes_no_batch() -> None:
    with pytest.raises(NotRolledError, match="computes with arrays: give it the batch as an array"):
        lift(trace(lambda t: ag.sum(P @ t), (np.ones(6),)), Batch(3, ((3, 6),), (0,)), [np.ones((3, 6))])


@pytest.mark.parametrize("n", [200, 2000])
def test_as_many_array_operations_for_any_number_of_examples(n: int) -> None:
    def f(X: Any) -> Any:
        total = 0.0
        for k, t in enumerate(X):
            total = total - (w[2] * t[0] + w[3]).relu()
            if t[0] * w[5] > 0:
                total = w[k % 2] * t[1] + total
        return total

    assert len(ag.topological_order(lifted(f, data(n, 2)).root)) < 30
