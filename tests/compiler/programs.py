"""Programs as a student writes them: Python loops over scalar Values, which `vectorize` turns into array programs.

Each program is a function `f` of numbers, inputs in lists or arrays, whose parameters are scalar Values; it returns the
cost. Nothing in them knows that they will be rolled up. The tests hold the rolled programs to the plain ones, and
`python -m benchmarks` times them beside NumPy by hand, JAX and PyTorch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_moons

import autograd_lite as ag
from autograd_lite import Value, nn
from tests.compiler.pieces import Case, Matrix, Program, Vector, affine, flat, matrix, softmax, squared_error, vector
from tests.compiler.sequences import attention, lstm, microgpt, rnn

# --- linear models -------------------------------------------------------------------------------------------------


def logistic_regression(seed: int) -> Case:
    """Breast cancer, 569 x 30: one loop over the examples, one over the features."""
    rng = np.random.default_rng(seed)
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    w, b = vector(rng, 30, 0.05), Value(0.1)

    def cost(X: Any, y: Any) -> Any:
        J = 0.0
        for x, t in zip(X, y, strict=True):
            z = b
            for wj, xj in zip(w, x, strict=True):
                z = z + wj * xj
            a = z.sigmoid()
            J = J - (t * a.log() + (1 - t) * (1 - a).log())
        return J / len(y)

    other = rng.normal(size=X.shape), rng.integers(2, size=len(y)).astype(float)
    return Case(cost, (X, y.astype(float)), other, [*w, b])


def least_squares(seed: int) -> Case:
    """A plane through 200 points in 8 dimensions."""
    rng = np.random.default_rng(seed)
    w, b = vector(rng, 8), Value(0.5)

    def cost(X: Any, y: Any) -> Any:
        errors = []
        for x, t in zip(X, y, strict=True):
            prediction = sum(wj * xj for wj, xj in zip(w, x, strict=True)) + b
            errors.append((prediction - t) ** 2)
        return sum(errors) / (2 * len(errors))

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(200, 8)), rng.normal(size=200)

    return Case(cost, numbers(), numbers(), [*w, b])


def softmax_regression(seed: int) -> Case:
    """Digits, 200 x 64, ten classes; the labels are one-hot rows."""
    rng = np.random.default_rng(seed)
    pixels, digits = load_digits(return_X_y=True)
    W, b = matrix(rng, 10, 64, 0.1), vector(rng, 10)

    def cost(X: Any, Y: Any) -> Any:
        J = 0.0
        for x, y in zip(X, Y, strict=True):
            p = softmax(affine(x, W, b))
            J = J - sum(yk * pk.log() for yk, pk in zip(y, p, strict=True))
        return J / len(X)

    def numbers(first: int) -> tuple[Any, ...]:
        chosen = slice(first, first + 200)
        return (pixels[chosen] / 16).tolist(), np.eye(10)[digits[chosen]].tolist()

    return Case(cost, numbers(0), numbers(200), flat(W, b))


# --- networks ------------------------------------------------------------------------------------------------------


def _moons(examples: int, seed: int) -> tuple[Any, ...]:
    """Points, and labels -1 and 1."""
    X, y = make_moons(n_samples=examples, noise=0.1, random_state=seed)
    return X.tolist(), (y * 2.0 - 1.0).tolist()


def moons(seed: int) -> Case:
    """micrograd's demo: 100 points, neurons 2-16-16-1, hinge loss and L2; each neuron is a sum of its products."""
    return moons_of(100, seed)


