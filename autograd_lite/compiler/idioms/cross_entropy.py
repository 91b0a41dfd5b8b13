"""Binary cross-entropy of a sigmoid, among the terms of a sum: ``y log(a) + (1 - y) log(1 - a)``, a = sigmoid(z).

Since log(a) = z - softplus(z) and log(1 - a) = -softplus(z), the terms ``p log(a) + q log(1 - a)`` are
``p z - (p + q) softplus(z)``. With p = c y and q = c (1 - y), however they are written, p + q is the constant c. So p
and q are added as polynomials in the arrays they are made of; only where that leaves a constant is anything replaced.

The rewriting is only for logarithms *of sigmoids*, which have lost the small differences from 1 already. To
logsigmoids that a user wrote it would do harm: ``y z - softplus(z)`` cancels where the example is classified well.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_lite.compiler.idioms.rewriting import Graph, Term, moved_data, named, number_of
from autograd_lite.graph import raw_inputs
from autograd_lite.value import Value

Polynomial = dict[tuple[Any, ...], Any]
"""Coefficients, floats or arrays, by the product of arrays that they multiply."""

ROUNDING = 1e-12
"""Relative to the terms that cancel: coefficients that differ by no more are equal."""


class Logarithm(NamedTuple):
    """What a logsigmoid was made of: the logarithm of sigmoid(z), or of its complement 1 - sigmoid(z)."""

    z: Any
    of_complement: bool


class Changed(NamedTuple):
    """The terms of a sum after the rewriting, and those among them that are new."""

    terms: list[Term]
    made: list[Term]


@dataclass(frozen=True)
class _Product:
    """A term as coefficient times factors, of which one is the logarithm, here as the z that it is made of."""

    term: Term
    coefficient: float
    factors: list[Any]
    z: Any
    of_complement: bool
    shape: tuple[int, ...]
    summed: bool


@dataclass
class _Pair:
    """The terms with log(a) and those with log(1 - a), of one z."""

    p: list[_Product] = field(default_factory=list)
    q: list[_Product] = field(default_factory=list)


def cross_entropy_terms(graph: Graph, logarithms: dict[Value, Logarithm], terms: list[Term]) -> Changed | None:
    """The terms of a sum with each binary cross-entropy in one term, or None if there is none."""
    pairs: dict[Any, _Pair] = defaultdict(_Pair)
    for term in terms if logarithms else []:
        product = _product(graph, logarithms, term)
        if product is not None:
            base, at = graph.positions(product.z, product.shape)
            pair = pairs[graph.identity(base), at.tobytes(), product.shape, product.summed]
            (pair.q if product.of_complement else pair.p).append(product)
    made: list[Term] = []
    gone: list[Term] = []
    for pair in pairs.values():
        new = _in_one(graph, pair) if pair.p and pair.q else None
        if new is not None:
            made.append(new)
            gone += [product.term for product in pair.p + pair.q]
    return Changed([*(t for t in terms if not any(t is g for g in gone)), *made], made) if made else None


def _product(graph: Graph, logarithms: dict[Value, Logarithm], term: Term) -> _Product | None:
    """A term that is a product with one logarithm of a sigmoid, by multiplication or as a dot product."""
    coefficient, shape, summed = term.coefficient, term.shape, term.summed
    stack = [term.atom]
    if named(term.atom) in ("matmul", "dot") and term.atom.size == 1 and not summed:
        a, b = raw_inputs(term.atom)
        if not np.size(number_of(a)) == np.size(number_of(b)) > 1:
            return None
        stack, shape, summed = [_raveled(graph, a), _raveled(graph, b)], (np.size(number_of(a)),), True
    factors: list[Any] = []
    while stack:
        x = stack.pop()
        if named(x) == "mul":
            stack.extend(raw_inputs(x))
        elif named(x) == "neg":
            coefficient = -coefficient
            stack.extend(raw_inputs(x))
        elif type(x) is not Value and not np.shape(number_of(x)):
            coefficient *= float(number_of(x))
        else:
            factors.append(x)
    which = [i for i, x in enumerate(factors) if type(x) is Value and graph.seen(x)[0] in logarithms]
    if len(which) != 1:
        return None
    base, moves = graph.seen(factors.pop(which[0]))
    z, of_complement = logarithms[base]
    return _Product(term, coefficient, factors, graph.moved(moves, z), of_complement, shape, summed)


def _in_one(graph: Graph, pair: _Pair) -> Term | None:
    """``p z - (p + q) softplus(z)`` as one term, if p + q is a constant."""
    first = pair.p[0]
    total: Polynomial = defaultdict(float)
    size: Polynomial = defaultdict(float)
    for product in pair.p + pair.q:
        for monomial, c in _polynomial(graph, product).items():
            total[monomial] = total[monomial] + c
            size[monomial] = size[monomial] + np.abs(c)
    if any(np.any(np.abs(c) > ROUNDING * size[monomial]) for monomial, c in total.items() if monomial):
        return None
    sums = np.asarray(total[()], dtype=float)
    uniform = bool(sums.size and np.ptp(sums) <= ROUNDING * np.max(size[()]))
    common = float(sums.flat[0]) if uniform and sums.flat[0] != 0.0 else 1.0
    parts = [_times(graph, product.coefficient / common, [*product.factors, product.z]) for product in pair.p]
    softplus = graph.make("softplus", first.z)
    if uniform:
        parts.append((-float(sums.flat[0]) / common, softplus))
    else:
        parts.append((-1.0, graph.make("mul", sums, softplus)))
    return Term(common, graph.total([(c, x) for c, x in parts if c != 0.0]), first.shape, first.summed)


def _polynomial(graph: Graph, product: _Product) -> Polynomial:
    """A product, without its logarithm, as a polynomial in the arrays of which its factors are sums."""
    result: Polynomial = {(): product.coefficient}
    for factor in product.factors:
        expanded: Polynomial = defaultdict(float)
        for monomial, c in _expansion(graph, factor, product.shape).items():
            for others, d in result.items():
                key = tuple(sorted(others + monomial))
                expanded[key] = expanded[key] + c * d
        result = expanded
    return result


def _expansion(graph: Graph, factor: Any, shape: tuple[int, ...]) -> Polynomial:
    """A factor as a sum of arrays, each at its positions in `shape`; numbers are coefficients."""
    base, moves = graph.seen(factor)
    result: Polynomial = defaultdict(float)
    for term in graph.terms(base):
        if term.summed:
            return {((graph.identity(base), b""),): 1.0}
        if type(term.atom) is not Value:
            data = np.broadcast_to(number_of(term.atom), np.shape(number_of(base)))
            result[()] = result[()] + term.coefficient * np.broadcast_to(moved_data(data, moves), shape)
            continue
        atom, at = graph.positions(term.atom, np.shape(number_of(base)))
        key = ((graph.identity(atom), np.broadcast_to(moved_data(at, moves), shape).tobytes()),)
        result[key] = result[key] + term.coefficient
    return result


def _times(graph: Graph, coefficient: float, factors: list[Any]) -> tuple[float, Any]:
    """A coefficient and a node; bare arrays among the factors are multiplied here and now, and by the coefficient."""
    arrays = [number_of(x) for x in factors if type(x) is not Value]
    nodes = [x for x in factors if type(x) is Value]
    if arrays:
        nodes.insert(0, functools.reduce(np.multiply, arrays) * coefficient)
    return 1.0 if arrays else coefficient, functools.reduce(lambda x, y: graph.make("mul", x, y), nodes)


def _raveled(graph: Graph, x: Any) -> Any:
    """All elements in one row."""
    if type(x) is Value:
        return x if x.ndim == 1 else graph.make("ravel", x)
    return np.ravel(number_of(x))
