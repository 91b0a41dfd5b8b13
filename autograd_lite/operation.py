"""The table of operations: one row per primitive, and everything about it in that row.

Evaluating, differentiating, drawing, explaining and checking are interpreters of this table. To add an operation is
to add a row; nothing else changes. There are two kinds of row.

*Elementwise* rows are text: the value, and the local derivative for every argument, as expressions of the arguments
and of the result ``y``::

    elementwise("tanh(a)", "tanh(a)", a="1 - y * y")

The text is the one truth. It is compiled twice: with :mod:`math` for Python floats, which is fast, and with NumPy,
which serves arrays and also, through NumPy's own protocols, `Value` nodes; differentiating the derivative again is
then no extra work.

*Array* rows are a NumPy function and, for every differentiable argument, a vector-Jacobian product: a function
``(g, y, *inputs, **parameters)`` that gets the gradient ``g`` of the result ``y``. It is written with NumPy's names,
so that it too runs on arrays and on `Value` nodes alike.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd_lite.text import (
    FLOAT_NAMES,
    NUMPY_NAMES,
    array_function,
    define,
    for_floats,
    in_dtype_of_arrays,
    product,
    pull_function,
    vjp_function,
)

__all__ = ["TABLE", "Operation", "Trial", "array_operation", "elementwise"]


@dataclass(frozen=True)
class Trial:
    """One way to call an operation when it is checked: the inputs' shapes and the parameters."""

    shapes: tuple[tuple[int, ...], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Operation:
    """One row of the table.

    Attributes
    ----------
    name, symbol : str
        The function's name, and what a picture shows.
    doc : str
        One sentence for people.
    signature : inspect.Signature
        How the public function is called.
    inputs : tuple of str
        The arguments that are differentiated, in the order in which `forward` takes them. A variadic operation has
        a single name for all of them.
    forward : callable
        ``forward(*inputs, **parameters)`` on NumPy arrays and floats.
    vjps : sequence of callables
        ``vjps[slot](g, y, *inputs, **parameters)``: what slot number `slot` receives of the gradient `g`.
    pull : callable or None
        All that in one: ``pull(node, sums)`` sends the node's gradient to its inputs, for arrays; see `pull_function`.
    value, partials : str, tuple of str
        The text of an elementwise row: its value, and ``dy/d(input)`` for each input.
    partial_functions : tuple of callables
        ``partial_functions[slot](y, *inputs)``: the local derivative, from that text.
    is_elementwise : bool
        The row is text: every element has a local derivative.
    variadic : bool
        The operation takes any number of inputs.
    analytic : bool
        Smooth and defined for complex numbers, so that the complex step checks it.
    selects : bool
        Where a local derivative is 0 the operation is constant: 0 stays 0 even times an infinite gradient.
    read_by : tuple of tuples of int, or None
        ``read_by[slot]``: the slots of the inputs whose local derivative or rule reads the number of that input, so
        that a graph keeps it for them; None if nothing is known, and all are kept.
    silent_rows : callable or None
        For reductions and operations along an axis, ``silent_rows(g, a, **parameters)``: which elements of the input
        belong to a row whose gradient is 0, so that it must receive nothing.
    spelled : callable or None
        For array operations, ``spelled(ag, *inputs, **parameters)``: the same on arrays of scalar Values (of dtype
        object), spelled out in the public functions, which are `ag`.
    numpy : tuple
        NumPy's functions of the same meaning.
    aliases : tuple of str
        Further names of the same function.
    domain : tuple of (float, float)
        For each input, the interval from which checks draw.
    trials : tuple of Trial
        The calls with which the row is checked (elementwise rows are checked on every broadcast shape).
    """

    name: str
    symbol: str
    doc: str
    signature: inspect.Signature
    inputs: tuple[str, ...]
    forward: Callable[..., Any]
    vjps: Sequence[Callable[..., Any]]
    pull: Callable[..., None] | None = None
    value: str = ""
    partials: tuple[str, ...] = ()
    partial_functions: tuple[Callable[..., Any], ...] = ()
    is_elementwise: bool = False
    variadic: bool = False
    analytic: bool = True
    selects: bool = False
    read_by: tuple[tuple[int, ...], ...] | None = None
    silent_rows: Callable[..., Any] | None = None
    spelled: Callable[..., Any] | None = None
    numpy: tuple[Callable[..., Any], ...] = ()
    aliases: tuple[str, ...] = ()
    domain: tuple[tuple[float, float], ...] = ()
    trials: tuple[Trial, ...] = ()

    def keeps(self, slot: int, varies: Sequence[bool]) -> bool:
        """Whether a graph needs the number of an input: some input that varies reads it.

        >>> TABLE["add"].keeps(0, [True, True]), TABLE["mul"].keeps(0, [True, False])
        (False, False)
        """
        return self.read_by is None or any(varies[reader] for reader in self.read_by[slot])

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], Operation], tuple[str]]:
        return _row_named, (self.name,)


