"""What a traced function does with its arguments as the ints and arrays that they are where nobody traces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, vectorize
from autograd_lite.compiler.tracing.tracing import trace

w = Value(0.7, label="w")
A = Value(np.array([[0.1, -0.2], [0.3, 0.4], [0.5, 0.6]]), label="A")


def whole(rng: Any) -> tuple[int]:
    return (int(rng.integers(1, 7)),)


def matrix(rng: Any) -> tuple[Any]:
    return (rng.normal(size=(4, 3)),)


def row(rng: Any) -> tuple[Any]:
    return (rng.normal(size=3),)


def labels(rng: Any) -> tuple[Any]:
    return (rng.integers(0, 6, size=5),)


ONE_PROGRAM = {
    "mod": (lambda i: w * (i % 3) + 7 % i, whole),
    "floor division": (lambda i: w * (i // 2) + 7 // i, whole),
    "divmod": (lambda i: w * sum(divmod(i, 4)) + divmod(9, i)[0], whole),
    "negative": (lambda i: w * (-i // 4) + -i % 4, whole),
    "round": (lambda i: w * round(i) + round(i, 2), whole),
    "NumPy's ints": (lambda i: w * (np.int64(17) % i) + np.int64(17) // i, whole),
    "of arrays": (lambda y: (w * (y % 2) * (y // 3)).sum() + A[y % 3].sum(), labels),
    "of lists": (lambda y: sum(w * (k % 2) for k in y), lambda rng: ([int(k) for k in rng.integers(1, 9, size=5)],)),
    "a position": (lambda x, i: w * x[i % 3], lambda rng: (*row(rng), *whole(rng))),
    "copy": (lambda x: w * x.copy().sum() + np.copy(x).sum(), matrix),
    "tolist": (lambda x: w * sum(map(sum, x.tolist())), matrix),
    "astype": (lambda x: w * x.astype(float).sum() + np.sum(x.astype(bool)), matrix),
    "ints as ints": (lambda y: w * y.astype(int).sum(), labels),
    "its shape": (lambda x: w * len(x) * x.shape[1] * x.ndim * x.size, matrix),
    "flat": (lambda x: w * x.flatten().sum() + sum(x.flat), matrix),
    "swapaxes": (lambda x: (w * x.swapaxes(0, 1) * np.arange(4)).sum() + np.swapaxes(x, 0, 1)[0, 0], matrix),
    "enumerate": (lambda x: sum(i * w * a for i, r in enumerate(x) for a in r), matrix),
    "asarray": (lambda x: (w * np.asarray(x)).sum(), matrix),
    "asarray of a list": (lambda x: (w * np.array(x)).sum(), lambda rng: (rng.normal(size=(4, 3)).tolist(),)),
    "products of an array": (lambda x: (np.asarray(x) @ A).sum() + np.dot(np.ones(4), x).sum(), matrix),
    "any": (lambda x: w if x.any() and np.any(x) and not np.all(x > 9.0) else 2.0 * w, matrix),
    "nan, inf": (lambda x: w * (np.isnan(x) | np.isinf(x) | ~np.isfinite(x)).sum() + w, matrix),
}

GUARDED = {
    "int": (lambda i: w * int(i) + float(i) + math.sqrt(i), whole),
    "bits": (lambda i: w * (i & 3) + (i | 1) + (i ^ 2) + (i << 1) + (i >> 1) + (1 & i), whole),
    "even": (lambda i: w if i % 2 == 0 else 3.0 * w, whole),
    "a chain": (lambda i: w if 1 < i <= 4 else 2.0 * w, whole),
    "range": (lambda n: sum(w * k for k in range(n)), whole),
    "a slice": (lambda x, n: w * x[: n % 3 + 1].sum() + x[n % 3 :, None].sum(), lambda rng: (*row(rng), *whole(rng))),
    "a shape": (lambda n: w * np.ones((n, 2)).sum() + np.arange(n).sum(), whole),
    "argmax": (lambda x: w * x.argmax() + np.argmin(x), row),
    "argmax along an axis": (lambda x: (w * x.argmax(axis=1)).sum() + np.argmax(x, axis=0)[0], matrix),
    "argsort": (lambda x: w * x[np.argsort(x)][0] + x.argsort()[0], row),
    "sort": (lambda x: (w * np.sort(x) * [1.0, 2.0, 4.0]).sum(), row),
    "sort all": (lambda x: np.sort(x, axis=None)[0] * w + np.sort(x, axis=0)[0, 0], matrix),
    "nonzero": (lambda y: w * np.nonzero(y)[0].sum() + len(y.nonzero()[0]), labels),
}


@pytest.mark.parametrize("name", [*ONE_PROGRAM, *GUARDED])
@pytest.mark.filterwarnings("ignore:.*different ways through its branches")
def test_equals_the_function_on_new_numbers(name: str) -> None:
    (f, draw), rng = {**ONE_PROGRAM, **GUARDED}[name], np.random.default_rng(0)
    fast = vectorize(f)
    for _ in range(12):
        args = draw(rng)
        got, expected = fast(*args), f(*args)
        assert got.data == pytest.approx(expected.data, rel=1e-12)
    assert "left the graph" not in fast.report()
    assert len(fast._cache) == 1 if name in ONE_PROGRAM else len(fast._cache) > 1


NAN = math.nan
NANS = [[1.0, 2.0, 3.0], [NAN, 2.0, 3.0], [NAN, 3.0, 2.0], [1.0, NAN, 3.0], [1.0, 2.0, NAN], [NAN, NAN, 4.0]]


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize(
    "f",
    [
        lambda x: w * sum(1 for k in x if k == k),
        lambda x: w * sum(0 if k != k else 1 for k in x),
        lambda x: w * (x == x).sum() + (x != x).sum(),
        lambda x: w * x.argmax() + x.argmin(),
    ],
    ids=["==", "!=", "of arrays", "argmax"],
)
def test_nan_is_not_equal_to_itself(f: Any, first: int) -> None:
    fast = vectorize(f)
    for x in (NANS[first], *NANS):
        assert fast(np.array(x)).data == f(np.array(x)).data


@pytest.mark.parametrize("made", [int, lambda i: np.array([2, i])], ids=["int", "array"])
@pytest.mark.parametrize("f", [lambda i: (w * (7 // i)).sum(), lambda i: (w * (7 % i)).sum()], ids=["//", "%"])
def test_no_program_divides_by_zero(f: Any, made: Any) -> None:
    fast = vectorize(f)
    for i in (2, 3, 5):
        assert fast(made(i)).data == f(made(i)).data
    with pytest.raises(ZeroDivisionError, match="by zero"):
        fast(made(0))


def test_arrays_come_by_name_too() -> None:
    fast = vectorize(lambda x: w * np.copy(a=x).sum() + np.argmax(a=x) + np.any(a=x > 2.5))
    for x in ([1.0, 2.0, 3.0], [2.0, 1.0, 0.0], [1.0, 5.0, 3.0]):
        assert fast(np.array(x)).data == pytest.approx(0.7 * sum(x) + np.argmax(x) + (max(x) > 2.5))
    assert "left the graph" not in fast.report()


def test_ties_are_seen() -> None:
    fast = vectorize(lambda x: w * x.argmax() + np.argsort(x, kind="stable")[0])
    for x in ([1.0, 2.0, 2.0], [1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [3.0, 3.0, 3.0], [3.0, 3.0, 4.0], [4.0, 3.0, 3.0]):
        a = np.array(x)
        assert fast(a).data == pytest.approx(0.7 * a.argmax() + np.argsort(a, kind="stable")[0])


@pytest.mark.parametrize(
    ("f", "args", "error", "message"),
    [
        (lambda x: w * (x % 2.0), (1.5,), TypeError, "% of Value.*only numbers that were given as ints have it"),
        (lambda x: w * int(x), (1.5,), TypeError, r"int\(v\) of Value.*the numbers of its arguments are not known"),
        (lambda x: w * math.exp(x), (1.5,), TypeError, r"the math module, of Value.*v\.exp\(\)"),
        (lambda i: w // i, (2,), TypeError, "// of Value.*given as ints"),
        (lambda i: w * (3 % i), (0,), ZeroDivisionError, "% by zero"),
        (lambda i: w * (i % "a"), (2,), TypeError, "unsupported operand"),
        (lambda x: w * x.astype(int).sum(), (np.ones(2),), TypeError, "nothing rounds them; hand in the ints"),
        (lambda x: w * np.asarray(x, float).sum(), (np.ones(2),), TypeError, r"np.asarray\(x\) without a dtype"),
        (lambda x: w * x.repeat(2).sum(), (np.ones(2),), AttributeError, "repeat is not among their methods"),
        (lambda x: {1.4: w}[w * x], (2.0,), KeyError, "a dict is asked by a number that was given"),
        (lambda i: w * np.eye(4)[i].sum(), (np.array([1, 2]),), IndexError, r"autograd_lite.take\(table, i, axis=0\)"),
        (lambda x: w * _filled(x).sum(), (np.ones(2),), ValueError, r"an array of floats cannot hold them; use a list"),
        (lambda x: np.asarray(A).sum() * x, (1.5,), TypeError, "would leave the graph"),
    ],
)
def test_what_cannot_be_says_what_to_write(f: Any, args: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        trace(f, args)


def _filled(x: Any) -> Any:
    out = np.zeros(2)
    out[0] = x[0]
    return out


@pytest.mark.parametrize("name", ["copy", "tolist", "astype", "argmax", "any", "flat"])
def test_values_have_no_such_attributes_where_nobody_traces(name: str) -> None:
    assert not hasattr(A, name)
    with pytest.raises(AttributeError, match=f"'Value' object has no attribute '{name}'"):
        getattr(A, name)
    with pytest.raises(TypeError, match="unsupported operand"):
        w % 2


def test_parameters_have_them_inside() -> None:
    def f(x: Any) -> Any:
        return ag.take(A, int(np.argmax(A[:, 0])), axis=0).sum() * x

    fast, before = vectorize(f), A.data
    try:
        for numbers in (before, before[::-1], before):
            A.data = numbers
            assert fast(1.0).data == pytest.approx(f(1.0).data)
        assert len(fast._cache) == 2
    finally:
        A.data = before
