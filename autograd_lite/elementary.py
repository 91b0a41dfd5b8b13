"""Elementwise operations: one row each.

A row reads "name(arguments)", value, then the local derivative for each argument, where ``y`` is the value. Rows may
name each other. NUMERICS: the true derivative where it exists; else the (sub)gradient of least norm; else the limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_lite.operation import Operation, elementwise
from autograd_lite.text import FLOAT_NAMES, NUMPY_NAMES

POSITIVE = (0.2, 3.0)
INSIDE_ONE = (-0.9, 0.9)


def _share(a: float, b: float) -> float:
    """How much of maximum(a, b) is a: 1 where a is greater, 0 where less, a half at a tie."""
    return 0.5 if a == b else float(a > b)


FLOAT_NAMES["share"] = _share
NUMPY_NAMES["share"] = lambda a, b: np.where(np.equal(a, b), 0.5, np.greater(a, b))


def _erf(a: Any) -> Any:
    """`math.erf` on arrays; NumPy has none."""
    return np.vectorize(math.erf, otypes=[np.result_type(a)])(a)


def _unless_complex(function: Callable[..., Any], analytic: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's `function`, and its analytic continuation for the complex step; quiet, as the rows' text is."""
    return np.errstate(all="ignore")(lambda *args: (analytic if any(map(np.iscomplexobj, args)) else function)(*args))


# --- arithmetic ----------------------------------------------------------------------------------------------------
elementwise(
    "pos(a)", "a", a="1", symbol="+", numpy=np.positive, quiet=False, doc="The same value, as a node of its own."
)
elementwise("neg(a)", "-a", a="-1", symbol="-", numpy=np.negative, quiet=False, doc="Negative.")
elementwise("add(a, b)", "a + b", a="1", b="1", symbol="+", numpy=np.add, quiet=False, doc="Sum of two.")
elementwise("sub(a, b)", "a - b", a="1", b="-1", symbol="-", numpy=np.subtract, quiet=False, doc="Difference.")
elementwise("mul(a, b)", "a * b", a="b", b="a", symbol="*", numpy=np.multiply, quiet=False, doc="Product of two.")
elementwise(
    "div(a, b)",
    "a / b",
    a="reciprocal(b)",
    b="-y / b",
    symbol="/",
    numpy=np.true_divide,
    domain={"b": POSITIVE},
    doc="Quotient.",
)
elementwise(
    "pow(a, b)",
    "pow(a, b)",
    a="where(equal(b, 0), 0, b * pow(a, b - 1))",
    b="where(equal(a, 0) & (b >= 0), 0, y * log(a))",
    symbol="**",
    numpy=np.power,
    domain={"a": POSITIVE},
    doc="Power; a constant exponent never pays for the logarithm of the base.",
)


def _pow(a: Any, b: Any) -> Any:
    """The operator, which knows short cuts for b = 2, 0.5 and -1 that np.power lacks; for b = 1, as in 2 * a, a."""
    return a if type(b) is float and b == 1.0 else a**b


NUMPY_NAMES["pow"] = _pow
elementwise("square(a)", "a * a", a="2 * a", symbol="^2", numpy=np.square, doc="Square.")
elementwise(
    "reciprocal(a)", "1 / a", a="-y * y", symbol="1/", numpy=np.reciprocal, domain={"a": POSITIVE}, doc="1 / a."
)
elementwise("sqrt(a)", "sqrt(a)", a="0.5 / y", numpy=np.sqrt, domain={"a": POSITIVE}, doc="Square root.")
elementwise(
    "strong_mul(a, b)",
    "where(equal(a, 0), 0, a * b)",
    a="where(equal(a, 0) & (isfinite(b) < 1), 0, b)",
    b="a",
    symbol="*",
    analytic=False,
    doc="a * b, and 0 where a is 0 whatever b is: how a zero gradient passes an infinite local derivative.",
)

# --- exponential and logarithm -------------------------------------------------------------------------------------
elementwise("exp(a)", "exp(a)", a="y", numpy=np.exp, doc="Exponential.")
elementwise("expm1(a)", "expm1(a)", a="y + 1", numpy=np.expm1, doc="exp(a) - 1, exact near 0.")
elementwise("log(a)", "log(a)", a="1 / a", numpy=np.log, domain={"a": POSITIVE}, doc="Natural logarithm.")
elementwise(
    "log1p(a)", "log1p(a)", a="1 / (1 + a)", numpy=np.log1p, domain={"a": (-0.8, 3)}, doc="log(1 + a), exact near 0."
)
elementwise(
    "log2(a)", "log2(a)", a="1 / (a * LN2)", numpy=np.log2, domain={"a": POSITIVE}, doc="Logarithm to the base 2."
)
elementwise(
    "log10(a)", "log10(a)", a="1 / (a * LN10)", numpy=np.log10, domain={"a": POSITIVE}, doc="Logarithm to the base 10."
)

