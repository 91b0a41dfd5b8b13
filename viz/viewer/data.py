"""What the viewer's page knows of a graph: columns of short text, compressed."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_lite.operation import Operation
from viz.graphs.hints import hints
from viz.graphs.snapshot import Snapshot
from viz.pictures.scale import magnitude, sign_colour
from viz.pictures.style import NEGATIVE, POSITIVE
from viz.viewer.layout import CARD, place, subtitle
from viz.words.expression import expression, order_matters, slot_name
from viz.words.numbers import array_lines, short_number
from viz.words.options import options_shown
from viz.words.slopes import row_text, slope_at

__all__ = ["pack", "viewer_data"]

_ROLE_LETTERS = {"input": "i", "parameter": "p", "constant": "c", "operation": "o"}
RULES_UP_TO = 2_000
"""Values up to which local derivatives are told as the numbers make them: that takes a while."""

_LEVEL = 6  # of zlib: more takes longer than it saves


def viewer_data(graph: Snapshot, frames: Mapping[str, Snapshot], title: str) -> dict[str, Any]:
    """Return what the page needs, as JSON has it.

    Numbers have seven significant digits and are text, for JSON knows neither nan nor infinity; a missing one is
    nothing between two commas. Sources are told by how far back they are: small numbers compress well.

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
    is_rolled = any(node.is_rolled for node in graph) if graph.notes else False
    placed = place(graph)
    counts = np.diff(graph.offsets)
    owners = np.repeat(np.arange(len(graph)), counts)
    return {
        "title": title,
        "notes": list(graph.notes),
        "roots": list(graph.roots),
        "prefix": graph.prefix,
        "names": dict(_titles(graph)),
        "roles": "".join(_ROLE_LETTERS[role] for role in graph.roles),
        "table": [_row(op, is_rolled) for op in ops],
        "ops": ",".join("" if op is None else str(ops[op]) for op in graph.ops),
        "arity": _ints(counts),
        "sources": _ints(owners - graph.sources),
        "texts": _texts(graph),
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
        "curves": [placed.forward, placed.backward, placed.labels],
        "frames": [_frame(label, frame) for label, frame in frames.items()],
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


def _row(op: Operation, is_rolled: bool) -> dict[str, Any]:
    """What the page needs of an operation; where a card stands for many values, no formula is that of all."""
    return {
        "name": op.name,
        "symbol": op.symbol,
        "selects": op.selects,
        "infix": not (op.variadic or any(c.isalnum() for c in op.symbol)),
        "inputs": list(op.inputs),
        "partials": list(op.partials) if op.is_elementwise and not is_rolled else [],
    }


def _texts(graph: Snapshot) -> dict[int, str]:
    """Return the expressions of operations with options or any number of inputs; the page composes the others."""
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
        "rules": _rules(graph) if len(graph) <= RULES_UP_TO else {},
        "arrayLocals": {k: short_number(x) for k, x in enumerate(graph.locals) if isinstance(x, np.ndarray)},
    }


def _rules(graph: Snapshot) -> dict[int, list[str]]:
    """Return the local derivatives as these numbers make them, where they differ from the table's text.

    ``1`` and the reason ``a > 0`` for a relu.
    """
    found = {}
    for node in graph:
        if node.op is not None and node.op.is_elementwise and not node.is_rolled:
            for k in range(len(node.slots)):
                slope = slope_at(graph, node, k)
                texts = [row_text(part) for part in (slope.formula, slope.condition) if part] if slope else []
                if texts and texts != [node.op.partials[k]]:
                    found[int(graph.offsets[node.id]) + k] = texts
    return found


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
