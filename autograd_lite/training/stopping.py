"""`EarlyStopping`: the callback that ends a run when the held-out examples stop gaining from it."""

from __future__ import annotations

import math
from typing import Any

from autograd_lite.numbers import whole_number
from autograd_lite.training.interrupts import interrupts_held
from autograd_lite.training.loop import Progress


class EarlyStopping:
    """End the run when the validation cost has not fallen for some epochs, and go back to the best parameters.

    It goes back at the end of every run but an interrupted one, and when the epochs run out too; make it the last of
    the callbacks, so that it sees what the others stop. A validation cost of nan is never better.

    Parameters
    ----------
    patience : int
        The number of epochs in a row that may be no better than the best before them.
    min_delta : float
        By how much the cost must fall to count as better.
    restore : bool
        Give the model the parameters of its best epoch at the end, by ``state_dict`` and ``load_state_dict``.

    Attributes
    ----------
    best : float
        The lowest validation cost, inf before the first epoch's end.
    best_epoch : int
        The epoch that had it, counted from 1.
    best_state : dict of str to ndarray, or None
        The model's parameters at its end.

    Raises
    ------
    ValueError
        If patience is below 1 or min_delta negative; at the first epoch's end, if there is no validation.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn, optim
    >>> from autograd_lite.training import fit
    >>> rng = np.random.default_rng(0)
    >>> X, noise = rng.normal(size=(24, 8)), rng.normal(size=(24, 1))  # nothing can be learnt from noise
    >>> model = nn.Linear(8, 1, seed=0)
    >>> stopping = EarlyStopping(patience=3)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> unseen = X[12:], noise[12:]
    >>> fit(model, X[:12], noise[:12], nn.mse, optimizer, epochs=100, validation=unseen, callbacks=[stopping]).ended
    'no better validation cost for 3 epochs'
    >>> bool(abs(nn.mse(model(X[12:]), noise[12:]).item() - stopping.best) < 1e-12)
    True
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0, restore: bool = True) -> None:
        self.patience = whole_number("patience", patience)
        if not min_delta >= 0:
            raise ValueError(f"min_delta is {min_delta!r}; it must be 0 or more")
        self.min_delta, self.restore = min_delta, restore
        self._forget()

    def _forget(self) -> None:
        self.best, self.best_epoch = math.inf, 0
        self.best_state: dict[str, Any] | None = None

    def __call__(self, now: Progress) -> None:
        """Look at the run; `fit` calls this after every step."""
        if now.step == 1:  # a new run
            self._forget()
        if now.epoch_ended:
            self._compare(now)
        is_over = now.history.ended or now.step == now.steps
        if is_over and self.best_state is not None:
            with interrupts_held():
                now.model.load_state_dict(self.best_state)

    def _compare(self, now: Progress) -> None:
        if now.validation is None:
            raise ValueError(
                "EarlyStopping watches the validation cost: give fit validation=(X, y) of held-out examples"
            )
        if now.validation < self.best - self.min_delta:
            self.best, self.best_epoch = now.validation, now.epoch
            self.best_state = now.model.state_dict() if self.restore else None
        elif now.epoch - self.best_epoch >= self.patience:
            now.stop(f"no better validation cost for {self.patience} epochs")
