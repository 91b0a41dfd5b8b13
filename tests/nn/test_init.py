"""What the initialisers promise: distributions, scales, seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd_lite.nn import init

FAN_IN, FAN_OUT = 300, 200
SHAPE = (FAN_IN, FAN_OUT)
N = FAN_IN * FAN_OUT

NORMAL = [
    ("normal", init.normal(0.01), 0.0, 0.01),
    ("normal about 2", init.normal(0.5, mean=2.0), 2.0, 0.5),
    ("xavier_normal", init.xavier_normal(), 0.0, math.sqrt(2 / (FAN_IN + FAN_OUT))),
    ("xavier_normal for tanh", init.xavier_normal(5 / 3), 0.0, 5 / 3 * math.sqrt(2 / (FAN_IN + FAN_OUT))),
    ("he_normal", init.he_normal(), 0.0, math.sqrt(2 / FAN_IN)),
    ("he_normal of gain 1", init.he_normal(1.0), 0.0, math.sqrt(1 / FAN_IN)),
]
UNIFORM = [
    ("uniform", init.uniform(-1.0, 3.0), -1.0, 3.0),
    ("xavier_uniform", init.xavier_uniform(), -(b := math.sqrt(6 / (FAN_IN + FAN_OUT))), b),
    ("xavier_uniform for tanh", init.xavier_uniform(5 / 3), -5 / 3 * b, 5 / 3 * b),
    ("he_uniform", init.he_uniform(), -(b := math.sqrt(6 / FAN_IN)), b),
    ("he_uniform of gain 1", init.he_uniform(1.0), -b / math.sqrt(2), b / math.sqrt(2)),
    ("fan_uniform", init.fan_uniform(), -(b := 1 / math.sqrt(FAN_IN)), b),
]
RANDOM = [*((name, draw) for name, draw, _, _ in NORMAL + UNIFORM), ("orthogonal", init.orthogonal())]
FROM_FANS = ["xavier_uniform", "xavier_normal", "he_uniform", "he_normal"]
named = pytest.mark.parametrize


def drawn(draw, seed=0, shape=SHAPE):
    return draw(shape, init.generator(seed), FAN_IN, FAN_OUT)


@named(("name", "draw", "mean", "std"), NORMAL)
def test_normal_moments(name, draw, mean, std):
    z = (drawn(draw) - mean) / std
    # n z̄² and Σz² have known deviations for a normal z: 1 and sqrt(2 n). Five of them, at a fixed seed.
    assert abs(z.mean()) < 5 / math.sqrt(N)
    assert abs(np.mean(z**2) - 1) < 5 * math.sqrt(2 / N)
    assert abs(np.mean(np.abs(z) < 1) - math.erf(math.sqrt(0.5))) < 5 * 0.5 / math.sqrt(N)  # its shape, too
    assert abs(np.mean(np.abs(z) < 2) - math.erf(math.sqrt(2.0))) < 5 * 0.5 / math.sqrt(N)


@named(("name", "draw", "low", "high"), UNIFORM)
def test_uniform_bounds_and_moments(name, draw, low, high):
    u = (drawn(draw) - low) / (high - low)
    assert u.min() >= -1e-15
    assert u.max() <= 1 + 1e-15
    assert u.min() < 20 / N  # missed with probability exp(-20) by a uniform u
    assert u.max() > 1 - 20 / N
    assert abs(u.mean() - 1 / 2) < 5 * math.sqrt(1 / 12 / N)
    assert abs(u.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / N)


def test_zeros_and_constants():
    assert drawn(init.zeros()).tolist() == np.zeros(SHAPE).tolist()
    assert drawn(init.constant(3)).tolist() == np.full(SHAPE, 3.0).tolist()


@named("draw", [init.zeros(), init.constant(1), *(draw for _, draw in RANDOM)])
def test_an_array_of_float64_of_the_shape(draw):
    for shape in ((4, 3), (2, 3, 2, 2)):
        x = draw(shape, init.generator(0), 3, 4)
        assert type(x) is np.ndarray
        assert (x.dtype, x.shape) == (np.float64, shape)
        x += 1.0  # the caller's own


@named("shape", [(7, 3), (3, 7), (5, 5), (1, 4), (4, 1), (4, 2, 3, 3), (30, 2, 3), (2, 3, 1)])
@named("gain", [1.0, 1.5])
def test_orthogonal_rows_or_columns(shape, gain):
    q = drawn(init.orthogonal(gain), shape=shape).reshape(shape[0], -1)
    rows, columns = q.shape
    product = q.T @ q if rows >= columns else q @ q.T
    np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), rtol=0, atol=1e-12)


def test_orthogonal_matrices_are_drawn_uniformly():
    """The trace of a uniform draw has mean 0 and variance 1; without the signs of R's diagonal Q is biased."""
    rng = init.generator(0)
    traces = [np.trace(init.orthogonal()((3, 3), rng, 3, 3)) for _ in range(4000)]
    assert abs(np.mean(traces)) < 5 / math.sqrt(4000)
    assert abs(np.var(traces) - 1) < 5 * math.sqrt(2 / 4000)  # the fourth moment is that of a normal, 3