# --- trigonometry and hyperbolic functions -------------------------------------------------------------------------
elementwise("sin(a)", "sin(a)", a="cos(a)", numpy=np.sin, doc="Sine of an angle in radians.")
elementwise("cos(a)", "cos(a)", a="-sin(a)", numpy=np.cos, doc="Cosine of an angle in radians.")
elementwise(
    "tan(a)", "tan(a)", a="1 + y * y", numpy=np.tan, domain={"a": (-1.2, 1.2)}, doc="Tangent of an angle in radians."
)
elementwise(
    "arcsin(a)",
    "arcsin(a)",
    a="1 / sqrt((1 - a) * (1 + a))",
    numpy=np.arcsin,
    aliases=["asin"],
    domain={"a": INSIDE_ONE},
    doc="Angle in radians whose sine is a.",
)
elementwise(
    "arccos(a)",
    "arccos(a)",
    a="-1 / sqrt((1 - a) * (1 + a))",
    numpy=np.arccos,
    aliases=["acos"],
    domain={"a": INSIDE_ONE},
    doc="Angle in radians whose cosine is a.",
)
elementwise(
    "arctan(a)",
    "arctan(a)",
    a="1 / (1 + a * a)",
    numpy=np.arctan,
    aliases=["atan"],
    doc="Angle in radians whose tangent is a.",
)
elementwise(
    "arctan2(a, b)",
    "arctan2(a, b)",
    a="where(equal(hypot(a, b), 0), 0, b / hypot(a, b) / hypot(a, b))",
    b="where(equal(hypot(a, b), 0), 0, -a / hypot(a, b) / hypot(a, b))",
    symbol="atan2",
    numpy=np.arctan2,
    aliases=["atan2"],
    domain={"b": POSITIVE},
    forward=_unless_complex(np.arctan2, lambda a, b: 2 * np.arctan(a / (np.sqrt(a * a + b * b) + b))),
    doc="Angle in radians of the point with ordinate a and abscissa b.",
)
elementwise("sinh(a)", "sinh(a)", a="cosh(a)", numpy=np.sinh, doc="Hyperbolic sine.")
elementwise("cosh(a)", "cosh(a)", a="sinh(a)", numpy=np.cosh, doc="Hyperbolic cosine.")
elementwise("tanh(a)", "tanh(a)", a="1 - y * y", numpy=np.tanh, quiet=False, doc="Hyperbolic tangent.")
elementwise(
    "arcsinh(a)", "arcsinh(a)", a="1 / hypot(a, 1)", numpy=np.arcsinh, aliases=["asinh"], doc="Inverse hyperbolic sine."
)
elementwise(
    "arccosh(a)",
    "arccosh(a)",
    a="1 / sqrt((a - 1) * (a + 1))",
    numpy=np.arccosh,
    aliases=["acosh"],
    domain={"a": (1.2, 4)},
    doc="Inverse hyperbolic cosine.",
)
elementwise(
    "arctanh(a)",
    "arctanh(a)",
    a="1 / ((1 - a) * (1 + a))",
    numpy=np.arctanh,
    aliases=["atanh"],
    domain={"a": INSIDE_ONE},
    doc="Inverse hyperbolic tangent.",
)
elementwise(
    "hypot(a, b)",
    "hypot(a, b)",
    a="where(equal(y, 0), 0, a / y)",
    b="where(equal(y, 0), 0, b / y)",
    numpy=np.hypot,
    domain={"a": POSITIVE},
    forward=_unless_complex(np.hypot, lambda a, b: np.sqrt(a * a + b * b)),
    doc="Length of the vector (a, b); its gradient at the origin is 0.",
)
elementwise(
    "erf(a)",
    "erf(a)",
    a="2 / SQRT_PI * exp(-a * a)",
    analytic=False,
    forward=_erf,
    doc="Error function (math.erf; it has no complex form here, so the complex step does not check it).",
)

