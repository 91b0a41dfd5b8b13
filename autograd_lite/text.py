"""The text of elementwise rows, compiled: for Python floats, for arrays, and for Values by NumPy's protocols."""

from __future__ import annotations

import ast
import linecache
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

GENERATED = "<autograd_lite table"
"""How the file names of generated code begin, in tracebacks."""

_CONSTANTS = {  # Python floats, not NumPy's: they leave float32 as it is
    "LN2": math.log(2.0),
    "LN10": math.log(10.0),
    "SQRT2": math.sqrt(2.0),
    "SQRT_PI": math.sqrt(math.pi),
    "SQRT_2PI": math.sqrt(2.0 * math.pi),
}

FLOAT_NAMES: dict[str, Any] = {
    **_CONSTANTS,
    **{
        name: getattr(math, name)
        for name in ["exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan"]
    },
    **{
        name: getattr(math, name) for name in ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "hypot", "pow"]
    },
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "abs": abs,
    "floor": lambda a: float(math.floor(a)),
    "isfinite": math.isfinite,
    "__name__": "autograd_lite.generated",
}
"""What a name in a row's text means on Python floats; elementwise rows add themselves."""


NUMPY_NAMES: dict[str, Any] = {
    **_CONSTANTS,
    "where": np.where,
    "equal": np.equal,
    "isfinite": np.isfinite,
    "floor": np.floor,
    "errstate": np.errstate,
    "__name__": "autograd_lite.generated",
}
"""What a name in a row's text means on arrays and on Values; rows add themselves."""


class _Floats(ast.NodeTransformer):
    """Floats for ints: data stays a float, never 0, always 0.0; and NumPy takes longer to convert an int."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]


class _ForFloats(_Floats):
    """Text for one float: choose by ``x if condition else y``, which evaluates only the side that is taken."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node = self.generic_visit(node)  # type: ignore[assignment]
        return ast.BoolOp(ast.And(), [node.left, node.right]) if isinstance(node.op, ast.BitAnd) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node = self.generic_visit(node)  # type: ignore[assignment]
        name, args = node.func.id, node.args  # type: ignore[attr-defined]
        if name == "where":
            return ast.IfExp(*args)
        if name == "reciprocal":
            return ast.BinOp(ast.Constant(1.0), ast.Div(), args[0])
        if name == "equal":
            return ast.Compare(args[0], [ast.Eq()], [args[1]])
        if name == "maximum":  # "x unless y is greater or nan", as np.maximum
            return ast.IfExp(_either(args[0], ast.Lt(), args[1]), args[1], args[0])
        if name == "minimum":
            return ast.IfExp(_either(args[0], ast.Gt(), args[1]), args[1], args[0])
        return node


def _either(x: ast.expr, compare: ast.cmpop, y: ast.expr) -> ast.expr:
    beats = ast.Compare(x, [compare], [y])
    if isinstance(y, ast.Constant):
        return beats
    return ast.BoolOp(ast.Or(), [beats, ast.Compare(y, [ast.NotEq()], [y])])


class _ForArrays(ast.NodeTransformer):
    """Text for arrays: ``where(c, 1, 0)`` is the condition itself, which keeps float32 and saves a pass.

    Where the condition asks for one number, as in ``where(equal(b, 0), 0, q)`` of a ** 2, a float answers it for all:
    not in ``where(equal(b, 0), p, q)``, for an array p has a part in the shape and the dtype of the result.
    """

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node = self.generic_visit(node)  # type: ignore[assignment]
        if node.func.id != "where":  # type: ignore[attr-defined]
            return node
        condition, p, q = node.args
        if [getattr(a, "value", None) for a in (p, q)] == [1, 0]:
            return condition
        if isinstance(p, ast.Constant) and isinstance(condition, ast.Call) and isinstance(condition.args[0], ast.Name):
            b, number = map(ast.unparse, condition.args)
            is_other = ast.parse(f"type({b}) is float and {b} != {number}", mode="eval").body
            return ast.IfExp(is_other, q, node)
        return node


def for_floats(text: str) -> str:
    """Translate a row's text to plain Python for floats.

    >>> for_floats("where(a > 0, a, slope * a)")
    'a if a > 0.0 else slope * a'
    """
    return ast.unparse(ast.fix_missing_locations(_ForFloats().visit(ast.parse(text, mode="eval"))))


def for_arrays(text: str) -> str:
    """Translate a row's text to NumPy.

    >>> for_arrays("where(a > 0, 1, 0)")
    'a > 0'
    """
    return ast.unparse(ast.fix_missing_locations(_ForArrays().visit(ast.parse(text, mode="eval"))))


