"""What a function reads that is no argument: when it changes, the program is another one."""

from __future__ import annotations

import argparse
import array
import collections
import functools
import gc
import types
from typing import Any

import numpy as np
import pytest

from autograd_lite import Constant, Value, VectorizeError, nn, vectorize
from autograd_lite.compiler.front import cache, reachable
from autograd_lite.compiler.front.surroundings import Surroundings
from autograd_lite.compiler.rolling.lifting import NotRolledError

SCALE, ROWS, NAME = 2.0, np.ones(3), "k"


class Config:
    rate = 1.0

    def __init__(self, x: float) -> None:
        self.x = x
        self.unread = 0


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: float) -> None:
        self.x = x


class Neuron:
    def __init__(self, n: int) -> None:
        self.w = [Value(0.5) for _ in range(n)]

    def __call__(self, x: Any) -> Any:
        return sum(w * xi for w, xi in zip(self.w, x, strict=True))


class Net:
    def __init__(self, n: int, m: int) -> None:
        self.neurons = [Neuron(n) for _ in range(m)]
        self.steps = 0

    def loss(self, x: Any) -> Any:
        return sum(neuron(x) for neuron in self.neurons)


def helper(x: Any) -> Any:
    return SCALE * x


def often(cost: Any, *args: Any) -> None:
    for _ in range(2000):
        cost(*args)


def after_checks(cost: Any, *args: Any) -> float:
    for _ in range(5):
        value = cost(*args).data
    return value  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "kind", [Config, Slotted, lambda x: types.SimpleNamespace(x=x), lambda x: argparse.Namespace(x=x)]
)
def test_an_object_as_an_argument_that_changes(kind: Any) -> None:
    w, sample = Value(2.0), kind(1.0)
    cost = vectorize(lambda s: w * s.x)
    assert after_checks(cost, sample) == 2.0
    for x in (3.0, 4.0, 3.0, 1.0):
        sample.x = x
        assert cost(sample).data == 2.0 * x
        assert cost.value_and_grad([2.0], sample)[1] == [x]


def test_what_is_not_read_makes_no_programs() -> None:
    w, sample = Value(2.0), Config(1.0)
    cost = vectorize(lambda s: w * s.x)
    after_checks(cost, sample)
    sample.unread = 1
    cost(sample)
    assert repr(cost).endswith("1 program>")


def test_a_namespace_holds_inputs() -> None:
    w = Value(2.0)
    cost = vectorize(lambda s: w * s.x * len(s.name))
    for x in (1.0, 2.0, 3.0):
        assert cost(types.SimpleNamespace(x=x, name="ab")).data == 4.0 * x
    assert repr(cost).endswith("1 program>")


def test_a_class_as_an_argument() -> None:
    class Settings:
        rate = 1.0

    w = Value(2.0)
    cost = vectorize(lambda s: w * s.rate)
    assert after_checks(cost, Settings) == 2.0
    Settings.rate = 3.0
    assert cost(Settings).data == 6.0


def test_a_parameter_that_is_replaced() -> None:
    net = Net(2, 2)
    cost = vectorize(net.loss)
    assert after_checks(cost, [1.0, 2.0]) == 3.0
    net.neurons[1].w[0] = new = Value(3.0, label="new")
    c = cost([1.0, 2.0])
    assert c.data == 5.5
    c.backward()
    assert new.grad == 1.0
    net.steps += 1  # nobody reads it
    cost([1.0, 2.0])
    assert repr(cost).endswith("2 programs>")


def changed_once(message: str) -> tuple[Net, Any, list[float]]:
    """A large net whose parameter was changed after it was traced, which is an error once; its cost; an example."""
    net = Net(8, 60)
    cost = vectorize(net.loss)
    x = [1.0] * 8
    after_checks(cost, x)
    net.neurons[7].w[3] = Value(100.0)
    with pytest.raises(VectorizeError, match=message):
        often(cost, x)
    return net, cost, x


