"""A call like the last one, which is what a training makes: nothing need be sorted and looked up."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite.compiler.front.cache import Cache
from autograd_lite.compiler.front.versions import Family, Version
from autograd_lite.compiler.tracing.arguments import FLOAT64, Given


class Again:
    """What the next call must look like to be run at once by the version that was used last.

    Attributes
    ----------
    latest : (Version, Given)
        The cache's, this very object: it is another one as soon as another version was used or made.
    version, program : Version, Program
        The version, and its program.
    """

    __slots__ = ("_family", "_shapes", "_size", "latest", "program", "version")

    def __init__(self, latest: tuple[Version, Given], family: Family) -> None:
        version, found = latest
        assert version.program is not None
        self.latest, self.version, self.program, self._family = latest, version, version.program, family
        self._size = (version.layout.size,)
        parts, by_name = found.structure
        are_arrays = not by_name and all(part[0] == "array" and not part[2] for part in parts)
        self._shapes: tuple[Any, ...] | None = tuple([part[1] for part in parts]) if are_arrays else None

    @classmethod
    def of(cls, cache: Cache, version: Version, known: Again | None) -> Again | None:
        """For a version that reads all of theta; what is known if it is that."""
        latest = cache.latest
        if latest is None or latest[0] is not version:  # another thread used another
            return None
        return known if known is not None and known.latest is latest else cls(latest, cache.family(latest[1].structure))

    def fits(self, cache: Cache, theta: Any, args: tuple[Any, ...]) -> bool:
        """Whether nothing was changed since, and the arguments are what the program takes as it is.

        That is: arrays of float64, of the same shapes.
        """
        shapes = self._shapes
        if cache.latest is not self.latest or shapes is None or len(args) != len(shapes):
            return False
        if type(theta) is not np.ndarray or theta.dtype is not FLOAT64 or theta.shape != self._size:
            return False
        for x, shape in zip(args, shapes, strict=True):
            if type(x) is not np.ndarray or x.dtype is not FLOAT64 or x.shape != shape:
                return False
        unchecked = self.version.unchecked
        if unchecked and not unchecked.is_as_before(theta, args):
            return False
        return self.version in self._family.versions and self._family.is_as_before()
