"""`fit`: the training loop, with a history, a progress bar, validation, callbacks, and two safe ways to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from autograd_lite.modes import no_grad
from autograd_lite.numbers import whole_number
from autograd_lite.optim import Optimizer, clip_grad_norm
from autograd_lite.seeds import Seed
from autograd_lite.training.batches import Batches
from autograd_lite.training.finite import not_finite, what_is_odd, where_from
from autograd_lite.training.history import INTERRUPTED, History
from autograd_lite.training.interrupts import interrupts_held
from autograd_lite.training.libraries import optional
from autograd_lite.value import Value


@runtime_checkable
class Steps(Protocol):
    """What counts steps, as `optim.Schedule` does."""

    def step(self) -> None:
        """Count one more."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a step: what `fit` hands to every callback.

    Attributes
    ----------
    epoch, epochs : int
        The current epoch, counted from 1, and how many there are.
    step, steps : int
        The steps made so far, in all epochs, and how many there will be.
    cost : float
        The cost of the step's batch, before the step.
    epoch_ended : bool
        Whether the epoch ended with this step.
    validation : float or None
        The cost of the held-out examples, where an epoch ended and there are any.
    model, optimizer
        As `fit` got them.
    history : History
        Of the run so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    cost: float
    epoch_ended: bool
    validation: float | None
    model: Any
    optimizer: Optimizer
    history: History

    def stop(self, reason: str) -> None:
        """End the run after this step; the reason becomes ``history.ended``."""
        self.history.ended = reason


Callback = Callable[[Progress], object]


