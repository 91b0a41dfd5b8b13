"""From rows to Python: the function and the method of every row, generated with the row's own signature.

The methods of one and two arguments hold the engine's fast path, the row's text on plain floats. This is what it
generates for tanh::

    def tanh(self):
        a = self._data
        if special:
            return apply(ROW, (self,))
        if type(a) is not float:
            if self.op is None:
                a = settled(self)
            return array_node(ROW, (self,), (a,))
        try:
            y = tanh(a)
            da = 1.0 - y * y
        except REFUSED:
            return apply(ROW, (self,))
        ...

`special` is not 0 while some thread is in `no_grad` or `detect_anomaly`; operations that are not analytic look at
`any_mode`, for they have no complex step. REFUSED are the exceptions by which Python refuses what NumPy answers with
inf or nan, as in 1/0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.methods import Methods
from autograd_lite.numbers import number
from autograd_lite.operation import OPERATORS, Operation
from autograd_lite.recording import VALUE, apply, array_node
from autograd_lite.text import FLOAT_NAMES, define, for_floats
from autograd_lite.value import Constant, Value, new, settled

UNARY_OPERATORS = {"neg": "__neg__", "pos": "__pos__", "abs": "__abs__"}

FLOAT_NAMES.update(
    {
        "Value": Value,
        "apply": apply,
        "array_node": array_node,
        "ndarray": np.ndarray,
        "PLAIN": (int, slice, tuple),
        "number": number,
        "new": new,
        "VALUE": VALUE,
        "settled": settled,
        "REFUSED": (ArithmeticError, ValueError),
    }
)

_NODE = """    node = new(*VALUE)
    node._data = y
    node.op = {row}
    node._a = {a}
    node._b = {b}
    node._da = {da}
    node._db = {db}
    node.grad = node._mark = None
    node.label = ""
    return node
"""

_UNARY = """def {name}(self):
    {a} = self._data
    if {special}:
        return apply({row}, (self,))
    if type({a}) is not float:
        if self.op is None:
            {a} = settled(self{keep})
        return array_node({row}, (self,), ({a},))
    try:
        y = {value}
        da = {d0}
    except REFUSED:
        return apply({row}, (self,))
"""

_BINARY = """def {name}(self, {parameter}):
{rename}    {mine} = self._data
    if {special}:
        return apply({row}, ({first}, {second}))
    if type(other) is Value:
        {theirs} = other._data
{before}        try:
            y = {value}
            da = {d0}
            db = {d1}
        except REFUSED:
            return apply({row}, ({first}, {second}))
{after}    elif type(other) is float or type(other) is int:
        try:
            {theirs} = other = other * 1.0
            if type({mine}) is not float:
                if self.op is None:
                    {mine} = settled(self{keep})
                return array_node({row}, ({first}, {second}), ({a}, {b}))
            y = {value}
            da = {constant0}
            db = {constant1}
        except REFUSED:
            return apply({row}, ({first}, {second}))
    else:
        return apply({row}, ({first}, {second}))
"""

# Stands before the floats' arithmetic; where the text says the same to NumPy, after it, for one look at types less.
_ARRAYS = """        if {are_arrays}:
            if self.op is None:
                {mine} = settled(self{keep_mine})
            if other.op is None:
                {theirs} = settled(other{keep_theirs})
            return array_node({row}, ({first}, {second}), ({a}, {b}){known})
"""

_ON_ONE_ARRAY = """def {name}{signature}:
    if {special}{by_apply}:
        return apply({row}, (self,), **{{{given}}})
    a = settled(self) if self.op is None else self._data
    return array_node({row}, (self,), (a,), {{{given}}})
