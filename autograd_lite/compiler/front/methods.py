"""Where the programs of vectorised methods are kept: with their object, and not with a copy of it."""

from __future__ import annotations

from typing import Any

PLACE = "__vectorized__"
"""The attribute in which an object, or a class, keeps its `Methods`."""


class Methods:
    """The vectorised methods of one object; a copy of the object begins with none.

    Attributes
    ----------
    owner : object
        Whose they are; None for a copy's.
    of : dict
        For each method of the class the one that is bound to the owner.
    """

    __slots__ = ("of", "owner")

    def __init__(self, owner: Any = None) -> None:
        self.owner = owner
        self.of: dict[Any, Any] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Methods:
        return Methods()

    def __reduce__(self) -> Any:
        return Methods, ()


def methods_of(owner: Any, name: str) -> Methods:
    """The methods of an object; `name` is that of the one which is asked for.

    Raises
    ------
    TypeError
        If the object has no place for them.
    """
    known = getattr(owner, PLACE, None)
    if known is not None and known.owner is owner:  # a copy has its original's, a class those of its base
        return known  # type: ignore[no-any-return]
    made = Methods(owner)
    try:
        (type if isinstance(owner, type) else object).__setattr__(owner, PLACE, made)
    except AttributeError:
        raise TypeError(
            f"{type(owner).__name__} has __slots__, and no place for the programs of its method {name}: add {PLACE!r} "
            f"to its __slots__, or keep {name} = vectorize(object.method) elsewhere"
        ) from None
    return made
