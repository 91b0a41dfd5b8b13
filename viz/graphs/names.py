"""What to call a value: by the names of variables that hold it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import FrameType
from typing import Any

import numpy as np

from autograd_lite.nn.module import Module
from autograd_lite.value import Value

__all__ = [
    "Names",
    "ParameterName",
    "caller_names",
    "given_names",
    "joined",
    "module_path",
    "parameter_names",
    "variable_names",
]

Names = dict[int, str]
"""From the identity of a value to its name."""


class ParameterName(str):
    """A name that comes from a module: it says what the value is, and where it is kept."""

    __slots__ = ()


_DEPTH = 3  # weights[0][1][2] is still a name; what lies deeper is not


def given_names(names: Any) -> Names:
    """Names from a dict such as ``locals()``; what begins with ``_`` is skipped, the first name of a value counts.

    Lists, tuples, dicts and arrays of Values name their elements, modules their parameters.

    Raises
    ------
    TypeError
        If `names` does not map strings.

    Examples
    --------
    >>> a, b = Value(1.0), Value(2.0)
    >>> list(given_names({"a": a, "w": [a, b], "_": b}).values())
    ['a', 'w[1]']
    """
    pairs = list(names.items()) if isinstance(names, Mapping) else None  # a copy: another thread may add variables
    if pairs is None or not all(isinstance(name, str) for name, _ in pairs):
        raise TypeError(f'names is {type(names).__name__}; it maps names to values, as {{"a": a}} or locals() do')
    found: Names = {}
    for name, held in pairs:
        _name(found, name, held)
    return found


def _name(found: Names, name: str, held: Any) -> None:
    """Add what a variable names, unless it has a name already."""
    if not name.startswith("_"):
        for path, value in _values(name, held, _DEPTH):
            first = found.setdefault(id(value), path)
            if type(path) is ParameterName:  # whatever else holds it, it is a parameter
                found[id(value)] = ParameterName(first)


def caller_names(names: Mapping[str, Any] | None, frame: FrameType) -> Names:
    """Names from the dict that the caller gave, else from the caller's variables, the local ones first."""
    if names is not None:
        return given_names(names)
    if frame.f_locals is frame.f_globals:
        return variable_names(frame.f_globals)
    return variable_names(frame.f_locals, frame.f_globals)


def variable_names(*scopes: Mapping[str, Any]) -> Names:
    """Names from variables, whatever else there may be among them; those of the first scope count first.

    Examples
    --------
    >>> a = Value(1.0)
    >>> list(variable_names({"x": a, 1: "no name"}, {"y": a}).values())
    ['x']
    """
    found: Names = {}
    for scope in scopes:
        for name, held in list(scope.items()):  # a copy, as above; a module's dict may have keys that are no names
            if isinstance(name, str):
                with contextlib.suppress(Exception):  # a half-made module names nothing: nobody asked for its names
                    _name(found, name, held)
    return found


def _values(path: str, held: Any, depth: int) -> Iterator[tuple[str, Value]]:
    """Yield the Values in a variable: itself, or the elements of a container.

    The type is asked, not the object: proxies answer for another one, or raise.
    """
    kind = type(held)
    if issubclass(kind, Value):
        yield path, held
    elif issubclass(kind, Module):
        for name, value in held.named_parameters():
            yield ParameterName(joined(path, name)), value
    elif depth and _may_hold_values(held):
        for key, element in _elements(held):
            yield from _values(f"{path}[{key}]", element, depth - 1)


def _may_hold_values(held: Any) -> bool:
    """Whether the first element tells that a look inside is worth the time: a variable may be a list of a million."""
    kind = type(held)
    if issubclass(kind, np.ndarray):
        elements = held.flat if held.dtype == object else ()
    else:
        elements = held.values() if kind is dict else held if kind in (list, tuple) else ()
    first = next(iter(elements), None)
    if not issubclass(type(first), (Value, Module, list, tuple, dict, np.ndarray)):
        return False
    return kind is not dict or all(type(key) is str for key in list(held))


def _elements(held: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(held, np.ndarray):
        return ((", ".join(map(str, index)), held[index]) for index in np.ndindex(held.shape))
    if type(held) is dict:
        return ((repr(key), element) for key, element in list(held.items()))
    return ((str(i), element) for i, element in enumerate(held))


def parameter_names(params: Any) -> Names:
    """Which values are parameters, with their names where `params` knows them, else ''.

    Parameters
    ----------
    params : dict, iterable of Value, or module
        Names and values; the values alone; or an object with ``named_parameters()`` or ``parameters()``.

    Raises
    ------
    TypeError
        If it is something else.

    Examples
    --------
    >>> w = Value(1.0)
    >>> list(parameter_names({"w": w}).values()), list(parameter_names([w]).values())
    (['w'], [''])
    """
    if isinstance(params, Module):
        return {id(value): name for name, value in _values("", params, 1)}
    for method in ("named_parameters", "parameters"):
        if hasattr(params, method):
            return parameter_names(getattr(params, method)())
    if isinstance(params, Value):
        return {id(params): ""}
    if isinstance(params, Mapping):
        return given_names(params)
    if not isinstance(params, Iterable):
        raise TypeError(f"params is {type(params).__name__}; give a dict of names and Values, Values, or a module")
    found: Names = {}
    for item in params:
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):  # as named_parameters() yields
            found.update(given_names({item[0]: item[1]}))
        else:
            values = [value for _, value in _values("", item, _DEPTH)]
            if not values:
                raise TypeError(f"params holds {type(item).__name__}; parameters are Values")
            found.update({id(value): "" for value in values})
    return found


def module_path(modules: Sequence[Module]) -> str:
    """Return where the innermost of the modules being called is kept, as seen from the outermost.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(2, [3, 1])
    >>> module_path([model, model.layers[1], model.layers[1].linear])
    'layers[1].linear'
    """
    path = ""
    for holder, module in pairwise(modules):
        names = (name for name, inside in holder.named_modules() if inside is module)
        path = joined(path, next(names, type(module).__name__))  # one that was made in passing is kept nowhere
    return path


def joined(path: str, name: str) -> str:
    """Write a dotted name as Python does: ``layers.0.weight`` is ``layers[0].weight``.

    Examples
    --------
    >>> joined("model", "layers.0.weight"), joined("", "0.weight[1,2]"), joined("", "head.weight")
    ('model.layers[0].weight', '[0].weight[1,2]', 'head.weight')
    """
    for part in name.split("."):
        path += f"[{part}]" if part.isdecimal() else f".{part}" if path else part
    return path
