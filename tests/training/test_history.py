"""The history says what happened, in one line and as a picture."""

import sys

import matplotlib.figure
import numpy as np
import pytest

from autograd_lite import Value, nn, optim
from autograd_lite.training import History, fit


def ran(epochs=4, validation=True, **kwargs):
    w = Value(0.0)
    x = np.linspace(1.0, 2.0, 20)
    unseen = (x[:5], 3 * x[:5]) if validation else None
    options = {"epochs": epochs, "batch_size": 5, "seed": 0, "validation": unseen, **kwargs}
    return fit(lambda x: w * x, x, 3 * x, nn.mse, optim.SGD([w], lr=0.05), **options)


@pytest.fixture
def drawn(monkeypatch):
    """The axes that are drawn on."""
    made = []
    plain = matplotlib.figure.Figure.add_subplot
    monkeypatch.setattr(
        matplotlib.figure.Figure, "add_subplot", lambda *a, **kw: made.append(plain(*a, **kw)) or made[-1]
    )
    return made


def test_lengths():
    history = ran()
    assert len(history.costs) == len(history.learning_rates) == 16
    assert len(history.epoch_costs) == len(history.validation) == 4
    assert history.epoch_ends == [4, 8, 12, 16]
    assert (history.ended, history.interrupted) == ("all epochs", False)
    np.testing.assert_allclose(history.epoch_costs, np.reshape(history.costs, (4, 4)).mean(axis=1))
    assert all(type(cost) is float for cost in history.costs + history.validation + history.epoch_costs)


def test_repr_is_one_line():
    history = ran()
    costs = [*history.epoch_costs[::3], *history.validation[::3]]
    words = "mean cost of an epoch {:.4g} to {:.4g}, validation {:.4g} to {:.4g}".format(*costs)
    assert repr(history) == f"History(16 steps, 4 epochs: {words}; ended: all epochs)"
    short = ran(epochs=1, validation=False)
    words = f"cost {short.costs[0]:.4g} to {short.costs[-1]:.4g}"
    assert repr(short) == f"History(4 steps, 1 epoch: {words}; ended: all epochs)"
    assert repr(History()) == "History(0 steps, 0 epochs)"


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot_saves_a_picture(tmp_path, ending):
    path = tmp_path / f"costs.{ending}"
    assert ran().plot(path) == path
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 3000


def test_plot_draws_the_numbers(tmp_path, drawn):
    history = ran()
    history.plot(str(tmp_path / "costs.png"))
    (axes,) = drawn
    lines = {line.get_label(): line.get_xydata().T.tolist() for line in axes.lines}
    assert lines == {
        "each step": [list(range(1, 17)), history.costs],
        "mean of each epoch": [history.epoch_ends, history.epoch_costs],
        "held out": [history.epoch_ends, history.validation],
    }
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(lines)
    first, *_, last = history.epoch_costs
    assert axes.get_title(loc="left") == f"Mean cost of an epoch {first:.4g} to {last:.4g} in 16 steps"
    assert axes.get_yscale() == "log"


def test_plot_of_whole_batches_is_one_line_without_a_legend(tmp_path, drawn):
    ran(batch_size=None, validation=False, epochs=2).plot(tmp_path / "costs.png")
    (axes,) = drawn
    assert len(axes.lines) == 1
    assert axes.get_legend() is None
    assert axes.get_yscale() == "linear"


def test_plot_of_one_step_of_odd_costs_and_of_nothing(tmp_path, drawn):
    assert ran(batch_size=None, epochs=1).plot(tmp_path / "one.png").exists()
    odd = ran()
    odd.validation[-1] = float("nan")
    odd.costs[0] = -1.0
    assert odd.plot(tmp_path / "odd.png").exists()
    assert drawn[-1].get_yscale() == "linear"
    with pytest.raises(ValueError, match="nothing to draw"):
        History().plot(tmp_path / "none.png")


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="needs matplotlib, which is not here: pip install matplotlib"):
        ran().plot(tmp_path / "costs.png")
