"""`Optimizer`: what all optimisers share; each adds its rule, from a gradient to a change of the parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from autograd_lite.numbers import fixed, whole_number
from autograd_lite.optim.checked import RANGES, gradient_of, in_range, pair, trainable
from autograd_lite.optim.packing import Pack
from autograd_lite.states import State, check_names
from autograd_lite.value import Value


@dataclass(eq=False, repr=False)
class Optimizer:
    """Moves parameters against their gradients; the base of all optimisers.

    At each step, for each parameter p with gradient g: ``p := p - update(g, s)``, where `update` is the optimiser's
    rule and s what it remembers about p. A parameter whose gradient is None stays where it is, and its s too.

    To make one of your own, define `update`, and name in `slots` what it remembers.

    Parameters
    ----------
    parameters : iterable of Value
        The leaves to move, scalars and arrays alike; each keeps its shape and its dtype. Kept as a tuple, for good:
        others need an optimiser of their own, and so do those of a model after `to_scalars` or `to_arrays`.
    lr : float
        The learning rate, at least 0. It may be assigned at any time.
    weight_decay : float
        The weight d of the penalty ``d/2 * sum(p**2)``, whose gradient d * p is added to g.

    Raises
    ------
    ValueError
        If there are no parameters, or one is a Constant, was computed, or comes twice; if a hyper-parameter is out of
        its range.
    TypeError
        If a parameter is not a Value, or a hyper-parameter not a number.
    AttributeError
        If `parameters` is assigned.

    Examples
    --------
    >>> import numpy as np
    >>> class SignDescent(Optimizer):
    ...     def update(self, g, s):
    ...         return self.lr * np.sign(g)
    >>> p = Value([3.0, -5.0], label="p")
    >>> optimizer = SignDescent([p], lr=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.data
    array([ 2.5, -4.5])
    >>> optimizer
    SignDescent(1 parameter of 2 numbers, lr=0.5, weight_decay=0.0)
    """

    parameters: Iterable[Value]
    lr: float
    _: KW_ONLY
    weight_decay: float = 0.0

    slots: ClassVar[tuple[str, ...]] = ()
    """What `update` remembers about each parameter, beside the number of its steps."""
    decoupled: ClassVar[bool] = False
    """Whether weight decay shrinks the parameter itself, as in AdamW, and does not enter the gradient."""
    elementwise: ClassVar[bool] = False
    """Whether `update` treats every number by itself; many scalar parameters then take their step as one array."""

    def __post_init__(self) -> None:
        # A slot starts as the number 0; the first gradient of an array parameter makes it an array.
        self._remember([SimpleNamespace(t=0, **dict.fromkeys(self.slots, 0.0)) for _ in self.parameters])

    def _remember(self, states: list[SimpleNamespace]) -> None:
        self._pack = Pack(tuple(self.parameters), states)

    @property
    def _states(self) -> list[SimpleNamespace]:
        """What is remembered about each parameter."""
        self._pack.separate()
        return self._pack.states

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "parameters":
            if name in vars(self):
                raise AttributeError(f"the parameters of {type(self).__name__} stay: make a new one to train others")
            value = trainable(value, type(self).__name__)
        elif name == "betas":
            value = pair(name, value)
        elif name in RANGES:
            value = in_range(name, value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        options = [f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.name != "parameters"]
        sizes = [p.size for p in self.parameters]
        n, size = len(sizes), sum(sizes)
        what = f"{n} parameter{'s' * (n != 1)} of {size} number{'s' * (size != 1)}"
        return f"{type(self).__name__}({', '.join([what, *options])})"

    def update(self, g: Any, s: Any) -> Any:
        """Return what to subtract from a parameter; each optimiser has its own rule.

        Parameters
        ----------
        g : float or ndarray
            The parameter's gradient, weight decay included. Do not write to it.
        s : SimpleNamespace
            What is remembered about the parameter: ``s.t``, the number of its steps, this one included, and one
            attribute for each of `slots`, at first 0.0. Change them as you like.

        Returns
        -------
        float or ndarray
            Of g's shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update(self, g, s): define what a step subtracts")

    def step(self) -> None:
        """Move every parameter that has a gradient.

        That none has one is refused, where PyTorch would do nothing: it is the mark of an optimiser that holds other
        parameters than the model, and would train nothing, step by step.

        Raises
        ------
        ValueError
            If no parameter has a gradient, or one that was assigned has not its parameter's shape; nothing has moved
            then.
        """
        together = self._pack.numbers() if self.elementwise else None
        apart = self._pack.others if together else zip(self.parameters, self._states, strict=True)
        ready = [(p, gradient_of(p), s) for p, s in apart if p.grad is not None]
        if not ready and not together:
            raise ValueError(
                "no parameter has a gradient: call backward() first; after to_scalars() or to_arrays() make the "
                "optimiser again from model.parameters()"
            )
        if together:
            self._pack.move(self._moved(*together))
        for p, g, s in ready:
            data = p._data  # to read: p.data would copy an array
            moved = self._moved(data, g, s)
            # A new array, so that whoever has read p.data keeps what was read; read-only, so that graphs need no copy.
            p._data = p._db = float(moved) if type(data) is float else fixed(moved.astype(data.dtype, copy=False))

    def _moved(self, data: Any, g: Any, s: SimpleNamespace) -> Any:
        """A parameter's numbers after a step."""
        s.t += 1
        if self.weight_decay and not self.decoupled:
            g = g + self.weight_decay * data
        change = self.update(g, s)
        if self.weight_decay and self.decoupled:
            change = change + self.lr * self.weight_decay * data
        return data - change

    def zero_grad(self) -> None:
        """Forget all gradients: each is None again."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> State:
        """Copies of all that changes during training but the parameters, by name: ``lr``, ``0.t``, ``0.m``, ...

        Returns
        -------
        dict of str to ndarray
            The learning rate and, under each parameter's place, the number of its steps and what is remembered about
            it. Saves with ``np.savez`` and without pickle. The other hyper-parameters are not in it.

        Examples
        --------
        >>> from autograd_lite import optim
        >>> list(optim.SGD([Value(1.0), Value([2.0, 3.0])], lr=0.1).state_dict())
        ['lr', '0.t', '0.velocity', '1.t', '1.velocity']
        """
        state = {"lr": np.array(self.lr)}
        for i, s in enumerate(self._states):
            state |= {f"{i}.{name}": np.array(x) for name, x in vars(s).items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; nothing is changed unless everything fits.

        Parameters
        ----------
        state : mapping of str to array_like
            From an optimiser of the same class, whose parameters had the same shapes in the same order.

        Raises
        ------
        KeyError
            If a name is missing, or is none of this optimiser's.
        ValueError, TypeError
            If a shape or a dtype is not the parameter's, or the state is no mapping.

        Examples
        --------
        >>> from autograd_lite import optim
        >>> here, there = (optim.Adam([Value(1.0)], lr=lr) for lr in (0.1, 0.2))
        >>> there.load_state_dict(here.state_dict())
        >>> there.lr
        0.1
        """
        names = ["lr", *(f"{i}.{name}" for i, s in enumerate(self._states) for name in vars(s))]
        check_names(type(self).__name__, names, state)
        states = [
            SimpleNamespace(**{name: _fitting(f"{i}.{name}", state[f"{i}.{name}"], p) for name in vars(s)})
            for i, (p, s) in enumerate(zip(self.parameters, self._states, strict=True))
        ]
        self.lr = state["lr"]
        self._remember(states)


def _fitting(name: str, given: Any, p: Value) -> Any:
    """One entry of a state, copied, if it can be remembered about p."""
    array = np.array(given)
    if name.endswith(".t"):
        return whole_number(name, array, least=0)
    if array.dtype.kind != "f" or (array.ndim and array.dtype != p.dtype):
        raise TypeError(f"{name} has dtype {array.dtype}, its parameter has {p.dtype}; convert it with .astype")
    if array.ndim and array.shape != p.shape:
        raise ValueError(f"{name} has shape {array.shape}, its parameter has shape {p.shape}")
    return array if array.ndim else float(array)