def moons_of(examples: int, seed: int) -> Case:
    """The same with any number of points."""
    rng = np.random.default_rng(seed)
    sizes = [2, 16, 16, 1]
    layers = [
        [(vector(rng, n, 1 / math.sqrt(n)), Value(rng.normal(scale=0.1))) for _ in range(m)] for n, m in pairwise(sizes)
    ]
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]  # in micrograd's order

    def model(x: Vector) -> Any:
        for layer in layers:
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = z if layer is layers[-1] else [zi.relu() for zi in z]
        return x[0]

    def cost(X: Matrix, y: Vector) -> Any:
        scores = [model(x) for x in X]
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)

    return Case(
        cost,
        _moons(examples, seed),
        _moons(examples, seed + 1),
        flat([list(zip(*layer, strict=True)) for layer in layers]),
    )


def moons_nn(seed: int) -> Case:
    """The same with the package's own MLP, whose neurons are dot products."""
    model = nn.MLP(2, [16, 16, 1], seed=seed)

    def cost(X: Matrix, y: Vector) -> Any:
        losses = [(1 - yi * model(x)).relu() for x, yi in zip(X, y, strict=True)]
        return sum(losses) / len(losses) + 1e-4 * sum(p * p for p in model.parameters())

    return Case(cost, _moons(100, seed), _moons(100, seed + 1), list(model.parameters()))


def tanh_mlp(seed: int) -> Case:
    """A perceptron of L = 4 tanh layers and a linear output, 50 examples, square error."""
    rng = np.random.default_rng(seed)
    sizes = [4, 16, 16, 16, 16, 1]
    layers = [(matrix(rng, m, n), vector(rng, m)) for n, m in pairwise(sizes)]

    def cost(X: Matrix, y: Vector) -> Any:
        J = 0.0
        for x, t in zip(X, y, strict=True):
            for W, b in layers[:-1]:
                x = [z.tanh() for z in affine(x, W, b)]
            J = J + squared_error(affine(x, *layers[-1]), [t])
        return J / len(X)

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(50, 4)).tolist(), rng.normal(size=50).tolist()

    return Case(cost, numbers(), numbers(), flat(layers))


def convolution(seed: int) -> Case:
    """8 images 12 x 12: 4 kernels 3 x 3 and relu, maxima of 2 x 2, a linear layer with 3 outputs."""
    rng = np.random.default_rng(seed)
    kernels, c = [matrix(rng, 3, 3) for _ in range(4)], vector(rng, 4)
    W, b = matrix(rng, 3, 100), vector(rng, 3)

    def convolved(image: Matrix, K: Matrix, c: Any) -> Matrix:
        return [
            [(sum(K[p][q] * image[i + p][j + q] for p in range(3) for q in range(3)) + c).relu() for j in range(10)]
            for i in range(10)
        ]

    def pooled(A: Matrix) -> Vector:
        return [
            ag.max([A[i][j], A[i][j + 1], A[i + 1][j], A[i + 1][j + 1]])
            for i in range(0, 10, 2)
            for j in range(0, 10, 2)
        ]

    def cost(images: list[Matrix], targets: Matrix) -> Any:
        J = 0.0
        for image, t in zip(images, targets, strict=True):
            features = [f for K, ck in zip(kernels, c, strict=True) for f in pooled(convolved(image, K, ck))]
            J = J + squared_error(affine(features, W, b), t)
        return J / len(images)

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(8, 12, 12)).tolist(), rng.normal(size=(8, 3)).tolist()

    return Case(cost, numbers(), numbers(), flat(kernels, c, W, b))


# --- not networks --------------------------------------------------------------------------------------------------


def rosenbrock(seed: int) -> Case:
    """Rosenbrock's valley in 1,000 dimensions."""
    x = vector(np.random.default_rng(seed), 1000, 1.0)

    def valley(a: float, b: float) -> Any:
        return sum(b * (x[i + 1] - x[i] ** 2) ** 2 + (a - x[i]) ** 2 for i in range(len(x) - 1))

    return Case(valley, (1.0, 100.0), (2.0, 30.0), x)


