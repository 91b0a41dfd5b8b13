"""Expressions as text: ``parse("tanh(a*b + c)")``, without `eval`.

The text is read once, left to right, by operator precedence (Dijkstra's shunting yard). Numbers and names go straight
to the program; operators and parentheses wait on a stack until what binds tighter is done. The program is in postfix
order, ``a b mul c add tanh``, and its words are numbers, names and rows of the table of operations. Neither reading
nor evaluating recurses, so an expression may be as long and as deep as it likes.
"""

from __future__ import annotations

import difflib
import inspect
import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd_lite.functions import INTERNAL
from autograd_lite.operation import TABLE, Operation
from autograd_lite.recording import apply
from autograd_lite.value import Constant, Value

__all__ = ["CONSTANTS", "Expression", "ExpressionError", "call_of", "functions", "parse", "visible"]

CONSTANTS = {"pi": math.pi, "e": math.e}
"""Names that have a number when none is given."""

_SPACE = " \t\r\n\f\v"


# --- errors, and how text is shown in them ---------------------------------------------------------------------------


class ExpressionError(ValueError):
    """An expression that is not understood.

    Attributes
    ----------
    message : str
        What is wrong, in one sentence.
    text : str
        The expression.
    position : int
        The index in `text` of the place.

    Examples
    --------
    >>> print(ExpressionError("what is this?", "a + $", 4))
    what is this?
      a + $
          ^
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(message, text, position)
        self.message, self.text, self.position = message, text, position

    def __str__(self) -> str:
        return f"{self.message}\n{_picture(self.text, self.position)}" if self.text.strip() else self.message


def visible(text: str, most: int = 40) -> str:
    r"""Put `text` on one line, fit to print anywhere: odd characters escaped, the middle of a long text left out.

    >>> print(visible("a\tb\0"), visible("x" * 100, most=10))
    a b\x00 xxxx...xxx
    """
    if len(text) > most:
        text = text[: (most - 2) // 2] + "..." + text[len(text) - (most - 3) // 2 :]
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in _SPACE else ascii(character)[1:-1]


def _columns(text: str) -> int:
    """Count the columns that `text` takes in a terminal: some letters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _picture(text: str, position: int, around: int = 34) -> str:
    """Show the line of `text` about `position`, and a caret under it."""
    start, stop = max(0, position - around), min(len(text), position + around)
    before = ("..." if start else "") + "".join(map(_shown, text[start:position]))
    after = "".join(map(_shown, text[position:stop])) + ("..." if stop < len(text) else "")
    return f"  {before}{after}\n  {' ' * _columns(before)}^"


