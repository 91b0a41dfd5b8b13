"""What the formulas demo claims."""

import re

import numpy as np
import pytest

from autograd_lite import Value, nn, sigmoid
from demos import formulas

STEPS = 500


@pytest.fixture(scope="module")
def data():
    return formulas.flower(400, np.random.default_rng(0))


@pytest.fixture(scope="module", params=formulas.G)
def net(request, data):
    """An activation's name, and the parameters before and after training."""
    start = formulas.initial(2, formulas.HIDDEN, np.random.default_rng(1))
    return request.param, start, formulas.train(start, *data, request.param, STEPS)


def test_our_six_gradients_are_those_of_the_formulas(net, data):
    name, start, trained = net
    for p in (start, trained):
        ours, theirs = formulas.by_autograd(p, *data, name), formulas.by_formulas(p, *data, name)
        assert sorted(ours) == sorted(theirs) == ["dW1", "dW2", "dZ1", "dZ2", "db1", "db2"]
        for key, gradient in theirs.items():
            np.testing.assert_allclose(ours[key], gradient, rtol=0, atol=1e-12)
    assert min(np.abs(gradient).max() for gradient in theirs.values()) > 1e-6  # not because all are 0


def test_the_formulas_are_the_slopes_of_the_cost(net, data):
    name, p, _ = net
    X, Y = data
    d, h = formulas.by_formulas(p, X, Y, name), 1e-6
    for key in ("W1", "b1", "W2", "b2"):
        for place in np.ndindex(p[key].shape):
            step = np.zeros(p[key].shape)
            step[place] = h
            above, below = (nn.bce(formulas.forward({**p, key: p[key] + s}, X, name)[-1], Y) for s in (step, -step))
            assert d[f"d{key}"][place] == pytest.approx((above - below) / (2 * h), rel=0, abs=2e-7)


def test_dZ2_of_the_notes_is_m_times_that_of_the_cost(net, data):
    name, _, p = net
    X, Y = data
    *_, Z2, A2 = formulas.forward({key: Value(number) for key, number in p.items()}, X, name)
    nn.bce(A2, Y).backward()
    np.testing.assert_allclose(Z2.grad, (A2.data - Y) / 400, rtol=0, atol=1e-15)
    np.testing.assert_allclose(formulas.by_autograd(p, X, Y, name)["dZ2"], A2.data - Y, rtol=0, atol=1e-12)


def test_columns_are_examples_and_with_rows_everything_is_transposed(net, data):
    name, _, p = net
    X, Y = data
    *_, A2 = formulas.forward(p, X, name)
    by_rows = nn.Sequential(nn.Linear(2, formulas.HIDDEN), nn.activation(name), nn.Linear(formulas.HIDDEN, 1))
    for parameter, number in zip(by_rows.parameters(), p.values(), strict=True):
        parameter.data = number.T.reshape(parameter.shape)  # nn's b is (n_h,)
    logits = by_rows(X.T)
    np.testing.assert_allclose(sigmoid(logits).data.T, A2, rtol=0, atol=1e-12)
    nn.bce_with_logits(logits, Y.T).backward()
    d = formulas.by_formulas(p, X, Y, name)
    for parameter, key in zip(by_rows.parameters(), p, strict=True):
        np.testing.assert_allclose(parameter.grad, d[f"d{key}"].T.reshape(parameter.shape), rtol=0, atol=1e-12)


def test_the_gradients_have_the_shapes_of_what_they_belong_to(net, data):
    name, _, p = net
    d = formulas.by_formulas(p, *data, name)
    assert {key: d[f"d{key}"].shape for key in p} == {key: number.shape for key, number in p.items()}
    assert (d["dZ1"].shape, d["dZ2"].shape) == ((formulas.HIDDEN, 400), (1, 400))


def test_descending_by_these_gradients_learns_the_flower(net, data):
    name, start, trained = net
    X, Y = data
    before, after = (formulas.forward(p, X, name)[-1] for p in (start, trained))
    assert nn.bce(before, Y) == pytest.approx(np.log(2), abs=0.05)
    assert nn.bce(after, Y) < (0.3 if name == "tanh" else 0.5)
    assert np.mean((after > 0.5) == Y) > (0.95 if name == "tanh" else 0.7)


def test_the_story_tells_the_differences(tmp_path, capsys):
    formulas.main(tmp_path, seed=0, quick=True)
    printed = capsys.readouterr().out
    gaps = re.findall(r"(d[ZWb]\d) by (\d\S*?)[,.]?\s", printed)
    assert [key for key, _ in gaps] == list(formulas.FORMULAS) * len(formulas.G)
    assert all(float(gap) < 1e-12 for _, gap in gaps)
    assert min(float(right) for right in re.findall(r"([\d.]+)% of its training points", printed)) > 70
