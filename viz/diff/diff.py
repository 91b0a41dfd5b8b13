"""`draw_diff`: how values and gradients changed from one pass, or one training step, to another."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd_lite.graph import topological_order
from autograd_lite.value import Constant, Value
from viz.diff.boxes import PALE, box, tooltip
from viz.diff.change import Change
from viz.diff.difference import Difference, difference_text
from viz.diff.legend import diff_legend
from viz.diff.matching import Arrow
from viz.graphs.ladder import ROLLED_ABOVE, fitted
from viz.graphs.names import Names, caller_names
from viz.graphs.rolling import roll
from viz.graphs.snapshot import Snapshot, read_graph
from viz.layout.layout import check_format
from viz.pictures.dot import RANKDIRS, check_rankdir, direction, dot_id
from viz.pictures.rendering import Picture
from viz.pictures.scale import Scale, sign_colour
from viz.pictures.style import FONT, INK, LINE
from viz.words.escape import one_line, quoted_text, shorten
from viz.words.expression import short_title

if TYPE_CHECKING:
    from graphviz import Digraph  # type: ignore[import-untyped,unused-ignore]

__all__ = ["draw_diff", "write_diff"]

Graph = Value | list[Value] | tuple[Value, ...] | Snapshot


def draw_diff(
    before: Graph,
    after: Graph,
    format: str = "svg",
    rankdir: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    full: bool = False,
    timeout: float | None = None,
) -> Picture:
    """Draw how values and gradients changed from one pass to another: ``value 2 → 2.4 +0.4``.

    Each change has a bar, to the left of its axis if it went down and to the right if it went up, and arrows are the
    wider, the more changed in what they carry: solid ones values, dashed ones gradients. What did not change is pale.
    Where the two graphs differ in structure, boxes say that they are only before or only after.

    To compare two training steps take a snapshot before the optimiser's step, for that overwrites the parameters in
    place: a graph shows the numbers that its leaves hold when it is drawn, or when its snapshot is taken.

    Parameters
    ----------
    before, after : Value, list or tuple of Value, or Snapshot
        What to compare: a root, or what `viz.snapshot` kept of it.
    format : str
        "svg", "png", "pdf" or "json".
    rankdir : str, optional
        How the graph is laid out, as in `draw_dot`.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them. A
        snapshot has its own.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters.
    full : bool
        Draw every value by itself; otherwise large graphs are drawn smaller, as by `draw_dot`.
    timeout : float, optional
        Seconds that the layout may take; 3 for a notebook and 10 for a file if it is left out.

    Returns
    -------
    Picture
        As of `draw_dot`.

    Raises
    ------
    TypeError
        If `before` or `after` is neither a Value nor a Snapshot.
    ValueError
        If the format or direction is unknown.

    Examples
    --------
    One step of gradient descent:

    >>> from viz import snapshot
    >>> w, x = Value(2.0, label="w"), Value(-3.0, label="x")
    >>> loss = (w * x - 1.0) ** 2
    >>> loss.backward()
    >>> before = snapshot(loss)
    >>> w.data -= 0.01 * w.grad
    >>> w.zero_grad()
    >>> loss = (w * x - 1.0) ** 2
    >>> loss.backward()
    >>> picture = draw_diff(before, loss)
    >>> "2 → 1.58" in picture.source, "49 → 32.95" in picture.source
    (True, True)
    """
    check_rankdir(rankdir)
    check_format(format)
    called = caller_names(names, sys._getframe(1))
    old, new = _graph("before", before, called, params), _graph("after", after, called, params)
    notes = _shared(before, after)
    picture = Picture(format=format, timeout=timeout, outline=lambda: str(difference_text(Difference(old, new, notes))))
    drawn = (old, new) if full else _fitted(old, new)
    write_diff(picture, Difference(*drawn, notes), direction(rankdir, drawn[1]))
    return picture


def _graph(which: str, root: Any, called: Names, params: Any) -> Snapshot:
    if isinstance(root, Snapshot):
        return root
    if isinstance(root, Value) or (isinstance(root, (list, tuple)) and root):
        return read_graph(root, called, params)
    shown = shorten(one_line(repr(root)), 60)
    raise TypeError(f"{which} is {shown}, of type {type(root).__name__}; give a Value, Values, or viz.snapshot(value)")


def _fitted(before: Snapshot, after: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Make both small enough in the same way, or nothing would match."""
    if max(len(before), len(after)) > ROLLED_ABOVE:
        return roll(before, shown="norm"), roll(after, shown="norm")
    return fitted(before), fitted(after)