"""

_NUMPYS = {"add", "sub", "mul"}
"""Rows of two inputs whose text is also what NumPy computes, warnings and all."""

_PLACES = {"axis", "keepdims", "ddof", "index"}

_BY_APPLY = {"axis": " or type(axis) is ndarray", "index": " or type(index) not in PLAIN"}
"""Parameters that `apply` copies, for the user can change them, or that it looks up, for they are Values."""


def fast_method(row: Operation, name: str, reflected: bool = False) -> Callable[..., Any]:
    """The method of an elementwise row with one or two inputs."""
    key = f"ROW_{row.name}"
    FLOAT_NAMES[key] = row
    texts = [for_floats(t) for t in row.partials]
    fill = {"name": name, "row": key, "value": for_floats(row.value), "d0": texts[0], "special": _special(row)}
    place = int(reflected)
    fill["keep"] = _keep(row, place, [slot == place for slot in range(len(row.inputs))])  # beside a number
    if len(row.inputs) == 1:
        source = _UNARY.format(a=row.inputs[0], **fill) + _NODE.format(row=key, a="self", b=None, da="da", db=None)
        return define(name, source, FLOAT_NAMES)  # type: ignore[no-any-return]
    mine, theirs = reversed(row.inputs) if reflected else row.inputs
    first, second = ("other", "self") if reflected else ("self", "other")
    default = row.signature.parameters[row.inputs[1]].default
    optional = default is not inspect.Parameter.empty
    fill |= {"mine": mine, "theirs": theirs, "a": row.inputs[0], "b": row.inputs[1], "first": first, "second": second}
    both = [True, True]
    fill |= {"keep_mine": _keep(row, place, both), "keep_theirs": _keep(row, 1 - place, both)}
    if row.name in _NUMPYS:
        before, after = "", _ARRAYS.format(are_arrays="type(y) is not float", known=", data=y", **fill)
    else:
        are_arrays = f"type({mine}) is not float or type({theirs}) is not float"
        before, after = _ARRAYS.format(are_arrays=are_arrays, known="", **fill), ""
    source = _BINARY.format(
        before=before,
        after=after,
        d1=texts[1],
        constant0=None if reflected else texts[0],
        constant1=texts[1] if reflected else None,
        parameter=f"{theirs}={default!r}" if optional else "other",
        rename=f"    other = {theirs}\n" if optional else "",
        **fill,
    ) + _NODE.format(row=key, a=first, b=second, da="da", db="db")
    return define(name, source, FLOAT_NAMES)  # type: ignore[no-any-return]


def _keep(row: Operation, slot: int, varies: list[bool]) -> str:
    """The argument by which `settled` keeps the number of an input, or does not."""
    return "" if row.keeps(slot, varies) else ", False"


def _special(row: Operation) -> str:
    """The number of the modes that concern an operation; see modes.py."""
    return "special" if row.analytic else "any_mode"


def _is_fast(row: Operation) -> bool:
    """Whether the row's method holds the fast path."""
    return row.is_elementwise and len(row.inputs) <= 2


def _is_on_one_array(row: Operation) -> bool:
    """Whether it is an operation on one array, along an axis or at an index."""
    return len(row.inputs) == 1 and not row.variadic and row.signature.parameters.keys() - row.inputs <= _PLACES


def caller(row: Operation, name: str, method: bool = False) -> Callable[..., Any]:
    """The public function of a row, or its method, where `self` stands for the first input."""
    key = f"ROW_{row.name}"
    FLOAT_NAMES[key] = row
    names = list(row.signature.parameters)
    bare = _bare_signature(row, method)
    inputs = ", ".join("self" if method and n == row.inputs[0] else n for n in names if n in row.inputs)
    operands = inputs if row.variadic else f"({inputs},)"
    parameters = "".join(f", {n}={n}" for n in names if n not in row.inputs)
    quick = ""
    if not method and (_is_fast(row) or _is_on_one_array(row)):  # a Value's method knows the short way
        FLOAT_NAMES[f"METHOD_{row.name}"] = fast_method(row, row.name) if _is_fast(row) else array_method(row)
        quick = f"    if type({row.inputs[0]}) is Value:\n        return METHOD_{row.name}({inputs}{parameters})\n"
    return define(name, f"def {name}{bare}:\n{quick}    return apply({key}, {operands}{parameters})\n", FLOAT_NAMES)  # type: ignore[no-any-return]


def _bare_signature(row: Operation, method: bool) -> inspect.Signature:
    """The row's signature without annotations; for a method, `self` in place of the first input."""
    empty = inspect.Parameter.empty
    parameters = [p.replace(annotation=empty) for p in row.signature.parameters.values()]
    if method:
        (first,) = (p for p in parameters if p.name == row.inputs[0])
        parameters.remove(first)
        parameters.insert(0, first.replace(name="self", default=empty))
    return inspect.Signature(parameters)


def array_method(row: Operation) -> Callable[..., Any]:
    """The method of an operation on one array: what `caller` does, without its detours."""
    FLOAT_NAMES[f"ROW_{row.name}"] = row
    given = ", ".join(f'"{name}": {name}' for name in row.signature.parameters if name != row.inputs[0])
    source = _ON_ONE_ARRAY.format(
        name=row.name,
        signature=_bare_signature(row, True),
        row=f"ROW_{row.name}",
        special=_special(row),
        given=given,
        by_apply="".join(test for p, test in _BY_APPLY.items() if p in row.signature.parameters),
    )
    return define(row.name, source, FLOAT_NAMES)  # type: ignore[no-any-return]


def docstring(row: Operation) -> str:
    """The help of a row: what it computes, its derivatives, NumPy's name, an example."""
    lines = [row.doc]
    if row.is_elementwise:
        lines += ["", "Elementwise; the inputs broadcast as in NumPy.", "", "Notes", "-----", f"y = {row.value}"]
        lines += [f"dy/d{i} = {t}" for i, t in zip(row.inputs, row.partials, strict=True)]
        text = " ".join((row.value, *row.partials))
        lines += ["", "where(c, p, q) is p where c holds, else q."] * ("where(" in text)
        lines += ["", "share(p, q) is 1 where p is greater, 0 where less, 1/2 at a tie."] * ("share(" in text)
    if row.numpy:
        names = ", ".join(f"np.{'linalg.' if f.__name__ == 'norm' else ''}{f.__name__}" for f in row.numpy)
        lines += ["", "See Also", "--------", f"{names} : the same on a Value"]
    if row.is_elementwise or (row.trials and not row.variadic):
        lines += ["", "Examples", "--------", ">>> import autograd_lite as ag"]
        lines += _scalar_example(row) if row.is_elementwise else _array_example(row)
    return "\n".join(lines) + "\n"


