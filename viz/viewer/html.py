"""`save_html`: the graph as one page that needs no network, to look around in and to step through."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from autograd_lite.value import Value
from viz.graphs.names import Names, caller_names
from viz.graphs.rolling import roll
from viz.graphs.snapshot import Snapshot, read_graph
from viz.pictures.rendering import write_atomically
from viz.pictures.style import BACKWARD, FORWARD, INK, LINE, MUTED, NEGATIVE, ODD, POSITIVE, ROLES
from viz.viewer.data import pack, viewer_data
from viz.words.escape import one_line, shorten

__all__ = ["Viewer", "save_html", "show_html", "viewer_html"]

ROLLED_ABOVE = 200_000
"""A graph of more values is rolled, for a browser holds them all."""

_HEIGHT = 640  # of a notebook's frame, in pixels
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_COMMENT = re.compile(r"^[ ]*/\*\*(?s:.*?)\*/[ ]*$|^[ ]*// .*$", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def save_html(
    root: Value | list[Value] | tuple[Value, ...] | Snapshot,
    path: str | os.PathLike[str],
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    snapshots: Iterable[Snapshot] | Mapping[str, Snapshot] | None = None,
    title: str | None = None,
    full: bool = False,
) -> str:
    """Write the graph that computed `root` as one HTML page, and return the page's path.

    The page needs no network and no other file. In it one pans, zooms, searches, points at values to see where their
    gradients come from, filters by the size of gradients, and steps through the forward and the backward pass.

    Parameters
    ----------
    root : Value, list or tuple of Value, or Snapshot
        What to show the graph of.
    path : path
        Where the page goes.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters.
    snapshots : sequence or dict of Snapshot, optional
        The same graph at several moments of a training, for a second slider; a dict's keys name them. The page then
        shows these numbers, the last first, and takes from `root` only its structure and names.
    title : str, optional
        What stands above the graph; what `root` is called if it is left out.
    full : bool
        Show every value even if there are more than 200,000; else values of equal structure are then rolled into one.

    Raises
    ------
    TypeError
        If `root` is not a Value, or `snapshots` holds anything but snapshots.
    ValueError
        If the snapshots are not of this graph.
    OSError
        If the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> a, b = Value(2.0), Value(-3.0)
    >>> c = a * b
    >>> c.backward()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(save_html(c, f"{folder}/c.html")).read_text()
    >>> page[:15]
    '<!doctype html>'
    """
    graph = _graph(root, caller_names(names, sys._getframe(1)), params)
    page = viewer_html(graph, root=_only(root), snapshots=snapshots, title=title, full=full)
    write_atomically(path, page.encode())
    return os.fspath(path)


class Viewer:
    """A page in a notebook: shown in a frame of its own that may run scripts and save files, and nothing else.

    Attributes
    ----------
    page : str
        The HTML.
    """

    def __init__(self, page: str, height: int = _HEIGHT) -> None:
        self.page = page
        self.height = height

    def __repr__(self) -> str:
        return (
            f"<Viewer: a page of {len(self.page):,} characters; a notebook shows it, save_html() writes it to a file>"
        )

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts allow-downloads" width="100%" '
            f'height="{self.height}" style="border:0" title="Computation graph"></iframe>'
        )


def show_html(
    root: Value | list[Value] | tuple[Value, ...] | Snapshot,
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    snapshots: Iterable[Snapshot] | Mapping[str, Snapshot] | None = None,
    title: str | None = None,
    full: bool = False,
    height: int = _HEIGHT,
) -> Viewer:
    """Return the page of `save_html` as an object that a notebook shows.

    Examples
    --------
    >>> viewer = show_html(Value(2.0) * 3.0)
    >>> viewer._repr_html_()[:16]
    '<iframe srcdoc="'
    """
    graph = _graph(root, caller_names(names, sys._getframe(1)), params)
    return Viewer(viewer_html(graph, root=_only(root), snapshots=snapshots, title=title, full=full), height)


def viewer_html(
    graph: Snapshot,
    *,
    root: Value | None = None,
    snapshots: Iterable[Snapshot] | Mapping[str, Snapshot] | None = None,
    title: str | None = None,
    full: bool = False,
) -> str:
    """Return the page for a snapshot of `root`; see `save_html`."""
    frames = _frames(graph, snapshots)
    if len(graph) > ROLLED_ABOVE and not full and snapshots is None:
        graph = roll(graph)
        frames = {"": graph}
    if title is None:
        title = f"The graph of {', '.join(graph.title(i) for i in graph.roots[:3])}"
    script, style = script_text(), style_text()
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    data = pack(viewer_data(graph, frames, shorten(one_line(title), 200), root if snapshots is None else None))
    return _template().substitute(policy=policy, style=style, script=script, data=data)


def _graph(root: Any, called: Names, params: Any) -> Snapshot:
    return root if isinstance(root, Snapshot) else read_graph(root, called, params)


def _only(root: Value | list[Value] | tuple[Value, ...] | Snapshot) -> Value | None:
    """Return the one Value that a graph is of; None if there are several, or only a snapshot."""
    if isinstance(root, (list, tuple)) and len(root) == 1:
        return root[0]
    return root if isinstance(root, Value) else None


def _frames(graph: Snapshot, snapshots: Iterable[Snapshot] | Mapping[str, Snapshot] | None) -> Mapping[str, Snapshot]:
    """Return the moments to show, by name."""
    if snapshots is None:
        return {"": graph}
    if isinstance(snapshots, Mapping):
        frames = {str(name): frame for name, frame in snapshots.items()}
    else:
        some = list(snapshots)
        frames = {f"snapshot {k + 1} of {len(some)}": frame for k, frame in enumerate(some)}
    if not frames:
        raise ValueError("snapshots is empty; give at least one snapshot(root), or None")
    for name, frame in frames.items():
        if not isinstance(frame, Snapshot):
            raise TypeError(f"{name} is of type {type(frame).__name__}; snapshots are made by viz.snapshot(root)")
        if not _same_structure(graph, frame):
            values = f"{len(frame):,} values, and root's has {len(graph):,}"
            other = values if len(frame) != len(graph) else "other operations or shapes than root's"
            raise ValueError(f"{name} is of another graph: it has {other}; take all snapshots of one computation")
    return frames


def _same_structure(one: Snapshot, other: Snapshot) -> bool:
    return (
        one.ops == other.ops
        and np.array_equal(one.offsets, other.offsets)
        and np.array_equal(one.sources, other.sources)
        and [np.shape(x) for x in one.values] == [np.shape(x) for x in other.values]
    )


# --- the page ------------------------------------------------------------------------------------------------------


@cache
def _template() -> Template:
    return Template(_source("viewer.html"))


@cache
def style_text() -> str:
    """The style sheet, its light colours those of all pictures."""
    colours = {
        "forward": FORWARD, "backward": BACKWARD, "negative": NEGATIVE, "positive": POSITIVE, "odd": ODD,
        "ink": INK, "muted": MUTED, "line": LINE,
    }  # fmt: skip
    for role, look in ROLES.items():
        colours |= {f"{role}-fill": look.fill, f"{role}-outline": look.outline}
    rules = " ".join(f"--{name}: {colour};" for name, colour in colours.items())
    return f"\n:root {{ {rules} }}\n{_source('viewer.css')}"


@cache
def script_text() -> str:
    """All modules in one script: each after those that it imports, without the words import and export."""
    order: list[str] = []
    _visit("main", order, [])
    return "\n".join(["", "(() => {", '"use strict";', *(_bare(name) for name in order), "})();", ""])


def _bare(name: str) -> str:
    """Return a module without imports and exports, and without comments and indents: pages are sent around."""
    text = _EXPORT.sub("", _IMPORT.sub("", _source(f"{name}.js")))
    return _INDENT.sub("", _COMMENT.sub("", text)).strip()


def _visit(name: str, order: list[str], path: list[str]) -> None:
    if name in order:
        return
    if name in path:
        raise ValueError(f"the viewer's modules import each other in a circle: {' -> '.join([*path, name])}")
    for imported in _IMPORT.findall(_source(f"{name}.js")):
        _visit(imported, order, [*path, name])
    order.append(name)


@cache
def _source(name: str) -> str:
    return files("viz.viewer").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
