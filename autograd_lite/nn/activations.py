"""The activations as modules; as functions they are `autograd_lite`'s own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from autograd_lite import functions as ag
from autograd_lite.nn.module import Module


class Activation(Module):
    """A function of the table as a module; its parameters are given once, as in ``LeakyReLU(slope=0.1)``.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> nn.LeakyReLU(slope=0.1)([-2.0, 3.0])
    array([-0.2,  3. ])
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(self, *values: float, **options: float) -> None:
        given = inspect.signature(type(self).function).bind(0.0, *values, **options)  # refuses what there is not
        self.options = dict(list(given.arguments.items())[1:])

    def forward(self, x: Any) -> Any:
        """Apply the function; any shape."""
        return type(self).function(x, **self.options)

    def extra_repr(self) -> str:
        """Return the options."""
        return ", ".join(f"{name}={value}" for name, value in self.options.items())


class Identity(Activation):
    """Nothing: f(x) = x, the linear activation."""

    function = staticmethod(lambda x: x)


class ReLU(Activation):
    """Rectified linear unit: f(x) = max(0, x)."""

    function = staticmethod(ag.relu)


class LeakyReLU(Activation):
    """f(x) = x for x > 0, else slope * x; ``LeakyReLU(slope=0.01)``."""

    function = staticmethod(ag.leaky_relu)


class ELU(Activation):
    """f(x) = x for x > 0, else alpha * (exp(x) - 1); ``ELU(alpha=1.0)``."""

    function = staticmethod(ag.elu)


class GELU(Activation):
    """f(x) = x * Phi(x), with the normal distribution function Phi."""

    function = staticmethod(ag.gelu)


class SiLU(Activation):
    """f(x) = x * sigmoid(x)."""

    function = staticmethod(ag.silu)


class Sigmoid(Activation):
    """f(x) = 1 / (1 + exp(-x))."""

    function = staticmethod(ag.sigmoid)


class Tanh(Activation):
    """Hyperbolic tangent."""

    function = staticmethod(ag.tanh)


class Softplus(Activation):
    """f(x) = log(1 + exp(x))."""

    function = staticmethod(ag.softplus)


class Softmax(Activation):
    """exp(x) / sum(exp(x)) along an axis; ``Softmax(axis=-1)``."""

    function = staticmethod(ag.softmax)


class LogSoftmax(Activation):
    """log(softmax(x)) along an axis; ``LogSoftmax(axis=-1)``."""

    function = staticmethod(ag.log_softmax)


BY_NAME: dict[str, type[Activation]] = {
    "linear": Identity,
    "identity": Identity,  # another name for the same
    **{kind.function.__name__: kind for kind in Activation.__subclasses__() if kind is not Identity},
}
"""``"relu"`` and so on, for layers that take an activation's name."""


def activation(name: str) -> Activation:
    """Make the activation of that name.

    Raises
    ------
    ValueError
        If there is none, with the names there are.
    """
    if name not in BY_NAME:
        raise ValueError(f"activation {name!r} is unknown; there are {', '.join(BY_NAME)}")
    return BY_NAME[name]()
