"""`Value`: a number, or an array of numbers, that remembers how it was computed."""

from __future__ import annotations

import copy as copying
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd_lite import modes
from autograd_lite.methods import Methods
from autograd_lite.numbers import fixed, number
from autograd_lite.operation import Operation
from autograd_lite.questions import Questions
from autograd_lite.shaping import plain_index

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

new = object.__new__


class Value(Methods, Questions):
    """A node of the computation graph: a Python float or a NumPy array, and how it came about.

    Parameters
    ----------
    data : float, int, bool, numpy array or nested list of numbers
        The number. Floats and 0-d arrays become a Python float; an array is copied and keeps its floating dtype; ints
        and bools become float64.
    label : str
        A name to show.

    Attributes
    ----------
    data : float or ndarray
        The number. It may be assigned, as in ``p.data -= 0.1 * p.grad``; graphs that were computed before keep the
        numbers they were computed with. An array that a graph uses is read-only; ``leaf.data`` then gives one to
        write to, which is the reader's until it is handed back.
    grad : float, ndarray or None
        d(root)/d(self) after ``root.backward()``; None while no backward pass has reached the node. Leaves add up
        the gradients of several passes; inner nodes hold that of the last one.
    label : str
        The name.
    op : Operation or None
        The row of the table that made the node; None for a leaf.
    inputs : tuple of Value
        One for each argument slot: ``a * a`` has two.

    Raises
    ------
    TypeError
        For what is not a number: None, strings, complex numbers, object arrays, ragged lists, a Value.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = (a * b + 10.0).tanh()
    >>> c.backward()
    >>> print(f"{a.grad:.6f}")
    -0.004023
    >>> w = Value([[1.0, 2.0], [3.0, 4.0]])
    >>> (w @ [1.0, 1.0]).sum().backward()
    >>> w.grad
    array([[1., 1.],
           [1., 1.]])
    """

    # A node is lean. There are three forms:
    #   one or two scalar inputs:  _a, _b are the inputs; _da, _db the local derivatives, floats
    #   more scalar inputs:        _a is None; _b the tuple of the variables among the inputs; _da the list of their
    #                              local derivatives; _db the tuple of all inputs, if some are constants
    #   arrays:                    _a is None; _b the tuple of inputs; _da the tuple of their numbers at that time; _db
    #                              the operation's parameters; the gradient is left to the operation's rule
    # An input is a Value, or a plain number: a constant, whose local derivative is None. A leaf has none of these, but
    # for `_db`: its array, while it has that to itself (see `settled`). `_mark` is for who walks the graph (graph.py).
    __slots__ = ("_a", "_b", "_da", "_data", "_db", "_mark", "grad", "label", "op")

    _data: Any
    _a: Any
    _b: Any
    _da: Any
    _db: Any
    _mark: object
    op: Operation | None
    grad: Any
    label: str

    def __init_subclass__(cls, *, constant: bool = False) -> None:
        if not constant:  # everyone who differentiates asks `type(x) is Value`
            raise TypeError(f"class {cls.__name__}: Value cannot be subclassed; keep Values as attributes instead")

    def __init__(self, data: ArrayLike, label: str = "") -> None:
        if type(data) is not float:
            if modes.tracers and modes.adopted(self, data, label):
                return
            data = _leaf_number(data)
        if type(label) is not str and not isinstance(label, str):
            raise TypeError(f"label is {label!r}, of type {type(label).__name__}; a label is a string")
        self._data, self.label = data, label
        self.grad = self.op = self._a = self._b = self._da = self._db = self._mark = None
        if modes.tracers:
            modes.left_graph("", self)

    # --- what it holds ---

    @property
    def data(self) -> Any:
        """The float or the array."""
        data = self._data
        if modes.tracers:
            modes.left_graph(".data", self)
        if type(data) is np.ndarray and self.op is None:  # the reader may write to it, and then the next graph takes
            if data.flags.writeable:  # a copy (`settled`), unless `p.data -= step` hands it back first
                self._db = None  # who read it before may have it still
            else:
                if self._db is data:
                    data.setflags(True)
                if self._db is not data:  # graphs keep it, and be it another thread's since the line before
                    data = self._data = self._db = fixed(data).copy()
        return data

    @data.setter
    def data(self, data: ArrayLike) -> None:
        if self.op is not None:
            raise ValueError(f"{self!r} was computed; only a leaf's data can be assigned: use detach() to get one")
        if modes.tracers:
            modes.left_graph("an assignment to .data", self)
        if data is self._data and type(data) is np.ndarray:  # from `p.data -= step`
            data.setflags(False)  # type: ignore[call-arg]  # what `fixed` does, without the call
        else:
            self._data = self._db = number(data)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The operation's inputs, one for each argument slot; numbers appear as `Constant`."""
        if self.op is None:
            return ()
        if self._a is not None:
            self._a, self._b = _shown(self._a), _shown(self._b)
            return (self._a,) if self._b is None else (self._a, self._b)
        if type(self._da) is list and self._db:
            self._db = shown = tuple(map(_shown, self._db))
        else:
            self._b = shown = tuple(map(_shown, self._b))
        return shown

    @property
    def parameters(self) -> dict[str, Any]:
        """The operation's parameters, as in ``{"axis": 1}``."""
        return dict(self._db) if type(self._da) is tuple else {}

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape; () for a scalar."""
        return self._data.shape if type(self._data) is np.ndarray else ()

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's dtype; float64 for a scalar."""
        return self._data.dtype if type(self._data) is np.ndarray else np.dtype(float)

    @property
    def T(self) -> Value:
        """Transpose."""
        return self.transpose()

    def item(self) -> float:
        """Return the only element as a Python float, outside the graph."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, this Value has shape {self.shape}; use .data")
        if modes.tracers:
            modes.left_graph(".item()", self)
        return number(self._data if type(self._data) is float else self._data.reshape(()))  # type: ignore[no-any-return]

    @property
    def _prev(self) -> set[Value]:
        """Micrograd's name for the set of inputs."""
        return set(self.inputs)

    @property
    def _op(self) -> str:
        """Micrograd's name for the symbol of the operation; '' for a leaf."""
        return self.op.symbol if self.op else ""

    # --- gradients ---

    def backward(self, seed: ArrayLike | None = None) -> None:
        """Back-propagate: set `grad` to d(self)/d(node) on every node that self depends on.

        Parameters
        ----------
        seed : array_like, optional
            The gradient to start with, of self's shape; 1 for a scalar.

        Raises
        ------
        ValueError
            If self is not a scalar and there is no seed, or if the seed has another shape.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        passes.backward(self, seed)

    def zero_grad(self) -> None:
        """Forget the gradient: `grad` is None, "not computed", again."""
        self.grad = None

    def detach(self) -> Value:
        """Return a constant with the same number: what follows sends no gradient back."""
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.stopped(self)  # type: ignore[no-any-return]
        return leaf_of(Constant, settled(self), self.label)

    # --- as a Python object ---

    def __repr__(self) -> str:
        if modes.tracers:
            modes.left_graph("repr(v)", self)
        data = np.array2string(np.asarray(self._data), separator=", ", prefix="Value(", threshold=20, precision=4)
        parts = [f"{self._data:.6g}" if type(self._data) is float else data]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name}")
        if self.grad is not None and not isinstance(self.grad, np.ndarray):
            parts.append(f"grad={self.grad:.6g}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The picture of the graph, for notebooks."""
        try:
            from viz import mimebundle
        except ImportError:  # the engine works without its pictures; a user's own viz.py may stand before them
            return {"text/plain": repr(self)}
        return mimebundle(self, include, exclude)

    def __format__(self, spec: str) -> str:
        if modes.tracers:
            modes.left_graph("format(v)", self)
        if type(self._data) is float:
            return format(self._data, spec) if spec else repr(self)
        if not spec:
            return repr(self)
        return np.array2string(self._data, formatter={"float_kind": lambda x: format(x, spec)})

    def __len__(self) -> int:
        if type(self._data) is float:
            raise TypeError("a scalar Value has no length")
        return len(self._data)

    def __iter__(self) -> Iterator[Value]:
        if type(self._data) is float:
            raise TypeError("a scalar Value cannot be iterated over")
        return (self[i] for i in range(len(self._data)))

    def __getitem__(self, index: Any) -> Value:
        if type(self._data) is float:
            if isinstance(index, tuple) and not index:
                return self
            raise TypeError(f"a scalar Value has no elements to index with {index!r}")
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.getitem(self, index)  # type: ignore[no-any-return]
        return self.getitem(plain_index(index))

    def __setitem__(self, index: Any, item: Any) -> NoReturn:
        raise TypeError("a Value's elements cannot be assigned: build a new Value with where(), or set a leaf's .data")

    def __complex__(self) -> complex:
        self._leave("complex(v)")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if dtype is not None and np.dtype(dtype).kind == "O":  # an element of an array of Values
            cell = np.empty((), dtype=object)
            cell[()] = self
            return cell
        if modes.tracers and (watching := modes.tracer()) is not None:
            return watching.cells(self, dtype)  # type: ignore[no-any-return]
        raise TypeError(
            "np.asarray(v) or np.array([v, ...]) would leave the graph and lose the gradient: use v.data for the bare "
            "numbers, autograd_lite.stack([v, ...]) to join Values, np.array([v], dtype=object) for an array of them, "
            "and for such an array autograd_lite.mean and so on, not NumPy's"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        from autograd_lite.protocols import ufunc_on_values

        return ufunc_on_values(ufunc, method, args, kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        from autograd_lite.protocols import function_on_values

        return function_on_values(function, args, kwargs)

    # --- copies: graphs are as deep as they like, so never by recursion ---

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autograd_lite.graph import topological_order

        for node in topological_order(self):
            if id(node) not in memo:
                memo[id(node)] = node._copy(lambda x: copying.deepcopy(x, memo))
        return memo[id(self)]  # type: ignore[no-any-return]

    def __copy__(self) -> Value:
        settled(self)
        return self._copy(lambda x: x)

    def _copy(self, of: Callable[[Any], Any]) -> Value:
        """A node with the same contents, each input, number and gradient replaced by `of` it."""
        twin = new(type(self))
        twin._data, twin.grad = of(self._data), of(self.grad)
        twin.label, twin.op, twin._mark = self.label, self.op, None
        for slot in ("_a", "_b", "_da", "_db"):  # a leaf's copied array may be in other things that were copied too
            setattr(twin, slot, of(getattr(self, slot)) if self.op else None)
        if modes.tracers:
            modes.left_graph("a copy", twin)
        if type(twin._data) is np.ndarray:
            fixed(twin._data)  # a leaf's reader gets a copy, its graphs keep theirs
        return twin

    def __reduce__(self) -> Any:
        from autograd_lite.graph import pack

        return pack(self)


class Constant(Value, constant=True):
    """A leaf that takes no part in differentiation: its `grad` stays None, whatever is computed from it.

    Plain numbers and arrays in an expression are constants; `Constant(X)` is one with a name, and an array that is
    used at every step is then copied only once. What is computed from constants alone is a constant.

    Examples
    --------
    >>> x = Value(2.0)
    >>> y = x * Constant(5.0, label="five")
    >>> y.backward()
    >>> x.grad, y.inputs[1].grad
    (5.0, None)
    """

    __slots__ = ()


def settled(node: Value, keep: bool = True) -> Any:
    """The node's number for a graph; everyone who keeps an array of a leaf asks for it here.

    An array that a reader of ``leaf.data`` has stays the reader's, read-only; the leaf goes on with a copy. With `keep`
    the next reader gets a copy; else, as in ``x + b``, the leaf has it to itself: ``b.data -= step`` writes to it.
    """
    data = node._data
    if type(data) is np.ndarray and node.op is None:
        if keep:
            node._db = None
        if data.flags.writeable:
            reader, data = data, fixed(data.copy())
            node._data, node._db = data, None if keep else data
            fixed(reader)
    return data


def leaf_of(kind: type[Value], data: Any, label: str = "") -> Value:
    """A leaf with a number of our own, which needs no copy."""
    leaf = new(kind)
    leaf._data, leaf.label = data, label
    leaf.grad = leaf.op = leaf._a = leaf._b = leaf._da = leaf._db = leaf._mark = None
    return leaf


def _leaf_number(data: ArrayLike) -> Any:
    if isinstance(data, Value):
        raise TypeError(f"a Value inside a Value: {data!r}; use it as it is, or detach() it")
    return number(data)


def _shown(x: Any) -> Any:
    """An input as a node: a plain number becomes a Constant."""
    return x if x is None or isinstance(x, Value) else Constant(x)


from autograd_lite import backward as passes  # noqa: E402  (it needs Value, and Value.backward needs it)
