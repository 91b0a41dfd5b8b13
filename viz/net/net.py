"""`draw_net`: the picture of a network, its modules as boxes or its neurons in columns."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Literal, get_args

import numpy as np

from autograd_lite import Value, nn, topological_order
from autograd_lite.cells import is_cells
from autograd_lite.origins import all_origins
from viz.graphs.names import caller_names
from viz.graphs.snapshot import Snapshot, read_graph
from viz.net.boxes import Drawing, outline
from viz.net.boxes_dot import write_boxes
from viz.net.calls import MODEL, Run, Steps, node_ids, run, sources_of, values_in
from viz.net.columns import Column, columns_of, run_columns, seen_columns
from viz.net.conclude import conclude
from viz.net.dataflow import Pill, dataflow
from viz.net.modules import Part, part_of
from viz.net.neurons import MANY_NEURONS, EdgeKind, Placed, neurons_outline, write_neurons
from viz.net.plan import plan
from viz.pictures.dot import RANKDIRS
from viz.pictures.rendering import Picture
from viz.words.escape import one_line, shorten
from viz.words.expression import short_title
from viz.words.numbers import short_number

__all__ = ["draw_net"]

Style = Literal["auto", "modules", "neurons"]

_PILLS = 6  # inputs that are drawn one by one
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
    modules. ``draw_net(loss)`` draws the same from the graph of a computed Value.

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
        The model that computed the Value; if it is left out, a module among the caller's variables.
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
    is_model = isinstance(model_or_root, nn.Module)
    view = (
        _Model(model_or_root, inputs, names, frame) if is_model else _Root(model_or_root, inputs, names, params, frame)
    )
    columns = columns_of(view.part)
    if style == "neurons" and columns is None:
        raise ValueError(
            f"{_shown(view.part.title)} has no neurons in columns: that needs linear layers and activations, one after "
            'the other, as in nn.MLP or nn.Sequential; draw it with style="modules"'
        )
    if columns is not None and (style == "neurons" or (style == "auto" and depth is None and _is_small(columns, view))):
        placed = Placed(format=format, timeout=timeout, outline=lambda: neurons_outline(columns))
        values, examples = view.values(columns)
        write_neurons(placed, columns, values, examples, edges, rankdir or "LR")
        return placed
    drawing = view.drawing(depth, roll)
    picture = Picture(format=format, timeout=timeout, outline=lambda: outline(drawing))
    write_boxes(picture, drawing, rankdir or "TB")
    return picture


def _check(rankdir: str | None, style: str, edges: str, depth: int | None) -> None:
    if rankdir is not None and rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}; the directions are {', '.join(RANKDIRS)}")
    if style not in get_args(Style):
        raise ValueError(f"unknown style {style!r}; they are {', '.join(get_args(Style))}")
    if edges not in get_args(EdgeKind):
        raise ValueError(f"unknown edges {edges!r}; they are {', '.join(get_args(EdgeKind))}")
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 0):
        raise ValueError(f"depth is {depth!r}; it is how many levels of modules are opened, 0 or more, or None for all")


def _is_small(columns: Sequence[Column], view: _Model | _Root) -> bool:
    sizes = [columns[0].linear.n_in, *(column.linear.n_out for column in columns)]
    return isinstance(view, _Model) and max(sizes) <= MANY_NEURONS and len(columns) <= _MANY_COLUMNS


def _shown(text: str) -> str:
    return shorten(one_line(text), 60)


# --- a model -------------------------------------------------------------------------------------------------------


class _Model:
    """A model, and what it is to be run on."""

    def __init__(
        self, model: nn.Module, inputs: Sequence[Any], names: Mapping[str, Any] | None, frame: FrameType
    ) -> None:
        self.part = part_of(model)
        self.inputs, self._called = inputs, caller_names(names, frame) if inputs else {}

    def values(self, columns: Sequence[Column]) -> tuple[Sequence[Any] | None, int]:
        """What the neurons hold, and over how many examples that is the mean."""
        if not self.inputs:
            return None, 1
        if len(self.inputs) > 1:
            raise TypeError(f"draw_net got {len(self.inputs)} inputs; a network in columns takes one")
        return run_columns(columns, self.inputs[0])

    def drawing(self, depth: int | None, roll: bool) -> Drawing:
        """The modules as boxes."""
        if not self.inputs:
            return plan(self.part, depth, roll)
        done = run(self.part, self.inputs)
        roots = list({id(value): value for value in values_in(done.result)}.values())
        if not any(root.op is not None for root in roots):
            raise TypeError(
                f"{_shown(self.part.title)} returned {_shown(repr(done.result))}, of type "
                f"{type(done.result).__name__}, which has no graph; call draw_net outside of no_grad, "
                "and give a Value to a model without parameters"
            )
        graph = read_graph(roots, self._called, self.part.thing)
        ids = node_ids(graph, roots)
        steps: list[Steps | None] = [MODEL if op is not None else None for op in graph.ops]
        for key, call in done.owner.items():
            if key in ids:
                steps[ids[key]] = call.steps
        homes = _homes(self.part, ids)
        return dataflow(graph, self.part, steps, homes, _given(done, graph, ids), _returned(done, ids), depth, roll)


def _homes(model: Part, ids: Mapping[int, int]) -> dict[int, str]:
    """For each node that is a parameter, the path of the part that keeps it."""
    homes: dict[int, str] = {}
    for part in model.every():
        if isinstance(part.thing, nn.Module):
            inner = {id(value) for child in part.inside for value in _parameters(child)}
            for value in _parameters(part):
                if id(value) in ids and id(value) not in inner:
                    homes.setdefault(ids[id(value)], part.path)
    return homes


def _parameters(part: Part) -> list[Value]:
    return part.thing.parameters() if isinstance(part.thing, nn.Module) else []


def _given(done: Run, graph: Snapshot, ids: Mapping[int, int]) -> list[Pill]:
    """The data that the model and its modules were given."""
    outermost = next(call for call in done.calls if len(call.steps) == 1)
    pills = [
        Pill(name, _shape_words(x), {ids[id(value)] for value in values_in(x) if id(value) in ids})
        for name, x in outermost.given.items()
    ]
    arrays = list(outermost.given.values())
    loose: dict[tuple[Any, ...], Pill] = {}
    for call in done.calls:
        for x in call.arrays.values():
            home = next(
                (i for i, y in enumerate(arrays) if isinstance(y, np.ndarray) and np.may_share_memory(x, y)), -1
            )
            key = (tuple(name for name, _ in call.steps), x.shape)
            pill = pills[home] if home >= 0 else loose.setdefault(key, Pill("constant", _shape_words(x)))
            pill.readers.append((call.steps, x.shape))
    return [*pills, *loose.values(), *_leaves(graph, {i for pill in pills for i in pill.nodes})]


def _returned(done: Run, ids: Mapping[int, int]) -> list[Pill]:
    parts = (
        list(done.result) if isinstance(done.result, (tuple, list)) and len(done.result) <= _PILLS else [done.result]
    )
    return [
        Pill("output", _shape_words(part), {ids[id(value)] for value in values_in(part) if id(value) in ids})
        for part in parts
        if any(True for _ in values_in(part))
    ]


def _shape_words(x: Any) -> str:
    shape = np.shape(x) if not isinstance(x, (str, bytes)) else ()
    words = str(shape) if shape else "scalar"
    return f"{words} of scalars" if is_cells(x) else words


# --- a computed Value ----------------------------------------------------------------------------------------------


class _Root:
    """A computed Value, and the model that computed it."""

    def __init__(
        self, root: Any, inputs: Sequence[Any], names: Mapping[str, Any] | None, params: Any, frame: FrameType
    ) -> None:
        roots = list(root) if isinstance(root, (list, tuple)) else [root]
        if not roots or not all(isinstance(value, Value) for value in roots):
            raise TypeError(
                f"draw_net draws a module (autograd_lite.nn.Module) or a Value, not {_shown(repr(root))}, of type "
                f"{type(root).__name__}"
            )
        if inputs:
            raise TypeError(f"draw_net got a Value and {len(inputs)} inputs; only a module can be run on inputs")
        self.graph = read_graph(roots, caller_names(names, frame), params)
        self.ids = node_ids(self.graph, roots)
        self.part = part_of(_model_of(roots, self.ids, params, names, frame))

    def values(self, columns: Sequence[Column]) -> tuple[Sequence[Any] | None, int]:
        """What the neurons hold, and over how many examples that is the mean."""
        return seen_columns(columns, self.graph, self.ids)

    def drawing(self, depth: int | None, roll: bool) -> Drawing:
        """The modules as boxes."""
        graph, homes = self.graph, _homes(self.part, self.ids)
        steps = conclude(graph, self.part, homes)
        ends = [Pill(short_title(graph.nodes[i]), short_number(graph.values[i]), {i}) for i in graph.roots]
        pills = _leaves(graph, set(homes), steps)
        drawing = dataflow(graph, self.part, steps, homes, pills, ends, depth, roll, concluded=not graph.paths)
        if not graph.paths:
            drawing.notes.append(
                "which module an operation belongs to is concluded from its parameters; record_origins() would know it"
            )
        return drawing


def _model_of(
    roots: Sequence[Value], ids: Mapping[int, int], params: Any, names: Mapping[str, Any] | None, frame: FrameType
) -> nn.Module:
    """Find the model: the one given, or a variable that holds most of the graph's parameters, or who was recorded."""
    if isinstance(params, nn.Module):
        return params
    scopes = [names] if names is not None else [frame.f_locals, frame.f_globals]
    held = [x for scope in scopes for x in list(scope.values()) if isinstance(x, nn.Module)]
    held += _recorded(roots)
    best = max(held, key=lambda module: sum(id(value) in ids for value in module.parameters()), default=None)
    if best is None or not any(id(value) in ids for value in best.parameters()):
        raise TypeError(
            "none of your variables is a module with parameters in this graph; name it with draw_net(root, "
            "params=model), or draw the values themselves with draw_dot(root)"
        )
    return best


