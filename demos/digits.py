"""A multilayer perceptron reads handwritten digits, and shows where it errs.

1797 digits, 8 x 8 pixels each; rows of X are examples. One hidden layer of 64 ReLU units, then a logit for each class,
trained by Adam on batches of 32. The held-out digits are read once, at the end: how long to train, and which targets to
train on, is chosen on others, the validation set. The targets are one-hot rows, or smooth: 0.9 for the right digit and
0.1 spread evenly over all ten, so that the network has no reason to become ever surer of itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from autograd_lite import Value, nn, optim
from autograd_lite.training import EarlyStopping, fit, split
from demos._shared import AMOUNT, INK, RED, panels

CLASSES, HIDDEN = 10, 64
HELD_OUT, VALIDATION = 449, 270  # a quarter of all digits, and a fifth of the others
SMOOTHINGS = (0.0, 0.1)  # how much of each target is spread over all classes
SHOWN = 6  # mistakes in the picture, at most
Digits = NDArray[np.intp]


class Data(NamedTuple):
    """Pixels X (m, 64) from 0 to 1, and the digits y (m,)."""

    X: NDArray[np.float64]
    y: Digits


def load(seed: int) -> tuple[Data, Data, Data]:
    """Return the digits for training, for validation, and those held out."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    rest, test = split(X / 16, y, held_out=HELD_OUT, seed=rng)
    data, validation = split(*rest, held_out=VALIDATION, seed=rng)
    return Data(*data), Data(*validation), Data(*test)


def train(data: Data, validation: Data, smoothing: float, epochs: int, seed: int) -> tuple[nn.MLP, int]:
    """Return a network as it was when its cost on the validation set was lowest, and after which epoch that was."""

    def cost(logits: Value, y: Digits) -> Any:
        return nn.cross_entropy(logits, y, label_smoothing=smoothing)

    model = nn.MLP(data.X.shape[1], [HIDDEN, CLASSES], scalars=False, seed=seed)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    stopping = EarlyStopping(patience=10)
    fit(model, *data, cost, optimizer, epochs=epochs, seed=seed, validation=validation, callbacks=[stopping])
    return model, stopping.best_epoch


def read(model: nn.MLP, X: NDArray[np.float64]) -> Digits:
    """Return the digit with the largest logit, for each row."""
    answers: Digits = model(X).data.argmax(axis=1)
    return answers


def accuracy(model: nn.MLP, data: Data) -> float:
    """The share of digits that are read right."""
    return float(np.mean(read(model, data.X) == data.y))


def confusion(truth: Digits, answers: Digits) -> NDArray[np.int64]:
    """Return how often each digit (row) is read as each (column)."""
    counts = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(counts, (truth, answers), 1)
    return counts


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train with both kinds of targets, read the held-out digits with the better network, and draw its mistakes."""
    data, validation, test = load(seed)
    print(f"{len(data.y)} digits to learn from, {len(validation.y)} to choose by, {len(test.y)} held out.")
    tried = []
    for smoothing in SMOOTHINGS:
        model, epoch = train(data, validation, smoothing, 8 if quick else 60, seed)
        share = accuracy(model, validation)
        print(f"Smoothing {smoothing}: best after epoch {epoch}, with {share:.1%} of the validation set read right.")
        tried.append((share, smoothing, model))
    _, smoothing, model = max(tried, key=lambda one: one[:2])
    print(f"Chosen: smoothing {smoothing}. Of the digits it learned from, it reads {accuracy(model, data):.1%} right.")

    answers = read(model, test.X)
    wrong = np.flatnonzero(answers != test.y)
    finding = f"{np.mean(answers == test.y):.1%} of {len(answers)} held-out digits read right"
    print(f"{finding}, all but {len(wrong)}.")
    labels = ("mistakes in red", "read as", "digit"), (f"{len(wrong[:SHOWN])} of {len(wrong)} mistakes", "", "")
    with panels(out / "digits.png", finding, *labels, width=4.6, height=4.3) as (left, area):
        draw_confusion(left, confusion(test.y, answers))
        draw_mistakes(area, test, answers, wrong[:SHOWN])
    return [out / "digits.png"]


def draw_confusion(axes: Axes, counts: NDArray[np.int64]) -> None:
    """Write each count into its cell; those off the diagonal are mistakes."""
    axes.imshow(np.diag(np.diag(counts)), AMOUNT, vmin=0, vmax=3 * counts.max())
    for (y, answer), count in np.ndenumerate(counts):
        if count:
            style: dict[str, Any] = {"color": INK} if y == answer else {"color": RED, "weight": "bold"}
            axes.text(answer, y, str(count), ha="center", va="center", **style)
    axes.set(xticks=range(CLASSES), yticks=range(CLASSES))
    axes.grid(visible=False)


def draw_mistakes(area: Axes, test: Data, answers: Digits, wrong: Digits) -> None:
    """Draw some digits, above each what it is and what it was read as."""
    area.set_axis_off()
    for place, i in enumerate(wrong):
        row, column = divmod(place, 3)
        cell = area.inset_axes((column / 3, 0.54 * (1 - row), 0.3, 0.4))
        cell.imshow(test.X[i].reshape(8, 8), AMOUNT)
        cell.set_title(f"{test.y[i]} read as {answers[i]}", size=11, pad=4)
        cell.set_axis_off()
