"""Layers. Rows are examples; each runs on arrays and, after `to_scalars`, on scalar Values, from the same lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd_lite import functions as ag
from autograd_lite import modes
from autograd_lite.cells import data_of, operand
from autograd_lite.nn.init import Initialiser, drawn, fan_uniform, normal
from autograd_lite.nn.module import Module, needs_features
from autograd_lite.seeds import Seed, generator
from autograd_lite.value import Value


class Sequential(Module):
    """Modules, or functions, one after the other.

    Examples
    --------
    >>> import autograd_lite as ag
    >>> from autograd_lite import nn
    >>> model = nn.Sequential(nn.Linear(2, 3, seed=0), ag.tanh, nn.Linear(3, 1, seed=1))
    >>> model([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 1)
    >>> len(model[:2]), model[0]
    (2, Linear(2, 3)  # 9 parameters)
    """

    def __init__(self, *modules: Callable[..., Any]) -> None:
        for module in modules:
            if isinstance(module, type):
                raise TypeError(f"Sequential got the class {module.__name__}: write {module.__name__}()")
            if not callable(module):
                raise TypeError(
                    f"Sequential takes modules or functions one by one, not {module!r}; of a list write *list"
                )
        vars(self).update({str(i): module for i, module in enumerate(modules)})

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        return (module for name, module in vars(self).items() if name.isdecimal())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, i: int | slice) -> Callable[..., Any]:
        chosen = list(self)[i]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen

    def forward(self, x: Any) -> Any:
        """Pass x through all modules."""
        for module in self:
            x = module(x)
        return x


class Linear(Module):
    """A linear (affine) map of every example: O = X W + b.

    Parameters
    ----------
    n_in, n_out : int
        The numbers of features and of outputs.
    bias : bool
        Whether there is a b, which starts at 0.
    init : initialiser
        How W starts (`autograd_lite.nn.init`); uniform within 1/sqrt(n_in) by default, as in PyTorch.
    columns : bool
        Columns are examples, as the course writes it: Z = W X + b, with X (n_in, m), W (n_out, n_in), b (n_out, 1).
        Otherwise rows are: X (m, n_in), W (n_in, n_out), b (n_out,).
    seed : None, int or numpy Generator
        Where random numbers come from.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> nn.Linear(3, 2, seed=0)(np.ones((5, 3))).shape
    (5, 2)
    >>> layer = nn.Linear(3, 2, columns=True, seed=0)
    >>> layer(np.ones((3, 5))).shape, layer.weight.shape, layer.bias.shape
    ((2, 5), (2, 3), (2, 1))
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        columns: bool = False,
        seed: Seed = None,
    ) -> None:
        self.n_in, self.n_out, self.columns = n_in, n_out, columns
        weight = drawn(init or fan_uniform(), (n_in, n_out), seed, n_in, n_out)
        self.weight: Any = Value(weight.T if columns else weight, "weight")
        self.bias: Any = Value(np.zeros((n_out, 1) if columns else n_out), "bias") if bias else None

    def forward(self, x: Any) -> Any:
        """Map x, of shape (..., n_in), to (..., n_out); by columns (n_in, m) to (n_out, m), or one example (n_in,)."""
        x = operand(x)
        needs_features(self, x, self.n_in, axis=0 if self.columns else -1)
        if not self.columns:
            z = ag.matmul(x, self.weight)
            return z if self.bias is None else z + self.bias
        if np.ndim(x) > 2:
            raise ValueError(f"{self.title} needs (n_in, m), columns being examples; x has shape {np.shape(x)}")
        z = ag.matmul(self.weight, x)
        return z if self.bias is None else z + (self.bias if np.ndim(x) == 2 else ag.ravel(self.bias))

    def extra_repr(self) -> str:
        """Return sizes and options."""
        options = ", bias=False" * (self.bias is None) + ", columns=True" * self.columns
        return f"{self.n_in}, {self.n_out}{options}"


class Embedding(Module):
    """A table of vectors: each whole number is looked up.

    Parameters
    ----------
    n, dim : int
        The number of rows and their length.
    init : initialiser
        How the table starts; the standard normal distribution by default.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> nn.Embedding(10, 4, seed=0)([[1, 2, 1]]).shape
    (1, 3, 4)
    """

    def __init__(self, n: int, dim: int, *, init: Initialiser | None = None, seed: Seed = None) -> None:
        self.n, self.dim = n, dim
        self.weight: Any = Value(drawn(init or normal(1.0), (n, dim), seed, n, dim), "weight")

    def forward(self, indices: Any) -> Any:
        """Look up whole numbers from 0 to n - 1, of any shape (...), to (..., dim)."""
        positions = modes.positions(indices)  # inputs of a function that is being traced
        if positions is None:
            positions = np.asarray(indices)
            if not positions.size:
                positions = positions.astype(int)
            if positions.dtype.kind not in "iu":
                raise TypeError(f"{self.title} looks up whole numbers, not {positions.dtype}")
        if np.any(positions < 0) or np.any(positions >= self.n):
            asked = data_of(positions)
            raise IndexError(
                f"{self.title} has rows 0 to {self.n - 1}; asked for {np.min(asked):g} to {np.max(asked):g}"
            )
        return ag.take(self.weight, positions, axis=0)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.n}, {self.dim}"


