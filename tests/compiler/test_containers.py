"""Arguments that hold numbers, of every kind that is not a plain list or dict."""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, VectorizeError, vectorize

w = Value(0.7, label="w")


class Plain(list[float]):
    pass


class Scaled(list[float]):
    def __init__(self, items: Any, scale: float) -> None:
        super().__init__(items)
        self.scale = scale


class Pair(tuple[float, float]):
    def __new__(cls, a: float, b: float) -> Pair:
        return super().__new__(cls, (a, b))


class Named(dict[str, float]):
    def __init__(self, *, a: float) -> None:
        super().__init__(a=a)


Point = namedtuple("Point", "x y")


class Shifted(Point):
    __slots__ = ()

    @property
    def total(self) -> Any:
        return self.x + self.y


@dataclass(frozen=True)
class Frozen:
    rate: float = 1.0
    steps: int = 2


@dataclass(frozen=True, slots=True)
class Slots:
    rate: float = 1.0
    steps: int = 2


def weighted(xs: Any) -> Any:
    return sum(w * x for x in xs)


CASES: dict[str, tuple[Any, Any]] = {
    "a defaultdict": (
        lambda d: weighted(d.values()) + w * d["a"] + len(d),
        lambda k: defaultdict(float, a=k, b=2.0),
    ),
    "an ordered dict": (lambda d: weighted(d.values()) * next(iter(d.values())), lambda k: OrderedDict(a=k, b=2.0)),
    "a counter": (lambda d: weighted(d.values()) + d["none"], lambda k: Counter({"a": int(k), "b": 2})),
    "a dict with an __init__": (lambda d: w * d["a"], lambda k: Named(a=k)),
    "a list's subclass": (weighted, lambda k: Plain([k, 2.0])),
    "a list with an attribute": (lambda x: x.scale * weighted(x), lambda k: Scaled([k, 2.0], 3.0)),
    "a tuple with a __new__": (weighted, lambda k: Pair(k, 2.0)),
    "a named tuple": (lambda p: w * p.x * p.y, lambda k: Point(k, 2.0)),
    "a named tuple's subclass": (lambda p: w * p.total * p._replace(x=1.0).y, lambda k: Shifted(k, 2.0)),
    "a queue": (lambda q: w * q[0] + q[-1], lambda k: deque([k, 2.0], maxlen=2)),
    "a frozen dataclass": (lambda d: w * d.rate * d.steps, lambda k: Frozen(k)),
    "a dataclass with slots": (lambda d: w * d.rate * d.steps, lambda k: Slots(k)),
    "the values of a dict": (weighted, lambda k: {"a": k, "b": 2.0}.values()),
    "the items of a dict": (lambda items: sum(w * x for _, x in items), lambda k: {"a": k, "b": 2.0}.items()),
    "an array of the standard library": (lambda a: weighted(a) + len(a), lambda k: array("d", [k, 2.0])),
    "a memoryview": (lambda m: weighted(m) + m.shape[0], lambda k: memoryview(np.array([k, 2.0]))),
    "NumPy's numbers": (weighted, lambda k: [np.float32(k), np.int64(2)]),
}

NEW_PROGRAMS: dict[str, tuple[Any, Any]] = {
    "a range": (lambda r: weighted(r) + r[0] + len(r), lambda k: range(int(k), 7)),
    "a decimal number": (lambda x: w * float(x), lambda k: Decimal(k)),
    "a fraction": (lambda x: w * float(x), lambda k: Fraction(k)),
    "a set": (weighted, lambda k: {k, 7.0}),
}


@pytest.mark.parametrize("name", [*CASES, *NEW_PROGRAMS])
def test_equals_the_function(name: str) -> None:
    f, made = {**CASES, **NEW_PROGRAMS}[name]
    fast = vectorize(f)
    for k in (1.0, 2.0, 3.0):
        expected = f(made(k))
        assert fast(made(k)).data == pytest.approx(expected.data, rel=1e-12)
    assert len(fast._cache) == (1 if name in CASES else 3)


def test_attributes_and_factories_are_part_of_the_structure() -> None:
    fast = vectorize(lambda x: x.scale * weighted(x))
    assert [fast(Scaled([1.0], s)).data for s in (1.0, 2.0)] == [0.7, 1.4]


@pytest.mark.parametrize(
    ("f", "made"),
    [
        (lambda d: w * d["a"] + len(d["new"]), lambda: defaultdict(list, a=1.0)),
        (lambda q: w * q[0] + q.pop(), lambda: deque([1.0, 2.0])),
    ],
    ids=["a missing key of a defaultdict", "a queue that shrinks"],
)
def test_what_would_change_them_is_refused_and_they_are_left_alone(f: Any, made: Any) -> None:
    given = made()
    with pytest.raises(VectorizeError, match="changes an argument in place"):
        vectorize(f)(given)
    assert given == made()
