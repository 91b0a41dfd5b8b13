"""The programs in JAX and in PyTorch: the forward pass, from the parameters as arrays of `SHAPES` to the cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers import jax, peer

Arrays = list[Any]
Losses = dict[str, Callable[..., Any]]


def jax_losses() -> Losses:
    """For each program, a function that jit compiles."""
    library = jax()
    jnp, jnn, lax = peer("jax.numpy"), library.nn, library.lax

    def logistic_regression(ps: Arrays, X: Any, y: Any) -> Any:
        w, b = ps
        Z = X @ w + b
        return jnp.mean(jnn.softplus(Z) - y * Z)

    def softmax_regression(ps: Arrays, X: Any, Y: Any) -> Any:
        W, b = ps
        return -jnp.sum(Y * jnn.log_softmax(X @ W.T + b)) / len(X)

    def moons(ps: Arrays, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        A = jnn.relu(jnn.relu(X @ W1.T + b1) @ W2.T + b2)
        return jnn.relu(1 - y * (A @ W3[0] + b3)).mean() + 1e-4 * sum(jnp.sum(p * p) for p in ps)

    def tanh_mlp(ps: Arrays, X: Any, y: Any) -> Any:
        A = X
        for W, b in zip(ps[:-2:2], ps[1:-2:2], strict=True):
            A = jnp.tanh(A @ W.T + b)
        return jnp.mean((A @ ps[-2][0] + ps[-1] - y) ** 2)

    def convolution(ps: Arrays, images: Any, targets: Any) -> Any:
        K, c, W, b = ps
        Z = lax.conv(images[:, None], K[:, None], (1, 1), "VALID") + c[:, None, None]
        F = jnn.relu(Z).reshape(-1, 4, 5, 2, 5, 2).max(axis=(3, 5)).reshape(-1, 100)
        return jnp.sum((F @ W.T + b - targets) ** 2) / len(images)

    def rnn(ps: Arrays, X: Any, y: Any) -> Any:
        Wx, Wh, b, v, c = ps
        h = jnp.zeros((len(X), 16))
        for t in range(X.shape[1]):
            h = jnp.tanh(X[:, t] @ Wx.T + h @ Wh.T + b)
        return jnp.mean((h @ v + c - y) ** 2)

    def lstm(ps: Arrays, X: Any, y: Any) -> Any:
        *gates, v = ps
        Wx, Wh, b = (jnp.concatenate(gates[k::3]) for k in range(3))
        h = c = jnp.zeros((len(X), 8))
        for t in range(X.shape[1]):
            i, f, o, g = jnp.split(X[:, t] @ Wx.T + h @ Wh.T + b, 4, axis=1)
            c = jnn.sigmoid(f) * c + jnn.sigmoid(i) * jnp.tanh(g)
            h = jnn.sigmoid(o) * jnp.tanh(c)
        return jnp.mean((h @ v - y) ** 2)

    def attend(X: Any, *projections: Any) -> Any:
        Q, K, V = ((X @ W.T).reshape(-1, 4, 4).transpose(1, 0, 2) for W in projections)
        S = jnp.where(jnp.tri(len(X), dtype=bool), Q @ K.transpose(0, 2, 1) / 2, -jnp.inf)
        return (jnn.softmax(S) @ V).transpose(1, 0, 2).reshape(-1, 16)

    def attention(ps: Arrays, X: Any, Y: Any) -> Any:
        *projections, Wo = ps
        return jnp.sum((attend(X, *projections) @ Wo.T - Y) ** 2) / len(X)

    def rmsnorm(X: Any) -> Any:
        return X * (jnp.mean(X * X, axis=-1, keepdims=True) + 1e-5) ** -0.5

    def microgpt(ps: Arrays, tokens: Any, targets: Any) -> Any:
        wte, wpe, lm_head, *projections, Wo, W1, W2 = ps
        X = rmsnorm(wte[tokens] + wpe[: len(tokens)])
        X = attend(rmsnorm(X), *projections) @ Wo.T + X
        X = jnn.relu(rmsnorm(X) @ W1.T) @ W2.T + X
        return -jnp.mean(jnn.log_softmax(X @ lm_head.T)[jnp.arange(len(tokens)), targets])

    def rosenbrock(ps: Arrays, a: Any, b: Any) -> Any:
        (x,) = ps
        return jnp.sum(b * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)

    def gaussian_mixture(ps: Arrays, X: Any) -> Any:
        logits, means, log_sigmas = ps
        D = (X[:, None] - means) / jnp.exp(log_sigmas)
        E = -0.5 * jnp.sum(D * D, axis=2) - log_sigmas.sum(axis=1) - math.log(2 * math.pi)
        return -jnp.mean(jnn.logsumexp(jnn.log_softmax(logits) + E, axis=1))

    return {
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


def torch_losses() -> Losses:
    """For each program that is compared with PyTorch, its functions, fused where there are fused ones."""
    torch, F = peer("torch"), peer("torch.nn.functional")
    linear = F.linear

    def softmax_regression(ps: Arrays, X: Any, Y: Any) -> Any:
        return F.cross_entropy(linear(X, *ps), Y)

    def moons(ps: Arrays, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        A = linear(linear(X, W1, b1).relu(), W2, b2).relu()
        margins = (1 - y * linear(A, W3, b3)[:, 0]).relu()
        return margins.mean() + 1e-4 * torch.cat([p.ravel() for p in ps]).square().sum()

    def convolution(ps: Arrays, images: Any, targets: Any) -> Any:
        K, c, W, b = ps
        A = F.max_pool2d(F.conv2d(images[:, None], K[:, None], c).relu(), 2)
        return F.mse_loss(linear(A.flatten(1), W, b), targets, reduction="sum") / len(images)

    def rnn(ps: Arrays, X: Any, y: Any) -> Any:
        Wx, Wh, b, v, c = ps
        start, no_bias = torch.zeros((1, len(X), 16), dtype=X.dtype), torch.zeros_like(b)
        _, h = torch.rnn_tanh(X, start, [Wx, Wh, b, no_bias], True, 1, 0.0, True, False, True)
        return F.mse_loss(h[0] @ v + c, y)

    def heads(X: Any, W: Any) -> Any:
        return linear(X, W).view(1, -1, 4, 4).transpose(1, 2)

    def attend(X: Any, *projections: Any) -> Any:
        Q, K, V = (heads(X, W) for W in projections)
        return F.scaled_dot_product_attention(Q, K, V, is_causal=True).transpose(1, 2).reshape(-1, 16)

    def attention(ps: Arrays, X: Any, Y: Any) -> Any:
        *projections, Wo = ps
        return F.mse_loss(linear(attend(X, *projections), Wo), Y, reduction="sum") / len(X)

    rmsnorm = partial(F.rms_norm, normalized_shape=(16,), eps=1e-5)

    def microgpt(ps: Arrays, tokens: Any, targets: Any) -> Any:
        wte, wpe, lm_head, *projections, Wo, W1, W2 = ps
        X = rmsnorm(F.embedding(tokens, wte) + wpe[: len(tokens)])
        X = linear(attend(rmsnorm(X), *projections), Wo) + X
        X = linear(linear(rmsnorm(X), W1).relu(), W2) + X
        return F.cross_entropy(linear(X, lm_head), targets)

    return {
        "softmax regression": softmax_regression,
        "moons": moons,
        "convolution": convolution,
        "RNN": rnn,
        "attention": attention,
        "microgpt": microgpt,
    }


def torch_operators() -> Losses:
    """Two programs in PyTorch's operators, as one writes them without knowing the fused functions."""
    torch = peer("torch")

    def moons(ps: Arrays, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        A = ((X @ W1.T + b1).relu() @ W2.T + b2).relu()
        margins = (1 - y * (A @ W3.T + b3)[:, 0]).relu()
        return margins.mean() + 1e-4 * sum((p * p).sum() for p in ps)

    def rmsnorm(X: Any) -> Any:
        return X * ((X * X).mean(dim=-1, keepdim=True) + 1e-5) ** -0.5

    def heads(A: Any) -> Any:
        return A.reshape(-1, 4, 4).transpose(0, 1)

    def microgpt(ps: Arrays, tokens: Any, targets: Any) -> Any:
        wte, wpe, lm_head, Wq, Wk, Wv, Wo, W1, W2 = ps
        T = len(tokens)
        R = rmsnorm(wte[tokens] + wpe[:T])
        X = rmsnorm(R)
        Q, K, V = heads(X @ Wq.T), heads(X @ Wk.T), heads(X @ Wv.T)
        S = (Q @ K.transpose(1, 2) / 2).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
        R = (S.softmax(-1) @ V).transpose(0, 1).reshape(T, 16) @ Wo.T + R
        R = (rmsnorm(R) @ W1.T).relu() @ W2.T + R
        return -(R @ lm_head.T).log_softmax(-1)[torch.arange(T), targets].mean()

    return {"moons": moons, "microgpt": microgpt}
