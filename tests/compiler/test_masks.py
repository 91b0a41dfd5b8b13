"""Comparisons in a traced function: computed with they are numbers of the graph, asked they are guards."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, check_grads, vectorize
from autograd_lite.compiler.tracing.masks import Mask
from autograd_lite.compiler.tracing.tracing import trace
from autograd_lite.elementary import CHOOSE, EQUAL, GREATER, GREATER_EQUAL
from autograd_lite.recording import apply
from tests.compiler.test_program_targets import functions, numbers_for

w = Value(0.7, label="w")
A = Value(np.array([[0.1, -0.2], [0.3, 0.4], [0.5, -0.6]]), label="A")

COMPUTED = {
    "where": lambda X: ag.where(X > 0.2, w * X, 0.1 * X).sum(),
    "numpys where": lambda X: np.where(X > 0.2, w * X, 0.1).sum(),
    "where of numbers": lambda X: w * np.sum(np.where(X > 0.2, 1.0, -1.0)),
    "a factor": lambda X: ((X > 0.2) * X * w + X * (X <= 0.1) + (X < 0) / 2 - (X >= 0)).sum(),
    "of a parameter": lambda X: ag.where(ag.matmul(X, A) > A[0], ag.matmul(X, A), 0.0).sum() * w,
    "and, or, not": lambda X: (w * (((X > -1) & (X < 1)) | ~(X > -2)) * X).sum(),
    "numpys and, or, not": lambda X: (w * np.logical_or(np.logical_and(X > -1, X < 1), np.logical_not(X > -2))).sum(),
    "xor": lambda X: (w * ((X > 0) ^ (X > 0.5)) + (np.logical_xor(X > 0, X > 0.5))).sum(),
    "with bools": lambda X: (w * ((X > 0) & np.array([True, False, True])) * X).sum(),
    "accuracy": lambda X: w * ((ag.matmul(X, A)[:, 0] > 0) == (X[:, 0] > 0)).mean() + np.mean(X > 0),
    "count": lambda X: w * (X > 0).sum() + (X > 0).astype(float).sum() + np.sum(X > 1, axis=0)[0],
    "parts": lambda X: (w * (X > 0)[:, 1] * X[:, 0] * (X > 0)[0, 0]).sum() + w,
    "numpys comparison": lambda X: w * (np.greater(X, 0) * X).sum() + np.less_equal(X, 0.5).sum(),
    "not equal": lambda X: w * (X != 0.0).sum(),
    "added": lambda X: (((X > 0) + (X > 1)) * w + ((X > 0) * (X > 1))).sum(),
    "matrix product": lambda X: ((X > 0) @ A).sum(),
    "scalars": lambda X: sum(ag.where(w * a > b, a * w, b) for a, b, _ in X),
    "scalars as factors": lambda X: sum((a > b) * a * w + 2.0 * (a <= 0) for a, b, _ in X),
    "signs": lambda X: sum(-(a > b) * w + +(a < b) for a, b, _ in X.tolist()),
    "in no_grad": lambda X: _in_no_grad(X),
}


def _in_no_grad(X: Any) -> Any:
    with ag.no_grad():
        kept = (X > 0) * w
    return (kept * X * w).sum()


@pytest.mark.parametrize("name", COMPUTED)
def test_one_program_for_all_answers(name: str) -> None:
    f, rng = COMPUTED[name], np.random.default_rng(0)
    fast = vectorize(f)
    for _ in range(4):
        X = rng.normal(size=(4, 3))
        got, expected = fast(X), f(X)
        assert got.data == pytest.approx(expected.data, rel=1e-12)
        for p in (w, A):
            p.grad = None
            expected.backward()
            wanted, p.grad = p.grad, None
            got.backward()
            np.testing.assert_allclose(0.0 if p.grad is None else p.grad, 0.0 if wanted is None else wanted, rtol=1e-12)
    assert len(fast._cache) == 1


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("name", COMPUTED)
def test_other_libraries(target: str, name: str) -> None:
    pytest.importorskip(target)
    X = np.random.default_rng(1).normal(size=(4, 3))
    fast = vectorize(COMPUTED[name])
    fast(X)
    expected = fast.value_and_grad(fast.theta, X)
    value, gradient = functions(target, fast)["value_and_grad"](*numbers_for(target, fast.theta, X))
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(gradient), expected[1], rtol=1e-12, atol=1e-14)


ASKED = {
    "if": lambda X: w if X[0, 0] > 0 else 2.0 * w,
    "if any": lambda X: w if (X > 0).any() else 2.0 * w,
    "if all": lambda X: w if np.all(X > 0) else 2.0 * w,
    "a selection": lambda X: w * X[X > 0].sum(),
    "numpys array": lambda X: w * np.asarray(X > 0).argmax(),
    "one after the other": lambda X: w * sum(1 for row in (X > 0) for c in row if c),
    "int, float, index": lambda X: (
        w * (int(X[0, 0] > 0) + float(X[0, 1] > 0) + [5, 6][operator.index(bool(X[1, 0] > 0))])
    ),
    "a method of arrays": lambda X: w * (X > 0).nonzero()[0].sum(),
    "by name": lambda X: w * np.sum(np.ones(3), where=X[0] > 0) + np.sum(a=X > 0),
    "a function of NumPy": lambda X: w * np.count_nonzero(X > 0) + np.cumsum(X > 0)[-1],
    "and, not": lambda X: w if X[0, 0] > 0 and not X[0, 1] > 0 else 3.0 * w,
    "a chain": lambda X: w if -0.5 < X[0, 0] <= 0.5 else 3.0 * w,
    "equal": lambda X: w if (X[0, 0] > 0) == (X[0, 1] > 0) else 3.0 * w,
}


@pytest.mark.parametrize("name", ASKED)
def test_another_answer_is_traced_again(name: str) -> None:
    f, rng = ASKED[name], np.random.default_rng(0)
    fast = vectorize(f)
    batches = [rng.normal(size=(2, 3)) for _ in range(6)]
    for X in [*batches, np.abs(batches[0]), -np.abs(batches[0]), *batches]:
        got, expected = fast(X), f(X)
        assert got.data == pytest.approx(float(getattr(expected, "data", expected)), rel=1e-12)
    assert 1 < len(fast._cache) <= 8


def test_an_answer_is_asked_once() -> None:
    def f(x: Any) -> Any:
        positive = x > 0
        return x if positive and bool(positive) else -x

    assert len(trace(f, (1.0,)).guards) == 1


def test_what_it_is() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        mask = x > 1.5
        seen.extend([type(mask), mask.shape, mask.ndim, mask.size, mask.dtype, len(mask), mask.astype(bool) is mask])
        return x.sum()

    assert not trace(f, (np.array([1.0, 2.0]),)).guards
    assert seen == [Mask, (2,), 1, 2, np.dtype(bool), 2, True]


def test_an_answer_about_every_element_is_a_guard_without_a_detour() -> None:
    def f(x: Any) -> Any:
        assert not np.any((x < 0) | (x >= 4))
        assert ((x >= 0) & ~(x > 3)).all()
        assert (x > 2).any()
        assert not (x > 2).all()
        return x.sum()

    found = trace(f, (np.array([1.0, 3.0]),))
    assert [(g.op, np.shape(g.outcome)) for g in found.guards] == [
        ("<", (2,)), (">=", (2,)), (">=", (2,)), (">", (2,)), ("!=", ()), ("!=", ()),
    ]  # fmt: skip


def test_an_array_has_no_truth() -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        trace(lambda x: x.sum() if x > 0 else x, (np.array([1.0, 2.0]),))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_ties_and_nan(compare: Any) -> None:
    numbers = np.array([1.0, 2.0, 3.0, np.nan, np.inf])
    found = trace(lambda x: (w * ag.where(compare(x, 2.0), 1.0, 0.0) * [1.0, 2.0, 4.0, 8.0, 16.0]).sum(), (numbers,))
    assert found.root.data == pytest.approx(0.7 * (compare(numbers, 2.0) * [1, 2, 4, 8, 16]).sum())


@pytest.mark.parametrize("row", [GREATER, GREATER_EQUAL, EQUAL, CHOOSE])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_the_rows(row: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=shape) for _ in row.inputs]
    inputs = [float(x) if not shape else x for x in inputs]
    check_grads(lambda *xs: apply(row, xs), *inputs, must_pass=True)


def test_nobody_is_traced() -> None:
    assert (w > 0) is True
    assert type(A > 0) is np.ndarray
    assert (w != w) is False


BOOLS = {
    "not": lambda m, n: (B * ~m).sum(),
    "and": lambda m, n: (B * (m & n)).sum(),
    "or": lambda m, n: (B * (m | n)).sum(),
    "xor": lambda m, n: (B * (m ^ n)).sum(),
    "a part": lambda m, n: (B[1:] * (m[1:] & ~n[:2])).sum() + B[0] * ~m[0],
    "with a comparison": lambda m, n: (B * ((B > 1.5) & m | n & (B > 2.5))).sum(),
    "with bools": lambda m, n: (B * (m & np.array([True, True, False]) | False)).sum(),
    "a condition": lambda m, n: ag.where(~m, B, 0.1 * B).sum(),
    "another shape": lambda m, n: (B * ~m.reshape((3, 1)) * (n | ~m)).sum(),
    "chosen elements": lambda m, n: B[m].sum() + (B * n[m].sum()).sum(),
    "asked": lambda m, n: B.sum() if ~m[0] else B[0] * 2.0,
    "logical": lambda m, n: (B * np.logical_and(np.logical_not(m), np.logical_or(n, B > 1.5))).sum(),
    "logical, of a mask": lambda m, n: (B * np.logical_xor(B > 1.5, n) * np.logical_and(B > 0.5, B)).sum(),
    "counted": lambda m, n: (B * (np.count_nonzero(m) + np.count_nonzero(m & n))).sum(),
    "added as numbers": lambda m, n: (B * (m.astype(float) + n.astype(int) + (m * 1 + n))).sum(),
    "added as Python's": lambda m, n: (B * (m.tolist()[0] + n.tolist()[0])).sum(),
    "added to a mask": lambda m, n: (B * ((B > 1.5) + n)).sum(),
    "with ints 1 and 0": lambda m, n: (B * (m & n.astype(int)) * (m | np.array([1, 0, 1]))).sum(),
    "in other shapes": lambda m, n: (B * (m.reshape((3, 1)).ravel() & n)).sum(),
}
B = Value([1.0, 2.0, 3.0])
M, N = np.array([True, False, True]), np.array([True, True, False])


@pytest.mark.parametrize("name", BOOLS)
def test_bools_that_are_given_are_masks(name: str) -> None:
    f = BOOLS[name]
    cost = vectorize(f)
    for m, n in ((M, N), (N, ~M), (~M, N), (M, ~N), (M, N)):
        c, expected = cost(m, n), f(m, n)
        assert c.data == pytest.approx(expected.data, rel=1e-12)
        gradients = []
        for y in (c, expected):
            B.zero_grad()
            y.backward()
            gradients.append(B.grad)
        np.testing.assert_allclose(*gradients, rtol=1e-12)


@pytest.mark.parametrize("name", ["logical", "counted", "logical, of a mask"])
def test_what_two_calls_do_not_show(name: str) -> None:
    f, none = BOOLS[name], np.zeros(3, bool)
    cost = vectorize(f)
    for m, n in ((none, none), (none, none), (none, none), (M, N), (~M, N), (M, ~N)):
        assert cost(m, n).data == pytest.approx(f(m, n).data, rel=1e-12)


def test_an_int_that_was_a_bool_is_one_no_more() -> None:
    cost = vectorize(lambda m, n: (B * (m & n)).sum())
    for n in (np.array([1, 0, 1]), np.array([0, 0, 1]), np.array([1, 1, 1])):
        assert cost(M, n).data == (B.data * (M & n)).sum()
    with pytest.raises(TypeError, match="joined with a mask"):
        cost(M, np.array([2, 0, 1]))


def test_one_program_for_all_bools() -> None:
    cost = vectorize(lambda m, n: ag.where(~m & n, B, m | ~n).sum())
    for m, n in ((M, N), (N, ~M), (~M, N)):
        cost(m, n)
    assert repr(cost).endswith("1 program>")


def test_bools_of_one_example() -> None:
    cost = vectorize(lambda m, x: ag.where(~m, w * x, x), in_axes=0)
    for m in (M, N, ~M):
        x = np.array([1.0, 2.0, 3.0])
        assert cost(m, x).data == pytest.approx(np.mean(np.where(~m, w.data * x, x)), rel=1e-12)


def test_ints_are_inverted_as_ints() -> None:
    cost = vectorize(lambda n, k: (w * ~n).sum() + w * ~k)
    for n in (np.array([0, 1, 5]), np.array([-3, 2, 1])):
        assert cost(n, 4).data == pytest.approx(w.data * ((~n).sum() + ~4), rel=1e-12)


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda m, n, x: (w * ~x).sum(), r"^~ of Value.*only what was given as ints or bools has it; .* ~\(v > 0\)"),
        (lambda m, n, x: (w * (n & 1)).sum(), r"^& of an array of ints: .*hand in the result.*\(m != 0\) & \(n != 0\)"),
        (lambda m, n, x: (w * (m | n)).sum(), r"joined with a mask by &, \| or \^, .* write \(n != 0\)"),
        (lambda m, n, x: (w * ((x > 1) ^ 2)).sum(), r"^2 is joined with a mask by"),
        (lambda m, n, x: (w * (m + m[::-1])).sum(), r"^add of bools .* write m \| n, or to count m\.astype\(float\)"),
        (lambda m, n, x: (w * (m + (x > 1))).sum(), r"^add of bools that were given"),
        (lambda m, n, x: w * (m @ (x > 1)), r"^matmul of bools that were given"),
        (lambda m, n, x: w * (m @ m), r"^matmul of bools that were given"),
        (lambda m, n, x: w * ((x > 1) @ m), r"^@ of two arrays of bools gives bools"),
        (lambda m, n, x: w * np.arange(3.0)[m].sum(), r"autograd_lite\.where\(mask, table, 0\.0\)"),
    ],
)
def test_refusals_say_what_to_do(f: Any, what: str) -> None:
    with pytest.raises((TypeError, IndexError), match=what):
        vectorize(f)(M, np.array([1, 2, 3]), np.array([0.5, 1.5, 2.5]))


def test_values_have_no_inverse_elsewhere() -> None:
    with pytest.raises(TypeError, match="bad operand type for unary ~: 'Value'"):
        _ = ~w