def test_much_is_looked_at_now_and_then_and_a_change_is_an_error_once() -> None:
    _, cost, x = changed_once(r"reads self\.neurons\[7\]\.w\[3\], which was changed")
    assert cost(x).data == pytest.approx(0.5 * 479 + 100.0)


def test_very_many_objects_as_arguments_run_as_it_is_and_are_not_kept() -> None:
    w = Value(2.0)
    cost = vectorize(lambda s: w * s.x)
    first = Config(0.5)
    cost(first)

    def train() -> None:
        for x in range(80):
            assert cost(Config(float(x))).data == 2.0 * x
            assert cost.value_and_grad([2.0], Config(3.0))[0] == 6.0

    with pytest.warns(UserWarning, match=r"called with 32 different objects \(Config\)") as found:
        train()
    assert len(found) == 1
    assert len(cost._cache) == 33
    cost(first)
    assert cost.source
    c = cost(Config(4.0))
    c.backward()
    assert (c.data, w.grad) == (8.0, 4.0)


def test_one_object_with_many_lengths_and_words_has_programs() -> None:
    w, sample = Value(2.0), Config(1.0)
    cost = vectorize(lambda xs, s, word: sum(w * x for x in xs) * s.x * len(word))
    for n in range(1, 40):
        assert cost([1.0] * n, sample, "a" * n).data == 2.0 * n**2
    assert repr(cost).endswith("39 programs>")


def test_what_has_changed_once_is_looked_at_in_each_call() -> None:
    net, cost, x = changed_once(r"From now on it is seen")
    often(cost, x)
    for new in (50.0, 25.0):
        net.neurons[7].w[3] = Value(new)
        assert after_checks(cost, x) == pytest.approx(0.5 * 479 + new)


def test_what_is_near_is_looked_at_in_each_call() -> None:
    net, rate = Net(8, 60), 1.0

    def once(x: Any) -> Any:
        return net.loss(x)

    def thrice(x: Any) -> Any:
        return net.loss(x) * 3.0

    near = once
    cost = vectorize(lambda x: near(x) * rate)
    x = [1.0] * 8
    often(cost, x)
    rate = 2.0
    assert cost(x).data == pytest.approx(480.0)
    often(cost, x)
    near = thrice
    assert cost(x).data == pytest.approx(1440.0)
    often(cost, x)
    rate = 1.0
    assert cost(x).data == pytest.approx(720.0)
    net.neurons[7].w[3] = Value(100.0)  # far
    with pytest.raises(VectorizeError, match=r"reads net\.neurons\[7\]\.w\[3\], which was changed"):
        often(cost, x)


