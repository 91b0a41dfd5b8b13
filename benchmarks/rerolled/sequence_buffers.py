"""The programs on sequences in NumPy by hand, with preallocated arrays: see buffers.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.rerolled.by_hand import Answer, Arrays, flat, split
from benchmarks.rerolled.calls import add, divide, dot, greater, maximum, multiply, row_sum, subtract, with_ones


class RNN:
    """At each step one product with [Wh Wx b] of the state, the input and 1, which lie below one another."""

    def __init__(self, parameters: Arrays, X: Any, y: Any) -> None:
        Wx, Wh, b, v, c = parameters
        m, steps, k = X.shape
        self.W, self.v = np.column_stack([Wh, Wx, b]), np.append(v, c)[None]
        self.below = np.zeros((steps + 1, 17 + k, m))
        self.below[:, -1] = 1
        self.inputs = self.below[:-1, 16:-1]
        self.steps = [(S, H[:16]) for S, H in zip(self.below, self.below[1:], strict=False)]
        self.states = self.below[1:, :16]
        self.last = with_ones(16, m)
        self.r, self.dH, self.dZ = np.empty((1, m)), np.empty((16, m)), np.empty((steps, 16, m))
        self.slope = np.empty_like(self.dZ)
        self.back = list(zip(self.slope[::-1], self.dZ[::-1], strict=False))
        self.WT, self.each, self.D = self.W[:, :16].T, np.empty((steps, *self.W.shape)), np.empty_like(self.W)

    def __call__(self, X: Any, y: Any) -> Answer:
        r, dH, m = self.r, self.dH, len(y)
        np.copyto(self.inputs, X.transpose(1, 2, 0))
        for S, H in self.steps:
            dot(self.W, S, out=H)
            np.tanh(H, out=H)
        self.last[:-1] = H
        dot(self.v, self.last, out=r)
        subtract(r, y, out=r)
        J = np.vdot(r, r) / m

        multiply(r, 2 / m, out=r)
        dv = dot(r, self.last.T)[0]
        dot(self.v[:, :-1].T, r, out=dH)
        multiply(self.states, self.states, out=self.slope)
        subtract(1, self.slope, out=self.slope)
        for slope, dZ in self.back:
            multiply(dH, slope, out=dZ)
            dot(self.WT, dZ, out=dH)
        np.matmul(self.dZ, self.below[:-1].transpose(0, 2, 1), out=self.each)
        D = row_sum(self.each, out=self.D)
        return J, [D[:, 16:-1], D[:, :16], D[:, -1], dv[:-1], dv[-1]]


class LSTM:
    """As the RNN; the sigmoids are ``(tanh(z/2) + 1) / 2``, so that one tanh serves all four gates."""

    def __init__(self, parameters: Arrays, X: Any, y: Any) -> None:
        *gates, self.v = parameters
        Wx, Wh, b = (np.concatenate(gates[k::3]) for k in range(3))
        m, steps, k = X.shape
        self.W = np.column_stack([Wh, Wx, b])
        self.halves = np.repeat([0.5, 1.0], [24, 8])[:, None]
        self.halved, self.WT = np.empty_like(self.W), self.W[:, :8].T
        self.below = np.zeros((steps + 1, 9 + k, m))
        self.below[:, -1] = 1
        self.inputs = self.below[:-1, 8:-1]
        self.G, self.slope = np.empty((2, steps, 32, m))
        self.C, self.tanh_C = np.zeros((steps + 1, 8, m)), np.empty((steps, 8, m))
        self.slope_C, self.dZ, self.each = (
            np.empty_like(self.tanh_C),
            np.empty_like(self.G),
            np.empty((steps, *self.W.shape)),
        )
        self.r, self.tmp, self.dH, self.dC = np.empty(m), *np.empty((3, 8, m))
        G, S, Z = self.G, self.slope, self.dZ
        states = self.below[:, :8]
        self.steps = [
            (
                self.below[t],
                G[t],
                G[t, :24],
                *G[t].reshape(4, 8, m),
                self.C[t],
                self.C[t + 1],
                self.tanh_C[t],
                states[t + 1],
            )
            for t in range(steps)
        ]
        self.back = [
            (*G[t].reshape(4, 8, m), self.C[t], self.tanh_C[t], self.slope_C[t], S[t], Z[t], *Z[t].reshape(4, 8, m))
            for t in reversed(range(steps))
        ]
        self.D = np.empty_like(self.W)
        blocks = self.D.reshape(4, 8, -1)
        self.gradients = [part for D in blocks for part in (D[:, 8:-1], D[:, :8], D[:, -1])]

    def __call__(self, X: Any, y: Any) -> Answer:
        r, tmp, dH, dC, m = self.r, self.tmp, self.dH, self.dC, len(y)
        np.copyto(self.inputs, X.transpose(1, 2, 0))
        multiply(self.W, self.halves, out=self.halved)
        for S, gates, sigmoids, i, f, o, g, before, after, tanh_c, h in self.steps:
            dot(self.halved, S, out=gates)
            np.tanh(gates, out=gates)
            multiply(sigmoids, 0.5, out=sigmoids)
            add(sigmoids, 0.5, out=sigmoids)
            multiply(f, before, out=after)
            multiply(i, g, out=tmp)
            add(after, tmp, out=after)
            np.tanh(after, out=tanh_c)
            multiply(o, tanh_c, out=h)
        dot(self.v, h, out=r)
        subtract(r, y, out=r)
        J = r.dot(r) / m

        multiply(r, 2 / m, out=r)
        multiply(self.v[:, None], r, out=dH)
        multiply(self.G, self.G, out=self.slope)
        subtract(self.G[:, :24], self.slope[:, :24], out=self.slope[:, :24])
        subtract(1, self.slope[:, 24:], out=self.slope[:, 24:])
        multiply(self.tanh_C, self.tanh_C, out=self.slope_C)
        subtract(1, self.slope_C, out=self.slope_C)
        dC.fill(0)
        for i, f, o, g, before, tanh_c, slope_c, slope, dZ, di, df, do, dg in self.back:
            multiply(dH, tanh_c, out=do)
            multiply(dH, o, out=tmp)
            multiply(tmp, slope_c, out=tmp)
            add(dC, tmp, out=dC)
            multiply(dC, g, out=di)
            multiply(dC, before, out=df)
            multiply(dC, i, out=dg)
            multiply(dZ, slope, out=dZ)
            dot(self.WT, dZ, out=dH)
            multiply(dC, f, out=dC)
        np.matmul(self.dZ, self.below[:-1].transpose(0, 2, 1), out=self.each)
        row_sum(self.each, out=self.D)
        return J, [*self.gradients, dot(h, r)]


class Attention:
    """Queries, keys and values by one product; the heads are views of it."""

    def __init__(self, W: Any, D: Any, T: int) -> None:
        self.W, self.D = W, D  # [Wq; Wk; Wv], and where its gradient goes
        self.QKV, self.dQKV = np.empty((2, T, 48))
        self.Q, self.K, self.V = (self.heads(self.QKV[:, k : k + 16]) for k in (0, 16, 32))
        self.dQ, self.dK, self.dV = (self.heads(self.dQKV[:, k : k + 16]) for k in (0, 16, 32))
        self.KT, self.VT = self.K.transpose(0, 2, 1), self.V.transpose(0, 2, 1)
        self.P, self.dP, self.tmp = np.empty((3, 4, T, T))
        self.PT, self.dPT = self.P.transpose(0, 2, 1), self.dP.transpose(0, 2, 1)
        self.top = np.empty((4, T, 1))
        self.O, self.dO, self.dX = np.empty((3, T, 16))
        self.heads_O, self.heads_dO = self.heads(self.O), self.heads(self.dO)
        self.hidden = np.where(np.tri(T, dtype=bool), 0.0, -np.inf)

    @staticmethod
    def heads(A: Any) -> Any:
        return A.reshape(len(A), 4, 4).transpose(1, 0, 2)

    def forward(self, X: Any) -> Any:
        P, top = self.P, self.top
        dot(X, self.W.T, out=self.QKV)
        np.matmul(self.Q, self.KT, out=P)
        multiply(P, 0.5, out=P)
        add(P, self.hidden, out=P)
        maximum.reduce(P, axis=2, keepdims=True, out=top)
        subtract(P, top, out=P)
        np.exp(P, out=P)
        row_sum(P, axis=2, keepdims=True, out=top)
        divide(P, top, out=P)
        np.matmul(P, self.V, out=self.heads_O)
        return self.O

    def backward(self, X: Any) -> Any:
        """From `dO` to `D`."""
        P, dP, top = self.P, self.dP, self.top
        np.matmul(self.PT, self.heads_dO, out=self.dV)
        np.matmul(self.heads_dO, self.VT, out=dP)
        multiply(dP, P, out=self.tmp)
        row_sum(self.tmp, axis=2, keepdims=True, out=top)
        subtract(dP, top, out=dP)
        multiply(dP, P, out=dP)
        multiply(dP, 0.5, out=dP)
        np.matmul(dP, self.K, out=self.dQ)
        np.matmul(self.dPT, self.Q, out=self.dK)
        dot(self.dQKV.T, X, out=self.D)
        return self.dQKV


class AttentionError:
    def __init__(self, parameters: Arrays, X: Any, Y: Any) -> None:
        *projections, self.Wo = parameters
        self.attention = Attention(np.concatenate(projections), np.empty((48, 16)), len(X))
        self.R, self.dWo = np.empty_like(X), np.empty_like(self.Wo)
        self.gradients = [*np.split(self.attention.D, 3), self.dWo]

    def __call__(self, X: Any, Y: Any) -> Answer:
        attention, R, T = self.attention, self.R, len(X)
        dot(attention.forward(X), self.Wo.T, out=R)
        subtract(R, Y, out=R)
        J = np.vdot(R, R) / T
        multiply(R, 2 / T, out=R)
        dot(R.T, attention.O, out=self.dWo)
        dot(R, self.Wo, out=attention.dO)
        attention.backward(X)
        return J, self.gradients


class RMSNorm:
    def __init__(self, T: int) -> None:
        self.Y, self.tmp = np.empty((2, T, 16))
        self.scale, self.mean = np.empty((2, T, 1))

    def forward(self, X: Any) -> Any:
        multiply(X, X, out=self.tmp)
        row_sum(self.tmp, axis=1, keepdims=True, out=self.scale)
        multiply(self.scale, 1 / 16, out=self.scale)
        add(self.scale, 1e-5, out=self.scale)
        np.sqrt(self.scale, out=self.scale)
        divide(X, self.scale, out=self.Y)
        return self.Y

    def backward(self, dY: Any) -> Any:
        """Change dY into dX."""
        multiply(dY, self.Y, out=self.tmp)
        row_sum(self.tmp, axis=1, keepdims=True, out=self.mean)
        multiply(self.mean, 1 / 16, out=self.mean)
        multiply(self.Y, self.mean, out=self.tmp)
        subtract(dY, self.tmp, out=dY)
        divide(dY, self.scale, out=dY)
        return dY


class MicroGPT:
    def __init__(self, parameters: Arrays, tokens: Any, targets: Any) -> None:
        self.theta, T = flat(parameters), len(tokens)
        self.gradient = np.zeros_like(self.theta)
        self.wte, self.wpe, self.lm_head, *_, self.Wo, self.W1, self.W2 = split(self.theta, "microgpt")
        self.gradients = split(self.gradient, "microgpt")
        start = self.wte.size + self.wpe.size + self.lm_head.size
        projections = [A[start : start + 768].reshape(48, 16) for A in (self.theta, self.gradient)]
        self.attention, self.norms = Attention(*projections, T), [RMSNorm(T) for _ in range(3)]
        self.positions = self.wpe[:T]
        self.X, self.R1, self.R2, self.dN, self.dR1, self.dR2 = np.empty((6, T, 16))
        self.A, self.dA, self.on = np.empty((T, 64)), np.empty((T, 64)), np.empty((T, 64), dtype=bool)
        self.L, self.top, self.lines = np.empty((T, 27)), np.empty((T, 1)), np.arange(T)
        self.one_hot = np.zeros((T, 27))

    def __call__(self, tokens: Any, targets: Any) -> Answer:
        X, R1, R2, A, L, top, T = self.X, self.R1, self.R2, self.A, self.L, self.top, len(tokens)
        first, second, third = self.norms
        attention, lines = self.attention, self.lines
        np.take(self.wte, tokens, axis=0, out=X, mode="clip")
        add(X, self.positions, out=X)
        N0 = first.forward(X)
        N1 = second.forward(N0)
        dot(attention.forward(N1), self.Wo.T, out=R1)
        add(R1, N0, out=R1)
        N2 = third.forward(R1)
        dot(N2, self.W1.T, out=A)
        maximum(A, 0, out=A)
        dot(A, self.W2.T, out=R2)
        add(R2, R1, out=R2)
        dot(R2, self.lm_head.T, out=L)
        maximum.reduce(L, axis=1, keepdims=True, out=top)
        subtract(L, top, out=L)
        J = -row_sum(L[lines, targets])
        np.exp(L, out=L)
        row_sum(L, axis=1, keepdims=True, out=top)
        divide(L, top, out=L)
        np.log(top, out=top)
        J = (J + row_sum(top, axis=None)) / T
        return J, self.backward(tokens, targets)

    def backward(self, tokens: Any, targets: Any) -> Arrays:
        L, A, dA, dN, dR1, dR2, T = self.L, self.A, self.dA, self.dN, self.dR1, self.dR2, len(tokens)
        first, second, third = self.norms
        attention, lines = self.attention, self.lines
        dwte, dwpe, dlm_head, *_, dWo, dW1, dW2 = self.gradients
        L[lines, targets] -= 1
        multiply(L, 1 / T, out=L)
        dot(L.T, self.R2, out=dlm_head)
        dot(L, self.lm_head, out=dR2)
        dot(dR2.T, A, out=dW2)
        dot(dR2, self.W2, out=dA)
        greater(A, 0, out=self.on)
        multiply(dA, self.on, out=dA)
        dot(dA.T, third.Y, out=dW1)
        dot(dA, self.W1, out=dR1)
        third.backward(dR1)
        add(dR1, dR2, out=dR1)
        dot(dR1.T, attention.O, out=dWo)
        dot(dR1, self.Wo, out=attention.dO)
        dot(attention.backward(second.Y), attention.W, out=dN)
        second.backward(dN)
        add(dN, dR1, out=dN)
        first.backward(dN)
        self.one_hot.fill(0)
        self.one_hot[lines, tokens] = 1
        dot(self.one_hot.T, dN, out=dwte)
        dwpe[:T] = dN
        return self.gradients
