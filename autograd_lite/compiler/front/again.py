"""A call like the last one, which is what a training makes: nothing need be sorted and looked up."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from autograd_lite.compiler.front.cache import Cache
from autograd_lite.compiler.front.versions import Version, has_bits
from autograd_lite.compiler.tracing.arguments import FLOAT64, Given, as_floats


class Again:
    """What the next call must look like to be run at once by the version that was used last.

    Attributes
    ----------
    latest : (Version, Given)
        The cache's, this very object: it is another one as soon as another version was used or made.
    kind : tuple
        The arguments' dtypes, and the parts of theta and arguments that are to be compared when they change.
    count : int
        How many arguments there are.
    run : callable
        Of theta and the arguments: value and gradient; None if anything was changed since, a comparison is due, these
        are others than arrays of the same dtypes and shapes, or the result is nan.
    """

    __slots__ = ("count", "kind", "latest", "run", "version")

    def __init__(self, latest: tuple[Version, Given], kind: tuple[Any, ...]) -> None:
        self.latest, self.version, self.kind = latest, latest[0], kind
        self.count = len(kind[0])
        self.run: Callable[..., Any] = _not_yet

    def _get_ready(self, cache: Cache) -> None:
        """Write `run`: at the second such call in a row, for calls may take turns."""
        (dtypes, unchanged), version, structure = self.kind, self.version, self.latest[1].structure
        assert version.program is not None
        names: dict[str, Any] = {
            "as_floats": as_floats, "has_bits": has_bits, "isnan": math.isnan, "ndarray": np.ndarray,
            "cache": cache, "family": cache.family(structure), "latest": self.latest, "version": version,
            "lock": version.program.lock, "program": version.program.run,
            "dtype0": FLOAT64, "shape0": (version.layout.size,),
        }  # fmt: skip
        names |= {f"dtype{i}": dtype for i, dtype in enumerate(dtypes, 1)}
        names |= {f"shape{i}": part[1] for i, part in enumerate(structure[0], 1)}
        names |= {f"bits{i}": version.unchecked.before[i] for i in unchanged}
        exec(_code(tuple([dtype is FLOAT64 for dtype in dtypes]), unchanged), names)
        self.run = names.pop("run")  # no cycle, or the arguments of a call would wait for the collector

    @classmethod
    def of(cls, cache: Cache, version: Version, args: tuple[Any, ...], known: Again | None) -> Again | None:
        """For a version that reads all of theta, and was run on these arguments; what is known if it is that.

        None if they are not all arrays, or another thread has used another version since.
        """
        latest = cache.latest
        if latest is None or latest[0] is not version:
            return None
        parts, by_name = latest[1].structure
        if by_name or len(args) != len(parts) or not all(map(_is_array, args, parts)):
            return None
        kind = tuple([x.dtype for x in args]), tuple(version.unchecked.before)
        if known is None or known.latest is not latest or known.kind != kind:
            return cls(latest, kind)
        if known.run is _not_yet:
            known._get_ready(cache)
        return known


def _not_yet(*_: Any) -> None:
    """Nothing was compiled."""


def _is_array(x: Any, part: tuple[Any, ...]) -> bool:
    return type(x) is np.ndarray and part[0] == "array"


@functools.lru_cache
def _code(are_floats: tuple[bool, ...], unchanged: tuple[int, ...]) -> CodeType:
    """`Again.run` in one piece, for it takes some microseconds, as many programs do: x0 is theta.

    Parameters
    ----------
    are_floats : tuple of bool
        Which arguments are taken as they are.
    unchanged : tuple of int
        Whose bits are to be as before.
    """
    names = [f"x{i}" for i in range(1 + len(are_floats))]
    kinds = [f"type(x{i}) is ndarray and x{i}.dtype is dtype{i} and x{i}.shape == shape{i}" for i in range(len(names))]
    lines = [
        f"def run({', '.join(names)}):",
        f"    if cache.latest is not latest or not ({' and '.join(kinds)}):",
        "        return None",
        *(f"    {x} = as_floats({x})" for x, is_float in zip(names[1:], are_floats, strict=True) if not is_float),
        *(f"    if not has_bits(x{i}, bits{i}):\n        return None" for i in unchanged),
        "    if version not in family.versions or not family.is_as_before():",
        "        return None",
        "    with lock:",
        f"        value, gradient = program({', '.join(names)})",
        "    return None if value != value or isnan(gradient.dot(gradient)) else (value, gradient)",
    ]
    return compile("\n".join(lines), "<autograd_lite again>", "exec")
