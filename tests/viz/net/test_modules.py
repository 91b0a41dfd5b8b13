"""A model as a tree of parts, and which part made which node."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, nn, origin_of, record_origins
from viz.net.calls import Recorded
from viz.net.computed import Computed, read, run
from viz.net.modules import part_of, repeats, shape_after, shape_before


class Pair(nn.Module):
    """Two layers whose order only forward() knows."""

    def __init__(self) -> None:
        self.second, self.first = nn.Linear(3, 2, seed=0), nn.Linear(2, 3, seed=1)
        self.scale = Value(np.ones(2), "scale")

    def forward(self, x: Any) -> Any:
        return self.second(ag.tanh(self.first(x * self.scale)))


class Loop(nn.Module):
    def __init__(self) -> None:
        self.cell, self.out = nn.RNNCell(3, 4, seed=0), nn.Linear(4, 1, seed=1)

    def forward(self, x: Any) -> Any:
        h = None
        for step in x:
            h = self.cell(step, h)
        return self.out(h)


def test_parts_have_paths_titles_and_their_own_parameters() -> None:
    model = part_of(nn.Sequential(nn.MLP(2, [3]), ag.relu, Pair()))
    assert [(part.path, part.title) for part in model.every()] == [
        ("", "Sequential()"),
        ("[0]", "MLP()"),
        ("[0].layers[0]", "Layer()"),
        ("[0].layers[0].linear", "Linear(2, 3)"),
        ("[1]", "relu"),
        ("[2]", "Pair()"),
        ("[2].second", "Linear(3, 2)"),
        ("[2].first", "Linear(2, 3)"),
    ]
    pair = model.inside[2]
    assert [(p.name, p.shape, p.count) for p in pair.parameters] == [("scale", (2,), 2)]
    assert (pair.total, pair.modules_inside, pair.chained) == (19, 2, False)
    assert model.total == model.thing.parameter_count


def test_arrays_and_scalars_are_the_same_parts() -> None:
    assert part_of(nn.MLP(2, [3, 1])) == part_of(nn.MLP(2, [3, 1], scalars=False))


def test_a_subclass_with_its_own_forward_is_no_chain() -> None:
    class Backwards(nn.Sequential):
        def forward(self, x: Any) -> Any:
            for module in reversed(list(self)):
                x = module(x)
            return x

    assert part_of(nn.Sequential(nn.Tanh())).chained
    assert not part_of(Backwards(nn.Tanh())).chained


def test_functions_have_their_names() -> None:
    class Twice:
        def __call__(self, x: Any) -> Any:
            return 2 * x

    model = part_of(nn.Sequential(ag.tanh, lambda x: x, partial(ag.leaky_relu, slope=0.1), Twice()))
    assert [part.title for part in model.inside] == ["tanh", "lambda", "leaky_relu", "Twice"]


def test_shared_modules_and_circles() -> None:
    linear = nn.Linear(2, 2, seed=0)
    model = nn.Sequential(linear, ag.tanh, linear)
    assert [part.shared for part in part_of(model).inside] == ["", "", "[0]"]
    linear.parent = model  # type: ignore[attr-defined]
    assert sum(1 for _ in part_of(model).every()) < 10


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_repeats_cover_everything_once_and_are_repeats(items: list[str]) -> None:
    covered: list[str] = []
    for start, period, times in repeats(items):
        assert start == len(covered)
        covered += items[start : start + period] * times
    assert covered == items


def test_repeats_prefer_what_covers_most() -> None:
    assert repeats("xababab") == [(0, 1, 1), (1, 2, 3)]
    assert repeats("aaaa") == [(0, 1, 4)]
    assert repeats("abab", longest=1) == [(i, 1, 1) for i in range(4)]


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        (nn.Linear(2, 3), "(…, 2)", "(…, 3)"),
        (nn.Linear(2, 3, columns=True), "(2, m)", "(3, m)"),
        (nn.Conv2d(3, 8, 5), "(m, 3, …)", "(m, 8, …)"),
        (nn.Embedding(10, 4), "(…) whole numbers", "(…, 4)"),
        (nn.MLP(2, [5, 1]), "(…, 2)", "(…, 1)"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten()), "(m, 1, …)", ""),
        (Pair(), "", ""),
    ],
)
def test_shapes_that_are_known(module: nn.Module, before: str, after: str) -> None:
    part = part_of(module)
    assert (shape_before(part), shape_after(part, before)) == (before, after)


def _steps(found: Computed) -> list[str]:
    """Each operation with the way to its call, as ``matmul cell@2.input@0``."""
    return [
        f"{op.name} {'outside' if way is None else '.'.join(f'{name}@{k}' for name, k in way[1:])}".strip()
        for op, way in zip(found.graph.ops, found.steps, strict=True)
        if op is not None
    ]


def test_running_leaves_the_model_as_it_was() -> None:
    model = Pair()
    before = [dict(vars(module)) for module in model.modules()]
    run(model, [np.ones((4, 2))], {})
    with pytest.raises(ValueError, match="could not be broadcast"):
        run(model, [np.ones((4, 9))], {})
    assert [dict(vars(module)) for module in model.modules()] == before


def test_a_model_may_be_drawn_used_and_copied_at_the_same_time() -> None:
    class Copies(nn.Module):
        def __init__(self) -> None:
            self.linear = nn.Linear(2, 2, seed=0)

        def forward(self, x: Any) -> Any:
            copied = pickle.loads(pickle.dumps(copy.deepcopy(self.linear)))
            copied.weight.data = np.zeros((2, 2))
            return self.linear(x) + copied(x)

    model, x = nn.Sequential(Copies(), ag.tanh), np.ones((3, 2))
    alone = _steps(run(model, [x], {}))
    assert alone.count("matmul [0]@0") == 1  # the copy is no part of the model
    with ThreadPoolExecutor(4) as pool:
        drawn = [pool.submit(run, model, [x], {}) for _ in range(8)]
        used = [pool.submit(model, x) for _ in range(8)]
    assert all(_steps(each.result()) == alone for each in drawn)
    np.testing.assert_array_equal(used[0].result().data, np.tanh(model[0].linear(x).data))  # type: ignore[attr-defined]


def test_running_forgets_nothing_that_was_recorded() -> None:
    model = Pair()
    with record_origins():
        y = model(np.ones((4, 2)))
    run(model, [np.ones((4, 2))], {})
    assert origin_of(y)


def test_calls_are_counted_within_the_call_around() -> None:
    model = Loop()
    with record_origins() as origins:
        model(np.ones((3, 2, 3)))
    seen = [given.steps for given in Recorded(part_of(model), [origins]).given]
    assert [steps for steps in seen if steps[-1][0] == "cell"] == [(("", 0), ("cell", k)) for k in range(3)]
    inputs = [steps for steps in seen if steps[-1][0] == "input"]
    assert inputs == [(("", 0), ("cell", k), ("input", 0)) for k in range(3)]


PAIR = ["mul", "matmul first@0", "add first@0", "tanh", "matmul second@0", "add second@0"]


def test_every_node_has_the_innermost_call() -> None:
    assert _steps(run(Pair(), [np.ones((4, 2))], {})) == PAIR


def test_what_the_input_was_computed_from_is_outside() -> None:
    assert _steps(run(Pair(), [Value(np.ones((4, 2))) * 3.0], {})) == ["mul outside", *PAIR]


def test_a_graph_that_was_recorded_has_the_calls_of_a_run() -> None:
    for model, x in ((Pair(), np.ones((4, 2))), (Loop(), np.ones((3, 2, 3)))):
        with record_origins():
            cost = ag.mean(model(x))
        found = read([cost], model, {})
        assert not found.concluded
        assert _steps(found) == [*_steps(run(model, [x], {})), "mean outside"]


def test_a_forward_that_is_called_directly_is_known_by_its_parameters() -> None:
    class Direct(Pair):
        def forward(self, x: Any) -> Any:
            return self.second.forward(ag.tanh(self.first.forward(x * self.scale)))

    assert _steps(run(Direct(), [np.ones((4, 2))], {})) == PAIR


def test_a_model_in_another_and_its_parts_alone() -> None:
    class Trainer(nn.Module):
        def __init__(self) -> None:
            self.model = Pair()

        def forward(self, x: Any) -> Any:
            return ag.mean(self.model(x))

    trainer = Trainer()
    with record_origins():
        cost = trainer(np.ones((4, 2)))
        parts = trainer.model.second(ag.tanh(trainer.model.first(np.ones((4, 2)))))
    assert _steps(read([cost], trainer.model, {})) == [*PAIR, "mean outside"]
    assert "tanh outside" in _steps(read([parts], trainer.model, {}))


def test_what_was_recorded_by_half_is_concluded() -> None:
    model = Pair()
    first = model(np.ones((4, 2)))
    with record_origins():
        second = model(np.ones((4, 2)))
        assert read([first + second], model, {}).concluded
        assert not read([second], model, {}).concluded


def test_a_module_that_works_for_another_is_where_it_is_kept() -> None:
    class Borrows(nn.Module):
        def __init__(self, lend: Any) -> None:
            self.lend = lend

        def forward(self, x: Any) -> Any:
            return ag.tanh(self.lend()(x))

    class Lender(nn.Module):
        def __init__(self) -> None:
            self.linear, self.borrows = nn.Linear(2, 2, seed=0), Borrows(lambda: self.linear)

        def forward(self, x: Any) -> Any:
            return self.borrows(x)

    assert _steps(run(Lender(), [np.ones((3, 2))], {})) == ["matmul linear@0", "add linear@0", "tanh borrows@0"]


def _concluded(model: nn.Module, root: Value) -> list[str]:
    found = read([root], model, {})
    assert found.concluded
    return _steps(found)


def test_concluding_from_parameters() -> None:
    model = Pair()
    cost = ag.mean(ag.square(model(np.ones((4, 2)))))
    assert _concluded(model, cost) == [
        "mul",
        "matmul first@0",
        "add first@0",
        "tanh",
        "matmul second@0",
        "add second@0",
        "square outside",
        "mean outside",
    ]


def test_the_steps_of_a_loop_are_in_order() -> None:
    model = Loop()
    found = _concluded(model, model(np.ones((3, 2, 3))))
    for k in range(3):
        assert found.count(f"matmul cell@{k}.input@{k}") == found.count(f"tanh cell@{k}") == 1
    recurrent = [line for line in found if "hidden" in line]
    assert recurrent == [f"matmul cell@{k}.hidden@{k}" for k in range(3)]


@pytest.mark.parametrize(
    "layer", [nn.RMSNorm(4), nn.LayerNorm(4), nn.Conv2d(1, 2, 3)], ids=["RMSNorm", "LayerNorm", "Conv2d"]
)
def test_layers_that_begin_without_parameters_are_concluded_whole(layer: nn.Module) -> None:
    model = nn.Sequential(nn.Linear(4, 4, seed=0), layer, nn.Linear(4 if not isinstance(layer, nn.Conv2d) else 2, 1))
    x = np.ones((5, 1, 4, 4) if isinstance(layer, nn.Conv2d) else (5, 4))
    found = _concluded(model, model(x))
    loose = {line for line in found if "@" not in line}
    assert loose <= {"transpose"}  # the last of a convolution: nothing tells it from what comes after


def test_a_penalty_on_the_weights_is_outside_and_no_call() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    cost = model([1.0, 2.0]) + sum((p * p for p in model.parameters()), Value(0.0))
    found = _concluded(model, cost)
    assert found.count("mul outside") == 13
    assert not any("@1" in line for line in found)
