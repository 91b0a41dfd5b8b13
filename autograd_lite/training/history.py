"""`History`: what happened during a training run, in numbers and as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograd_lite.training.libraries import optional

BLUE, RED, PALE, INK, MUTED, GRID = "#0B5CAD", "#B2182B", "#9DBEDE", "#1F2933", "#52606D", "#E4E7EB"

STYLE: Any = {
    "axes.edgecolor": "#9AA5B1",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.titleweight": "bold",
    "grid.color": GRID,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.dpi": 160,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}

INTERRUPTED = "interrupted"


@dataclass(eq=False, repr=False)
class History:
    """The costs and learning rates of a training run.

    Attributes
    ----------
    costs, learning_rates : list of float
        For each step: the cost of its batch before the step, and the learning rate it was made with.
    epoch_costs, validation : list of float
        For each whole epoch: the mean cost of its steps, weighted by their batches' sizes; and the cost of the
        held-out examples after it, if there are any.
    epoch_ends : list of int
        For each whole epoch: how many steps had been made when it ended.
    ended : str
        What ended the run: ``"all epochs"``, ``"interrupted"``, or what a callback gave as its reason.

    Examples
    --------
    >>> history = History()
    >>> history.add_step(cost=0.75, learning_rate=0.1)
    >>> history.add_step(cost=0.25, learning_rate=0.1)
    >>> history.add_epoch(cost=0.5, validation=0.375)
    >>> history
    History(2 steps, 1 epoch: cost 0.75 to 0.25, validation 0.375 to 0.375)
    """

    costs: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    epoch_costs: list[float] = field(default_factory=list)
    epoch_ends: list[int] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    ended: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return self.ended == INTERRUPTED

    def add_step(self, cost: float, learning_rate: float) -> None:
        """Note a step that was made."""
        self.costs.append(cost)
        self.learning_rates.append(learning_rate)

    def add_epoch(self, cost: float, validation: float | None) -> None:
        """Note the end of a whole epoch."""
        self.epoch_costs.append(cost)
        self.epoch_ends.append(len(self.costs))
        if validation is not None:
            self.validation.append(validation)

    def __repr__(self) -> str:
        text = f"{_count(self.costs, 'step')}, {_count(self.epoch_ends, 'epoch')}"
        if self.costs:
            text += f": {self._fall()}"
        if self.validation:
            text += f", validation {self.validation[0]:.4g} to {self.validation[-1]:.4g}"
        return f"History({text}; ended: {self.ended})" if self.ended else f"History({text})"

    def _fall(self) -> str:
        """The first and the last cost: of epochs if there are several, for the cost of one batch is noisy."""
        what, costs = ("mean cost of an epoch", self.epoch_costs) if len(self.epoch_costs) > 1 else ("cost", self.costs)
        return f"{what} {costs[0]:.4g} to {costs[-1]:.4g}"

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the costs over the steps, and save the picture; needs matplotlib.

        Parameters
        ----------
        path : str or path
            Where to; its ending says the format, as in ``costs.png`` or ``costs.svg``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If no step was made.
        ImportError
            If matplotlib is not installed.
        """
        if not self.costs:
            raise ValueError("there is nothing to draw: no step was made")
        matplotlib = optional("matplotlib", "History.plot")
        figures = optional("matplotlib.figure", "History.plot")
        with matplotlib.rc_context(STYLE):
            figure = figures.Figure(figsize=(8, 4.5), layout="constrained")
            self._draw(figure.add_subplot(xlabel="step", ylabel="cost"))
            figure.savefig(path)
        return Path(path)

    def _draw(self, axes: Any) -> None:
        lines: dict[str, tuple[Sequence[int], list[float], str, float]] = {}
        lines["each step"] = (range(1, len(self.costs) + 1), self.costs, PALE, 1.0)
        if len(self.epoch_ends) < len(self.costs):
            lines["mean of each epoch"] = (self.epoch_ends, self.epoch_costs, BLUE, 2.2)
        lines["held out"] = (self.epoch_ends, self.validation, RED, 2.2)
        drawn = {name: line for name, line in lines.items() if line[1]}
        for name, (x, y, color, width) in drawn.items():
            axes.plot(x, y, color=color if len(drawn) > 1 else BLUE, linewidth=width, label=name)
        if len(drawn) > 1:
            axes.legend()
        shown = [cost for _, y, _, _ in drawn.values() for cost in y]
        if max(shown) > 10 * min(shown) > 0:
            axes.set(yscale="log", ylabel="cost (logarithmic)")
        axes.set_title(f"{self._fall().capitalize()} in {_count(self.costs, 'step')}")


def _count(things: list[Any], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"
