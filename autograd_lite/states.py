"""State dicts: the numbers of modules and optimisers by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

State = dict[str, NDArray[Any]]


def check_names(owner: str, names: Iterable[str], state: Mapping[str, Any]) -> None:
    """Refuse a state that lacks one of the names, or has others.

    Raises
    ------
    TypeError
        If it is no mapping.
    KeyError
        With what is missing or too much, and what there is.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"the state is a {type(state).__name__}; give a mapping of names to arrays, such as load(path)")
    wanted = dict.fromkeys(names)
    if missing := [name for name in wanted if name not in state]:
        raise KeyError(f"the state lacks {_few(missing)}; it has {_few(state) or 'nothing'}")
    if unknown := [name for name in state if name not in wanted]:
        raise KeyError(f"{owner} has no {_few(unknown)}; it has {_few(wanted) or 'nothing'}")


def _few(names: Iterable[str]) -> str:
    """The first names of possibly many."""
    listed = list(names)
    return ", ".join(listed[:6]) + (f", and {len(listed) - 6} more" if len(listed) > 6 else "")
