"""What the study notes simplify: softmax, log-softmax, logsumexp, and the sigmoid that meets its cross-entropy.

A pass from a graph of array Values to a graph of array Values, in ordinary rows of the table. Nodes are made anew from
the leaves upwards, and where a node is the top of a pattern, the row that says the same in one step takes its place:

===========================================  ====================================
``exp(z) / sum(exp(z))``                     ``softmax(z)``
``log(softmax(z))``, ``z - logsumexp(z)``    ``log_softmax(z)``
``log(sum(exp(z)))``                         ``logsumexp(z)``
``1 / (1 + exp(-z))``                        ``sigmoid(z)``
``log(sigmoid(z))``, ``log(1 - sigmoid(z))`` ``logsigmoid(z)``, ``logsigmoid(-z)``
``log(1 + exp(z))``                          ``softplus(z)``
``y log(a) + (1 - y) log(1 - a)``            ``y z - softplus(z)``, a = sigmoid(z)
===========================================  ====================================

The left side over- or underflows where the right side does not, and the gradient of the right side is short: that of
the last row is ``y - a``. A term that is the same along the axis, as the maximum by which z is shifted, is dropped:
``softmax(z - m)`` is softmax(z) for any m, and so the gradient that flows through m is 0, exactly. What else uses a
node inside a pattern keeps it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite import modes
from autograd_lite.compiler.idioms.cross_entropy import Logarithm, cross_entropy_terms
from autograd_lite.compiler.idioms.rewriting import (
    Graph,
    Term,
    group_positions,
    is_linear,
    named,
    number_of,
    plain_number,
    reduced_axes,
)
from autograd_lite.graph import raw_inputs, topological_order
from autograd_lite.value import Value

DEEPEST = 40
"""A shift is looked for in sums that are nested no deeper."""


@dataclass(frozen=True)
class Simplified:
    """Graphs after the pass: what each old node became, the selections of the new nodes, and what was found."""

    nodes: dict[Value, Any]
    selections: dict[Value, dict[str, Value]]
    report: list[str]


def idioms(root: Value) -> tuple[Value, list[str]]:
    """Replace what the study notes simplify by the row of the table that says it in one step.

    Parameters
    ----------
    root : Value
        A graph of array Values; it stays as it is.

    Returns
    -------
    root : Value
        A graph with the same leaves, the same values and the same gradients. What nothing changed below is the very
        node that it was.
    report : list of str
        A line for each kind of pattern that was found.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> z = Value([[1.0, 2.0, 3.0]])
    >>> e = z.exp()
    >>> y, report = idioms((e / e.sum(axis=1, keepdims=True)).log())
    >>> y.op.name, report
    ('log_softmax', ['log(softmax(z)) became log_softmax(z)'])
    """
    simplified = simplify([root])
    return simplified.nodes[root], simplified.report


def simplify(roots: Sequence[Value], selections: Mapping[Value, dict[str, Value]] | None = None) -> Simplified:
    """Run the pass on several graphs at once, which may share nodes: a cost, and the values on which guards look.

    `selections` says of which nodes a parameter is itself an input (see `Graph`); the result has those of the new
    nodes.
    """
    rewriting = _Rewriting(Graph(selections))
    with modes.recording(), np.errstate(all="ignore"):
        for root in roots:
            rewriting.add(root)
    return Simplified(rewriting.nodes, rewriting.graph.selections, rewriting.report(roots))


class _Rewriting:
    """The pass: what each node became, and how that was called where a pattern was replaced."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[Value, Any] = {}
        self._found: dict[Value, str] = {}
        self._logarithms: dict[Value, Logarithm] = {}

    def add(self, root: Value) -> None:
        """Rewrite the graph of `root`, from the leaves upwards."""
        order = topological_order(root)
        inside_sums = _inside_sums(order)
        for node in order:
            if node not in self.nodes:
                self.nodes[node] = self._rewritten(node, node not in inside_sums)

    def report(self, roots: Sequence[Value]) -> list[str]:
        """A line for each kind of pattern in the new graphs."""
        made = {node for root in roots for node in topological_order(self.nodes[root])}
        counts = Counter(said for node, said in self._found.items() if node in made)
        return [said + (f", {n} times" if n > 1 else "") for said, n in counts.items()]

    def _rewritten(self, node: Value, is_top: bool) -> Any:
        """What becomes of a node whose inputs are rewritten already."""
        if node.op is None:
            return node
        old = raw_inputs(node)
        operands = tuple(self.nodes[x] if type(x) is Value else x for x in old)
        if all(x is y for x, y in zip(operands, old, strict=True)):
            self.graph.keep(node)
            new: Any = node
        else:
            new = self.graph.again(node, operands)
        while (better := self._replaced(new, is_top)) is not None:
            new = better
        if new is not node and named(new) and not new.label:
            new.label = node.label
        return new

    def _replaced(self, node: Any, is_top: bool) -> Any:
        """The same in one step, if the node is the top of a pattern."""
        name = named(node)
        if name in ("div", "mul", "reciprocal", "pow"):
            found = self._quotient(node)
            if found is not None:
                return found
        if name in ("log", "log1p"):
            (x,) = raw_inputs(node)
            return self._logarithm(node, x, plus_one=name == "log1p")
        return self._sum(node) if is_top and is_linear(node) else None

    def _note(self, node: Any, said: str) -> Any:
        if type(node) is Value:
            self._found.setdefault(node, said)
        return node

    # --- quotients: softmax, sigmoid ---

    def _quotient(self, node: Value) -> Any:
        for numerator, divisor in self._fractions(node):
            found = self._softmax(numerator, divisor, node.shape)
            if found is None:
                found = self._sigmoid(numerator, divisor)
            if found is not None and found.shape == node.shape:
                return found
        return None

    def _fractions(self, node: Value) -> list[tuple[Any, Any]]:
        """The ways to read a node as numerator and divisor."""
        if named(node) == "div":
            a, b = raw_inputs(node)
            return [(a, b)]
        if named(node) == "mul":
            a, b = raw_inputs(node)
            inverses = ((a, self._inverse(b)), (b, self._inverse(a)))
            return [(numerator, divisor) for numerator, divisor in inverses if divisor is not None]
        divisor = self._inverse(node)
        return [] if divisor is None else [(1.0, divisor)]

    def _inverse(self, x: Any) -> Any:
        """The node d if x is 1 / d, written in any way, or None."""
        base, moves = self.graph.seen(x)
        inputs = raw_inputs(base) if named(base) else ()
        if (
            named(base) == "reciprocal"
            or (named(base) == "pow" and plain_number(inputs[1]) == -1.0)
            or (named(base) == "div" and plain_number(inputs[0]) == 1.0)
        ):
            divisor = inputs[1] if named(base) == "div" else inputs[0]
            return self.graph.moved(moves, divisor) if moves else divisor
        return None

    def _softmax(self, e: Any, total: Any, shape: tuple[int, ...]) -> Any:
        found = self.graph.rows(e, total, "sum", shape)
        if found is None or named(found[0]) != "exp":
            return None
        base, axis = found
        (w,) = raw_inputs(base)
        z = self._without_shift(w, (axis,))
        y = self._note(self.graph.make("softmax", z, axis=axis), "exp(z) / sum(exp(z)) became softmax(z)")
        return self.graph.fitted(self.graph.moved(self.graph.seen(e)[1], y), shape)

    def _sigmoid(self, numerator: Any, divisor: Any) -> Any:
        """The sigmoid in n / (1 + exp(w)): n * sigmoid(-w), and sigmoid(w) where n is that exponential."""
        base, moves = self.graph.seen(divisor)
        w = self._one_and(base, "exp", 1.0)
        if w is None:
            return None
        said = "1 / (1 + exp(-z)) became sigmoid(z)"
        if self.graph.same(numerator, self.graph.moved(moves, self.graph.make("exp", w)), np.shape(number_of(divisor))):
            return self.graph.moved(moves, self._note(self.graph.make("sigmoid", w), said))
        y = self.graph.moved(moves, self._note(self.graph.make("sigmoid", self.graph.negative(w)), said))
        return y if plain_number(numerator) == 1.0 else self.graph.make("mul", numerator, y)

    def _one_and(self, x: Any, operation: str, sign: float) -> Any:
        """The array w if x is 1 + sign * operation(w), or None."""
        terms = self.graph.terms(x)
        if len(terms) != 2 or any(term.summed for term in terms):
            return None
        one, term = sorted(terms, key=lambda term: plain_number(term.atom) is None)
        number = plain_number(one.atom)
        base, moves = self.graph.seen(term.atom)
        if number is None or one.coefficient * number != 1.0 or term.coefficient != sign or named(base) != operation:
            return None
        return self.graph.moved(moves, raw_inputs(base)[0]) if term.atom.shape == x.shape else None

    # --- logarithms ---

    def _logarithm(self, node: Value, x: Any, plus_one: bool) -> Any:
        """The logarithm of x, or of 1 + x; it is taken before the elements are moved."""
        base, moves = self.graph.seen(x, even_selected=True)
        found = self._log_plus_one(base) if plus_one else self._log(base)
        return None if found is None else self.graph.fitted(self.graph.moved(moves, found), node.shape)

    def _log(self, x: Any) -> Any:
        graph, name = self.graph, named(x)
        if name == "softmax":
            y = graph.make("log_softmax", *raw_inputs(x), axis=x.parameters["axis"])
            return self._note(y, "log(softmax(z)) became log_softmax(z)")
        if name == "sigmoid":
            (z,) = raw_inputs(x)
            return self._log_sigmoid(z, of_complement=False)
        if name == "sum":
            base, moves = graph.seen(*raw_inputs(x))
            if named(base) != "exp" or not base.size:
                return None
            z = graph.moved(moves, *raw_inputs(base))
            return self._note(graph.make("logsumexp", z, **x.parameters), "log(sum(exp(z))) became logsumexp(z)")
        z = self._one_and(x, "sigmoid", -1.0)
        if z is not None:
            return self._log_sigmoid(z, of_complement=True)
        z = self._one_and(x, "exp", 1.0)
        return None if z is None else self._softplus(z)

    def _log_plus_one(self, x: Any) -> Any:
        if named(x) == "exp":
            return self._softplus(*raw_inputs(x))
        (term, *others) = self.graph.terms(x)
        base, moves = self.graph.seen(term.atom)
        if others or term.coefficient != -1.0 or named(base) != "sigmoid":
            return None
        (z,) = raw_inputs(base)
        return self._log_sigmoid(self.graph.moved(moves, z), of_complement=True)

    def _softplus(self, z: Any) -> Any:
        return self._note(self.graph.make("softplus", z), "log(1 + exp(z)) became softplus(z)")

    def _log_sigmoid(self, z: Any, of_complement: bool) -> Any:
        y = self.graph.make("logsigmoid", self.graph.negative(z) if of_complement else z)
        self._logarithms[y] = Logarithm(z, of_complement)
        return self._note(y, "log(sigmoid(z)) became logsigmoid(z)")

    # --- sums ---

    def _sum(self, node: Value) -> Any:
        """A sum in which terms go together."""
        terms = self.graph.terms(node)
        logarithms = [seen for term in terms if named(seen := self.graph.seen(term.atom)[0]) == "logsumexp"]
        if logarithms:
            found = self._with_logsumexp(node, logarithms)
            if found is not None:
                return found
        changed = cross_entropy_terms(self.graph, self._logarithms, terms)
        if changed is None:
            return None
        for term in changed.made:
            self._note(term.atom, "y log(a) + (1 - y) log(1 - a), a = sigmoid(z), became y z - softplus(z)")
        return self.graph.assembled(changed.terms, node.shape)

    def _with_logsumexp(self, node: Value, logarithms: list[Any]) -> Any:
        """A sum with ``log(sum(exp(z - m))) + m``, which is logsumexp(z), or with ``z - logsumexp(z)``."""
        whole: set[Any] = set()
        for reduction in logarithms:
            (w,) = raw_inputs(reduction)
            z = self._without_shift(w, reduced_axes(reduction, w))
            whole |= {self.graph.identity(self.graph.seen(x)[0]) for x in (w, z)}
        terms = self.graph.terms(node, whole)
        for i, term in enumerate(terms):
            if named(self.graph.seen(term.atom)[0]) == "logsumexp":
                changed = self._unshifted(terms, i) or self._log_softmax(terms, i)
                if changed is not None:
                    return self.graph.assembled(changed, node.shape)
        return None

    def _unshifted(self, terms: list[Term], i: int) -> list[Term] | None:
        """The terms with the shift taken out of number i, c * logsumexp(z - m), if c * m is there to meet it."""
        graph, term = self.graph, terms[i]
        reduction, places = graph.positions(term.atom, term.shape)
        (w,) = raw_inputs(reduction)
        axes = reduced_axes(reduction, w)
        shift: list[tuple[float, Any]] = []
        z = self._split(w, np.shape(number_of(w)), axes, 1.0, shift, DEEPEST)
        if not shift or z is None or z.shape != w.shape:
            return None
        gone = {i}
        for sign, m in shift:
            base, at = graph.positions(m, w.shape)
            at_group = np.empty(reduction.size, dtype=np.int64)
            at_group[group_positions(reduction, w)] = at
            wanted = graph.identity(base), at_group[places].ravel().tolist(), -sign * term.coefficient, term.summed
            met = (j for j, other in enumerate(terms) if j not in gone and self._at(other) == wanted)
            gone.add(next(met, i))
        if len(gone) != 1 + len(shift):
            return None
        y = graph.moved(graph.seen(term.atom)[1], graph.make("logsumexp", z, **reduction.parameters))
        self._note(graph.seen(y)[0], "log(sum(exp(z - m))) + m became logsumexp(z)")
        return [*(t for j, t in enumerate(terms) if j not in gone), term._replace(atom=y)]

    def _at(self, term: Term) -> Any:
        base, at = self.graph.positions(term.atom, term.shape)
        return self.graph.identity(base), at.ravel().tolist(), term.coefficient, term.summed

    def _log_softmax(self, terms: list[Term], i: int) -> list[Term] | None:
        """The terms with c * z and number i, -c * logsumexp(z), in one."""
        last = terms[i]
        for j, term in enumerate(terms):
            if (term.coefficient, term.shape, term.summed) != (-last.coefficient, last.shape, last.summed):
                continue
            found = self.graph.rows(term.atom, last.atom, "logsumexp", term.shape)
            if found is not None:
                base, axis = found
                y = self.graph.make("log_softmax", self._without_shift(base, (axis,)), axis=axis)
                self._note(y, "z - logsumexp(z) became log_softmax(z)")
                y = self.graph.moved(self.graph.seen(term.atom)[1], y)
                return [*(t for k, t in enumerate(terms) if k not in (i, j)), term._replace(atom=y)]
        return None

    # --- shifts ---

    def _without_shift(self, w: Any, axes: tuple[int, ...]) -> Any:
        """The array w without the terms that are the same along `axes`, where that leaves an array of its shape."""
        z = self._split(w, w.shape, axes, 1.0, [], DEEPEST)
        return z if type(z) is Value and z.shape == w.shape else w

    def _split(
        self,
        x: Any,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        sign: float,
        shift: list[tuple[float, Any]],
        depth: int,
    ) -> Any:
        """What varies along `axes` of the sum x, None if nothing does; the terms that do not go to `shift`."""
        if self.graph.is_constant_along(x, shape, axes):
            terms = self.graph.terms(x)
            whole = any(term.summed for term in terms)
            shift += [(sign, x)] if whole else [(sign * term.coefficient, term.atom) for term in terms]
            return None
        name = named(x)
        if name not in ("add", "sub", "neg") or not depth:
            return x
        signs = (-sign, 0.0) if name == "neg" else (sign, -sign if name == "sub" else sign)
        old = raw_inputs(x)
        parts = [self._split(a, shape, axes, s, shift, depth - 1) for a, s in zip(old, signs, strict=False)]
        if all(new is a for new, a in zip(parts, old, strict=True)):
            return x
        if None not in parts:
            return self.graph.again(x, tuple(parts))
        return parts[0] if parts[0] is not None else self.graph.negative(parts[1]) if name == "sub" else parts[1]


def _inside_sums(order: list[Value]) -> set[Value]:
    """The nodes that are only terms of larger sums: those sums are looked at, not they."""
    used: set[Value] = set()
    tops: set[Value] = set()
    for node in order:
        if node.op is not None:
            inputs = {x for x in raw_inputs(node) if type(x) is Value}
            used |= inputs
            if not is_linear(node):
                tops |= inputs
    return used - tops
