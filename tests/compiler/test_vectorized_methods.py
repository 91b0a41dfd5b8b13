"""`vectorize` on methods of every kind and on what else can be called; copies and pickles of their objects."""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import weakref
from dataclasses import dataclass, field
from typing import Any

import pytest

from autograd_lite import Value, nn, vectorize

W = Value(2.0, label="W")


class Model:
    scale = 3.0

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    @vectorize
    def cost(self, xs: Any) -> Any:
        return sum((self.w * x) ** 2 for x in xs)

    @vectorize(in_axes=0)
    def each(self, x: Any) -> Any:
        return self.w * x

    def loss(self, xs: Any) -> Any:
        return sum(self.w * x for x in xs)

    @vectorize
    @staticmethod
    def static(xs: Any) -> Any:
        return sum(W * x for x in xs)

    @staticmethod
    @vectorize
    def static_turned(xs: Any) -> Any:
        return sum(W * x for x in xs)

    @vectorize
    @classmethod
    def of_class(cls, xs: Any) -> Any:
        return sum(W * x * cls.scale for x in xs)

    @classmethod
    @vectorize
    def of_class_turned(cls, xs: Any) -> Any:
        return sum(W * x * cls.scale for x in xs)

    @property
    @vectorize
    def penalty(self) -> Any:
        return self.w * self.w


class Other(Model):
    scale = 5.0


class Slots:
    __slots__ = ("__vectorized__", "w")

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    cost = Model.cost


class NoPlace:
    __slots__ = ("w",)
    cost = vectorize(lambda self, xs: self.w * xs[0])


@dataclass(frozen=True)
class Frozen:
    w: Value = field(default_factory=lambda: Value(2.0))

    @vectorize
    def cost(self, xs: Any) -> Any:
        return sum((self.w * x) ** 2 for x in xs)


class Network(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 1, seed=0)

    @vectorize
    def cost(self, X: Any) -> Any:
        return self.layer(X).square().sum()


@vectorize
def module_level(xs: Any) -> Any:
    return sum(W * x for x in xs)


def plain(xs: Any) -> Any:
    return sum(W * x for x in xs)


def weighted(factor: Any, xs: Any, *, shift: float = 0.0) -> Any:
    return sum(W * x * factor + shift for x in xs)


def pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("model", [lambda: Model(2.0), lambda: Slots(2.0), Frozen])
def test_a_copy_computes_with_its_own_parameters(twin_of: Any, model: Any) -> None:
    one = model()
    assert one.cost([1.0, 2.0]).data == 20.0
    twin = twin_of(one)
    object.__setattr__(twin, "w", Value(3.0))
    assert twin.cost([1.0, 2.0]).data == 45.0
    assert one.cost([1.0, 2.0]).data == 20.0
    assert twin.cost is twin.cost
    assert twin.cost is not one.cost


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, pickled])
def test_a_module_with_a_vectorised_method(twin_of: Any) -> None:
    one = Network()
    first = one.cost([[1.0, 2.0]]).data
    names = [name for name, _ in one.named_parameters()]
    twin = twin_of(one)
    assert [name for name, _ in twin.named_parameters()] == names
    assert twin.cost([[1.0, 2.0]]).data == pytest.approx(first)
    twin.load_state_dict(one.state_dict())


def test_a_bound_method_belongs_to_the_twin() -> None:
    one = Model(2.0)
    for twin_of in (copy.deepcopy, pickled):
        model, cost = twin_of((one, one.cost))
        model.w.data = 3.0
        assert cost is model.cost
        assert cost([1.0]).data == 9.0


@pytest.mark.parametrize("name", ["static", "static_turned"])
def test_static_methods(name: str) -> None:
    assert getattr(Model, name)([1.0, 2.0]).data == 6.0
    assert getattr(Model(1.0), name)([1.0, 3.0]).data == 8.0


@pytest.mark.parametrize("name", ["of_class", "of_class_turned"])
def test_class_methods(name: str) -> None:
    for _ in range(2):
        assert getattr(Model, name)([1.0, 2.0]).data == 18.0
        assert getattr(Other, name)([1.0, 2.0]).data == 30.0
        assert getattr(Model(1.0), name)([1.0, 3.0]).data == 24.0
        assert getattr(Other(1.0), name)([1.0, 3.0]).data == 40.0


def test_properties() -> None:
    one, other = Model(2.0), Model(3.0)
    assert [one.penalty.data, other.penalty.data, one.penalty.data] == [4.0, 9.0, 4.0]
    with pytest.raises(TypeError, match="write @property above @vectorize"):
        vectorize(property(lambda self: self.w))


def test_a_place_is_asked_for() -> None:
    one = NoPlace()
    one.w = Value(2.0)
    with pytest.raises(TypeError, match=r"NoPlace has __slots__.*method cost: add '__vectorized__' to its __slots__"):
        one.cost([1.0])


def test_two_methods_of_one_name() -> None:
    class Child(Model):
        @vectorize
        def cost(self, xs: Any) -> Any:
            return 10.0 * super().cost(xs)

    one = Child(2.0)
    assert [one.cost([1.0, k]).data for k in (2.0, 3.0)] == [200.0, 400.0]
    assert Model.cost.__get__(one)([1.0, 2.0]).data == 20.0


def test_nobody_is_kept_alive() -> None:
    one = Model(2.0)
    one.cost([1.0])
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (functools.partial(weighted, 3.0), ([1.0, 2.0],), 18.0),
        (functools.partial(weighted, 3.0, shift=1.0), ([1.0, 2.0],), 20.0),
        (Model(2.0).loss, ([1.0, 2.0],), 6.0),
        (Model(2.0).cost, ([1.0, 2.0],), 20.0),
        (lambda *rows: sum(W * x for row in rows for x in row), ([1.0, 2.0], [3.0]), 12.0),
        (type("Loss", (), {"__call__": lambda self, xs: sum(W * x for x in xs)})(), ([1.0, 2.0],), 6.0),
    ],
)
def test_what_can_be_called(f: Any, args: Any, expected: float) -> None:
    fast = vectorize(f)
    doubled = tuple([2.0 * x for x in xs] for xs in args)
    for _ in range(2):
        assert fast(*args).data == expected
        assert fast(*doubled).data == pytest.approx(float(f(*doubled).data))


def test_pickles_of_functions() -> None:
    module_level([1.0])
    assert pickled(module_level) is module_level
    assert pickled(vectorize(plain))([1.0, 2.0]).data == 6.0
    assert pickled(vectorize(plain, in_axes=(0,)))._in_axes == (0,)
    model = Model(2.0)
    model.kept = vectorize(model.loss)
    model.kept([1.0])
    assert pickled(model).kept([1.0, 2.0]).data == 6.0


def test_what_has_no_name_is_no_pickle() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(vectorize(lambda x: x))
