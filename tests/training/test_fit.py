"""`fit` is the training loop that one would write by hand, and reports what it did."""

import io
import sys
import time

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn, optim
from autograd_lite.training import Batches, fit

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3))
Y = np.tanh(X @ rng.normal(size=(3, 2))) + 0.1 * rng.normal(size=(50, 2))


def network(dropout=0.0):
    return nn.Sequential(nn.Linear(3, 4, seed=0), nn.Tanh(), nn.Dropout(dropout, seed=1), nn.Linear(4, 2, seed=2))


def by_hand(model, optimizer, epochs, size, seed, schedule=None):
    batches, costs = Batches(X, Y, batch_size=size, seed=seed), []
    for _ in range(epochs):
        for x, y in batches:
            optimizer.zero_grad()
            cost = nn.mse(model(x), y)
            cost.backward()
            optimizer.step()
            if schedule:
                schedule.step()
            costs.append(cost.item())
    return costs


def test_it_is_the_loop_by_hand_to_the_last_bit():
    mine, its = network(dropout=0.2), network(dropout=0.2)
    costs = by_hand(mine, optim.Adam(mine.parameters(), lr=0.01), epochs=3, size=16, seed=7)
    history = fit(its, X, Y, nn.mse, optim.Adam(its.parameters(), lr=0.01), epochs=3, batch_size=16, seed=7)
    assert history.costs == costs
    assert len(costs) == 12
    for name, numbers in mine.state_dict().items():
        np.testing.assert_array_equal(its.state_dict()[name], numbers)


def test_arrays_and_scalars_give_the_same_costs():
    runs = []
    for model in (network(), network().to_scalars()):
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        runs.append(fit(model, X, Y, nn.mse, optimizer, epochs=2, batch_size=20, seed=0, validation=(X, Y)))
    np.testing.assert_allclose(runs[0].costs, runs[1].costs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(runs[0].validation, runs[1].validation, rtol=0, atol=1e-12)
    assert runs[0].costs[-1] < runs[0].costs[0]


def test_micrograds_network_with_a_model_over_a_list():
    mlp = nn.MLP(3, [3, 1])
    history = fit(
        lambda xs: np.array([mlp(list(x)) for x in xs], dtype=object),
        *(X, np.sign(Y[:, 0]), lambda scores, y: ag.mean((1 - scores * y) ** 2)),
        *(optim.SGD(mlp.parameters(), lr=0.05),),
        epochs=10,
        seed=0,
    )
    assert history.epoch_costs[-1] < 0.8 * history.epoch_costs[0]


def test_the_same_seed_gives_the_same_run_and_another_does_not():
    def costs(seed):
        model = network()
        return fit(model, X, Y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=2, batch_size=8, seed=seed).costs

    assert costs(0) == costs(0)
    assert costs(0) != costs(1)


@pytest.mark.parametrize("to", ["to_arrays", "to_scalars"])
def test_columns_as_examples_give_the_run_of_rows(to):
    rows, columns = nn.Linear(3, 2, seed=0), getattr(nn.Linear(3, 2, columns=True, seed=1), to)()
    columns.load_state_dict({"weight": rows.weight.data.T, "bias": rows.bias.data[:, None]})
    unseen = X[:5], Y[:5]
    histories = [
        fit(model, x, y, nn.mse, optimizer, axis=axis, epochs=2, batch_size=20, seed=0, validation=validation)
        for model, x, y, axis, validation in ((rows, X, Y, 0, unseen), (columns, X.T, Y.T, 1, [a.T for a in unseen]))
        for optimizer in [optim.SGD(model.parameters(), lr=0.1)]
    ]
    for name in ("costs", "epoch_costs", "validation"):
        by_row, by_column = (getattr(history, name) for history in histories)
        np.testing.assert_allclose(by_column, by_row, rtol=1e-12)
    np.testing.assert_allclose(columns.state_dict()["weight"].T, rows.weight.data, rtol=1e-12)


def test_targets_without_an_axis_for_features_beside_columns():
    model = nn.Sequential(nn.Linear(3, 1, columns=True, seed=0), lambda scores: scores[0])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, X.T, Y[:, 0], nn.mse, optimizer, axis=-1, batch_size=20, seed=0)
    assert history.epoch_costs[-1] < history.epoch_costs[0]
    with pytest.raises(ValueError, match=r"array 2 of shape \(50,\) has no axis 1; axis=-1"):
        fit(model, X.T, Y[:, 0], nn.mse, optimizer, axis=1)


def test_the_data_stay_as_they_are():
    kept = X.copy(), Y.copy()
    model = network()
    fit(model, X, Y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=1)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(Y, kept[1])


def test_batch_size_none_is_one_step_an_epoch():
    model = network()
    history = fit(model, X, Y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=3, batch_size=None)
    assert len(history.costs) == 3
    np.testing.assert_allclose(history.epoch_costs, history.costs, rtol=1e-15)


