"""The versions of one function: found by the arguments' structure, made by tracing, compared with the function."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_lite.compiler.front.batches import Examples
from autograd_lite.compiler.front.checking import VectorizeError, as_it_is, compare, difference, scalar_run
from autograd_lite.compiler.front.flat import Flat
from autograd_lite.compiler.front.surroundings import Surroundings
from autograd_lite.compiler.front.versions import (
    MANY_SURROUNDINGS,
    Family,
    Theta,
    Unchecked,
    Version,
    compiled,
    version_of,
    without_program,
)
from autograd_lite.compiler.programs.program import GuardBroken
from autograd_lite.compiler.rolling.lifting import NotRolledError
from autograd_lite.compiler.tracing.arguments import Given, Static, Structure, given, objects, own_copy
from autograd_lite.compiler.tracing.tracing import trace
from autograd_lite.value import Value

MANY_STRUCTURES = 64
"""More structures of the arguments than these are worth a warning."""

Call = tuple[Given, tuple[Any, ...], dict[str, Any]]
"""The arguments of a call: sorted, positional, by name."""


class Cache:
    """All versions of one function.

    Attributes
    ----------
    run : callable
        The function; for a function of one example the loop over a batch.
    flat : Flat
        The parameters of all versions.
    latest : (Version, Given) or None
        The version used last, and the arguments with which.
    """

    def __init__(self, name: str, run: Callable[..., Any], examples: Examples | None) -> None:
        self.name, self.run, self._examples = name, run, examples
        self.flat = Flat()
        self.latest: tuple[Version, Given] | None = None
        self.lock = threading.RLock()
        self._has_warned = False
        self._function = run if examples is None else examples.loss
        self._turn = 0
        self._families: dict[Structure, Family] = {}
        self._objects: set[tuple[Static, ...]] = set()  # those among the arguments for which there are programs
        self._passing: Structure | None = None

    def __len__(self) -> int:
        return sum(map(len, self._families.values()))

    def known(self, structure: Structure) -> tuple[Version, ...]:
        """The versions of a structure: the one that was used last, then the others, then what could not be rolled.

        Raises
        ------
        VectorizeError
            If what the function reads was changed, and calls since may not have seen it.
        """
        family = self._families.get(structure)
        if family is None:
            return ()
        if not family.is_as_before():
            self._look_around(family, family.unseen)
        return family.versions

    def family(self, structure: Structure) -> Family:
        """The versions of a structure that is known, and their surroundings."""
        return self._families[structure]

    def _look_around(self, family: Family, unseen: int) -> None:
        """Go on with other versions if what the function reads was changed, which so many calls have not seen."""
        family.unseen = 0
        changed = family.around.changed() if family.versions else []
        if not changed:
            return
        is_late = unseen and family.around.far_changed() and any(x.program is not None for x in family.versions)
        with self.lock:
            family.move()
        what = " and ".join(changed[:3])
        if is_late:
            raise VectorizeError(
                f"{self.name} reads {what}, which was changed after it was traced; the last call, or up to {unseen}, "
                "went on without it, for there is so much to look at that it is not looked at in each call. From now "
                "on it is seen. Hand in as an argument what changes, and give a Value new numbers by its data."
            )
        if family.moves == MANY_SURROUNDINGS:
            warnings.warn(
                f"{self.name} reads {what}, which is no argument and has changed {MANY_SURROUNDINGS} times; a program "
                "was made for each. From now on it runs as scalar code when that changes: hand it in as an argument.",
                stacklevel=4,
            )

    def used(self, version: Version, found: Given) -> None:
        """Remember which version was used, to try it first the next time."""
        latest = self.latest
        if latest is not None and latest[0] is version and not found.parameters:
            return  # as at the last call, with nothing that is worth remembering
        self.latest = version, found
        family = self._families.get(found.structure)
        if version.program is not None and family is not None and family.versions[:1] != (version,):
            with self.lock:
                family.versions = version, *(x for x in family.versions if x is not version)

    def _add(self, version: Version, found: Given, around: Surroundings) -> None:
        things = _things(found.structure)
        with self.lock:
            if self._are_many(things):  # a version without a program: only the latest is kept
                if self._passing not in (None, found.structure):
                    self._families.pop(self._passing, None)
                self._passing = found.structure
            else:
                self._objects.add(things)
            self.flat.learn(version)
            self._families.setdefault(found.structure, Family(around)).add(version, around)
            self.latest = version, found
        if len(self._families) == MANY_STRUCTURES and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{self.name} was called with {MANY_STRUCTURES} different structures of its arguments, and a program "
                "was made for each: other shapes or lengths, other words or flags, a list among them that grows. Pad "
                "what differs in length, and keep out of the arguments what the function does not read.",
                stacklevel=4,
            )

    def _are_many(self, things: tuple[Static, ...]) -> bool:
        """Whether these objects come after very many others, for each of which a program was made."""
        return len(self._objects) >= MANY_SURROUNDINGS and things not in self._objects

    def _around(self, found: Given) -> Surroundings:
        """What is around the function, before it runs."""
        return Surroundings(self._function, objects(found.structure))

    # --- making versions ---

    def traced(self, call: Call) -> tuple[Version, float | None]:
        """A new version, and the function's own value if it is known."""
        are_many = self._are_many(_things(call[0].structure))
        if self._examples is not None and not are_many and not self.known(call[0].structure):
            version = self._of_one_example(self._examples, call)
            if version is not None:
                return version, None
        found = call[0]
        around = self._around(found)
        new = trace(self.run, found=found)
        value = float(new.root._data)
        family = self._families.get(found.structure)
        try:
            if family is not None and family.moves >= MANY_SURROUNDINGS:
                raise NotRolledError("what it reads and is no argument changes all the time")
            if are_many:
                self._warn_of_objects(found)
                raise NotRolledError("the objects among its arguments are others all the time")
            version = version_of(new)
        except NotRolledError as error:
            version = without_program(new, str(error))
        if version.program is not None:
            self._compare_traced(call, value, version)
            theta = self._now_checked(version, found)
            computed = version.program.value(theta, *found.numbers)
            if math.isfinite(value) and not np.isclose(value, computed, rtol=1e-6, atol=1e-9):
                raise VectorizeError(
                    f"{self.name} gave {value!r} and its program {computed!r} on the same numbers; please report this"
                )
        around.settle()
        self._add(version, found, around)
        return version, value

    def _warn_of_objects(self, found: Given) -> None:
        """Warn, once, of a function that is called with very many objects."""
        if self._passing is not None:
            return
        names = sorted({type(x.thing).__name__ for x in _things(found.structure)})
        warnings.warn(
            f"{self.name} was called with {MANY_SURROUNDINGS} different objects ({', '.join(names)}) among its "
            "arguments; a program was made for each. With others it runs as scalar code from now on: hand in the "
            "numbers that they hold, or a tuple, a dict or a dataclass of these.",
            stacklevel=4,
        )

    def _compare_traced(self, call: Call, value: float, version: Version) -> None:
        """Refuse a trace that gave another value than the function on the numbers themselves."""
        with as_it_is(), self._own_arguments(call) as (args, kwargs):
            y = self.run(*args, **kwargs)
        plain = float(y._data if isinstance(y, Value) else y)
        if not np.isclose(value, plain, rtol=1e-6, atol=1e-9, equal_nan=True):
            raise VectorizeError(difference(self.name, "value", plain, value, version.notes))

    @contextmanager
    def _own_arguments(self, call: Call) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Copies of a call's arguments, to run the function once more; it must not change them."""
        found, args, kwargs = call
        copies = own_copy(args), own_copy(kwargs)
        yield copies
        after = given(*copies)
        if after.structure != found.structure or not all(map(_has_bits_of, after.numbers, found.numbers)):
            raise VectorizeError(
                f"{self.name} changes an argument in place, as by X[0] = 1.0, X += 1.0 or xs.append(x), which its "
                "program would not do: let it work on a copy of its own, X = X.copy() or xs = list(xs)."
            )

    def _of_one_example(self, examples: Examples, call: Call) -> Version | None:
        """The version that repeats one example's graph; None if there is none, or the examples went different ways."""
        found, args, kwargs = call
        one = examples.one(args, kwargs)
        if one is None:
            return None
        first, batch = one
        around = self._around(found)
        try:
            version = version_of(trace(examples.loss, found=first), batch, found.numbers)
        except NotRolledError:
            return None
        self._now_checked(version, found)
        around.settle()
        self._add(version, found, around)
        try:
            self._verify_here(version, call)
        except GuardBroken:
            return None
        return version

    @staticmethod
    def _now_checked(version: Version, found: Given) -> Theta:
        """What is as it is now needs no check until it changes; the parameters' numbers."""
        theta = version.layout.gather(version.layout.values(found.parameters))
        version.unchecked = Unchecked([theta, *found.numbers], reads=bool(version.notes))
        return theta

    # --- comparing them with the function ---

    def verify(self, version: Version, call: Call, value: float, gradients: list[Any]) -> bool:
        """Compare what a program computed with the function; of a large batch a few examples with theirs.

        False if the numbers are not finite, so that their agreement says little.

        Raises
        ------
        VectorizeError
            If they differ.
        """
        found = call[0]
        family = self._families[found.structure]
        self._look_around(family, family.unseen)
        try:
            return self._verified(version, call, value, gradients)
        finally:
            family.around.settle()

    def _verified(self, version: Version, call: Call, value: float, gradients: list[Any]) -> bool:
        found, args, kwargs = call
        few = None
        if self._examples is not None and not version.notes:  # what was noted may matter to some examples alone
            few = self._examples.few(args, self._turn)
            self._turn += 1
        if few is not None:
            self._verify_few((given(few, kwargs), few, kwargs))
            return math.isfinite(value)
        values = version.layout.values(found.parameters)
        with self._own_arguments(call) as (args, kwargs):
            run = scalar_run(self.run, args, kwargs, values)
        try:
            compare(self.name, run, value, gradients, values, version.notes)
        except VectorizeError:
            if version.plain is None:
                raise
            # the logarithm of a softmax is exact where the function's own is not: does it agree without that?
            value, gradient = compiled(version.plain).value_and_grad(version.layout.gather(values), *found.numbers)
            compare(self.name, run, value, version.layout.split(gradient), values, version.notes)
        return math.isfinite(run.value)

    def _verify_here(self, version: Version, call: Call) -> None:
        found = call[0]
        assert version.program is not None
        theta = version.layout.gather(version.layout.values(found.parameters))
        value, gradient = version.program.value_and_grad(theta, *found.numbers)
        self.verify(version, call, value, version.layout.split(gradient))

    def _verify_few(self, call: Call) -> None:
        latest = self.latest
        try:
            for version in self.known(call[0].structure):
                if version.program is None:
                    return
                try:
                    self._verify_here(version, call)
                except GuardBroken:
                    continue
                return
            self.traced(call)
        finally:
            if latest is not None:
                self.used(*latest)


_BY_IDENTITY: Any = object.__eq__


def _things(structure: Structure) -> tuple[Static, ...]:
    """The objects among a call's arguments that only they themselves are equal to."""
    return tuple([Static(x) for _, x in objects(structure) if type(x).__eq__ is _BY_IDENTITY])


def _has_bits_of(x: Any, y: Any) -> bool:
    return np.asarray(x).tobytes() == np.asarray(y).tobytes()
