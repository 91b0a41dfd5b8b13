"""Pass 1: what a traced function asked, picked and read."""

from __future__ import annotations

import copy
import gc
import random
import threading
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value, modes, nn
from autograd_lite.compiler.tracing.tracing import Trace, trace
from autograd_lite.graph import topological_order

# --- questions ------------------------------------------------------------------------------------------------------


def guards(f: Any, *args: Any) -> list[tuple[Any, ...]]:
    found = trace(f, args)
    return [
        (g.op, getattr(g.left, "_data", g.left), getattr(g.right, "_data", g.right), g.outcome) for g in found.guards
    ]


def test_comparisons_are_guards() -> None:
    def f(a: Any, b: Any) -> Any:
        return a * sum(map(bool, [a < b, a <= 1.0, a > b, b >= a, a < 2, b]))

    assert guards(f, 1.0, 2.0) == [
        ("<", 1.0, 2.0, True),
        ("<=", 1.0, 1.0, True),
        (">", 1.0, 2.0, False),
        (">=", 2.0, 1.0, True),
        ("<", 1.0, 2.0, True),
        ("!=", 2.0, 0.0, True),
    ]


def test_a_guard_knows_its_line() -> None:
    (guard,) = trace(lambda a: a if a > 0 else -a, (1.0,)).guards
    assert "test_tracing.py:" in guard.line


def test_comparisons_of_arrays() -> None:
    found = trace(lambda a: a[a > 1.0].sum(), (np.array([1.0, 2.0]),))
    (guard,) = found.guards
    assert guard.outcome.tolist() == [False, True]
    assert found.root.data == 2.0


def test_equal_compares_what_was_given_by_number_and_nodes_by_identity() -> None:
    w = Value(1.0)

    def f(y: Any, x: Any) -> Any:
        answers = [y == 1, y == 1, y != 1, y + x == 3.0, w == 1, y == w, w == w, y == "a", w in [w], y is y, y != x]
        assert answers == [True, True, False, True, False, False, True, False, True, True, True]
        return w * y

    assert [g[0] for g in guards(f, 1, 2.0)] == ["!="] * 5


def test_equal_is_identity_where_nobody_traces() -> None:
    w = Value(1.0)
    assert w != 1.0
    assert w == w
    assert (w == Value(1.0)) is False
    assert {w: 1}[w] == 1
    assert hash(w) == object.__hash__(w)


def test_an_integer_input_is_an_index() -> None:
    table = [Value(1.0), Value(2.0)]
    found = trace(lambda i: table[i] * 3.0, (1,))
    assert found.root.data == 6.0
    assert [(g.op, g.outcome) for g in found.guards] == [("index", 1)]
    assert trace(lambda n: sum(range(n)) * table[0], (3,)).root.data == 3.0
    assert trace(lambda i: Value([1.0, 2.0]).getitem(i) * 3.0, (1,)).guards == []


def test_other_values_are_no_index() -> None:
    with pytest.raises(TypeError, match="not an integer input"):
        trace(lambda x: [1, 2][x], (1.0,))
    with pytest.raises(TypeError, match="as an index"):
        [1, 2][Value(1.0)]  # type: ignore[call-overload]


# --- selections -----------------------------------------------------------------------------------------------------


def selections(f: Any, *args: Any) -> list[tuple[str, str]]:
    found = trace(f, args)
    return [(node.op.name, name) for node, chosen in found.selections.items() for name in chosen]


TABLE = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    "f",
    [
        lambda i: ag.take(Value(TABLE), i, axis=0).sum(),
        lambda i: Value(TABLE)[i].sum(),
        lambda i: Value(TABLE)[:, i].sum(),
        lambda i: Value(TABLE)[1:, i, None].sum(),
        lambda i: Value(TABLE)[..., i].sum(),
        lambda i: Value(TABLE)[i, 1].sum(),
        lambda i: Value(TABLE)[i, i].sum(),
        lambda i: Value(TABLE)[np.array([0, 1]), i].sum(),
        lambda i: Value(TABLE.reshape(2, 2, 3))[np.array([0, 1]), i - 1, 1:].sum(),
        lambda i: ag.sum(list(ag.take(ag.scalars(TABLE), i, axis=0).flat)),
        lambda i: sum(ag.take(TABLE, j) for j in i),
        lambda i: ag.take(TABLE, i).sum(),
    ],
)
def test_positions_that_are_inputs(f: Any) -> None:
    i = np.array([1, 2])
    found = trace(f, (i,))
    assert found.root.data == pytest.approx(float(ag.data_of(f(i))))
    assert found.selections
    assert not any(g.op == "index" for g in found.guards)
    assert {name for chosen in found.selections.values() for name in chosen} == {"indices"}


def test_several_positions_are_guarded_against_the_edges() -> None:
    v = Value(TABLE)
    assert {g[0] for g in guards(lambda i: v[i, i].sum(), np.array([0, 2]))} == {">=", "<"}
    negative = trace(lambda i: v[np.array([0, 1]), i].sum(), (np.array([-1, 0]),))
    assert negative.root.data == TABLE[0, -1] + TABLE[1, 0]
    with pytest.raises(IndexError, match="out of bounds"):
        trace(lambda i: v[i, i].sum(), (np.array([3]),))


def test_a_condition_that_is_an_input() -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
    found = trace(lambda c: ag.where(c, a, b).sum(), (np.array([True, False]),))
    assert found.root.data == 5.0
    assert [list(chosen) for chosen in found.selections.values()] == [["condition"]]


