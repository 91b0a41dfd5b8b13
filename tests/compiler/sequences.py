"""Programs on sequences, with a loop over the steps: RNN, LSTM, attention, microgpt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd_lite as ag
from autograd_lite import Value
from tests.compiler.pieces import Case, Matrix, Vector, flat, linear, matrix, softmax, squared_error, vector


def rnn(seed: int) -> Case:
    """20 sequences of 8 steps through 16 tanh units; the last state predicts a number."""
    rng = np.random.default_rng(seed)
    Wx, Wh, b = matrix(rng, 16, 4), matrix(rng, 16, 16), vector(rng, 16)
    v, c = vector(rng, 16), Value(0.2)

    def predicted(xs: Matrix) -> Any:
        h: Vector = [0.0] * 16
        for x in xs:
            h = [(p + q + bi).tanh() for p, q, bi in zip(linear(x, Wx), linear(h, Wh), b, strict=True)]
        return sum(vi * hi for vi, hi in zip(v, h, strict=True)) + c

    def cost(sequences: list[Matrix], targets: Vector) -> Any:
        errors = [(predicted(xs) - t) ** 2 for xs, t in zip(sequences, targets, strict=True)]
        return sum(errors) / len(errors)

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(20, 8, 4)).tolist(), rng.normal(size=20).tolist()

    return Case(cost, numbers(), numbers(), flat(Wx, Wh, b, v, c))


def lstm(seed: int) -> Case:
    """10 sequences of 6 steps through 8 LSTM cells; the last state predicts a number."""
    rng = np.random.default_rng(seed)
    gates = {name: (matrix(rng, 8, 4), matrix(rng, 8, 8), vector(rng, 8)) for name in "ifog"}
    v = vector(rng, 8)

    def gate(name: str, x: Vector, h: Vector) -> Vector:
        Wx, Wh, b = gates[name]
        return [p + q + bi for p, q, bi in zip(linear(x, Wx), linear(h, Wh), b, strict=True)]

    def predicted(xs: Matrix) -> Any:
        h: Vector = [0.0] * 8
        c: Vector = [0.0] * 8
        for x in xs:
            i, f, o = ([z.sigmoid() for z in gate(name, x, h)] for name in "ifo")
            g = [z.tanh() for z in gate("g", x, h)]
            c = [fk * ck + ik * gk for fk, ck, ik, gk in zip(f, c, i, g, strict=True)]
            h = [ok * ck.tanh() for ok, ck in zip(o, c, strict=True)]
        return sum(vk * hk for vk, hk in zip(v, h, strict=True))

    def cost(sequences: list[Matrix], targets: Vector) -> Any:
        errors = [(predicted(xs) - t) ** 2 for xs, t in zip(sequences, targets, strict=True)]
        return sum(errors) / len(errors)

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(10, 6, 4)).tolist(), rng.normal(size=10).tolist()

    return Case(cost, numbers(), numbers(), flat(list(gates.values()), v))


def attend(q: Vector, keys: Matrix, values: Matrix, heads: int) -> Vector:
    """What a position sees in those up to itself, head by head."""
    seen = []
    size = len(q) // heads
    for h in range(heads):
        part = range(h * size, (h + 1) * size)
        scores = [sum(q[j] * k[j] for j in part) / math.sqrt(size) for k in keys]
        weights = softmax(scores)
        seen += [sum(w * v[j] for w, v in zip(weights, values, strict=True)) for j in part]
    return seen


def attention(seed: int) -> Case:
    """Causal attention: a sequence of 8, embedding 16, 4 heads; square error of its output."""
    rng = np.random.default_rng(seed)
    Wq, Wk, Wv, Wo = (matrix(rng, 16, 16) for _ in range(4))

    def cost(X: Matrix, Y: Matrix) -> Any:
        keys: Matrix = []
        values: Matrix = []
        J = 0.0
        for x, y in zip(X, Y, strict=True):
            keys.append(linear(x, Wk))
            values.append(linear(x, Wv))
            J = J + squared_error(linear(attend(linear(x, Wq), keys, values, 4), Wo), y)
        return J / len(X)

    def numbers() -> tuple[Any, ...]:
        return rng.normal(size=(8, 16)).tolist(), rng.normal(size=(8, 16)).tolist()

    return Case(cost, numbers(), numbers(), flat(Wq, Wk, Wv, Wo))


def rmsnorm(x: Vector) -> Vector:
    """X divided by the root of its mean square."""
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def microgpt(seed: int) -> Case:
    """Karpathy's microgpt: one layer, embedding 16, 4 heads, 27 tokens, 4,192 parameters; a name of 8 characters."""
    rng = np.random.default_rng(seed)
    vocabulary, block, d = 27, 16, 16
    wte, wpe, lm_head = (matrix(rng, n, d, 0.2) for n in (vocabulary, block, vocabulary))
    Wq, Wk, Wv, Wo = (matrix(rng, d, d, 0.2) for _ in range(4))
    W1, W2 = matrix(rng, 4 * d, d, 0.2), matrix(rng, d, 4 * d, 0.2)
    embeddings = np.array(wte, dtype=object)

    def gpt(token: int, position: int, keys: Matrix, values: Matrix) -> Vector:
        x = [t + p for t, p in zip(ag.take(embeddings, token, axis=0), wpe[position], strict=True)]
        residual = rmsnorm(x)
        x = rmsnorm(residual)
        keys.append(linear(x, Wk))
        values.append(linear(x, Wv))
        x = linear(attend(linear(x, Wq), keys, values, 4), Wo)
        residual = [a + b for a, b in zip(x, residual, strict=True)]
        x = [z.relu() for z in linear(rmsnorm(residual), W1)]
        x = [a + b for a, b in zip(linear(x, W2), residual, strict=True)]
        return linear(x, lm_head)

    def cost(tokens: list[int], targets: list[int]) -> Any:
        keys: Matrix = []
        values: Matrix = []
        losses = []
        for position, (token, target) in enumerate(zip(tokens, targets, strict=True)):
            p = softmax(gpt(token, position, keys, values))
            losses.append(-ag.take(ag.stack([pk.log() for pk in p]), target))
        return (1 / len(losses)) * sum(losses)

    def numbers() -> tuple[Any, ...]:
        tokens = rng.integers(vocabulary, size=9).tolist()
        return tokens[:-1], tokens[1:]

    return Case(cost, numbers(), numbers(), flat(wte, wpe, lm_head, Wq, Wk, Wv, Wo, W1, W2))