def gaussian_mixture(seed: int) -> Case:
    """-log-likelihood of 300 points in the plane under 4 Gaussians with diagonal covariances."""
    rng = np.random.default_rng(seed)
    logits, means, log_sigmas = vector(rng, 4), matrix(rng, 4, 2, 1.0), matrix(rng, 4, 2)

    def cost(points: Any) -> Any:
        weights = softmax(logits)
        J = 0.0
        for x in points:
            density = 0.0
            for weight, mu, log_sigma in zip(weights, means, log_sigmas, strict=True):
                exponent = 0.0
                for xd, m, s in zip(x, mu, log_sigma, strict=True):
                    exponent = exponent - 0.5 * ((xd - m) / s.exp()) ** 2 - s - 0.5 * math.log(2 * math.pi)
                density = density + weight * exponent.exp()
            J = J - density.log()
        return J / len(points)

    def numbers() -> tuple[Any, ...]:
        return (rng.normal(size=(300, 2)) + rng.integers(-1, 2, size=(300, 1)),)

    return Case(cost, numbers(), numbers(), flat(logits, means, log_sigmas))


def spring_chain(seed: int) -> Case:
    """20 masses on 21 springs between two walls, 100 steps; how far from the target they end."""
    rng = np.random.default_rng(seed)
    start, stiffness = vector(rng, 20, 0.1), [Value(k) for k in rng.uniform(0.5, 2.0, size=21).tolist()]

    def cost(target: Vector) -> Any:
        x, v, dt = list(start), [0.0] * 20, 0.1
        for _ in range(100):
            ends = [0.0, *x, 0.0]  # displacements; the walls have none
            tension = [k * (right - left) for k, (left, right) in zip(stiffness, pairwise(ends), strict=True)]
            v = [vi + dt * (after - before) for vi, (before, after) in zip(v, pairwise(tension), strict=True)]
            x = [xi + dt * vi for xi, vi in zip(x, v, strict=True)]
        return squared_error(x, target)

    def numbers() -> tuple[Any, ...]:
        return (rng.normal(scale=0.1, size=20).tolist(),)

    return Case(cost, numbers(), numbers(), [*start, *stiffness])


OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a * b + 0.5,
    lambda a, b: (a - b).cos(),
    lambda a, b: (a + b).tanh(),
    lambda a, b: 0.5 * a - 0.5 * b,
    lambda a, b: (-a * a).exp() - b,
    lambda a, b: (a - b).relu() + a,
]


def random_graph(seed: int) -> Case:
    """2,000 steps, each an operation drawn at random on two of the results so far: there is nothing to roll."""
    rng = random.Random(seed)
    parameters = [Value(rng.uniform(-1, 1)) for _ in range(20)]
    steps = [(rng.choice(OPERATIONS), rng.randrange(40 + n), rng.randrange(40 + n)) for n in range(2000)]

    def total(inputs: Vector) -> Any:
        results = [*parameters, *(p * x for p, x in zip(parameters, inputs, strict=True))]
        for operation, i, j in steps:
            results.append(operation(results[i], results[j]))
        return sum(results)

    def numbers() -> tuple[Any, ...]:
        return ([rng.uniform(-1, 1) for _ in range(20)],)

    return Case(total, numbers(), numbers(), parameters)


PROGRAMS = {
    p.name: p
    for p in [
        Program("logistic regression", logistic_regression, 25),
        Program("least squares", least_squares, 15),
        Program("softmax regression", softmax_regression, 25),
        Program("moons", moons, 40),
        Program("moons, nn.MLP", moons_nn, 40),
        Program("tanh MLP", tanh_mlp, 50),
        Program("convolution", convolution, 40),
        Program("RNN", rnn, 100),
        Program("LSTM", lstm, 160),
        Program("attention", attention, 60),
        Program("microgpt", microgpt, 120),
        Program("Rosenbrock", rosenbrock, 20),
        Program("Gaussian mixture", gaussian_mixture, 45),
        Program("spring chain", spring_chain, 1500),
        Program("random graph", random_graph, 8000),
    ]
}
