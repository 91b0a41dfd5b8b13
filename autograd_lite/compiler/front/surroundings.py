"""What is around a function: what it reads that is no number of an argument, and whether it is still what it was.

Globals, what the function closes over, objects among the arguments, and what these hold: numbers that were burnt in,
and Values, which another Value may have replaced. What Python only reads leaves no mark in the graph; so what *can* be
read is watched: all that is reachable from the function and its arguments by names that occur in its code, or in the
code of functions and methods that it reaches so.
"""

from __future__ import annotations

import dis
import functools
import itertools
import operator
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd_lite.modes import NOT_THE_USERS
from autograd_lite.value import Constant, Value

__all__ = ["Surroundings"]

_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(...), range, slice, np.generic)
_LIBRARIES = {*sys.stdlib_module_names, "numpy"} - {"__main__"}

MANY = 200_000
"""More things than these are not looked at: the rest is left to the comparisons with the function."""

LARGE = 2**16
"""Of an array with more bytes a checksum is kept, not a copy."""


@dataclass(slots=True, eq=False)
class _Watched:
    """Something that holds other things, which may be replaced.

    Attributes
    ----------
    kind : str
        How it holds them: by ``"attribute"`` or ``"item"`` with certain names, as a ``"list"`` (or another that can be
        iterated over) or a ``"dict"`` all of them, the ``"cell"`` of a closure its one, an array its ``"numbers"``.
    """

    kind: str
    thing: Any
    label: str
    names: tuple[str, ...] = ()
    before: tuple[Any, ...] = ()

    def look(self) -> tuple[Any, ...]:
        """What it holds now; nothing if a part of it is gone."""
        try:
            return _LOOK[self.kind](self.thing, self.names)
        except _GONE:
            return ()

    def test(self, n: int) -> str:
        """The quickest expression that is true while all is as before; xn is the thing, bn what it held."""
        if self.names:
            parts = [_PART[self.kind].format(n=n, name=name, i=i) for i, name in enumerate(self.names)]
            return " and ".join(parts)
        return _TEST[self.kind].format(n=n, size=len(self.before))

    def changed(self) -> list[int]:
        """The places of what is not as before."""
        now = self.look()
        if len(now) != len(self.before):
            return list(range(len(self.before))) or [0]
        return [i for i, (x, y) in enumerate(zip(self.before, now, strict=True)) if not _is_same(x, y)]

    def name(self, i: int) -> str:
        """What its i-th part is called."""
        if self.names:
            return f"{self.label}.{self.names[i]}" if self.label else self.names[i]
        if self.kind == "dict":
            return f"{self.label}[{next(itertools.islice(self.thing, i, None), i)!r}]"
        return f"{self.label}[{i}]" if self.kind == "list" else self.label


_GONE = (AttributeError, KeyError, ValueError)
"""What is raised where a name was deleted, or what a closure held."""

_LOOK: dict[str, Callable[[Any, tuple[str, ...]], tuple[Any, ...]]] = {
    "attribute": lambda x, names: tuple([getattr(x, name) for name in names]),
    "item": lambda x, names: tuple([x[name] for name in names]),
    "cell": lambda x, _: (x.cell_contents,),
    "list": lambda x, _: tuple(x),
    "dict": lambda x, _: tuple(x.values()),
    "numbers": lambda x, _: (_fingerprint(x),),
}
_PART = {"attribute": "x{n}.{name} is b{n}_{i}", "item": "x{n}[{name!r}] is b{n}_{i}"}
_TEST = {
    "cell": "x{n}.cell_contents is b{n}[0]",
    "list": "len(x{n}) == {size} and all(map(is_, x{n}, b{n}))",
    "dict": "len(x{n}) == {size} and all(map(is_, x{n}.values(), b{n}))",
    "numbers": "fingerprint(x{n}) == b{n}[0]",
}


