"""`draw_net`: the picture of a network, its modules as boxes or its neurons in columns."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Literal, get_args

from autograd_lite import Value, nn, topological_order
from viz.graphs.names import caller_names
from viz.net.boxes import outline
from viz.net.boxes_dot import write_boxes
from viz.net.columns import Column, columns_of, run_columns, seen_columns
from viz.net.computed import Computed, outermost_modules, read, run, shown
from viz.net.modules import part_of
from viz.net.neurons import MANY_NEURONS, EdgeKind, Placed, neurons_outline, write_neurons
from viz.net.plan import plan
from viz.pictures.dot import RANKDIRS
from viz.pictures.rendering import Picture

__all__ = ["draw_net"]

Style = Literal["auto", "modules", "neurons"]

_MANY_COLUMNS = 6  # a deeper network is drawn as modules


def draw_net(
    model_or_root: Any,
    *inputs: Any,
    format: str = "svg",
    rankdir: str | None = None,
    style: Style = "auto",
    edges: EdgeKind = "weight",
    depth: int | None = None,
    roll: bool = True,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    timeout: float | None = None,
) -> Picture:
    """Draw a network: its modules as boxes in boxes, or its neurons in columns.

    ``draw_net(model)`` does not run the model: arrows are drawn where the order of modules is known without running
    them, as in `Sequential` and `MLP`. ``draw_net(model, x)`` runs it once on x and draws what flows between the
    modules. ``draw_net(loss)`` draws the same from the graph of a computed Value: as it was, if it was computed inside
    `record_origins`; else as far as the uses of parameters tell whose an operation is.

    Parameters
    ----------
    model_or_root : Module, or Value, or list of Value
        The network, or what it computed.
    *inputs
        What to run the model on.
    format : str
        "svg", "png", "pdf" or "json".
    rankdir : str, optional
        "LR" from left to right, "TB" from top to bottom, or "RL" or "BT"; by default modules stand from top to bottom
        and neurons from left to right.
    style : str
        "modules", "neurons", or "auto": neurons for a model of linear layers alone that are small.
    edges : str
        What the lines between neurons show, "weight" or "gradient".
    depth : int, optional
        How many levels of modules are opened; a deeper one is a box that says what is inside. None opens all.
    roll : bool
        Draw modules of equal structure in a row as one box, and all calls of a module as one box.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : module, optional
        The model that computed the Value; if it is left out, the one among the caller's variables, or among the modules
        that `record_origins` saw, that has most of its parameters in the graph.
    timeout : float, optional
        Seconds that the layout may take; 3 for a notebook and 10 for a file if it is left out.

    Returns
    -------
    Picture
        A `graphviz.Digraph`, as `draw_dot` returns it.

    Raises
    ------
    TypeError
        If there is neither a module nor a Value, or no module that computed the Value.
    ValueError
        If an option is unknown, or the network cannot be drawn as neurons.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> from autograd_lite import nn
    >>> model = nn.Sequential(nn.Linear(64, 32), ag.relu, nn.Linear(32, 10))
    >>> print(draw_net(model).outline())
    input  (…, 64)
    Sequential()  2,410 parameters
      Linear(64, 32)  [0]  2,080 parameters
      relu  [1]
      Linear(32, 10)  [2]  330 parameters
    output  (…, 10)
    >>> print(draw_net(nn.MLP(2, [4, 1])).outline())
    input 2 -> 4 ReLU -> 1
    """
    _check(rankdir, style, edges, depth)
    frame = sys._getframe(1)
    roots = [] if isinstance(model_or_root, nn.Module) else _roots(model_or_root, inputs)
    model = _model_of(roots, params, names, frame) if roots else model_or_root
    called = caller_names(names, frame) if roots or inputs else {}
    columns = columns_of(part_of(model))
    if style == "neurons" and columns is None:
        raise ValueError(
            f"{shown(model.title)} has no neurons in columns: that needs linear layers and activations, one after "
            'the other, as in nn.MLP or nn.Sequential; draw it with style="modules"'
        )
    if columns and (style == "neurons" or (style == "auto" and depth is None and not roots and _is_small(columns))):
        placed = Placed(format=format, timeout=timeout, outline=lambda: neurons_outline(columns))
        values, examples = _values(columns, inputs, read(roots, model, called) if roots else None)
        write_neurons(placed, columns, values, examples, edges, rankdir or "LR")
        return placed
    if roots or inputs:
        found = read(roots, model, called) if roots else run(model, inputs, called)
        drawing = found.drawing(depth, roll)
    else:
        drawing = plan(part_of(model), depth, roll)
    picture = Picture(format=format, timeout=timeout, outline=lambda: outline(drawing))
    write_boxes(picture, drawing, rankdir or "TB")
    return picture


def _roots(root: Any, inputs: Sequence[Any]) -> list[Value]:
    """The Values that are to be drawn."""
    roots = list(root) if isinstance(root, (list, tuple)) else [root]
    if not roots or not all(isinstance(value, Value) for value in roots):
        raise TypeError(
            f"draw_net draws a module (autograd_lite.nn.Module) or a Value, not {shown(repr(root))}, of type "
            f"{type(root).__name__}" + "; make one first, as in Linear(2, 3)" * isinstance(root, type)
        )
    if inputs:
        raise TypeError(f"draw_net got a Value and {len(inputs)} inputs; only a module can be run on inputs")
    return roots


def _values(
    columns: Sequence[Column], inputs: Sequence[Any], found: Computed | None
) -> tuple[Sequence[Any] | None, int]:
    """What the neurons hold, and over how many examples that is the mean."""
    if found is not None:
        return seen_columns(columns, found.graph, found.ids)
    if len(inputs) > 1:
        raise TypeError(f"draw_net got {len(inputs)} inputs; a network in columns takes one")
    return run_columns(columns, inputs[0]) if inputs else (None, 1)


def _check(rankdir: str | None, style: str, edges: str, depth: int | None) -> None:
    if rankdir is not None and rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}; the directions are {', '.join(RANKDIRS)}")
    if style not in get_args(Style):
        raise ValueError(f"unknown style {style!r}; they are {', '.join(get_args(Style))}")
    if edges not in get_args(EdgeKind):
        raise ValueError(f"unknown edges {edges!r}; they are {', '.join(get_args(EdgeKind))}")
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 0):
        raise ValueError(f"depth is {depth!r}; it is how many levels of modules are opened, 0 or more, or None for all")


def _is_small(columns: Sequence[Column]) -> bool:
    sizes = [columns[0].linear.n_in, *(column.linear.n_out for column in columns)]
    return max(sizes) <= MANY_NEURONS and len(columns) <= _MANY_COLUMNS


def _model_of(roots: Sequence[Value], params: Any, names: Mapping[str, Any] | None, frame: FrameType) -> nn.Module:
    """Find the model: the one given, or a variable that holds most of the graph's parameters, or who was recorded."""
    if isinstance(params, nn.Module):
        return params
    ids = {id(value) for root in roots for value in topological_order(root)}
    scopes = [names] if names is not None else [frame.f_locals, frame.f_globals]
    held = [x for scope in scopes for x in list(scope.values()) if isinstance(x, nn.Module)]
    held += outermost_modules(roots)
    best = max(held, key=lambda module: sum(id(value) in ids for value in module.parameters()), default=None)
    if best is None or not any(id(value) in ids for value in best.parameters()):
        raise TypeError(
            "none of your variables is a module with parameters in this graph; name it with draw_net(root, "
            "params=model), or draw the values themselves with draw_dot(root)"
        )
    return best
