"""The programs in NumPy by hand as an expert writes them when every microsecond counts.

All arrays exist beforehand and all results are written into them; examples are columns, so that reductions over
features add whole rows; a row of ones below the inputs makes each bias a column of its weights, and its gradient comes
out of the same product. Each class takes parameters and inputs once to make the arrays; called with inputs, it returns
the cost and the gradients, which the next call overwrites.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.rerolled.by_hand import Answer, Arrays
from benchmarks.rerolled.calls import (
    add,
    beside,
    divide,
    dot,
    greater,
    maximum,
    multiply,
    parts,
    row_sum,
    subtract,
    with_ones,
)
from benchmarks.rerolled.sequence_buffers import LSTM, RNN, AttentionError, MicroGPT


class LogisticRegression:
    def __init__(self, parameters: Arrays, X: Any, y: Any) -> None:
        self.w, self.b = parameters
        self.Z, self.E = np.empty((2, len(X)))

    def __call__(self, X: Any, y: Any) -> Answer:
        Z, E, m = self.Z, self.E, len(y)
        dot(X, self.w, out=Z)
        add(Z, self.b, out=Z)
        np.negative(Z, out=E)
        np.exp(E, out=E)
        add(E, 1, out=E)  # 1/E is the sigmoid
        linear = Z.dot(y) - row_sum(Z)
        np.log(E, out=Z)
        J = (row_sum(Z) - linear) / m
        divide(1, E, out=E)
        subtract(E, y, out=E)
        dw = dot(E, X)
        dw /= m
        return J, [dw, row_sum(E) / m]


class SoftmaxRegression:
    def __init__(self, parameters: Arrays, X: Any, Y: Any) -> None:
        self.W, b = parameters
        self.b = b[:, None]
        self.dW, self.db = np.empty_like(self.W), np.empty_like(b)
        self.Z, self.S = np.empty((10, len(X))), np.empty(len(X))

    def __call__(self, X: Any, Y: Any) -> Answer:
        Z, S, m = self.Z, self.S, len(X)
        dot(self.W, X.T, out=Z)
        add(Z, self.b, out=Z)
        maximum.reduce(Z, out=S)
        subtract(Z, S, out=Z)
        chosen = np.einsum("nk,kn->", Y, Z)
        np.exp(Z, out=Z)
        row_sum(Z, out=S)
        divide(Z, S, out=Z)
        np.log(S, out=S)
        J = (row_sum(S) - chosen) / m
        subtract(Z, Y.T, out=Z)
        divide(Z, m, out=Z)
        dot(Z, X, out=self.dW)
        row_sum(Z, axis=1, out=self.db)
        return J, [self.dW, self.db]


class Moons:
    def __init__(self, parameters: Arrays, X: Any, y: Any) -> None:
        m = len(X)
        self.sizes = [(16, 3), (16, 17), (1, 17)]
        self.theta = np.concatenate(
            [beside(W, b).ravel() for W, b in zip(parameters[::2], parameters[1::2], strict=False)]
        )
        self.gradient = np.empty_like(self.theta)
        self.W1, self.W2, self.W3 = self.split(self.theta)
        self.D1, self.D2, self.D3 = self.split(self.gradient)
        self.W2T, self.W3T = self.W2[:, :-1].T, self.W3[:, :-1].T
        self.X, self.A1, self.A2 = with_ones(2, m), with_ones(16, m), with_ones(16, m)
        self.points, self.Z1, self.Z2 = self.X[:-1], self.A1[:-1], self.A2[:-1]
        self.A1T, self.A2T, self.XT = self.A1.T, self.A2.T, self.X.T
        self.dZ, self.dA = np.empty((2, 16, m))
        self.s, self.margin = np.empty((2, 1, m))
        self.on = np.empty((16, m), dtype=bool)
        self.decay = np.empty_like(self.theta)
        self.gradients = [d for D in (self.D1, self.D2, self.D3) for d in parts(D)]

    def split(self, flat: Any) -> Arrays:
        ends = np.cumsum([a * b for a, b in self.sizes])
        return [flat[end - a * b : end].reshape(a, b) for end, (a, b) in zip(ends, self.sizes, strict=False)]

    def __call__(self, X: Any, y: Any) -> Answer:
        Z1, Z2, dZ, dA, s, margin, on = self.Z1, self.Z2, self.dZ, self.dA, self.s, self.margin, self.on
        self.points[:] = X.T
        dot(self.W1, self.X, out=Z1)
        maximum(Z1, 0, out=Z1)
        dot(self.W2, self.A1, out=Z2)
        maximum(Z2, 0, out=Z2)
        dot(self.W3, self.A2, out=s)
        multiply(s, y, out=margin)
        subtract(1, margin, out=margin)
        maximum(margin, 0, out=margin)
        J = row_sum(margin, axis=None) / len(y) + 1e-4 * self.theta.dot(self.theta)

        np.sign(margin, out=margin)
        multiply(margin, y, out=s)
        multiply(s, -1 / len(y), out=s)
        dot(s, self.A2T, out=self.D3)
        dot(self.W3T, s, out=dZ)
        greater(Z2, 0, out=on)
        multiply(dZ, on, out=dZ)
        dot(dZ, self.A1T, out=self.D2)
        dot(self.W2T, dZ, out=dA)
        greater(Z1, 0, out=on)
        multiply(dA, on, out=dA)
        dot(dA, self.XT, out=self.D1)
        multiply(self.theta, 2e-4, out=self.decay)
        add(self.gradient, self.decay, out=self.gradient)
        return J, self.gradients


class TanhMLP:
    def __init__(self, parameters: Arrays, X: Any, y: Any) -> None:
        m = len(X)
        self.W = [beside(W, b) for W, b in zip(parameters[::2], parameters[1::2], strict=False)]
        self.D = [np.empty_like(W) for W in self.W]
        self.A = [with_ones(W.shape[1] - 1, m) for W in self.W]
        self.tops = [A[:-1] for A in self.A]
        self.r, (self.S, self.dZ, self.dA) = np.empty((1, m)), np.empty((3, 16, m))
        self.WT, self.AT = [W[:, :-1].T for W in self.W], [A.T for A in self.A]
        self.gradients = [d for D in self.D for d in parts(D)]

    def __call__(self, X: Any, y: Any) -> Answer:
        r, S, m = self.r, self.S, len(y)
        self.tops[0][:] = X.T
        for W, A, Z in zip(self.W, self.A, self.tops[1:], strict=False):
            dot(W, A, out=Z)
            np.tanh(Z, out=Z)
        dot(self.W[-1], self.A[-1], out=r)
        subtract(r, y, out=r)
        J = np.vdot(r, r) / m
        multiply(r, 2 / m, out=r)
        dZ, free, back = r, self.dZ, self.dA
        for layer in range(len(self.W) - 1, -1, -1):
            dot(dZ, self.AT[layer], out=self.D[layer])
            if layer == 0:
                return J, self.gradients
            dot(self.WT[layer], dZ, out=free)
            multiply(self.tops[layer], self.tops[layer], out=S)
            subtract(1, S, out=S)
            multiply(free, S, out=free)
            dZ, free, back = free, back, free
        raise AssertionError("there is a first layer")


class Convolution:
    """Each of a block's four places is an array of its own, so that pooling takes maxima of whole arrays."""

    def __init__(self, parameters: Arrays, images: Any, targets: Any) -> None:
        K, c, W, b = parameters
        m = len(images)
        self.K, self.W = beside(K.reshape(4, 9), c), beside(W, b)
        self.DK, self.DW = np.empty_like(self.K), np.empty_like(self.W)
        self.P = with_ones(9, 100 * m)
        self.patches = self.P[:-1].reshape(3, 3, 2, 2, 5, 5, m)
        self.Z = np.empty((4, 4, 25 * m))
        self.F = with_ones(100, m)
        self.top = self.F[:-1].reshape(4, 1, 25 * m)
        self.half, self.dF, self.R = np.empty((4, 2, 25 * m)), np.empty((100, m)), np.empty((3, m))
        self.where, self.on = np.empty(self.Z.shape, dtype=bool), np.empty((100, m), dtype=bool)
        dK, dc = parts(self.DK)
        self.gradients = [dK, dc, *parts(self.DW)]

    def __call__(self, images: Any, targets: Any) -> Answer:
        Z, F, R, dF, half, top, m = self.Z, self.F, self.R, self.dF, self.half, self.top, len(images)
        n, i, j = images.strides
        windows = np.lib.stride_tricks.as_strided(images, self.patches.shape, (i, j, i, j, 2 * i, 2 * j, n))
        np.copyto(self.patches, windows)
        dot(self.K, self.P, out=Z.reshape(4, 100 * m))
        maximum(Z[:, :2], Z[:, 2:], out=half)
        maximum(half[:, :1], half[:, 1:], out=top)
        np.equal(Z, top, out=self.where)
        maximum(top, 0, out=top)
        dot(self.W, F, out=R)
        subtract(R, targets.T, out=R)
        J = np.vdot(R, R) / m

        multiply(R, 2 / m, out=R)
        dot(R, F.T, out=self.DW)
        dot(self.W[:, :-1].T, R, out=dF)
        greater(F[:-1], 0, out=self.on)
        multiply(dF, self.on, out=dF)
        multiply(self.where, dF.reshape(4, 1, 25 * m), out=Z)
        dot(Z.reshape(4, 100 * m), self.P.T, out=self.DK)
        return J, self.gradients


