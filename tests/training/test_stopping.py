"""Early stopping ends a run that gains nothing on held-out examples, with the best parameters it had."""

import numpy as np
import pytest

from autograd_lite import Value, nn, optim
from autograd_lite.training import EarlyStopping, fit


class Scripted(nn.Module):
    """A model whose validation costs are a given list; its parameter counts the steps."""

    def __init__(self, costs):
        self.w = Value(0.0)
        self.costs = iter(costs)

    def forward(self, x):
        return self.w * -1.0 if self.training else Value(next(self.costs))


def run(costs, stopping, *others, epochs=None):
    """One step each epoch, which adds 1 to w."""
    model = Scripted(costs)
    history = fit(
        *(model, [0.0], [0.0], lambda p, y: p, optim.SGD([model.w], lr=1.0)),
        epochs=epochs or len(costs),
        validation=([0.0], [0.0]),
        callbacks=[*others, stopping],
    )
    return model, history


def test_it_waits_for_patience_epochs_in_a_row():
    stopping = EarlyStopping(patience=3)
    model, history = run([5, 4, 4.5, 4.2, 3, 3, 3.5, 4, 2, 1], stopping)
    assert len(history.epoch_costs) == 8
    assert history.ended == "no better validation cost for 3 epochs"
    assert (stopping.best, stopping.best_epoch) == (3.0, 5)
    assert model.w.data == 5.0
    assert not model.training


def test_the_best_parameters_come_back_when_the_epochs_run_out():
    model, history = run([5, 4, 4.5], EarlyStopping(patience=3))
    assert history.ended == "all epochs"
    assert model.w.data == 2.0


def test_and_when_another_callback_stops():
    model, history = run([5, 6, 7, 1], EarlyStopping(), lambda now: now.step == 3 and now.stop("enough"))
    assert history.ended == "enough"
    assert model.w.data == 1.0


def test_only_the_ends_of_epochs_count():
    w = Value(1.0)
    x = np.ones(6)
    stopping = EarlyStopping(patience=2, restore=False)
    options = {"batch_size": 2, "epochs": 9, "validation": (x, x), "callbacks": [stopping]}
    history = fit(lambda x: w * x, x, x, nn.mse, optim.SGD([w], lr=0.1), **options)  # perfect from the start
    assert (len(history.costs), stopping.best_epoch) == (9, 1)


def test_without_restoring_the_last_parameters_stay():
    model, _ = run([5, 6, 7, 8], EarlyStopping(patience=2, restore=False))
    assert model.w.data == 3.0


def test_min_delta():
    stopping = EarlyStopping(patience=2, min_delta=0.5)
    model, history = run([5, 4.6, 4.5, 1], stopping)
    assert (len(history.epoch_costs), stopping.best, model.w.data) == (3, 5.0, 1.0)


def test_nan_is_never_better():
    nan = float("nan")
    model, history = run([nan, nan, nan], EarlyStopping(patience=2))
    assert (len(history.epoch_costs), model.w.data) == (2, 2.0)
    model, history = run([3, nan, nan, 1], EarlyStopping(patience=2))
    assert (len(history.epoch_costs), model.w.data) == (3, 1.0)


def test_a_second_run_starts_anew():
    stopping = EarlyStopping(patience=2)
    run([1, 2, 3], stopping)
    model, history = run([9, 8, 7], stopping)
    assert (history.ended, model.w.data, stopping.best) == ("all epochs", 3.0, 7.0)


def test_the_best_state_is_a_copy():
    model = nn.Linear(1, 1, seed=0)
    stopping = EarlyStopping(patience=1)
    x = np.ones((4, 1))
    kept = []
    fit(
        *(model, x, 9 * x, nn.mse, optim.SGD(model.parameters(), lr=0.05)),
        validation=(x, model(x).data - 9 * x),  # away from it from the first step on
        callbacks=[lambda now: kept.append(model.state_dict()), stopping],
    )
    assert len(kept) == 2
    for name, numbers in kept[0].items():
        np.testing.assert_array_equal(model.state_dict()[name], numbers)
        assert (numbers != kept[1][name]).all()


def test_faulty_use():
    with pytest.raises(ValueError, match="patience is 0; it must be a whole number of at least 1"):
        EarlyStopping(0)
    with pytest.raises(ValueError, match="min_delta is -1; it must be 0 or more"):
        EarlyStopping(min_delta=-1)
    w = Value(0.0)
    with pytest.raises(ValueError, match=r"give fit validation=\(X, y\)"):
        fit(lambda x: w * x, [1.0], [1.0], nn.mse, optim.SGD([w], lr=0.1), callbacks=[EarlyStopping()])
