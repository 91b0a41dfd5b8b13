"""Classes: nodes of equal structure, which are to become one array.

Two nodes are of one class if they are the same operation on operands of the same classes. For a sum that is the *set*
of the kinds of its terms: how many terms there are of each kind, the coefficients and the numbers are data, not
structure, as long as sums of very different lengths stay apart. A leaf's class is its source. One pass over the levels,
from the leaves up, finds all classes, since a class's level is that of each of its members; within a level everything
is done on integer arrays.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.rolling.columns import NONE, Scalars, different, ranked
from autograd_lite.hashing import Hashes, mixed
from autograd_lite.operation import Operation

__all__ = ["DENSE", "Class", "Group", "classes"]

Ids = NDArray[np.int64]

DENSE = 0.4
"""How much of an array has to be there: of the terms of its sums, of the places of its grid."""


@dataclass(slots=True)
class Group:
    """The terms of one kind of a class of n sums: ``sum_k coefficient * left * right``, at most K of them each.

    Attributes
    ----------
    left, right : ndarray of int, (n, K)
        The operands' ids; -1 where a sum has fewer terms. `right` is None if the terms are no products.
    coefficients : ndarray, (n, K)
        0 where there is no term.
    """

    left: Ids
    right: Ids | None
    coefficients: NDArray[np.float64]


@dataclass(slots=True)
class Class:
    """Nodes of equal structure.

    Attributes
    ----------
    row : Operation
        The operation; ``sum_many`` for sums of products.
    level : int
        How deep the members are above the leaves.
    ids : ndarray of int, (n,)
        The members.
    operands : ndarray of int, (n, arity)
        The operands' ids of an elementary operation (and of SELECT the position).
    groups : list of Group
        The terms of sums, and the candidates of `max_many`.
    constants : ndarray, (n,)
        What is added to the sums.
    """

    row: Operation
    level: int
    ids: Ids
    operands: Ids
    groups: list[Group] = field(default_factory=list)
    constants: NDArray[np.float64] | None = None


def classes(columns: Scalars) -> list[Class]:
    """The classes of a graph in normal form, by level.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> from autograd_lite.compiler.rolling.scalars import normal_form
    >>> from autograd_lite.compiler.tracing.tracing import trace
    >>> w = [Value(1.0), Value(2.0)]
    >>> columns = normal_form(trace(lambda X: sum((w[0] * a + w[1] * b).tanh() for a, b in X), ([[3.0, 4.0]] * 5,), {}))
    >>> [(c.row.name, len(c.ids)) for c in classes(columns)]
    [('sum_many', 5), ('tanh', 5), ('sum_many', 1)]
    """
    return list(_Refinement(columns).run())


class _Refinement:
    def __init__(self, columns: Scalars) -> None:
        self.columns = columns
        self.kind = np.array(columns.source, np.int64)  # leaves: their source; nodes: their class, once it is known
        self.next = len(columns.sizes)
        self.ids = np.array(columns.ids, np.int64)
        self.rows = list(dict.fromkeys(columns.rows))
        codes = {row: code for code, row in enumerate(self.rows)}
        self.code = np.fromiter(map(codes.__getitem__, columns.rows), np.int64, len(columns.rows))
        self.operands = _padded(columns.operands)
        self._terms()

    def _terms(self) -> None:
        columns = self.columns
        has_terms = np.array([columns.has_terms(row) for row in self.rows], bool)
        self.sums = np.flatnonzero(has_terms[self.code])
        self.constants = np.zeros(len(self.ids))
        self.constants[self.sums] = columns.constants
        bounds = np.array([*columns.starts, len(columns.left)], np.int64)
        counts = bounds[1:] - bounds[:-1]
        self.owner = np.repeat(self.sums, counts)  # of each term: the node's number
        self.left = np.fromiter(columns.left, np.int64, len(columns.left))
        self.right = np.fromiter(columns.right, np.int64, len(columns.right))
        self.coefficients = np.fromiter(columns.coefficients, float, len(columns.coefficients))
        self.position = np.zeros(len(self.ids), np.int64)  # of a node among those of its level, of its class

    def run(self) -> Iterator[Class]:
        level = np.array(self.columns.level, np.int64)[self.ids]
        nodes = np.argsort(level, kind="stable")
        level_of_term = level[self.owner]
        terms = np.argsort(level_of_term, kind="stable")
        levels, begin = np.unique(level[nodes], return_index=True)
        term_begin = np.searchsorted(level_of_term[terms], levels)
        for k, depth in enumerate(levels.tolist()):
            following = slice(k + 1, k + 2)
            stop = [*begin[following].tolist(), len(nodes)][0]
            term_stop = [*term_begin[following].tolist(), len(terms)][0]
            yield from self._level(depth, nodes[begin[k] : stop], terms[term_begin[k] : term_stop])

    def _level(self, depth: int, nodes: Ids, terms: Ids) -> Iterator[Class]:
        """The classes among the nodes of one level."""
        kinds = self._kinds_of(terms)
        owner = self._among(nodes, terms)
        key = mixed(mixed(self.code[nodes]) + np.uint64(1))  # so that operation 3 of class 5 is not 5 of 3
        for column in self.operands[nodes].T:
            key = mixed(key + mixed(np.where(column >= 0, self.kind[column], NONE)))
        key += _sum_over_sets(owner, kinds, len(nodes), (self.next + 1) ** 2)
        number = _of_like_lengths(_numbered(key), np.bincount(owner, minlength=len(nodes)))
        self.kind[self.ids[nodes]] = self.next + number
        self.next += int(number.max()) + 1
        if not number.any():
            yield self._class(depth, nodes, terms, kinds)
            return
        starts = np.arange(1, number.max() + 1)
        members, its_terms = np.argsort(number, kind="stable"), np.argsort(number[owner], kind="stable")
        ends = np.searchsorted(number[members], starts), np.searchsorted(number[owner[its_terms]], starts)
        for group, mine in zip(np.split(members, ends[0]), np.split(its_terms, ends[1]), strict=True):
            yield self._class(depth, nodes[group], terms[mine], kinds[mine])

    def _among(self, nodes: Ids, terms: Ids) -> Ids:
        """For each term which of some nodes has it."""
        self.position[nodes] = np.arange(len(nodes))
        return np.asarray(self.position[self.owner[terms]])

    def _kinds_of(self, terms: Ids) -> Ids:
        """For each term a number for the classes of its operands; they are put in the order of their classes."""
        left, right = self.left[terms], self.right[terms]
        one, two = self.kind[left], np.where(right >= 0, self.kind[right], NONE)
        swap = (right >= 0) & (one > two)
        if swap.any():
            self.left[terms], self.right[terms] = np.where(swap, right, left), np.where(swap, left, right)
            one, two = np.where(swap, two, one), np.where(swap, one, two)
        return np.asarray(one * (self.next + 1) + two + 1)

    def _class(self, depth: int, nodes: Ids, terms: Ids, kinds: Ids) -> Class:
        row = self.rows[int(self.code[nodes[0]])]
        arity = int((self.operands[nodes[0]] >= 0).sum())
        found = Class(row, depth, self.ids[nodes], self.operands[nodes, :arity])
        if self.columns.has_terms(row):
            found.constants = self.constants[nodes]
            order = np.argsort(kinds, kind="stable")
            parts = np.split(terms[order], np.flatnonzero(np.diff(kinds[order])) + 1)
            found.groups = [self._group(nodes, part) for part in sorted(parts, key=lambda part: int(part[0]))]
        return found

    def _group(self, nodes: Ids, terms: Ids) -> Group:
        member = self._among(nodes, terms)  # terms come in the order of their nodes
        counts = np.bincount(member, minlength=len(nodes))
        begin = np.cumsum(counts) - counts
        column = np.arange(len(terms)) - begin[member]
        shape = (len(nodes), int(counts.max()))
        left, right = np.full(shape, NONE), np.full(shape, NONE)
        coefficients = np.zeros(shape)
        left[member, column] = self.left[terms]
        right[member, column] = self.right[terms]
        coefficients[member, column] = self.coefficients[terms]
        return Group(left, right if self.right[terms[0]] >= 0 else None, coefficients)


def _padded(operands: list[tuple[int, ...]]) -> Ids:
    arity = np.fromiter(map(len, operands), np.int64, len(operands))
    padded = np.full((len(operands), int(arity.max(initial=0))), NONE)
    present = np.arange(padded.shape[1]) < arity[:, None]
    padded[present] = np.fromiter(itertools.chain.from_iterable(operands), np.int64, int(arity.sum()))
    return padded


def _sum_over_sets(owners: Ids, kinds: Ids, count: int, bound: int) -> Hashes:
    """For each owner a number for the set of the kinds that it has; these are below the bound."""
    sums = np.zeros(count, np.uint64)
    if len(kinds):
        names, kind = ranked(kinds, bound)
        pairs = different(owners * len(names) + kind, count * len(names))
        np.add.at(sums, pairs // len(names), mixed(names[pairs % len(names)]))
    return sums


def _numbered(key: Any) -> Ids:
    """Equal keys get equal numbers 0, 1, 2, ..., in the order in which they come first."""
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _of_like_lengths(number: Ids, lengths: Ids) -> Ids:
    """The classes' numbers, where a few long sums among short ones are classes of their own.

    An array as wide as the longest would be empty for the most part, and its size quadratic.
    """
    longest = np.zeros(int(number.max()) + 1, np.int64)
    np.maximum.at(longest, number, lengths)
    is_empty = np.bincount(number) * longest * DENSE > np.bincount(number, lengths)
    if not is_empty.any():
        return number
    powers = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    return _numbered(number * 64 + np.where(is_empty[number], powers, 0))
