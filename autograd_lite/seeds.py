"""Seeds: where random numbers come from."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

Seed = int | Generator | None
"""What everything random takes; see `generator`."""


def generator(seed: Seed = None) -> Generator:
    """Return the random generator that a seed stands for; everything random takes its seed through here.

    Parameters
    ----------
    seed : int, numpy Generator or None
        The same int gives the same numbers. A Generator is returned itself, so that layers which share one continue
        one another's numbers. None draws a seed from the operating system: other numbers at every run.

    Raises
    ------
    TypeError
        For anything else, a bool, a float, a string, a legacy ``RandomState`` among them.
    ValueError
        For a negative int.

    Examples
    --------
    >>> bool(generator(7).random() == generator(7).random())
    True
    >>> rng = generator(7)
    >>> generator(rng) is rng
    True
    """
    if seed is None or isinstance(seed, Generator):
        return np.random.default_rng(seed)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(
            f"seed is {seed!r}, of type {type(seed).__name__}; it must be an int, a numpy Generator or None"
        )
    if seed < 0:
        raise ValueError(f"seed is {seed}; an int as a seed must be at least 0")
    return np.random.default_rng(seed)
