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

from autograd_lite import Constant, nn, no_grad, optim, topological_order
from autograd_lite.nn import init
from demos._shared import BLUE, MUTED, SERIES, panels, progress

WIDTH, CLASSES, LAYERS = 64, 10, (2, 4, 8)  # hidden units of a layer; digits; L of the networks that are compared
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def load(seed: int) -> tuple[tuple[Array, Labels], tuple[Array, Labels]]:
    """Return handwritten digits to learn from, X (64, m) and y (m,), and a quarter of them held out."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    X, y = (X[order] / 8 - 1).T, y[order]  # from 0 ... 16 to -1 ... 1
    held_out = len(y) // 4
    return (X[:, held_out:], y[held_out:]), (X[:, :held_out], y[:held_out])


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
    return J.item(), [p for layer in model.layers for p in (layer.linear.weight.grad, layer.linear.bias.grad)]


def kept(model: nn.MLP, X: Constant) -> list[list[int]]:
    """Return for each layer the bytes of the tensors that it adds to the graph: W A, W A + b, and tanh of that."""
    A, seen, layers = X, set(), []
    for layer in model.layers:
        A = layer(A)
        added = [node for node in topological_order(A) if node.op and node not in seen]
        seen.update(added)
        layers.append([node.data.nbytes for node in added])
    return layers


def measured(model: nn.MLP, X: Constant, recording: bool) -> tuple[int, int]:
    """Return by how many bytes a forward pass makes Python's memory grow: when it has ended, and at the most."""
    tracemalloc.start()
    with nullcontext() if recording else no_grad():
        _ = model(X)  # the name keeps the result, and the result its graph
    grown = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return grown


def train(model: nn.MLP, X: Array, y: Labels, steps: int) -> list[float]:
    """Descend with all examples in each step; return the cost before each."""
    optimizer, inputs, costs = optim.Adam(model.parameters(), lr=0.01), Constant(X), []
    for _ in progress(steps, "training"):
        optimizer.zero_grad()
        J = nn.cross_entropy(model(inputs), y, axis=0)
        J.backward()
        optimizer.step()
        costs.append(J.item())
    return costs


def draw(path: Path, batches: list[int], graphs: dict[tuple[int, int], list[list[int]]]) -> None:
    """Draw what each layer keeps, and how the whole grows with the batch and with the number of layers."""
    L, m = max(graphs)
    total = {size: sum(map(sum, layers)) / 1e6 for size, layers in graphs.items()}
    lines = {f"L = {depth}": [total[depth, size] for size in batches] for depth in LAYERS}
    lines["no_grad"] = [CLASSES * size * 8 / 1e6 for size in batches]  # the result alone
    title = f"{m} examples, {L} layers: {total[L, m]:.1f} MB kept, {lines['no_grad'][-1]:.2f} MB with no_grad"
    labels = ("Each layer: W A, W A + b, tanh", "layer", "MB kept"), ("All layers", "examples, m", "MB kept")
    with panels(path, title, *labels) as (left, right):
        left.bar(range(1, L + 1), [sum(layer) / 1e6 for layer in graphs[L, m]], color=BLUE, zorder=3)
        for (name, line), color in zip(lines.items(), (*SERIES[:3], MUTED), strict=True):
            right.plot([0, *batches], [0, *line], "o-", color=color)
            right.text(m * 1.04, line[-1], name, color=color, weight="bold", va="center")
        right.set(xlim=(0, m * 1.3), xticks=[0, *batches])


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Compare the two ways, train, and weigh and draw what the forward pass keeps."""
    (X, y), (X_test, y_test) = load(seed)
    print(f"{len(y)} handwritten digits, X {X.shape}: columns are examples. Hidden layers have {WIDTH} units.")
    for L in LAYERS:
        (J, ours), (J_hand, hand) = by_autograd(network(L, seed), X, y), by_hand(network(L, seed), X, y)
        gap = max(np.abs(a - b).max() for a, b in zip(ours, hand, strict=True))
        print(f"L = {L}: J is {J:.4f}, by hand {J_hand:.4f}; the {len(ours)} gradients differ by {gap:.0e} at most.")
    model = network(4, seed)
    costs = train(model, X, y, 30 if quick else 100)
    right = np.mean(model(X_test).data.argmax(axis=0) == y_test)
    print(f"L = 4: {len(costs)} steps, cost {costs[0]:.3f} -> {costs[-1]:.3f}; {right:.1%} of the held-out told right.")

    print("\nMB that a forward pass keeps: the tensors of the graph's nodes, and what tracemalloc measures")
    print("layers  examples  tensors  measured  with no_grad, at the most")
    batches, graphs = [256, 512, 1024], {}
    for L, m in product(LAYERS, batches):
        model, batch = network(L, seed), Constant(X[:, :m])
        graphs[L, m] = kept(model, batch)
        sizes = sum(map(sum, graphs[L, m])), measured(model, batch, True)[0], measured(model, batch, False)[1]
        print("{:6}{:10}{:9.1f}{:10.1f}{:27.1f}".format(L, m, *(size / 1e6 for size in sizes)))
    tensors = len(graphs[L, m][0])
    print(f"A hidden layer keeps {tensors} tensors of {WIDTH} x m numbers of 8 bytes; by hand one would keep A alone.")
    print("Memory grows with m and with L. With no_grad only the result stays, and 8 layers need no more than 4.")

    draw(out / "mlp.png", batches, graphs)
    return [out / "mlp.png"]
