"""A traced function's arguments: which of their numbers are inputs, which Values are parameters, and the structure.

The *structure* of the arguments is all but their numbers: shapes, kinds, and what is not a number, as it is. Calls of
one structure share a program. It is a tree of tuples, each a kind and what belongs to it:

- ``("array", shape, whole)``: an array; `whole` says that it holds ints, or `BOOLS`, which may serve as positions;
- ``("number", whole)``: one number, and the same of it;
- ``("lists", kinds, shape, whole)``: a nested list of numbers, as regular as an array;
- ``("value", shape)``, ``("cells", shape)``, ``("constant", shape)``: a Value, an array of scalar Values, a Constant;
- ``("sequence", kind, structures)``, ``("mapping", kind, keys, structures)``: what holds several of these;
- ``("record", kind, names, structures)``: a dataclass or a SimpleNamespace;
- ``("static", thing)``: anything else, compared by equality.
"""

from __future__ import annotations

import copy
import itertools
from array import array
from collections import OrderedDict, defaultdict, deque
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from dataclasses import dataclass, fields, is_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd_lite.numbers import number, vector
from autograd_lite.value import Constant, Value, settled

Structure = tuple[Any, ...]

BOOLS = "bools"
"""What an array holds whose numbers are 1 and 0, and which is a mask besides."""


@dataclass(slots=True)
class Given:
    """The arguments of one call: their structure, the raw numbers of the inputs, and the parameters, in order."""

    structure: Structure
    numbers: list[Any]
    parameters: list[Value]


