"""A step of gradient descent of a perceptron in NumPy by hand: with new arrays, and with arrays that exist before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Problem
from benchmarks.harness import Contestant


def mean_squares(Z: Any, t: Any) -> tuple[Any, Any]:
    """The mean of the squared errors, and their gradient."""
    D = Z - t
    return np.mean(D**2), 2 / D.size * D


def cross_entropy(Z: Any, labels: Any) -> tuple[Any, Any]:
    """The mean cross-entropy of softmax(Z) for labels, and its gradient."""
    chosen = np.arange(len(Z)), labels
    Z = Z - Z.max(axis=1, keepdims=True)
    E = np.exp(Z)
    total = E.sum(axis=1, keepdims=True)
    D = E / total
    D[chosen] -= 1
    D /= len(Z)
    return np.mean(np.log(total[:, 0]) - Z[chosen]), D


def plain(problem: Problem, loss: Callable[[Any, Any], tuple[Any, Any]]) -> Contestant:
    """Three layers, relu between them, and a new array for each result."""
    ps, (x, targets), rate = problem

    def step() -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h1 = np.maximum(x @ W1 + b1, 0.0)
        h2 = np.maximum(h1 @ W2 + b2, 0.0)
        cost, g3 = loss(h2 @ W3 + b3, targets)
        g2 = (g3 @ W3.T) * (h2 > 0)
        g1 = (g2 @ W2.T) * (h1 > 0)
        gradients = [x.T @ g1, g1.sum(axis=0), h1.T @ g2, g2.sum(axis=0), h2.T @ g3, g3.sum(axis=0)]
        for p, g in zip(ps, gradients, strict=True):
            p -= rate * g
        return cost, gradients

    return Contestant(step, lambda found: (float(found[0]), found[1]))


class MeanSquares:
    """The mean of the squared errors; their gradient is written into D."""

    def __init__(self, Z: Any, t: Any, D: Any) -> None:
        self.Z, self.t, self.D = Z, t, D
        self.flat = D.reshape(-1)

    def __call__(self) -> float:
        D = self.D
        np.subtract(self.Z, self.t, out=D)
        cost = self.flat.dot(self.flat) / D.size
        np.multiply(D, 2 / D.size, out=D)
        return cost


class CrossEntropy:
    """The mean cross-entropy of softmax(Z) for labels; its gradient is written into D."""

    def __init__(self, Z: Any, labels: Any, D: Any) -> None:
        self.Z, self.D = Z, D
        self.chosen = (np.arange(len(Z)), labels)
        self.column = np.empty((len(Z), 1))

    def __call__(self) -> float:
        Z, D, column, m = self.Z, self.D, self.column, len(self.Z)
        np.maximum.reduce(Z, axis=1, keepdims=True, out=column)
        np.subtract(Z, column, out=Z)
        linear = np.add.reduce(Z[self.chosen])
        np.exp(Z, out=D)
        np.add.reduce(D, axis=1, keepdims=True, out=column)
        np.divide(D, column, out=D)
        D[self.chosen] -= 1
        np.divide(D, m, out=D)
        np.log(column, out=column)
        return (np.add.reduce(column, axis=None) - linear) / m


def buffered(problem: Problem, loss: Callable[..., Callable[[], float]]) -> Contestant:
    """Layers of relu but for the last; parameters and gradients are one vector each, which is updated at once."""
    (x, target), ps = problem.inputs, problem.parameters
    theta, gradient = np.concatenate([p.ravel() for p in ps]), np.empty(sum(p.size for p in ps))
    update, rate = np.empty_like(theta), problem.rate
    weights, slopes = views(theta, ps), views(gradient, ps)
    A = [np.empty((len(x), W.shape[1])) for W, _ in weights]
    D = [np.empty_like(a) for a in A]
    inputs = [x, *A[:-1]]
    forward = list(zip(inputs, weights, A, strict=True))
    masks = [np.empty(a.shape, dtype=bool) for a in inputs]
    backward = [
        (a, a.T, W.T, dW, db, d, before, mask)
        for a, (W, _), (dW, db), d, before, mask in zip(inputs, weights, slopes, D, [None, *D[:-1]], masks, strict=True)
    ][::-1]
    cost_of = loss(A[-1], target, D[-1])

    def step() -> Any:
        for a, (W, b), z in forward:
            np.dot(a, W, out=z)
            np.add(z, b, out=z)
            if z is not A[-1]:
                np.maximum(z, 0, out=z)
        cost = cost_of()
        for a, a_T, W_T, dW, db, d, before, mask in backward:
            np.dot(a_T, d, out=dW)
            np.add.reduce(d, axis=0, out=db)
            if before is not None:
                np.dot(d, W_T, out=before)
                np.greater(a, 0, out=mask)
                np.multiply(before, mask, out=before)
        np.multiply(gradient, rate, out=update)
        np.subtract(theta, update, out=theta)
        return cost

    return Contestant(step, lambda cost: (float(cost), [g for pair in slopes for g in pair]))


def views(vector: Any, ps: list[Any]) -> list[tuple[Any, Any]]:
    """The parts of a vector in the shapes of the parameters, in pairs of weight and bias."""
    ends = np.cumsum([p.size for p in ps])
    parts = [part.reshape(p.shape) for part, p in zip(np.split(vector, ends[:-1]), ps, strict=True)]
    return list(zip(parts[::2], parts[1::2], strict=True))
