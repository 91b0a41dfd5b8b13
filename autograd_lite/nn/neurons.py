"""micrograd's `Neuron`, `Layer` and `MLP`: the linear layer followed by an activation, on scalars unless asked."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.cells import is_cells, operand
from autograd_lite.nn.activations import Identity
from autograd_lite.nn.activations import activation as activation_named
from autograd_lite.nn.init import Initialiser, uniform, zeros
from autograd_lite.nn.layers import Linear
from autograd_lite.nn.module import Module
from autograd_lite.seeds import Seed, generator
from autograd_lite.value import Value


class _TakesLists(Module):
    """Lists of scalars in, as in micrograd, lists out; arrays in, arrays out. A single output is a Value."""

    def __call__(self, x: Any) -> Any:
        is_list = isinstance(x, (list, tuple))
        y = super().__call__(operand(x) if is_list else x)
        if not is_cells(y) or y.ndim > 1:
            return y
        if len(y) == 1:
            return y[0]
        return y.tolist() if is_list else y


class Layer(_TakesLists):
    """`nout` neurons side by side: ReLU of x W + b, or of what `activation` names; without it if not `nonlin`.

    Parameters
    ----------
    nin, nout : int
        The numbers of inputs and neurons.
    nonlin : bool
        Whether the activation is applied.
    activation : str
        ``"relu"``, ``"tanh"``, ...: a name of `autograd_lite.nn.activations`.
    scalars : bool
        Every weight is a scalar Value, as in micrograd; else W and b are arrays, which is fast.
    columns, init, seed
        As in `Linear`. On scalars W starts uniform in (-1, 1), drawn from Python's `random` if there is no seed, as
        micrograd draws it: after ``random.seed(1337)`` the weights are micrograd's.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from autograd_lite.nn import Layer
    >>> layer = Layer(2, 3, seed=0)
    >>> len(layer([Value(1.0), Value(-2.0)])), len(layer.parameters()), len(layer.neurons)
    (3, 9, 3)
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str = "relu",
        scalars: bool = True,
        columns: bool = False,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        if scalars and init is None:
            init = _like_micrograd if seed is None else uniform(-1.0, 1.0)
        self.linear = Linear(nin, nout, init=init, columns=columns, seed=seed)
        self.activation = activation_named(activation) if nonlin else Identity()
        if scalars:
            self.to_scalars()

    def forward(self, x: Any) -> Any:
        """Map x, of shape (..., nin), to (..., nout)."""
        return self.activation(self.linear(x))

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation."""
        return not isinstance(self.activation, Identity)

    @property
    def neurons(self) -> list[Neuron]:
        """The neurons, which share their Values with the layer."""
        weight, bias = self._single_weights()
        found = []
        for j in range(self.linear.n_out):
            neuron = Neuron(self.linear.n_in, self.nonlin, init=zeros())
            neuron.activation = self.activation
            ours = neuron.linear
            ours.weight, ours.bias = weight[:, [j]], bias[[j]]
            found.append(neuron)
        return found

    def _single_weights(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The weights, a column for each neuron, and the biases."""
        weight, bias = self.linear.weight, self.linear.bias
        if not is_cells(weight):
            raise TypeError("on arrays there are no single neurons and weights: to_scalars() makes some")
        return (weight.T if self.linear.columns else weight), np.ravel(bias)


class Neuron(Layer):
    """One neuron: the activation of w . x + b.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from autograd_lite.nn import Neuron
    >>> n = Neuron(2, seed=0)
    >>> y = n([1.0, -2.0])
    >>> y.backward()
    >>> [w.grad for w in n.w], n.b.grad
    ([1.0, -2.0], 1.0)
    """

    def __init__(self, nin: int, nonlin: bool = True, **options: Any) -> None:
        super().__init__(nin, 1, nonlin, **options)

    @property
    def w(self) -> tuple[Value, ...]:
        """The weights."""
        return tuple(self._single_weights()[0].flat)

    @property
    def b(self) -> Value:
        """The bias."""
        return self._single_weights()[1][0]  # type: ignore[no-any-return]


class MLP(_TakesLists):
    """A multilayer perceptron: layers of neurons, all but the last with an activation.

    Parameters
    ----------
    nin : int
        The number of inputs.
    nouts : sequence of int
        The number of neurons of each layer.
    activation, scalars, columns, init, seed
        As in `Layer`. ``scalars=False`` makes the network of arrays that is fast.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(2, [16, 16, 1], seed=0)  # micrograd's
    >>> model([1.0, -2.0]).shape, len(model.parameters())
    ((), 337)
    >>> MLP(2, [16, 16, 1], scalars=False, activation="tanh", seed=0)(np.ones((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str = "relu",
        scalars: bool = True,
        columns: bool = False,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        options: dict[str, Any] = {"activation": activation, "scalars": scalars, "columns": columns, "init": init}
        seed = None if seed is None else generator(seed)
        pairs = list(itertools.pairwise([nin, *nouts]))
        self.layers = [
            Layer(n, m, depth < len(pairs), seed=seed, **options) for depth, (n, m) in enumerate(pairs, start=1)
        ]

    def forward(self, x: Any) -> Any:
        """Pass x, of shape (..., nin), through all layers."""
        for layer in self.layers:
            x = Module.__call__(layer, x)  # a layer of one neuron stays an array here, for the next layer
        return x


def _like_micrograd(shape: tuple[int, ...], rng: Any, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """Uniform in (-1, 1) from Python's own generator, one neuron's weights after the other's."""
    return np.array([[random.uniform(-1, 1) for _ in range(fan_in)] for _ in range(fan_out)]).T