class LayerNorm(Module):
    """Layer normalisation: (x - mean) / sqrt(variance + eps) over the last axis, times a weight, plus a bias.

    References
    ----------
    Ba, Kiros, Hinton (2016), Layer Normalization.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> nn.LayerNorm(2, eps=0.0)([1.0, 3.0]).data
    array([-1.,  1.])
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        self.dim, self.eps = dim, eps
        self.weight, self.bias = Value(np.ones(dim), "weight"), Value(np.zeros(dim), "bias")

    def forward(self, x: Any) -> Any:
        """Normalise the last axis of x, of length dim."""
        needs_features(self, x, self.dim)
        deviation = x - ag.mean(x, axis=-1, keepdims=True)
        variance = ag.mean(deviation * deviation, axis=-1, keepdims=True)
        return deviation / ag.sqrt(variance + self.eps) * self.weight + self.bias

    def extra_repr(self) -> str:
        """Return the length."""
        return f"{self.dim}"


class RMSNorm(Module):
    """Root-mean-square normalisation: x / sqrt(mean(x**2) + eps) over the last axis, times a weight.

    References
    ----------
    Zhang, Sennrich (2019), Root Mean Square Layer Normalization.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> nn.RMSNorm(2, eps=0.0)([1.0, 7.0]).data
    array([0.2, 1.4])
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        self.dim, self.eps = dim, eps
        self.weight = Value(np.ones(dim), "weight")

    def forward(self, x: Any) -> Any:
        """Normalise the last axis of x, of length dim."""
        needs_features(self, x, self.dim)
        return x / ag.sqrt(ag.mean(ag.square(x), axis=-1, keepdims=True) + self.eps) * self.weight

    def extra_repr(self) -> str:
        """Return the length."""
        return f"{self.dim}"


class Dropout(Module):
    """In training every element is 0 with probability p, and else divided by 1 - p; in evaluation x is left alone.

    References
    ----------
    Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural Networks from Overfitting.

    Examples
    --------
    >>> from autograd_lite import nn
    >>> layer = nn.Dropout(0.5, seed=0)
    >>> layer([1.0, 1.0, 1.0, 1.0])
    array([2., 0., 0., 0.])
    >>> layer.eval()([1.0, 1.0])
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"p is {p}; the probability of dropping is at least 0 and below 1")
        self.p, self.rng = p, generator(seed)

    def forward(self, x: Any) -> Any:
        """Drop elements of x, of any shape, if in training."""
        if not self.training or not self.p:
            return x
        return ag.where(self.rng.random(np.shape(x)) >= self.p, ag.div(x, 1 - self.p), 0.0)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"{self.p}"


class Flatten(Module):
    """Each example's numbers in one row: (m, ...) to (m, n).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> nn.Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    def forward(self, x: Any) -> Any:
        """Flatten all axes but the first."""
        return ag.reshape(x, (np.shape(x)[0], math.prod(np.shape(x)[1:])))
