"""The programs as one writes them in NumPy by hand: forward, backward, a new array for every result.

Each takes the parameters, a list of arrays whose shapes `SHAPES` gives, and the inputs as arrays, and returns the cost
and the gradients in the same order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Arrays = list[Any]
Answer = tuple[Any, Arrays]

PERCEPTRON = [shape for m, n in [(16, 4), (16, 16), (16, 16), (16, 16), (1, 16)] for shape in [(m, n), (m,)]]
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "logistic regression": [(30,), ()],
    "softmax regression": [(10, 64), (10,)],
    "moons": [(16, 2), (16,), (16, 16), (16,), (1, 16), (1,)],
    "tanh MLP": PERCEPTRON,
    "convolution": [(4, 3, 3), (4,), (3, 100), (3,)],
    "RNN": [(16, 4), (16, 16), (16,), (16,), ()],
    "LSTM": [(8, 4), (8, 8), (8,)] * 4 + [(8,)],
    "attention": [(16, 16)] * 4,
    "microgpt": [(27, 16), (16, 16), (27, 16), *[(16, 16)] * 4, (64, 16), (16, 64)],
    "Rosenbrock": [(1000,)],
    "Gaussian mixture": [(4,), (4, 2), (4, 2)],
}


def split(theta: Any, program: str) -> Arrays:
    """The parameters of a program as views of one flat vector."""
    ends = np.cumsum([math.prod(shape) for shape in SHAPES[program]])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends[:-1]), SHAPES[program], strict=True)]


def flat(tensors: Arrays) -> Any:
    """All numbers in one vector."""
    return np.concatenate([np.ravel(t) for t in tensors])


def log_softmax(Z: Any) -> Any:
    Z = Z - Z.max(axis=-1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=-1, keepdims=True))


def sigmoid(Z: Any) -> Any:
    return 1 / (1 + np.exp(-Z))


def logistic_regression(parameters: Arrays, X: Any, y: Any) -> Answer:
    w, b = parameters
    Z = X @ w + b
    J = np.mean(np.logaddexp(0, Z) - y * Z)
    dZ = (sigmoid(Z) - y) / len(y)
    return J, [dZ @ X, dZ.sum()]


def softmax_regression(parameters: Arrays, X: Any, Y: Any) -> Answer:
    W, b = parameters
    log_p = log_softmax(X @ W.T + b)
    J = -np.sum(Y * log_p) / len(X)
    dZ = (np.exp(log_p) - Y) / len(X)
    return J, [dZ.T @ X, dZ.sum(axis=0)]


def moons(parameters: Arrays, X: Any, y: Any) -> Answer:
    W1, b1, W2, b2, W3, b3 = parameters
    A1 = np.maximum(X @ W1.T + b1, 0)
    A2 = np.maximum(A1 @ W2.T + b2, 0)
    margin = 1 - y * (A2 @ W3[0] + b3)
    J = np.maximum(margin, 0).mean() + 1e-4 * sum(np.sum(p * p) for p in parameters)
    dz = np.where(margin > 0, -y / len(y), 0)[:, None]
    dZ2 = dz * W3 * (A2 > 0)
    dZ1 = dZ2 @ W2 * (A1 > 0)
    data = [dZ1.T @ X, dZ1.sum(axis=0), dZ2.T @ A1, dZ2.sum(axis=0), dz.T @ A2, dz.sum(axis=0)]
    return J, [g + 2e-4 * p for g, p in zip(data, parameters, strict=True)]


def tanh_mlp(parameters: Arrays, X: Any, y: Any) -> Answer:
    Ws, bs = parameters[::2], parameters[1::2]
    A = [X]
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        A.append(np.tanh(A[-1] @ W.T + b))
    R = A[-1] @ Ws[-1].T + bs[-1] - y[:, None]
    dZ = 2 / len(X) * R
    gradients = []
    for W, a in zip(reversed(Ws), reversed(A), strict=True):
        gradients += [dZ.sum(axis=0), dZ.T @ a]
        dZ = dZ @ W * (1 - a * a)
    return np.mean(R * R), gradients[::-1]


def convolution(parameters: Arrays, images: Any, targets: Any) -> Answer:
    K, c, W, b = parameters
    m = len(images)
    patches = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2)).reshape(m, 100, 9)
    A = np.maximum(patches @ K.reshape(4, 9).T + c, 0)  # (m, 100, 4)
    blocks = A.reshape(m, 5, 2, 5, 2, 4)
    top = blocks.max(axis=(2, 4), keepdims=True)
    F = top.transpose(0, 5, 1, 3, 2, 4).reshape(m, 100)
    R = F @ W.T + b - targets
    dY = 2 / m * R
    dF = (dY @ W).reshape(m, 4, 5, 5).transpose(0, 2, 3, 1)[:, :, None, :, None]
    dZ = ((blocks == top) & (blocks > 0)) * dF
    dZ = dZ.reshape(m * 100, 4)
    dK = dZ.T @ patches.reshape(m * 100, 9)
    return np.sum(R * R) / m, [dK.reshape(4, 3, 3), dZ.sum(axis=0), dY.T @ F, dY.sum(axis=0)]


def rnn(parameters: Arrays, X: Any, y: Any) -> Answer:
    Wx, Wh, b, v, c = parameters
    m, steps = X.shape[:2]
    H = [np.zeros((m, 16))]
    for t in range(steps):
        H.append(np.tanh(X[:, t] @ Wx.T + H[-1] @ Wh.T + b))
    r = H[-1] @ v + c - y
    dy = 2 / m * r
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dH = dy[:, None] * v
    for t in reversed(range(steps)):
        dZ = dH * (1 - H[t + 1] ** 2)
        dWx += dZ.T @ X[:, t]
        dWh += dZ.T @ H[t]
        db += dZ.sum(axis=0)
        dH = dZ @ Wh
    return np.mean(r * r), [dWx, dWh, db, dy @ H[-1], dy.sum()]


def lstm(parameters: Arrays, X: Any, y: Any) -> Answer:
    *gates, v = parameters
    Wx, Wh, b = (np.concatenate(gates[k::3]) for k in range(3))  # the four gates i, f, o, g side by side
    m, steps = X.shape[:2]
    h = c = np.zeros((m, 8))
    kept = []
    for t in range(steps):
        Z = X[:, t] @ Wx.T + h @ Wh.T + b
        i, f, o = np.split(sigmoid(Z[:, :24]), 3, axis=1)
        g = np.tanh(Z[:, 24:])
        before, c = (h, c), f * c + i * g
        tanh_c = np.tanh(c)
        h = o * tanh_c
        kept.append((before, i, f, o, g, tanh_c))
    r = h @ v - y
    dy = 2 / m * r
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh, dc = dy[:, None] * v, np.zeros((m, 8))
    for t in reversed(range(steps)):
        (h_before, c_before), i, f, o, g, tanh_c = kept[t]
        dc = dc + dh * o * (1 - tanh_c**2)
        dZ = np.hstack(
            [dc * g * i * (1 - i), dc * c_before * f * (1 - f), dh * tanh_c * o * (1 - o), dc * i * (1 - g * g)]
        )
        dWx += dZ.T @ X[:, t]
        dWh += dZ.T @ h_before
        db += dZ.sum(axis=0)
        dh, dc = dZ @ Wh, dc * f
    parts = [np.split(d, 4) for d in (dWx, dWh, db)]
    return np.mean(r * r), [*(d[k] for k in range(4) for d in parts), dy @ h]


def heads(A: Any) -> Any:
    """From (T, 16) to (4, T, 4)."""
    return A.reshape(len(A), 4, 4).transpose(1, 0, 2)


def joined(A: Any) -> Any:
    """Back from (4, T, 4) to (T, 16)."""
    return A.transpose(1, 0, 2).reshape(-1, 16)


def attend(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
    """Causal attention (T, 16), and what its backward pass needs."""
    Q, K, V = heads(X @ Wq.T), heads(X @ Wk.T), heads(X @ Wv.T)
    S = Q @ K.transpose(0, 2, 1) / 2
    S = np.where(np.tri(len(X), dtype=bool), S, -np.inf)
    P = np.exp(log_softmax(S))
    return joined(P @ V), (X, Q, K, V, P)


def attend_back(dO: Any, kept: Any, Wq: Any, Wk: Any, Wv: Any) -> tuple[Any, Arrays]:
    """The gradients of X, and of Wq, Wk, Wv."""
    X, Q, K, V, P = kept
    dO = heads(dO)
    dP = dO @ V.transpose(0, 2, 1)
    dS = P * (dP - np.sum(dP * P, axis=-1, keepdims=True)) / 2
    dQ, dK, dV = joined(dS @ K), joined(dS.transpose(0, 2, 1) @ Q), joined(P.transpose(0, 2, 1) @ dO)
    return dQ @ Wq + dK @ Wk + dV @ Wv, [dQ.T @ X, dK.T @ X, dV.T @ X]


def attention(parameters: Arrays, X: Any, Y: Any) -> Answer:
    *projections, Wo = parameters
    seen, kept = attend(X, *projections)
    R = seen @ Wo.T - Y
    dY = 2 / len(X) * R
    _, gradients = attend_back(dY @ Wo, kept, *projections)
    return np.sum(R * R) / len(X), [*gradients, dY.T @ seen]


def rmsnorm(X: Any) -> tuple[Any, Any]:
    """X divided by the root of its mean square, and the divisor's reciprocal."""
    scale = (np.mean(X * X, axis=-1, keepdims=True) + 1e-5) ** -0.5
    return X * scale, scale


