"""Steps: their order and arithmetic, and that the backward pass, multiplied out again, comes to the gradients."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Constant, Value
from viz.replay.steps import Step, Steps, steps


def lines(root: Value, **options: Any) -> list[str]:
    return [line for step in steps(root, **options) for line in step.lines]


def two() -> tuple[Value, Value]:
    return Value(2.0, label="a"), Value(-3.0, label="b")


def named(value: Value, name: str) -> Value:
    value.label = name
    return value


# --- order and text ------------------------------------------------------------------------------------------------


def test_the_forward_pass_then_the_backward_pass_in_reverse() -> None:
    a, b = two()
    y = named((named(a * b, "d") + 0.5).tanh(), "y")
    y.backward()
    told = [(step.number, step.pass_, step.title) for step in steps(y)]
    assert told == [
        (1, "forward", "a"),
        (2, "forward", "b"),
        (3, "forward", "d"),
        (4, "forward", "v4"),
        (5, "forward", "y"),
        (6, "backward", "y"),
        (7, "backward", "y"),
        (8, "backward", "v4"),
        (9, "backward", "d"),
    ]


def test_arithmetic_with_its_numbers() -> None:
    a, b = two()
    y = named((named(a * b, "d") + 6.5).tanh(), "y")
    y.backward()
    assert lines(y, params=[a]) == [
        "a = 2 (parameter)",
        "b = -3 (input)",
        "d = a * b = 2 * -3 = -6",
        "v4 = d + 6.5 = -6 + 6.5 = 0.5",
        "y = tanh(v4) = tanh(0.5) = 0.4621",
        "dy/dy = 1 (the seed)",
        "dy/dv4 += dy/dy * (1 - y²) = 1 * 0.7864 = 0.7864",
        "dy/dd += dy/dv4 * 1 = 0.7864 * 1 = 0.7864",
        "dy/da += dy/dd * b = 0.7864 * -3 = -2.359",
        "dy/db += dy/dd * a = 0.7864 * 2 = 1.573",
    ]


def test_running_sums_where_a_node_receives_more_than_one_contribution() -> None:
    a, b = two()
    y = named(a * a + a * b, "L")
    y.backward()
    assert lines(y)[-4:] == [
        "dL/da += dL/dv3 * b = 1 * -3 = -3",
        "dL/db += dL/dv3 * a = 1 * 2 = 2",
        "dL/da += dL/dv2 * a = 1 * 2 = 2, now -1",
        "dL/da += dL/dv2 * a = 1 * 2 = 2, now 1",
    ]


def test_what_an_earlier_pass_has_left_on_a_leaf_comes_first() -> None:
    a, b = two()
    y = named(a * b + a, "y")
    a.grad = 5.0
    y.backward()
    assert lines(y)[6:8] == [
        "dy/da += dy/dy * 1 = 1 * 1 = 1, now 6 (was 5 before this pass)",
        "dy/da += dy/dv2 * b = 1 * -3 = -3, now 3",
    ]
    assert a.grad == 3.0


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda a, b: (a - b) ** 2.0, "v2 = a - b = 2 - (-3) = 5"),
        (lambda a, b: a / b, "L = a / b = 2 / -3 = -0.6667"),
        (lambda a, b: ag.dot([a, b], [b, b]), "L = a*b + b*b = 2*-3 + (-3)*-3 = 3"),
        (lambda a, b: ag.dot([a, b], [b, b]), "dL/db += dL/dL * a = 1 * 2 = 2"),
        (lambda a, b: ag.sum([a, b, a]), "dL/da += dL/dL * 1 = 1 * 1 = 1, now 2"),
        (lambda a, b: ag.max([a, b, 2.0]), "dL/da += dL/dL * ∂L/∂a = 1 * 0.5 = 0.5"),
        (lambda a, b: (a * b).relu(), "dL/dv2 += dL/dL * 0 = 1 * 0 = 0 (v2 ≤ 0)"),
        (lambda a, b: (a - b) ** 2.0, "dL/dv2 += dL/dL * 2·v2 = 1 * 10 = 10"),
        (lambda a, b: a.gelu() + b, "dL/da += dL/dv2 * ∂v2/∂a = 1 * 1.085 = 1.085"),
        (lambda a, b: -(a * b * a), "L = -v3 = -(-12) = 12"),
    ],
)
def test_operations_are_written_as_on_paper(make: Callable[[Value, Value], Value], line: str) -> None:
    y = named(make(*two()), "L")
    y.backward()
    assert line in lines(y)


def test_a_dot_product_sends_in_the_order_in_which_it_is_read() -> None:
    a, b, c, d = (Value(float(i), label="abcd"[i]) for i in range(4))
    y = ag.dot([a, b], [c, d])
    y.backward()
    assert [sent.slot for sent in steps(y)[-1].contributions] == [0, 2, 1, 3]
    assert [line[: line.index(" +=")].rpartition("/d")[2] for line in steps(y)[-1].lines] == ["a", "c", "b", "d"]


def test_a_zero_gradient_sends_nothing_through_an_infinite_slope() -> None:
    x = Value(0.0, label="x")
    y = named(x.sqrt() * 0.0, "y")
    y.backward()
    (sent,) = steps(y)[-1].contributions
    assert (sent.amount, sent.total) == (0.0, 0.0)
    assert lines(y)[-1] == "dy/dx += dy/dv1 * (0.5/v1) = 0 * inf = 0 (a zero gradient sends 0)"


def test_what_selects_sends_nothing_of_an_infinite_gradient() -> None:
    x = Value(-1.0, label="x")
    y = named(x.relu().sqrt(), "y")
    y.backward()
    assert lines(y)[-1] == "dy/dx += dy/dv1 * 0 = inf * 0 = 0 (relu is constant here and sends 0)"
    assert x.grad == steps(y)[-1].contributions[0].total == 0.0


def test_nan_is_not_said_to_be_zero() -> None:
    a, _ = two()
    y = named(a * 0.0, "y")
    y.backward(math.inf)
    assert lines(y)[-1] == "dy/da += dy/dy * 0 = inf * 0 = nan"


def test_a_gradient_that_was_cleared_is_told_once_after_its_last_term() -> None:
    a, _ = two()
    y = named(a * a, "y")
    y.backward()
    a.zero_grad()
    assert [line.startswith("a.grad has been cleared") for line in steps(y)[-1].lines] == [False, False, True]


def test_a_gradient_that_was_set_to_zero_was_cleared_too() -> None:
    a, _ = two()
    y = named(a * 3.0, "y")
    y.backward()
    a.grad = 0.0
    assert lines(y)[-2:] == ["dy/da += dy/dy * 3 = 1 * 3 = 3", "a.grad has been cleared since"]


def test_rounding_errors_of_sums_that_cancel_are_no_earlier_gradient() -> None:
    a, y = Value(0.1, label="a"), Value(0.0)
    y = ag.dot([a, a, a], [a, 0.3, -0.5])
    y.backward()
    assert 0 < a.grad < 1e-16, "in the engine's order it is not quite 0, as it is in the order of the formula"
    assert not any("before this pass" in line or " now:" in line for line in lines(y))


def test_names_of_gradients() -> None:
    a = Value(2.0, label="layer.w")
    y = named(a * 3.0, "the loss of one example")
    y.backward()
    assert lines(y)[2:] == [
        "dL/dL = 1 (the seed; L is the loss of one example)",
        "dL/d(layer.w) += dL/dL * 3 = 1 * 3 = 3",
    ]
    b = Value(1.0, label="L")
    y = named(b * 2.0, "the other loss")
    y.backward()
    assert "dJ/dL += dJ/dJ * 2 = 1 * 2 = 2" in lines(y)


def test_the_letter_for_a_long_root_is_free_and_looked_for_once() -> None:
    x = Value(2.0, label="x")
    y = x
    for i in range(3000):
        y = named(y + 1.0, f"L of step {i}" if i else "L")
    y.backward()
    start = time.perf_counter()
    text = str(steps(y, names={}))
    assert "dJ/dJ = 1 (the seed; J is L of step 2999)" in text
    assert time.perf_counter() - start < 5, "it takes a minute to look through all the names for each line"


def test_a_root_with_a_dot_in_its_name_is_called_that() -> None:
    (a, _), root = two(), "model.loss"
    y = named(a * 3.0, root)
    y.backward()
    assert lines(y)[-2:] == [
        "d(model.loss)/d(model.loss) = 1 (the seed)",
        "d(model.loss)/da += d(model.loss)/d(model.loss) * 3 = 1 * 3 = 3",
    ]


def test_a_negative_zero_is_written_as_zero() -> None:
    a, _ = two()
    y = named(a * -0.0, "y")
    y.backward()
    assert lines(y)[-1] == "dy/da += dy/dy * 0 = 1 * 0 = 0"


def test_the_seed_as_it_is_known() -> None:
    y = named(Value(2.0, label="a") * 3.0, "y")
    y.backward(5.0)
    assert lines(y)[2].startswith("dy/dy = 5 (the seed; not 1")
    assert lines(y)[3] == "dy/da += dy/dy * 3 = 5 * 3 = 15"
    a = Value(1.0, label="a")
    a.backward()
    assert lines(a) == ["a = 1 (input)", "da/da = 1 (the seed)"]


def test_unnamed_constants_are_numbers_and_no_steps() -> None:
    y = Value(2.0, label="a") * 3.0 + Constant(1.0, label="one")
    assert [step.title for step in steps(y)] == ["a", "v2", "one", "y", "y"]
    assert lines(Constant(5.0), names={}) == ["5 (constant)", "no backward pass: 5 is a constant, and has no gradient"]


# --- no backward pass, and what has changed since --------------------------------------------------------------------


def test_without_a_backward_pass_it_says_so_and_what_to_call() -> None:
    a, b = two()
    y = a * b
    told = steps(y)
    assert [step.pass_ for step in told] == ["forward"] * 3 + ["backward"]
    assert told[-1].lines == ("the backward pass has not run: call y.backward()",)
    assert told[-1].contributions == ()
    assert "grad" not in str(told)
    assert "= 0" not in str(told)


def test_a_backward_pass_of_an_inner_node_is_none_of_the_root() -> None:
    a, b = two()
    d = a * b
    y = d + 1.0
    d.backward()
    assert steps(y)[-1].lines == ("the backward pass has not run: call y.backward()",)


def test_numbers_that_were_changed_after_the_forward_pass() -> None:
    w = Value(2.0, label="w")
    y = named(w * w, "y")
    y.backward()
    w.data = 3.0
    assert lines(y)[1] == "y = w * w = 4, computed before its inputs changed"
    assert lines(y)[-1].endswith("= 1 * 2 = 2, now 4")


def test_gradients_that_were_cleared_or_overwritten_since() -> None:
    w = Value(2.0, label="w")
    d = named(w * 3.0, "d")
    y = named(d * 2.0 + d, "y")
    y.backward()
    w.zero_grad()
    assert lines(y)[-1] == "w.grad has been cleared since"
    d.backward()
    assert "d.grad is 1 now: another backward pass has changed it since" in lines(y)
    assert steps(y)[-1].contributions[0].amount == 9.0, "the pass of y, not that of d"


def test_several_roots_are_refused() -> None:
    a, b = two()
    with pytest.raises(ValueError, match="2 roots: each has a backward pass of its own"):
        steps([a, b])
    assert len(steps([a])) == 2
    with pytest.raises(TypeError, match="only a Value has a graph"):
        steps(3.0)  # type: ignore[arg-type]


# --- arrays --------------------------------------------------------------------------------------------------------


def linear_layer() -> tuple[Value, Value, Value]:
    rng = np.random.default_rng(0)
    x = Constant(rng.normal(size=(4, 3)), label="X")
    w, b = Value(rng.normal(size=(3, 2)), label="W"), Value(np.zeros(2), label="b")
    cost = named(((x @ w + b).tanh() ** 2.0).mean(), "J")
    cost.backward()
    return w, b, cost


def test_array_operations_say_shapes_and_words() -> None:
    w, b, cost = linear_layer()
    told = lines(cost, params=[w, b])
    assert "v3 = X @ W: (4, 3) and (3, 2) give (4, 2) from -3.829 to 3.696" in told
    assert re.fullmatch(r"dJ/dW \+= VJP of matmul with dJ/dv3: \[\[.*\]\]", told[-1])
    assert any(re.fullmatch(r"dJ/db \+= dJ/dv4 \* 1, summed = \[.*\]", line) for line in told)
    assert any(line.startswith("dJ/dv4 += dJ/dv5 * (1 - v5²): (4, 2) from") for line in told)


def test_small_arrays_show_their_numbers() -> None:
    q = Value([1.0, 2.0], label="q")
    z = named(q * q, "z")
    z.backward(np.array([1.0, 0.5]))
    assert lines(z) == [
        "q = [1, 2] (input)",
        "z = q * q = [1, 2] * [1, 2] = [1, 4]",
        "dz/dz = [1, 0.5] (the seed)",
        "dz/dq += dz/dz * q = [1, 0.5] * [1, 2] = [1, 1]",
        "dz/dq += dz/dz * q = [1, 0.5] * [1, 2] = [1, 1], now [2, 2]",
    ]


def sums(told: Steps) -> dict[int, Any]:
    return {sent.source: sent.total for step in told for sent in step.contributions}


def test_the_rules_of_array_operations_are_run_with_the_arrays_of_the_forward_pass() -> None:
    w, b, cost = linear_layer()
    before = w.grad
    w.data = np.zeros((3, 2))
    told = sums(steps(cost, params=[w, b]))
    np.testing.assert_allclose(told[0], before)
    np.testing.assert_allclose(told[1], b.grad)
    assert w.grad is before, "reading changes nothing"


def test_an_earlier_gradient_of_an_array() -> None:
    w, _, cost = linear_layer()
    cost.backward()
    (sent,) = steps(cost)[-1].contributions
    np.testing.assert_allclose(sent.before * 2, sent.total)
    np.testing.assert_allclose(sent.total, w.grad)
    assert "before this pass" in lines(cost)[-1]


# --- random graphs: the sums are the gradients -----------------------------------------------------------------------

_OPERATIONS: list[Callable[[Value, Value, Value], Value]] = [
    lambda a, b, c: a + b,
    lambda a, b, c: a * b,
    lambda a, b, c: a - b * 0.5,
    lambda a, b, c: a.tanh(),
    lambda a, b, c: a.relu(),
    lambda a, b, c: (a * a + 1.0) / (b * b + 1.0),
    lambda a, b, c: ag.dot([a, b, c], [c, a, a]),
    lambda a, b, c: ag.sum([a, b, c, a]),
    lambda a, b, c: ag.max([a, b, c]),
    lambda a, b, c: ag.maximum(a, b),
    lambda a, b, c: a.sqrt() * 0.0,
]


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    st.lists(st.tuples(st.sampled_from(_OPERATIONS), *[st.integers(0, 40)] * 3), min_size=1, max_size=14),
    st.lists(st.sampled_from([None, 0.0, 1.0, -7.5]), min_size=3, max_size=3),
    st.sampled_from([1.0, -2.0]),
)
def test_the_replay_comes_to_the_gradients(
    numbers: list[float], program: list[Any], earlier: list[float | None], seed: float
) -> None:
    nodes = [Value(x) for x in numbers]
    for leaf, gradient in zip(nodes, earlier, strict=True):
        leaf.grad = gradient
    for operation, *which in program:
        nodes.append(operation(*(nodes[i % len(nodes)] for i in which)))
    root = nodes[-1]
    root.backward(seed)
    told = steps(root, names={})
    graph_nodes = {step.node.id: step.node for step in told}
    so_far: dict[int, float] = {graph_nodes[max(graph_nodes)].id: seed}
    for step in told:
        for sent in step.contributions:
            g, local = step.node, step.node.slots[sent.slot].local
            assert sent.source == g.slots[sent.slot].source
            received = so_far[g.id]
            product = 0.0 if received == 0 or (local == 0 and math.isinf(received)) else received * local
            assert sent.amount == product or (math.isnan(sent.amount) and math.isnan(product))
            start = sent.before or 0.0
            assert same(sent.total, start + sent.amount)
            if not sent.is_first:
                assert same(sent.before, so_far[sent.source])
            so_far[sent.source] = sent.total
    for i, total in so_far.items():
        assert same(total, graph_nodes[i].gradient), graph_nodes[i].title


def same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7) or (math.isnan(a) and math.isnan(b))


@given(st.sampled_from(["float32", "float64"]), st.integers(0, 10**6))
def test_the_replay_of_arrays_comes_to_the_gradients(dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = Value(rng.normal(size=(3, 2)).astype(dtype), label="w")
    b = Value(rng.normal(size=2).astype(dtype), label="b")
    x = Value(rng.normal(size=(5, 3)).astype(dtype), label="x")
    z = x @ w + b
    cost = ((z.tanh() * b).sum(axis=1) + z[:, 0].relu()).mean() + (w * w).sum()
    cost.backward()
    if seed % 2:
        (x @ w).sum().backward()  # leaves hold more than one pass now
    told = steps(cost, names={})
    nodes = {step.node.id: step.node for step in told}
    for i, total in sums(told).items():
        np.testing.assert_allclose(total, nodes[i].gradient, rtol=1e-3, atol=1e-3)
        assert np.shape(total) == nodes[i].shape


# --- a sequence ----------------------------------------------------------------------------------------------------


def test_a_sequence_that_a_prompt_shows_as_text() -> None:
    a, b = two()
    y = a * b
    y.backward()
    told = steps(y)
    assert len(told) == 5
    assert isinstance(told[0], Step)
    assert str(told[-1]) == str(told[4]) == repr(told[4])
    assert [step.number for step in told[1:3]] == [2, 3]
    assert [step.number for step in told[::-1]] == [5, 4, 3, 2, 1]
    assert isinstance(told[1:3], Steps)
    assert repr(told) == "\n".join(str(step) for step in told)
    assert str(told[4]) == (
        "5/5  backward  dy/da += dy/dy * b = 1 * -3 = -3\n               dy/db += dy/dy * a = 1 * 2 = 2"
    )
    with pytest.raises(IndexError):
        told[5]
    with pytest.raises(TypeError):
        told[0] = told[1]  # type: ignore[index]


def test_a_prompt_is_not_flooded() -> None:
    y = Value(1.0)
    for _ in range(300):
        y = y.sin()
    told = steps(y)
    assert len(repr(told).splitlines()) == 201
    assert repr(told).endswith("… 102 more steps are not shown; print() shows all, steps(…)[200] the next")
    assert len(str(told).splitlines()) == 302


def test_a_prompt_is_not_flooded_by_one_step_either() -> None:
    xs = [Value(float(i)) for i in range(150)]
    y = ag.dot(xs, [Value(0.1) for _ in xs])
    y.backward()
    told = steps(y, names={})
    assert repr(told[-1]).splitlines()[-1].strip() == "… 100 more lines; print() shows all"
    assert len(repr(told[-1]).splitlines()) == len(repr(told[-1:]).splitlines()) == 201
    assert len(repr(told[-2:]).splitlines()) == 201, "199 lines are left for the second step"
    assert len(str(told[-1]).splitlines()) == 300


def test_a_chain_of_100_000_nodes() -> None:
    y = Value(0.1, label="x")
    for _ in range(100_000):
        y = y.sin()
    y.backward()
    told = steps(y)
    assert len(told) == 200_002
    assert told[100_000].lines == ("y = sin(v99999) = sin(0.005469) = 0.005469",)
    (sent,) = told[-1].contributions
    assert sent.source == 0
    assert math.isclose(sent.total, told[0].node.gradient)


def test_hostile_labels_stay_on_their_line() -> None:
    a = Value(2.0, label="a\nb\x1b[31m = <b>")
    y = named(a * a, "y")
    y.backward()
    for step in steps(y):
        assert len(str(step).splitlines()) == len(step.lines)
        assert "\x1b" not in str(step)