class Surroundings:
    """What is around a function, as it was when this was made.

    Parameters
    ----------
    f : callable
        The function.
    arguments : iterable
        The objects among its arguments, which are neither numbers nor looked into otherwise.

    Attributes
    ----------
    cost : float
        About how long it takes to look at all of it, in nanoseconds.

    Examples
    --------
    >>> rate = {"l2": 0.1}
    >>> around = Surroundings(lambda x: rate["l2"] * x)
    >>> around.changed()
    []
    >>> rate["l2"] = 0.2
    >>> around.changed()
    ["rate['l2']"]
    """

    def __init__(self, f: Callable[..., Any], arguments: Iterable[tuple[str, Any]] = ()) -> None:
        self._watched = _everything([("", f), *arguments])
        for x in self._watched:
            x.before = x.look()
        self._remember()

    def changed(self) -> list[str]:
        """The names of what is not as before."""
        if self._is_as_before():
            return []
        found = [(x, x.changed()) for x in self._watched]
        if not any(places for _, places in found):  # equal numbers in other objects
            self._remember()
        return [x.name(i) for x, places in found for i in places]

    def settle(self) -> None:
        """The function ran: what it changed itself is not looked at any more."""
        if self._is_as_before():
            return
        kept = []
        for x in self._watched:
            changed = set(x.changed())
            if x.names:
                left = [i for i in range(len(x.names)) if i not in changed]
                kept.append(
                    replace(x, names=tuple([x.names[i] for i in left]), before=tuple([x.before[i] for i in left]))
                )
            elif not changed:
                kept.append(x)
        self._watched = [x for x in kept if x.names or x.kind not in _PART]
        self._remember()

    def _remember(self) -> None:
        """Write the test for what is watched."""
        for x in self._watched:
            x.before = x.look()
        names: dict[str, Any] = {"is_": operator.is_, "fingerprint": _fingerprint}
        for n, x in enumerate(self._watched):
            names |= {f"x{n}": x.thing, f"b{n}": x.before}
            names |= {f"b{n}_{i}": held for i, held in enumerate(x.before)} if x.names else {}
        tests = [x.test(n) for n, x in enumerate(self._watched)]
        self._test = eval(compile("lambda: " + (" and ".join(tests) or "True"), "<surroundings>", "eval"), names)
        sizes = [x.thing.nbytes if x.kind == "numbers" else 25 * len(x.before) for x in self._watched]
        self.cost = 100 + sum(
            200 + size if x.names == () else size for x, size in zip(self._watched, sizes, strict=True)
        )

    def _is_as_before(self) -> bool:
        """Whether nothing was replaced: quick, for it is asked at each call."""
        try:
            return bool(self._test())
        except _GONE:
            return False


def _is_same(x: Any, y: Any) -> bool:
    """Whether it is one object, or the same number."""
    return x is y or (type(x) is type(y) and isinstance(x, _PLAIN) and (x == y or x != x) and repr(x) == repr(y))


# --- what can be reached --------------------------------------------------------------------------------------------


def _everything(roots: list[tuple[str, Any]]) -> list[_Watched]:
    """All that can be read from the roots; again, until no code that is found brings a new name."""
    names: set[str] = set()
    while True:
        walk = _Walk(frozenset(names))
        walk.from_roots(roots)
        if walk.found <= names:
            return walk.watched
        names |= walk.found


