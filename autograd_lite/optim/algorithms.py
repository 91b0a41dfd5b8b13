"""The optimisers: each is its hyper-parameters, what it remembers, and one rule; `Optimizer` does the rest.

The rules hold for floats and for arrays: ``x += ...`` gives a new float and changes an array in place, and
``x ** 0.5`` is the square root of both. They follow the papers in PyTorch's reading of them, to the last term.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from autograd_lite.optim.optimizer import Optimizer


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum on request.

    ``p := p - lr * g``; with momentum mu and dampening d, at the t-th step::

        velocity := mu * velocity + (1 - d) * g          (at t = 1: g)
        p        := p - lr * velocity
        p        := p - lr * (g + mu * velocity)         (Nesterov's)

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move.
    lr : float
        The learning rate.
    momentum : float
        How much of the velocity is kept, in [0, 1).
    dampening : float
        How much of each gradient but the first is kept out of the velocity, in [0, 1).
    nesterov : bool
        Look ahead by one more step of the velocity; needs momentum, and no dampening.
    weight_decay : float
        The weight of the penalty ``weight_decay/2 * sum(p**2)``, at least 0.

    Raises
    ------
    ValueError, TypeError
        See `Optimizer`.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. Sutskever, Martens, Dahl, Hinton,
    "On the importance of initialization and momentum in deep learning", ICML 2013, whose velocity includes lr.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> p = Value(3.0)
    >>> optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).backward()
    ...     optimizer.step()
    >>> round(p.data, 6)  # 3 - 0.6, then 2.4 - (0.48 + 0.9 * 0.6)
    1.38
    """

    _: KW_ONLY
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    slots: ClassVar[tuple[str, ...]] = ("velocity",)
    elementwise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError(
                f"nesterov with momentum={self.momentum:g} and dampening={self.dampening:g}: Nesterov's step needs "
                "momentum > 0 and dampening = 0; momentum=0.9 is usual"
            )
        super().__post_init__()

    def update(self, g: Any, s: Any) -> Any:
        """Return lr times the gradient, or the velocity, or Nesterov's mixture."""
        if not self.momentum:
            return self.lr * g
        s.velocity *= self.momentum
        s.velocity += g if s.t == 1 else (1 - self.dampening) * g
        return self.lr * (g + self.momentum * s.velocity if self.nesterov else s.velocity)


@dataclass(eq=False, repr=False)
class Adagrad(Optimizer):
    """Each number's step shrinks with all the gradients that it has seen.

    At the t-th step::

        total := total + g**2                            (from initial_accumulator_value)
        p     := p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(total) + eps)

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move.
    lr : float
        The learning rate.
    lr_decay : float
        How fast the learning rate falls, at least 0.
    initial_accumulator_value : float
        What the sums of squares start from, at least 0.
    eps : float
        Keeps the divisor from 0; positive.
    weight_decay : float
        The weight of the penalty ``weight_decay/2 * sum(p**2)``, at least 0.

    Raises
    ------
    ValueError, TypeError
        See `Optimizer`.

    References
    ----------
    Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> p = Value([3.0, -500.0])
    >>> (p * p).sum().backward()
    >>> optim.Adagrad([p], lr=0.5).step()
    >>> p.data  # the first step is lr, whatever the gradient
    array([   2.5, -499.5])
    """

    lr: float = 0.01
    _: KW_ONLY
    lr_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    slots: ClassVar[tuple[str, ...]] = ("total",)
    elementwise: ClassVar[bool] = True

    def update(self, g: Any, s: Any) -> Any:
        """Return the decayed learning rate times the gradient over the root of its summed squares."""
        if s.t == 1:
            s.total = self.initial_accumulator_value
        s.total += g * g
        return self.lr / (1 + (s.t - 1) * self.lr_decay) * g / (s.total**0.5 + self.eps)