# --- pieces --------------------------------------------------------------------------------------------------------
elementwise(
    "abs(a)", "abs(a)", a="sign(a)", symbol="|.|", numpy=np.abs, analytic=False, doc="Absolute value; slope 0 at 0."
)
elementwise(
    "sign(a)",
    "where(a > 0, 1, where(a < 0, -1, a))",
    a="0",
    numpy=np.sign,
    analytic=False,
    domain={"a": POSITIVE},
    doc="-1, 0 or 1; its derivative is 0.",
)
elementwise(
    "maximum(a, b)",
    "maximum(a, b)",
    a="share(a, b)",
    b="share(b, a)",
    symbol="max",
    numpy=np.maximum,
    analytic=False,
    selects=True,
    doc="The greater of two; a tie is split evenly, nan propagates.",
)
elementwise(
    "minimum(a, b)",
    "minimum(a, b)",
    a="share(b, a)",
    b="share(a, b)",
    symbol="min",
    numpy=np.minimum,
    analytic=False,
    selects=True,
    doc="The lesser of two; a tie is split evenly, nan propagates.",
)
elementwise(
    "clip(a, lo, hi)",
    "minimum(maximum(a, lo), hi)",
    a="share(a, lo) * share(hi, maximum(a, lo))",
    lo="share(lo, a) * share(hi, maximum(a, lo))",
    hi="share(maximum(a, lo), hi)",
    analytic=False,
    selects=True,
    domain={"lo": (-2, -1), "hi": (1, 2)},
    doc="a between lo and hi; slope 1 inside, 0 outside and a half at a bound, as minimum(maximum(a, lo), hi).",
)

# --- of traced functions (compiler/tracing/): what is a bare number or a bool where nobody traces ---------------------
STOP_GRADIENT = elementwise(
    "stop_gradient(a)", "a", a="0", symbol="stop", analytic=False, hidden=True, doc="The same value, as a constant."
)


def _comparison(name: str, text: str, symbol: str, compare: np.ufunc) -> Operation:
    return elementwise(
        f"{name}(a, b)",
        f"where({text}, 1, 0)",
        a="0",
        b="0",
        symbol=symbol,
        analytic=False,
        hidden=True,
        forward=lambda a, b: compare(a, b).astype(np.result_type(a, b)),
        doc="1 where it is so, else 0; its derivative is 0.",
    )


GREATER = _comparison("greater", "a > b", ">", np.greater)
GREATER_EQUAL = _comparison("greater_equal", "a >= b", ">=", np.greater_equal)
EQUAL = _comparison("equal", "equal(a, b)", "==", np.equal)
FLOOR_DIVIDE = elementwise(
    "floor_divide(a, b)",
    "floor(a / b)",
    a="0",
    b="0",
    symbol="//",
    analytic=False,
    hidden=True,
    doc="The quotient of two ints, rounded down; its derivative is 0.",
)
CHOOSE = elementwise(
    "choose(c, a, b)",
    "where(equal(c, 0), b, a)",
    c="0",
    a="where(equal(c, 0), 0, 1)",
    b="where(equal(c, 0), 1, 0)",
    symbol="where",
    analytic=False,
    hidden=True,
    doc="b where c is 0, else a.",
)

# --- activations ---------------------------------------------------------------------------------------------------
elementwise("sigmoid(a)", "1 / (1 + exp(-a))", a="y * (1 - y)", symbol="σ", doc="Logistic function, stable everywhere.")
elementwise(
    "softplus(a)",
    "where(a > 0, a + log1p(exp(-a)), log1p(exp(a)))",
    a="sigmoid(a)",
    doc="log(1 + exp(a)), stable everywhere.",
)
elementwise("logsigmoid(a)", "-softplus(-a)", a="sigmoid(-a)", doc="log(sigmoid(a)), stable everywhere.")
elementwise(
    "relu(a)",
    "maximum(a, 0)",
    a="where(a > 0, 1, 0)",
    symbol="ReLU",
    quiet=False,
    analytic=False,
    selects=True,
    doc="Rectifier; slope 0 at 0, nan propagates.",
)
elementwise(
    "leaky_relu(a, slope=0.01)",
    "where(a > 0, a, slope * a)",
    a="where(a > 0, 1, slope)",
    slope="where(a > 0, 0, a)",
    symbol="leaky ReLU",
    analytic=False,
    domain={"slope": (0.01, 0.5)},
    doc="a where positive, slope * a elsewhere; slope at 0 as on the left.",
)
elementwise(
    "elu(a, alpha=1.0)",
    "where(a > 0, a, alpha * expm1(minimum(a, 0)))",
    a="where(a > 0, 1, alpha * exp(minimum(a, 0)))",
    alpha="where(a > 0, 0, expm1(minimum(a, 0)))",
    symbol="ELU",
    analytic=False,
    domain={"alpha": (0.5, 1.0)},
    doc="a where positive, alpha * (exp(a) - 1) elsewhere (Clevert et al. 2015).",
)
elementwise(
    "gelu(a)",
    "0.5 * a * (1 + erf(a / SQRT2))",
    a="0.5 * (1 + erf(a / SQRT2)) + a * exp(-0.5 * a * a) / SQRT_2PI",
    symbol="GELU",
    analytic=False,
    doc="Gaussian error linear unit, by erf (Hendrycks and Gimpel 2016).",
)
elementwise(
    "silu(a)",
    "a * sigmoid(a)",
    a="sigmoid(a) * (1 + a * (1 - sigmoid(a)))",
    symbol="SiLU",
    doc="Sigmoid linear unit, also called swish.",
)