def test_equal_numbers_in_other_objects_need_no_new_test(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Config(0.5)
    around = Surroundings(lambda: sample.x)
    compiled: list[Any] = []
    monkeypatch.setattr(Surroundings, "_compiled", lambda *_: compiled.append(_))
    sample.x = float("0.5")
    assert not around.is_as_before()
    assert around.changed() == []
    assert around.is_as_before()
    sample.x = 0.25
    assert around.changed() == ["sample.x"]
    assert not compiled


def test_what_runs_as_it_is_looks_around_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    w, rows = Value(2.0), np.ones(100_000)

    def f(x: Any) -> Any:
        z = w
        for _ in range(5):
            z = (z * x * rows[0]).tanh()
        return z

    def not_rolled(*_: Any) -> Any:
        raise NotRolledError("none")

    monkeypatch.setattr(cache, "version_of", not_rolled)
    cost = vectorize(f)
    after_checks(cost, 1.0)
    looks = 0
    fingerprint = reachable.fingerprint

    def counted(x: Any) -> Any:
        nonlocal looks
        looks += 1
        return fingerprint(x)

    monkeypatch.setattr(Surroundings, "is_as_before", lambda self: bool(counted(rows)))
    for _ in range(50):
        cost(1.0)
    assert looks < 5
    rows[0] = 0.5  # the function itself reads it, whether it was looked at or not
    assert cost(1.0).data == f(1.0).data


def test_versions_that_are_not_kept_are_forgotten() -> None:
    w, step = Value(2.0), {"t": 0.0}
    cost = vectorize(lambda x: w * x * step["t"])

    def train() -> None:
        for t in range(80):
            step["t"] = float(t)
            cost(1.0)

    with pytest.warns(UserWarning, match="has changed 32 times"):
        train()
    gc.collect()
    assert len(cost._cache.flat._orders) <= len(cost._cache) <= 34


def test_a_module_in_training_and_not() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        def forward(self, x: Any) -> Any:
            return self.w * x * (2.0 if self.training else 1.0)

    model = Twice()
    cost = vectorize(lambda x: model(x))
    for _ in range(3):
        model.train()
        assert after_checks(cost, 1.0) == 4.0
        model.eval()
        assert after_checks(cost, 1.0) == 2.0
    assert repr(cost).endswith("2 programs>")
    layers = nn.Sequential(nn.Linear(2, 2, seed=0), model)
    assert Surroundings(lambda x: layers(x)).changed() == []
    around = Surroundings(lambda x: layers(x))
    layers.train()
    assert "layers.1.training" in around.changed()


def test_a_global_and_what_a_helper_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * helper(x) * ROWS[0])
    assert after_checks(cost, 1.0) == 4.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert cost(1.0).data == 10.0
    monkeypatch.setitem(globals(), "ROWS", np.full(3, 2.0))
    assert cost(1.0).data == 20.0
    assert repr(cost).endswith("3 programs>")


@pytest.mark.parametrize("n", [3, 100_000])
def test_numbers_of_an_array_that_change_in_place(n: int) -> None:
    w, rows = Value(2.0), np.ones(n)
    cost = vectorize(lambda x: w * x * rows[1])
    assert after_checks(cost, 1.0) == 2.0
    rows[1] = 3.0
    if n < 100:
        assert cost(1.0).data == 6.0
    else:
        with pytest.raises(VectorizeError, match="reads rows, which was changed"):
            often(cost, 1.0)
        assert cost(1.0).data == 6.0


def test_what_a_function_closes_over() -> None:
    w, rate, options, shared = Value(2.0), 1.0, {"l2": 1.0, "deep": [1.0, {"a": 1.0}]}, Constant(1.0)

    def f(x: Any, weights: Any = [1.0]) -> Any:  # noqa: B006
        return w * x * rate * options["l2"] * options["deep"][1]["a"] * shared * weights[0]  # type: ignore[index]

    cost = vectorize(f)
    assert after_checks(cost, 1.0) == 2.0
    rate = 3.0
    assert cost(1.0).data == 6.0
    options["l2"] = 2.0
    assert cost(1.0).data == 12.0
    options["deep"][1]["a"] = 0.5  # type: ignore[index]
    assert cost(1.0).data == 6.0
    shared.data = 2.0
    assert cost(1.0).data == 12.0
    f.__defaults__[0][0] = 0.5  # type: ignore[index]
    assert cost(1.0).data == 6.0
    w = Value(1.0)
    assert cost(1.0).data == 3.0


def test_partials_and_one_example() -> None:
    w, rates = Value(2.0), [1.0]
    cost = vectorize(functools.partial(lambda r, x: w * x * r[0], rates), in_axes=0)
    rows = np.ones(20)
    assert after_checks(cost, rows) == 2.0
    rates[0] = 3.0
    assert cost(rows).data == pytest.approx(6.0)


def test_what_the_function_changes_itself_is_not_looked_at() -> None:
    w, calls, count = Value(2.0), [], 0

    def f(x: Any) -> Any:
        nonlocal count
        count += 1
        calls.append(1)
        return w * x

    cost = vectorize(f)
    for x in (1.0, 2.0, 3.0, 4.0):
        assert cost(x).data == 2.0 * x
    assert repr(cost).endswith("1 program>")


