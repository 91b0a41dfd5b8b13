"""A nan or inf stops the run before the step, and the error finds the operation that made it."""

import math
import pickle
import re

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import AnomalyError, Value, detect_anomaly, nn, optim
from autograd_lite.training import NotFiniteError, fit
from autograd_lite.training.finite import HINT

x = np.arange(1.0, 7.0)


def failing(model, parameters, loss=nn.mse, X=x, y=x, **kwargs):
    """The error of a run."""
    with pytest.raises(NotFiniteError) as caught:
        fit(model, X, y, loss, optim.SGD(parameters, lr=1.0), **{"seed": 0, **kwargs})
    return caught.value


def falling_into_log():
    """The cost is log(w) with w = 3, 2 2/3, ...: each step takes 1/w from it, until log has no answer."""
    w = Value(3.0, "w")
    seen = []
    return w, seen, lambda x: ag.log(w)


def test_the_parameters_stay_as_of_the_last_good_step():
    w, seen, model = falling_into_log()
    error = failing(
        *(model, [w]),
        loss=lambda p, y: p,
        batch_size=3,
        epochs=50,
        callbacks=[lambda now: seen.append((now.epoch, now.step, w.data))],
    )
    *_, (_, step, value) = seen
    by_hand = 3.0
    for _ in range(step):
        by_hand -= 1 / by_hand
    assert value == w.data == by_hand < 0
    assert error.step == step + 1
    assert error.epoch == step // 2 + 1
    assert math.isnan(error.cost)
    assert f"epoch {error.epoch}, step {error.step}: the cost is nan." in str(error)
    assert f"The step was not made: the parameters are those after step {step}." in str(error)


def test_it_names_the_operation_and_the_line():
    w, _, model = falling_into_log()
    error = failing(model, [w], loss=lambda p, y: p, epochs=50)
    assert re.search(r"log made nan in the forward pass, from w = -\d\.\d+, at .*test_finite.py:\d+", str(error))
    assert isinstance(error.__cause__, AnomalyError)
    assert isinstance(error, FloatingPointError)


def test_the_hint_works():
    """The line that the message advises is run as it stands, with the names that it says."""
    w, _, model = falling_into_log()

    def loss(prediction, target):
        return prediction

    error = failing(model, [w], loss=loss, epochs=50)
    advice = re.search(r"with X, y = error.batch: (.*)$", str(error))[1]
    assert advice == HINT
    X, y = error.batch
    with pytest.raises(AnomalyError, match="log made nan"):
        exec(advice, {"detect_anomaly": detect_anomaly, "loss": loss, "model": model, "X": X, "y": y})


def test_the_batch_is_the_one_that_failed():
    w = Value(1.0, "w")
    error = failing(lambda x: w * ag.log(x - 4.0), [w], X=x[::-1], y=x[::-1] * 0, batch_size=1)
    assert error.batch[0][0] <= 4.0
    np.testing.assert_array_equal(error.batch[1], [0.0])


@pytest.mark.parametrize("is_scalar", [False, True])
def test_a_gradient_that_is_not_finite_stops_too(is_scalar):
    v, w = Value(1.0, "v"), Value(0.0 if is_scalar else [0.0, 0.0], "w")
    error = failing(lambda x: ag.sum(ag.sqrt(w)) + v, [v, w], loss=lambda p, y: p)
    assert "the cost is 1, but the gradient of w holds inf" in str(error)
    assert "sqrt made inf in the backward pass" in str(error)
    assert v.data == 1.0
    assert not np.any(w.data)
    assert error.step == 1


def test_an_overflow():
    w = Value([2000.0], "w")
    error = failing(lambda x: ag.sum(ag.exp(w)), [w], loss=lambda p, y: p)
    assert "the cost is inf." in str(error)
    assert "exp made inf in the forward pass" in str(error)


@pytest.mark.parametrize("place", [0, 1])
def test_a_nan_in_the_data_is_found_in_the_data(place):
    w = Value(1.0, "w")
    data = [x, x.copy()]
    data[place] = np.where(x == 3.0, np.nan, x)
    error = failing(lambda x: w * x, [w], X=data[0], y=data[1])
    assert f"Where it comes from: the batch's {'Xy'[place]} holds nan itself" in str(error)
    assert error.__cause__ is None
    assert w.data == 1.0


def test_a_nan_in_a_parameter_is_found_there():
    v, w = Value(1.0), Value([np.inf, 1.0])
    error = failing(lambda x: ag.sum(w) * v, [v, w], loss=lambda p, y: p)
    assert "parameter 1 holds inf itself" in str(error)


def test_a_nan_that_no_operation_made():
    w, factors = Value(1.0), iter([math.nan, 1.0])
    error = failing(lambda x: w * next(factors), [w], loss=lambda p, y: p)
    assert "run again, no operation made it from finite numbers" in str(error)


def test_words_and_integers_as_data():
    w = Value(-1.0, "w")
    words = np.array(["a", "b"])
    assert "log made nan" in str(failing(lambda x: ag.log(w), [w], loss=lambda p, y: p, X=words, y=np.arange(2)))


@pytest.mark.parametrize("to", ["to_arrays", "to_scalars"])
def test_networks_of_arrays_and_scalars(to):
    model = getattr(nn.Linear(1, 1, seed=0), to)()
    before = model.state_dict()
    error = failing(model, model.parameters(), loss=lambda p, y: ag.mean(ag.log(p - 1e3)), X=x[:, None], y=x[:, None])
    assert "log made nan" in str(error)
    assert "test_finite.py" in str(error)
    for name, numbers in model.state_dict().items():
        np.testing.assert_array_equal(numbers, before[name])
    assert model.training


def test_momentum_and_the_schedule_stay_too():
    w = Value(1.0)
    optimizer = optim.Adam([w], lr=0.5)
    schedule = optim.Schedule(optimizer, optim.exponential(0.5))
    with pytest.raises(NotFiniteError):
        fit(lambda x: w * math.inf, x, x, lambda p, y: p, optimizer, schedule=schedule)
    assert (schedule.k, optimizer.lr, optimizer.state_dict()["0.t"]) == (0, 0.5, 0)


def test_a_validation_cost_may_be_nan():
    w = Value(1.0)
    history = fit(lambda x: w * x, x, x, nn.mse, optim.SGD([w], lr=0.01), epochs=2, validation=(x * np.nan, x))
    assert np.isnan(history.validation).tolist() == [True, True]


def test_the_error_survives_pickling():
    w, _, model = falling_into_log()
    error = failing(model, [w], loss=lambda p, y: p, epochs=50)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.step, len(again.batch)) == (str(error), error.step, 2)