TABLE: dict[str, Operation] = {}
"""Every operation by name, in the order of definition."""

OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "pow": "pow", "matmul": "matmul"}
"""The operations that Python has an operator for, and its name for it, as in ``__truediv__``."""


HIDDEN: dict[str, Operation] = {}
"""Operations that nobody calls by name: what a traced function's stop-gradients and comparisons become."""


def _row_named(name: str) -> Operation:
    row = TABLE.get(name) or HIDDEN.get(name)
    if row is None:
        raise LookupError(f"the table has no operation {name!r}; import the module that defines it first")
    return row


def register(row: Operation, hidden: bool = False) -> Operation:
    """Enter `row` in the table, or among the hidden ones; a name that is taken is refused."""
    if row.name in TABLE or row.name in HIDDEN:
        raise ValueError(f"the table already has an operation {row.name!r}; choose another name")
    if hidden:
        HIDDEN[row.name] = row
        return row
    TABLE[row.name] = row
    NUMPY_NAMES[row.name] = row.numpy[0] if row.numpy else row.forward
    return row


# --- the two kinds of row -------------------------------------------------------------------------------------------


def elementwise(
    call: str,
    value: str,
    *,
    symbol: str = "",
    doc: str,
    numpy: Iterable[Callable[..., Any]] | Callable[..., Any] = (),
    aliases: Iterable[str] = (),
    analytic: bool = True,
    quiet: bool = True,
    selects: bool = False,
    forward: Callable[..., Any] | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    hidden: bool = False,
    **partials: str,
) -> Operation:
    """Enter an elementwise operation.

    Parameters
    ----------
    call : str
        Name and arguments, as in ``"leaky_relu(a, slope=0.01)"``.
    value : str
        The value, an expression of the arguments and of the names of other elementwise rows.
    symbol, doc : str
        What a picture shows, and one sentence for people.
    numpy : ufunc or several
        NumPy's functions of the same meaning.
    aliases : iterable of str
        Further names.
    analytic : bool
        Smooth, and defined for complex numbers.
    quiet : bool
        The operation can leave the numbers (division by 0, overflow): NumPy is not to warn of it.
    selects : bool
        Where a local derivative is 0 the operation is constant.
    forward : callable
        The value on arrays, where NumPy has no function that the text could name.
    domain : dict
        For an argument, the interval from which checks draw; ``(-3, 3)`` where nothing is said.
    hidden : bool
        Nobody calls it by name: it stands in `HIDDEN`, not in the table.
    **partials : str
        For every argument the local derivative, an expression of the arguments and of the value ``y``.

    Examples
    --------
    >>> TABLE["tanh"].partials
    ('1 - y * y',)
    """
    function = ast.parse(f"def {call}: ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    name, inputs = function.name, tuple(a.arg for a in function.args.args)
    if set(partials) != set(inputs):
        raise ValueError(f"{name}: local derivatives are given for {sorted(partials)}, the arguments are {inputs}")
    defaults = [ast.literal_eval(d) for d in function.args.defaults]
    given = dict(zip(inputs[len(inputs) - len(defaults) :], defaults, strict=True))
    parameters = [
        inspect.Parameter(i, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=given.get(i, inspect.Parameter.empty))
        for i in inputs
    ]
    arguments = ", ".join(inputs)
    texts = tuple(partials[i] for i in inputs)
    if forward is None:
        forward = numpy if callable(numpy) and not quiet else array_function(name, arguments, value, quiet)
    if len(inputs) > 1 and "(" in value and value != f"{name}({arguments})":
        forward = in_dtype_of_arrays(forward)
    row = Operation(
        name=name,
        symbol=symbol or name,
        doc=doc,
        signature=inspect.Signature(parameters),
        inputs=inputs,
        forward=forward,
        vjps=tuple(vjp_function(f"{name}_vjp_{i}", arguments, t) for i, t in zip(inputs, texts, strict=True)),
        pull=pull_function(f"{name}_pull", inputs, [product(t) for t in texts]),
        is_elementwise=True,
        value=value,
        partials=texts,
        partial_functions=tuple(
            array_function(f"{name}_d{i}", f"y, {arguments}", t, False) for i, t in zip(inputs, texts, strict=True)
        ),
        analytic=analytic,
        selects=selects,
        read_by=None  # the result is that very array
        if value in inputs
        else tuple(tuple(k for k, text in enumerate(texts) if i in _names_in(text)) for i in inputs),
        numpy=(numpy,) if callable(numpy) else tuple(numpy),
        aliases=tuple(aliases),
        domain=tuple((domain or {}).get(i, (-3.0, 3.0)) for i in inputs),
    )
    if name not in FLOAT_NAMES:
        FLOAT_NAMES[name] = define(name, f"def {name}({arguments}):\n    return {for_floats(value)}\n", FLOAT_NAMES)
    return register(row, hidden)


def _names_in(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}


# --- array rows ----------------------------------------------------------------------------------------------------


def array_operation(
    *,
    vjp: Mapping[str, Callable[..., Any]] | Callable[..., Any],
    symbol: str = "",
    name: str = "",
    public: str = "",
    numpy: Iterable[Callable[..., Any]] | Callable[..., Any] = (),
    aliases: Iterable[str] = (),
    analytic: bool = True,
    read_by: Mapping[str, Iterable[str]] | None = None,
    silent_rows: Callable[..., Any] | None = None,
    spelled: Callable[..., Any] | Literal["forward"] | None = None,
    domain: tuple[float, float] = (-3.0, 3.0),
    trials: Iterable[Trial] = (),
) -> Callable[[Callable[..., Any]], Operation]:
    """Enter the decorated NumPy function as an array operation.

    Parameters
    ----------
    vjp : dict or callable
        For each differentiable argument its vector-Jacobian product ``(g, y, *inputs, **parameters)``; these
        arguments come first in the decorated function. One callable ``(slot, g, y, *inputs, **parameters)`` makes
        the operation variadic.
    public : str
        The public signature where it differs from the function's, as in ``"condition, x, y"``.
    trials : iterable of Trial
        The calls with which the row is checked.
    read_by : dict
        For each input the inputs whose rules read its number; where nothing is said, all are taken to.
    spelled : callable or "forward"
        See `Operation`; "forward" for a NumPy function that works on arrays of objects as it is.
    symbol, name, numpy, aliases, analytic, silent_rows, domain
        See `Operation`; `domain` holds for every input.
    """

    def enter(function: Callable[..., Any]) -> Operation:
        title = name or function.__name__.strip("_")
        signature = inspect.signature(function)
        if public:
            by_name = signature.parameters
            order = [by_name[p.strip()] for p in public.split(",")]
            signature = signature.replace(parameters=order)
        inputs = tuple(signature.parameters)[:1] if callable(vjp) else tuple(vjp)
        row = Operation(
            name=title,
            symbol=symbol or title,
            doc=inspect.getdoc(function) or "",
            signature=signature,
            inputs=inputs,
            forward=function,
            vjps=EverySlot(vjp) if callable(vjp) else tuple(vjp.values()),
            pull=None if callable(vjp) else _pull_by_rules(title, tuple(vjp.values()), len(signature.parameters)),
            variadic=callable(vjp),
            analytic=analytic,
            read_by=tuple(tuple(map(inputs.index, read_by[i])) for i in inputs) if read_by else None,
            silent_rows=silent_rows,
            spelled=(lambda ag, *inputs, **given: function(*inputs, **given)) if spelled == "forward" else spelled,
            numpy=(numpy,) if callable(numpy) else tuple(numpy),
            aliases=tuple(aliases),
            domain=(domain,) * len(inputs),
            trials=tuple(trials),
        )
        return register(row)

    return enter


def _pull_by_rules(name: str, rules: Sequence[Callable[..., Any]], arguments: int) -> Callable[..., None]:
    """The rules called one after the other, each for its input."""
    raws = [f"a{slot}" for slot in range(len(rules))]
    given = f"{', '.join(raws)}{', **node._db' if arguments > len(rules) else ''}"
    named = {f"vjp_{slot}": rule for slot, rule in enumerate(rules)}
    return pull_function(f"{name}_pull", raws, [f"{vjp}(g, y, {given})" for vjp in named], named)


class EverySlot(Sequence[Callable[..., Any]]):
    """The vector-Jacobian products of a variadic operation: one rule that is told the slot."""

    def __init__(self, rule: Callable[..., Any]) -> None:
        self.rule = rule

    def __getitem__(self, slot: Any) -> Any:
        return lambda g, y, *inputs, **parameters: self.rule(slot, g, y, *inputs, **parameters)

    def __len__(self) -> int:
        raise TypeError("a variadic operation has as many slots as it is given inputs")