def test_the_epochs_cost_is_the_mean_over_examples():
    model = network()
    frozen = optim.SGD(model.parameters(), lr=0.0)
    history = fit(model, X, Y, nn.mse, frozen, epochs=2, batch_size=32, validation=(X[:41], Y[:41]))  # 32 and 18
    assert len(set(history.costs)) > 1
    np.testing.assert_allclose(history.epoch_costs, nn.mse(model(X), Y).item(), rtol=1e-14)
    np.testing.assert_allclose(history.validation, nn.mse(model(X[:41]), Y[:41]).item(), rtol=1e-14)


def test_modes_train_in_steps_eval_in_validation_and_after():
    modes, recorded, last = [], [], []

    class Watched(nn.Linear):
        def forward(self, x):
            modes.append((self.training, len(x)))
            last.append(x)
            out = super().forward(x)
            recorded.append(bool(out.inputs))
            return out

    model = Watched(3, 2, seed=0)
    fit(model, X, Y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=2, batch_size=25, validation=(X[:5], Y[:5]))
    assert modes == [(True, 25), (True, 25), (False, 5)] * 2
    assert recorded == [True, True, False] * 2
    assert not model.training
    np.testing.assert_array_equal(last[-1], X[:5])


def test_validation_does_not_change_the_training():
    plain, validated = (network(dropout=0.5) for _ in range(2))
    costs = fit(plain, X, Y, nn.mse, optim.Adam(plain.parameters()), epochs=3, seed=0).costs
    optimizer = optim.Adam(validated.parameters())
    assert fit(validated, X, Y, nn.mse, optimizer, epochs=3, seed=0, validation=(X, Y)).costs == costs


def test_the_schedule_is_stepped_after_each_step_and_the_history_has_the_rates():
    model, twin = network(), network()
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    schedule = optim.Schedule(optimizer, optim.exponential(0.5))
    history = fit(model, X, Y, nn.mse, optimizer, epochs=2, batch_size=25, schedule=schedule, seed=0)
    assert history.learning_rates == [0.5, 0.25, 0.125, 0.0625]
    optimizer = optim.SGD(twin.parameters(), lr=0.5)
    costs = by_hand(twin, optimizer, 2, 25, 0, optim.Schedule(optimizer, optim.exponential(0.5)))
    assert history.costs == costs


def test_callbacks_are_called_in_order_after_each_step():
    seen, order = [], []
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    callbacks = (c for c in (seen.append, lambda now: order.append("second") or order.append(now.step)))
    history = fit(model, X, Y, nn.mse, optimizer, epochs=2, batch_size=20, validation=(X, Y), callbacks=callbacks)
    assert [(now.epoch, now.step, now.epoch_ended) for now in seen] == [
        *((1, 1, False), (1, 2, False), (1, 3, True)),
        *((2, 4, False), (2, 5, False), (2, 6, True)),
    ]
    assert {(now.epochs, now.steps) for now in seen} == {(2, 6)}
    assert [now.cost for now in seen] == history.costs
    assert [now.validation for now in seen if now.epoch_ended] == history.validation
    assert all(now.validation is None for now in seen if not now.epoch_ended)
    assert all(now.model is model and now.optimizer is optimizer and now.history is history for now in seen)
    assert order == [item for step in range(1, 7) for item in ("second", step)]


def test_a_callback_sees_the_parameters_of_its_step():
    w = Value(10.0)
    seen = []
    fit(
        lambda x: w * x,
        [1.0],
        [0.0],
        nn.mse,
        optim.SGD([w], lr=0.25),
        epochs=3,
        callbacks=[lambda _: seen.append(w.data)],
    )
    assert seen == [5.0, 2.5, 1.25]


def test_a_callback_stops_the_run_after_its_step():
    model = network()
    history = fit(
        *(model, X, Y, nn.mse, optim.SGD(model.parameters(), lr=0.1)),
        epochs=5,
        batch_size=20,
        callbacks=[lambda now: now.step == 4 and now.stop("four are enough")],
    )
    assert len(history.costs) == 4
    assert len(history.epoch_costs) == 1
    assert history.ended == "four are enough"
    assert not history.interrupted
    assert not model.training


def test_what_a_callback_returns_does_not_matter_and_what_it_raises_comes_out():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    assert len(fit(model, X, Y, nn.mse, optimizer, epochs=1, batch_size=25, callbacks=[lambda now: True]).costs) == 2

    def fails(now):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit(model, X, Y, nn.mse, optimizer, epochs=1, callbacks=[fails])


def test_long_gradients_are_shortened():
    w = Value(100.0)
    fit(lambda x: w * x, [1.0], [0.0], nn.mse, optim.SGD([w], lr=1.0), epochs=3, max_norm=1.0)
    assert w.data == pytest.approx(97.0, abs=1e-6)


