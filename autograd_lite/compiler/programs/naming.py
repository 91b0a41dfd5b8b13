"""Names for steps: those of the Values, dW1 for the gradient of W1, and T1, T2 ... for the rest."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from autograd_lite.compiler.programs.steps import Step

RESERVED = {
    "np",
    "checked",
    "math",
    "theta",
    "THETA",
    "forward",
    "holds",
    "value",
    "value_and_grad",
    "CONSTANTS",
    "GuardBroken",
    "fitted",
    "memory",
    "inf",
    "nan",
    "erf",
}


class Names:
    """A name for each step that needs one; no two are the same."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {*RESERVED, *reserved, *keyword.kwlist, *dir(builtins)}
        self._names: dict[Step, str] = {}
        self._made_up = 0

    def of(self, step: Step) -> str:
        """The name of a step."""
        name = self._names.get(step)
        if name is None:
            name = self._names[step] = self.free(self._wished(step))
        return name

    def _wished(self, step: Step) -> str:
        prefix, labelled = "", step
        while isinstance(labelled.label, Step):
            prefix, labelled = prefix + "d", labelled.label
        if labelled.label:
            return prefix + identifier(labelled.label)
        if labelled is not step:
            return prefix + self.of(labelled)
        return ""

    def free(self, wish: str = "") -> str:
        """The wished name, or with a number behind it if it is taken; T1, T2 ... without a wish."""
        if not wish:
            self._made_up += 1
            return self.free(f"T{self._made_up}")
        name, k = wish, 1
        while name in self._taken:
            k += 1
            name = f"{wish}_{k}"
        self._taken.add(name)
        return name


def is_labelled(step: Step) -> bool:
    """Whether the step has a name to be called by: a Value's, or that of the gradient of one."""
    while isinstance(step.label, Step):
        step = step.label
    return bool(step.label)


def identifier(label: str) -> str:
    """A label as a name of Python's.

    Examples
    --------
    >>> identifier("X[0]"), identifier("W'"), identifier("2nd layer")
    ('X_0', 'W', '_2nd_layer')
    """
    name = re.sub(r"\W+", "_", label).rstrip("_")
    return name if name and not name[0].isdigit() else f"_{name}"
