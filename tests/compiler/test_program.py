"""`Program` against the engine itself: every row of the table, and what graphs are made of."""

from __future__ import annotations

import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.programs.program import GuardBroken, Program
from autograd_lite.operation import Operation, Trial
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, called, elementwise_inputs, trial_inputs, trial_name


def flat(leaves: list[Value]) -> Any:
    return np.concatenate([np.ravel(p.data) for p in leaves]) if leaves else np.zeros(0)


def same_as_engine(root: Value, leaves: list[Value], inputs: list[Value] = [], to: float = 1e-12) -> Program:  # noqa: B006
    """The program's value and gradient are those of the graph, at every call."""
    program = Program(root, leaves, inputs)
    for x in leaves:
        x.zero_grad()
    root.backward()
    expected = np.concatenate([np.ravel(np.zeros(p.shape) if p.grad is None else p.grad) for p in leaves])
    numbers = [x.data for x in inputs]
    for _ in range(2):
        value, gradient = program.value_and_grad(flat(leaves), *numbers)
        assert isinstance(value, float)
        np.testing.assert_allclose(value, root.item(), rtol=to, atol=to, err_msg=program.source)
        scale = max(
            1.0, np.max(np.abs(expected), initial=0.0)
        )  # sums are reassociated: what cancels is as exact as that
        np.testing.assert_allclose(gradient, expected, rtol=to, atol=to * scale, err_msg=program.source)
        np.testing.assert_allclose(program.value(flat(leaves), *numbers), root.item(), rtol=to, atol=to)
    return program


def weighted(y: Any) -> Any:
    """A scalar that depends on every element of y in another way."""
    weights = np.sin(np.arange(1.0, y.size + 1)).reshape(y.shape)
    return ag.sum(y * weights) if y.shape else y * 1.5


@pytest.mark.parametrize("row", ELEMENTWISE, ids=trial_name)
@settings(max_examples=8)
@given(data=st.data())
def test_elementwise_row(row: Operation, data: st.DataObject) -> None:
    leaves = [Value(x) for x in data.draw(elementwise_inputs(row))]
    same_as_engine(weighted(called(row)(*leaves)), leaves)