def test_of_an_empty_shape_is_an_empty_array():
    for draw in (init.zeros(), init.normal(1.0), init.orthogonal()):
        assert draw((0, 3), init.generator(0), 3, 3).shape == (0, 3)


@named(("name", "draw"), RANDOM)
def test_the_same_seed_gives_the_same_numbers(name, draw):
    assert drawn(draw, seed=1).tolist() == drawn(draw, seed=1).tolist()
    assert drawn(draw, seed=1).tolist() != drawn(draw, seed=2).tolist()


@named(("name", "draw"), RANDOM)
def test_a_shared_generator_advances(name, draw):
    rng = init.generator(5)
    first, second = (draw((3, 2), rng, 3, 2) for _ in range(2))
    assert first.tolist() != second.tolist()
    again = init.generator(5)
    assert [draw((3, 2), again, 3, 2).tolist() for _ in range(2)] == [first.tolist(), second.tolist()]


def test_generators():
    rng = np.random.default_rng(3)
    assert init.generator(rng) is rng
    assert init.generator(np.int64(3)).random() == init.generator(3).random() == np.random.default_rng(3).random()
    assert init.generator().random() != init.generator(None).random()


@named("seed", [True, np.True_, 1.0, "1", [1], np.random.RandomState(0), np.array(1)])
def test_what_is_no_seed(seed):
    with pytest.raises(TypeError, match=r"seed is .*must be an int, a numpy Generator or None"):
        init.generator(seed)


def test_a_negative_seed():
    with pytest.raises(ValueError, match=r"seed is -1; .* at least 0"):
        init.generator(-1)


@named("name", FROM_FANS)
@named(("fan_in", "fan_out"), [(0, 3), (3, 0), (0, 0)])
def test_a_layer_without_inputs_or_outputs(name, fan_in, fan_out):
    with pytest.raises(ValueError, match=f"{name}: fan_in is {fan_in} and fan_out is {fan_out}"):
        getattr(init, name)()((fan_in, fan_out), init.generator(0), fan_in, fan_out)


@named(
    ("make", "message"),
    [
        (lambda: init.normal(-0.1), r"normal: std is -0.1; it must be a finite number of at least 0"),
        (lambda: init.normal(math.inf), r"normal: std is inf"),
        (lambda: init.normal(1.0, math.nan), r"normal: mean is nan"),
        (lambda: init.normal("0.1"), r"normal: std is '0.1'"),
        (lambda: init.uniform(1.0, 0.0), r"uniform: low is 1, greater than high, 0"),
        (lambda: init.uniform(-math.inf, 0.0), r"uniform: low is -inf"),
        (lambda: init.uniform(0.0, None), r"uniform: high is None"),
        (lambda: init.constant(math.nan), r"constant: c is nan"),
        (lambda: init.orthogonal(-1), r"orthogonal: gain is -1"),
        *((lambda n=n: getattr(init, n)(-1.0), rf"{n}: gain is -1.0; .*at least 0") for n in FROM_FANS),
    ],
)
def test_arguments_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@named("shape", [(), (3,)])
def test_orthogonal_needs_a_matrix(shape):
    with pytest.raises(ValueError, match=r"orthogonal: shape \(.*\) has no rows and columns"):
        init.orthogonal()(shape, init.generator(0), 3, 3)


@named("name", [*FROM_FANS, "fan_uniform"])
def test_the_scale_is_torchs(name):
    """Torch's weights are (n_out, n_in). Its scale is read off a draw, to the draws' statistical uncertainty."""
    torch = pytest.importorskip("torch", reason="an optional oracle: pip install torch")
    torch.manual_seed(0)
    weight = torch.empty(FAN_OUT, FAN_IN, dtype=torch.float64)
    if name == "fan_uniform":
        weight = torch.nn.Linear(FAN_IN, FAN_OUT, dtype=torch.float64).weight.detach()
    else:
        theirs = name.replace("he", "kaiming") + "_"
        relu = {"nonlinearity": "relu"} if name.startswith("he") else {}
        getattr(torch.nn.init, theirs)(weight, **relu)
    ours, theirs = drawn(getattr(init, name)()), weight.numpy()
    if "uniform" in name:
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=20 / N)
    assert ours.std() == pytest.approx(theirs.std(), rel=5 * math.sqrt(1 / N))
