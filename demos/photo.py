"""Logistic regression on photographs: by 768 numbers it fits patches it has seen better than new ones.

An image of 16 x 16 pixels, each with red, green and blue, is flattened to a column of n_x = 768 numbers. Columns are
examples, X is (n_x, m); Z = w^T X + b, and A = sigmoid(Z) is the probability that the image is of the thing. Here the
images are patches of two photographs, and the thing is the flower's photograph. Neighbouring patches look alike, so the
patches of each half are judged by a model that learned from the other half, and not from the patches at the border.
Two photographs can show how the classifier works and what it goes by. They cannot show it what a flower is. They come
with scikit-learn, and are by danielbuechele and vultilion (flickr.com), under the licence CC BY 2.0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images

from autograd_lite import Constant, Value, mean, sigmoid, softplus
from demos._shared import SIGNED, panels, progress

SIDE = 16  # of a patch, in pixels
ALPHA = 0.12  # the learning rate
AUTHORS = ("danielbuechele", "vultilion")
Array = NDArray[np.float64]


def load() -> Array:
    """Return the patches, (photograph, down, across, 16, 16, 3), from -0.5 to 0.5; the second is the flower's."""
    images = np.stack(load_sample_images().images)[:, :416:2, ::2] / 255 - 0.5  # every second pixel: (2, 208, 320, 3)
    return np.asarray(images.reshape(2, 13, SIDE, 20, SIDE, 3).swapaxes(2, 3))


def columns(patches: Array) -> Array:
    """Return X (n_x, m): each patch flattened to a column."""
    return patches.reshape(-1, SIDE * SIDE * 3).T


def halves(patches: Array) -> list[tuple[Array, Array]]:
    """Return (patches to learn from, patches to judge), for either half to judge; the two never touch."""
    middle = patches.shape[2] // 2
    west, east = patches[:, :, :middle], patches[:, :, middle:]
    return [(east[:, :, 1:], west), (west[:, :, :-1], east)]


def cost(w: Value, b: Value, X: Value, Y: Array) -> Value:
    """J, the mean over the examples of -(y log a + (1 - y) log(1 - a)), written so that nothing overflows."""
    Z = np.dot(w.T, X) + b
    J: Value = mean(softplus(Z) - Y * Z)
    return J


def train(patches: Array, steps: int) -> tuple[Value, Value]:
    """Descend from w = 0, b = 0."""
    X = Constant(columns(patches), "X")
    Y = np.repeat([[0.0, 1.0]], X.shape[1] // 2, axis=1)  # (1, m): the flower's patches come second
    w, b = Value(np.zeros((X.shape[0], 1)), "w"), Value(0.0, "b")
    for _ in progress(steps, "gradient descent"):
        w.zero_grad()
        b.zero_grad()
        cost(w, b, X, Y).backward()
        w.data -= ALPHA * w.grad  # w := w - alpha dw
        b.data -= ALPHA * b.grad
    return w, b


def probabilities(w: Value, b: Value, patches: Array) -> Array:
    """Return A = sigmoid(w^T X + b), one number for each patch."""
    A = sigmoid(np.dot(w.data.T, columns(patches)) + b.data)
    return np.asarray(A).reshape(patches.shape[:3])


def right(A: Array) -> NDArray[np.bool_]:
    """Return which patches are classified correctly; the first axis is the photograph."""
    return np.stack([A[0] < 0.5, A[1] >= 0.5])


def judge(patches: Array, steps: int) -> tuple[Array, float]:
    """Return A for all patches, each by the model that has not seen its half, and the part correct in training."""
    parts, training = [], []
    for known, unseen in halves(patches):
        w, b = train(known, steps)
        parts.append(probabilities(w, b, unseen))
        training.append(right(probabilities(w, b, known)))
    return np.concatenate(parts, axis=2), float(np.mean(training))


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Judge every patch by its mean colour and by its pixels. Nothing here is random."""
    patches = load()
    colour = patches.mean(axis=(3, 4), keepdims=True)
    views = {"mean colour": np.broadcast_to(colour, patches.shape), "every pixel": patches}
    near, far = (np.abs(colour[:, :, k:] - colour[:, :, :-k]).mean() for k in (1, 10))
    X, count = columns(halves(patches)[0][0]), patches[..., 0, 0, 0].size
    print(f"Two photographs, a pagoda and a flower, are cut into {count} patches of {SIDE} x {SIDE} pixels.")
    print(f"A patch is flattened to a column of {SIDE} * {SIDE} * 3 = {len(X)} numbers;")
    print(f"X of the model for one half is {X.shape}.")
    print(f"Patches side by side differ in mean colour by {near:.2f}, half a photograph apart by {far:.2f}: whole")
    print("halves are held out. Classified correctly:")
    for name, view in views.items():
        A, training = judge(view, steps=300 if quick else 1000)
        print(f"  by {name}: {training:.1%} of the training patches, {right(A).mean():.1%} of those held out")
    print("By every pixel it fits the patches it has seen, and falls far behind on new ones.")
    flower = colour[1].squeeze().argmax(axis=-1) == 0  # where red is the strongest colour
    petals, background = right(A)[1][flower].mean(), right(A)[1][~flower].mean()
    print(f"In the flower's photograph {background:.0%} of the {(~flower).sum()} background patches are correct, but")
    print(f"of the flower, the {flower.sum()} patches where red is the strongest colour, {petals:.0%}.")
    print("It has learned the colours of two photographs, not what a flower is.")
    title = f"{right(A).mean():.0%} of held-out patches classified correctly, but {petals:.0%} of the flower"
    draw(out / "map.png", title, patches, A)
    return [out / "map.png"]


def draw(path: Path, title: str, patches: Array, A: Array) -> None:
    """Draw the photographs, and below each its patches' probabilities over it in grey."""
    images = patches.swapaxes(2, 3).reshape(2, 13 * SIDE, 20 * SIDE, 3)
    above = [("not the flower's photograph", "", ""), ("the flower's photograph", "", "")]
    below = [("probability of the flower's photo:", "", ""), ("orange 0, purple 1", "", "")]
    with panels(path, title, *above, *below, columns=2, width=4.2, height=3.1) as axes:
        for image, author, probability, plain, overlay in zip(images, AUTHORS, A, axes[:2], axes[2:], strict=True):
            plain.imshow(image + 0.5)
            plain.text(3, len(image) - 3, f"{author}, CC BY 2.0", color="white", size=9)
            overlay.imshow(image.mean(axis=-1), cmap="gray")
            overlay.imshow(np.kron(probability, np.ones((SIDE, SIDE))), cmap=SIGNED, vmin=0, vmax=1, alpha=0.7)
            plain.set_axis_off()
            overlay.set_axis_off()
