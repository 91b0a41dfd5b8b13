"""A softmax classifier reads handwritten digits, with exponentials that never overflow.

1797 digits, 8 x 8 pixels each. Rows are examples: Z = XW + b is (m, 10), a score (logit) for each class, and softmax
makes each row probabilities: P = exp(Z), divided by the sum of its row. Subtracting a number from a whole row of Z
leaves P as it is, so the row's maximum is subtracted first: the largest exponential is then exp(0) = 1. Training needs
the probabilities, for their gradient: dJ/dZ = (P - Y) / m. At inference the answer is one-hot, 1 at the largest score.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from autograd_lite import Value, exp, log
from autograd_lite import sum as total
from demos._shared import AMOUNT, BLUE, MUTED, RED, SIGNED, panels, progress

CLASSES, HELD_OUT = 10, 449  # a quarter of the digits is kept away from training
ALPHA = 1.0  # the learning rate
Array = NDArray[np.float64]


class Data(NamedTuple):
    """Examples in rows: pixels X (m, 64) from 0 to 1, and the digit as a one-hot row of Y (m, 10)."""

    X: Array
    Y: Array


def load(seed: int) -> tuple[Data, Data]:
    """Return the training and the held-out digits."""
    X, digits = load_digits(return_X_y=True)
    X, Y = X / 16, np.eye(CLASSES)[digits]
    test, train = np.split(np.random.default_rng(seed).permutation(len(digits)), [HELD_OUT])
    return Data(X[train], Y[train]), Data(X[test], Y[test])


def naive_softmax(Z: Any) -> Any:
    """P by the formula as it stands: exp overflows for a score above 709."""
    return exp(Z) / total(exp(Z), axis=1, keepdims=True)


def log_softmax(Z: Any) -> Any:
    """Return log P = Z - log(sum(exp(Z))), after subtracting the maximum of each row."""
    Z = Z - Z.data.max(axis=1, keepdims=True)  # a constant to the graph: neither P nor its gradient depends on it
    return Z - log(total(exp(Z), axis=1, keepdims=True))


def softmax(Z: Any) -> Any:
    """P, the probability of each class, row by row."""
    return exp(log_softmax(Z))


def cost(W: Value, b: Value, data: Data) -> Value:
    """J, the mean over the examples of -log P of the right class."""
    J: Value = -total(data.Y * log_softmax(data.X @ W + b)) / len(data.X)
    return J


def train(data: Data, steps: int) -> tuple[Value, Value, list[float]]:
    """Descend from W = 0, b = 0; also return the cost before each step."""
    W, b = Value(np.zeros((data.X.shape[1], CLASSES)), "W"), Value(np.zeros(CLASSES), "b")
    costs = []
    for _ in progress(steps, "gradient descent"):
        W.zero_grad()
        b.zero_grad()
        J = cost(W, b, data)
        J.backward()
        costs.append(J.item())
        W.data -= ALPHA * W.grad  # W := W - alpha dW
        b.data -= ALPHA * b.grad
    return W, b, costs


def predict(W: Value, b: Value, X: Array) -> Array:
    """Return one-hot rows (m, 10), 1 at the largest score: no exponential is needed."""
    return np.asarray(np.eye(CLASSES)[(X @ W.data + b.data).argmax(axis=1)])


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Overflow and how to avoid it, then training, then some answers and what was learned."""
    Z = Value([[1000.0, 999.0, -1000.0]])
    print(f"Of the scores {Z.data[0]} the formula as it stands makes {naive_softmax(Z).data[0]},")
    print(f"and after subtracting the row's maximum {softmax(Z).data[0].round(4)}.")

    data, test = load(seed)
    W, b, costs = train(data, steps=100 if quick else 300)
    print(f"{len(costs)} steps on {len(data.X)} digits: the cost falls from {costs[0]:.3f} to {costs[-1]:.3f}.")
    P, answers = softmax(test.X @ W + b).data, predict(W, b, test.X)
    right = np.all(answers == test.Y, axis=1)
    print(f"Of the {len(right)} held-out digits {right.mean():.1%} are read right ({right.sum()}).")
    print(f"The first: in training the probabilities are used, {P[0].round(3)};")
    print(f"the answer is one-hot, {answers[0].astype(int)}: a {answers[0].argmax()}.")
    sure = P.max(axis=1)
    print(f"The answer's mean probability is {sure[right].mean():.2f} if right, {sure[~right].mean():.2f} if wrong.")

    ranked = np.argsort(-sure)  # the surest first
    hits, misses = ranked[right[ranked]], ranked[~right[ranked]]
    picks = [hits[0], hits[-1], misses[-1], misses[0]]
    draw_answers(out / "digits.png", f"{right.mean():.1%} of {len(right)} held-out digits read right", test, P, picks)
    title = "The columns of W: ink on purple speaks for the digit, on orange against"
    cells = [(str(k), "", "") for k in range(CLASSES)]
    with panels(out / "templates.png", title, *cells, columns=5, width=1.8, height=1.9) as axes:
        for template, cell in zip(W.data.T, axes, strict=True):
            cell.imshow(template.reshape(8, 8), cmap=SIGNED, vmin=-np.abs(W.data).max(), vmax=np.abs(W.data).max())
            cell.set_axis_off()
    return [out / "digits.png", out / "templates.png"]


def draw_answers(path: Path, title: str, test: Data, P: Array, picks: list[int]) -> None:
    """Draw some digits, and below each its probabilities: blue for the right class, red for a wrong answer."""
    truth, answer = test.Y.argmax(axis=1), P.argmax(axis=1)
    above = [(f"{truth[i]} read as {answer[i]}", "", "") for i in picks]
    below = [("", "class", "probability")] + [("", "class", "")] * (len(picks) - 1)
    with panels(path, title, *above, *below, columns=len(picks), width=2.1, height=2.0) as axes:
        for i, image, bars in zip(picks, axes[: len(picks)], axes[len(picks) :], strict=True):
            image.imshow(test.X[i].reshape(8, 8), cmap=AMOUNT)
            image.set_axis_off()
            colors = [BLUE if k == truth[i] else RED if k == answer[i] else MUTED for k in range(CLASSES)]
            bars.bar(range(CLASSES), P[i], color=colors)
            bars.set(ylim=(0, 1), xticks=range(0, CLASSES, 3), yticks=(0, 0.5, 1), axisbelow=True)