def rmsnorm_back(dY: Any, Y: Any, scale: Any) -> Any:
    return scale * (dY - Y * np.mean(dY * Y, axis=-1, keepdims=True))


def microgpt(parameters: Arrays, tokens: Any, targets: Any) -> Answer:
    wte, wpe, lm_head, Wq, Wk, Wv, Wo, W1, W2 = parameters
    T = len(tokens)
    N0, s0 = rmsnorm(wte[tokens] + wpe[:T])
    N1, s1 = rmsnorm(N0)
    seen, kept = attend(N1, Wq, Wk, Wv)
    R1 = seen @ Wo.T + N0
    N2, s2 = rmsnorm(R1)
    A = np.maximum(N2 @ W1.T, 0)
    R2 = A @ W2.T + R1
    log_p = log_softmax(R2 @ lm_head.T)
    positions = np.arange(T)
    J = -np.mean(log_p[positions, targets])

    dL = np.exp(log_p)
    dL[positions, targets] -= 1
    dL /= T
    dR2 = dL @ lm_head
    dZ = dR2 @ W2 * (A > 0)
    dR1 = dR2 + rmsnorm_back(dZ @ W1, N2, s2)
    dN1, projections = attend_back(dR1 @ Wo, kept, Wq, Wk, Wv)
    dX = rmsnorm_back(dR1 + rmsnorm_back(dN1, N1, s1), N0, s0)
    dwte, dwpe = np.zeros_like(wte), np.zeros_like(wpe)
    np.add.at(dwte, tokens, dX)
    dwpe[:T] = dX
    return J, [dwte, dwpe, dL.T @ R2, *projections, dR1.T @ seen, dZ.T @ N2, dR2.T @ A]


