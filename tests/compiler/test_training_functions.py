"""Losses as people write them, each against the function itself while the parameters move."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, no_grad, vectorize

START = np.random.default_rng(0)


def layers(*sizes: int) -> list[Any]:
    return [[[Value(0.3 * START.normal()) for _ in range(a + 1)] for _ in range(b)] for a, b in pairwise(sizes)]


NETWORK, TARGET = layers(3, 5, 4), layers(3, 5, 4)
MODEL = nn.Sequential(nn.Linear(3, 5, seed=0), nn.ReLU(), nn.Linear(5, 4, seed=1))
WEIGHTS = [w for layer in NETWORK for row in layer for w in row]
PARAMETERS = [*WEIGHTS, *(w for layer in TARGET for row in layer for w in row), *MODEL.parameters()]


def scores(network: Any, x: Any) -> Any:
    for k, layer in enumerate(network):
        x = [sum(w * a for w, a in zip(row, x, strict=False)) + row[-1] for row in layer]
        x = x if k == len(network) - 1 else [a.tanh() for a in x]
    return x


def classification(X: Any, y: Any) -> Any:
    loss = 0.0
    for x, t in zip(X, y, strict=True):
        e = [a.exp() for a in scores(NETWORK, x)]
        loss = loss - (e[t] / sum(e)).log()
    return loss / len(X)


def classification_by_products(X: Any, y: Any) -> Any:
    loss = 0.0
    for x, t in zip(X, y, strict=True):
        z = scores(NETWORK, x)
        total = sum(a.exp() for a in z)
        loss = loss - sum((t == k) * (a - total.log()) for k, a in enumerate(z))
    return loss / len(X)


def q_learning(S: Any, actions: Any, rewards: Any, S2: Any, done: Any, gamma: float = 0.9) -> Any:
    total = 0.0
    for s, a, r, s2, d in zip(S, actions, rewards, S2, done, strict=True):
        with no_grad():
            goal = r + gamma * ag.max(scores(TARGET, s2)) * (1 - d)
        total = total + (ag.take(ag.stack(scores(NETWORK, s)), a) - goal) ** 2
    return total / len(S)


def dropout(X: Any, y: Any, mask: Any) -> Any:
    kept = [[a * k / 0.8 for a, k in zip(x, m, strict=True)] for x, m in zip(X, mask, strict=True)]
    return sum((scores(NETWORK, x)[0] - t) ** 2 for x, t in zip(kept, y, strict=True)) / len(X)


def huber(X: Any, y: Any, delta: float = 0.5) -> Any:
    total = 0.0
    for x, t in zip(X, y, strict=True):
        e = abs(scores(NETWORK, x)[0] - t)
        total = total + (0.5 * e * e if e < delta else delta * (e - 0.5 * delta))
    return total / len(y)


def huber_by_where(X: Any, y: Any, delta: float = 0.5) -> Any:
    errors = [abs(scores(NETWORK, x)[0] - t) for x, t in zip(X, y, strict=True)]
    return sum(ag.where(e < delta, 0.5 * e * e, delta * (e - 0.5 * delta)) for e in errors) / len(y)


@dataclass(frozen=True)
class Options:
    decay: float
    sparsity: float = 1e-3
    act: str = "tanh"


def with_options(o: Options, X: Any, y: Any) -> Any:
    loss = sum((scores(NETWORK, x)[0] - t) ** 2 for x, t in zip(X, y, strict=True)) / len(y)
    if o.act == "tanh":
        loss = loss + o.decay * sum(w * w for w in WEIGHTS)
    return loss + o.sparsity * sum(abs(w) for w in WEIGHTS)


def accuracy_beside_the_loss(X: Any, y: Any) -> Any:
    z = MODEL(X)
    return nn.cross_entropy(z, y) + 0.0 * (np.argmax(z, axis=1) == y).mean()


def one_hot(X: Any, y: Any) -> Any:
    chosen = y[:, None] == np.arange(4)
    return -(chosen * ag.log_softmax(MODEL(X))).sum() / len(y)


def stable_softmax(X: Any, y: Any) -> Any:
    z = MODEL(X)
    e = (z - z.max(axis=1, keepdims=True).detach()).exp()
    return -(e / e.sum(axis=1, keepdims=True))[np.arange(len(y)), y].log().mean()


def straight_through(X: Any, y: Any) -> Any:
    h = MODEL(X)
    return ((h + (np.sign(h) - h).detach()).sum(axis=1) - y).square().mean()


def policy(X: Any, old: Any, advantage: Any) -> Any:
    ratio = (MODEL(X)[:, 0] - old).exp()
    return -ag.minimum(ratio * advantage, ag.clip(ratio, 0.8, 1.2) * advantage).mean()


def masked_mean(X: Any, y: Any) -> Any:
    kept = y > 0
    return ag.where(kept, (MODEL(X)[:, 0] - y) ** 2, 0.0).sum() / np.maximum(kept.sum(), 1.0)


def every_other(X: Any, y: Any) -> Any:
    total = 0.0
    for i, (x, t) in enumerate(zip(X, y, strict=True)):
        if i % 2 == 0:
            continue
        total = total + np.maximum(0.0, 1.0 - t * scores(NETWORK, x)[0])
    return total / max(1, len(y) // 2)


def draw(kinds: str, m: int, rng: Any) -> tuple[Any, ...]:
    made = {
        "X": lambda: rng.normal(size=(m, 3)),
        "k": lambda: rng.integers(0, 4, size=m),
        "r": lambda: rng.normal(size=m),
        "d": lambda: rng.random(m) < 0.3,
        "M": lambda: rng.random((m, 3)) < 0.8,
        "o": lambda: Options(float(rng.random())),
    }
    return tuple(made[kind]() for kind in kinds)


ONE = [
    (classification_by_products, "Xk"), (q_learning, "XkrXd"), (dropout, "XrM"), (huber_by_where, "Xr"),
    (with_options, "oXr"), (one_hot, "Xk"), (stable_softmax, "Xk"), (straight_through, "Xr"), (policy, "Xrr"),
    (masked_mean, "Xr"), (every_other, "Xr"),
]  # fmt: skip
SEVERAL = [(classification, "Xk"), (huber, "Xr"), (accuracy_beside_the_loss, "Xk")]


def gradients(y: Any) -> list[Any]:
    for p in PARAMETERS:
        p.grad = None
    y.backward()
    return [np.zeros(p.shape) if p.grad is None else p.grad for p in PARAMETERS]


@pytest.mark.parametrize(("f", "kinds"), ONE + SEVERAL)
def test_a_training(f: Any, kinds: str) -> None:
    rng, fast = np.random.default_rng(1), vectorize(f)
    for _ in range(5):
        args = draw(kinds, 6 if (f, kinds) in ONE else 2, rng)
        got, expected = fast(*args), f(*args)
        assert got.data == pytest.approx(expected.data, rel=1e-10)
        found = gradients(got)
        for one, other in zip(found, gradients(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        for p, g in zip(PARAMETERS, found, strict=True):
            p.data = p.data - 0.05 * g
    assert len(fast._cache) == 1 if (f, kinds) in ONE else len(fast._cache) > 1
    assert "left the graph" not in fast.report()