def _array_code(text: str) -> str:
    """The text in NumPy as it is run; `for_arrays` is for people."""
    return ast.unparse(ast.fix_missing_locations(_Floats().visit(ast.parse(for_arrays(text), mode="eval"))))


def define(name: str, source: str, names: dict[str, Any]) -> Any:
    """Compile generated `source` so that tracebacks show it, and return what it defines as `name`."""
    filename = f"{GENERATED}: {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), names, scope)  # our own table's text, not a user's
    return scope[name]


def array_function(name: str, arguments: str, text: str, quiet: bool) -> Callable[..., Any]:
    """A function from a text, for arrays; `quiet` if NumPy is not to warn of infinities."""
    source = f"def {name}({arguments}):\n    return {_array_code(text)}\n"
    if quiet:  # exp(1000) is inf and log(0) is -inf: the answer, not an incident
        source = "@errstate(all='ignore')\n" + source
    return define(name, source, NUMPY_NAMES)  # type: ignore[no-any-return]


def in_dtype_of_arrays(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a Python float is a float64 of NumPy's, which would make float32 arrays float64."""

    def wrapped(*raws: Any) -> Any:
        y = forward(*raws)
        for x in raws:
            if type(x) is np.ndarray and x.dtype is y.dtype:  # no array can be of a wider one
                return y
        dtypes = [x.dtype for x in raws if isinstance(x, np.ndarray)]
        return y.astype(np.result_type(*dtypes), copy=False) if dtypes and not np.iscomplexobj(y) else y

    return wrapped


def vjp_function(name: str, arguments: str, text: str) -> Callable[..., Any]:
    """The vector-Jacobian product of an elementwise operation: the gradient times the local derivative."""
    return define(name, f"def {name}(g, y, {arguments}):\n    return {product(text)}\n", NUMPY_NAMES)  # type: ignore[no-any-return]


def product(text: str) -> str:
    """The gradient ``g`` times the local derivative `text`, in NumPy.

    >>> product("1"), product("b")
    ('g', 'g * b')
    """
    local = _array_code(text)
    return {"1": "g", "-1": "-g"}.get(text) or (f"g * {local}" if local.isidentifier() else f"g * ({local})")


_PULL = """def {name}(node, sums{rules}):
    g, y = node.grad, node._data
    {nodes}, = node._b
    {raws}, = node._da
"""

_SEND = """    if type({x}) is _Value:
        received = {received}
        if {x}.grad is not None or {misfit}:
            _receive({x}, {raw}, received, g, sums)
        elif {x}.op is not None:
            received.setflags(False)
            {x}.grad = received
        else:
            {x}.grad = {owned}
"""


def pull_function(
    name: str, raws: Sequence[str], products: Sequence[str], rules: Mapping[str, Callable[..., Any]] | None = None
) -> Callable[..., None]:
    """A node's step of the backward pass on arrays: each input that takes gradients receives its product.

    The common case stands in the generated code: an input of the product's shape and dtype that has no gradient yet.
    For the rest there are `_receive` and `_owned`, which backward.py tells. The functions that the products name are
    `rules`, which are its own: nobody else's of that name takes their place later. ``*`` begins so::

        def mul_pull(node, sums):
            g, y = node.grad, node._data
            a_node, b_node, = node._b
            a, b, = node._da
            if type(a_node) is _Value:
                received = g * b
                if a_node.grad is not None or type(a) is float or received.shape != a.shape or ...:
                    _receive(a_node, a, received, g, sums)
                ...
    """
    nodes = [f"{raw}_node" for raw in raws]
    rules = rules or {}
    given = "".join(f", {rule}" for rule in rules)
    source = _PULL.format(name=name, rules=given, nodes=", ".join(nodes), raws=", ".join(raws))
    for x, raw, received in zip(nodes, raws, products, strict=True):
        is_new = received.startswith("g *")  # an array that nobody else has, of the result's shape
        misfit = f"received.dtype is not {raw}.dtype"
        if len(raws) > 1 or not is_new:
            misfit = f"type({raw}) is float or received.shape != {raw}.shape or {misfit}"
        owned = "received" if is_new else "_owned(received, g)"
        source += _SEND.format(x=x, raw=raw, received=received, misfit=misfit, owned=owned)
    pull: Any = define(name, source, NUMPY_NAMES)
    pull.__defaults__ = tuple(rules.values())
    return pull  # type: ignore[no-any-return]
