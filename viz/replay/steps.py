"""The two passes one node at a time: the forward pass, then the backward pass, each step with its arithmetic."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

from autograd_lite.graph import topological_order
from autograd_lite.value import Value
from viz.graphs.names import caller_names
from viz.graphs.snapshot import Node, Snapshot, read_graph
from viz.replay.arithmetic import backward_lines, backward_missing, forward_line, seed_line
from viz.replay.frames import Film, Frame
from viz.replay.replay import Contribution, Replay
from viz.terminal.tree import MAX_ROWS

__all__ = ["Step", "Steps", "steps", "steps_of"]


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One node in one of the two passes.

    Attributes
    ----------
    number, of : int
        Its number, counted from 1, and how many steps there are.
    pass_ : str
        "forward" or "backward".
    node : Node
        The node that is computed, or whose gradient is sent on to its inputs; the backward pass begins with the root,
        which gets its seed.
    lines : tuple of str
        The arithmetic; in the backward pass a line for each argument slot.
    contributions : tuple of Contribution
        What the inputs receive, in the backward pass.
    """

    number: int
    of: int
    pass_: Literal["forward", "backward"]
    node: Node
    lines: tuple[str, ...]
    contributions: tuple[Contribution, ...] = ()

    @property
    def title(self) -> str:
        """What a picture calls the node."""
        return self.node.title

    def __str__(self) -> str:
        return self._text(self.lines)

    def __repr__(self) -> str:
        return self._beginning(MAX_ROWS)

    def _text(self, lines: Iterable[str]) -> str:
        head = f"{self.number:>{len(str(self.of))}}/{self.of}  {self.pass_:<8}  "
        return head + f"\n{' ' * len(head)}".join(lines)

    def _beginning(self, rows: int) -> str:
        """Say no more than fills so many rows: a sum of thousands has a line for each."""
        left = len(self.lines) - rows
        if left <= 0:
            return str(self)
        return self._text([*self.lines[:rows], f"… {left:,} more line{'s' * (left > 1)}; print() shows all"])


class _Passes:
    """What all slices of the steps share: the graph, the order, and the numbers of the backward pass."""

    def __init__(self, graph: Snapshot, arrays: Mapping[int, Value]) -> None:
        self.graph, self._arrays = graph, arrays
        root = graph.roots[0]
        self._forward = [i for i in range(len(graph)) if i == root or not self._is_unnamed_constant(i)]
        self._backward = [i for i in range(root, -1, -1) if graph.ops[i] is not None]
        self.has_run = graph.gradients[root] is not None
        self.count = len(self._forward) + 1 + (len(self._backward) if self.has_run else 0)

    def _is_unnamed_constant(self, i: int) -> bool:
        return self.graph.roles[i] == "constant" and not self.graph.names.get(i)

    @cached_property
    def replay(self) -> Replay:
        return Replay(self.graph, self._arrays)

    @cached_property
    def film(self) -> Film:
        return Film(self.graph, Steps(self))

    def step(self, i: int) -> Step:
        graph, first = self.graph, len(self._forward)
        if i < first:
            node = graph.nodes[self._forward[i]]
            return Step(i + 1, self.count, "forward", node, (forward_line(graph, node),))
        if i == first:
            line = seed_line(graph) if self.has_run else backward_missing(graph)
            return Step(i + 1, self.count, "backward", graph.nodes[graph.roots[0]], (line,))
        node = graph.nodes[self._backward[i - first - 1]]
        sent = self.replay.contributions(node)
        return Step(i + 1, self.count, "backward", node, backward_lines(graph, node, self.replay, sent), sent)


