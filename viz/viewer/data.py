"""What the viewer's page knows of a graph: columns of short text, compressed."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from autograd_lite.value import Value
from viz.graphs.hints import hints
from viz.graphs.snapshot import Snapshot
from viz.pictures.scale import magnitude, sign_colour
from viz.pictures.style import NEGATIVE, POSITIVE
from viz.replay.arithmetic import root_name
from viz.replay.steps import steps_of
from viz.viewer.layout import CARD, place, subtitle
from viz.words.expression import expression, local_derivative, order_matters, slot_name
from viz.words.numbers import array_lines, short_number
from viz.words.options import options_shown

__all__ = ["pack", "viewer_data"]

_ROLE_LETTERS = {"input": "i", "parameter": "p", "constant": "c", "operation": "o"}
WRITTEN_UP_TO = 2_000
"""Values up to which the page gets the text of every step and arrow; of more, it composes shorter ones by itself."""

_FRAMES_WRITTEN_UP_TO = 20_000  # the values of all training snapshots together

_LEVEL = 6  # of zlib: more takes longer than it saves


def viewer_data(
    graph: Snapshot, frames: Mapping[str, Snapshot], title: str, root: Value | None = None
) -> dict[str, Any]:
    """Return what the page needs, as JSON has it.

    Numbers have seven significant digits and are text, for JSON knows neither nan nor infinity; a missing one is
    nothing between two commas. Sources are told by how far back they are: small numbers compress well.

    Parameters
    ----------
    graph : Snapshot
        What there is to show.
    frames : dict of Snapshot
        Its numbers at one moment or several, by name.
    title : str
        What stands above it.
    root : Value, optional
        What the one frame was taken of: its array operations tell what the backward pass sent through them.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from viz.graphs.snapshot import snapshot
    >>> graph = snapshot(Value(2.0, label="a") * 3.0)
    >>> data = viewer_data(graph, {"": graph}, "")
    >>> data["roles"], data["sources"], data["frames"][0]["values"]
    ('ico', '2,1', '2,3,6')
    """
    ops = {op: k for k, op in enumerate(dict.fromkeys(op for op in graph.ops if op is not None))}
    is_rolled = bool(graph.notes) and any(node.is_rolled for node in graph)
    written = not is_rolled and len(graph) <= WRITTEN_UP_TO and len(graph) * len(frames) <= _FRAMES_WRITTEN_UP_TO
    placed = place(graph, frames.values())
    counts = np.diff(graph.offsets)
    owners = np.repeat(np.arange(len(graph)), counts)
    return {
        "title": title,
        "notes": list(placed.notes),
        "roots": list(graph.roots),
        "root": root_name(graph),
        "rolled": is_rolled,
        "prefix": graph.prefix,
        "names": dict(_titles(graph)),
        "roles": "".join(_ROLE_LETTERS[role] for role in graph.roles),
        "table": [_row(op) for op in ops],
        "ops": ",".join("" if op is None else str(ops[op]) for op in graph.ops),
        "arity": _ints(counts),
        "sources": _ints(owners - graph.sources),
        "texts": _texts(graph),
        "expressions": [expression(graph, node) for node in graph] if written else None,
        "slots": {} if is_rolled else _slot_names(graph),
        "shapes": _shapes(graph),
        "paths": _dictionary(graph.paths),
        "lines": _dictionary(graph.lines),
        "hints": {i: [[hint.word, hint.sentence] for hint in some] for i, some in hints(graph).items()},
        "card": CARD,
        "layout": placed.by,
        "x": _ints(placed.x),
        "y": _ints(placed.y),
        "widths": placed.widths,
        "copies": placed.copies,
        "curves": [placed.forward, placed.backward, placed.labels],
        "frames": [_frame(label, frame) | (_words(frame, root) if written else {}) for label, frame in frames.items()],
    }


def pack(data: Mapping[str, Any]) -> str:
    """Compress data to letters and digits: nothing in it can end the script that holds it.

    Examples
    --------
    >>> zlib.decompress(base64.b64decode(pack({"name": "</script>"})))
    b'{"name":"</script>"}'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), _LEVEL)).decode()


# --- the structure -------------------------------------------------------------------------------------------------


