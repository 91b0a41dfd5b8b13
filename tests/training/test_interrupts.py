"""Ctrl-C ends a run with the model as of its last whole step, wherever it strikes."""

import os
import signal
import threading

import numpy as np
import pytest

from autograd_lite import TABLE, Value, nn, optim, primitive
from autograd_lite.methods import Methods
from autograd_lite.text import NUMPY_NAMES
from autograd_lite.training import EarlyStopping, fit
from autograd_lite.training.interrupts import interrupts_held
from autograd_lite.value import Constant
from tests.training.scripts import run_script

RATE = 0.125
x = np.ones(8)


class Twins:
    """Two parameters of two numbers, whose gradients are all 1: a whole step moves every number by the rate."""

    def __init__(self):
        self.a, self.b = Value(np.zeros(2), "a"), Value(np.zeros(2), "b")

    def __call__(self, x):
        return self.a.sum() + self.b.sum()

    def run(self, **changed):
        """Make 12 steps in 6 epochs, if nothing happens."""
        optimizer = optim.SGD([self.a, self.b], lr=RATE)
        usual = {"model": self, "loss": cost_of, "optimizer": optimizer, "epochs": 6, "batch_size": 4}
        return fit(X=x, y=x, **(usual | changed))

    def whole_steps(self):
        """How many whole steps there were."""
        (moved,) = {*self.a.data, *self.b.data}
        return -moved / RATE


def cost_of(prediction, y):
    return prediction


def strike():
    signal.raise_signal(signal.SIGINT)


def at_call(number, function=lambda *args: None):
    """The function, with Ctrl-C struck at its n-th call."""
    calls = []

    def called(*args):
        calls.append(args)
        if len(calls) == number:
            strike()
        return function(*args)

    return called


@pytest.fixture
def twins():
    handler = signal.getsignal(signal.SIGINT)
    yield Twins()
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.fixture
def _table_as_before():
    before = set(TABLE)
    yield
    for name in set(TABLE) - before:
        del TABLE[name], NUMPY_NAMES[name]
        delattr(Methods, name)
        delattr(Constant, name)


def check(twins, history, steps):
    assert history.interrupted
    assert history.ended == "interrupted"
    assert len(history.costs) == len(history.learning_rates) == steps
    assert twins.whole_steps() == steps


def test_before_the_first_step(twins):
    check(twins, twins.run(model=at_call(1, twins)), steps=0)


def test_in_the_forward_pass(twins):
    check(twins, twins.run(model=at_call(4, twins)), steps=3)


def test_in_the_loss(twins):
    check(twins, twins.run(loss=at_call(4, cost_of)), steps=3)


@pytest.mark.usefixtures("_table_as_before")
def test_in_the_backward_pass(twins):
    rule = at_call(4, lambda g, y, x: g)

    @primitive(vjp=lambda g, y, x: rule(g, y, x))
    def same(x):
        return x * 1.0

    check(twins, twins.run(loss=lambda p, y: same(p)), steps=3)


class Struck(optim.SGD):
    """Strikes between the two parameters of step `at`."""

    at = 4
    calls = 0

    def update(self, g, s):
        self.calls += 1
        if self.calls == 2 * self.at:
            strike()
        return super().update(g, s)


def test_between_the_parameters_of_an_update_the_update_is_finished(twins):
    optimizer = Struck([twins.a, twins.b], lr=RATE)
    check(twins, twins.run(optimizer=optimizer), steps=4)
    assert [int(optimizer.state_dict()[name]) for name in ("0.t", "1.t")] == [4, 4]


def test_in_the_last_update(twins):
    optimizer = Struck([twins.a, twins.b], lr=RATE)
    optimizer.at = 12
    check(twins, twins.run(optimizer=optimizer), steps=12)


def test_twice_within_an_update(twins):
    class Twice(Struck):
        def update(self, g, s):
            if self.calls == 6:
                strike()
            return super().update(g, s)

    check(twins, twins.run(optimizer=Twice([twins.a, twins.b], lr=RATE)), steps=4)


def test_in_the_schedule(twins):
    optimizer = optim.SGD([twins.a, twins.b], lr=RATE)
    schedule = optim.Schedule(optimizer, lambda k: strike() or 1.0 if k == 4 else 1.0)
    check(twins, twins.run(optimizer=optimizer, schedule=schedule), steps=4)
    assert schedule.k == 4