@pytest.mark.parametrize(("row", "trial"), ARRAY_TRIALS, ids=trial_name)
def test_array_row(row: Operation, trial: Trial) -> None:
    leaves = [Value(x) for x in trial_inputs(row, trial, 0)]
    program = same_as_engine(weighted(called(row, trial)(*leaves)), leaves)
    others = trial_inputs(row, trial, 1)
    new = [Value(x) for x in others]
    root = weighted(called(row, trial)(*new))
    root.backward()
    value, gradient = program.value_and_grad(flat(new))
    np.testing.assert_allclose(value, root.item(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, np.concatenate([np.ravel(p.grad) for p in new]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("row", "trial"), ARRAY_TRIALS, ids=trial_name)
def test_array_row_inside(row: Operation, trial: Trial) -> None:
    """Inputs and result of the row are computed, and used again."""
    leaves = [Value(x) for x in trial_inputs(row, trial, 2)]
    inner = [x * 1.25 for x in leaves]
    y = called(row, trial)(*inner)
    root = weighted(y * y) + sum((ag.sum(x * x) for x in inner), weighted(y))
    same_as_engine(root, leaves)


@pytest.mark.parametrize(("row", "trial"), [c for c in ARRAY_TRIALS if len(c[1].shapes) > 1], ids=trial_name)
def test_constants_in_every_slot(row: Operation, trial: Trial) -> None:
    numbers = trial_inputs(row, trial, 3)
    for slot, leaf in enumerate(map(Value, numbers)):
        same_as_engine(weighted(called(row, trial)(*(leaf if k == slot else x for k, x in enumerate(numbers)))), [leaf])


# --- what graphs are made of ---


def test_leaves_that_are_used_twice_unused_or_shared_between_operations() -> None:
    a, b, unused = Value([1.0, 2.0]), Value(3.0), Value([[4.0]])
    same_as_engine(ag.sum(a * b + a) + b * b, [a, b, unused])
    same_as_engine(ag.sum(a), [a])
    same_as_engine(b * 1.0, [b])
    same_as_engine(ag.sum(a[0] * a + a[1]) + a[0], [a])


def test_the_result_is_a_leaf_or_does_not_depend_on_the_parameters() -> None:
    a, x = Value(2.0), Value([5.0])
    same_as_engine(a, [a])
    value, gradient = Program(ag.sum(x * 2), [a], []).value_and_grad(np.array([7.0]))
    assert value == 10.0
    assert gradient.tolist() == [0.0]


def test_what_only_the_gradient_needs() -> None:
    a, b, s = Value(2.0, label="a"), Value([1.0, 3.0], label="b"), Value(4.0, label="s")
    nothing = ag.sum(b) * 0.0
    program = same_as_engine((a * s) * nothing + nothing, [a, b], [s])
    assert np.isfinite(program.value_and_grad(np.array([1.0, 2.0, 3.0]), 0.0)[0])
    w = Value(3.0)
    same_as_engine(ag.relu(a * w) * (a - a) + w, [a, w])


def test_diamonds_reuse_what_is_computed() -> None:
    a = Value(np.linspace(-1, 1, 6).reshape(2, 3))
    y = ag.tanh(a)
    program = same_as_engine(ag.sum(y * y + ag.exp(y) / (y * y + 1)) + ag.sum(y.T @ y), [a])
    assert program.source.count("np.tanh") == 1


def test_scalars_arrays_and_constants_together() -> None:
    a, b, w = Value(0.5), Value(-1.5), Value([1.0, -2.0, 3.0])
    y = ag.stack([a * b, a.tanh(), b.exp()])
    root = ag.sum(y * w) + ag.dot([a, b, w[0]], [b, 2.0, a]) + ag.max([a, b, w[1]]) + ag.sum([a, w[2], 3.0])
    same_as_engine(root * a, [a, b, w])


@pytest.mark.parametrize("choice", [ag.minimum, ag.maximum])
@pytest.mark.parametrize("w", [0.5, 1.0, 3.0, [0.5, 1.0, 3.0]])
def test_what_is_chosen_is_subtracted(choice: Any, w: Any) -> None:
    """Its slope is a comparison, and NumPy takes no minus of a bool."""
    s, w = Value(2.0), Value(w)
    same_as_engine(ag.sum(s - choice(1.0, w)), [s, w])


def test_float32_leaves_are_computed_in_float64() -> None:
    a = Value(np.array([0.1, 0.2], np.float32))
    value, gradient = Program(ag.sum(a * a), [a], []).value_and_grad(np.array([0.1, 0.2]))
    assert value == 0.1 * 0.1 + 0.2 * 0.2
    assert gradient.tolist() == [0.2, 0.4]


def test_empty_arrays() -> None:
    a, b = Value(np.zeros((0, 3))), Value([1.0, 2.0, 3.0])
    same_as_engine(ag.sum(a * b) + ag.sum(b), [a, b])
    same_as_engine(ag.sum(a @ b) + ag.sum(ag.concatenate([a, b.reshape(1, 3)]) * 2), [a, b])


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("leaf", [0.5, np.full(3, 0.5)], ids=["scalar", "array"])
def test_a_deep_chain(leaf: Any) -> None:
    x = Value(leaf)
    y = x
    for k in range(10_000):
        y = ag.sin(y) if k % 2 else y * 1.0001 + 0.01
    same_as_engine(ag.sum(y), [x])


def test_inputs_of_every_shape_take_new_numbers() -> None:
    w, x, s = Value([0.5, -1.0]), Value([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], label="X"), Value(2.0, label="s")
    program = same_as_engine(ag.sum(ag.tanh(x @ w) / s), [w], [x, s])
    new = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    value, gradient = program.value_and_grad(np.array([1.0, 2.0]), new, 4.0)
    y = np.tanh(new @ [1.0, 2.0])
    assert value == pytest.approx(y.sum() / 4, rel=1e-14)
    np.testing.assert_allclose(gradient, (1 - y * y) @ new / 4, rtol=1e-14)
    transposed = np.asfortranarray(new)
    assert program.value_and_grad(np.array([1.0, 2.0]), transposed, 4.0)[0] == pytest.approx(value, rel=1e-14)


def test_gradients_are_fresh_and_arguments_are_left_alone() -> None:
    w, x = Value([1.0, 2.0]), Value([3.0, 4.0])
    program = Program(ag.sum(w * w * x), [w], [x])
    theta, data = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    _, first = program.value_and_grad(theta, data)
    kept = first.copy()
    _, second = program.value_and_grad(theta * 2, data)
    assert first.tolist() == kept.tolist()
    assert second.tolist() == (2 * kept).tolist()
    assert (theta.tolist(), data.tolist()) == ([1.0, 2.0], [3.0, 4.0])


def test_an_array_as_the_result() -> None:
    w = Value([1.0, 2.0])
    program = Program(w * 3.0, [w], [])
    assert program.value(np.array([2.0, 3.0])).tolist() == [6.0, 9.0]
    with pytest.raises(ValueError, match="only a scalar has a gradient"):
        program.value_and_grad(np.array([2.0, 3.0]))


def test_a_part_of_a_part_is_read_after_the_whole_was_written_over() -> None:
    leaf = Value([[0.1, -0.5, 0.4]])
    pair = ag.concatenate([leaf, leaf * 2.0], axis=0)
    joined = ag.stack([pair.reshape(-1), ag.tanh(pair.reshape(-1))])
    same_as_engine(ag.mean(ag.sin(ag.concatenate([joined, joined * 2.0]))), [leaf])


def test_one_array_in_two_places_and_backwards() -> None:
    a, b = Value([1.0, 2.0, 3.0]), Value([0.5, -1.0, 2.0])
    same_as_engine(ag.sum(ag.sin(a + b)), [a, b])
    same_as_engine(ag.sum(ag.sin(ag.concatenate([a * b, a * b])) * np.arange(6.0)), [a, b])
    same_as_engine(a @ ag.tanh(a[::-1]), [a])


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_loop_over_time(first: int) -> None:
    """The products of one weight's gradient at all steps are one product, on rows that are computed in their places."""
    rng = np.random.default_rng(0)
    x = Value(rng.normal(size=(6, 4, 3)), label="X")
    u, w, v, b = (
        Value(rng.normal(size=s) * 0.4, label=n) for n, s in [("U", (3, 5)), ("W", (5, 5)), ("V", (5, 2)), ("b", 5)]
    )
    h, outputs = None, []
    for t in range(first, 6):
        h = ag.tanh(x[t] @ u + b if h is None else x[t] @ u + h @ w + b)
        outputs.append(h @ v if t % 2 else h[:, :2])
    cost = ag.mean(ag.stack(outputs) ** 2)
    same_as_engine(cost, [w, u, v, b], [x])
    program = same_as_engine(cost, [u, w, v, b], [x])
    for name in ("dU", "dW", "db"):
        assert program.source.count(f"out={name})") <= 2, program.source


def test_zero_times_infinity_is_nan_in_the_forward_pass() -> None:
    x = Value([1.0, 2.0])
    program = Program(ag.sum(ag.exp(x) * 0.0), [x], [])
    assert np.isnan(program.value(np.array([1.0, 1000.0])))
    assert program.value_and_grad(np.array([1.0, 2.0]))[1].tolist() == [0.0, 0.0]


# --- guards, selections, primitives ---


class Guard:
    def __init__(self, op: str, left: Any, right: Any, outcome: Any) -> None:
        self.op, self.left, self.right, self.outcome = op, left, right, outcome


def test_guards() -> None:
    w, x = Value([1.0, 2.0], label="w"), Value([3.0, 4.0], label="x")
    product = w * x
    guards = [Guard(">", product, 0.0, np.array([True, True])), Guard("<", ag.sum(x), 10.0, True)]
    program = Program(ag.sum(product), [w], [x], guards)
    theta = np.array([1.0, 2.0])
    assert program.value_and_grad(theta, x.data)[0] == 11.0
    for call in (program.value, program.value_and_grad):
        with pytest.raises(GuardBroken, match="came out otherwise") as broken:
            call(theta, np.array([-3.0, 4.0]))
        assert broken.value.number == 0
        with pytest.raises(GuardBroken) as broken:
            call(theta, np.array([6.0, 4.0]))
        assert broken.value.number == 1


@pytest.mark.parametrize(("op", "outcome"), [("index", 2), ("bool", True), ("!=", True), ("<=", False), (">=", True)])
def test_guards_of_scalars(op: str, outcome: Any) -> None:
    w, i = Value([1.0, 2.0]), Value(2.0, label="i")
    guard = Guard(op, i, 1.0, outcome)
    program = Program(ag.sum(w * i), [w], [i], [guard])
    assert program.value(np.ones(2), 2.0) == 4.0
    with pytest.raises(GuardBroken):
        program.value(np.ones(2), 1.0 if op == "!=" else 0.0)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("indices", [1.0, [2.0, 0.0, 2.0], [[1.0], [-1.0]]])
def test_indices_that_are_inputs(axis: int | None, indices: Any) -> None:
    table, i = Value(np.arange(12.0).reshape(3, 4) / 7, label="table"), Value(indices, label="i")

    def root(where: Any) -> Any:
        return weighted(ag.tanh(ag.take(table, np.asarray(where).astype(int), axis=axis)))

    cost = root(i.data)
    taken = next(n for n in ag.topological_order(cost) if n.op is not None and n.op.name == "take")
    program = Program(cost, [table], [i], (), {taken: {"indices": i}})
    for where in (i.data, np.asarray(i.data) * 0.0, np.asarray(i.data) * 0 + 2):
        expected = root(where)
        table.zero_grad()
        expected.backward()
        value, gradient = program.value_and_grad(flat([table]), where)
        assert value == pytest.approx(expected.item(), rel=1e-13)
        np.testing.assert_allclose(gradient, np.ravel(table.grad), rtol=1e-13, atol=1e-15)


def test_a_condition_that_is_an_input() -> None:
    w, c = Value([1.0, 2.0, 3.0]), Value([1.0, 0.0, 1.0], label="c")
    cost = ag.sum(ag.where(c.data != 0, w * w, -w))
    node = next(n for n in ag.topological_order(cost) if n.op is not None and n.op.name == "where")
    program = Program(cost, [w], [c], (), {node: {"condition": c}})
    value, gradient = program.value_and_grad(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]))
    assert value == -1 + 4 - 3
    assert gradient.tolist() == [-1.0, 4.0, -1.0]


