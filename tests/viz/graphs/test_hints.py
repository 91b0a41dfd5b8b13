"""Hints: what is wrong with a gradient, in words, and no false alarm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn
from autograd_lite.origins import record_origins
from tests.viz.helpers import takes_at_most
from viz.graphs.hints import MEANINGS, Hint, hints
from viz.graphs.layer_norms import layer_norms
from viz.graphs.rolling import roll
from viz.graphs.snapshot import Snapshot, snapshot


def remarks(y: Any, **options: Any) -> dict[str, list[str]]:
    """The words for each operation, or name, that has any."""
    return words_of(snapshot(y, **options))


def words_of(graph: Snapshot) -> dict[str, list[str]]:
    return {
        graph.nodes[i].operation or graph.title(i): [hint.word for hint in found] for i, found in hints(graph).items()
    }


def kinds(graph: Snapshot) -> set[str]:
    return {hint.kind for found in hints(graph).values() for hint in found}


# --- saturated -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("t", "saturated"), [(0.969, False), (0.971, True), (-0.969, False), (-0.971, True)])
def test_tanh_is_saturated_beyond_the_limit(t: float, saturated: bool) -> None:
    a = math.atanh(t)
    assert bool(remarks(Value(a).tanh())) is saturated
    assert bool(remarks(Value(2 * a).sigmoid())) is saturated, "sigmoid(2a) = (1 + tanh(a)) / 2"
    assert bool(remarks(Value(np.full((4, 3), a)).tanh())) is saturated


def test_a_sentence_has_the_slope() -> None:
    graph = snapshot(Value(3.0).tanh())
    assert "0.009866" in hints(graph)[1][0].sentence


def test_an_array_is_saturated_if_most_of_it_is_or_a_whole_unit() -> None:
    x = np.zeros((4, 3))
    x[:2] = 9.0
    assert remarks(Value(x).tanh()) == {}, "half of the elements, and no whole column"
    x[2, 0] = 9.0
    assert remarks(Value(x).tanh()) == {"tanh": ["58% saturated"]}
    x[:2, 1:] = 0.0
    x[3, 0] = -9.0
    assert remarks(Value(x).tanh()) == {"tanh": ["1 of 3 units saturated"]}


# --- dead ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "dead"), [(1.0, False), (0.0, True), (-1.0, True)])
def test_a_relu_is_dead_where_its_input_is_not_positive(x: float, dead: bool) -> None:
    assert remarks(Value(x).relu()) == ({"relu": ["dead ReLU"]} if dead else {})


def test_the_maximum_with_zero_is_a_relu() -> None:
    a = Value(-1.0)
    assert remarks(np.maximum(0, a)) == remarks(ag.maximum(a, 0.0)) == {"maximum": ["dead ReLU"]}
    assert remarks(ag.maximum(a, 1.0)) == remarks(ag.maximum(a, Value(0.0))) == {}
    assert remarks(ag.maximum(Value(0.0), 0.0)) == {}, "a tie lets a half through"
    assert remarks(np.maximum(0, Value(np.full((3, 2), -1.0)))) == {"maximum": ["dead ReLU"]}


def test_nan_is_not_dead() -> None:
    graph = snapshot(Value(math.nan).relu())
    assert kinds(graph) == {"nan"}


def dead_units(x: np.ndarray) -> dict[str, list[str]]:
    return remarks(Value(x).relu())


def test_a_unit_is_dead_if_it_is_for_every_example() -> None:
    x = np.ones((5, 4))
    x[:4, 1] = -1.0
    x[0] = -1.0
    assert dead_units(x) == {}
    x[4, 1] = -1.0
    assert dead_units(x) == {"relu": ["1 of 4 units dead"]}
    assert dead_units(-np.ones((5, 4))) == {"relu": ["dead ReLU"]}
    assert dead_units(x[1:2]) == {}, "of one example half of the units are closed as a rule"


def test_examples_may_be_columns() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 50)), Value(rng.normal(size=(2, 3)), label="W")
    bias = Value(np.array([[-100.0], [0.0]]), label="b")
    assert remarks((w @ x + bias).relu()) == {"relu": ["1 of 2 units dead"]}
    assert remarks((w.T.T @ x + bias).relu()) == {"relu": ["1 of 2 units dead"]}
    assert remarks(ag.relu(x.T @ w.T + bias.T)) == {"relu": ["1 of 2 units dead"]}
    two = ((w @ x).tanh() * 0.1 + bias).relu()
    assert remarks(two)["relu"] == ["1 of 2 units dead"]
    assert remarks((w @ x).relu()) == {}, "an example that no unit sees is no dead unit"


def test_a_layer_with_columns_as_examples() -> None:
    layer = nn.Linear(3, 4, columns=True, seed=0)
    layer.bias.data = np.array([[-100.0], [0.0], [-100.0], [0.0]])
    y = layer(np.random.default_rng(0).normal(size=(3, 20))).relu()
    assert remarks(y, params=layer) == {"relu": ["2 of 4 units dead"]}


# --- nan -----------------------------------------------------------------------------------------------------------


def test_where_a_nan_begins_is_told() -> None:
    z, a = Value(0.0, label="z"), Value(1.0, label="a")
    y = (z.log() * z + a).tanh()
    y.backward()
    found = remarks(y)
    assert found["log"] == ["first inf value", "nan gradient"]
    assert found["mul"] == ["nan value", "nan gradient"]
    assert found["add"] == ["nan value", "first nan gradient"]
    assert found["tanh"] == ["nan value"]
    assert found["z"] == found["a"] == ["nan gradient"]


def test_an_infinite_slope_makes_the_first_infinite_gradient() -> None:
    z = Value(0.0, label="z")
    y = z.sqrt() + 1.0
    y.backward()
    (hint,) = hints(snapshot(y))[0]
    assert (hint.word, hint.is_origin) == ("first inf gradient", True)


def test_elements_of_arrays_are_counted() -> None:
    x = Value(np.array([1.0, np.nan, np.inf, 2.0]), label="x")
    (hint,) = hints(snapshot(x))[0]
    assert hint.word == "first nan value"
    assert "2 of 4 elements" in hint.sentence


# --- vanishing and exploding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [1000.0, 1e-3, 1e12])
def test_large_numbers_in_a_plain_expression_are_no_alarm(c: float) -> None:
    a, b = Value(2.0), Value(3.0)
    for y in (a * b + c, a * b * c * c, (a * c) ** 2 + b / c, (a * b * 0.01).tanh() * c * c):
        y.backward()
        assert "exploding" not in kinds(snapshot(y))
        assert "vanishing" not in kinds(snapshot(y))


def deep(activation: str, layers: int, seed: int = 0, scale: float = 1.0) -> tuple[Value, nn.Sequential]:
    rows = [x for k in range(layers) for x in (nn.Linear(4, 4, seed=seed + k), getattr(ag, activation))]
    net = nn.Sequential(*rows)
    for parameter in net.parameters():
        parameter.data = parameter.data * scale
    y = (net(np.random.default_rng(1).normal(size=(6, 4))) ** 2).sum()
    y.backward()
    return y, net


def test_ten_sigmoid_layers_vanish_though_none_does_it_alone() -> None:
    y, _ = deep("sigmoid", 10)
    graph = snapshot(y)
    layers = layer_norms(graph)
    norms = [layer.norm for layer in layers]
    assert len(layers) == 10
    assert all(before / after > 1 / 100 for before, after in zip(norms[1:], norms, strict=False))
    found = [hint for remarks in hints(graph).values() for hint in remarks if hint.kind == "vanishing"]
    assert 2 <= len(found) <= 4, "one for each factor of a hundred"
    assert kinds(graph) == {"vanishing"}


def test_few_layers_do_not() -> None:
    for activation in ("tanh", "relu", "sigmoid"):
        y, _ = deep(activation, 2)
        assert not kinds(snapshot(y)) & {"vanishing", "exploding"}


def test_large_weights_explode() -> None:
    y, _ = deep("leaky_relu", 6, scale=30.0)
    assert "exploding" in kinds(snapshot(y))
    assert "vanishing" not in kinds(snapshot(y))


def test_layers_of_modules_have_their_names() -> None:
    with record_origins():
        y, net = deep("sigmoid", 10)
        graph = snapshot(y, params=net)
    assert graph.paths, "the test needs paths"
    layers = layer_norms(graph)
    assert len(layers) == 10
    assert [len(layer.nodes) for layer in layers] == [1] * 10, "what a module uses itself is not its result"
    sentences = [hint.sentence for found in hints(graph).values() for hint in found]
    assert any("[0]" in sentence for sentence in sentences)


def test_a_linear_net_of_modules_has_layers_too() -> None:
    with record_origins():
        net = nn.Sequential(*(nn.Linear(4, 4, seed=k) for k in range(5)))
        for parameter in net.parameters():
            parameter.data = parameter.data * 0.02
        y = net(np.ones((3, 4))).sum()
        y.backward()
        graph = snapshot(y, params=net)
    assert [layer.path for layer in layer_norms(graph)] == [f"[{k}]" for k in (4, 3, 2, 1, 0)]
    assert "vanishing" in kinds(graph)


def test_a_recurrence_vanishes_in_time() -> None:
    w, h = Value(0.3, label="w"), Value(0.5, label="h")
    for _ in range(12):
        h = (w * h + 0.1).tanh()
    h.backward()
    graph = snapshot(h)
    assert len(layer_norms(graph)) == 12
    assert "vanishing" in kinds(graph)


def test_one_recurrent_module_is_a_layer_for_each_step() -> None:
    with record_origins():
        cell = nn.RNNCell(2, 3, seed=0)
        h = None
        for _ in range(5):
            h = cell(np.ones((1, 2))) if h is None else cell(np.ones((1, 2)), h)
        y = h.sum()  # type: ignore[union-attr]
        y.backward()
        graph = snapshot(y, params=cell)
    heights = [layer.height for layer in layer_norms(graph)]
    assert sorted(set(heights)) == [1, 2, 3, 4, 5]


def test_a_layer_that_gets_nothing_at_all() -> None:
    x, w = Value(1.0), Value(-1.0)
    y = ((x * w).tanh().relu() * 2.0).tanh()
    y.backward()
    found = [hint.word for remarks in hints(snapshot(y)).values() for hint in remarks]
    assert "vanishing" in found
    assert "dead ReLU" in found


def test_without_gradients_there_are_only_remarks_on_values() -> None:
    assert kinds(snapshot((Value(9.0).tanh() * 0.001).tanh())) == {"saturated"}


def test_skip_connections_compare_with_the_nearest_layer() -> None:
    x = Value(0.1)
    h = (x * 2.0).tanh()
    y = (h + (h * 1.5).tanh()).sum()
    y.backward()
    layers = layer_norms(snapshot(y))
    assert [layer.after for layer in layers] == [None, 0]
    g = (x * 2.0).tanh()
    y = (g * 0.5 + (g * 1.5).tanh()).tanh()
    y.backward()
    assert [(layer.height, layer.after) for layer in layer_norms(snapshot(y))] == [(1, None), (2, 0), (3, 1)]


# --- all of them ---------------------------------------------------------------------------------------------------


def test_every_kind_has_a_meaning_for_the_legend() -> None:
    assert set(MEANINGS) == {"saturated", "dead", "vanishing", "exploding", "nan"}
    assert Hint("dead", "dead ReLU", "") == Hint("dead", "dead ReLU", "", is_origin=False)


def test_rolled_graphs_have_hints() -> None:
    y = sum(((Value(float(-i)) * 3.0).relu() for i in range(1, 300)), Value(0.0))
    y.backward()
    rolled = roll(snapshot(y))
    assert words_of(rolled)["relu"] == ["dead ReLU"]
    assert "299" in next(hint.sentence for found in hints(rolled).values() for hint in found)


def test_a_rolled_loop_is_walked() -> None:
    x = Value(0.5)
    for _ in range(2_000):
        x = (x * 1.1 + 0.1).tanh()
    x.backward()
    assert isinstance(hints(roll(snapshot(x))), dict)


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("kind", ["chain", "wide"])
def test_the_time_grows_with_the_number_of_values(kind: str) -> None:
    def graph(n: int) -> Snapshot:
        x = Value(1.0)
        if kind == "chain":
            for _ in range(2 * n):
                x = (x + 0.0001).tanh()
        else:
            x = sum(((Value(0.1) * 0.3).tanh() for _ in range(n)), x)
        x.backward()
        return snapshot(x)

    small, large = graph(2_500), graph(25_000)
    assert len(large) > 100_000
    assert takes_at_most(40, lambda: hints(large), lambda: hints(small)), "ten times the values"


def test_the_same_graph_has_the_same_hints() -> None:
    y, _ = deep("sigmoid", 10)
    assert list(hints(snapshot(y)).items()) == list(hints(snapshot(y)).items())
    assert list(hints(snapshot(y))) == sorted(hints(snapshot(y)))
