"""`draw_dot`: the picture of a graph."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from autograd_lite.graph import topological_order
from autograd_lite.value import Value
from viz.graphs.ladder import fitted
from viz.graphs.names import caller_names, variable_names
from viz.graphs.snapshot import Snapshot, read_graph
from viz.layout.layout import check_format
from viz.pictures.dot import check_rankdir, direction, write_graph
from viz.pictures.rendering import Picture, notebook_wants
from viz.pictures.style import Passes
from viz.terminal.tree import tree_text

__all__ = ["draw_dot", "mimebundle"]

SCREEN_VALUES = 300_000
"""A bare value of a larger graph shows as text in a notebook: to read and roll so many takes about a second."""

_PASSES = ("forward", "backward", "both")


def draw_dot(
    root: Value | list[Value] | tuple[Value, ...],
    format: str = "svg",
    rankdir: str | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    passes: Passes = "both",
    full: bool = False,
    timeout: float | None = None,
) -> Picture:
    """Draw the graph that computed `root`: its values in blue, and after ``backward()`` its gradients in red.

    Parameters
    ----------
    root : Value, or list or tuple of Value
        What to draw the graph of.
    format : str
        "svg", "png", "pdf" or "json".
    rankdir : str, optional
        "LR" from left to right, "TB" from top to bottom, or "RL" or "BT"; if it is left out, "LR", and "TB" for a graph
        so large that values are merged.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves to draw as parameters.
    passes : str
        "forward", "backward" or "both"; "backward" leaves out constants, which take no part in that pass.
    full : bool
        Draw every value by itself; otherwise large graphs are drawn smaller, and the legend says how: see
        `viz.graphs.ladder`.
    timeout : float, optional
        Seconds that the layout may take; 3 for a notebook and 10 for a file if it is left out.

    Returns
    -------
    Picture
        A `graphviz.Digraph` with ``.source``, ``.pipe(format)``, ``.render(filename)``, ``.save()`` and ``.show()``,
        which a notebook shows.

    Raises
    ------
    TypeError
        If `root` is not a Value.
    ValueError
        If the format, direction or passes are unknown.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.backward()
    >>> picture = draw_dot(c)
    >>> "∂c/∂a = b = -3" in picture.source
    True
    """
    check_rankdir(rankdir)
    if passes not in _PASSES:
        raise ValueError(f"unknown passes {passes!r}; they are {', '.join(_PASSES)}")
    check_format(format)
    graph = read_graph(root, caller_names(names, sys._getframe(1)), params)
    return _picture(graph, format, rankdir, passes, timeout, full)


def _picture(
    graph: Snapshot, format: str, rankdir: str | None, passes: Passes, timeout: float | None, full: bool = False
) -> Picture:
    picture = Picture(format=format, timeout=timeout, outline=lambda: str(tree_text(graph)))
    drawn = graph if full else fitted(graph)
    write_graph(picture, drawn, direction(rankdir, drawn), passes)
    return picture


def mimebundle(
    value: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return what a notebook shows for a bare Value: its picture, and its repr for where there are no pictures.

    Names come from the notebook's variables.

    Examples
    --------
    >>> sorted(mimebundle(Value(2.0) * 3.0))
    ['image/svg+xml', 'text/plain']
    """
    if not notebook_wants("image/svg+xml"):
        return {"text/plain": repr(value)}
    size = len(topological_order(value))
    if size > SCREEN_VALUES:
        return {
            "text/plain": f"{value!r}\n(no picture: the graph has {size:,} values; print(viz.tree(v)) shows its end)"
        }
    main = sys.modules.get("__main__")
    graph = read_graph(value, variable_names(vars(main) if main else {}))
    picture = _picture(graph, "svg", None, "both", None)
    picture.outline = lambda: repr(value)
    return picture._repr_mimebundle_(include, exclude)