def rosenbrock(parameters: Arrays, a: Any, b: Any) -> Answer:
    (x,) = parameters
    left, right = x[:-1], x[1:]
    step, rest = right - left * left, a - left
    dx = np.zeros_like(x)
    dx[1:] = 2 * b * step
    dx[:-1] -= 4 * b * step * left + 2 * rest
    return np.sum(b * step * step + rest * rest), [dx]


def gaussian_mixture(parameters: Arrays, X: Any) -> Answer:
    logits, means, log_sigmas = parameters
    D = (X[:, None] - means) / np.exp(log_sigmas)  # (m, 4, 2)
    log_weights = log_softmax(logits)
    E = log_weights - 0.5 * np.sum(D * D, axis=2) - log_sigmas.sum(axis=1) - math.log(2 * math.pi)
    log_shares = log_softmax(E)
    J = -np.mean(E[:, 0] - log_shares[:, 0])
    dE = -np.exp(log_shares) / len(X)
    d_logits = dE.sum(axis=0) + np.exp(log_weights)
    d_means = np.einsum("nk,nkd->kd", dE, D) / np.exp(log_sigmas)
    d_log_sigmas = np.einsum("nk,nkd->kd", dE, D * D - 1)
    return J, [d_logits, d_means, d_log_sigmas]


PLAIN = {
    "logistic regression": logistic_regression,
    "softmax regression": softmax_regression,
    "moons": moons,
    "tanh MLP": tanh_mlp,
    "convolution": convolution,
    "RNN": rnn,
    "LSTM": lstm,
    "attention": attention,
    "microgpt": microgpt,
    "Rosenbrock": rosenbrock,
    "Gaussian mixture": gaussian_mixture,
}