def test_positions_must_be_whole() -> None:
    with pytest.raises(TypeError, match="positions are ints"):
        trace(lambda i: ag.take(Value(TABLE), i), (np.array([1.0]),))


def test_class_indices_and_token_ids() -> None:
    embedding = nn.Embedding(4, 3, seed=0)

    def f(ids: Any, y: Any) -> Any:
        return nn.cross_entropy(embedding(ids), y, weight=[1.0, 2.0, 3.0])

    ids, y = np.array([3, 0, 3]), np.array([0, 2, 1])
    found = trace(f, (ids, y))
    assert found.root.data == pytest.approx(f(ids, y).data, rel=1e-14)
    assert len(found.selections) == 3
    embedding.to_scalars()
    assert trace(f, (ids.tolist(), y.tolist())).root.data == pytest.approx(found.root.data, rel=1e-14)
    with pytest.raises(ValueError, match="class index is 3"):
        trace(f, (ids, np.array([0, 3, 1])))
    with pytest.raises(IndexError, match="asked for 0 to 4"):
        trace(f, (np.array([4, 0, 1]), y))


def test_smoothed_labels() -> None:
    z = Value(np.arange(6.0).reshape(3, 2))

    def f(y: Any) -> Any:
        return nn.cross_entropy(z, y, axis=0, label_smoothing=0.1)

    y = np.array([2, 0])
    assert trace(f, (y,)).root.data == pytest.approx(f(y).data, rel=1e-14)


def test_positions_come_before_what_they_select() -> None:
    found = trace(lambda i: ag.take(Value(TABLE), 2 * i - 1).sum(), (np.array([1, 2]),))
    places = {node: k for k, node in enumerate(found.inner)}
    ((node, chosen),) = found.selections.items()
    assert places[chosen["indices"]] < places[node]


# --- numbers that leave the graph -------------------------------------------------------------------------------------


def notes(f: Any, *args: Any) -> set[str]:
    return {what for what, _ in trace(f, args).notes}


def test_reads_are_noted() -> None:
    w = Value(2.0)
    assert notes(lambda x: x * w.data, 1.0) == {".data"}
    assert notes(lambda x: x * x.item(), 1.0) == {".item()"}
    assert notes(lambda x: x * np.allclose(x, 1.0), 1.0) == {"np.allclose"}
    assert notes(lambda x: w * copy.copy(w), 1.0) == {"a copy"}
    assert notes(lambda x: x * random.random(), 1.0) == {"random numbers"}
    assert notes(lambda x: x * np.random.rand(), 1.0) == {"random numbers"}
    ((_, line),) = trace(lambda x: x * w.data, (1.0,)).notes
    assert "test_tracing.py:" in line


def test_what_is_harmless_is_not_noted() -> None:
    assert notes(lambda x: x * Value(3.0).data + Constant(2.0).data + np.size(x), 1.0) == set()


def test_a_value_made_of_an_input_is_a_node() -> None:
    w = Value(2.0)
    found = trace(lambda row: w * sum(map(Value, row)), ([1.0, 2.0],))
    assert found.root.data == 6.0
    assert set(found.inputs[0].elements) <= set(topological_order(found.root))
    with pytest.raises(TypeError, match="a Value inside a Value"):
        trace(lambda x: Value(w) * x, (1.0,))


@pytest.mark.parametrize("function", [ag.logsumexp, ag.softmax, ag.log_softmax])
def test_the_shift_of_a_softmax_of_scalars_is_a_node(function: Any) -> None:
    z = ag.scalars([1.0, 3.0, 2.0])

    def f(x: Any) -> Any:
        return ag.sum(list(np.ravel(function(z * x)))) if function is ag.logsumexp else function(z * x)[0]

    found = trace(f, (2.0,))
    assert "max_many" in [v.op.name for v in found.inner]
    assert found.guards == []
    assert found.root.data == pytest.approx(f(2.0).data)


# --- around ----------------------------------------------------------------------------------------------------------


def test_everything_is_as_before_afterwards() -> None:
    def fails(x: Any) -> Any:
        assert modes.tracers == 1
        assert not gc.isenabled()
        raise KeyError(str(x))

    with pytest.raises(KeyError):
        trace(fails, (1.0,))
    assert modes.tracers == 0
    assert modes.tracer() is None
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        trace(lambda x: x * 2, (1.0,))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_other_threads_are_not_traced() -> None:
    inside, done = threading.Event(), threading.Event()
    w, found = Value(1.0), []

    def f(x: Any) -> Any:
        inside.set()
        assert done.wait(10)
        return x * w

    thread = threading.Thread(target=lambda: found.append(trace(f, (2.0,))))
    thread.start()
    assert inside.wait(10)
    assert (w > 0) is True
    assert w.data == 1.0
    Value(3.0)
    done.set()
    thread.join()
    (result,) = found
    assert isinstance(result, Trace)
    assert (result.guards, result.notes) == ([], {})


def test_tracing_records_inside_no_grad() -> None:
    with ag.no_grad():
        assert trace(lambda x: x * x, (3.0,)).root.op.name == "mul"


def test_micrograds_network_walks_over_an_array() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    X = np.array([[1.0, 2.0], [-1.0, 0.5]])

    def f(X: Any) -> Any:
        return sum(model(x).relu() for x in X)

    found = trace(f, (X,))
    assert found.root.data == f(X).data == f(X.tolist()).data
    assert set(found.parameters) == set(model.parameters())
