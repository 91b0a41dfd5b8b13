"""What a function can read that is no number of an argument: everything that is reachable, and what holds it.

Globals, what the function closes over, objects among the arguments, and what these hold: numbers that were burnt in,
and Values, which another Value may have replaced. What Python only reads leaves no mark in the graph; so what *can* be
read is watched: all that is reachable from the function and its arguments by names that occur in its code, or in the
code of functions and methods that it reaches so.
"""

from __future__ import annotations

import dis
import functools
import itertools
import keyword
import sys
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any
from weakref import ReferenceType

import numpy as np

from autograd_lite.modes import NOT_THE_USERS
from autograd_lite.value import Constant, Value, settled

__all__ = ["BY_NAME", "GONE", "Watched", "everything", "fingerprint"]

_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(...), range, slice, np.generic)
_OURS = Value.__module__.partition(".")[0]
_LIBRARIES = {*sys.stdlib_module_names, "numpy"} - {"__main__"}

MANY = 200_000
"""More things than these are not looked at: the rest is left to the comparisons with the function."""

LARGE = 2**16
"""Of an array with more bytes a checksum is kept, not a copy."""


@dataclass(slots=True, eq=False)
class Watched:
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
        except GONE:
            return ()

    def test(self, n: int) -> str:
        """The quickest expression that is true while all is as before; xn is the thing, bn what it held."""
        if self.names:
            parts = [BY_NAME[self.kind].format(n=n, name=name, i=i) for i, name in enumerate(self.names)]
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


GONE = (AttributeError, KeyError, ValueError, RuntimeError)
"""What is raised where a name was deleted, or what a closure held, or where another thread writes at this moment."""


def _attribute(x: Any, name: str) -> Any:
    """What it holds by that name; a Constant's array so that a later update in place replaces it."""
    return settled(x) if type(x) is Constant and name == "_data" else getattr(x, name)


_LOOK: dict[str, Callable[[Any, tuple[str, ...]], tuple[Any, ...]]] = {
    "attribute": lambda x, names: tuple([_attribute(x, name) for name in names]),
    "item": lambda x, names: tuple([x[name] for name in names]),
    "cell": lambda x, _: (x.cell_contents,),
    "list": lambda x, _: tuple(x),
    "dict": lambda x, _: tuple(x.values()),
    "numbers": lambda x, _: (fingerprint(x),),
}
BY_NAME = {"attribute": "x{n}.{name} is b{n}_{i}", "item": "x{n}[{name!r}] is b{n}_{i}"}
_TEST = {
    "cell": "x{n}.cell_contents is b{n}[0]",
    "list": "len(x{n}) == {size} and all(map(is_, x{n}, b{n}))",
    "dict": "len(x{n}) == {size} and all(map(is_, x{n}.values(), b{n}))",
    "numbers": "fingerprint(x{n}) == b{n}[0]",
}


def _is_same(x: Any, y: Any) -> bool:
    """Whether it is one object, or the same number."""
    return x is y or (type(x) is type(y) and isinstance(x, _PLAIN) and (x == y or x != x) and repr(x) == repr(y))


# --- what can be reached --------------------------------------------------------------------------------------------


def everything(roots: list[tuple[str, Any]]) -> list[Watched]:
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
        self.watched: list[Watched] = []
        self._seen: dict[int, Any] = {}  # the things are kept alive, so that a number stands for one of them
        self._next: deque[tuple[str, Any]] = deque()
        self._count = 0
        self._kinds: dict[type, tuple[set[str], set[str], bool]] = {}
        self._of_leaves = [name for name in _OF_LEAVES if f".{name}" in names]

    def from_roots(self, roots: list[tuple[str, Any]]) -> None:
        """Walk."""
        self._next.extend(roots)
        while self._next and self._count < MANY:
            label, x = self._next.popleft()
            if type(x) is str:
                self.found.add(x)
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
            self._watch([Watched("list", x.reshape(-1), label)])
        elif isinstance(x, (np.ndarray, bytearray, array, memoryview)):
            self._watch([Watched("numbers", x, label)])
        elif isinstance(x, ReferenceType):
            self._next.append((label, x()))
        elif isinstance(x, (list, set, deque, dict)):
            self._watch([Watched("dict" if isinstance(x, dict) else "list", x, label)])
            if type(x) not in (list, dict, set):
                self._object(label, x)
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
        self.found |= {f".{name}" for name in _OF_LEAVES if _reads(f, name)}
        known = [name for name in of_globals if not isinstance(f.__globals__.get(name, np), ModuleType)]
        modules = [name for name in of_globals if isinstance(f.__globals__.get(name), ModuleType)]
        self._watch(_by_names("item", f.__globals__, known, ""))
        self._next += [(name, f.__globals__[name]) for name in modules]
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            self._watch([Watched("cell", cell, name)])
        self._next += [(label, f.__defaults__), (label, f.__kwdefaults__ and tuple(f.__kwdefaults__.values()))]
        if vars(f):
            self._named(label or f.__name__, f, vars(f))

    def _class(self, label: str, kind: type) -> None:
        """A class's functions, and what else it holds."""
        functions: set[str] = set()
        for base in kind.__mro__:
            if _is_library(base.__module__):
                continue
            methods = self._methods(base)
            self._next += methods.items()  # those of the bases too, for super()
            functions |= {name for name, x in methods.items() if not isinstance(x, classmethod)}
        if not _is_ours(kind):  # a class method would be another object each time
            self._named(label, kind, _data_of(kind) | functions)

    def _methods(self, kind: type) -> dict[str, Any]:
        """Those functions of a class that may be called."""
        return {
            name: x
            for name, x in vars(kind).items()
            if isinstance(x, _CALLED) and (name in self.names or (_is_sign(name) and name not in _NEVER))
        }

    def _object(self, label: str, x: Any) -> None:
        """An object: what it holds by the names that are read, and its methods."""
        kind = type(x)
        own = getattr(x, "__dict__", {})
        if kind.__module__ in _HOLDERS:
            self._watch(_by_names("item", own, list(own), label))
        if _is_library(kind.__module__):
            return
        if kind not in self._kinds:
            self._kinds[kind] = self._read_of(kind)
            self._next.append((kind.__name__, kind))
        slots, shared, reads_all = self._kinds[kind]
        names = shared.union(name for name in slots if hasattr(x, name))
        names.update(own if reads_all else self.names.intersection(own))
        held = [name for name in sorted(names) if not _is_sign(name)]
        odd = [name for name in held if not name.isidentifier() or keyword.iskeyword(name)]
        self._watch(_by_names("attribute", x, [name for name in held if name not in odd], label))
        self._watch(_by_names("item", own, odd, label))

    def _read_of(self, kind: type) -> tuple[set[str], set[str], bool]:
        """What is read of a kind of objects: their slots, the class's data, and whether all that they hold."""
        slots = {name for base in kind.__mro__ for name in _slots(base)}
        methods = [f for base in kind.__mro__ for f in self._methods(base).values() if isinstance(f, FunctionType)]
        reads_all = hasattr(kind, "__getattr__") or any("vars" in _names(f.__code__)[0] for f in methods)
        return slots & self.names, _data_of(kind) & self.names, reads_all

    def _named(self, label: str, x: Any, held: Any) -> None:
        names = [name for name in sorted(self.names & set(held)) if not _is_sign(name)]
        self._watch(_by_names("attribute", x, names, label))

    def _watch(self, found: Iterable[Watched]) -> None:
        """Watch these, and walk on to what they hold."""
        for watched in found:
            held = watched.look()
            if (not held and watched.kind not in ("list", "dict")) or self._count + len(held) > MANY:
                continue
            self._count += len(held)
            self.watched.append(watched)
            self.found |= {item for item in held if type(item) is str and item.isidentifier()}  # as in getattr(x, name)
            self._next += [(watched.name(i), item) for i, item in enumerate(held) if not self._is_plain(item)]


