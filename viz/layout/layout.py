"""Laying out and rendering DOT: within a time limit, and if `dot` does not make it, by simpler ways.

Laying out can take for ever, and inside this process nothing could interrupt it, so another one does it: see
`viz.layout.engine`.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np

from viz.layout.engine import LayoutCrash, LayoutError, LayoutTimeout, Order, engine, timed_out
from viz.layout.layers import Ints
from viz.layout.ranks import RANK_GAP, estimated_size, ranked

__all__ = [
    "FILE_SECONDS",
    "FORMATS",
    "SCREEN_SECONDS",
    "LayoutCrash",
    "LayoutError",
    "LayoutTimeout",
    "Rung",
    "check_format",
    "check_timeout",
    "lay_out",
    "lay_out_within",
    "positioned_dot",
    "rank_dot",
]

FORMATS = ("svg", "png", "pdf", "json")

SCREEN_SECONDS = 3.0
FILE_SECONDS = 10.0
"""How long a layout may take: someone waits for a picture on the screen, less so for a file."""

Rung = Literal["dot", "fast", "ranks"]
"""How a picture was laid out: by `dot`, by `dot` with less care, by our own ranks."""

_LONGEST_SECONDS = 1e8  # three years; clocks count no further than some number
_HARMLESS = re.compile(
    r"Fontconfig |Pango-|\(process:|.*no (hard-coded metrics|value for width)|.*may take a long time"
)
_LESS_CARE = "graph [nslimit=1, nslimit1=1, mclimit=0.1, splines=line]"
_ANYWHERE = {"pos": "0,0"}
_LINES = "graph [splines=line, outputorder=edgesfirst]"
_SMALL_ENOUGH = 'graph [size="40,40"]'  # inches; more pixels than that take Graphviz longer than the layout
_SHORT = 1_000_000  # characters; a graph of fewer is drawn by rank in time in any case, so dot may try
_LONGEST_LABEL = 200.0  # points
_TAG = re.compile("<[^>]*>")
_LEAST_SECONDS = 0.05
_DOTS_SHARE = 0.6  # of the time that is left when the last rung has its own


def check_format(format: Any) -> str:
    """Return the format if it is one of those that are supported.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> check_format("SVG")
    'svg'
    """
    if not isinstance(format, str) or format.lower() not in FORMATS:
        raise ValueError(f"unknown format {format!r}; the formats are {', '.join(FORMATS)}")
    return format.lower()


def check_timeout(timeout: float) -> float:
    """Return the timeout if it is a number of seconds greater than 0.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> check_timeout(0.5)
    0.5
    """
    if not timeout > 0:
        raise ValueError(f"timeout is {timeout!r}; it is a number of seconds greater than 0")
    return min(timeout, _LONGEST_SECONDS)


def lay_out(dot: str, format: str = "svg", timeout: float = FILE_SECONDS, *, positioned: bool = False) -> bytes:
    """Lay out and render a graph.

    Parameters
    ----------
    dot : str
        The graph in the DOT language.
    format : str
        One of `FORMATS`.
    timeout : float
        Seconds that this may take.
    positioned : bool
        Every node has its place, in the attribute `pos`: only the edges are to be led.

    Raises
    ------
    LayoutTimeout
        If it takes longer.
    LayoutCrash
        If Graphviz dies, and dies again when it is given a second chance.
    LayoutError
        If Graphviz reports an error or is not installed.
    ValueError
        If the format is unknown.

    Examples
    --------
    >>> lay_out("digraph { a -> b }", "pdf")[:5]
    b'%PDF-'
    """
    return _run(dot, check_format(format), check_timeout(timeout), "nop" if positioned else "dot")


def _run(dot: str, format: str, seconds: float, program: str = "dot", nodes: Mapping[str, str] | None = None) -> bytes:
    """Run one of Graphviz' layout programs, "dot" or "nop"; attributes of all `nodes` hold where the graph has none."""
    picture, complaints = engine.draw(dot.encode(), Order(format, program, seconds, nodes or {}))
    _check(complaints, format)
    if not picture:
        raise LayoutError(f"Graphviz gave no {format}, and no reason")
    return picture


def _check(complaints: str, format: str) -> None:
    """Graphviz goes on after most errors, with part of the picture missing, and only prints a line."""
    lines = [line for line in complaints.splitlines() if line.strip() and not _HARMLESS.match(line)]
    smaller = [line for line in lines if "Scaling by" in line]  # the picture is whole, but not as large as it should be
    if smaller:
        warnings.warn(f"the {format} is too large and was made smaller; svg and pdf are not", stacklevel=4)
    lines = [line for line in lines if line not in smaller]
    if lines:
        raise LayoutError("Graphviz reports: " + "\n".join(lines))


# --- the ladder ----------------------------------------------------------------------------------------------------