def _titles(graph: Snapshot) -> Iterable[tuple[int, str]]:
    """Yield the titles which do not follow from the place of a value."""
    for i in range(len(graph)):
        title = graph.title(i)
        if title != f"{graph.prefix}{i}":
            yield i, title


def _row(op: Operation) -> dict[str, Any]:
    """What the page needs of an operation."""
    return {
        "name": op.name,
        "symbol": op.symbol,
        "selects": op.selects,
        "infix": not (op.variadic or any(c.isalnum() for c in op.symbol)),
    }


def _texts(graph: Snapshot) -> dict[int, str]:
    """Return the expressions of operations with options or any number of inputs; the page can compose the others."""
    options = graph.options
    found = {}
    for i, op in enumerate(graph.ops):
        if op is not None and (op.variadic or (i in options and options_shown(op, dict(options[i])))):
            found[i] = expression(graph, graph.nodes[i])
    return found


def _slot_names(graph: Snapshot) -> dict[str, list[str]]:
    """Return the names of the argument slots where their order matters, for each operation and number of slots."""
    found = {}
    kinds = {(op, int(count)) for op, count in zip(graph.ops, np.diff(graph.offsets), strict=True) if op is not None}
    for op, count in sorted(kinds, key=lambda kind: (kind[0].name, kind[1])):
        if order_matters(op, count):
            found[f"{op.name} {count}"] = [slot_name(op, k) for k in range(count)]
    return found


def _shapes(graph: Snapshot) -> dict[int, str]:
    arrays = (graph.nodes[i] for i, x in enumerate(graph.values) if isinstance(x, np.ndarray))
    return {node.id: text for node in arrays if (text := subtitle(node))}


def _dictionary(column: Mapping[int, str]) -> dict[str, Any]:
    """Many values come from one line: each text once, and for each node that has one the number of its text."""
    texts = {text: k for k, text in enumerate(dict.fromkeys(column.values()))}
    steps = np.diff(np.fromiter(column, np.int64, len(column)), prepend=0)
    return {"texts": list(texts), "nodes": _ints(steps), "which": _ints(texts[text] for text in column.values())}


# --- numbers -------------------------------------------------------------------------------------------------------


def _frame(label: str, graph: Snapshot) -> dict[str, Any]:
    arrays = {
        i: _array(value, graph.gradients[i]) for i, value in enumerate(graph.values) if isinstance(value, np.ndarray)
    }
    return {
        "label": label,
        "values": _numbers(graph.values),
        "gradients": _numbers(graph.gradients),
        "locals": _numbers(graph.locals),
        "arrays": arrays,
        "arrayLocals": {k: short_number(x) for k, x in enumerate(graph.locals) if isinstance(x, np.ndarray)},
    }


def _words(graph: Snapshot, root: Value | None) -> dict[str, Any]:
    """Return what is written on the backward arrows, and what happens in each step."""
    found = {"labels": [local_derivative(graph, node, k) for node in graph for k in range(len(node.slots))]}
    if root is not None or not _sends_through_arrays(graph):
        found["steps"] = ["\n".join(step.lines) for step in steps_of(graph, root)]
    return found


def _sends_through_arrays(graph: Snapshot) -> bool:
    """Whether the backward pass went through operations whose local derivatives are never formed, as matmul's."""
    return graph.gradients[graph.roots[0]] is not None and any(
        slot.local is None and graph.roles[slot.source] != "constant" for node in graph for slot in node.slots
    )


def _array(value: Any, gradient: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"value": array_lines(value)}
    if gradient is not None:
        sign = {NEGATIVE: -1, POSITIVE: 1}.get(sign_colour(gradient), 0)
        found |= {"gradient": array_lines(gradient), "size": f"{magnitude(gradient):.7g}", "sign": sign}
    return found


def _numbers(column: Sequence[Any]) -> str:
    return ",".join([f"{x:.7g}" if isinstance(x, float) else _other(x) for x in column])


def _other(x: Any) -> str:
    return "" if x is None or isinstance(x, np.ndarray) else f"{float(x):.7g}"


def _ints(numbers: Iterable[Any]) -> str:
    if isinstance(numbers, np.ndarray):
        numbers = numbers.tolist()
    return ",".join(map(str, numbers))
