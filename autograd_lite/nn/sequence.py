"""Layers for sequences: recurrent cells, and attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_lite import functions as ag
from autograd_lite.nn.init import Initialiser, uniform
from autograd_lite.nn.layers import Linear
from autograd_lite.nn.module import Module
from autograd_lite.seeds import Seed, generator


class _Cell(Module):
    """A recurrent cell: its gates are linear in the input and in the hidden state, within 1/sqrt(n_hidden) at first."""

    gates: int = 1

    def __init__(self, n_in: int, n_hidden: int, *, init: Initialiser | None = None, seed: Seed = None) -> None:
        self.n_in, self.n_hidden = n_in, n_hidden
        bound = 1 / math.sqrt(n_hidden)
        rng, init = generator(seed), init or uniform(-bound, bound)
        self.input = Linear(n_in, self.gates * n_hidden, init=init, seed=rng)
        self.hidden = Linear(n_hidden, self.gates * n_hidden, bias=False, init=init, seed=rng)

    def state(self, h: Any, x: Any) -> Any:
        """A state before a step from x: zeros if it is None, else itself, if it has a row for each example of x."""
        shape = (*np.shape(x)[:-1], self.n_hidden)
        if h is None:
            dtype = getattr(x, "dtype", np.dtype(float))
            return np.zeros(shape, dtype if dtype.kind == "f" else float)
        if np.shape(h) != shape:
            raise ValueError(f"{self.title} needs a state of shape {shape} for this x; it has shape {np.shape(h)}")
        return h

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.n_in}, {self.n_hidden}"


class RNNCell(_Cell):
    """One step of a recurrent network: h' = tanh(x W + b + h U).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> cell, h = nn.RNNCell(3, 5, seed=0), None
    >>> for x in np.ones((7, 2, 3)):  # 7 steps of 2 examples
    ...     h = cell(x, h)
    >>> h.shape
    (2, 5)
    """

    def forward(self, x: Any, h: Any = None) -> Any:
        """Step from h, of shape (..., n_hidden), zeros by default, given x (..., n_in)."""
        return ag.tanh(self.input(x) + self.hidden(self.state(h, x)))


class LSTMCell(_Cell):
    """One step of a long short-term memory: c' = f * c + i * g, h' = o * tanh(c').

    The gates i, f, o are sigmoids, and g a tanh, of x W + b + h U; W's columns hold i, f, g, o in this order.

    References
    ----------
    Hochreiter, Schmidhuber (1997), Long Short-Term Memory; with the forget gate of Gers et al. (2000).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> cell, state = nn.LSTMCell(3, 5, seed=0), None
    >>> for x in np.ones((7, 2, 3)):
    ...     state = cell(x, state)
    >>> h, c = state
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates = 4

    def forward(self, x: Any, state: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
        """Step from state (h, c), each of shape (..., n_hidden), zeros by default, given x (..., n_in)."""
        if not (state is None or (isinstance(state, (tuple, list)) and len(state) == 2)):
            raise TypeError(f"{self.title} needs its state as a pair (h, c), not {type(state).__name__}")
        h, c = (self.state(part, x) for part in state or (None, None))
        z, n = self.input(x) + self.hidden(h), self.n_hidden
        i, f, g, o = (z[..., k * n : (k + 1) * n] for k in range(4))
        c = ag.sigmoid(f) * c + ag.sigmoid(i) * ag.tanh(g)
        return ag.sigmoid(o) * ag.tanh(c), c


class MultiHeadAttention(Module):
    """Every position looks at others: softmax(Q K^T / sqrt(d)) V in several heads, each of d = dim / heads dimensions.

    Parameters
    ----------
    dim, heads : int
        The length of the vectors, and into how many heads it is cut.
    causal : bool
        No position looks at later ones.
    bias : bool
        Whether the four linear maps have biases.
    init : initialiser
        How their weights start; see `Linear`.
    seed : None, int or numpy Generator
        Where random numbers come from.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> nn.MultiHeadAttention(16, 4, causal=True, seed=0)(np.ones((2, 7, 16))).shape
    (2, 7, 16)
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        causal: bool = False,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        if heads < 1 or dim % heads:
            raise ValueError(f"dim {dim} cannot be cut into {heads} heads of equal size")
        self.dim, self.heads, self.causal = dim, heads, causal
        rng = generator(seed)
        self.query, self.key, self.value, self.output = (Linear(dim, dim, bias, init=init, seed=rng) for _ in range(4))

    def forward(self, x: Any, memory: Any = None, mask: Any = None) -> Any:
        """Attend from x, of shape (..., t, dim), to `memory` (..., s, dim), which is x itself by default.

        `mask`, of a shape that broadcasts to (..., heads, t, s), is True where a position may look; a position that
        may look nowhere becomes nan.
        """
        values = self._in_heads(self.value(self._checked(x if memory is None else memory)))
        heads = ag.matmul(self.weights(x, memory, mask), values)
        return self.output(ag.reshape(_swapped(heads, -2, -3), (*np.shape(x)[:-1], self.dim)))

    def weights(self, x: Any, memory: Any = None, mask: Any = None) -> Any:
        """How much each position looks at each other, (..., heads, t, s): rows that sum to 1."""
        q = self._in_heads(self.query(self._checked(x)))
        k = self._in_heads(self.key(x if memory is None else memory))
        if mask is not None and np.asarray(mask).dtype != bool:
            raise TypeError("mask must hold bools, True where a position may look; of an additive mask take mask == 0")
        scores = ag.matmul(q, _swapped(k, -1, -2)) / math.sqrt(self.dim // self.heads)
        if self.causal:
            earlier = np.tri(*np.shape(scores)[-2:]) > 0
            mask = earlier if mask is None else mask & earlier
        return ag.softmax(scores if mask is None else ag.where(mask, scores, -np.inf))

    def _checked(self, x: Any) -> Any:
        if np.ndim(x) < 2:
            raise ValueError(f"{self.title} needs (..., t, {self.dim}); x has shape {np.shape(x)}")
        return x

    def _in_heads(self, x: Any) -> Any:
        """Cut (..., t, dim) into (..., heads, t, d)."""
        return _swapped(ag.reshape(x, (*np.shape(x)[:-1], self.heads, self.dim // self.heads)), -2, -3)

    def extra_repr(self) -> str:
        """Return sizes and options."""
        return f"{self.dim}, {self.heads}{', causal=True' * self.causal}"


def _swapped(x: Any, i: int, j: int) -> Any:
    """Exchange two axes."""
    axes = list(range(np.ndim(x)))
    axes[i], axes[j] = axes[j], axes[i]
    return ag.transpose(x, tuple(axes))