class Static:
    """What is not a number, as part of a structure: equal if of one type and equal."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Static) or type(self.thing) is not type(other.thing):
            return False
        if self.thing is other.thing:
            return True
        try:
            return bool(self.thing == other.thing)
        except Exception:  # whatever its own `==` raises, or an array of answers: then only itself is equal to it
            return False

    def __hash__(self) -> int:
        try:
            return hash(self.thing)
        except TypeError:  # not hashable: told apart by equality alone
            return hash(type(self.thing))


_BASES: tuple[Any, ...] = (OrderedDict, defaultdict, dict, list, deque, tuple)
_PLAIN = {OrderedDict, dict, list, deque, tuple}


@dataclass(frozen=True, slots=True)
class Holder:
    """The type of a sequence or a mapping whose class may want more than its items; `rest` is what else it holds."""

    kind: type
    rest: Static

    def __call__(self, items: Any) -> Any:
        """One with other items, made past its class."""
        base = next(x for x in _BASES if issubclass(self.kind, x))
        factory, attributes = self.rest.thing
        made = base.__new__(self.kind, items) if base is tuple else base.__new__(self.kind)
        if base is not tuple:
            base.__init__(made, *([factory] if base is defaultdict else []), items)
        if attributes:
            vars(made).update(attributes)
        return made


def _holder(x: Any) -> Any:
    """The type of a sequence or a mapping, where that is not enough a `Holder`."""
    kind = type(x)
    if kind in _PLAIN or hasattr(kind, "_fields"):
        return kind
    return Holder(kind, Static((getattr(x, "default_factory", None), dict(getattr(x, "__dict__", ())))))


# --- from arguments to their structure -----------------------------------------------------------------------------

_WHOLE = (int, np.integer, np.bool_)
_NUMBERS = (float, *_WHOLE, np.floating)
_FLOATS = {float}
_CHANGING = (set, bytearray, array)
"""What is compared by equality and may change inside."""
EXACT = 2**53
"""Beyond this not every int is a float."""
_SAFE = float(EXACT) ** 2

FLOAT64 = np.dtype(float)


def given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Given:
    """Sort the arguments of a call.

    Examples
    --------
    >>> found = given(([1.0, 2.0], 3), {"mode": "fast"})
    >>> found.structure[0]
    (('lists', (<class 'list'>,), (2,), False), ('number', True))
    >>> [x.tolist() for x in found.numbers]
    [[1.0, 2.0], 3.0]
    """
    found = Given((), [], [])
    positional = []
    for x in args:
        if type(x) is np.ndarray and x.dtype is FLOAT64:  # what comes at every step of a training: without a call
            found.numbers.append(x)
            positional.append(("array", x.shape, False))
        else:
            positional.append(_sorted(x, found))
    by_name = tuple([(name, _sorted(x, found)) for name, x in kwargs.items()]) if kwargs else ()
    found.structure = tuple(positional), by_name
    return found


def _sorted(x: Any, found: Given) -> Structure:
    """The structure of one argument; its numbers and parameters are added to those found."""
    kind = type(x)
    if kind is np.ndarray and (letter := x.dtype.kind) in "fiub":
        found.numbers.append(x if x.dtype is FLOAT64 else as_floats(x))
        return "array", x.shape, BOOLS if letter == "b" else letter != "f"
    if isinstance(x, _NUMBERS):
        whole = isinstance(x, _WHOLE)
        if whole and not -EXACT <= x <= EXACT:
            return "static", Static(x)  # a float would be another number
        found.numbers.append(np.float64(x))
        return "number", BOOLS if kind is np.bool_ else whole
    if kind is Value:
        found.parameters.append(x)
        return "value", x.shape
    if kind is Constant:
        found.numbers.append(np.asarray(settled(x), float))
        return "constant", x.shape
    if isinstance(x, np.ndarray):
        return _sorted_array(x, found)
    if isinstance(x, (array, memoryview)) and np.asarray(x).dtype.kind in "fiub":
        return _sorted(np.asarray(x), found)
    if isinstance(x, (KeysView, ItemsView, ValuesView)):
        return _sorted(list(x), found)
    if isinstance(x, (list, tuple, deque)):
        if kind is list or kind is tuple:
            regular = _regular(x)
            if regular is not None:
                found.numbers.append(regular[0])
                return "lists", *regular[1:]
        return "sequence", _holder(x), tuple([_sorted(item, found) for item in x])
    if isinstance(x, dict):
        return "mapping", _holder(x), tuple(map(Static, x)), tuple([_sorted(item, found) for item in x.values()])
    if (is_dataclass(x) and not isinstance(x, type)) or kind is SimpleNamespace:
        names = _field_names(x)
        return "record", kind, names, tuple([_sorted(getattr(x, name), found) for name in names])
    if isinstance(x, Iterator):
        raise TypeError(f"{x!r} can be read only once, and a vectorized function may be run again: hand in a list")
    if isinstance(x, _CHANGING):
        x = copy.copy(x)
    return "static", Static(x)


def as_floats(x: Any) -> Any:
    """The numbers of an array as float64.

    Raises
    ------
    ValueError
        If they are ints that no float64 is equal to.
    """
    floats = x.astype(float)
    are_small = x.itemsize < 8 or x.dtype.kind == "f" or np.vdot(floats, floats) < _SAFE  # quicker than min and max
    if not are_small and not -EXACT <= x.min() <= x.max() <= EXACT:
        raise ValueError(
            f"an array of ints from {x.min()} to {x.max()}: a program computes in float64, which holds ints exactly "
            f"only up to 2**53 = {EXACT}; hand in smaller ones, or floats"
        )
    return floats


def _sorted_array(x: Any, found: Given) -> Structure:
    """An array of objects: of scalar Values, which are parameters; or an array that numbers cannot be made of."""
    if x.dtype.kind != "O":
        number(x)  # which refuses it and says why: strings, complex numbers, a masked array
        found.numbers.append(as_floats(x))
        return "array", x.shape, BOOLS if x.dtype.kind == "b" else x.dtype.kind != "f"
    cells = x.ravel().tolist()
    if all(type(cell) is Value for cell in cells):
        found.parameters.extend(cells)
        return "cells", x.shape
    return "objects", x.shape, tuple([_sorted(cell, found) for cell in cells])


def _regular(x: Any) -> tuple[Any, tuple[type, ...], tuple[int, ...], bool] | None:
    """The numbers of a nested list that is as regular as an array, the kinds and lengths of its levels; or None."""
    kinds: list[type] = []
    shape: list[int] = []
    level: Any = [x]
    while True:
        types = set(map(type, level))
        if len(types) == 1 and (kind := next(iter(types))) in (list, tuple):
            lengths = set(map(len, level))
            if len(lengths) > 1:
                return None
            kinds.append(kind)
            shape.append(lengths.pop())
            level = list(itertools.chain.from_iterable(level))
            continue
        if types == _FLOATS:
            return vector(level).reshape(shape), tuple(kinds), tuple(shape), False
        if not level or not all(issubclass(t, _NUMBERS) for t in types):
            return None
        ints = {t for t in types if issubclass(t, _WHOLE)}
        if ints and not all(-EXACT <= x <= EXACT for x in level if type(x) in ints):
            return None  # one by one, for floats would be other numbers
        return np.array(level, float).reshape(shape), tuple(kinds), tuple(shape), ints == types


def own_copy(x: Any) -> Any:
    """A copy of what holds numbers and Values, with the same Values and objects in it."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind != "O":
            return x.copy()
        cells = np.empty(x.size, dtype=object)
        for i, cell in enumerate(x.flat):
            cells[i] = own_copy(cell)
        return cells.reshape(x.shape)
    if isinstance(x, _CHANGING):
        return copy.copy(x)
    if isinstance(x, tuple):
        items, holder = [own_copy(item) for item in x], _holder(x)
        return holder(*items) if hasattr(x, "_fields") else holder(items)
    twin: Any
    if isinstance(x, (list, deque)):
        twin = copy.copy(x)
        for i, item in enumerate(x):
            twin[i] = own_copy(item)
        return twin
    if isinstance(x, dict):
        twin = copy.copy(x)
        for key, item in x.items():
            twin[key] = own_copy(item)
        return twin
    if (is_dataclass(x) and not isinstance(x, type)) or type(x) is SimpleNamespace:
        twin = copy.copy(x)
        for name in _field_names(x):
            object.__setattr__(twin, name, own_copy(getattr(x, name)))
        return twin
    return x


def _field_names(x: Any) -> tuple[str, ...]:
    """What a dataclass or a SimpleNamespace holds."""
    declared = fields(x) if is_dataclass(x) else ()
    return tuple(dict.fromkeys([*(field.name for field in declared), *getattr(x, "__dict__", ())]))


def has_static(structure: Any) -> bool:
    """Whether a structure holds what is no number."""
    if isinstance(structure, tuple) and structure and structure[0] in _HOLDING:
        structure = structure[-1]
    elif isinstance(structure, tuple) and structure and type(structure[0]) is str:
        return bool(structure[0] == "static")
    return any(map(has_static, structure))


_HOLDING = ("sequence", "mapping", "record", "objects")


def objects(structure: Any) -> Iterator[tuple[str, Any]]:
    """What a structure holds that may change inside: objects that are compared by equality, and classes."""
    for part in structure:
        if isinstance(part, tuple):
            yield from objects(part)
        elif isinstance(part, Static):
            yield type(part.thing).__name__, part.thing
        elif isinstance(part, type):
            yield part.__name__, part
