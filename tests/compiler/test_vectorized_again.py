"""Calls like the last one take the shortest way; what comes next is computed as the function computes it."""

from __future__ import annotations

import contextvars
import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, VectorizeError, vectorize
from autograd_lite.compiler.front import vectorized
from autograd_lite.compiler.front.again import Again

RNG = np.random.default_rng(3)


def make() -> tuple[Any, Any, Value]:
    w = Value(RNG.normal(size=3), "w")

    def f(rows: Any, ys: Any) -> Any:
        return ((rows @ w - ys) ** 2).mean()

    cost = vectorize(f)
    for _ in range(4):  # compared with the function, in all parts; from then on nothing is
        cost.value_and_grad(RNG.normal(size=3), RNG.normal(size=(3, 3)), RNG.normal(size=3))
    assert cost._again is not None
    return cost, f, w


def agrees(cost: Any, f: Any, w: Value, theta: Any, *args: Any) -> None:
    value, gradient = cost.value_and_grad(theta, *args)
    before, w.data = w.data, theta
    w.zero_grad()
    y = f(*args)
    y.backward()
    assert value == pytest.approx(y.data, rel=1e-10)
    np.testing.assert_allclose(gradient, w.grad, rtol=1e-10)
    assert gradient.dtype == float
    w.data = before


X, Y = RNG.normal(size=(3, 3)), RNG.normal(size=3)
FORMS = {
    "float64": (X, Y),
    "float32": (X.astype(np.float32), Y.astype(np.float32)),
    "ints": (np.arange(9).reshape(3, 3), np.arange(3)),
    "one int": (X, np.arange(3)),
    "fortran": (np.asfortranarray(X), Y),
    "strided": (RNG.normal(size=(6, 9))[::2, ::-3], RNG.normal(size=6)[::2]),
    "transposed": (X.T, Y),
    "one array, twice": (X, X[0]),
    "read-only": (np.broadcast_to(1.5, (3, 3)), Y),
    "big-endian": (X.astype(">f8"), Y),
    "lists": (X.tolist(), Y.tolist()),
    "another shape": (RNG.normal(size=(5, 3)), RNG.normal(size=5)),
    "broadcast": (X, np.array([2.0])),
    "no axes": (X, np.array(2.0)),
    "a number": (X, 2.0),
}


@pytest.mark.parametrize("form", FORMS)
def test_arguments_in_any_form_in_between(form: str) -> None:
    cost, f, w = make()
    for args in (FORMS[form], (X, Y), FORMS[form], FORMS[form], (X + 1.0, Y)):
        agrees(cost, f, w, RNG.normal(size=3), *args)


def test_arrays_that_are_changed_in_place() -> None:
    cost, f, w = make()
    x, y, theta = X.copy(), Y.copy(), np.ones(3)
    for _ in range(3):
        agrees(cost, f, w, theta, x, y)
        x[1] += 0.5
        y *= 2.0
        theta -= 0.25


def test_keywords_and_other_thetas() -> None:
    cost, _, w = make()
    theta = np.ones(3)
    value, gradient = cost.value_and_grad(theta, X, Y)
    for other in (theta.tolist(), Value(theta), theta.astype(np.float32), np.ones(6)[::2]):
        again, g = cost.value_and_grad(other, X, Y)
        assert again == value
        np.testing.assert_array_equal(g, gradient)
    assert cost.value_and_grad(theta, X, ys=Y)[0] == pytest.approx(value, rel=1e-12)
    with pytest.raises(ValueError, match="theta has shape"):
        cost.value_and_grad(np.ones(4), X, Y)
    kept = gradient.copy()
    gradient += 1.0  # it is the caller's
    np.testing.assert_array_equal(cost.value_and_grad(theta, X, Y)[1], kept)
    cost.write_back()
    np.testing.assert_array_equal(w.data, theta)


