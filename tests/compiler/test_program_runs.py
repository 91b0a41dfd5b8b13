"""How a program is run: in which context, in which memory."""

from __future__ import annotations

import contextvars
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.programs.program import GuardBroken, Program
from autograd_lite.compiler.programs.running import memory, running
from tests.compiler.test_program import Guard


def test_primitives_see_the_callers_context(table_as_before: None) -> None:
    factor = contextvars.ContextVar("factor", default=1.0)

    @ag.primitive(vjp=(lambda g, y, x: g * factor.get(),), name="scaled_by_context")
    def scaled(x: Any) -> Any:
        return float(x) * factor.get()

    x = Value(2.0)
    program = Program(scaled(x) * 1.0, [x])
    factor.set(3.0)
    assert program.value(np.array([2.0])) == 6.0
    assert program.value_and_grad(np.array([2.0])) == (6.0, [3.0])


@pytest.mark.parametrize("state", ["raise", "warn"])
def test_programs_do_not_warn_and_leave_the_callers_errstate(state: Any) -> None:
    x = Value([1.0, 2.0])
    program = Program(ag.sum(ag.exp(x) / x), [x])
    with np.errstate(all=state):
        for _ in range(2):
            assert program.value(np.array([1000.0, 0.0])) == np.inf
            assert program.value_and_grad(np.array([1000.0, 0.0]))[0] == np.inf
            assert set(np.geterr().values()) == {state}


def test_a_guard_that_breaks_leaves_the_program_as_it_was() -> None:
    x = Value([1.0, 2.0])
    program = Program(ag.sum(x * x), [x], [], [Guard("<", ag.sum(x), 10.0, True)])
    for _ in range(3):
        with pytest.raises(GuardBroken):
            program.value_and_grad(np.array([9.0, 9.0]))
        assert program.value_and_grad(np.array([1.0, 3.0]))[0] == 10.0


@pytest.mark.parametrize(
    ("shape", "dtype"), [(7, float), ((3, 5), float), ((2, 0, 3), float), ((), float), ((4, 9), bool)]
)
def test_memory_begins_at_a_cache_line(shape: Any, dtype: Any) -> None:
    kept = []
    for _ in range(20):
        kept.append(memory(shape, dtype))
        expected = np.zeros(shape, dtype)
        assert not expected.size or kept[-1].__array_interface__["data"][0] % 64 == 0
        assert (kept[-1].shape, kept[-1].dtype) == (expected.shape, expected.dtype)
        assert kept[-1].flags.c_contiguous
        assert not kept[-1].any()
        kept[-1].fill(1)


def test_a_programs_arrays_begin_at_cache_lines() -> None:
    W = Value(np.ones((5, 7)))
    for _ in range(10):
        program = Program(ag.sum(ag.tanh(W)), [W])
        arrays = [
            x for x in program.run.args[0].__globals__.values() if isinstance(x, np.ndarray) and x.base is not None
        ]
        assert len(arrays) > 2
        assert {x.__array_interface__["data"][0] % 64 for x in arrays} == {0}


NUMBERS = [0.0, -0.5, 1e-05, -1e300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 12345678.0, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_beside_arrays_are_made_arrays_once(number: float) -> None:
    x = Value(np.array([0.5, 2.0, -3.0]))
    with np.errstate(all="ignore"):
        program = Program(ag.maximum(x, number) * 0.75, [x])
        np.testing.assert_array_equal(program.value(x.data), np.maximum(x.data, number) * 0.75)
    text, given = running(program.source)
    numbers = [float(y) for name, y in given.items() if name != "memory"]
    assert numbers == ([number, 0.75] if np.isfinite(number) else [0.75])
    assert len(text.splitlines()) == len(program.source.splitlines())


def test_what_is_no_number_beside_arrays_stays() -> None:
    lines = [
        "Z = np.empty((2, 3), bool)",
        "T1e5 = Z[0:2].reshape(1, 2)",
        "def f(x):",
        "    np.add.reduce(T1, axis=0, out=T2)",
        "    np.multiply(T1e5, x1, out=T2)",
        "    T2[..., 0:2] = 1.5",
        "    y = x * 0.5",
    ]
    text, given = running("\n".join(lines))
    assert text.splitlines()[1:] == lines[1:]
    assert list(given) == ["memory"]


def test_labels_like_the_names_of_numbers() -> None:
    x = Value([1.0, 2.0], label="_0")
    y = x * 0.5
    y.label = "__1"
    program = Program(ag.sum(ag.exp(y) * 0.25), [x])
    assert program.value_and_grad(np.array([0.0, 0.0]))[0] == 0.5


@pytest.mark.parametrize("label", ["memory", "fitted", "CONSTANTS", "np"])
def test_labels_do_not_hide_what_a_program_is_given(label: str, own_operation: Any) -> None:
    w, x = Value([1.0, 2.0], label="w"), Value([3.0, 4.0], label="x")
    product = w * x
    product.label = label
    program = Program(ag.sum(own_operation(product) + np.linspace(0.0, 1.0, 100)[:, None]), [w], [x])
    zero = np.zeros(2)
    assert program.value(zero, x.data) == pytest.approx(-200.0 + 100.0)
    assert program.value_and_grad(zero, x.data)[1].tolist() == [300.0, 400.0]
