"""Names from variables: what they reach, and that nothing that may stand beside them disturbs a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest

from autograd_lite import Value, nn
from viz import draw_dot, mimebundle, snapshot
from viz.graphs.names import given_names, variable_names


class Hostile:
    """Refuses everything that one may ask of an object."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("no")

    __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __getattr__ = __repr__ = _refuse
    __class__ = property(_refuse)


class Pretender:
    """Says that it is a Value, as proxies do."""

    __class__ = property(lambda self: Value)


class Unfinished(nn.Module):
    """Its parameters cannot be told yet."""

    def named_parameters(self) -> NoReturn:
        raise AttributeError("not yet")


def endless() -> list[object]:
    loop: list[object] = []
    loop.append(loop)
    return loop


def cells(*elements: object) -> Any:
    array = np.empty(len(elements), dtype=object)
    for i, element in enumerate(elements):
        array[i] = element
    return array


a = Value(1.0)
ODD: dict[str, Callable[[], object]] = {
    "an object that refuses": Hostile,
    "a proxy": Pretender,
    "an unfinished module": Unfinished,
    "a list of odd ones": lambda: [Hostile(), a],
    "a dict of odd ones": lambda: {"x": Hostile()},
    "an array of odd ones": lambda: cells(Hostile(), a),
    "keys that are no strings": lambda: {"x": a, 1: a},
    "a list of itself": endless,
    "a generator": lambda: (x for x in [a]),
    "nothing": list,
}


@pytest.mark.parametrize("make", ODD.values(), ids=list(ODD))
def test_what_stands_beside_a_value_does_not_matter(make: Callable[[], object]) -> None:
    odd = make()
    assert variable_names({"odd": odd, "y": a})[id(a)] == "y"
    assert "<B>mine</B>" in (lambda mine, beside: draw_dot(mine))(Value(2.0), odd).source


def test_a_notebook_with_an_odd_variable_still_shows_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    import __main__

    monkeypatch.setattr(__main__, "odd", Unfinished(), raising=False)
    monkeypatch.setattr(__main__, "mine", y := Value(2.0), raising=False)
    assert ">mine</text>" in mimebundle(y)["image/svg+xml"]


def test_what_was_given_on_purpose_is_not_passed_over() -> None:
    with pytest.raises(AttributeError, match="not yet"):
        given_names({"model": Unfinished()})


def test_the_first_element_tells_whether_a_container_names_its_elements() -> None:
    b, c = Value(1.0), Value(2.0)
    found = given_names({"w": [b, 3.0, c], "cells": cells(c, None), "other": [None, Value(0.0)]})
    assert found == {id(b): "w[0]", id(c): "w[2]"}
    assert given_names({"w": [b, Hostile(), Pretender(), c]}) == {id(b): "w[0]", id(c): "w[3]"}


def test_local_variables_count_before_global_ones() -> None:
    y = Value(2.0)
    names = {"y": y, "y2": y, "draw_dot": draw_dot}
    exec("def inner(local): return draw_dot(local).source", names)
    assert "<B>local</B>" in names["inner"](y)  # type: ignore[operator]
    exec("source = draw_dot(y).source", names)
    assert "<B>y</B>" in names["source"]  # type: ignore[operator]


class InAClass:
    attribute = Value(3.0)
    source = draw_dot(attribute).source


def test_names_in_the_body_of_a_class() -> None:
    assert "<B>attribute</B>" in InAClass.source


def test_a_parameter_that_another_variable_holds_too_is_still_a_parameter() -> None:
    model = nn.MLP(2, [1], seed=0)
    w = model.layers[0].linear.weight[0, 0]
    graph = snapshot(model([Value(1.0), Value(2.0)]), names={"w": w, "model": model})
    roles = [node.role for node in graph if node.op is None]
    assert sorted(roles) == ["input"] * 2 + ["parameter"] * 3