def test_another_way_through_the_function() -> None:
    w = Value(2.0)
    runs = []

    def f(xs: Any) -> Any:
        runs.append(1)
        s = (w * xs).sum()
        return s * s if s > 0.0 else -3.0 * s

    cost = vectorize(f)
    x = np.array([1.0, 2.0, 3.0])
    for k in range(12):
        for sign in (1.0, -1.0):
            cost.value_and_grad([1.0 + k], sign * x * (k + 1))
    runs.clear()
    for k in (1.0, -1.0, 1.0, -1.0, -1.0, 1.0):
        s = 12.0 * k
        value, gradient = cost.value_and_grad(np.array([2.0]), k * x)
        assert value == pytest.approx(s * s if k > 0 else -3 * s)
        assert gradient[0] == pytest.approx(s * s if k > 0 else -3 * s / 2)
    assert not runs
    assert len(cost._cache) == 2


def test_a_way_that_meets_new_parameters() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])

    def f(xs: Any) -> Any:
        y = (a * xs).sum()
        return y if y < 100.0 else y + (b * b).sum()

    cost = vectorize(f)
    x = np.ones(2)
    for k in range(4):
        assert cost.value_and_grad(np.ones(2) + k, x + k)[0] == pytest.approx(2 * (1 + k) ** 2)
    with pytest.raises(ValueError, match="start from the property theta"):  # the new way has more parameters
        cost.value_and_grad(np.ones(2) * 100, x)
    with pytest.raises(ValueError, match="theta has shape"):
        cost.value_and_grad(np.ones(2), x)
    value, gradient = cost.value_and_grad(np.ones(4), x)
    assert value == 2.0
    np.testing.assert_array_equal(gradient, [1.0, 1.0, 0.0, 0.0])


def test_nan_is_answered_by_the_functions_own_rules() -> None:
    w = Value([1.0, 2.0])
    cost = vectorize(lambda xs: (ag.sqrt(w) * xs).sum())
    x = np.array([1.0, 4.0])
    for k in range(4):
        cost.value_and_grad(np.ones(2) + k, x + k)
    value, gradient = cost.value_and_grad(np.array([0.0, 4.0]), np.array([0.0, 4.0]))  # 0 * inf, and 0 is strong
    assert value == 8.0
    np.testing.assert_array_equal(gradient, [0.0, 1.0])


def test_threads_with_arguments_of_their_own() -> None:
    cost, *_ = make()
    calls = [(RNG.normal(size=3), RNG.normal(size=(n, 3)), RNG.normal(size=n)) for n in (3, 3, 5, 5)]
    expected = [cost.value_and_grad(*call) for call in calls]
    wrong: list[Any] = []

    def run(k: int) -> None:
        for _ in range(200):
            value, gradient = cost.value_and_grad(*calls[k])
            if value != expected[k][0] or not np.array_equal(gradient, expected[k][1]):
                wrong.append(k)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_trace_waits_while_the_values_hold_another_threads_theta() -> None:
    w, seen = Value(2.0), []

    def f(X: Any) -> Any:
        seen.append(w.data)
        return (w * X).sum() ** 2

    fast = vectorize(f)
    fast(np.ones(2))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(fast.value_and_grad(np.array([3.0]), np.ones(3))))
    with fast._cache.lock, fast._cache.flat.holding(np.array([5.0]), ()):
        thread.start()
        thread.join(0.2)
    thread.join()
    assert 5.0 not in seen
    assert found[0][0] == 81.0