def test_primitives_are_called_as_a_whole(own_operation: Any, tmp_path: Path) -> None:
    primitive = own_operation
    x, s = Value([0.5, 1.0, 2.0]), Value(0.25)
    program = same_as_engine(ag.sum(primitive(x * s, n=2)) * primitive(s), [x, s])
    assert "own_operation_forward(" in program.source
    with pytest.raises(ValueError, match=r"cannot save the program: own_operation"):
        program.save(tmp_path / "step.py")


# --- modules ---


def test_a_saved_module_needs_only_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    w, x = Value(rng.normal(size=(4, 3)), label="W"), Value(rng.normal(size=(5, 4)), label="X")
    table = rng.normal(size=(30, 3, 7))
    hidden = ag.gelu(x @ w)
    cost = ag.sum(hidden[:, :, None] @ np.ones((1, 30)) @ (table.reshape(30, 21) * 0.1)) + ag.max(hidden)
    cost = cost + ag.sum(ag.where(x.data > 0, 0.0, x)) + ag.logsumexp(w)
    program = Program(cost, [w], [x], [Guard(">", ag.sum(w), -100.0, True)])
    program.save(tmp_path / "step.py")
    theta, data = rng.normal(size=12), rng.normal(size=(5, 4))
    np.savez(tmp_path / "numbers.npz", theta=theta, data=data)
    script = (
        "import sys, numpy as np, step; n = np.load('numbers.npz')\n"
        "value, gradient = step.value_and_grad(n['theta'], n['data'])\n"
        "assert value == step.value(n['theta'], n['data'])\n"
        "assert not any(m.startswith('autograd_lite') for m in sys.modules)\n"
        "print(repr(float(value)), gradient.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    value, gradient = program.value_and_grad(theta, data)
    assert done.stdout.strip() == f"{value!r} {gradient.tolist()}"


def test_the_text_reads_as_a_person_would_write_it() -> None:
    x, y = Value(np.ones((10, 3)), label="X"), Value(np.ones(10), label="y")
    w, b = Value(np.ones((3, 4)), label="W"), Value(np.ones(4), label="b")
    z = x @ w + b
    z.label = "Z"
    a = ag.tanh(z)
    a.label = "A"
    source = Program(ag.mean((ag.sum(a, axis=1) - y) ** 2), [w, b], [x, y]).source
    assert "np.dot(X, W, out=Z)\n    np.add(Z, b, out=Z)\n    np.tanh(Z, out=A)" in source
    assert "dW = dtheta[0:12].reshape(3, 4)" in source
    assert "out=dW)" in source
    assert "def value_and_grad(theta, X, y):" in source


def test_tracebacks_show_the_line() -> None:
    w, x = Value(np.ones(3), label="w"), Value(np.ones(3), label="x")
    program = Program(ag.sum(w * x), [w], [x])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        program.value(np.ones(3), np.ones(4))
    assert "np.dot(w, x)" in "".join(traceback.format_exception(caught.value))


def test_threads_do_not_mix_their_numbers() -> None:
    w, x = Value(np.ones(2000), label="w"), Value(np.ones(2000), label="x")
    program = Program(ag.sum(ag.tanh(w * x) * x), [w], [x])
    numbers = [(np.full(2000, 0.1 * k), np.full(2000, 1.0 + k)) for k in range(8)]
    expected = [program.value_and_grad(*given) for given in numbers]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            for (value, gradient), (v, g) in zip(
                pool.map(lambda given: program.value_and_grad(*given), numbers), expected, strict=True
            ):
                assert value == v
                np.testing.assert_array_equal(gradient, g)