class Steps(Sequence[Step]):
    """The steps of the two passes: an immutable sequence, whose steps are made when one asks for them.

    Slices are steps as well. A REPL shows them as text, a notebook too; `frame` is the picture of one of them, and
    `save` writes them all.
    """

    __slots__ = ("_passes", "_range")

    def __init__(self, passes: _Passes, range_: range | None = None) -> None:
        self._passes = passes
        self._range = range(passes.count) if range_ is None else range_

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Steps: ...
    def __getitem__(self, index: int | slice) -> Step | Steps:
        """Return a step, or some of them."""
        chosen = self._range[index]
        return Steps(self._passes, chosen) if isinstance(chosen, range) else self._passes.step(chosen)

    def __iter__(self) -> Iterator[Step]:
        return map(self._passes.step, self._range)

    def __str__(self) -> str:
        return self._text(None)

    def __repr__(self) -> str:
        return self._text(MAX_ROWS)

    def _text(self, max_rows: int | None) -> str:
        texts: list[str] = []
        rows = 0
        for step in self:
            texts.append(str(step) if max_rows is None else step._beginning(max_rows - rows))
            rows += len(step.lines)
            if max_rows is not None and rows >= max_rows and len(texts) < len(self):
                left = len(self) - len(texts)
                texts.append(f"… {left:,} more steps are not shown; print() shows all, steps(…)[{len(texts)}] the next")
                break
        return "\n".join(texts)

    def frame(self, index: int) -> Frame:
        """Return the picture of the step ``self[index]``: text of SVG, which a notebook shows as a picture.

        Examples
        --------
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> "a * b = 2 * -3 = -6" in steps(a * b).frame(2)
        True
        """
        try:
            return self._passes.film.frame(self._range[index])
        except IndexError:
            raise IndexError(f"there is no step {index}; there are {len(self)}, from 0 to {len(self) - 1}") from None

    def save(self, target: str | os.PathLike[str]) -> list[str]:
        """Write a picture of each step: SVG files of one layout, numbered as the steps are.

        Parameters
        ----------
        target : path
            A folder, for ``step-001.svg`` and so on; or a path with a star in its name, which stands for the number:
            ``"pictures/tanh-*.svg"``. Files of these names are replaced; frames beyond the last step, which a longer
            run has left, are removed; other files stay.

        Returns
        -------
        list of str
            The paths.

        Raises
        ------
        ValueError
            If the graph is too large for pictures of every step.
        """
        return self._passes.film.save(target, self._range)


def steps(
    root: Value | list[Value] | tuple[Value, ...], *, names: Mapping[str, Any] | None = None, params: Any = None
) -> Steps:
    """Go through the forward pass and then the backward pass of `root`, one node at a time.

    Forward, each node is computed from its inputs: ``d = a * b = 2 * -3 = -6``. Backward, each node sends its gradient
    times the local derivative to each of its inputs, which add up what they receive:
    ``dL/da += dL/dd * b = 1 * -3 = -3``. The sums are multiplied out again, and come to the gradients that the nodes
    have. What a leaf's gradient has beyond that is what was there before: an earlier pass has left it.

    Parameters
    ----------
    root : Value
        What ``backward()`` was called on; before that call, the steps are those of the forward pass.
    names : dict, optional
        Names for values without a label, as ``locals()``; if it is left out, the caller's variables name them.
    params : dict, iterable of Value, or module, optional
        The leaves that are parameters.

    Returns
    -------
    Steps
        A sequence of `Step`. ``.save(folder)`` writes a picture of each.

    Raises
    ------
    TypeError
        If `root` is not a Value.
    ValueError
        If it is a list of several: each has a backward pass of its own.

    Examples
    --------
    >>> a, b = Value(2.0), Value(-3.0)
    >>> d = a * b
    >>> L = d + a
    >>> L.backward()
    >>> steps(L)
    1/7  forward   a = 2 (input)
    2/7  forward   b = -3 (input)
    3/7  forward   d = a * b = 2 * -3 = -6
    4/7  forward   L = d + a = -6 + 2 = -4
    5/7  backward  dL/dL = 1 (the seed)
    6/7  backward  dL/dd += dL/dL * 1 = 1 * 1 = 1
                   dL/da += dL/dL * 1 = 1 * 1 = 1
    7/7  backward  dL/da += dL/dd * b = 1 * -3 = -3, now -2
                   dL/db += dL/dd * a = 1 * 2 = 2
    """
    graph = read_graph(root, caller_names(names, sys._getframe(1)), params)
    if len(graph.roots) > 1:
        raise ValueError(f"steps of {len(graph.roots)} roots: each has a backward pass of its own; give one of them")
    return steps_of(graph, root[0] if isinstance(root, (list, tuple)) else root)


def steps_of(graph: Snapshot, root: Value | None = None) -> Steps:
    """Return the steps of a snapshot of `root`, which must be given if the backward pass went through array operations.

    They are the steps of its first root.
    """
    return Steps(_Passes(graph, _array_operations(graph, root) if root is not None else {}))


def _array_operations(graph: Snapshot, root: Value) -> dict[int, Value]:
    """Return the Values of array operations by their ids; both orders are the same, but constants count in one only."""
    ids = (i for i in range(len(graph)) if graph.roles[i] != "constant")
    pairs = zip(ids, topological_order(root), strict=True) if graph.roles[graph.roots[0]] != "constant" else ()
    return {i: value for i, value in pairs if value.op is not None and type(value._da) is tuple}
