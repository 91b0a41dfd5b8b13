"""Schedules of the learning rate: functions from the steps done to a factor, and `Schedule`, which applies one.

Any function of a whole number k = 0, 1, 2, ... is a schedule; so they are multiplied, joined and drawn like functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_lite.numbers import whole_number
from autograd_lite.optim.checked import in_range
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.states import State, check_names

Factor = Callable[[int], float]


class Schedule:
    """Sets the optimiser's learning rate to ``base_lr * factor(k)`` after k calls of `step`.

    Parameters
    ----------
    optimizer : Optimizer
        Its learning rate at this moment is base_lr; it becomes ``base_lr * factor(0)`` at once.
    factor : function from int to float
        `step_decay`, `exponential`, `linear`, `cosine`, `warm_up`, or any of your own.

    Attributes
    ----------
    base_lr : float
        What the factor multiplies.
    k : int
        How many times `step` was called.

    Examples
    --------
    >>> from autograd_lite import Value, optim
    >>> optimizer = optim.SGD([Value(1.0)], lr=0.5)
    >>> schedule = optim.Schedule(optimizer, lambda k: 1 / (1 + k))
    >>> for _ in range(3):
    ...     # zero_grad(), backward() and optimizer.step() go here
    ...     schedule.step()
    >>> optimizer.lr
    0.125
    """

    def __init__(self, optimizer: Optimizer, factor: Factor) -> None:
        if not callable(factor):
            raise TypeError(f"factor is {factor!r}; give a function of the number of steps, such as exponential(0.9)")
        self.optimizer, self.factor = optimizer, factor
        self._go_to(0, optimizer.lr)

    def _go_to(self, k: int, base_lr: float) -> None:
        self.optimizer.lr = base_lr * self.factor(k)  # the first that can fail
        self.k, self.base_lr = k, base_lr

    def step(self) -> None:
        """Count one more step, of training or of epochs as you please, and set the learning rate for the next."""
        self._go_to(self.k + 1, self.base_lr)

    def state_dict(self) -> State:
        """What changes during training: ``base_lr`` and ``k``."""
        return {"base_lr": np.array(self.base_lr), "k": np.array(self.k)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`, and set the optimiser's learning rate.

        Raises
        ------
        KeyError
            If ``base_lr`` or ``k`` is missing, or there is something else.
        ValueError, TypeError
            If they are no learning rate and no number of steps, or the state is no mapping.
        """
        check_names(type(self).__name__, ["base_lr", "k"], state)
        self._go_to(whole_number("k", state["k"], least=0), in_range("base_lr", state["base_lr"], "lr"))


def step_decay(every: int, rate: float = 0.1) -> Factor:
    """``rate ** (k // every)``: multiply the learning rate by `rate` after `every` steps, again and again.

    PyTorch's ``StepLR(step_size=every, gamma=rate)``.

    Examples
    --------
    >>> factor = step_decay(30, 0.5)
    >>> factor(29), factor(30), factor(60)
    (1.0, 0.5, 0.25)
    """
    every, rate = whole_number("every", every), in_range("rate", rate, "factor")
    return lambda k: rate ** (k // every)


def exponential(rate: float) -> Factor:
    """``rate ** k``: multiply the learning rate by `rate` at every step.

    PyTorch's ``ExponentialLR(gamma=rate)``.

    Examples
    --------
    >>> exponential(0.5)(3)
    0.125
    """
    return step_decay(1, rate)


def linear(steps: int, start: float = 1.0, end: float = 0.0) -> Factor:
    """``start + (end - start) * k / steps`` until step `steps`, and `end` from there on.

    PyTorch's ``LinearLR(start_factor=start, end_factor=end, total_iters=steps)``.

    Examples
    --------
    >>> factor = linear(4)
    >>> factor(0), factor(1), factor(4), factor(5)
    (1.0, 0.75, 0.0, 0.0)
    """
    steps, start, end = whole_number("steps", steps), in_range("start", start, "factor"), in_range("end", end, "factor")
    return lambda k: start + (end - start) * min(k / steps, 1.0)


def cosine(steps: int, floor: float = 0.0) -> Factor:
    """``floor + (1 - floor) * (1 + cos(pi * k / steps)) / 2``: from 1 to `floor` along half a wave.

    After `steps` the wave goes on and the learning rate rises again, as in PyTorch's
    ``CosineAnnealingLR(T_max=steps, eta_min=floor * base_lr)``. Loshchilov, Hutter, "SGDR: stochastic gradient descent
    with warm restarts", ICLR 2017, arXiv:1608.03983, without the restarts.

    Examples
    --------
    >>> factor = cosine(100, floor=0.1)
    >>> [round(factor(k), 4) for k in (0, 50, 100)]
    [1.0, 0.55, 0.1]
    """
    steps, floor = whole_number("steps", steps), in_range("floor", floor, "factor")
    return lambda k: floor + (1 - floor) * (1 + math.cos(math.pi * k / steps)) / 2


def warm_up(steps: int, start: float = 1 / 3, then: Factor | None = None) -> Factor:
    """Rise linearly from `start` to 1 in `steps` steps, and go on with ``then(k - steps)``, or stay at 1.

    PyTorch's ``LinearLR(start_factor=start, total_iters=steps)``, followed by another in a ``SequentialLR`` with the
    milestone `steps`. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677.

    Examples
    --------
    >>> factor = warm_up(10, start=0.0, then=cosine(100))
    >>> [round(factor(k), 4) for k in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    steps, rise = whole_number("steps", steps), linear(steps, start, 1.0)
    return lambda k: rise(k) if k < steps or then is None else then(k - steps)