def test_a_number_that_changes_at_each_call_runs_as_it_is() -> None:
    w, step = Value(2.0), {"t": 0.0}
    cost = vectorize(lambda x: w * x * step["t"])

    def train() -> None:
        for t in range(50):
            step["t"] = float(t)
            assert cost(1.0).data == 2.0 * t

    with pytest.warns(UserWarning, match=r"reads step\['t'\], which is no argument and has changed 32 times"):
        train()
    assert cost.value_and_grad([1.0], 1.0)[0] == 49.0


class Hidden:
    """Reads in roundabout ways."""

    k = 1.0

    def __init__(self) -> None:
        self.inner: dict[str, float] = {}
        self.__dict__["lambda"] = 1.0

    def __getattr__(self, name: str) -> float:
        return self.__dict__["inner"].get(name, 1.0)

    def __mul__(self, other: Any) -> Any:
        return other * self.scale()

    @property
    def whole(self) -> Any:
        return vars(self)["lambda"]

    def scale(self) -> float:
        return self.k


class Holding(list[float]):
    extra = 1.0


@pytest.mark.parametrize(
    ("read", "change"),
    [
        (lambda h: h.other, lambda h: h.inner.update(other=3.0)),
        (lambda h: h.whole, lambda h: vars(h).update({"lambda": 3.0})),
        (lambda h: h * 1.0, lambda h: setattr(h, "k", 3.0)),
        (lambda h: h * 1.0, lambda h: setattr(type(h), "k", 3.0)),
        (lambda h: h.scale(), lambda h: setattr(type(h), "scale", lambda self: 3.0)),
        (lambda h: getattr(h, NAME), lambda h: setattr(h, "k", 3.0)),
        (lambda h: type(h).k, lambda h: setattr(type(h), "k", 3.0)),
    ],
)
def test_roundabout_ways(read: Any, change: Any) -> None:
    class Own(Hidden):
        pass

    w, holder = Value(2.0), Own()
    cost = vectorize(lambda x: w * x * read(holder))
    assert after_checks(cost, 1.0) == 2.0
    change(holder)
    assert cost(1.0).data == 6.0


@pytest.mark.parametrize(
    "numbers", [bytearray(b"\x01"), array.array("d", [1.0]), collections.deque([1.0]), Holding([1.0])]
)
def test_what_holds_numbers(numbers: Any) -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x * numbers[0] * getattr(numbers, "extra", 1.0))
    assert after_checks(cost, 1.0) == 2.0
    numbers[0] = 3
    assert cost(1.0).data == 6.0
    if isinstance(numbers, Holding):
        numbers.extra = 2.0
        assert cost(1.0).data == 12.0


def test_a_gradient_that_is_read() -> None:
    w = Value(2.0)
    cost = vectorize(lambda x: w * x * (1.0 if w.grad is None else w.grad))
    assert after_checks(cost, 1.0) == 2.0
    w.grad = 3.0
    assert cost(1.0).data == 6.0


def test_names() -> None:
    model, rate = Net(1, 1), 1.0
    around = Surroundings(lambda x: model.loss(x) * rate)
    assert around.changed() == []
    rate = 2.0
    model.neurons[0].w[0] = Value(1.0)
    assert around.changed() == ["rate", "model.neurons[0].w[0]"]
    around.settle()
    assert around.changed() == []
    rate = float("2.0")  # an equal number
    assert around.changed() == []


def test_what_is_deleted_has_changed() -> None:
    holder = Config(1.0)
    around = Surroundings(lambda: holder.x)
    del holder.x
    assert around.changed() == ["holder.x"]


def test_very_much() -> None:
    net = Net(1, 1100)
    around = Surroundings(net.loss)
    assert around.changed() == []
    net.neurons[1000].w[0] = Value(2.0)
    assert around.changed() == ["self.neurons[1000].w[0]"]