def _scalar_example(row: Operation) -> list[str]:
    """A value, and the derivatives, at a point of the row's domain."""
    at = [round(low + 0.6 * (high - low), 1) for low, high in row.domain]
    numbers = [np.float64(x) for x in at]
    y = row.forward(*numbers)
    slopes = [round(float(slope(np.float64(y), *numbers)), 4) + 0.0 for slope in row.partial_functions]
    where = ", ".join(map(repr, at))
    one = len(at) == 1
    call = f"ag.grad(ag.{row.name}{'' if one else f', {tuple(range(len(at)))}'})({where})"
    return [
        f">>> round(ag.{row.name}({where}), 4)",
        repr(round(float(y), 4)),
        f">>> round({call}, 4)" if one else f">>> [round(d, 4) for d in {call}]",
        repr(slopes[0] if one else slopes),
    ]


def _array_example(row: Operation) -> list[str]:
    """The value of the row's first trial."""
    trial = row.trials[0]
    inputs = [np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape) for shape in trial.shapes]
    parameters = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in trial.parameters.items()}
    named = dict(zip(row.inputs, (x.tolist() for x in inputs), strict=True)) | parameters
    names = [n for n in row.signature.parameters if n in named]
    last = max(names.index(n) for n in row.inputs)
    written = [repr(named[n]) if i <= last else f"{n}={named[n]!r}" for i, n in enumerate(names)]
    y = apply(row, tuple(inputs), **parameters)
    return [f">>> ag.{row.name}({', '.join(written)})", *(line or "<BLANKLINE>" for line in repr(y).splitlines())]


def _dressed(function: Callable[..., Any], text: str, owner: str) -> Callable[..., Any]:
    function.__doc__ = text
    function.__qualname__ = owner + function.__name__
    function.__module__ = "autograd_lite"
    return function


def public_function(row: Operation, text: str) -> Callable[..., Any]:
    """Make the function that users call, on numbers plain arithmetic, on Values a node; and the row's methods."""
    if not row.variadic:
        _add_methods(row, text)
    return _dressed(caller(row, row.name), text, "")


def _add_methods(row: Operation, text: str) -> None:
    """Give `Value` the row's method, operator and aliases; `Constant` gets those that know it is no variable."""
    fast = _is_fast(row)
    general = _dressed(caller(row, row.name, method=True), text, "Value.")
    if fast:
        method = _dressed(fast_method(row, row.name), text, "Value.")
    elif _is_on_one_array(row):
        method = _dressed(array_method(row), text, "Value.")
    else:
        method = general
    for name in (row.name, *row.aliases):
        setattr(Methods, name, method)
        setattr(Constant, name, general)
    if row.name in UNARY_OPERATORS:
        setattr(Methods, UNARY_OPERATORS[row.name], method)
        setattr(Constant, UNARY_OPERATORS[row.name], general)
    if row.name in OPERATORS:
        name, back = f"__{OPERATORS[row.name]}__", f"__r{OPERATORS[row.name]}__"
        for kind, is_fast in ((Methods, fast), (Constant, False)):
            varies = kind is Methods
            setattr(kind, name, fast_method(row, name) if is_fast else _operator(row, name, False, varies))
            setattr(kind, back, fast_method(row, back, True) if is_fast else _operator(row, back, True, varies))


_OPERATOR = """def {name}(self, other):
    if not special:
        if type(other) is Value:
            a = settled({first}{keep_first}) if {first}.op is None else {first}._data
            b = settled({second}{keep_second}) if {second}.op is None else {second}._data
            if type(a) is not float or type(b) is not float:
                return array_node({row}, ({first}, {second}), (a, b))
        elif type(other) is ndarray and type(self) is Value and other.dtype.kind == "f":
            {mine} = settled(self{keep_mine}) if self.op is None else self._data
            {theirs} = other = number(other)
            return array_node({row}, ({first}, {second}), (a, b))
    return apply({row}, ({first}, {second}))
"""


def _operator(row: Operation, name: str, reflected: bool, varies: bool) -> Callable[..., Any]:
    """The operator of a Constant, on either side, for Python asks it first; or of a Value, which `varies`."""
    first, second = ("other", "self") if reflected else ("self", "other")
    both, alone = ([True, varies], [False, True]) if reflected else ([varies, True], [True, False])
    mine, theirs = ("b", "a") if reflected else ("a", "b")
    source = _OPERATOR.format(
        name=name,
        first=first,
        second=second,
        mine=mine,
        theirs=theirs,
        keep_first=_keep(row, 0, both),
        keep_second=_keep(row, 1, both),
        keep_mine=_keep(row, int(reflected), alone),
        row=f"ROW_{row.name}",
    )
    return define(name, source, FLOAT_NAMES)  # type: ignore[no-any-return]
