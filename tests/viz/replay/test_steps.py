"""Steps: their order, their arithmetic, and how a prompt shows them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from tests.viz.helpers import takes_at_most
from tests.viz.replay.helpers import lines, named, two
from viz.replay.steps import Step, Steps, steps

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


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_the_letter_for_a_long_root_is_free_and_looked_for_once() -> None:
    def run(length: int) -> Value:
        y = Value(2.0, label="x")
        for i in range(length):
            y = named(y + 1.0, f"L of step {i}" if i else "L")
        y.backward()
        return y

    few, many = run(300), run(3000)
    assert "dJ/dJ = 1 (the seed; J is L of step 2999)" in str(steps(many, names={}))
    told = (lambda: str(steps(many, names={})), lambda: str(steps(few, names={})))
    assert takes_at_most(40, *told), "ten times the values; to look through all names for each line takes a hundred"


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


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
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