def _recorded(roots: Sequence[Value]) -> list[nn.Module]:
    """The outermost modules that record_origins saw at work."""
    found: dict[int, nn.Module] = {}
    for origins in all_origins():
        for root in roots:
            for value in topological_order(root):
                origin = origins.of(value)
                if origin is not None and origin.modules:
                    found.setdefault(id(origin.modules[0]), origin.modules[0])
    return list(found.values())


def _leaves(graph: Snapshot, known: set[int], steps: Sequence[Steps | None] | None = None) -> list[Pill]:
    """Inputs, and with `steps` arrays of constants as well: those that the same module reads together."""
    inputs = [i for i, role in enumerate(graph.roles) if role == "input" and i not in known and graph.ops[i] is None]
    if len(inputs) > _PILLS:
        pills = [Pill(f"{len(inputs):,} inputs", "", set(inputs))]
    else:
        pills = [Pill(short_title(graph.nodes[i]), _value_words(graph.values[i]), {i}) for i in inputs]
    return pills + (_constants(graph, steps) if steps else [])


def _constants(graph: Snapshot, steps: Sequence[Steps | None]) -> list[Pill]:
    found: dict[tuple[Any, ...], Pill] = {}
    for i, op in enumerate(graph.ops):
        for s in sources_of(graph, i) if op is not None else ():
            if graph.roles[s] == "constant" and np.ndim(graph.values[s]):
                way = steps[i]
                owner = tuple(name for name, _ in way) if way else ""
                pill = Pill(graph.names.get(s, "constant"), str(np.shape(graph.values[s])))
                found.setdefault((owner, np.shape(graph.values[s]), pill.title), pill).nodes.add(s)
    return list(found.values())


def _value_words(x: Any) -> str:
    return str(np.shape(x)) if np.ndim(x) else short_number(x)
