"""A multilayer perceptron: L layers forward, L layers backward, and the memory that this takes.

X is (n_x, m), columns are examples, and A[0] = X. Forward, for l = 1 ... L: Z[l] = W[l] A[l-1] + b[l], and A[l] is
tanh(Z[l]) or, in the last layer, softmax(Z[l]). Backward, for l = L ... 1, the chain rule: dW[l] = dZ[l] A[l-1]^T,
db[l] is dZ[l] summed over the examples, and dZ[l-1] = W[l]^T dZ[l] * tanh'(Z[l-1]). The backward pass needs what the
forward pass computed, so it is all kept: autograd keeps the tensor of every node as long as the graph is there. With
`no_grad` there is no graph, and each tensor goes when the next ones have been computed.
"""

from __future__ import annotations

import tracemalloc
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from autograd_lite import Constant, nn, no_grad, topological_order
from autograd_lite.nn import init
from demos._shared import MUTED, SERIES, figure, progress

WIDTH, CLASSES, ALPHA = 64, 10, 0.5  # hidden units of a layer; digits; the learning rate
LAYERS, BATCHES = (2, 4, 8), (256, 512, 1024)  # L and m of the passes that are compared
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def load() -> tuple[Array, Labels]:
    """Return handwritten digits, X (64, m) from -1 to 1, and y (m,)."""
    X, y = load_digits(return_X_y=True)
    return (X / 8 - 1).T, y


def network(L: int, seed: int) -> nn.MLP:
    """Return a network of L layers, all but the last with tanh."""
    shape, start = [*[WIDTH] * (L - 1), CLASSES], init.xavier_normal()
    return nn.MLP(64, shape, activation="tanh", scalars=False, columns=True, init=start, seed=seed)


def by_hand(model: nn.MLP, X: Array, y: Labels) -> tuple[float, list[Array]]:
    """Return J and dW[1], db[1], dW[2], db[2], ... by two loops over the layers."""
    layers = [(layer.linear.weight.data, layer.linear.bias.data) for layer in model.layers]
    L, m, A = len(layers), len(y), [X]
    for i in range(1, L + 1):
        W, b = layers[i - 1]  # of layer i; Python counts from 0
        Z = W @ A[i - 1] + b
        A.append(np.tanh(Z) if i < L else np.exp(Z) / np.exp(Z).sum(axis=0))
    J = -np.mean(np.log(A[L][y, range(m)]))

    gradients: list[Array] = []
    dZ = (A[L] - (np.arange(CLASSES)[:, np.newaxis] == y)) / m
    for i in range(L, 0, -1):
        W, _ = layers[i - 1]
        gradients = [dZ @ A[i - 1].T, dZ.sum(axis=1, keepdims=True), *gradients]
        dZ = W.T @ dZ * (1 - A[i - 1] ** 2)  # tanh' is 1 - tanh^2
    return float(J), gradients


def by_autograd(model: nn.MLP, X: Array, y: Labels) -> tuple[float, list[Array]]:
    """Return the same from one backward pass."""
    model.zero_grad()
    J = nn.cross_entropy(model(X), y, axis=0)
    J.backward()
    return J.item(), [p.grad for p in model.parameters()]


def train(model: nn.MLP, X: Array, y: Labels, steps: int) -> list[float]:
    """Descend by the gradients of the two loops; return the cost before each step."""
    costs = []
    for _ in progress(steps, "gradient descent"):
        J, gradients = by_hand(model, X, y)
        for p, gradient in zip(model.parameters(), gradients, strict=True):
            p.data -= ALPHA * gradient
        costs.append(J)
    return costs


def kept(model: nn.MLP, X: Constant) -> list[int]:
    """Return the bytes of each tensor in the graph: in each layer W A, W A + b, and tanh of that but in the last."""
    return [node.data.nbytes for node in topological_order(model(X)) if node.op]


def measured(model: nn.MLP, X: Constant, recording: bool) -> tuple[int, int]:
    """Return by how many bytes a forward pass makes Python's memory grow: when it has ended, and at the most."""
    tracemalloc.start()
    with nullcontext() if recording else no_grad():
        _ = model(X)  # the name keeps the result, and the result its graph
    grown = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return grown


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare the two ways, descend, and weigh and draw what the forward pass keeps."""
    X, y = load()
    print(f"{len(y)} handwritten digits, X {X.shape}: columns are examples. Hidden layers have {WIDTH} units.")
    for L in LAYERS:
        (J, ours), (J_hand, hand) = by_autograd(network(L, seed), X, y), by_hand(network(L, seed), X, y)
        gap = max(np.abs(a - b).max() for a, b in zip(ours, hand, strict=True))
        print(f"L = {L}: J is {J:.4f}, by hand {J_hand:.4f}; the {len(ours)} gradients differ by {gap:.0e} at most.")
    costs = train(network(4, seed), X, y, 30 if quick else 300)
    print(f"L = 4: {len(costs)} steps by hand bring J from {costs[0]:.3f} to {costs[-1]:.3f}.")

    print("\nlayers  examples  MB of the graph's tensors  MB measured  MB with no_grad, at the most")
    MB = {}
    for L, m in product(LAYERS, BATCHES):
        model, batch = network(L, seed), Constant(X[:, :m])
        (grown, _), (_, most) = measured(model, batch, recording=True), measured(model, batch, recording=False)
        MB[L, m] = sum(kept(model, batch)) / 1e6
        print(f"{L:6}{m:10}{MB[L, m]:27.1f}{grown / 1e6:13.1f}{most / 1e6:30.1f}")
    print(f"A hidden layer keeps W A, W A + b and its tanh, {WIDTH} x m numbers each; by hand one would keep A alone.")
    print("Memory grows with m and with L. With no_grad only the result stays, and 8 layers need no more than 4.")

    lines = {f"L = {L}": [MB[L, m] for m in BATCHES] for L in LAYERS}
    lines["no_grad"] = [CLASSES * m * 8 / 1e6 for m in BATCHES]  # the result alone
    title = f"{L} layers, {m} examples: {MB[L, m]:.1f} MB kept, {lines['no_grad'][-1]:.2f} MB with no_grad"
    with figure(out / "mlp.png", title, "examples, m", "MB that the forward pass keeps") as axes:
        for (name, line), color in zip(lines.items(), (*SERIES[:3], MUTED), strict=True):
            axes.plot([0, *BATCHES], [0, *line], "o-", color=color)
            axes.text(m * 1.02, line[-1], name, color=color, weight="bold", va="center")
        axes.set(xlim=(0, m * 1.15), xticks=[0, *BATCHES])
    return [out / "mlp.png"]
