"""The graph: order, accumulation, depth, cycles, modes, threads."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import AnomalyError, Constant, CycleError, Value, detect_anomaly, no_grad, topological_order

# --- random graphs with shared nodes ---

BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b * b + 1.0)]
UNARY = [ag.tanh, ag.sin, ag.sigmoid, lambda v: v * v, lambda v: -v, lambda v: 2.0 - v, lambda v: v]


@st.composite
def recipes(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    leaves = draw(st.integers(1, 3))
    steps = draw(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=14)
    )
    return leaves, steps


def build(recipe: tuple[int, list[tuple[int, int, int]]], leaves: tuple[Any, ...]) -> Any:
    """A graph from a recipe: each step takes any two nodes made before, so most are shared."""
    nodes = list(leaves)
    for kind, i, j in recipe[1]:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        if kind < len(BINARY):
            nodes.append(BINARY[kind](a, b))
        elif kind < len(BINARY) + len(UNARY):
            nodes.append(UNARY[kind - len(BINARY)](a))
        else:
            nodes.append(ag.dot([a, b, a], [b, a, 0.5]) if np.shape(a) == np.shape(b) == () else 2 * a * b + a / 2)
    return ag.sum([ag.tanh(n) for n in nodes])


@settings(max_examples=150)
@given(recipe=recipes(), data=st.data())
def test_random_graphs(recipe: tuple[int, list[tuple[int, int, int]]], data: st.DataObject) -> None:
    points = [data.draw(st.floats(-2, 2, width=16)) for _ in range(recipe[0])]

    def f(*leaves: Value) -> Any:
        return build(recipe, leaves)

    ag.check_grads(f, *points, must_pass=True)
    scalars = ag.grad(f, tuple(range(len(points))))(*points)
    arrays = [Value([x, x]) for x in points]
    f(*arrays).backward([1.0, 1.0])
    for g, v in zip(scalars, arrays, strict=True):
        np.testing.assert_allclose(v.grad, [g, g], rtol=1e-10, atol=1e-12)


@settings(max_examples=60)
@given(recipe=recipes())
def test_order_and_copies_of_random_graphs(recipe: tuple[int, list[tuple[int, int, int]]]) -> None:
    root = build(recipe, tuple(Value(0.3 * (i + 1)) for i in range(recipe[0])))
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    for node in order:
        assert all(place[x] < place[node] for x in node.inputs if not isinstance(x, Constant))
    root.backward()
    for twin in (copy.deepcopy(root), pickle.loads(pickle.dumps(root))):
        twin_order = topological_order(twin)
        assert [(n.data, n.grad, n.op) for n in twin_order] == [(n.data, n.grad, n.op) for n in order]


# --- accumulation ---


def test_leaves_accumulate_and_inner_nodes_do_not() -> None:
    a = Value(3.0)
    b = a * a
    c = b * 2
    c.backward()
    c.backward()
    assert a.grad == 24.0
    assert (b.grad, c.grad) == (2.0, 1.0)
    a.zero_grad()
    assert a.grad is None


def test_arrays_accumulate_too() -> None:
    a = Value([1.0, 2.0])
    y = (a * a).sum()
    y.backward()
    first = a.grad
    y.backward()
    assert a.grad.tolist() == [4.0, 8.0]
    assert first.tolist() == [2.0, 4.0]


def test_gradient_is_none_before_backward() -> None:
    a = Value(1.0)
    b = a * 2
    assert a.grad is None
    assert b.grad is None


def test_setting_the_gradient_to_zero_as_in_micrograd() -> None:
    for start in (1.0, [1.0, 2.0]):
        p = Value(start)
        p.grad = 0
        (p * 3.0).sum().backward()
        assert np.all(p.grad == 3.0)


def test_used_twice_and_diamonds() -> None:
    a = Value(3.0)
    for y, gradient in ((a * a, 6.0), (a + a, 2.0), (a / a, 0.0), (a - a, 0.0)):
        a.zero_grad()
        y.backward()
        assert a.grad == pytest.approx(gradient)
        assert y.inputs == (a, a)
    x = Value(1.0)
    for _ in range(200):  # 2**200 paths, 200 nodes
        x = x + x
    x.backward()
    assert topological_order(x)[0].grad == 2.0**200


def test_backward_of_an_array_needs_a_seed() -> None:
    v = Value([1.0, 2.0]) * 2
    with pytest.raises(ValueError, match="seed"):
        v.backward()
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        v.backward([1.0, 2.0, 3.0])
    v.backward([1.0, 10.0])
    assert v.inputs[0].grad.tolist() == [2.0, 20.0]


def test_backward_of_a_leaf() -> None:
    v = Value(2.0)
    v.backward()
    v.backward(3.0)
    assert v.grad == 4.0


def test_detach_and_constants() -> None:
    a = Value(3.0, label="a")
    d = a.detach()
    (a * d).backward()
    assert (a.grad, d.grad, d.label) == (3.0, None, "a")
    assert type(d * 2) is Constant
    with pytest.raises(ValueError, match="constants only"):
        (d * 2).backward()
    w = Value(np.ones((2, 2)))
    x = Constant(np.ones(2))
    (w @ x).sum().backward()
    assert x.grad is None


# --- size ---

DEEP = """
import copy, gc, pickle, sys
from autograd_lite import Value, grad
gc.disable()  # it would walk over the million nodes again and again
n = 1_000_000
x = first = Value(1.0)
a = Value(0.5)
for _ in range(n // 2):
    x = x * a + 0.25
gc.collect()
x.backward()
assert first.grad is not None and 0 < a.grad < 10, a.grad
twin = copy.deepcopy(x)
assert twin.data == x.data
del twin
twin = pickle.loads(pickle.dumps(x))
twin.backward()
del twin
del x
y = Value([1.0])
for _ in range(n // 20):
    y = y * a
y.sum().backward()
del y
second = grad(grad(lambda v: chain(v)))
def chain(v):
    for _ in range(20_000):
        v = v * 1.00001
    return v * v
assert abs(second(1.0) - 2 * 1.00001 ** 40_000) < 1e-9
print("done")
"""


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_a_million() -> None:
    """Built, back-propagated, copied, pickled and freed, in a process that a crash would end."""
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr[-2000:]


def test_a_graph_is_freed_without_the_collector() -> None:
    gc.disable()
    try:
        a = Value(np.ones(1000))
        y = (a * 2 + 1).sum()
        y.backward()
        data = weakref.ref(y.inputs[0]._data)
        del y
        assert data() is None
    finally:
        gc.enable()


def test_a_cycle_is_refused() -> None:
    a = Value(1.0)
    b = a * 2
    c = b + 1
    b._a = c
    with pytest.raises(CycleError, match="cycle"):
        c.backward()
    d = Value([1.0]) * 2
    e = d + 1
    d._b = (e, 2.0)
    with pytest.raises(CycleError):
        e.sum().backward()
    f = a * 2
    f._b, f._db = f, 1.0
    with pytest.raises(CycleError):
        topological_order(f)
    g = ag.dot([a, a], [a, a])
    g._b = (g, a, a, a)
    with pytest.raises(CycleError):
        g.backward()


# --- modes ---


def test_no_grad() -> None:
    a = Value(2.0)
    with no_grad():
        y = a * a + ag.sum([a, a]) + ag.dot([a], [a]) + ag.where(True, a, 1.0)
        z = Value([1.0]) * a
    assert (y.data, y.inputs, y.op) == (14.0, (), None)
    assert z.op is None
    assert (a * a).op is not None

    @no_grad()
    def f() -> Value:
        return a * a

    assert f().op is None
    assert f().op is None
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (a * a).op is not None


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: Value(0.0, label="x").log() + 1,
            r"log made -inf in the forward pass, from x = 0\.0, at .*graph.py:\d+",
        ),
        (lambda: Value(2.0) / 0, r"div made inf .*2\.0.*0\.0"),
        (lambda: np.sqrt(Value([-1.0, 1.0])), r"sqrt made nan"),
        (lambda: ag.dot([Value(1e300)], [Value(1e300)]), r"dot_many made inf"),
        (
            lambda: (Value(0.0, label="x").sqrt() * 3.0).backward(),
            r"sqrt made inf in the backward pass.* x = 0\.0, at .*:\d",
        ),
        (lambda: Value([0.0, 1.0]).sqrt().sum().backward(), r"sqrt made inf in the backward pass"),
    ],
)
def test_anomaly_names_operation_inputs_and_line(compute: Any, message: str) -> None:
    with pytest.raises(AnomalyError, match=message), detect_anomaly():
        compute()


def test_a_pass_that_fails_leaves_the_gradients_as_they_were() -> None:
    x = Value([0.0, 1.0])
    (x * 2.0).sum().backward()
    with pytest.raises(AnomalyError), detect_anomaly():
        (x * 3.0 + x.sqrt()).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_an_interrupted_scalar_pass_leaves_the_gradients_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import backward

    a, b = Value(1.0), Value(2.0)
    (a * b).backward()

    def interrupted(*_: Any) -> None:
        a.grad = 77.0
        raise KeyboardInterrupt

    monkeypatch.setattr(backward, "_scalar_pass", interrupted)
    with pytest.raises(KeyboardInterrupt):
        (a * b).backward()
    assert (a.grad, b.grad) == (2.0, 1.0)


def test_anomalies_in_derivatives_and_of_constants() -> None:
    with pytest.raises(AnomalyError, match="sqrt made inf in the backward pass"), detect_anomaly():
        ag.grad(lambda x: x.sqrt())(0.0)
    with pytest.raises(AnomalyError, match="div made nan"), detect_anomaly():
        Constant(0.0) / Constant(0.0)


def test_a_task_that_outlives_a_mode_is_free_of_it() -> None:
    import contextvars

    with no_grad():
        inherited = contextvars.copy_context()
        assert inherited.run(lambda: (Value(1.0) * 2).op) is None
    with no_grad():
        assert inherited.run(lambda: (Value(1.0) * 2).op) is not None


def test_no_anomaly() -> None:
    with detect_anomaly():
        assert Value(np.inf).exp().data == np.inf  # it came in from outside
        x = Value([-1.0, 4.0])
        ag.where(x > 0, ag.maximum(x, 1e-3).sqrt(), 0.0).sum().backward()
        assert x.grad.tolist() == [0.0, 0.25]


def test_modes_belong_to_the_thread() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with no_grad():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    recorded = (Value(1.0) * 2).op
    go_on.set()
    thread.join()
    assert recorded is not None


def test_threads_build_and_differentiate_at_once() -> None:
    weight = Value(0.5)  # shared: read by all, its gradient is asked of grad()
    results: dict[int, float] = {}

    def work(k: int) -> None:
        def f(x: Value) -> Value:
            for _ in range(300):
                x = (x * weight + k).tanh()
            return x

        results[k] = ag.grad(f)(0.1 * k)
        x = Value(0.1 * k)
        f(x).backward()
        assert x.grad == results[k]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    alone: dict[int, float] = dict(results)
    results.clear()
    for k in range(8):
        work(k)
    assert results == alone
