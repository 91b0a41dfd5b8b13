"""Numbers scrambled, so that sums of them tell sets of things apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hashes", "mixed"]

Hashes = NDArray[np.uint64]


def mixed(numbers: Any) -> Hashes:
    """Scramble the bits, each number always alike (the finaliser of SplitMix64: Steele, Lea and Flood, 2014)."""
    z = np.array(numbers).astype(np.uint64, copy=False)  # a copy, which is worked on in place, modulo 2 ** 64
    z += np.uint64(0x9E3779B97F4A7C15)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z