class _Walk:
    """One walk over what can be reached by certain names."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names, self.found = names, set[str]()
        self.watched: list[_Watched] = []
        self._seen: dict[int, Any] = {}  # the things are kept alive, so that a number stands for one of them
        self._next: deque[tuple[str, Any]] = deque()
        self._count = 0
        self._of_leaves = sorted(names & {"grad", "label"})

    def from_roots(self, roots: list[tuple[str, Any]]) -> None:
        """Walk."""
        self._next.extend(roots)
        while self._next and self._count < MANY:
            label, x = self._next.popleft()
            if self._is_plain(x) or id(x) in self._seen:
                continue
            self._seen[id(x)] = x
            self._look_at(label, x)

    def _is_plain(self, x: Any) -> bool:
        return isinstance(x, _PLAIN) or (type(x) is Value and not self._of_leaves)

    def _look_at(self, label: str, x: Any) -> None:
        if isinstance(x, FunctionType):
            self._function(label, x)
        elif isinstance(x, MethodType):
            self._next += [("self", x.__self__), (label, x.__func__)]
        elif isinstance(x, functools.partial):
            self._next += [(label, x.func), (label, x.args), (label, x.keywords)]
        elif isinstance(x, (staticmethod, classmethod)) or "__wrapped__" in getattr(x, "__dict__", ()):
            self._next.append((label, x.__wrapped__))
        elif isinstance(x, property):
            self._next += [(label, x.fget)]
        elif isinstance(x, np.ndarray) and x.dtype.kind == "O":
            self._watch([_Watched("list", x.reshape(-1), label)])
        elif isinstance(x, np.ndarray):
            self._watch([_Watched("numbers", x, label)])
        elif isinstance(x, (list, set, deque)):
            self._watch([_Watched("list", x, label)])
        elif isinstance(x, dict):
            self._watch([_Watched("dict", x, label)])
        elif isinstance(x, (tuple, frozenset)):
            self._next += [(f"{label}[{i}]", item) for i, item in enumerate(x) if not isinstance(item, _PLAIN)]
        elif isinstance(x, ModuleType):
            if not _is_library(x.__name__) and not getattr(x, "__file__", "").startswith(NOT_THE_USERS):
                self._named(label, x, vars(x))
        elif isinstance(x, type):
            self._class(label, x)
        elif isinstance(x, Value):
            self._watch(_by_names("attribute", x, ["_data"] if type(x) is Constant else self._of_leaves, label))
        else:
            self._object(label, x)

    def _function(self, label: str, f: FunctionType) -> None:
        names, of_globals = _names(f.__code__)
        self.found |= names
        if _is_library(f.__module__) or f.__code__.co_filename.startswith(NOT_THE_USERS):
            return
        known = [name for name in of_globals if not isinstance(f.__globals__.get(name, np), ModuleType)]
        modules = [name for name in of_globals if isinstance(f.__globals__.get(name), ModuleType)]
        self._watch(_by_names("item", f.__globals__, known, ""))
        self._next += [(name, f.__globals__[name]) for name in modules]
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            self._watch([_Watched("cell", cell, name)])
        self._next += [(label, f.__defaults__), (label, f.__kwdefaults__ and tuple(f.__kwdefaults__.values()))]
        if vars(f):
            self._named(label or f.__name__, f, vars(f))

    def _class(self, label: str, kind: type) -> None:
        """A class's functions, and what else it holds."""
        for base in kind.__mro__:
            if _is_library(base.__module__):
                continue
            called, held = self._methods(base), vars(base)
            self._next += called.items()
            self._named(label, base, {name: x for name, x in held.items() if not isinstance(x, _CALLED)})

    def _methods(self, kind: type) -> dict[str, Any]:
        """Those functions of a class that may be called."""
        return {
            name: x
            for name, x in vars(kind).items()
            if isinstance(x, _CALLED) and (name in self.names or name in _ALWAYS)
        }

    def _object(self, label: str, x: Any) -> None:
        """An object: what it holds by the names that are read, and its methods."""
        kind = type(x)
        own = getattr(x, "__dict__", {})
        if kind.__module__ in _HOLDERS:
            self._watch(_by_names("attribute", x, [name for name in own if name.isidentifier()], label))
        if _is_library(kind.__module__):
            return
        slots = {name for base in kind.__mro__ for name in _slots(base) if hasattr(x, name)}
        of_class = {name for base in kind.__mro__ for name, held in vars(base).items() if isinstance(held, _PLAIN)}
        methods = [f for base in kind.__mro__ for f in self._methods(base).values() if isinstance(f, FunctionType)]
        reads_all = any(not _names(f.__code__)[0].isdisjoint(("vars", "__dict__")) for f in methods)
        names = {*slots, *of_class} & self.names | {name for name in own if reads_all or name in self.names}
        held = [name for name in sorted(names) if not name.startswith("__")]
        self._watch(_by_names("attribute", x, [name for name in held if name.isidentifier()], label))
        self._watch(_by_names("item", own, [name for name in held if not name.isidentifier()], label))
        self._next.append((kind.__name__, kind))

    def _named(self, label: str, x: Any, held: Any) -> None:
        names = [name for name in sorted(self.names & set(held)) if not name.startswith("__")]
        self._watch(_by_names("attribute", x, names, label))

    def _watch(self, found: Iterable[_Watched]) -> None:
        """Watch these, and walk on to what they hold."""
        for watched in found:
            held = watched.look()
            if not held or self._count + len(held) > MANY:
                continue
            self._count += len(held)
            self.watched.append(watched)
            for i, item in enumerate(held):
                if not self._is_plain(item):
                    self._next.append((watched.name(i), item))


_CALLED = (FunctionType, staticmethod, classmethod, property)
_HOLDERS = ("types", "argparse", "collections")
"""Modules of the standard library whose objects hold what users put there."""

_ALWAYS = ("__call__", "__getitem__", "__iter__", "__len__", "__contains__", "__getattr__", "__next__", "__bool__")
"""Methods that Python calls by a sign, not by name."""


def _by_names(kind: str, x: Any, names: Sequence[str], label: str) -> list[_Watched]:
    """What an object or a dict holds by these names, if there are any."""
    return [_Watched(kind, x, label, tuple(names))] if names else []


def _fingerprint(x: Any) -> Any:
    """The numbers of an array; of a large one a checksum."""
    return x.tobytes() if x.nbytes < LARGE else zlib.crc32(np.ascontiguousarray(x).data)


@functools.lru_cache(maxsize=1024)
def _names(code: CodeType) -> tuple[frozenset[str], tuple[str, ...]]:
    """All names in a code and in the functions inside it, and those of globals."""
    names = set(code.co_names)
    of_globals = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for x in code.co_consts:
        if isinstance(x, CodeType):
            inner, inner_globals = _names(x)
            names |= inner
            of_globals |= set(inner_globals)
        elif isinstance(x, str) and x.isidentifier():  # as in getattr(x, "name")
            names.add(x)
    return frozenset(names), tuple(sorted(of_globals))


def _slots(kind: type) -> Iterator[str]:
    slots = vars(kind).get("__slots__", ())
    return iter((slots,) if isinstance(slots, str) else slots)


def _is_library(module: str | None) -> bool:
    """Whether it is the standard library's or NumPy's: that reads nothing of the user's."""
    return (module or "").partition(".")[0] in _LIBRARIES