def gather() -> tuple[Any, Value]:
    table = Value(RNG.normal(size=5), "table")
    cost = vectorize(lambda ids, on: (ag.take(table, ids) ** 2 * on).sum())
    for k in range(5):
        cost.value_and_grad(RNG.normal(size=5), (np.arange(4) + k) % 5, np.arange(4) > k - 2)
    return cost, table


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_ints_and_bools_take_the_short_way(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cost, _ = gather()
    theta, on = np.arange(1.0, 6.0), np.array([True, False, True, True])
    for _ in range(2):
        cost.value_and_grad(theta, np.zeros(4, dtype), on)
    with monkeypatch.context() as patched:
        patched.setattr(vectorized, "given", None)
        for ids in ([0, 1, 2, 3], [4, 4, 4, 0], [1, 1, 1, 1]):
            value, gradient = cost.value_and_grad(theta, np.array(ids, dtype), on)
            assert value == sum(theta[i] ** 2 for i, counts in zip(ids, on, strict=True) if counts)
            expected = np.bincount(ids, on, 5) * 2 * theta
            np.testing.assert_array_equal(gradient, expected)


def test_ints_of_another_dtype_are_others() -> None:
    w = Value([1.0, 2.0])
    cost = vectorize(lambda ns: (w * ns).sum())
    theta = np.ones(2)
    for ns in (np.array([1, 2]), np.array([300, 2]), np.array([300, 2])):
        assert cost.value_and_grad(theta, ns)[0] == ns.sum()
    assert cost.value_and_grad(theta, np.array([300, 2]).astype(np.uint8))[0] == 46
    assert cost.value_and_grad(theta, np.array([2**53, 0]))[0] == 2.0**53
    with pytest.raises(ValueError, match=r"holds ints exactly only up to 2\*\*53"):
        cost.value_and_grad(theta, np.array([2**53 + 1, 0]))


def test_what_has_not_changed_yet_is_compared_when_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = contextvars.ContextVar("rate", default=1.0)
    w = Value([1.0, 2.0, 3.0])
    cost = vectorize(lambda X, n: (X @ w).sum() * n.sum() * rate.get())
    X, n = np.arange(6.0).reshape(3, 2).T, np.array([1, 2])
    for k in range(3):
        cost.value_and_grad(np.ones(3) + k, X, n)
    with monkeypatch.context() as patched:
        patched.setattr(vectorized, "given", None)
        assert cost.value_and_grad(np.ones(3), X, n)[0] == 45.0
        assert cost.value_and_grad(np.ones(3), np.ascontiguousarray(X), n.copy())[0] == 45.0
    rate.set(2.0)  # nobody can see that, but in a comparison
    for args in ((X + 1.0, n), (X, n + 1)):
        with pytest.raises(VectorizeError):
            cost.value_and_grad(np.ones(3), *args)


def test_arrays_of_values_are_parameters() -> None:
    cells, n = np.array([Value(1.0), Value(2.0)], dtype=object), np.array([1.0, 3.0])
    cost = vectorize(lambda xs, n: sum(x * k for x, k in zip(xs, n, strict=True)))
    for k in range(5):
        value, gradient = cost.value_and_grad(np.array([2.0, 5.0]), cells, n + k)
        assert value == 17.0 + 7 * k
        np.testing.assert_array_equal(gradient, n + k)


def test_arguments_are_let_go_without_the_collector() -> None:
    w = Value([1.0, 2.0, 3.0])
    cost = vectorize(lambda X: ((X @ w) ** 2).sum())
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):
            for n in (3, 4):
                arrays = [np.ones((n, 3)) for _ in range(6)]
                alive = [weakref.ref(x) for x in arrays]
                for x in arrays:
                    cost.value_and_grad(np.ones(3), x)
        del arrays, x
        cost.value_and_grad(np.ones(3), np.ones((3, 3)))
        assert not any(x() is not None for x in alive)
    finally:
        gc.enable()


def test_calls_that_take_turns_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cost, f, w = make()
    others = RNG.normal(size=(5, 3)), RNG.normal(size=5)
    for _ in range(4):
        cost.value_and_grad(np.ones(3), *others)
    monkeypatch.setattr(Again, "_get_ready", None)
    for _ in range(4):
        agrees(cost, f, w, RNG.normal(size=3), X, Y)
        agrees(cost, f, w, RNG.normal(size=3), *others)
