"""Arrays of leaves: a graph keeps those that it needs, and the others stay the leaves' own."""

from __future__ import annotations

import copy
import itertools
import pickle
import sys
import weakref
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value, optim, value
from autograd_lite.numbers import fixed
from autograd_lite.operation import HIDDEN, TABLE, Operation, Trial
from autograd_lite.recording import apply
from tests.tables import ARRAY_TRIALS, ELEMENTWISE, trial_inputs, trial_name
from viz import snapshot

SHAPES = ((2, 3), (3,), (2, 1))
CASES = [(row, Trial(SHAPES[: len(row.inputs)])) for row in ELEMENTWISE]


def updated(x: Any) -> Any:
    """The leaf as after a step of training: its array is its own."""
    if x.shape:
        x.data += 0.0
    return x


def gradients(row: Operation, trial: Trial, kinds: Any, step: float) -> list[Any]:
    """Of a graph whose leaves move by `step` before the backward pass."""
    leaves = [updated(kind(x)) for kind, x in zip(kinds, trial_inputs(row, trial, 0), strict=True)]
    y = apply(row, tuple(leaves), **trial.parameters)
    for x in leaves:
        x.data -= step
    y.backward(np.ones(y.shape) if y.shape else 1.0)
    return [x.grad for x in leaves if type(x) is Value]