def lay_out_within(
    dot: str,
    format: str = "svg",
    timeout: float = FILE_SECONDS,
    fallback: Callable[[], str] | None = None,
    said: Callable[[Rung], str] = lambda rung: "",
) -> tuple[bytes, Rung]:
    """Lay out and render a graph, if need be with less care, so that there is a picture when the time is up.

    Parameters
    ----------
    dot : str
        The graph in the DOT language.
    format : str
        One of `FORMATS`.
    timeout : float
        Seconds that this may take; on a large graph, a little more.
    fallback : callable, optional
        Gives DOT with a place for each node, for when `dot` did not make it; `rank_dot` does, if it is left out.
    said : callable, optional
        Gives for each rung but "dot" statements for the graph, such as a label that says how it was laid out.

    Returns
    -------
    picture : bytes
        The picture.
    rung : str
        "dot"; "fast" if `dot` needed settings with which it takes less care; "ranks" if it did not make it at all. A
        png is then made smaller if it would be larger than 40 inches.

    Raises
    ------
    LayoutTimeout
        If even our own layout took too long.
    LayoutError
        If Graphviz reports an error or is not installed.
    ValueError
        If the format is unknown.

    Examples
    --------
    >>> picture, rung = lay_out_within("digraph { a -> b }")
    >>> rung
    'dot'
    """
    format, timeout = check_format(format), check_timeout(timeout)
    end = time.monotonic() + timeout
    needed = _seconds_for_ranks(dot, format)
    kept = min(timeout / 2, needed)
    rungs: tuple[tuple[Rung, str, float], ...] = (
        ("dot", dot, _DOTS_SHARE),
        ("fast", _with(dot, f"{_LESS_CARE}\n{said('fast')}"), 1.0),
    )
    for rung, text, share in rungs if needed < timeout or len(dot) < _SHORT else ():
        with contextlib.suppress(LayoutTimeout, LayoutCrash):  # the next rung is for this
            return _run(text, format, max(end - kept - time.monotonic(), _LEAST_SECONDS) * share), rung
    try:
        dot = _with(dot, said("ranks"))
        placed = fallback() if fallback else rank_dot(dot, max(end - time.monotonic(), kept))
        placed = _with(placed, _SMALL_ENOUGH) if format == "png" else placed
        return _run(placed, format, max(end - time.monotonic(), kept), "nop"), "ranks"
    except LayoutTimeout:
        raise timed_out(timeout) from None


def _seconds_for_ranks(dot: str, format: str) -> float:
    """How long the last rung may take, a new worker and a slow machine included; pixels take longer than lines."""
    return (1.5 if format == "png" else 0.5) + 0.6e-6 * len(dot)


def rank_dot(dot: str, timeout: float = FILE_SECONDS) -> str:
    """Give each node of a graph its place by our own ranks, and return the graph for ``lay_out(positioned=True)``.

    Graphviz says how large the nodes are, which takes it little time. Frames around clusters are not drawn.

    Parameters
    ----------
    dot : str
        The graph in the DOT language.
    timeout : float
        Seconds that Graphviz may take.

    Raises
    ------
    LayoutTimeout, LayoutError
        If Graphviz takes longer, or cannot read the graph.

    Examples
    --------
    >>> placed = rank_dot("digraph { a -> b }")
    >>> lay_out(placed, "svg", positioned=True)[:5]
    b'<?xml'
    """
    graph: dict[str, Any] = json.loads(
        _run(_with(dot, "graph [splines=none]"), "json0", check_timeout(timeout), "nop", _ANYWHERE)
    )
    nodes = [thing for thing in graph.get("objects", ()) if "width" in thing]  # the others are subgraphs
    at = {node["_gvid"]: i for i, node in enumerate(nodes)}
    pairs = dict.fromkeys((at[edge["tail"]], at[edge["head"]]) for edge in graph.get("edges", ()))
    order = _topological(len(nodes), pairs)
    widths, heights = (np.array([72 * float(nodes[i][size]) for i in order]) for size in ("width", "height"))
    direction = graph.get("rankdir") or "TB"
    gap = max([RANK_GAP, *(_label_size(edge.get("label", ""), direction) for edge in graph.get("edges", ()))])
    x, y, _ = ranked(*_columns(order, pairs), widths, heights, direction, rank_gap=gap)
    places = zip(x.tolist(), y.tolist(), strict=True)
    return positioned_dot(dot, {nodes[i]["name"]: place for i, place in zip(order, places, strict=True)})


def _label_size(label: str, rankdir: str) -> float:
    """About how much room an edge's label needs between two ranks."""
    width, height = estimated_size([html.unescape(_TAG.sub("", label))])
    return min(height if rankdir in ("TB", "BT") else width, _LONGEST_LABEL) if label else 0.0


def _topological(n: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Nodes, sources before consumers; those of cycles, and what depends on them, come last."""
    waiting = [0] * n
    consumers: list[list[int]] = [[] for _ in range(n)]
    for source, consumer in pairs:
        waiting[consumer] += 1
        consumers[source].append(consumer)
    order = [i for i in range(n) if not waiting[i]]
    for source in order:  # which grows
        for consumer in consumers[source]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                order.append(consumer)
    return order + [i for i in range(n) if waiting[i]]


def _columns(order: list[int], pairs: Iterable[tuple[int, int]]) -> tuple[Ints, Ints]:
    """Offsets and sources, as `rank_positions` takes them."""
    place = {i: k for k, i in enumerate(order)}
    slots: list[list[int]] = [[] for _ in order]
    for source, consumer in pairs:
        slots[place[consumer]].append(place[source])
    offsets = np.cumsum([0, *map(len, slots)])
    return offsets, np.array([source for sources in slots for source in sources], dtype=np.int64)


def positioned_dot(dot: str, places: Mapping[str, tuple[float, float]]) -> str:
    """Give nodes their places, for ``lay_out(positioned=True)``.

    Parameters
    ----------
    dot : str
        The graph in the DOT language.
    places : dict
        The middle of each node by its name, in points; y grows downwards.

    Examples
    --------
    >>> print(positioned_dot("digraph { a }", {"a": (10, 20)}), end="")
    digraph { a
    graph [splines=line, outputorder=edgesfirst]
    "a" [pos="10.00,-20.00"]
    }
    """
    lines = [_LINES, *(f'{_quoted(name)} [pos="{x:.2f},{-y:.2f}"]' for name, (x, y) in places.items())]
    return _with(dot, "\n".join(lines))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"'


def _with(dot: str, statements: str) -> str:
    """Return the graph with statements at its end, where they overrule earlier ones."""
    body, brace, _ = dot.rpartition("}")
    return f"{body.rstrip()}\n{statements}\n}}\n" if brace else dot