@dataclass(eq=False, repr=False)
class RMSprop(Optimizer):
    """Divides each gradient by the root of a moving mean of its square.

    At each step::

        v        := alpha * v + (1 - alpha) * g**2
        m        := alpha * m + (1 - alpha) * g          (centered: v - m**2 instead of v below)
        velocity := momentum * velocity + g / (sqrt(v) + eps)
        p        := p - lr * velocity

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move.
    lr : float
        The learning rate.
    alpha : float
        How much of the moving means is kept, in [0, 1).
    eps : float
        Keeps the divisor from 0; positive.
    momentum : float
        How much of the velocity is kept, in [0, 1).
    centered : bool
        Divide by an estimate of the gradient's deviation from its mean instead.
    weight_decay : float
        The weight of the penalty ``weight_decay/2 * sum(p**2)``, at least 0.

    Raises
    ------
    ValueError, TypeError
        See `Optimizer`.

    References
    ----------
    Tieleman, Hinton, "Lecture 6.5: rmsprop", Coursera, 2012. Centered: Graves, "Generating sequences with recurrent
    neural networks", arXiv:1308.0850.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> p = Value([3.0, -500.0])
    >>> (p * p).sum().backward()
    >>> optim.RMSprop([p], lr=0.05).step()
    >>> p.data.round(6)  # the first step is lr / sqrt(1 - alpha), whatever the gradient
    array([   2.5, -499.5])
    """

    lr: float = 0.01
    _: KW_ONLY
    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    slots: ClassVar[tuple[str, ...]] = ("v", "m", "velocity")
    elementwise: ClassVar[bool] = True

    def update(self, g: Any, s: Any) -> Any:
        """Return lr times the gradient, or its velocity, in units of the root of the mean square."""
        new = 1 - self.alpha
        s.v += new * (g * g - s.v)
        square = s.v
        if self.centered:
            s.m += new * (g - s.m)
            square = abs(s.v - s.m * s.m)  # a variance: below 0 by rounding alone, where PyTorch's root is nan
        scaled = g / (square**0.5 + self.eps)
        if not self.momentum:
            return self.lr * scaled
        s.velocity *= self.momentum
        s.velocity += scaled
        return self.lr * s.velocity


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """Moving means of the gradient and of its square, both corrected for having started from 0.

    At the t-th step, with betas b1 and b2::

        m := b1 * m + (1 - b1) * g
        v := b2 * v + (1 - b2) * g**2                    (amsgrad: the largest v so far below)
        p := p - lr * m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move.
    lr : float
        The learning rate.
    betas : tuple of two floats
        How much of the two means is kept, each in [0, 1).
    eps : float
        Keeps the divisor from 0; positive.
    amsgrad : bool
        Divide by the largest mean square so far, which never falls.
    weight_decay : float
        The weight of the penalty ``weight_decay/2 * sum(p**2)``, at least 0; its gradient enters the means.
        `AdamW` keeps it out of them.

    Raises
    ------
    ValueError, TypeError
        See `Optimizer`.

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv:1412.6980. AMSGrad: Reddi, Kale, Kumar,
    "On the convergence of Adam and beyond", ICLR 2018, arXiv:1904.09237.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> p = Value([3.0, -500.0])
    >>> (p * p).sum().backward()
    >>> optim.Adam([p], lr=0.5).step()
    >>> p.data  # the first step is lr, whatever the gradient
    array([   2.5, -499.5])
    """

    lr: float = 0.001
    _: KW_ONLY
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    amsgrad: bool = False

    slots: ClassVar[tuple[str, ...]] = ("m", "v", "v_max")
    elementwise: ClassVar[bool] = True

    def update(self, g: Any, s: Any) -> Any:
        """Return lr times the mean gradient in units of the root of the mean square."""
        b1, b2 = self.betas
        s.m += (1 - b1) * (g - s.m)
        s.v += (1 - b2) * (g * g - s.v)
        v = s.v
        if self.amsgrad:
            v = s.v_max = np.maximum(s.v_max, v) if type(v) is np.ndarray else max(s.v_max, v)
        # The corrections are single numbers: multiplied out, they cost an array no pass of its own.
        c1, c2 = 1 - b1**s.t, (1 - b2**s.t) ** 0.5
        return s.m / (v**0.5 + self.eps * c2) * (self.lr * c2 / c1)


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay: it shrinks the parameter itself and does not enter the means.

    ``p := p - lr * weight_decay * p``, and then Adam's step, with its hyper-parameters; see `Adam`.

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move.
    lr : float
        The learning rate.
    betas : tuple of two floats
        How much of the two means is kept, each in [0, 1).
    eps : float
        Keeps the divisor from 0; positive.
    amsgrad : bool
        Divide by the largest mean square so far, which never falls.
    weight_decay : float
        The share lr * weight_decay of a parameter goes at each step; at least 0.

    Raises
    ------
    ValueError, TypeError
        See `Optimizer`.

    References
    ----------
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> p = Value(3.0)
    >>> (p * 0.0).backward()
    >>> optim.AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> round(p.data, 6)  # 3 - 0.1 * 0.5 * 3
    2.85
    """

    _: KW_ONLY
    weight_decay: float = 0.01

    decoupled: ClassVar[bool] = True
