"""Computing an operation, and recording it as a node."""

from __future__ import annotations

from operator import countOf
from typing import Any

import numpy as np
from numpy import ndarray

from autograd_lite import modes
from autograd_lite.numbers import copied, number
from autograd_lite.operation import OPERATORS, Operation
from autograd_lite.text import FLOAT_NAMES
from autograd_lite.value import Constant, Value, leaf_of, new, settled

VALUE = (Value,)
"""For an empty node, ``new(*VALUE)``: a call straight into C, which takes the arguments' tuple as it is."""


def node_of(row: Operation, data: Any, a: Any, b: Any, da: Any, db: Any) -> Value:
    """Make an inner node; see `Value` for what the slots hold."""
    node = new(*VALUE)
    node._data = data  # one by one: at once, a tuple of six would be made first
    node.op = row
    node._a = a
    node._b = b
    node._da = da
    node._db = db
    node.grad = node._mark = None
    node.label = ""
    return node


def apply(row: Operation, operands: tuple[Any, ...], **parameters: Any) -> Any:
    """Compute an operation and record it; without a Value among the operands it is plain arithmetic.

    Raises
    ------
    ValueError, TypeError, IndexError
        What NumPy raises, with the operation and the shapes.
    """
    refuse_complex(row)
    if modes.tracers and (watching := modes.tracer()) is not None:
        operands, parameters = watching.without_masks(row, operands, parameters)
        if any(isinstance(p, Value) for p in parameters.values()):
            return watching.selected(row, operands, parameters)
        operands = tuple(map(watching.whole, operands))
    for x in operands:  # every call with a constant comes here: a generator would take several times as long
        if isinstance(x, ndarray) and x.dtype.kind == "O":
            return _on_scalars(row, operands, parameters)
    inputs = tuple([x if isinstance(x, Value) else number(x) for x in operands])
    raws = kept_numbers(row, inputs)
    if row.is_elementwise and countOf(map(type, raws), float) == len(raws):
        node = _scalar_node(row, inputs, raws)
    else:
        if parameters:
            parameters = {name: copied(p._data if isinstance(p, Value) else p) for name, p in parameters.items()}
        node = array_node(row, inputs, raws, parameters)
    if Value in map(type, inputs):
        return finished(node) if FLOAT_NAMES["special"] else node
    if FLOAT_NAMES["special"]:
        finished(node)
    return leaf_of(Constant, node._data) if any(isinstance(x, Value) for x in inputs) else node._data


def refuse_complex(row: Operation) -> None:
    """A complex step needs operations that are analytic."""
    if FLOAT_NAMES["any_mode"] and not row.analytic and modes.mode().complex_numbers:
        raise modes.NotAnalyticError(row.name)


def finished(node: Value) -> Value:
    """What the modes of the current thread make of a new node: watched, remembered, or a constant."""
    mode = modes.mode()
    if mode.lines is not None:
        modes.check_forward(mode.lines, node)
    if not mode.recording:
        stopped = modes.unrecorded(node)
        return leaf_of(Constant, node._data) if stopped is None else stopped
    if mode.origins is not None:
        mode.origins.note(node)
    return node


def _on_scalars(row: Operation, operands: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
    """An operation on arrays of Values: an array of Values, which is a scalar graph in NumPy's clothes."""
    cells = [_cells(x) if isinstance(x, Value) else x for x in operands]
    if row.is_elementwise:
        method = getattr(Value, row.name)  # the fast one, which needs a variable in front
        reflected = getattr(Value, f"__r{OPERATORS[row.name]}__") if row.name in OPERATORS else None

        def general(*xs: Any) -> Any:
            if type(xs[0]) is Value:
                return method(*xs)
            return reflected(xs[1], xs[0]) if reflected and type(xs[1]) is Value else apply(row, xs)

        first = cells[0]
        are_variables = type(first) is ndarray and set(map(type, first.ravel().tolist())) == {Value}
        on_one = np.frompyfunc(method if are_variables else general, len(cells), 1)
        with np.errstate(all="ignore"):  # inf and nan are answers, and NumPy looks at the processor's flags
            return on_one(*cells)
    if row.spelled is None:
        raise TypeError(
            f"{row.name} of an array of Values: join them first, with autograd_lite.stack(list(array.flat))"
        )
    from autograd_lite import functions

    y = row.spelled(functions, *cells, **parameters)
    return y[()] if isinstance(y, np.ndarray) else y  # an array without axes is its element


def _cells(x: Value) -> Any:
    """The elements of a Value as an array of Values."""
    cells = np.empty(x.shape, dtype=object)
    for place in np.ndindex(x.shape):
        cells[place] = x[place] if place else x
    return cells


def many_node(row: Operation, data: float, inputs: tuple[Any, ...], derivatives: list[Any]) -> Value:
    """Make a node of many scalars from the local derivatives for all inputs; those for constants are dropped."""
    variables = tuple(x for x in inputs if type(x) is Value)
    if len(variables) == len(inputs):
        return node_of(row, data, None, inputs, derivatives, None)
    kept = [d for x, d in zip(inputs, derivatives, strict=True) if type(x) is Value]
    return node_of(row, data, None, variables, kept, inputs)


def kept_numbers(row: Operation, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs' numbers for a graph: nobody can write to those that it needs."""
    varies = [type(x) is Value for x in inputs]
    return tuple([settled(x, row.keeps(slot, varies)) if isinstance(x, Value) else x for slot, x in enumerate(inputs)])


_NO_PARAMETERS: dict[str, Any] = {}


def array_node(
    row: Operation,
    inputs: tuple[Any, ...],
    raws: tuple[Any, ...],
    parameters: dict[str, Any] = _NO_PARAMETERS,
    data: Any = None,
) -> Value:
    """Compute an operation on arrays and make its node.

    `raws` are the inputs' numbers, as `kept_numbers` has them; `data` is the result if it is known.
    """
    try:
        if data is None:
            data = row.forward(*raws, **parameters) if parameters else row.forward(*raws)
    except (ValueError, TypeError, IndexError) as error:
        shapes = ", ".join(str(np.shape(x)) for x in raws)
        raise type(error)(f"{row.name} of shapes {shapes}: {error}") from error
    if type(data) is ndarray and data.ndim:
        data.setflags(False)  # type: ignore[call-arg]  # what `fixed` does, without the call
    elif type(data) is np.float64 or not (isinstance(data, complex) or np.iscomplexobj(data)):  # of a complex step
        data = float(data)
    return node_of(row, data, None, inputs, raws, parameters)


def _scalar_node(row: Operation, inputs: tuple[Any, ...], raws: tuple[float, ...]) -> Value:
    """An elementwise operation on floats by NumPy: for what Python's own arithmetic refuses, as 1/0 or exp(1000)."""
    numbers = [np.float64(x) for x in raws]
    with np.errstate(all="ignore"):
        try:
            y = float(FLOAT_NAMES[row.name](*raws))
        except (ArithmeticError, ValueError):
            y = float(row.forward(*numbers))
        d = [
            float(slope(np.float64(y), *numbers)) if type(x) is Value else None
            for x, slope in zip(inputs, row.partial_functions, strict=True)
        ]
    if len(inputs) > 2:
        return many_node(row, y, inputs, d)
    return node_of(row, y, inputs[0], inputs[1] if len(inputs) > 1 else None, d[0], d[1] if len(d) > 1 else None)
