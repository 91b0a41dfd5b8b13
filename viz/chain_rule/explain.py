"""`explain`: the chain rule written out, every path from a value to the root and their sum."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_lite.backward import cotangents, sent, zeros_like
from autograd_lite.graph import topological_order
from autograd_lite.value import Constant, Value
from viz.chain_rule.latex import explanation_latex
from viz.chain_rule.paths import Paths, Way
from viz.chain_rule.text import explanation_text
from viz.graphs.contribution import times
from viz.graphs.names import Names, caller_names
from viz.graphs.snapshot import Snapshot, read_graph
from viz.words.escape import is_blank, one_line, shorten, shorten_name
from viz.words.expression import NAME_WIDTH, short_title

__all__ = ["MAX_PATHS", "Explanation", "Path", "explain"]

MAX_PATHS = 8
"""So many fit on a screen; the others are counted, and their sum is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One path that the gradient takes, from the root back to the value; each argument slot is a step of its own.

    Attributes
    ----------
    nodes : tuple of int
        The ids of the nodes it comes through in `graph`, the root's first.
    slots : tuple of int
        For each node but the last, the argument slot that it leaves by.
    locals : tuple
        The factors as numbers: each step's local derivative, None where that is a matrix.
    product : float or ndarray
        What the path adds to the gradient.
    """

    graph: Snapshot = field(repr=False)
    nodes: tuple[int, ...]
    slots: tuple[int, ...]
    locals: tuple[Any, ...]
    product: Any

    def __len__(self) -> int:
        return len(self.slots)

    def part(self, start: int, stop: int) -> float | None:
        """Multiply the factors from number `start` up to `stop`; None if one is no number."""
        if not all(type(local) is float for local in self.locals[start:stop]):
            return None
        product = 1.0
        for i, local in zip(self.nodes[start:stop], self.locals[start:stop], strict=True):
            product = times(self.graph.ops[i], product, local)
        return product


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    r"""A derivative by the chain rule, in words (``print(e)``) and as LaTeX, which a notebook shows.

    Attributes
    ----------
    graph : Snapshot
        What it is about.
    root, wrt : str
        What is differentiated, and with respect to what.
    end : int or None
        The id of `wrt`; None if the root does not depend on it.
    total : float or ndarray
        The derivative, by a backward pass, so that it is right even where not all paths are listed.
    count : int
        How many paths there are.
    paths : tuple of Path
        The largest of them, or the first where not every step is a number.
    unlisted : float, ndarray or None
        What the other paths add up to; None if there are none, or if nan or infinity hides it.
    by_size : bool
        Whether the paths are listed by size.
    reverse : bool
        Whether `wrt` depends on the root instead: the two were exchanged.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> e = explain(a * b, wrt=a)
    >>> e.total, e.count, e.paths[0].locals
    (-3.0, 1, (-3.0,))
    >>> print(e.latex)
    \begin{aligned}
    a &= 2 \\
    v_{2} &= a \cdot b = -6 \\[1ex]
    \frac{\mathrm{d} v_{2}}{\mathrm{d} a} &= \frac{\partial v_{2}}{\partial a} \\
    &= b \\
    &= -3
    \end{aligned}
    """

    graph: Snapshot
    root: str
    wrt: str
    end: int | None
    total: Any
    count: int
    paths: tuple[Path, ...]
    unlisted: Any
    by_size: bool
    reverse: bool = False

    @property
    def gradient(self) -> Any:
        """What a backward pass left in ``wrt.grad``; None if there was none."""
        return None if self.end is None else self.graph.gradients[self.end]

    @property
    def text(self) -> str:
        """The explanation for a terminal."""
        return explanation_text(self)

    @property
    def latex(self) -> str:
        """The explanation as LaTeX, for a display: ``$$`` and the like are left to you."""
        return explanation_latex(self)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def explain(
    root: Value,
    wrt: Value,
    *,
    names: Mapping[str, Any] | None = None,
    params: Any = None,
    max_paths: int = MAX_PATHS,
) -> Explanation:
    """Write out the chain rule: every path from `wrt` to `root`, its local derivatives, and the sum over the paths.

    Local derivatives are known from the forward pass: it makes no difference whether ``backward()`` has run, and
    nobody's ``grad`` is changed. Of an array `root` the sum of its elements is differentiated.

    Parameters
    ----------
    root : Value
        What to differentiate.
    wrt : Value
        With respect to what: a leaf, or a value on the way.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters, and their names if it has them.
    max_paths : int
        How many paths to list at most, the largest first; their number can grow exponentially with the graph.

    Raises
    ------
    TypeError
        If `root` or `wrt` is not a Value.
    ValueError
        If `wrt` is a constant, or `max_paths` is less than 1.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> y = a * b + a
    >>> explain(y, wrt=a)
    dy/da by the chain rule: multiply the local derivatives along each path from a to y, and add up the 2 paths
    <BLANKLINE>
      a = 2
      v2 = a * b = -6
      y = v2 + a = -4
    <BLANKLINE>
    path 1:  y ← v2 ← a
        ∂y/∂v2 · ∂v2/∂a
      = 1      · b
      = 1      · (-3)
      = -3
    <BLANKLINE>
    path 2:  y ← a
        ∂y/∂a
      = 1
    <BLANKLINE>
    dy/da = path 1 + path 2
          = -3 + 1
          = -2
    <BLANKLINE>
    a.grad is not computed yet: call y.backward()
    """
    called = caller_names(names, sys._getframe(1))
    _check(root, wrt, max_paths)
    graph = read_graph(root, called, params)
    places = [i for i, role in enumerate(graph.roles) if role != "constant"]
    values = dict(zip(places, topological_order(root), strict=True)) if type(root) is Value else {}
    end = next((i for i, value in values.items() if value is wrt), None)
    title = short_title(graph.nodes[graph.roots[0]])
    if end is None:
        name, reverse = _name(wrt, called), any(value is root for value in topological_order(wrt))
        return Explanation(graph, title, name, None, zeros_like(wrt), 0, (), None, True, reverse)
    found = Paths(graph, end)
    seed = np.ones(root.shape, root.dtype) if root.shape else 1.0
    total, count = cotangents(root, [wrt], seed)[0], found.count()
    paths = tuple(_path(graph, values, way, seed) for way in found.largest(max_paths))
    unlisted = _unlisted(total, [path.product for path in paths]) if count > len(paths) else None
    wrt_title = short_title(graph.nodes[end])
    return Explanation(graph, title, wrt_title, end, total, count, paths, unlisted, found.by_size)


def _check(root: Any, wrt: Any, max_paths: Any) -> None:
    if isinstance(root, (list, tuple)):
        raise TypeError(f"the root is a {type(root).__name__}; explain one Value at a time")
    if not isinstance(wrt, Value):
        shown = shorten(one_line(repr(wrt)), 60)
        raise TypeError(
            f"wrt is {shown}, of type {type(wrt).__name__}; give the Value to differentiate with respect to"
        )
    if isinstance(wrt, Constant):
        raise ValueError(f"wrt is a constant, {wrt!r}; nothing is differentiated with respect to it: make it a Value")
    if not isinstance(max_paths, int) or max_paths < 1:
        raise ValueError(f"max_paths is {max_paths!r}; list at least 1 path")


def _name(wrt: Value, called: Names) -> str:
    """What to call a value that is not in the graph."""
    name = called.get(id(wrt), "") if is_blank(wrt.label) else wrt.label
    return shorten_name(one_line(name), NAME_WIDTH) or "wrt"


def _path(graph: Snapshot, values: Mapping[int, Value], way: Way, seed: Any) -> Path:
    """Go along a path with the gradient; where a step is a matrix the operation's own rule multiplies by it."""
    steps = list(zip(way.nodes, way.slots, strict=False))  # the last node is where they end
    locals = tuple(graph.locals[graph.offsets[i] + k] for i, k in steps)
    g = seed
    for (i, k), local in zip(steps, locals, strict=True):
        plain = type(g) is float and type(local) is float
        g = times(graph.ops[i], g, local) if plain else sent(values[i], k, g)
    return Path(graph, way.nodes, way.slots, locals, g)


def _unlisted(total: Any, products: Sequence[Any]) -> Any:
    """What is left of the total; what is no more than rounding errors is 0."""
    with np.errstate(all="ignore"):
        rest = total - sum(products)
        scale = np.max([np.max(np.abs(x), initial=0.0) for x in (total, *products)])
        if not np.all(np.isfinite(rest)):
            return None
        small = np.abs(rest) <= 1e4 * np.finfo(np.asarray(total).dtype).eps * scale
    return np.where(small, 0.0, rest) if np.ndim(total) else 0.0 if small else float(rest)