# --- words -----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""[ \t\r\n\f\v]*(?:
        (?P<number> (?: [0-9]+ (?:\.[0-9]*)? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
      | (?P<name> [^\W\d]\w* )
      | (?P<symbol> \*\* | // | := | [=!<>]= | . )
      | (?P<end> \Z )
    )""",
    re.VERBOSE | re.DOTALL,
)

_WHY_NOT = {
    "^": "a power is written **, as in a**2",
    ".": "there are no attributes or methods, only calls such as tanh(a)",
    "=": "the arguments of a function are given in order, without names",
    "\u00f7": "a quotient is written /",
    **dict.fromkeys(("\u2212", "\u2013"), "minus is written -"),
    **dict.fromkeys(("\u00d7", "\u00b7"), "a product is written *"),
}
_UNDERSTOOD = "an expression has numbers, names, + - * / **, parentheses, commas and calls such as tanh(a)"


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    """Cut `text` into words, the last of kind 'end'; every character is in a word or is a space between words."""
    return [_token(match) for match in _TOKEN.finditer(text.rstrip(_SPACE))]


def _token(match: re.Match[str]) -> _Token:
    kind = match.lastgroup or ""
    if kind == "name" and (keyword.iskeyword(match[kind]) or not match[kind].isidentifier()):
        return _Token("symbol", match[kind], match.start(kind))  # such as lambda, or a with a superscript 2
    return _Token(kind, match[kind], match.start(kind))


# --- what may be called ----------------------------------------------------------------------------------------------


def functions() -> dict[str, Operation]:
    """Return every function that an expression may call: the elementwise rows of the table, by name and by alias.

    >>> functions()["asin"]
    <operation arcsin>
    """
    rows = [row for row in TABLE.values() if row.is_elementwise and row.name not in INTERNAL]
    return {name: row for row in rows for name in (row.name, *row.aliases)}


def call_of(row: Operation) -> str:
    """Tell how a row is called.

    >>> call_of(TABLE["leaky_relu"])
    'leaky_relu(a, slope=0.01)'
    """
    return f"{row.name}{row.signature}"


# --- from text to program --------------------------------------------------------------------------------------------


class _Operator(NamedTuple):
    """An operator that waits for its right operand; the row it becomes, and how tight it binds."""

    row: str
    precedence: int
    from_right: bool = False


_BINARY = {
    "+": _Operator("add", 1),
    "-": _Operator("sub", 1),
    "*": _Operator("mul", 2),
    "/": _Operator("div", 2),
    "**": _Operator("pow", 4, from_right=True),
}
_UNARY = {"+": _Operator("pos", 3), "-": _Operator("neg", 3)}  # looser than a power: -a**2 is -(a**2)


@dataclass(slots=True)
class _Open:
    """An open parenthesis; if it is a call's, the name is the token and the function the row."""

    token: _Token
    row: Operation | None = None
    commas: int = 0


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.place = 0
        self.functions = functions()
        self.program: list[float | str | Operation] = []
        self.places: dict[str, int] = {}
        self.waiting: list[_Operator | _Open] = []

    def parse(self) -> Expression:
        if not self.text.strip(_SPACE):
            raise ExpressionError("the expression is empty", self.text, 0)
        operand_is_due = True
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            self.place += 1
            operand_is_due = self.operand(token) if operand_is_due else self.after_operand(token)
        opened = self.settle()
        if opened is not None:
            raise self.error(f"'{opened.row.name if opened.row else ''}(' is never closed", opened.token)
        return Expression(self.text, tuple(self.program), self.places)

    def operand(self, token: _Token) -> bool:
        """Read a number, a name, a sign, or something that opens; tell whether an operand is due next."""
        if token.kind == "number":
            self.program.append(float(token.text))
            return False
        if token.kind == "name":
            return self.name(token)
        if token.text != "(" and token.text not in _UNARY:
            raise self.no_operand(token)
        self.waiting.append(_Open(token) if token.text == "(" else _UNARY[token.text])
        return True

    def name(self, token: _Token) -> bool:
        """Read a variable, or a call up to its parenthesis."""
        name = token.text
        if self.tokens[self.place].text != "(":
            if name in self.functions:
                raise self.error(f"{name} is a function: write {call_of(self.functions[name])}", token)
            self.places.setdefault(name, token.position)
            self.program.append(name)
            return False
        self.place += 1
        if name not in self.functions:
            near = " or ".join(difflib.get_close_matches(name, self.functions))
            hint = f"did you mean {near}?" if near else "a product is written with *"
            raise self.error(f"unknown function '{visible(name)}'; {hint}", token)
        self.waiting.append(_Open(token, self.functions[name]))
        return True

    def after_operand(self, token: _Token) -> bool:
        """Read an operator, a comma, something that closes, or the end; tell whether an operand is due next."""
        operator = _BINARY.get(token.text)
        if operator:
            self.settle(operator.precedence + operator.from_right)
            self.waiting.append(operator)
            return True
        if token.text == ",":
            self.comma(token)
            return True
        if token.text == ")":
            self.close(token)
            return False
        if token.kind == "end":
            return False
        if token.kind in ("number", "name") or token.text == "(":
            raise self.error(f"an operator is missing before '{visible(token.text)}'; a product is written *", token)
        raise self.unexpected(token)

    def settle(self, precedence: int = 0) -> _Open | None:
        """Move the waiting operators that bind at least as tight to the program, up to the last open parenthesis."""
        while self.waiting:
            last = self.waiting[-1]
            if isinstance(last, _Open):
                return last
            if last.precedence < precedence:
                return None
            self.waiting.pop()
            self.program.append(TABLE[last.row])
        return None

    def comma(self, token: _Token) -> None:
        opened = self.settle()
        if opened is None or opened.row is None:
            raise self.error("a comma stands only between the arguments of a function", token)
        opened.commas += 1

    def close(self, token: _Token) -> None:
        opened = self.settle()
        if opened is None:
            raise self.error("this parenthesis closes nothing", token)
        self.waiting.pop()
        if opened.row is not None:
            self.call(opened.token, opened.row, opened.commas + 1)

    def call(self, token: _Token, row: Operation, count: int) -> None:
        given = [row.signature.parameters[name].default for name in row.inputs]
        defaults = [float(default) for default in given if default is not inspect.Parameter.empty]
        most, least = len(given), len(given) - len(defaults)
        if not least <= count <= most:
            raise self.refused_call(token, row, count)
        self.program.extend(defaults[count - least :])
        self.program.append(row)

    def error(self, message: str, token: _Token) -> ExpressionError:
        return ExpressionError(message, self.text, token.position)

    def refused_call(self, token: _Token, row: Operation, count: int) -> ExpressionError:
        return self.error(f"wrong number of arguments, {count}: write {call_of(row)}", token)

    def no_operand(self, token: _Token) -> ExpressionError:
        last = self.waiting[-1] if self.waiting else None
        if token.text == ")" and isinstance(last, _Open) and last.row and not last.commas:
            return self.refused_call(last.token, last.row, 0)
        if token.kind == "end" or token.text in {*_BINARY, ")", ","}:
            where = "at the end" if token.kind == "end" else f"before '{token.text}'"
            return self.error(f"a number, a name or a call is missing {where}", token)
        return self.unexpected(token)

    def unexpected(self, token: _Token) -> ExpressionError:
        alone = len(token.text) == 1 and not token.text.isascii()
        called = f" ({unicodedata.name(token.text, 'a character without a name')})" if alone else ""
        return self.error(f"unexpected '{visible(token.text)}'{called}: {_WHY_NOT.get(token.text, _UNDERSTOOD)}", token)


# --- the result ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expression:
    """An expression that has been read.

    Attributes
    ----------
    text : str
        As it was written.
    program : tuple
        In postfix order: numbers, names, and operations, which take their inputs from the results before them.
    places : dict
        Each name with the index in `text` of its first use.

    Examples
    --------
    >>> expression = parse("a*b + 1")
    >>> expression.program
    ('a', 'b', <operation mul>, 1.0, <operation add>)
    >>> expression.evaluate({"a": Value(2.0), "b": Value(3.0)})
    Value(7, op=add)
    """

    text: str
    program: tuple[float | str | Operation, ...]
    places: Mapping[str, int] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of their first use; `pi` and `e` among them if they are used."""
        return tuple(self.places)

    def missing(self, given: Iterable[str]) -> list[str]:
        """Return the names that have no number yet."""
        known = {*given, *CONSTANTS}
        return [name for name in self.names if name not in known]

    def error_at(self, name: str, message: str) -> ExpressionError:
        """Make an error that points to the first use of `name`."""
        return ExpressionError(message, self.text, self.places[name])

    def evaluate(self, values: Mapping[str, Any]) -> Value:
        """Compute the expression: `values` has for each name a Value, or a number, which is then a constant."""
        for name in self.missing(values):
            raise self.error_at(name, f"unknown name '{visible(name)}'")
        known = {name: values[name] if name in values else CONSTANTS[name] for name in self.names}
        leaves = {name: x if isinstance(x, Value) else Constant(x, label=name) for name, x in known.items()}
        stack: list[Value] = []
        for word in self.program:
            if isinstance(word, str):
                stack.append(leaves[word])
            elif isinstance(word, float):
                stack.append(Constant(word))
            else:
                count = len(word.inputs)
                stack[-count:] = [apply(word, tuple(stack[-count:]))]
        return stack[0]


def parse(text: str) -> Expression:
    """Read an expression of numbers, names, ``+ - * / **``, parentheses and calls of the table's functions.

    Precedence and association are Python's.

    Raises
    ------
    ExpressionError
        With the place, if `text` is anything else.

    Examples
    --------
    >>> parse("tanh(a*b + c)").names
    ('a', 'b', 'c')
    >>> parse("a + b^2")
    Traceback (most recent call last):
        ...
    autograd_lite.expression.ExpressionError: unexpected '^': a power is written **, as in a**2
      a + b^2
           ^
    """
    return _Parser(text).parse()