_OF_LEAVES = ("grad", "label")
"""What is read of a leaf beside its numbers, and shows in no graph."""

_CALLED = (FunctionType, staticmethod, classmethod, property)
_HOLDERS = ("types", "argparse", "collections")
"""Modules of the standard library whose objects hold what users put there."""

_NEVER = (
    "__init__",
    "__new__",
    "__del__",
    "__repr__",
    "__str__",
    "__setattr__",
    "__reduce__",
    "__copy__",
    "__deepcopy__",
)
"""Of the methods that Python calls by a sign those that are not called while numbers are computed."""


def _by_names(kind: str, x: Any, names: Sequence[str], label: str) -> list[Watched]:
    """What an object or a dict holds by these names, if there are any."""
    return [Watched(kind, x, label, tuple(names))] if names else []


def fingerprint(x: Any) -> Any:
    """The numbers of an array; of a large one a checksum."""
    if type(x) is np.ndarray:
        return x.tobytes() if x.nbytes < LARGE else zlib.crc32(np.ascontiguousarray(x).data)
    return bytes(x)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code and those of the functions inside it."""
    yield code
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield from _codes(x)


@functools.lru_cache(maxsize=1024)
def _names(code: CodeType) -> tuple[frozenset[str], tuple[str, ...]]:
    """All names in a code and in the functions inside it, and those of globals."""
    names, of_globals = set[str](), set[str]()
    for part in _codes(code):
        words = {x for x in part.co_consts if isinstance(x, str) and x.isidentifier()}  # as in getattr(x, "name")
        read = {i.argval for i in dis.get_instructions(part) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        names |= {*part.co_names, *words}
        of_globals |= read if read.isdisjoint(("globals", "eval")) else read | words
    return frozenset(names), tuple(sorted(of_globals))


def _reads(f: FunctionType, name: str) -> bool:
    """Whether a function reads an attribute of this name, other than a module's."""
    for code in _codes(f.__code__):
        if name in code.co_consts:  # as in getattr(x, "name")
            return True
        if name not in code.co_names:
            continue
        for owner, i in itertools.pairwise(dis.get_instructions(code)):
            is_read = i.opname in ("LOAD_ATTR", "LOAD_METHOD") and i.argval == name
            if is_read and not isinstance(f.__globals__.get(owner.argval) if _is_global(owner) else None, ModuleType):
                return True
    return False


def _is_global(instruction: dis.Instruction) -> bool:
    return instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")


def _data_of(kind: type) -> set[str]:
    """What a class holds that is no function, and that its objects may have for themselves."""
    held = [(name, x) for base in kind.__mro__ if not _is_library(base.__module__) for name, x in vars(base).items()]
    return {name for name, x in held if not isinstance(x, _CALLED) and not isinstance(x, MemberDescriptorType)}


def _is_sign(name: str) -> bool:
    """Whether it is a name of Python's own, as ``__add__``."""
    return name.startswith("__") and name.endswith("__")


def _slots(kind: type) -> Iterator[str]:
    slots = vars(kind).get("__slots__", ())
    return iter((slots,) if isinstance(slots, str) else slots)


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == _OURS


def _is_library(module: str | None) -> bool:
    """Whether it is the standard library's or NumPy's: that reads nothing of the user's."""
    return (module or "").partition(".")[0] in _LIBRARIES
