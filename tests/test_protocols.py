"""NumPy's names on Values: served by the table, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import TABLE, Value


def test_every_name_is_a_function_and_a_method() -> None:
    from autograd_lite.functions import INTERNAL

    for row in TABLE.values():
        if row.name not in INTERNAL:
            for name in (row.name, *row.aliases):
                assert callable(getattr(ag, name)), name
                assert callable(getattr(Value, name)), name


@pytest.mark.parametrize(
    "call",
    [
        lambda v: np.sum(v, axis=1, keepdims=True),
        lambda v: np.sum(v, 1),
        lambda v: np.mean(v, axis=0),
        lambda v: np.max(v),
        lambda v: np.amin(v, axis=1),
        lambda v: np.var(v, ddof=1),
        lambda v: np.std(v, axis=0),
        lambda v: np.dot(v.T, v),
        lambda v: np.dot(np.ones((1, 2)), v),
        lambda v: np.linalg.norm(v),
        lambda v: np.linalg.norm(v, axis=1),
        lambda v: np.clip(v, 0.2, None),
        lambda v: np.clip(v, a_min=None, a_max=0.5),
        lambda v: np.clip(v, min=0.1, max=0.5),
        lambda v: np.where(np.ones((2, 3)) > 0, v, 0.0),
        lambda v: np.concatenate([v, np.ones((1, 3))]),
        lambda v: np.stack([v, v], axis=1),
        lambda v: np.einsum("ij->ji", v),
        lambda v: np.take(v, [0, 0, 1], axis=1),
        lambda v: np.transpose(v, (1, 0)),
        lambda v: np.reshape(v, (3, 2)),
        lambda v: np.reshape(v, -1),
        lambda v: np.ravel(v),
        lambda v: np.squeeze(v[:1]),
        lambda v: np.expand_dims(v, 0),
        lambda v: np.broadcast_to(v, (4, 2, 3)),
        lambda v: np.outer(v, [1.0, 2.0]),
        lambda v: np.cumsum(v, axis=1),
        lambda v: np.prod(v, axis=0),
        lambda v: np.add.reduce(v),
        lambda v: np.maximum.reduce(v, axis=1),
        lambda v: np.matmul(v.T, v),
        lambda v: np.hypot(v, 1.0),
        lambda v: np.arctan2(v, 2.0),
        lambda v: np.abs(v),
        lambda v: np.divide(1.0, v),
    ],
)
def test_numpy_calls(call: Callable[[Any], Any]) -> None:
    data = np.array([[0.1, 0.6, 0.3], [0.9, 0.2, 0.5]])
    y = call(Value(data))
    assert type(y) is Value
    np.testing.assert_allclose(y.data, call(data), rtol=1e-14)
    ag.check_grads(call, data, must_pass=True)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda v: np.floor(v), "np.floor"),
        (lambda v: np.linalg.inv(v), "np.inv"),
        (lambda v: np.sort(v), "np.sort"),
        (lambda v: np.median(v), "np.median"),
        (lambda v: np.fft.fft(v), "np.fft"),
        (lambda v: np.multiply.outer(v, v), "np.multiply.outer"),
        (lambda v: np.add.accumulate(v), "np.add.accumulate"),
        (lambda v: np.mod(v, 2.0), "np.remainder"),
        (lambda v: np.vstack([v, v]), "np.vstack"),
        (lambda v: np.sum(v, dtype=float), "np.sum"),
        (lambda v: np.exp(v, where=False), "np.exp"),
        (lambda v: np.full_like(v, v[0, 0]), "np.full_like"),
    ],
)
def test_what_is_not_supported_says_so_by_name(call: Callable[[Any], Any], name: str) -> None:
    with pytest.raises(TypeError, match=name):
        call(Value(np.eye(2)))


def test_advice() -> None:
    with pytest.raises(TypeError, match="concatenate"):
        np.vstack([Value([1.0]), Value([2.0])])
    with pytest.raises(TypeError, match="primitive"):
        np.median(Value([1.0]))


def test_no_writing_into_arrays() -> None:
    a = np.ones(2)
    with pytest.raises(TypeError, match="a = a \\+ v"):
        a += Value(1.0)
    with pytest.raises(TypeError, match="out="):
        np.add(Value(1.0), 1.0, out=a)


def test_questions_about_the_number() -> None:
    v = Value([[1.0, np.nan], [3.0, 4.0]])
    assert np.shape(v) == (2, 2)
    assert np.ndim(v) == 2
    assert np.isnan(v).tolist() == [[False, True], [False, False]]
    assert np.argmax(v[1]) == 1
    assert np.zeros_like(v).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert np.allclose(Value([1.0]), [1.0])
    assert np.array_equal(Value([1.0]), Value([1.0]))


def test_plain_numbers_stay_plain() -> None:
    assert ag.tanh(0.5) == np.tanh(0.5)
    assert type(ag.tanh(0.5)) is float
    assert isinstance(ag.exp([0.0, 1.0]), np.ndarray)
    assert ag.where(True, 1.0, 2.0) == 1.0
