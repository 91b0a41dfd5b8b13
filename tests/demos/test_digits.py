"""What the digits demo claims."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autograd_lite import nn
from demos import digits


@pytest.fixture(scope="module")
def parts():
    return digits.load(seed=0)


@pytest.fixture(scope="module")
def trained(parts):
    """The network that the full run chooses, and its best epoch."""
    data, validation, _ = parts
    return digits.train(data, validation, smoothing=0.1, epochs=60, seed=0)


def logits(model, X):
    """The network by NumPy alone."""
    (W1, b1), (W2, b2) = ((layer.linear.weight.data, layer.linear.bias.data) for layer in model.layers)
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


def test_each_digit_is_in_one_of_three_parts(parts):
    assert [len(part.y) for part in parts] == [1078, 270, 449]
    X, y = load_digits(return_X_y=True)
    label = {row.tobytes(): digit for row, digit in zip(X, y, strict=True)}
    assert len(label) == 1797  # no two are the same
    assert {(16 * row).tobytes(): digit for part in parts for row, digit in zip(*part, strict=True)} == label


def test_over_97_percent_of_the_held_out_digits_are_read_right(parts, trained):
    model, _ = trained
    test = parts[2]
    right = logits(model, test.X).argmax(axis=1) == test.y
    assert np.mean(right) > 0.97
    np.testing.assert_array_equal(digits.read(model, test.X) == test.y, right)
    assert digits.accuracy(model, test) == np.mean(right)


def test_a_quick_run_reads_over_93_percent_right(tmp_path, capsys):
    digits.main(tmp_path, seed=0, quick=True)
    assert float(re.search(r"([\d.]+)% of 449 held-out digits read right", capsys.readouterr().out)[1]) > 93


def test_the_network_is_that_of_its_best_epoch_on_the_validation_set(parts, trained):
    data, validation, _ = parts
    model, epoch = trained
    stopped, last = digits.train(data, validation, smoothing=0.1, epochs=epoch, seed=0)
    assert 1 < last == epoch
    np.testing.assert_array_equal(logits(stopped, validation.X), logits(model, validation.X))


def test_what_it_learned_from_would_have_it_train_longer(parts):
    data, validation, _ = parts
    _, epoch = digits.train(data, validation, smoothing=0.0, epochs=30, seed=0)
    _, later = digits.train(data, data, smoothing=0.0, epochs=30, seed=0)
    assert epoch < later


def test_smooth_targets_leave_the_network_less_sure(parts, trained):
    data, validation, _ = parts
    one_hot, _ = digits.train(data, validation, smoothing=0.0, epochs=60, seed=0)
    sure = [nn.softmax(logits(model, data.X)).max(axis=1).mean() for model in (one_hot, trained[0])]
    assert sure[0] > sure[1] + 0.05


@pytest.mark.parametrize("better", digits.SMOOTHINGS)
def test_the_validation_set_chooses_and_the_held_out_digits_have_no_say(
    better, parts, trained, tmp_path, capsys, monkeypatch
):
    """With other digits held out, all is the same until they are read."""
    models = {smoothing: nn.MLP(64, [64, 10], scalars=False, seed=0) for smoothing in digits.SMOOTHINGS}
    models[better] = trained[0]
    monkeypatch.setattr(digits, "train", lambda data, validation, smoothing, *_: (models[smoothing], 1))
    told = []
    for held_out in (parts[2], digits.Data(1 - parts[2].X, parts[2].y)):
        monkeypatch.setattr(digits, "load", lambda seed, held_out=held_out: (*parts[:2], held_out))
        digits.main(tmp_path, seed=0, quick=True)
        told.append(capsys.readouterr().out.strip().rpartition("\n"))  # the last line tells what was read
    assert f"Chosen: smoothing {better}." in told[0][0]
    assert told[0][0] == told[1][0]
    assert told[0][2] != told[1][2]


def test_confusion_counts_what_is_read_as_what():
    truth, answers = np.array([3, 3, 3, 8]), np.array([3, 5, 5, 8])
    counts = digits.confusion(truth, answers)
    assert counts.sum() == 4
    assert (counts[3, 3], counts[3, 5], counts[5, 3], counts[8, 8]) == (1, 2, 0, 1)