class Rosenbrock:
    def __init__(self, parameters: Arrays, a: Any, b: Any) -> None:
        (self.x,) = parameters
        n = len(self.x)
        self.left, self.right = self.x[:-1], self.x[1:]
        self.step, self.rest = np.empty((2, n - 1))
        self.dx = np.empty(n)

    def __call__(self, a: Any, b: Any) -> Answer:
        step, rest, left, dx = self.step, self.rest, self.left, self.dx
        multiply(left, left, out=step)
        subtract(self.right, step, out=step)
        subtract(left, a, out=rest)
        J = b * step.dot(step) + rest.dot(rest)
        multiply(rest, 2, out=dx[:-1])
        dx[-1] = 0
        multiply(step, 2 * b, out=step)
        add(dx[1:], step, out=dx[1:])
        multiply(step, left, out=step)
        multiply(step, 2, out=step)
        subtract(dx[:-1], step, out=dx[:-1])
        return J, [dx]


class GaussianMixture:
    """The exponents are quadratic in x: one product with [x0^2 x1^2 x0 x1 1], and one back."""

    def __init__(self, parameters: Arrays, X: Any) -> None:
        self.logits, self.means, self.log_sigmas = parameters
        m = len(X)
        self.F = np.ones((5, m))
        self.E, self.tops = np.empty((4, m)), np.empty(m)
        self.coefficients, self.D = np.empty((2, 4, 5))

    def __call__(self, X: Any) -> Answer:
        F, E, tops, C, D, means = self.F, self.E, self.tops, self.coefficients, self.D, self.means
        F[2:4] = X.T
        multiply(F[2:4], F[2:4], out=F[:2])
        precision = np.exp(-2 * self.log_sigmas)
        weights = np.exp(self.logits - self.logits.max())
        weights /= weights.sum()
        multiply(precision, -0.5, out=C[:, :2])
        multiply(precision, means, out=C[:, 2:4])
        C[:, 4] = np.log(weights) - (C[:, 2:4] * means * 0.5 + self.log_sigmas).sum(axis=1) - math.log(2 * math.pi)
        dot(C, F, out=E)
        maximum.reduce(E, out=tops)
        subtract(E, tops, out=E)
        J = row_sum(tops)
        np.exp(E, out=E)
        row_sum(E, out=tops)
        divide(E, tops, out=E)
        np.log(tops, out=tops)
        J = -(J + row_sum(tops)) / len(X)

        dot(E, F.T, out=D)
        divide(D, -len(X), out=D)
        squares, sums, count = D[:, :2], D[:, 2:4], D[:, 4:]
        d_means = (sums - count * means) * precision
        d_log_sigmas = (squares - 2 * sums * means + count * means * means) * precision - count
        return J, [D[:, 4] + weights, d_means, d_log_sigmas]


BUFFERED = {
    "logistic regression": LogisticRegression,
    "softmax regression": SoftmaxRegression,
    "moons": Moons,
    "tanh MLP": TanhMLP,
    "convolution": Convolution,
    "RNN": RNN,
    "LSTM": LSTM,
    "attention": AttentionError,
    "microgpt": MicroGPT,
    "Rosenbrock": Rosenbrock,
    "Gaussian mixture": GaussianMixture,
}
