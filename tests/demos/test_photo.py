"""What the photo demo claims."""

import contextlib
import io
import re

import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from autograd_lite import Constant, Value
from demos import photo


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    out = tmp_path_factory.mktemp("photo")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        paths = photo.main(out, seed=0, quick=True)
    assert [path.name for path in paths] == ["map.png"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    return printed.getvalue()


@pytest.fixture(scope="module")
def patches():
    return photo.load()


def percentages(pattern, text):
    return [float(number) for number in re.search(pattern.replace("%", r"([\d.]+)%"), text, re.DOTALL).groups()]


def test_every_pixel_fits_the_training_patches_far_better_than_the_held_out_ones(told):
    pattern = "  by {}: % of the training patches, % of those held out"
    pixels, colour = (percentages(pattern.format(name), told) for name in ("every pixel", "mean colour"))
    assert pixels[0] > 85
    assert colour[0] < 82
    assert pixels[1] > 65
    assert colour[1] > 75
    assert pixels[0] - pixels[1] > 10
    assert abs(colour[0] - colour[1]) < 5
    assert "By every pixel it fits the patches it has seen, and falls far behind on new ones." in told


def test_the_flower_itself_is_not_recognised(told):
    background, flower = percentages("photograph % of the .* background .*, but.of the flower.* colour, %", told)
    assert flower < 40
    assert background > 95


def test_a_patch_is_one_column_of_x(patches, told):
    assert "cut into 520 patches of 16 x 16 pixels.\n" in told
    assert "a column of 16 * 16 * 3 = 768 numbers;\nX of the model for one half is (768, 234).\n" in told
    X = photo.columns(patches)
    assert X.shape == (16 * 16 * 3, 2 * 13 * 20)
    corner = load_sample_images().images[1][32:64, 96:128]  # second row, fourth column of the flower's photograph
    np.testing.assert_array_equal(X[:, 13 * 20 + 20 + 3], (corner[::2, ::2] / 255 - 0.5).ravel())


def test_what_is_judged_never_touches_what_was_learned_from(patches):
    place = np.broadcast_to(np.arange(20).reshape(20, 1, 1, 1), patches.shape)  # the patch's column in the photograph
    judged = []
    for known, unseen in photo.halves(place):
        assert np.abs(np.subtract.outer(np.unique(known), np.unique(unseen))).min() == 2  # one between them
        judged.extend(np.unique(unseen))
    assert judged == list(range(20))


def test_each_half_is_judged_by_the_model_that_has_not_seen_it(patches, monkeypatch):
    def biased(known, steps):
        from_the_right = np.array_equal(known, patches[:, :, 11:])
        assert from_the_right or np.array_equal(known, patches[:, :, :9])
        return Value(np.zeros((768, 1))), Value(-20.0 if from_the_right else 20.0)

    monkeypatch.setattr(photo, "train", biased)
    A, training = photo.judge(patches, steps=1)
    assert A.shape == (2, 13, 20)
    assert np.all(A[:, :, :10] < 0.5)
    assert np.all(A[:, :, 10:] > 0.5)
    assert training == 0.5  # one answer for both photographs


def test_the_gradients_are_those_of_the_formula(patches):
    rng = np.random.default_rng(0)
    X, w, b = photo.columns(patches[:, :2]), Value(0.01 * rng.normal(size=(768, 1))), Value(0.1)
    Y = rng.integers(2, size=(1, X.shape[1])).astype(float)
    photo.cost(w, b, Constant(X), Y).backward()
    A = 1 / (1 + np.exp(-(w.data.T @ X + b.data)))
    np.testing.assert_allclose(w.grad, X @ (A - Y).T / X.shape[1], rtol=0, atol=1e-12)
    assert b.grad == pytest.approx(np.mean(A - Y), rel=0, abs=1e-12)


def test_training_tells_the_flowers_patches_from_the_others(patches):
    w, b = photo.train(patches[:, :3, :5], steps=100)  # sky, and dark leaves
    correct = photo.right(photo.probabilities(w, b, patches[:, :3, :5]))
    assert correct.shape == (2, 3, 5)
    assert correct.all()


def test_by_mean_colour_the_768_weights_are_three(patches, told):
    view = np.broadcast_to(patches.mean(axis=(-3, -2), keepdims=True), patches.shape)
    w, _ = photo.train(view, steps=20)
    assert np.ptp(w.data.reshape(-1, 3), axis=0).max() < 1e-12
    assert np.ptp(w.data) > 1e-3
    A, training = photo.judge(view, steps=300)
    assert f"by mean colour: {training:.1%} of the training patches, {photo.right(A).mean():.1%} of those" in told


def test_neighbours_look_alike(told):
    near, far = (float(x) for x in re.search(r"mean colour by ([\d.]+), half a .* by ([\d.]+):", told).groups())
    assert 0 < near < far / 3
