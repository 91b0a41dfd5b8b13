"""A bias is the weight of an input that is always 1: ``W A + b`` is ``[W b]`` times A with a row of ones below it.

The weights and the biases of a layer are columns of one matrix where `rolling.plan` has put them there. Then the bias
costs neither an addition nor, in the backward pass, a sum: its gradient is the last column of the weights' own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_lite.compiler.programs.movement import assemble, reshape, transpose
from autograd_lite.compiler.programs.steps import VIEWS, Step, Steps, shape_of

Part = tuple[Any, Any]


def layer(steps: Steps, product: Any, bias: Any) -> Any:
    """The step of ``W A + b`` as one product; None if these are not the columns of one matrix, or A is a view."""
    if not isinstance(product, Step) or product.call != "dot":
        return None
    weights, inputs = product.args
    matrix = _matrix_of(weights, bias)
    if matrix is None or len(shape_of(inputs)) != 2 or not _is_made_in_place(inputs):
        return None
    return steps.make("dot", (matrix, with_ones(steps, inputs)), product.shape)


def _matrix_of(weights: Any, bias: Any) -> Any:
    """The matrix ``[W b]``, or the vector, whose columns these are."""
    column = bias.args[0] if isinstance(bias, Step) and bias.call == "reshape" else bias
    parts = (weights, column)
    if not all(isinstance(x, Step) and x.call == "getitem" for x in parts) or weights.args[0] is not column.args[0]:
        return None
    matrix = weights.args[0]
    rows = weights.shape[:-1]
    if shape_of(bias) != ((*rows, 1) if rows else ()):
        return None
    return matrix if _are_columns([x.options["index"] for x in parts], matrix.shape) else None


def _are_columns(indices: list[Any], shape: tuple[int, ...]) -> bool:
    """Whether these are all columns but the last, and the last."""
    places = np.arange(math.prod(shape)).reshape(shape)
    first, last = (places[index] for index in indices)
    return np.array_equal(first, places[..., :-1]) and np.array_equal(last.ravel(), places[..., -1].ravel())


def _is_made_in_place(inputs: Any) -> bool:
    """Whether the ones can lie beside them: a view of something else would be copied for it at every call."""
    base = inputs.args[0] if isinstance(inputs, Step) and inputs.call == "transpose" else inputs
    return not isinstance(base, Step) or base.call not in VIEWS


def _parts_with_ones(inputs: Any) -> tuple[list[Part], tuple[int, ...]]:
    k, m = shape_of(inputs)
    return [(slice(0, k), inputs), (k, 1.0)], (k + 1, m)


def with_ones(steps: Steps, inputs: Any) -> Any:
    """The array with a row of ones below it."""
    if not isinstance(inputs, Step):
        return np.vstack([inputs, np.ones((1, inputs.shape[1]))])
    y = assemble(steps, *_parts_with_ones(inputs))
    named = inputs if inputs.label or inputs.call != "transpose" else inputs.args[0]
    if isinstance(named.label, str) and named.label:
        y.label = f"{named.label}_ones"
    return y


def gradient(steps: Steps, parts: list[Part], shape: tuple[int, ...], total: Any) -> Any:
    """The gradient of ``[W b]`` as one product; None if the parts are not those of W and b.

    Parameters
    ----------
    parts : list of (index, part)
        What is to be put side by side.
    shape : tuple of int
        Of the whole.
    total : callable
        ``total(d)`` is the sum of d over its last axis.
    """
    if len(parts) != 2:
        return None
    (first, one), (last, two) = sorted(parts, key=lambda part: -math.prod(shape_of(part[1])))
    if not isinstance(one, Step) or one.call != "dot" or not _are_columns([first, last], shape):
        return None
    if one.ndim == 1:
        inputs, d = one.args
        known = _known_with_ones(steps, inputs)
        is_found = known is not None and total(d) is two
        return steps.make("dot", (known, d), shape) if is_found else None
    d, inputs = one.args
    known = _known_with_ones(steps, transpose(steps, inputs))
    if known is None or reshape(steps, total(d), shape_of(two)) is not two:
        return None
    return steps.make("dot", (d, transpose(steps, known)), shape)


def _known_with_ones(steps: Steps, inputs: Any) -> Any:
    """The array with ones below it if a product has asked for it."""
    if not isinstance(inputs, Step):
        return with_ones(steps, inputs) if len(shape_of(inputs)) == 2 else None
    if inputs.ndim != 2:
        return None
    parts, _ = _parts_with_ones(inputs)
    return steps.known("assemble", (inputs, 1.0), places=tuple(place for place, _ in parts))
