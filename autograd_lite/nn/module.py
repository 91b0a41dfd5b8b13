"""`Module`: what holds parameters, and other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from autograd_lite.cells import data_of, grad_of, is_cells, scalars
from autograd_lite.origins import calling, is_recording
from autograd_lite.states import State, check_names
from autograd_lite.value import Value


class Place(NamedTuple):
    """Where a parameter or a module is kept: its dotted name, the module, list or dict that holds it, and the key."""

    name: str
    holder: Any
    key: Any
    item: Any

    def put(self, item: Any) -> None:
        """Keep another item in this place."""
        if isinstance(self.holder, Module):
            setattr(self.holder, self.key, item)
        else:
            self.holder[self.key] = item

    def fill(self, numbers: NDArray[Any]) -> None:
        """Give the parameter other numbers."""
        if not is_cells(self.item):
            self.item.data = numbers
            return
        for index, cell in np.ndenumerate(self.item):
            if isinstance(cell, Value):
                cell.data = numbers[index]
            else:
                self.item[index] = float(numbers[index])


class Module:
    """A part of a network: it computes, and knows its parameters.

    A subclass makes its parameters and sub-modules in ``__init__`` and computes in ``forward``. Whatever attribute is a
    parameter (a `Value` that is a leaf, or an array of such) or a module is found, in lists, tuples and dicts too. A
    computed Value is no leaf: scale the numbers, ``Value(0.01 * numbers)``, not the Value.

    The same module runs on arrays and on scalar Values: `to_scalars` turns each parameter into an array of scalar
    Values, every number of which can be looked at, and `to_arrays` turns it back. ``forward`` is written once, with
    operators and the functions of `autograd_lite` (``matmul(x, W)`` rather than ``x @ W``: NumPy's own product would
    build a chain of additions).

    Attributes
    ----------
    training : bool
        Whether layers such as `Dropout` behave as in training; see `train` and `eval`.

    Examples
    --------
    >>> from autograd_lite import Value, nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         self.factor = Value(2.0)
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> model = nn.Sequential(Scale(), nn.Linear(3, 1, seed=0))
    >>> model
    Sequential(
      (0): Scale()  # 1 parameter
      (1): Linear(3, 1)  # 4 parameters
    )  # 5 parameters
    >>> [name for name, parameter in model.named_parameters()]
    ['0.factor', '1.weight', '1.bias']
    """

    training: bool = True

    def forward(self, *args: Any) -> Any:
        """Compute the output; each subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): define what it computes")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output: ``module(x)`` is ``module.forward(x)``."""
        if not is_recording():
            return self.forward(*args, **kwargs)
        with calling(self, args, kwargs):
            return self.forward(*args, **kwargs)

    # --- what it holds ---

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Every parameter once, with its dotted name; in scalar form every number is one, as ``0.weight[2,1]``."""
        seen = set()
        for place in _parameter_places(self):
            for name, value in _values(place):
                if id(value) not in seen:
                    seen.add(id(value))
                    yield name, value

    def parameters(self) -> list[Value]:
        """Every parameter once: arrays, or in scalar form as many scalar Values as there are numbers."""
        items = [place.item for place in _parameter_places(self)]
        cells = chain.from_iterable(item.flat if is_cells(item) else (item,) for item in items)
        return list({id(cell): cell for cell in cells if is_parameter(cell)}.values())  # a name takes longer to write

    @property
    def parameter_count(self) -> int:
        """How many numbers all parameters hold."""
        return sum(parameter.size for parameter in self.parameters())

    def modules(self) -> Iterator[Module]:
        """The module itself and every module inside it, each once."""
        seen = {id(self)}
        yield self
        for place in _places(self):
            if isinstance(place.item, Module) and id(place.item) not in seen:
                seen.add(id(place.item))
                yield place.item

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Every module inside this one, at any depth, with its dotted name; one that is kept in two places comes twice.

        Examples
        --------
        >>> from autograd_lite import nn
        >>> [name for name, module in nn.MLP(2, [3]).named_modules()]
        ['layers.0', 'layers.0.linear', 'layers.0.activation']
        """
        return ((place.name, place.item) for place in _places(self) if isinstance(place.item, Module))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.zero_grad()

    # --- training or not ---

    def train(self, training: bool = True) -> Self:
        """Behave as in training: `Dropout` drops. Returns the module."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Behave as after training: `Dropout` does nothing. Returns the module."""
        return self.train(False)

    # --- the numbers ---

    def state_dict(self) -> State:
        """Copies of all parameters' numbers by name; the same in array and in scalar form."""
        return {place.name: np.array(data_of(place.item)) for place in _parameter_places(self)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take all parameters' numbers from `state`; nothing is changed unless everything fits.

        Raises
        ------
        KeyError
            If a name is missing, or is none of this module's.
        ValueError, TypeError
            If a shape or a dtype is not the parameter's.

        Examples
        --------
        >>> from autograd_lite import nn
        >>> here, there = nn.Linear(2, 1, seed=0), nn.Linear(2, 1, seed=1)
        >>> there.load_state_dict(here.state_dict())
        >>> bool((here.weight.data == there.weight.data).all())
        True
        """
        places = list(_parameter_places(self))
        check_names(type(self).__name__, [place.name for place in places], state)
        arrays = [_fitting(state[place.name], place) for place in places]
        for place, array in zip(places, arrays, strict=True):
            place.fill(array)

    def to_scalars(self) -> Self:
        """Turn every parameter, in place, into an array of scalar Values, gradients included.

        Make optimisers afterwards. What the module returns is then an array of scalar Values too, a NumPy array of
        objects: `autograd_lite.mean` and its like reduce it, `data_of` gives its numbers and `grad_of` its gradients.
        Its numbers are Python floats, whatever the dtype was.

        Examples
        --------
        >>> from autograd_lite import data_of, nn
        >>> model = nn.Linear(2, 1, seed=0).to_scalars()
        >>> model.weight.shape, model.weight[0, 0].label
        ((2, 1), 'weight[0,0]')
        >>> data_of(model([[0.0, 0.0]]))
        array([[0.]])
        """
        return self._convert(_as_scalars)

    def to_arrays(self) -> Self:
        """Turn every parameter, in place, into an array again, gradients included: the converse of `to_scalars`."""
        return self._convert(_as_array)

    def _convert(self, converted: Callable[[Any], Any]) -> Self:
        done: dict[int, Any] = {}  # parameters that are used in two places stay one
        places = list(_parameter_places(self))
        for place in places:
            if isinstance(place.holder, tuple):
                raise TypeError(f"{place.name} is kept in a tuple, which cannot change; keep parameters in a list")
        for place in places:
            if id(place.item) not in done:
                done[id(place.item)] = converted(place.item)
            place.put(done[id(place.item)])
        return self

    def call_with(self, parameters: Iterable[Any], *args: Any) -> Any:
        """Compute the output with other parameters, in the order of `state_dict`; the module's own stay as they are.

        So the output is a function of the parameters, which can be differentiated as often as one likes.

        Parameters
        ----------
        parameters : iterable of Value or array
            One for each name of `state_dict`, of the same shapes.
        *args
            The module's inputs.

        Examples
        --------
        >>> from autograd_lite import hessian, nn
        >>> model = nn.Linear(1, 1, seed=0)
        >>> def cost(W):
        ...     return nn.mse(model.call_with([W, [0.0]], [[3.0]]), [[1.0]])
        >>> hessian(cost)(model.weight.data)
        array([[[[18.]]]])
        """
        places = list(_parameter_places(self))
        try:
            for place, item in zip(places, parameters, strict=True):
                place.put(item)
            return self(*args)
        finally:
            for place in places:
                place.put(place.item)

    # --- how it shows ---

    def extra_repr(self) -> str:
        """What the constructor was given, for `repr`."""
        return ""

    @property
    def title(self) -> str:
        """The class and what the constructor was given, as in ``Linear(2, 3)``."""
        return f"{type(self).__name__}({self.extra_repr()})"

    def __repr__(self) -> str:
        inside = "".join(
            f"\n  ({name}): " + repr(module).replace("\n", "\n  ") for name, module in _direct_modules(self)
        )
        count = self.parameter_count
        comment = f"  # {count:,} parameter{'s' if count > 1 else ''}" if count else ""
        return f"{self.title[:-1]}{inside}{chr(10) if inside else ''}){comment}"


def needs_features(module: Module, x: Any, n: int, axis: int = -1) -> None:
    """Refuse an input that has not n features along an axis.

    Raises
    ------
    ValueError
        With the module and the input's shape.
    """
    shape = np.shape(x)
    if not shape or shape[axis] != n:
        raise ValueError(f"{module.title} needs {n} features along axis {axis}; x has shape {shape}")


def is_parameter(item: object) -> bool:
    """Whether `item` is a variable that nothing computed, or an array of objects with such scalars among them."""
    if type(item) is Value:
        return item.op is None
    return is_cells(item) and any(map(is_parameter, item.flat))  # type: ignore[attr-defined]


def _items(holder: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(holder, (list, tuple)):
        return iter(list(enumerate(holder)))
    return iter(list((vars(holder) if isinstance(holder, Module) else holder).items()))


def _places(holder: Any, prefix: str = "", above: tuple[int, ...] = ()) -> Iterator[Place]:
    """All parameters and modules in `holder`, depth first; one that is held twice comes twice, a circle ends."""
    above += (id(holder),)
    for key, item in _items(holder):
        name = prefix + str(key)
        if is_parameter(item):
            yield Place(name, holder, key, item)
        elif isinstance(item, (Module, list, tuple, dict)) and id(item) not in above:
            if isinstance(item, Module):
                yield Place(name, holder, key, item)
            yield from _places(item, name + ".", above)


def _parameter_places(module: Module) -> Iterator[Place]:
    return (place for place in _places(module) if not isinstance(place.item, Module))


def _direct_modules(holder: Any, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """The modules in `holder` that are not inside another, with their names."""
    for key, item in _items(holder):
        if isinstance(item, Module):
            yield f"{prefix}{key}", item
        elif isinstance(item, (list, tuple, dict)):
            yield from _direct_modules(item, f"{prefix}{key}.")


def _values(place: Place) -> Iterator[tuple[str, Value]]:
    """The parameter at a place; an array of Values one by one."""
    if not is_cells(place.item):
        yield place.name, place.item
        return
    for index, value in np.ndenumerate(place.item):
        if is_parameter(value):  # a number or a Constant may stand among them
            yield f"{place.name}[{','.join(map(str, index))}]", value


def _as_scalars(parameter: Any) -> Any:
    if is_cells(parameter) or not parameter.shape:
        return parameter
    cells = scalars(parameter.data, parameter.label)
    if parameter.grad is not None:
        for cell, g in zip(cells.flat, parameter.grad.flat, strict=True):
            cell.grad = float(g)
    return cells


def _as_array(parameter: Any) -> Any:
    if not is_cells(parameter):
        return parameter
    label = next((cell.label for cell in parameter.flat if isinstance(cell, Value)), "")
    array = Value(data_of(parameter), label.partition("[")[0])
    array.grad = grad_of(parameter)
    return array


def _fitting(numbers: Any, place: Place) -> NDArray[Any]:
    """`numbers` as an array, if it can stand in for the parameter."""
    array, present = np.asarray(numbers), np.asarray(data_of(place.item))
    if array.shape != present.shape:
        raise ValueError(f"{place.name} has shape {present.shape}, the state's has {array.shape}")
    is_scalars = is_cells(place.item) and array.dtype.kind == "f"  # Python floats, whatever they come from
    if array.dtype != present.dtype and not is_scalars:
        raise TypeError(
            f"{place.name} has dtype {present.dtype}, the state's has {array.dtype}; convert it with .astype"
        )
    return array