def test_faulty_arguments():
    w = Value(1.0)
    optimizer = optim.SGD([w], lr=0.1)

    def run(loss=nn.mse, **kwargs):
        return fit(lambda x: w * x, [1.0, 2.0], [1.0, 2.0], loss, optimizer, **kwargs)

    with pytest.raises(ValueError, match="epochs is 0; it must be a whole number of at least 1"):
        run(epochs=0)
    with pytest.raises(ValueError, match=r"batch_size is 1\.5"):
        run(batch_size=1.5)
    with pytest.raises(ValueError, match="different lengths along axis 0: 2, 1"):
        run(validation=([1.0, 2.0], [1.0]))
    with pytest.raises(TypeError, match="the loss returned a float: it must return a scalar Value"):
        run(loss=lambda p, y: 1.0)
    with pytest.raises(ValueError, match=r"shape \(2,\) needs a seed"):
        run(loss=lambda p, y: p - y)
    assert w.data == 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"schedule": optim.cosine(10)},
            r"a Schedule, .* optim\.Schedule\(optimizer, optim\.cosine\(10\)\); got function",
        ),
        ({"validation": np.ones((3, 1))}, r"a pair \(X, y\) of held-out examples; got ndarray"),
        ({"validation": np.ones((2, 1))}, r"a pair \(X, y\)"),
        ({"validation": ([1.0], [1.0], [1.0])}, r"a pair \(X, y\) of held-out examples; got tuple of length 3"),
        ({"callbacks": print}, r"a list of functions, as in callbacks=\[f\]; got builtin_function_or_method"),
        ({"callbacks": [print, None]}, "a list of functions, .*; got list of length 2"),
        ({"optimizer": [Value(1.0)]}, r"an optimiser, such as optim\.SGD.*; got list of length 1"),
        ({"model": np.ones(2)}, "a Module, or a function .*; got ndarray"),
        ({"loss": "mse"}, r"a function .* such as nn\.mse; got str"),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else "",
)
def test_arguments_of_the_wrong_kind_are_refused_before_the_first_step(arguments, said):
    w = Value(1.0)
    usual = {"model": lambda x: w * x, "loss": nn.mse, "optimizer": optim.SGD([w], lr=0.1)}
    (name,) = arguments
    with pytest.raises(TypeError, match=f"^{name} is {said}"):
        fit(X=[1.0, 2.0], y=[2.0, 3.0], **(usual | arguments))
    assert (w.data, w.grad) == (1.0, None)


@pytest.mark.parametrize("to", ["to_scalars", "to_arrays"])
def test_an_optimiser_of_other_parameters_is_refused(to):
    model = network()
    if to == "to_arrays":
        model.to_scalars()
    for optimizer in (optim.SGD(network().parameters(), lr=0.1), optim.SGD(model.parameters(), lr=0.1)):
        getattr(model, to)()
        before = model.state_dict()
        with pytest.raises(ValueError, match=rf"no parameter has a gradient: .*{to}\(\).*model\.parameters\(\)"):
            fit(model, X[:4], Y[:4], nn.mse, optimizer, epochs=1)
        for name, numbers in model.state_dict().items():
            np.testing.assert_array_equal(numbers, before[name])


def steps(count, **kwargs):
    w = Value(1.0)
    return fit(lambda x: w * x, np.ones(count), np.ones(count), nn.mse, optim.SGD([w], lr=0.1), batch_size=1, **kwargs)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("wanted", "stream", "is_shown"),
    [(True, io.StringIO, True), (None, io.StringIO, False), (None, Terminal, True), (False, Terminal, False)],
)
def test_the_bar_shows_where_someone_watches(monkeypatch, wanted, stream, is_shown):
    monkeypatch.setattr(sys, "stderr", stream())
    steps(3, epochs=2, progress=wanted, callbacks=[lambda now: time.sleep(0.06)])  # tqdm draws every 0.1 s
    text = sys.stderr.getvalue()
    assert bool(text) == is_shown
    if is_shown:
        assert "epoch 2 of 2" in text
        assert "cost 0" in text
        assert "/6 " in text


def test_without_tqdm_there_is_no_bar_and_asking_for_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert len(steps(3, epochs=1).costs) == 3
    assert len(steps(3, epochs=1, progress=False).costs) == 3
    with pytest.raises(ImportError, match="a progress bar needs tqdm, which is not here: pip install tqdm"):
        steps(3, progress=True)


def test_no_bar_is_left_open_when_a_callback_stops(monkeypatch):
    tqdm = pytest.importorskip("tqdm").tqdm
    monkeypatch.setattr(sys, "stderr", Terminal())
    steps(3, progress=True, callbacks=[lambda now: now.stop("at once")])
    assert not list(getattr(tqdm, "_instances", []))