def test_in_a_callback(twins):
    history = twins.run(callbacks=[at_call(4)])
    check(twins, history, steps=4)
    assert len(history.epoch_costs) == 2


def test_in_the_validation(twins):
    class Model:
        training = True

        def train(self):
            self.training = True

        def eval(self):
            self.training = False

        def __call__(self, x):
            if not self.training:
                strike()
            return twins(x)

    model = Model()
    history = twins.run(model=model, validation=(x, x))
    check(twins, history, steps=2)
    assert not model.training
    assert history.epoch_costs == history.validation == []


def test_between_the_notes_of_an_epoch(twins):
    class Struck(list):
        def append(self, item):
            strike()
            super().append(item)

    def replace(now):
        now.history.epoch_ends = Struck()

    history = twins.run(callbacks=[replace], validation=(x, x))
    check(twins, history, steps=2)
    assert len(history.epoch_costs) == len(history.epoch_ends) == len(history.validation) == 1


def test_while_the_best_parameters_come_back():
    class Net(nn.Module):
        def __init__(self):
            self.a, self.b = Value(1.0), Value(1.0)

        def forward(self, x):
            return (self.a + self.b) * x

        def load_state_dict(self, state):
            self.a.data = state["a"]
            strike()
            self.b.data = state["b"]

    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    stopping = EarlyStopping(patience=1)
    unseen = np.ones(1), 2 * np.ones(1)  # fits now; every step leads away
    history = fit(net, np.ones(4), np.zeros(4), nn.mse, optimizer, validation=unseen, callbacks=[stopping], epochs=3)
    assert history.interrupted
    assert net.a.data == net.b.data == stopping.best_state["a"]


def test_a_run_can_go_on_after_an_interrupt(twins):
    optimizer = Struck([twins.a, twins.b], lr=RATE)
    twins.run(optimizer=optimizer)
    history = twins.run(optimizer=optimizer)
    assert history.ended == "all epochs"
    assert twins.whole_steps() == 4 + 12


def test_in_another_thread_nothing_is_held(twins):
    done = []
    thread = threading.Thread(target=lambda: done.append(twins.run()))
    thread.start()
    thread.join()
    assert done[0].ended == "all epochs"
    assert twins.whole_steps() == 12


def test_a_held_interrupt_comes_after_the_body():
    lines = []

    def body():
        with interrupts_held():
            strike()
            lines.append("after the strike")
        lines.append("never")

    with pytest.raises(KeyboardInterrupt):
        body()
    assert lines == ["after the strike"]


def test_an_error_in_the_body_comes_before_the_interrupt():
    def body():
        with interrupts_held():
            strike()
            raise LookupError

    with pytest.raises(LookupError):
        body()


def test_a_handler_of_the_users_is_called_once_the_body_is_done():
    lines = []
    before = signal.signal(signal.SIGINT, lambda number, frame: lines.append(number))
    try:
        with interrupts_held():
            strike()
            assert lines == []
        assert lines == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interrupts_held():
            strike()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


SCRIPT = """
    import os, random, signal, sys, time
    import numpy as np
    from autograd_lite import Value, optim
    from autograd_lite.training import fit

    rounds, landed = int(sys.argv[1]), []
    dice = random.Random(0)
    for _ in range(rounds):
        parameters = [Value(np.zeros(4)) for _ in range(12)]
        optimizer = optim.Adam(parameters, lr=0.125)
        moment = dice.uniform(0.0, 0.03)
        child = os.fork()
        if not child:
            time.sleep(moment)
            os.kill(os.getppid(), signal.SIGINT)
            os._exit(0)
        try:
            history = fit(lambda x: sum(p.sum() for p in parameters), np.ones(8), np.ones(8), lambda p, y: p, optimizer,
                          epochs=10**6, batch_size=4, progress=False)
            assert history.interrupted
            steps = {int(x) for name, x in optimizer.state_dict().items() if name.endswith(".t")}
            assert steps == {len(history.costs)}, (steps, len(history.costs))
            assert len({p.data.tobytes() for p in parameters}) == 1, [p.data for p in parameters]
            landed.append(len(history.costs))
        except KeyboardInterrupt:  # before fit began
            pass
        os.waitpid(child, 0)
    print(len(landed), sum(landed))
"""


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_real_signals_at_random_moments():
    """200 runs of 12 parameters, a signal from another process into each of them within 30 ms."""
    runs, steps = map(int, run_script(SCRIPT, 200).split())
    assert runs > 100
    assert steps > runs
