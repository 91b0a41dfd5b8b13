"""Layers for images of shape (m, channels, height, width)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_lite import functions as ag
from autograd_lite.nn.init import Initialiser, drawn, fan_uniform
from autograd_lite.nn.module import Module
from autograd_lite.seeds import Seed
from autograd_lite.value import Value

Pair = int | tuple[int, int]


def _pair(n: Pair) -> tuple[int, int]:
    return (n, n) if isinstance(n, int) else n


class Conv2d(Module):
    """A convolution (cross-correlation, as in PyTorch): every window of the image times a kernel, summed.

    Parameters
    ----------
    n_in, n_out : int
        The numbers of channels.
    kernel_size, stride, padding : int or (int, int)
        Of the window, along height and width; `padding` zeros are put around the image.
    bias : bool
        Whether a number is added to each channel.
    init : initialiser
        How the kernels start; uniform within 1/sqrt(fan_in) by default, as in PyTorch.
    seed : None, int or numpy Generator
        Where random numbers come from.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> layer = nn.Conv2d(3, 8, kernel_size=5, padding=2, seed=0)
    >>> layer(np.ones((2, 3, 16, 16))).shape, layer.weight.shape
    ((2, 8, 16, 16), (8, 3, 5, 5))
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        bias: bool = True,
        *,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        self.n_in, self.n_out = n_in, n_out
        self.kernel_size, self.stride, self.padding = _pair(kernel_size), _pair(stride), _pair(padding)
        shape, window = (n_out, n_in, *self.kernel_size), math.prod(self.kernel_size)
        self.weight: Any = Value(drawn(init or fan_uniform(), shape, seed, n_in * window, n_out * window), "weight")
        self.bias: Any = Value(np.zeros(n_out), "bias") if bias else None

    def forward(self, x: Any) -> Any:
        """Convolve x, of shape (m, n_in, height, width), to (m, n_out, rows, columns)."""
        if np.ndim(x) != 4 or np.shape(x)[1] != self.n_in:
            raise ValueError(f"{self.title} needs images (m, {self.n_in}, height, width); x has shape {np.shape(x)}")
        if any(self.padding):
            x = ag.pad(x, ((0, 0), (0, 0), *((p, p) for p in self.padding)))
        windows = ag.transpose(ag.unfold(x, self.kernel_size, self.stride), (0, 2, 3, 1, 4, 5))
        length = math.prod(self.weight.shape[1:])
        rows = ag.reshape(windows, (*np.shape(windows)[:3], length))  # each window a row: one product does it all
        z = ag.matmul(rows, ag.transpose(ag.reshape(self.weight, (self.n_out, length))))
        return ag.transpose(z if self.bias is None else z + self.bias, (0, 3, 1, 2))

    def extra_repr(self) -> str:
        """Return sizes and options."""
        options = {"stride": (self.stride, (1, 1)), "padding": (self.padding, (0, 0))}
        shown = "".join(f", {name}={given}" for name, (given, usual) in options.items() if given != usual)
        return f"{self.n_in}, {self.n_out}, {self.kernel_size}{shown}{', bias=False' * (self.bias is None)}"


class MaxPool2d(Module):
    """The greatest element of every window of `kernel_size`, `stride` apart (by default side by side).

    Equal greatest elements share the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn
    >>> nn.MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def __init__(self, kernel_size: Pair, stride: Pair | None = None) -> None:
        self.kernel_size = _pair(kernel_size)
        self.stride = self.kernel_size if stride is None else _pair(stride)

    def forward(self, x: Any) -> Any:
        """Pool x, of shape (..., height, width), to (..., rows, columns)."""
        return ag.max(ag.unfold(x, self.kernel_size, self.stride), axis=(-2, -1))

    def extra_repr(self) -> str:
        """Return window and stride."""
        return f"{self.kernel_size}" + f", stride={self.stride}" * (self.stride != self.kernel_size)
