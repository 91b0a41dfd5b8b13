"""Versions of a vectorised function: for one structure of the arguments and one way through its branches, a program."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import modes
from autograd_lite.compiler.front.reachable import GONE
from autograd_lite.compiler.front.surroundings import Surroundings
from autograd_lite.compiler.idioms.idioms import simplify
from autograd_lite.compiler.programs.program import Program
from autograd_lite.compiler.rolling.lifting import Lifted, NotRolledError, lift
from autograd_lite.compiler.rolling.repeating import Batch
from autograd_lite.compiler.tracing.tracing import Trace
from autograd_lite.graph import Leaves
from autograd_lite.numbers import vector
from autograd_lite.value import Value

__all__ = ["Family", "Layout", "Reshaped", "Unchecked", "Version", "version_of", "without_program"]

Slot = Value | int
"""What a part of theta belongs to: a Value of the user's, or the place of one among a call's arguments."""

Theta = NDArray[np.float64]


FREE, PER_LINE, PER_NODE = 1000, 4, 100
"""What a look at the surroundings may take in each call, in nanoseconds: some hundredths of what the program takes, by
the lines of its text, or the function as it is, by the nodes of its graph."""

NEVER = 2**62

MANY_SURROUNDINGS = 32
"""For more surroundings than these no programs are made."""


class Reshaped(Exception):
    """A parameter has another shape than when the function was traced."""


class Layout:
    """Where the numbers of parameters lie in theta, the flat vector of them all.

    Attributes
    ----------
    slots : list of Value or int
        The parameters, in theta's order; an int is the place of a Value among a call's arguments.
    size : int
        The length of theta.
    are_scalars : bool
        Every parameter is a scalar.
    """

    def __init__(self, slots: Sequence[Slot], shapes: Sequence[tuple[int, ...]]) -> None:
        self.slots, self.shapes = list(slots), list(shapes)
        sizes = [int(np.prod(shape)) for shape in shapes]
        ends = np.cumsum(sizes, dtype=int).tolist()
        self.parts = [slice(end - n, end) for end, n in zip(ends, sizes, strict=True)]
        self.size = ends[-1] if ends else 0
        self.are_scalars = not any(shapes)
        own = tuple([x for x in slots if isinstance(x, Value)])
        are_leaves = len(set(own)) == len(own) and all(x.op is None for x in own)
        self._own = None if len(own) < len(slots) else Leaves(own) if are_leaves else own
        self._runs = _runs(self.shapes)

    def values(self, arguments: Sequence[Value]) -> tuple[Value, ...]:
        """The parameters of a call."""
        if self._own is not None:
            return self._own
        return tuple([arguments[x] if type(x) is int else x for x in self.slots])  # type: ignore[misc]

    def gather(self, values: Sequence[Value]) -> Theta:
        """The current numbers of the parameters.

        Raises
        ------
        Reshaped
            If a parameter has another shape than when the function was traced.
        """
        try:
            if self.are_scalars:
                return vector([x._data for x in values])
            theta = np.empty(self.size)
            for first, last in self._runs:
                if self.shapes[first]:
                    theta[self.parts[first]] = self._array(values[first], self.shapes[first])
                else:
                    theta[self.parts[first].start : self.parts[last - 1].stop] = vector(
                        [x._data for x in values[first:last]]
                    )
        except struct.error as error:  # a float is an array now
            raise Reshaped("a parameter has another shape than before") from error
        return theta

    @staticmethod
    def _array(value: Value, shape: tuple[int, ...]) -> Any:
        if value.shape != shape:
            raise Reshaped(f"{value!r} had shape {shape} before")
        return value._data.ravel()

    def split(self, theta: Theta) -> list[Any]:
        """A vector like theta as one float or array for each parameter."""
        if self.are_scalars:
            return (theta + 0.0).tolist()  # type: ignore[no-any-return]  # 0.0 for -0.0, as where gradients add up
        return [
            theta[part].reshape(shape) if shape else float(theta[part.start])
            for part, shape in zip(self.parts, self.shapes, strict=True)
        ]


def _runs(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """First and last of each array, and of each row of scalars between them."""
    runs: list[tuple[int, int]] = []
    for i, shape in enumerate(shapes):
        if not shape and runs and runs[-1][1] == i and not shapes[runs[-1][0]]:
            runs[-1] = runs[-1][0], i + 1
        else:
            runs.append((i, i + 1))
    return runs


NOTHING = -1
"""The part that changes when no number does."""


class Unchecked:
    """What has not changed since the function was traced: when it does, the program is compared with the function.

    The parameters are one part, each input is one. Where a bare number was read the comparison is repeated, after two,
    four, eight ... further changes, for what Python did with the number may be right for many others and not for all.

    Attributes
    ----------
    before : dict
        For each of the parts that are still looked at the bytes that it had.
    """

    def __init__(self, parts: Sequence[Any], *, reads: bool) -> None:
        # as bytes: the quickest comparison, and of the very bits
        self.before: dict[int, bytes] = {i: np.asarray(x).tobytes() for i, x in enumerate(parts)}
        self._never = set(self.before)
        self._reads = reads
        self._runs, self._next = 0, 1
        self._is_first = True

    def __bool__(self) -> bool:
        return bool(self.before) or self._is_first

    def changed(self, theta: Theta, numbers: Sequence[Any]) -> list[int]:
        """The parts that have changed, if the run on these numbers is to be compared; else none."""
        now = (theta, *numbers)
        changed = [i for i, before in self.before.items() if not has_bits(now[i], before)]
        self._runs += bool(changed)
        is_due = not self._never.isdisjoint(changed) or (self._reads and self._runs >= self._next)
        if self._is_first:  # the second call is compared whatever has changed: it may be what no number shows
            return changed or [NOTHING]
        return changed if is_due else []

    def passed(self, changed: list[int]) -> None:
        """These agreed."""
        self._is_first = False
        self._never.difference_update(changed)
        if self._runs >= self._next:
            self._next *= 2
        if not self._reads:
            for i in changed:
                self.before.pop(i, None)


def has_bits(x: Any, before: bytes) -> bool:
    """Whether an array holds these bytes, of which it has as many."""
    try:
        return before.startswith(x)  # without a copy
    except ValueError:  # not contiguous
        return bool(x.tobytes() == before)


@dataclass(eq=False)
class Version:
    """One traced way through a function, compiled.

    Attributes
    ----------
    lifted, program : Lifted, Program
        None if the graph could not be rolled: the function itself answers.
    plain : Lifted
        The graph before `idioms` replaced what is more exact otherwise; None if there was nothing to replace.
    layout : Layout
        The parameters' places in the program's theta.
    guards : list of str
        The lines at which Python asked about numbers.
    notes : dict
        What left the graph while it was traced.
    nodes : int
        How many nodes the traced graph has.
    why_not : str
        Why it could not be rolled.
    """

    layout: Layout
    guards: list[str]
    notes: dict[tuple[str, str], int]
    nodes: int
    lifted: Lifted | None = None
    program: Program | None = None
    plain: Lifted | None = None
    why_not: str = ""
    unchecked: Unchecked = field(default_factory=lambda: Unchecked([], reads=False))


@dataclass(eq=False)
class Family:
    """The versions for one structure of the arguments.

    Attributes
    ----------
    around : Surroundings
        What is around the function, as it was when these were made.
    versions : tuple of Version
        Those for the surroundings of now; replaced, never changed, for another thread may go through them.
    aside : list of (Surroundings, tuple of Version)
        Those for other surroundings, which may return.
    unseen : int
        How many calls there were since the surroundings were looked at.
    period : int
        After how many calls that is done: more than one if it takes long beside the program. What is near is looked
        at in each call.
    restless : list
        What has changed before, which is looked at in each call.
    moves : int
        How often the surroundings were new.
    """

    around: Surroundings
    versions: tuple[Version, ...] = ()
    aside: list[tuple[Surroundings, tuple[Version, ...]]] = field(default_factory=list)
    unseen: int = 0
    period: int = 1
    moves: int = 0
    restless: list[Any] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.versions) + sum(len(versions) for _, versions in self.aside)

    def add(self, version: Version, around: Surroundings) -> None:
        """Take up a new version, made in these surroundings."""
        if self.versions:  # in the same ones
            self.around.settle()
        else:
            self.around, self.unseen = around, 0
        self.versions = (version, *self.versions) if version.program is not None else (*self.versions, version)
        self._plan()

    def _plan(self) -> None:
        """How often to look around, and at what in each call."""
        program, nodes = self.versions[0].program, self.versions[0].nodes
        free = FREE + (PER_NODE * nodes if program is None else PER_LINE * program.source.count("\n"))
        if self.around.cost < 2 * free:
            self.period = 1 if self.around.cost else NEVER
            return
        self.period = int(2 * self.around.cost / free)  # half of it for all, now and then, half for what is near
        self.around.divide(free / 2, self.restless)

    def is_as_before(self) -> bool:
        """Whether nothing around was changed, as far as it is time to look."""
        self.unseen += 1
        if self.unseen < self.period:
            try:
                if self.around.is_near_as_before():
                    return True
            except GONE:
                pass
        elif self.around.is_as_before():
            self.unseen = 0
            return True
        self.unseen -= 1  # this call has seen it
        return False

    def move(self) -> None:
        """The surroundings have changed: go on with the versions for these, if there are any."""
        if self.versions:
            self.aside.append((self.around, self.versions))
        self.versions = ()
        self.restless = [*self.restless, *self.around.things_changed()][-MANY_SURROUNDINGS:]
        known = next((i for i, (around, _) in enumerate(self.aside) if not around.changed()), None)
        if known is not None:
            self.around, self.versions = self.aside.pop(known)
            self._plan()
            return
        self.moves += 1
        del self.aside[:-MANY_SURROUNDINGS]


def version_of(trace: Trace, batch: Batch | None = None, numbers: Sequence[Any] | None = None) -> Version:
    """Lift a trace and compile it.

    Raises
    ------
    NotRolledError
        If it has no structure that would pay.
    """
    if type(trace.root) is not Value:
        raise NotRolledError("its value depends on no argument and no parameter")
    with modes.recording():
        plain = lift(trace, batch, numbers)
        lifted = with_idioms(plain)
        program = compiled(lifted)
    users = [x for _, stands_for in lifted.parameters for x in stands_for]
    version = without_program(trace, "")
    version.layout, version.lifted, version.program = _layout_of(users, trace), lifted, program
    version.plain = None if lifted is plain else plain
    return version


def compiled(lifted: Lifted) -> Program:
    """The program of a lifted graph."""
    leaves = [leaf for leaf, _ in lifted.parameters]
    return Program(lifted.root, leaves, lifted.inputs, lifted.guards, lifted.selections)


def with_idioms(lifted: Lifted) -> Lifted:
    """The same graph with the study notes' simplifications; the very same if there are none."""
    sides = [x for guard in lifted.guards for x in (guard.left, guard.right) if type(x) is Value]
    found = simplify([lifted.root, *sides], lifted.selections)
    if not found.report:
        return lifted

    def new(x: Any) -> Any:
        return found.nodes[x] if type(x) is Value else x

    guards = [replace(guard, left=new(guard.left), right=new(guard.right)) for guard in lifted.guards]
    selections = {**lifted.selections, **found.selections}
    report = [*lifted.report, *found.report]
    return replace(lifted, root=new(lifted.root), guards=guards, selections=selections, report=report)


def without_program(trace: Trace, why_not: str) -> Version:
    """A version without a program: the function itself answers."""
    guards = list(dict.fromkeys(guard.line for guard in trace.guards))
    return Version(_layout_of(trace.parameters, trace), guards, trace.notes, len(trace.inner), why_not=why_not)


def _layout_of(users: Sequence[Value], trace: Trace) -> Layout:
    places: dict[Value, Slot] = {x: i for i, x in enumerate(trace.arguments)}
    return Layout([places.get(x, x) for x in users], [x.shape for x in users])