def fit(
    model: Callable[[Any], Any],
    X: Any,
    y: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    *,
    epochs: int = 10,
    batch_size: int | None = 32,
    axis: int = 0,
    seed: Seed = None,
    validation: tuple[Any, Any] | None = None,
    callbacks: Iterable[Callback] = (),
    schedule: Steps | None = None,
    max_norm: float | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model: for each batch, go forward to the cost and backward to the gradients, and let the optimiser step.

    Ctrl-C ends the run cleanly: `fit` returns, the parameters are those after the last whole step, and the history says
    that the run was interrupted. An update under way is finished first.

    Parameters
    ----------
    model : Module or callable
        From a batch of X to predictions, on arrays or on scalar Values. If it has ``train()`` and ``eval()``, it is in
        training mode during the steps and in evaluation mode during validation and afterwards.
    X, y : array_like, shape (m, ...)
        The examples and their targets; see `Batches`.
    loss : callable
        From predictions and targets to a scalar Value, the cost.
    optimizer : Optimizer
        Holds the parameters.
    epochs : int
        How many times to go through the examples.
    batch_size : int or None
        Examples in a batch; None: all of them. The last batch of an epoch may be smaller.
    axis : int
        The axis of the examples in X and y, held-out ones too; 1 or -1 where columns are examples, as in the course;
        see `Batches`.
    seed : int, Generator or None
        Where the order of the examples comes from.
    validation : tuple of X and y, optional
        Held-out examples, whose cost is taken after each epoch, without dropout and without a graph.
    callbacks : iterable of callables
        Each is called with a `Progress` after every step, as in ``lambda now: costs.append(now.cost)``. What one
        returns does not matter; ``now.stop(reason)`` ends the run.
    schedule : optim.Schedule, optional
        Its ``step()`` is called after every step of the optimiser.
    max_norm : float, optional
        Gradients longer than that are shortened to it before each step; see `optim.clip_grad_norm`.
    progress : bool, optional
        Whether to show a bar; by default if tqdm is installed and the program runs in a terminal.

    Returns
    -------
    History
        The costs and learning rates, and what ended the run.

    Raises
    ------
    NotFiniteError
        If the cost or its gradient is nan or infinite; before the step is made, and with the operation that made it.
    TypeError
        If the loss is not a Value, or an argument is of the wrong kind.
    ValueError
        If X and y have different lengths along the axis, or a number is out of its range; if the optimiser holds none
        of the model's parameters.
    ImportError
        With ``progress=True``, if tqdm is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import Value, nn, optim
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = X @ [[2.0], [-1.0]] + 0.5
    >>> model = nn.Linear(2, 1, seed=0)
    >>> history = fit(model, X, y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=20, batch_size=20, seed=0)
    >>> history
    History(60 steps, 20 epochs: mean cost of an epoch ... to ...; ended: all epochs)
    >>> model.weight.data.round(3), model.bias.data.round(3)
    (array([[ 2.],
           [-1.]]), array([0.5]))

    A plain function is a model too, and so is one of scalar Values:

    >>> w, b = Value(0.0), Value(0.0)
    >>> def line(xs):
    ...     return [w * x + b for x in xs]
    >>> history = fit(line, [0.0, 1.0, 2.0], [1.0, 3.0, 5.0], nn.mse, optim.SGD([w, b], lr=0.2), epochs=100)
    >>> print(f"{w:.3f} {b:.3f}")
    2.000 1.000
    """
    callbacks = list(callbacks) if isinstance(callbacks, Iterable) else callbacks
    _check_kinds(model, loss, optimizer, validation, callbacks, schedule)
    unseen = None if validation is None else Batches(*validation, batch_size=batch_size, axis=axis, shuffle=False)
    batches = Batches(X, y, batch_size=batch_size, axis=axis, seed=seed)
    epochs = whole_number("epochs", epochs)
    run = _Run(model, loss, optimizer, schedule, max_norm, batches, unseen, epochs)
    history = run.history
    try:
        for now in _watched(run.steps(), epochs * len(batches), progress):
            for callback in callbacks:
                callback(now)
            if history.ended:
                break
        history.ended = history.ended or "all epochs"
    except KeyboardInterrupt:
        history.ended = INTERRUPTED
    _mode(model, "eval")
    return history


def _check_kinds(model: Any, loss: Any, optimizer: Any, validation: Any, callbacks: Any, schedule: Any) -> None:
    """Refuse an argument of the wrong kind before the first step, rather than in the middle of a run."""
    is_pair = isinstance(validation, (tuple, list)) and len(validation) == 2  # an array of two rows would unpack too
    are_functions = isinstance(callbacks, list) and all(map(callable, callbacks))
    an_optimizer = "an optimiser, such as optim.SGD(model.parameters(), lr=0.1)"
    a_schedule = "a Schedule, such as optim.Schedule(optimizer, optim.cosine(10))"
    for is_right, name, given, wanted in (
        (callable(model), "model", model, "a Module, or a function from a batch of X to predictions"),
        (callable(loss), "loss", loss, "a function from predictions and targets to a cost, such as nn.mse"),
        (isinstance(optimizer, Optimizer), "optimizer", optimizer, an_optimizer),
        (validation is None or is_pair, "validation", validation, "a pair (X, y) of held-out examples"),
        (are_functions, "callbacks", callbacks, "a list of functions, as in callbacks=[f]"),
        (schedule is None or isinstance(schedule, Steps), "schedule", schedule, a_schedule),
    ):
        if not is_right:
            length = f" of length {len(given)}" if isinstance(given, (tuple, list)) else ""
            raise TypeError(f"{name} is {wanted}; got {type(given).__name__}{length}")


@dataclass
class _Run:
    """One training run: what `fit` was given, and the steps that it takes."""

    model: Callable[[Any], Any]
    loss: Callable[[Any, Any], Any]
    optimizer: Optimizer
    schedule: Steps | None
    max_norm: float | None
    batches: Batches
    unseen: Batches | None
    epochs: int
    history: History = field(default_factory=History)

    def steps(self) -> Iterator[Progress]:
        """Train, and report after each step."""
        for epoch in range(1, self.epochs + 1):
            _mode(self.model, "train")
            for i, batch in enumerate(self.batches, start=1):
                cost = self.step(epoch, batch)
                is_last = i == len(self.batches)
                validation = self.end_epoch() if is_last else None
                step, steps = len(self.history.costs), self.epochs * len(self.batches)
                yield Progress(
                    *(epoch, self.epochs, step, steps, cost, is_last, validation),
                    *(self.model, self.optimizer, self.history),
                )

    def step(self, epoch: int, batch: tuple[Any, Any]) -> float:
        """Go forward and backward, and move the parameters if all is finite; return the cost."""
        cost = self.passes(batch)
        parameters = self.optimizer.parameters
        if odd := what_is_odd(cost, parameters):
            step = len(self.history.costs) + 1
            raise not_finite(odd, epoch, step, cost, batch, lambda: where_from(self.passes, batch, parameters))
        if self.max_norm is not None:
            clip_grad_norm(parameters, self.max_norm)
        with interrupts_held():
            self.optimizer.step()
            self.history.add_step(cost, self.optimizer.lr)
            if self.schedule is not None:
                self.schedule.step()
        return cost

    def passes(self, batch: tuple[Any, Any]) -> float:
        """Leave the gradients of the cost on the parameters; return the cost."""
        self.optimizer.zero_grad()
        cost = self.cost(batch)
        cost.backward()
        return cost.item()

    def cost(self, batch: tuple[Any, Any]) -> Value:
        """The cost of a batch."""
        X, y = batch
        cost = self.loss(self.model(X), y)
        if not isinstance(cost, Value):
            kind = type(cost).__name__
            raise TypeError(f"the loss returned a {kind}: it must return a scalar Value, computed from the predictions")
        return cost

    def end_epoch(self) -> float | None:
        """Note the epoch's mean cost; return the validation cost, if there are held-out examples."""
        sizes = self.batches.sizes()
        mean = _mean(self.history.costs[-len(sizes) :], sizes)
        validation = None if self.unseen is None else self.validate(self.unseen)
        with interrupts_held():
            self.history.add_epoch(mean, validation)
        return validation

    def validate(self, unseen: Batches) -> float:
        """The mean cost of the held-out examples."""
        _mode(self.model, "eval")
        with no_grad():
            return _mean([self.cost(batch).item() for batch in unseen], unseen.sizes())


def _mean(costs: list[float], sizes: list[int]) -> float:
    """The mean over examples of the means over batches."""
    return sum(cost * size for cost, size in zip(costs, sizes, strict=True)) / sum(sizes)


def _mode(model: object, name: str) -> None:
    """Call the model's ``train`` or ``eval``, if it has that."""
    change = getattr(model, name, None)
    if change is not None:
        change()


def _watched(run: Iterator[Progress], total: int, wanted: bool | None) -> Iterator[Progress]:
    """The same steps, under a bar where one is wanted; if that is left open, in a terminal."""
    bar_of = None if wanted is False else _tqdm(must=bool(wanted))
    if bar_of is None:
        yield from run
        return
    with bar_of(total=total, unit=" steps", leave=False, disable=False if wanted else None) as bar:
        for now in run:
            bar.set_description(f"epoch {now.epoch} of {now.epochs}", refresh=False)
            bar.set_postfix_str(f"cost {now.cost:.4g}", refresh=False)
            bar.update()
            yield now


def _tqdm(must: bool) -> Any:
    """The progress bar of tqdm, or None if it may be missing and is."""
    try:
        return optional("tqdm", "a progress bar").tqdm
    except ImportError:
        if must:
            raise
        return None
