"""Which memory every step writes to, found before the text is written.

Results live in buffers that are made once. Three things save memory and copies: a view of a buffer is made once too;
an elementwise step writes over an operand that nobody reads afterwards; and the parts of an array that is put together
are computed right into their places, so that the gradient of W1 is a view of the gradient of theta.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from autograd_lite.compiler.programs.movement import is_basic
from autograd_lite.compiler.programs.naming import is_labelled
from autograd_lite.compiler.programs.steps import FLOAT, VIEWS, Step

FRESH = {"where", "pick", "bincount", "scatter", "whole", "cast", "erf", "input"}
"""Calls that make a new array every time: NumPy has no ``out=`` for them, or it is slower."""

NOT_ELEMENTWISE = {"dot", "matmul", "einsum", "assemble", "fold", "add.accumulate", "parameter", *FRESH, *VIEWS}


LARGE = 4096
"""Elements from which saving memory matters more than a name of its own for every array with a label."""


View = tuple[Literal["reshape", "transpose"], tuple[int, ...]]
"""A call of an array's method, and its arguments."""


class Plan:
    """Where the results of steps are.

    Attributes
    ----------
    order : list of Step
        The steps in the order in which they run.
    memory : dict of Step to ndarray
        For results in memory that is made once: an array laid out as that memory is, without numbers.
    over : dict of Step to Step
        The step whose result is written over this one's.
    within : dict of Step to (Step, index, list)
        The assembled array in which the result is computed, its place, and the views of that which are the memory.
    """

    def __init__(self, order: list[Step], kept: Iterable[Any]) -> None:
        self.order = order
        self.memory: dict[Step, Any] = {}
        self.over: dict[Step, Step] = {}
        self.under: set[Step] = set()
        self.within: dict[Step, tuple[Step, Any, list[View]]] = {}
        self._last = self._last_reads(kept)
        for step in reversed(order):
            self._place(step)
        for step in order:
            if step.call in VIEWS and step.ndim:
                self._see(step)

    def _last_reads(self, kept: Iterable[Any]) -> dict[Step, int]:
        """When each result is read for the last time, itself or as a view."""
        end = len(self.order)
        last = {step: end for step in kept if isinstance(step, Step)}
        for position in range(end - 1, -1, -1):
            step = self.order[position]
            until = max(position, last.get(step, 0)) if step.call in VIEWS else position
            for x in step.args:
                if isinstance(x, Step) and last.get(x, -1) < until:
                    last[x] = until
        self._position = {step: k for k, step in enumerate(self.order)}
        return last

    # --- placing, from the last step to the first ---

    def _place(self, step: Step) -> None:
        if not step.ndim or step.call in VIEWS or step.call in FRESH:
            return
        memory = self.memory.get(step)
        if memory is None:
            memory = self.memory[step] = np.empty(step.shape, step.dtype)
        if step.call == "assemble":
            self._place_parts(step, memory)
        elif step.call not in NOT_ELEMENTWISE and not step.call.endswith(".reduce"):
            self._write_over_operand(step)

    def _write_over_operand(self, step: Step) -> None:
        for x in step.args:
            dies_here = isinstance(x, Step) and self._last[x] == self._position[step]
            if (
                dies_here
                and (x.size >= LARGE or not is_labelled(x))
                and x.shape == step.shape
                and x.dtype == step.dtype
                and self._may_share(x, self.memory[step])
            ):
                self.memory[x] = self.memory[step]
                self.over[x] = step
                self.under.add(step)
                return

    def _may_share(self, x: Step, memory: Any) -> bool:
        """Whether the result of x can be computed in memory that belongs to a later step."""
        if x in self.memory or x.call in FRESH or x.call in VIEWS or x.call == "parameter":
            return False
        if x.call == "assemble":
            return is_covered(x)
        return bool(memory.flags.c_contiguous) if x.call == "dot" else x.call == "matmul" or is_in_order(memory)

    def _place_parts(self, step: Step, memory: Any) -> None:
        for place, part in zip(step.options["places"], step.args, strict=True):
            if not isinstance(part, Step) or not is_basic(place):
                continue
            source, views = behind(part)
            region = memory[place]
            if not source.ndim or source.dtype != FLOAT or region.size != source.size:  # one row for many places
                continue
            if views[0][1] == region.shape:
                views = views[1:]
            inside = region
            for call, numbers in views:
                inside = getattr(inside, call)(numbers)
            if np.shares_memory(inside, memory) and self._may_share(source, inside):
                if self._last[source] > self._written_over_at(step):
                    continue  # it is still read when the whole is something else
                self.memory[source] = inside
                self.within[source] = (step, place, views)

    def _written_over_at(self, step: Step) -> float:
        """When the memory of a result, or of the array around it, gets another meaning."""
        while step not in self.over:
            if step not in self.within:
                return math.inf
            step = self.within[step][0]
        return self._position[self.over[step]]

    def _see(self, step: Step) -> None:
        """The memory of a view, if it is a view of memory that is made once."""
        base = self.memory.get(step.args[0])
        if base is not None:
            seen = seen_as(base, step)
            if np.shares_memory(seen, base):
                self.memory[step] = seen


def behind(part: Step) -> tuple[Step, list[View]]:
    """The step whose result a part is, in another shape or order, and the views of the part that are the result."""
    views: list[View] = [("reshape", part.shape)]
    while part.call in ("reshape", "transpose"):
        (base,) = part.args
        if part.call == "transpose":
            views.append(("transpose", inverse(part.options["axes"])))
        elif views[-1][0] == "reshape":
            views[-1] = "reshape", base.shape
        else:
            views.append(("reshape", base.shape))
        part = base
    return part, views


def is_in_order(memory: Any) -> bool:
    """Whether the axes lie in memory as in a new array; only matrix products take any order as quickly."""
    strides = [abs(n) for n, size in zip(memory.strides, memory.shape, strict=True) if size > 1]
    return strides == sorted(strides, reverse=True)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order that undoes a transposition."""
    return tuple(np.argsort(axes).tolist())


def is_covered(step: Step) -> bool:
    """Whether the parts of an assembled array, which do not overlap, fill it, and are written at every call."""
    filled = 0
    for place, part in zip(step.options["places"], step.args, strict=True):
        if not isinstance(part, Step):
            return False
        filled += np.broadcast_to(False, step.shape)[place].size
    return filled == step.size


def seen_as(memory: Any, step: Step) -> Any:
    """The view of a buffer that a step is; a copy if there is no such view."""
    options = step.options
    if step.call == "reshape":
        return memory.reshape(step.shape)
    if step.call == "transpose":
        return memory.transpose(options["axes"])
    if step.call == "getitem":
        return memory[options["index"]]
    if step.call == "windows":
        return np.lib.stride_tricks.sliding_window_view(memory, options["size"], options["axes"])
    return np.broadcast_to(memory, step.shape)


def live(roots: Iterable[Any]) -> set[Step]:
    """The steps that the roots depend on."""
    found: set[Step] = set()
    stack = [x for x in roots if isinstance(x, Step)]
    while stack:
        step = stack.pop()
        if step not in found:
            found.add(step)
            stack.extend(x for x in step.args if isinstance(x, Step))
    return found
