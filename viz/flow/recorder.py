"""`GradientFlow`: how large each layer's gradients and updates are, step by step through a training run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.nn import Module
from autograd_lite.numbers import whole_number
from autograd_lite.value import Value
from viz.flow.findings import Flow
from viz.flow.table import flow_table
from viz.graphs.names import joined

if TYPE_CHECKING:
    from autograd_lite.training import Progress
    from viz.flow.heat_map import HeatMap

__all__ = ["GradientFlow"]

By = Literal["layer", "parameter"]
Array = NDArray[Any]


class GradientFlow:
    """Records, for every layer and step, how large the gradient is and how far the update moves the parameters.

    It is a callback of `training.fit`; in a loop of one's own, call `record` after ``optimizer.step()``. For the n
    numbers w of a layer, with their gradients g, it keeps

    * the size of the gradient: its root mean square, ``rms(g) = sqrt(sum(g**2) / n)``. Unlike the L2 norm, which is
      ``sqrt(n) * rms(g)``, it compares layers of different size;
    * the update-to-data ratio, ``rms(w - w_before) / rms(w_before)``, where w_before is w at the record before (at the
      first record: when the recorder was made). About 1e-3 is usual; far less learns slowly, far more is rough.

    Gradients are taken as they are then, after clipping. Of the parameters themselves only one copy is kept, and
    nothing is changed.

    Parameters
    ----------
    model : Module, or dict of names and Values
        What is trained, on arrays or on scalar Values.
    by : str
        "layer": a row for each module, with all its parameters; those that the model itself holds have a row each.
        "parameter": a row for each parameter. In both the scalars of one array count as the array.
    limit : int
        How many steps to keep at most. In a longer run every 2nd is kept, then every 4th, and so on; each ratio is
        still that of a single step.

    Raises
    ------
    TypeError
        If the model is neither a Module nor a dict of Values.
    ValueError
        If it has no parameters, or an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import nn, optim
    >>> from autograd_lite.training import fit
    >>> X = np.random.default_rng(0).normal(size=(64, 2))
    >>> y = X[:, :1] * X[:, 1:]
    >>> model = nn.Sequential(nn.Linear(2, 8, seed=0), nn.Tanh(), nn.Linear(8, 1, seed=1))
    >>> flow = GradientFlow(model)
    >>> history = fit(model, X, y, nn.mse, optim.SGD(model.parameters(), lr=0.1), epochs=5, seed=0, callbacks=[flow])
    >>> flow.table()["gradient"].shape  # layers, steps
    (2, 10)
    >>> flow.draw().save("flow.svg")  # doctest: +SKIP

    By hand, and with the text form:

    >>> w = Value(3.0)
    >>> flow = GradientFlow({"w": w})
    >>> optimizer = optim.SGD([w], lr=0.1)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    ...     flow.record()
    >>> print(flow)
    GradientFlow of 1 layer, 3 steps
    The gradient goes from 6 to 3.84 in 3 steps
    A step moves the layer by more than 0.01 of its data
    <BLANKLINE>
            gradient   (rms)            update   / data
    layer   first      last    median   first    last     median
    w       6          3.84    4.8      0.2      0.2      0.2      fast
    """

    def __init__(self, model: Module | Mapping[str, Any], *, by: By = "layer", limit: int = 500) -> None:
        if by not in ("layer", "parameter"):
            raise ValueError(f"by is {by!r}; it is 'layer' or 'parameter'")
        self._model = _as_module(model)
        self._by = by
        self._limit = whole_number("limit", limit, least=2)
        rows = self._rows()
        if not rows:
            raise ValueError(f"the model has no parameters: {model!r}")
        self._data = {name: _flat([p._data for p in row]) for name, row in rows.items()}
        modules = dict(self._model.named_modules())
        self._titles = tuple(modules[name].title if name in modules else "" for name in rows)
        self._records: list[_Record] = []
        self._last: _Record | None = None
        self._recorded, self._every = 0, 1

    def __call__(self, now: Progress) -> None:
        """Record a step: what `fit` calls."""
        self.record()

    def record(self, step: int | None = None) -> None:
        """Record a step; call it after ``backward()`` and ``optimizer.step()``, before the next ``zero_grad()``.

        Parameters
        ----------
        step : int, optional
            The step's number, larger than the one before; counted from 1 if it is left out.

        Raises
        ------
        ValueError
            If no parameter has a gradient, the step's number is not larger, or the model has other parameters now.
        """
        before = self._last.step if self._last else 0
        number = before + 1 if step is None else whole_number("step", step, least=0)
        if self._last and number <= before:
            raise ValueError(f"step {number} comes after step {before}: steps are recorded in order, each once")
        rows = self._rows()
        if all(p.grad is None for row in rows.values() for p in row):
            raise ValueError(
                "no parameter has a gradient: call record() after backward() and optimizer.step(), before zero_grad()"
            )
        data = {name: _flat([p._data for p in row]) for name, row in rows.items()}
        if _sizes(data) != _sizes(self._data):
            raise ValueError("the model has other parameters than before: make a new GradientFlow of it")
        sizes = np.array([self._measured(row, data[name], self._data[name]) for name, row in rows.items()]).T
        self._keep(_Record(number, *sizes))
        self._data = data

    def _measured(self, row: list[Value], data: Array, before: Array) -> tuple[float, float, float, bool]:
        """Of a row: the size of the gradient, of the update, of the data before, and whether there is a gradient."""
        grads = [np.zeros(p.shape) if p.grad is None else p.grad for p in row]
        with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is a nan to show
            update = data - before
        return _rms(_flat(grads)), _rms(update), _rms(before), any(p.grad is not None for p in row)

    def _keep(self, record: _Record) -> None:
        """Keep a record if it is its turn; at the limit drop every second one. The last is always there."""
        if self._recorded % self._every == 0:
            if len(self._records) == self._limit:
                del self._records[1::2]
                self._every *= 2
            if self._recorded % self._every == 0:
                self._records.append(record)
        self._recorded += 1
        self._last = record

    def _rows(self) -> dict[str, list[Value]]:
        """The parameters of each row, from the input to the output, as the model is now."""
        owners = {name for name, _ in self._model.named_modules()} if self._by == "layer" else set()
        rows: dict[str, list[Value]] = {}
        for name, value in self._model.named_parameters():
            array = name.partition("[")[0] if name.endswith("]") else name
            owner = next((prefix for prefix in _prefixes(array) if prefix in owners), array)
            rows.setdefault(owner, []).append(value)
        return rows

    def _flow(self) -> Flow:
        """What was recorded, for a view."""
        records = list(self._records)
        if self._last and records[-1] is not self._last:
            records.append(self._last)
        shape = len(records), len(self._data)

        def kept(name: str) -> Array:
            return np.array([getattr(record, name) for record in records], dtype=float).reshape(shape).T

        return Flow(
            names=tuple(joined("", name) for name in self._data),
            titles=self._titles,
            sizes=tuple(map(len, self._data.values())),
            steps=np.array([record.step for record in records]),
            gradient=kept("gradient"),
            update=kept("update"),
            data=kept("data"),
            computed=kept("computed").astype(bool),
            by=self._by,
            recorded=self._recorded,
            every=self._every,
        )

    def table(self) -> dict[str, Any]:
        """Return the numbers that were kept, for use elsewhere.

        Returns
        -------
        dict
            ``layers`` their names and ``sizes`` how many numbers each holds; ``steps``; and arrays of shape (layers,
            steps): ``gradient`` its root mean square, nan where it was not computed; ``update`` and ``data`` those of
            the update and of the data before it; ``ratio`` the one over the other, inf where the data were all 0;
            ``computed`` whether there was a gradient; ``odd`` whether there was a nan or an infinity.
        """
        flow = self._flow()
        return {
            "layers": flow.names,
            "sizes": flow.sizes,
            "steps": flow.steps,
            "gradient": np.where(flow.computed, flow.gradient, math.nan),
            "update": flow.update,
            "data": flow.data,
            "ratio": flow.ratio,
            "computed": flow.computed,
            "odd": flow.odd_gradient | flow.odd_update,
        }

    def draw(self) -> HeatMap:
        """Draw two heat maps, layers by steps: of the gradient's size, and of the update-to-data ratio.

        Returns
        -------
        HeatMap
            A notebook shows it; ``.save(path)`` writes SVG, PNG or PDF, ``.figure`` is the figure of matplotlib.

        Raises
        ------
        ValueError
            If nothing was recorded.
        ImportError
            If matplotlib is not installed.
        """
        from viz.flow.heat_map import draw_heat_map  # which needs matplotlib

        if self._last is None:
            raise ValueError("nothing was recorded: give it to fit(..., callbacks=[flow]), or call flow.record()")
        return draw_heat_map(self._flow())

    @property
    def finding(self) -> str:
        """What the gradients do, in a sentence; the worst thing first."""
        return self._flow().headline

    def __repr__(self) -> str:
        return flow_table(self._flow())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        """Return the picture for a notebook, where there is one and a library to draw it; else the text."""
        if self._last is None:
            return {"text/plain": repr(self)}
        try:
            return self.draw()._repr_mimebundle_(include, exclude)
        except ImportError as reason:
            return {"text/plain": f"{self!r}\n(no picture: {reason})"}


class _Record(NamedTuple):
    """A step: for each layer the sizes of gradient, update and data, and whether there was a gradient."""

    step: int
    gradient: Array
    update: Array
    data: Array
    computed: Array


def _as_module(model: Any) -> Module:
    """A dict of Values as a module that holds them, so that one kind of thing is left."""
    if isinstance(model, Module):
        return model
    if not isinstance(model, Mapping) or not all(isinstance(name, str) for name in model):
        raise TypeError(f'model is {type(model).__name__}; give a Module, or a dict of names and Values: {{"w": w}}')
    holder = Module()
    vars(holder).update(model)
    return holder


def _prefixes(name: str) -> Iterator[str]:
    """``a.b.c`` is in ``a.b``, which is in ``a``."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _flat(arrays: list[Any]) -> Array:
    """All the numbers, in a copy."""
    return np.concatenate([np.ravel(array) for array in arrays])


def _sizes(rows: dict[str, Array]) -> dict[str, int]:
    return {name: len(row) for name, row in rows.items()}


def _rms(x: Array) -> float:
    """The root mean square, also where the squares would overflow, or vanish to 0; nan if one is nan."""
    largest = float(np.abs(x).max(initial=0.0))
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(float(np.mean(np.square(x / largest, dtype=float))))