@pytest.mark.parametrize(("row", "trial"), [*CASES, *ARRAY_TRIALS], ids=trial_name)
def test_a_graph_keeps_every_number_that_its_rules_read(row: Operation, trial: Trial) -> None:
    for kinds in itertools.product([Value, Constant], repeat=len(trial.shapes)):
        if Value in kinds:
            before, after = (gradients(row, trial, kinds, step) for step in (0.0, 0.25))
            for expected, found in zip(before, after, strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("row", [*TABLE.values(), *HIDDEN.values()], ids=lambda row: row.name)
def test_a_graph_keeps_an_array_whose_memory_its_result_shares(row: Operation) -> None:
    for trial in row.trials or [Trial(SHAPES[: len(row.inputs)])]:
        raws = [np.ones(shape) for shape in trial.shapes]
        y = row.forward(*raws, **trial.parameters)
        for slot, raw in enumerate(raws):
            assert row.keeps(slot, [False] * len(raws)) or not np.may_share_memory(y, raw)


X = np.arange(6.0).reshape(3, 2)
UNREAD: dict[str, Callable[[Any], Any]] = {
    "a bias": lambda p: Value(X[:2]) + p,
    "of a Constant": lambda p: p - Constant(np.ones((2, 2))),
    "weights of inputs": lambda p: Constant(X) @ p,
    "weights of an array": lambda p: ag.matmul(X, p),
    "a factor's other": lambda p: p * 3.0,
    "by its result": lambda p: p.exp(),
}
READ: dict[str, Callable[[Any], Any]] = {
    "weights of features": lambda p: Value(X) @ p,
    "a square": lambda p: p * p,
    "a mask": lambda p: p.relu(),
    "a view": lambda p: p.T,
}


@pytest.mark.parametrize("use", UNREAD.values(), ids=UNREAD)
def test_an_update_of_what_no_rule_reads_copies_nothing(use: Callable[[Any], Any]) -> None:
    p = updated(Value(np.ones((2, 2))))
    array, y = p._data, use(p)
    p.data -= 0.5
    assert p._data is array
    assert not array.flags.writeable
    assert y.sum().data != use(p).sum().data


@pytest.mark.parametrize("use", READ.values(), ids=READ)
def test_an_update_of_what_a_rule_reads_takes_a_copy(use: Callable[[Any], Any]) -> None:
    p = updated(Value(np.ones((2, 2))))
    array = p._data
    use(p)
    p.data -= 0.5
    assert p._data is not array
    assert array.tolist() == [[1.0, 1.0]] * 2


def test_a_graph_that_needs_it_no_more_than_another_does() -> None:
    p = updated(Value(np.ones(2)))
    y, z = p * p, p + 1.0
    p.data += 1.0
    (y + z).sum().backward()
    assert p.grad.tolist() == [3.0, 3.0]


def test_what_was_read_before_a_use_is_the_readers() -> None:
    p = updated(Value(np.ones(2)))
    best = p.data
    _ = p + 1.0
    p.data -= 0.5
    assert (best.tolist(), p.data.tolist()) == ([1.0, 1.0], [0.5, 0.5])


KEEPERS: dict[str, Callable[[Value], Any]] = {
    "a picture": lambda p: snapshot(p + 1.0).nodes[0].value,
    "a constant": lambda p: p.detach(),
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
    "a pickle": lambda p: pickle.loads(pickle.dumps(p)),
    "a value": lambda p: ag.vjp(lambda a: p, X)[0],
}


@pytest.mark.parametrize("keep", KEEPERS.values(), ids=KEEPERS)
def test_nobody_elses_numbers_change_with_an_update(keep: Callable[[Value], Any]) -> None:
    p = updated(Value(np.ones(2)))
    kept = keep(p)
    p.data -= 0.5
    assert (kept.data if isinstance(kept, Value) else kept).tolist() == [1.0, 1.0]
    assert p.data.tolist() == [0.5, 0.5]


def move(c: Constant) -> None:
    c.data += 1.0


def move_an_element(c: Constant) -> None:
    c.data[0] += 1.0


@pytest.mark.parametrize("change", [move, move_an_element])
def test_a_program_sees_a_constant_that_was_updated_in_place(change: Callable[[Constant], None]) -> None:
    c, p = updated(Constant(np.array([1.0, 2.0]))), Value(np.ones(2))
    cost = ag.vectorize(lambda x: (p * c * x).sum())
    for _ in range(4):
        assert cost(1.0).data == c.data.sum()  # which was read
        assert cost.value_and_grad(cost.theta, 1.0)[0] == c.data.sum()
        change(c)


@pytest.mark.parametrize("kind", [Value, Constant])
def test_a_vector_of_parameters_that_is_a_value_is_remembered_as_it_was(kind: Any) -> None:
    p = Value(np.ones(2))
    cost = ag.vectorize(lambda x: (p * x).sum())
    cost(1.0)
    theta = updated(kind([3.0, 4.0]))
    cost.value_and_grad(theta, 1.0)
    theta.data += 1.0
    cost.write_back()
    assert p.data.tolist() == [3.0, 4.0]


def test_what_was_read_before_an_update_and_a_use_is_the_readers() -> None:
    p, history = updated(Value(np.zeros(2))), []
    for _ in range(3):
        _ = p + 1.0
        history.append(p.data)
        p.data -= 1.0
    assert [x.tolist() for x in history] == [[-1.0, -1.0], [-2.0, -2.0], [-3.0, -3.0]]


def test_a_deep_copy_of_what_was_read_is_not_the_copied_leafs() -> None:
    p = updated(Value(np.ones(2)))
    twin, read = copy.deepcopy([p, p.data])
    twin.data -= 0.5
    assert (read.tolist(), twin.data.tolist()) == ([1.0, 1.0], [0.5, 0.5])


def test_a_pickle_out_of_band_holds_the_numbers_of_then() -> None:
    p, buffers = updated(Value(np.ones(2))), []  # type: ignore[var-annotated]
    pickled = pickle.dumps(p, 5, buffer_callback=buffers.append)
    p.data -= 0.5
    assert pickle.loads(pickled, buffers=buffers).data.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("call", [1, 2])
def test_an_interrupt_while_an_array_is_taken_from_its_reader(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    p = updated(Value(np.ones(2)))
    read, calls = p.data, itertools.count(1)

    def interrupted(array: Any) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return fixed(array)

    with monkeypatch.context() as patch:
        patch.setattr(value, "fixed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            p.exp()
    p.exp()
    p.data -= 0.5
    assert (read.tolist(), p.data.tolist()) == ([1.0, 1.0], [0.5, 0.5])


def assigned(p: Value) -> None:
    p.data = np.zeros(2)


def stepped(p: Value) -> None:
    p.grad = np.ones(2)
    optim.Adam([p], lr=0.1).step()


@pytest.mark.parametrize("move", [assigned, stepped])
def test_an_array_that_was_replaced_is_freed(move: Callable[[Value], None]) -> None:
    p = updated(Value(np.ones(2)))
    array = weakref.ref(p._data)
    move(p)
    assert array() is None


def test_a_vectorized_function_that_updates_a_constant_among_its_arguments_is_refused() -> None:
    def cost(p: Any, c: Any) -> Any:
        c.data += 1.0
        return (p * c).sum()

    with pytest.raises(ag.VectorizeError, match="changes an argument in place"):
        ag.vectorize(cost)(Value(np.ones(2)), updated(Constant(np.ones(2))))


def meanwhile(code: CodeType, line: int, act: Callable[[], Any]) -> Callable[..., Any]:
    """For sys.settrace: another thread acts where this one is at a line of some code."""

    def trace(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code is code and event == "line" and frame.f_lineno == code.co_firstlineno + line:
            sys.settrace(None)
            act()
        return trace

    return trace


@pytest.mark.parametrize("line", range(20))
def test_a_reader_takes_nothing_from_a_graph_that_another_thread_makes_meanwhile(line: int) -> None:
    p, nodes, before = updated(Value(np.ones(2))), [], sys.gettrace()
    sys.settrace(meanwhile(Value.data.fget.__code__, line, lambda: nodes.append(p * p)))  # type: ignore[attr-defined]
    _ = p.data
    sys.settrace(before)
    p.data -= 0.5
    for y in nodes:
        y.sum().backward()
        assert p.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("line", range(20))
def test_a_graph_keeps_what_another_thread_reads_meanwhile(line: int) -> None:
    p, before = updated(Value(np.ones(2))), sys.gettrace()
    sys.settrace(meanwhile(value.settled.__code__, line, lambda: p.data))
    y = p.log()
    sys.settrace(before)
    p.data -= 0.5
    y.sum().backward()
    assert p.grad.tolist() == [1.0, 1.0]
