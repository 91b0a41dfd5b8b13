"""Networks as boxes: what a run or a root tells of them, and what is rolled into one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, record_origins
from tests.viz.net.helpers import ONES, Loop, Residual, Transformer, arrows, ran, rooted, titles
from viz.net.computed import read
from viz.net.net import draw_net

# --- running -------------------------------------------------------------------------------------------------------


def test_the_arrows_are_the_data_flow() -> None:
    drawing = ran(nn.Sequential(nn.Linear(2, 3, seed=0), ag.tanh, nn.Linear(3, 1, seed=1)), ONES)
    assert arrows(drawing) == {
        ("x", "Linear(2, 3)", "data"),
        ("Linear(2, 3)", "tanh", "data"),
        ("tanh", "Linear(3, 1)", "data"),
        ("Linear(3, 1)", "output", "data"),
    }
    assert {arrow.labels for arrow in drawing.arrows} == {("(4, 2)",), ("(4, 3)",), ("(4, 1)",)}


def test_a_residual_has_two_arrows_into_its_sum() -> None:
    drawing = ran(nn.Sequential(nn.Linear(2, 4, seed=0), Residual(4)), ONES)
    assert {(tail, head) for tail, head, _ in arrows(drawing) if head == "+"} == {("relu", "+"), ("Linear(2, 4)", "+")}


def test_blocks_in_a_row_are_one_box_and_its_arrows_stay() -> None:
    model = nn.Sequential(nn.Linear(2, 4, seed=0), *[Residual(4) for _ in range(5)], nn.Linear(4, 1, seed=0))
    drawing = ran(model, ONES)
    assert titles(drawing).count("Residual() ×5") == 1
    assert ("+", "Linear(4, 1)", "data") in arrows(drawing)
    assert ("+", "Linear(4, 4)", "data") not in arrows(drawing)
    box = next(box for box in drawing.every() if box.title == "Residual()")
    assert (box.total, box.calls, box.name) == (20, False, "[1] … [5]")
    assert titles(ran(model, ONES, roll=False)).count("Residual()") == 5


def test_the_calls_of_a_cell_are_one_box_with_a_loop() -> None:
    drawing = ran(Loop(), np.ones((5, 2, 3)))
    assert "RNNCell(3, 4) ×5" in titles(drawing)
    assert "Linear(3, 4)" in titles(drawing)  # once in each call
    assert ("+, tanh", "Linear(4, 4, bias=False)", "next") in arrows(drawing)
    assert ("x", "Linear(3, 4)", "data") in arrows(drawing)
    source = draw_net(Loop(), np.ones((5, 2, 3))).source
    assert "next call" in source
    assert "the same module, called 5 times" in source


def test_unrolled_calls_stand_by_themselves() -> None:
    drawing = ran(Loop(), np.ones((5, 2, 3)), roll=False)
    assert titles(drawing).count("RNNCell(3, 4)") == 5
    assert {kind for _, _, kind in arrows(drawing)} == {"data"}
    names = [box.name for box in drawing.every() if box.title == "RNNCell(3, 4)"]
    assert sorted(names) == ["cell", "cell, call 2", "cell, call 3", "cell, call 4", "cell, call 5"]


def test_an_lstm_hands_both_its_states_on() -> None:
    found = [arrow for arrow in ran(Loop(nn.LSTMCell), np.ones((5, 2, 3))).arrows if arrow.kind == "next"]
    assert len(found) == 2


def test_a_module_without_parameters_is_drawn_where_it_is_called() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.one, self.two, self.act = nn.Linear(2, 3, seed=0), nn.Linear(3, 1, seed=0), nn.Tanh()

        def forward(self, x: Any) -> Any:
            return self.act(self.two(self.act(self.one(x))))

    assert titles(ran(Twice(), ONES)).count("Tanh()") == 2


def test_attention_is_drawn_with_its_operations() -> None:
    drawing = ran(nn.MultiHeadAttention(16, 4, causal=True, seed=0), np.ones((2, 7, 16)))
    assert titles(drawing).count("Linear(16, 16)") == 4
    assert "matmul, ÷, where, softmax" in titles(drawing)


def test_modules_that_compute_nothing_are_named() -> None:
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Dropout(0.5), nn.Linear(3, 1, seed=0)).eval()
    assert ran(model, ONES).notes == ["not in the graph, for nothing was computed there: [1] Dropout(0.5)"]


def test_whole_numbers_leave_an_arrow_although_no_graph() -> None:
    drawing = ran(nn.Sequential(nn.Embedding(5, 2, seed=0), nn.Linear(2, 1, seed=0)), np.array([[1, 2]]))
    assert ("x", "Embedding(5, 2)", "data") in arrows(drawing)


def test_scalars_are_counted() -> None:
    drawing = ran(nn.MLP(2, [4, 1], seed=0), [Value(1.0), Value(2.0)])
    assert {arrow.labels for arrow in drawing.arrows} == {("2 scalars",), ("4 scalars",), ("scalar",)}


def test_a_class_with_its_own_call_is_drawn_too() -> None:
    class Micrograd(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 1, seed=0)

        def __call__(self, x: Any) -> Any:
            return ag.tanh(self.layer(x))

    assert {"Micrograd()", "Linear(2, 1)", "tanh"} <= set(titles(ran(Micrograd(), ONES)))


def test_micrograds_own_classes_are_known_by_their_parameters() -> None:
    class Neuron(nn.Module):
        def __init__(self) -> None:
            self.w, self.b = [Value(0.5), Value(-1.0)], Value(0.0)

        def __call__(self, x: Any) -> Any:
            return sum((w * xi for w, xi in zip(self.w, x, strict=True)), self.b).tanh()

    class Micrograd(nn.Module):
        def __init__(self) -> None:
            self.neurons = [Neuron(), Neuron()]

        def __call__(self, x: Any) -> Any:
            return [neuron(x) for neuron in self.neurons]

    drawing = ran(Micrograd(), [Value(1.0), Value(2.0)])
    assert [box.name for box in drawing.every() if box.title == "Neuron()"] == ["neurons[0]", "neurons[1]"]
    assert next(box.note for box in drawing.boxes if box.kind == "data") == "2 scalars"
    assert "Module.__call__ did not run: Neuron; write forward(self, x)" in drawing.notes[-1]


def test_arguments_of_every_kind_are_named() -> None:
    class Many(nn.Module):
        def __init__(self) -> None:
            self.a, self.b = nn.Linear(2, 3, seed=0), nn.Linear(2, 3, seed=1)

        def forward(self, *xs: Any, options: Any = None) -> Any:
            return {"sum": self.a(xs[0]) + self.b(xs[1]), "first": self.a(xs[0])}

    drawing = ran(Many(), ONES, 2 * ONES)
    assert [(box.title, box.note) for box in drawing.boxes if box.kind == "data"] == [
        ("xs[0]", "(4, 2)"),
        ("xs[1]", "(4, 2)"),
        ("output", "dict"),
    ]


def test_a_module_that_stands_twice_is_not_said_to_be_idle() -> None:
    linear = nn.Linear(2, 2, seed=0)
    drawing = ran(nn.Sequential(linear, ag.tanh, linear), ONES)
    assert "Linear(2, 2) ×2" in titles(drawing)
    assert drawing.notes == []


def test_a_shared_parameter_is_an_arrow_of_its_own() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.embed = nn.Embedding(5, 2, seed=0)
            self.mix = nn.Linear(2, 2, seed=0)

        def forward(self, x: Any) -> Any:
            return ag.matmul(self.mix(self.embed(x)), ag.transpose(self.embed.weight))

    assert ("Embedding(5, 2)", "transpose", "shared") in arrows(ran(Tied(), np.array([1, 2])))


# --- from a root ---------------------------------------------------------------------------------------------------


def test_a_root_shows_the_loss_outside_of_the_model() -> None:
    model = nn.Sequential(nn.Linear(2, 3, seed=0), ag.tanh, nn.Linear(3, 1, seed=1))
    cost = ag.mean(ag.square(model(ONES)))
    drawing = rooted(model, cost)
    assert [box.title for box in drawing.boxes] == ["constant", "Sequential()", "square\nmean", "v11"]
    assert ("Linear(3, 1)", "square, mean", "data") in arrows(drawing)
    assert "record_origins" in drawing.notes[-1]


def test_the_model_is_found_among_the_variables() -> None:
    other = nn.Linear(2, 1, seed=5)
    model = nn.Sequential(nn.Linear(2, 3, seed=0), ag.tanh)
    cost = ag.mean(model(ONES))
    assert "Sequential()" in draw_net(cost).source
    assert other.parameter_count


def test_a_recorded_model_needs_no_variable() -> None:
    with record_origins():
        cost = ag.mean(nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh())(ONES))
    drawn = draw_net(cost, names={})
    assert "Tanh()" in drawn.source
    assert "concluded" not in drawn.source


def test_a_recorded_root_is_drawn_as_a_run_is() -> None:
    for model, x in ((Loop(), np.ones((5, 2, 3))), (Transformer(3), np.zeros((2, 7), int))):
        with record_origins():
            y = model(x)
        recorded, watched = rooted(model, y), ran(model, x)
        assert titles(recorded)[:-1] == titles(watched)[:-1]  # but for the name of what comes out
        assert len(arrows(recorded)) == len(arrows(watched))
        assert recorded.notes == watched.notes == []


def test_what_is_counted_is_said() -> None:
    model = nn.MLP(2, [4, 1], seed=0)
    with record_origins():
        once = model(ONES)
        several = [model([Value(1.0), Value(float(i))]) for i in range(3)]
    assert "MLP() ×" not in str(titles(rooted(model, ag.mean(once))))
    assert "×3: the same module, called 3 times" in draw_net(several, params=model).source
    concluded = draw_net(ag.mean(model(ONES)), params=model).source
    assert "×4: the parameters are used 4 times" in concluded  # four examples in one call


def test_the_same_constant_is_one_box() -> None:
    model = nn.MultiHeadAttention(4, 2, seed=0)
    drawing = rooted(model, ag.mean(model(np.ones((2, 3, 4)))))
    assert titles(drawing).count("constant") == 1
    assert sum(tail == "constant" for tail, _, _ in arrows(drawing)) == 1  # three linear layers of one title


def test_many_roots_are_one_box() -> None:
    model = nn.MLP(2, [4, 8], seed=0)
    drawing = read(model([1.0, 2.0]), model, {}).drawing(None, True)
    assert titles(drawing)[-1] == "8 values"


def test_a_root_that_is_a_leaf() -> None:
    model, x = nn.Linear(2, 1, seed=0), Value(1.0, "x")
    assert titles(rooted(model, x)) == ["x", "x"]
    assert draw_net(x, params=model).pipe("svg")


def test_a_loop_is_concluded_as_it_was_watched() -> None:
    model = Loop()
    x = np.ones((5, 2, 3))
    watched = arrows(ran(model, x))
    concluded = arrows(rooted(model, model(x)))
    inside = {"Linear(3, 4)", "+, tanh", "Linear(4, 4, bias=False)", "Linear(4, 1)"}
    assert {a for a in watched if {a[0], a[1]} <= inside} == {a for a in concluded if {a[0], a[1]} <= inside}


def test_many_examples_of_scalars_are_few_boxes() -> None:
    model = nn.MLP(2, [4, 1], seed=0)
    cost = sum(((model([Value(float(i)), Value(1.0)]) - 1.0) ** 2 for i in range(40)), Value(0.0)) / 40
    drawing = rooted(model, cost)
    assert "MLP() ×40" in titles(drawing)
    assert "relu ×4" in titles(drawing)
    assert len(titles(drawing)) < 20


# --- large ---------------------------------------------------------------------------------------------------------


def test_a_transformer_of_twelve_blocks_is_drawn_as_one() -> None:
    model, x = Transformer(12), np.zeros((2, 7), int)
    for inputs in ((), (x,)):
        picture = draw_net(model, *inputs)
        assert picture.pipe("svg")
        assert picture.outline is not None
        assert "Block()  ×12  blocks[0] … blocks[11]" in picture.outline()
    drawing = ran(model, x)
    assert titles(drawing).count("Block() ×12") == 1
    assert len(titles(drawing)) < 45


def test_a_transformer_is_rolled_from_its_loss_too() -> None:
    model = Transformer(12)
    drawing = rooted(model, ag.mean(model(np.zeros((2, 7), int))))
    assert "Block() ×12" in titles(drawing)


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_long_chain_of_operations_is_no_recursion() -> None:
    model = nn.Linear(1, 1, seed=0).to_scalars()
    h = model([Value(1.0)])[0]
    for _ in range(20_000):
        h = h + 0.5
    assert "+ ×20000" in titles(rooted(model, h)) or "+ ×20,000" in draw_net(h, params=model).source