def _shared(before: Any, after: Any) -> tuple[str, ...]:
    """Say that leaves of both graphs show one and the same number, which is what a beginner would not expect."""
    if isinstance(before, Snapshot) or isinstance(after, Snapshot):
        return ()
    count = len(_leaves(before) & _leaves(after))
    if not count:
        return ()
    words = "1 leaf is" if count == 1 else f"{count:,} leaves are"
    return (
        f"{words} part of both graphs and read as of now; to see a step change them, take snapshot(root) before it",
    )


def _leaves(root: Any) -> set[int]:
    roots = root if isinstance(root, (list, tuple)) else [root]
    return {
        id(value)
        for r in roots
        for value in topological_order(r)
        if value.op is None and not isinstance(value, Constant)
    }


# --- the picture ---------------------------------------------------------------------------------------------------


def write_diff(dot: Digraph, change: Difference, rankdir: str) -> None:
    """Fill `dot` with the difference of two graphs; see `draw_diff`."""
    scale = change.scale()
    dot.graph_attr.update(
        rankdir=rankdir, bgcolor="white", fontname=FONT, ranksep="0.8", nodesep="0.3", pad="0.15",
        labelloc="b", label=diff_legend(change, scale),
    )  # fmt: skip
    dot.node_attr.update(shape="plain", fontname=FONT, fontsize="12", fontcolor=INK)
    dot.edge_attr.update(fontname=FONT, fontsize="10", arrowsize="0.7")
    for k in _drawing_order(change):
        dot.node(dot_id(k), label=box(change, k, scale, rankdir), tooltip=quoted_text(tooltip(change, k)))
    for arrows in change.both.arrows:
        for arrow in arrows:
            _forward_arrow(dot, change, arrow, scale, rankdir)
            _backward_arrow(dot, change, arrow, scale, rankdir)


def _drawing_order(change: Difference) -> list[int]:
    """Leaves right before the first value that uses them: dot begins with that."""
    drawn: dict[int, None] = {}
    for k, arrows in enumerate(change.both.arrows):
        if arrows:
            drawn.update(dict.fromkeys(arrow.source for arrow in arrows))
            drawn[k] = None
    drawn.update(dict.fromkeys(range(len(change))))
    return list(drawn)


def _forward_arrow(dot: Digraph, change: Difference, arrow: Arrow, scale: Scale, rankdir: str) -> None:
    value = change.values[arrow.source]
    words = f"{_way(change, arrow)}: value {value.sentence()}"
    if arrow.before is None or arrow.after is None:
        look = {"color": LINE, "style": "dotted" if arrow.after is None else "solid", "penwidth": "1"}
        words = f"{_way(change, arrow)}: only {'before' if arrow.after is None else 'after'}"
    else:
        look = _look(value, scale)
    _edge(dot, arrow, "value", rankdir, look, words)


def _backward_arrow(dot: Digraph, change: Difference, arrow: Arrow, scale: Scale, rankdir: str) -> None:
    flow = change.flow(arrow)
    if flow.before is None or flow.after is None:
        return
    look = _look(flow, scale) | {"style": "dashed", "dir": "back"}
    source, target = (short_title(change.node(k)) for k in (arrow.source, arrow.target))
    _edge(dot, arrow, "grad", rankdir, look, f"{target} → {source}: gradient {flow.sentence()}")


def _way(change: Difference, arrow: Arrow) -> str:
    return f"{short_title(change.node(arrow.source))} → {short_title(change.node(arrow.target))}"


def _look(change: Change, scale: Scale) -> dict[str, str]:
    if change.is_none:
        return {"color": PALE, "penwidth": "0.75"}
    width = scale.width(change.size) if change.delta is not None else 1.0
    return {"color": sign_colour(change.delta) if change.delta is not None else LINE, "penwidth": f"{width:g}"}


def _edge(dot: Digraph, arrow: Arrow, port: str, rankdir: str, look: dict[str, str], words: str) -> None:
    leave, enter = RANKDIRS[rankdir]
    text = quoted_text(words)
    dot.edge(
        f"{dot_id(arrow.source)}:{port}:{leave}",
        f"{dot_id(arrow.target)}:{port}_entry:{enter}",
        arrowsize="0.6",
        tooltip=text,
        **look,
    )
