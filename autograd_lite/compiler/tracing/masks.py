"""Comparisons in a traced function: numbers of the graph while they are computed with, guards once Python asks them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd_lite import functions, protocols
from autograd_lite.elementary import EQUAL, GREATER, GREATER_EQUAL
from autograd_lite.recording import apply
from autograd_lite.value import Value

_ROWS = {">": GREATER, ">=": GREATER_EQUAL, "==": EQUAL}
_TURNED = {"<": ">", "<=": ">="}


class Mask:
    """The bool, or array of bools, that a comparison of traced numbers gives.

    It may be a condition of `where` or a factor: then it is a node of 1 and 0, and the program compares anew at each
    run. Whatever needs to know the answer, as ``if``, is told it, and the tracer keeps it as a guard. So an operation
    that is not known here is never wrong, it only holds the program to this one answer.

    Parameters
    ----------
    tracer : Tracer
        Who keeps the guards.
    outcome : bool or ndarray of bool
        The answer.
    question : tuple
        What was compared: ``"<"``, ``"<="``, ``">"``, ``">="``, ``"=="`` or ``"!="``, and the two sides. None for a
        mask that is made of others.
    node : callable
        Makes the node of such a mask.
    how, parts : callable, tuple of Mask
        The operator by which it is made, and of which.
    """

    __slots__ = ("_how", "_is_asked", "_make", "_node", "_outcome", "_parts", "_question", "_tracer")

    def __init__(
        self,
        tracer: Any,
        outcome: Any,
        question: tuple[str, Any, Any] | None = None,
        node: Callable[[], Any] | None = None,
        how: Callable[..., Any] | None = None,
        parts: tuple[Mask, ...] = (),
    ) -> None:
        self._tracer, self._outcome, self._question = tracer, outcome, question
        self._make, self._how, self._parts = node, how, parts
        self._node: Any = None
        self._is_asked = False

    @property
    def answer(self) -> Any:
        """What Python is told when it asks; from now on a guard."""
        if not self._is_asked:
            self._is_asked = True
            op, left, right = self._question or ("!=", self.node, 0.0)
            if op == "==":
                self._tracer.asked("!=", left, right, np.logical_not(self._outcome))
            else:
                self._tracer.asked(op, left, right, self._outcome)
        return self._outcome

    @property
    def node(self) -> Any:
        """The answer as numbers of the graph, 1 and 0."""
        if self._node is None:
            self._node = self._compared(*self._question) if self._question else self._make()  # type: ignore[misc]
        return self._node

    @staticmethod
    def _compared(op: str, left: Any, right: Any) -> Any:
        if op in _TURNED:
            op, left, right = _TURNED[op], right, left
        return apply(_ROWS[op], (left, right)) if op in _ROWS else 1.0 - apply(EQUAL, (left, right))

    def _made(self, node: Callable[[], Any], outcome: Any, how: Any = None, parts: tuple[Mask, ...] = ()) -> Mask:
        return Mask(self._tracer, outcome, None, node, how, parts)

    def _ask_each(self, is_true: bool) -> None:
        """Where all are true, or none is: the guards that say so, those of its parts if they do."""
        if self._how is operator.invert:
            self._parts[0]._ask_each(not is_true)
        elif self._how is (operator.and_ if is_true else operator.or_):
            for part in self._parts:
                part._ask_each(is_true)
        else:
            _ = self.answer

    # --- what it is, whatever the answer ---

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array of bools."""
        return np.shape(self._outcome)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self._outcome)

    @property
    def size(self) -> int:
        """The number of elements."""
        return np.size(self._outcome)

    dtype = np.dtype(bool)

    def __len__(self) -> int:
        return len(self._outcome)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        items = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, (Mask, Value)) for i in items):
            return self.answer[index]
        return self._made(lambda: self.node[index], self._outcome[index])

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """As numbers of the graph, or as it is."""
        return self if np.dtype(dtype).kind == "b" else self.node

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """How many are true, as a number of the graph."""
        return functions.sum(self.node, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """Which part is true, as a number of the graph."""
        return functions.mean(self.node, *args, **kwargs)

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """Whether one is true."""
        return self._one_of(False, functions.max, np.any(self._outcome, *args, **kwargs), args, kwargs)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Whether all are true."""
        return self._one_of(True, functions.min, np.all(self._outcome, *args, **kwargs), args, kwargs)

    def _one_of(self, is_true: bool, best: Callable[..., Any], found: Any, args: Any, kwargs: Any) -> Any:
        """The least or the greatest; an answer that is about every element is told at once, by simpler guards."""
        if not np.ndim(found) and bool(found) is is_true:
            self._ask_each(is_true)
            return is_true
        return self._made(lambda: best(self.node, *args, **kwargs), found)

    # --- when Python asks ---

    def __bool__(self) -> bool:
        bool(self._outcome)  # which refuses an array before there is a guard
        return bool(self.answer)

    def __int__(self) -> int:
        return int(self.answer)

    def __index__(self) -> int:
        return operator.index(bool(self))

    def __float__(self) -> float:
        return float(self.answer)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.answer, dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(np.asarray(self.answer), name)

    def __repr__(self) -> str:
        return repr(self._outcome)

    def __hash__(self) -> int:
        return hash(self.answer)

    # --- computing with it ---

    def __invert__(self) -> Any:
        return self._made(lambda: 1.0 - self.node, np.logical_not(self._outcome), operator.invert, (self,))

    def __neg__(self) -> Any:
        return -self.node

    def __pos__(self) -> Any:
        return self.node

    def __and__(self, other: Any) -> Any:
        return self._joined(self._bools(other), operator.mul, np.logical_and, operator.and_)

    def __or__(self, other: Any) -> Any:
        return self._joined(self._bools(other), functions.maximum, np.logical_or, operator.or_)

    def __xor__(self, other: Any) -> Any:
        return self != self._bools(other)

    def __eq__(self, other: object) -> Any:
        return self._joined(other, lambda a, b: apply(EQUAL, (a, b)), np.equal)

    def __ne__(self, other: object) -> Any:
        return self._joined(other, lambda a, b: 1.0 - apply(EQUAL, (a, b)), np.not_equal)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _bools(self, x: Any) -> Any:
        """What a mask may be joined with by ``&``, ``|`` and ``^``, which are about bits: bools, or ints 1 and 0."""
        x = self._tracer.mask(x)
        numbers = x._data if isinstance(x, Value) else x
        if isinstance(x, (Mask, bool)) or not isinstance(numbers, (int, float, np.ndarray, np.generic)):
            return x
        if np.any((numbers != 0) & (numbers != 1)):
            raise TypeError(f"{x!r} is joined with a mask by &, | or ^, which look at its bits: write (n != 0) for it")
        if isinstance(x, Value):
            square = x * x
            self._tracer.asked("!=", square, x, np.not_equal(square._data, x._data))
            return self._tracer.compared("!=", x, 0.0, np.not_equal(x._data, 0.0))
        return x

    def _joined(self, other: Any, made: Callable[..., Any], told: Callable[..., Any], how: Any = None) -> Any:
        """Two masks as one; what is no mask and no bool meets the answer."""
        other = self._tracer.mask(other)
        if isinstance(other, Mask):
            outcome = told(self._outcome, other._outcome)
            return self._made(lambda: made(self.node, other.node), outcome, how, (self, other))
        if not isinstance(other, (bool, int, float, np.ndarray, np.generic)):
            return told(self.answer, other)
        number = np.asarray(other).astype(float)
        side = number if number.shape else float(number)
        return self._made(lambda: made(self.node, side), told(self._outcome, other))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if ufunc in protocols.LOGICAL:
            args = tuple(x if isinstance(x, Mask) else np.not_equal(x, 0.0) for x in args)
        of_masks = _OF_MASKS.get(ufunc)
        if method == "__call__" and of_masks is not None and not kwargs:
            mask = next(x for x in args if isinstance(x, Mask))
            others = [x for x in args if x is not mask]
            return of_masks(mask, *(others or args[1:]))
        if method == "__call__" and ufunc in protocols.FUNCTIONS and not kwargs:
            return protocols.FUNCTIONS[ufunc](*_as_nodes(args))
        return getattr(ufunc, method)(*_as_answers(args), **_named_answers(kwargs))

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if not args and "a" in kwargs:
            args = (kwargs.pop("a"),)
        if function in _REDUCING and args and isinstance(args[0], Mask):
            return getattr(args[0], _REDUCING[function])(*args[1:], **kwargs)
        if function in protocols.FUNCTIONS and (function is not np.where or len(args) == 3):
            return protocols.FUNCTIONS[function](*_as_nodes(args), **kwargs)
        return function(*_as_answers(args), **_named_answers(kwargs))


_OF_MASKS: dict[Any, Callable[..., Any]] = {
    np.logical_not: operator.invert,
    np.invert: operator.invert,
    np.logical_and: operator.and_,
    np.bitwise_and: operator.and_,
    np.logical_or: operator.or_,
    np.bitwise_or: operator.or_,
    np.logical_xor: operator.xor,
    np.bitwise_xor: operator.xor,
    np.not_equal: operator.ne,
    np.equal: operator.eq,
}
_REDUCING = {np.sum: "sum", np.mean: "mean", np.any: "any", np.all: "all"}


def as_node(x: Any) -> Any:
    """A mask as its node; anything else as it is."""
    return x.node if type(x) is Mask else x


def _as_nodes(args: Any) -> tuple[Any, ...]:
    return tuple(type(x)(map(as_node, x)) if type(x) in (list, tuple) else as_node(x) for x in args)


def _as_answers(args: Any) -> tuple[Any, ...]:
    def told(x: Any) -> Any:
        return x.answer if type(x) is Mask else x

    return tuple(type(x)(map(told, x)) if type(x) in (list, tuple) else told(x) for x in args)


def _named_answers(kwargs: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(kwargs, _as_answers(kwargs.values()), strict=True))


def _arithmetic(how: Callable[..., Any], told: Callable[..., Any] | None, turned: bool) -> Callable[..., Any]:
    """An operator of masks: on their nodes, but of two arrays of bools as NumPy has it."""

    def operated(self: Any, other: Any) -> Any:
        other = self._tracer.mask(other)
        if self.shape and told is not None and getattr(other, "dtype", None) == np.bool_:
            return told(self, other)
        if how is operator.matmul and getattr(other, "dtype", None) == np.bool_:
            raise TypeError("@ of two arrays of bools gives bools; to count write m.astype(float) @ n")
        a, b = as_node(other if turned else self), as_node(self if turned else other)
        return how(a, b)

    return operated


for _name, _told in {
    "add": operator.or_, "mul": operator.and_, "sub": None, "truediv": None, "pow": None, "matmul": None,
}.items():  # fmt: skip
    _how = getattr(operator, _name)
    setattr(Mask, f"__{_name}__", _arithmetic(_how, _told, False))
    setattr(Mask, f"__r{_name}__", _arithmetic(_how, _told, True))
for _how in (operator.lt, operator.le, operator.gt, operator.ge):
    setattr(Mask, f"__{_how.__name__}__", lambda self, other, how=_how: how(self.answer, other))
