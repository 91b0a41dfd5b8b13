"""The methods that `Value` gets from the table; calls.py puts one here for every row (see methods.pyi for them all)."""


class Methods:
    """Base of `Value`: holds the methods of the operations, and nothing else."""

    __slots__ = ()
