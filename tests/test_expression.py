"""The expressions of the command line: what is read, as what, and how the rest is refused."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_lite.expression import ExpressionError, functions, parse, visible
from autograd_lite.operation import TABLE
from autograd_lite.value import Value


def value(text: str, **names: float) -> float:
    result = parse(text).evaluate(names).data
    assert isinstance(result, float)
    return result


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text).evaluate({"a": 2.0, "b": 3.0})
    return caught.value


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("16 / 4 / 2", 2.0),
        ("2 ** 3 ** 2", 512.0),
        ("-a**2", -4.0),
        ("(-a)**2", 4.0),
        ("2**-1", 0.5),
        ("2**-a**2", 2.0**-4),
        ("2**-a*b", 0.75),
        ("-a*b", -6.0),
        ("a - -b", 5.0),
        ("a*-b", -6.0),
        ("--+-a", -2.0),
        (".5 + 5. + 1e-1 + 2E+1 + 007", 32.6),
        ("a\n+\tb\r\n", 5.0),
        ("max_of_2", 7.0),
        ("α + β2", 12.0),
        ("maximum(a, b) - minimum(a, b)", 1.0),
        ("clip(10, -(1), a + (b))", 5.0),
        ("hypot(a + 1, pow(b, 1) + 1)", 5.0),
        ("atan2(0, 1) + asin(0)", 0.0),
        ("leaky_relu(-1)", -0.01),
        ("leaky_relu(-1, 0.1)", -0.1),
        ("leaky_relu(-1) + leaky_relu(-1, 0.5)", -0.51),
    ],
)
def test_values(text: str, expected: float) -> None:
    names = {"a": 2.0, "b": 3.0, "max_of_2": 7.0, "α": 5.0, "β2": 7.0}
    assert value(text, **names) == pytest.approx(expected, rel=1e-15)


def test_what_python_refuses_has_a_value() -> None:
    assert value("1/0") == math.inf
    assert value("10.0**400") == value("1e999") == value("exp(1000)") == math.inf
    assert math.isnan(value("(-8)**(1/3)"))
    assert value("log(0)") == -math.inf


def test_constants_yield_to_given_names() -> None:
    assert value("pi") == math.pi
    assert value("2*e") == 2 * math.e
    assert value("2*e", e=1.0) == 2.0
    assert parse("pi*r**2").evaluate({"r": 1.0}).label == ""
    assert parse("e").evaluate({}).label == "e"


def test_names_come_in_the_order_of_their_first_use() -> None:
    assert parse("b*a + tanh(c)*b + pi").names == ("b", "a", "c", "pi")
    assert parse("b*a + pi").missing({"a": 1.0}) == ["b"]


def test_the_graph_is_that_of_the_operators() -> None:
    variables: list[Any] = [Value(2.0), Value(-3.0), Value(10.0)]
    a, b, c = variables
    root = parse("tanh(a*b + c)").evaluate({"a": a, "b": b, "c": c})
    root.backward()
    read = [v.grad for v in variables]
    for leaf in variables:
        leaf.zero_grad()
    (a * b + c).tanh().backward()
    assert read == [v.grad for v in variables]
    assert root.op is TABLE["tanh"]
    assert root.inputs[0].inputs[1] is c


def test_a_name_is_one_node_and_each_number_its_own() -> None:
    root = parse("pi*2 + x*pi*2").evaluate({"x": Value(1.0)})
    assert root.inputs[0].data == 2 * math.pi
    product, two = root.inputs[1].inputs
    assert (two.data, product.inputs[1].label) == (2.0, "pi")


def test_the_functions_are_the_elementwise_rows() -> None:
    known = functions()
    assert known["asin"] is known["arcsin"] is TABLE["arcsin"]
    assert not {"sum", "matmul", "scatter", "strong_mul"} & set(known)


def test_every_function_can_be_called() -> None:
    for name, row in functions().items():
        numbers = [sum(interval) / 2 for interval in row.domain]
        read = value(f"{name}({', '.join(map(repr, numbers))})")
        assert read == pytest.approx(float(row.forward(*numbers)), rel=1e-14), name


# --- size ------------------------------------------------------------------------------------------------------------

MANY = 100_000


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(" * MANY + "a" + ")" * MANY, 2.0),
        ("-" * MANY + "a", 2.0),
        ("+".join("a" * MANY), 2.0 * MANY),
        ("**".join("1" * MANY), 1.0),
        ("abs(" * MANY + "a" + ")" * MANY, 2.0),
        ("0." + "1" * MANY, 1 / 9),
        ("x" * MANY, 3.0),
    ],
    ids=["parentheses", "signs", "sum", "powers", "calls", "digits", "name"],
)
def test_size_is_no_obstacle(text: str, expected: float) -> None:
    assert value(text, **{"a": 2.0, "x" * MANY: 3.0}) == pytest.approx(expected)


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.parametrize("text", ["(" * MANY, "-" * MANY, "a" + ")" * MANY, "abs(" * MANY, "x" * MANY, "a " * MANY])
def test_the_refusal_of_a_long_text_is_short(text: str) -> None:
    assert len(str(refusal(text))) < 400


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("a + d", 4, "unknown name 'd'"),
        ("a^2", 1, "a power is written **"),
        ("a**", 3, "missing at the end"),
        ("a + * b", 4, "missing before '*'"),
        ("*a", 0, "missing before '*'"),
        ("a ** * b", 5, "missing before '*'"),
        ("(a + b", 0, "'(' is never closed"),
        ("a + tanh(b", 4, "'tanh(' is never closed"),
        ("a + b)", 5, "closes nothing"),
        ("()", 1, "missing before ')'"),
        ("(,a)", 1, "missing before ','"),
        ("a b", 2, "an operator is missing before 'b'"),
        ("2a", 1, "an operator is missing before 'a'; a product is written *"),
        ("1.2.3", 3, "an operator is missing before '.3'"),
        ("2(a)", 1, "an operator is missing before '('"),
        ("a, b", 1, "a comma stands only between"),
        ("tanh((a, b))", 7, "a comma stands only between"),
        ("tanh()", 0, "wrong number of arguments, 0: write tanh(a)"),
        ("1 + tanh(a, b)", 4, "wrong number of arguments, 2: write tanh(a)"),
        ("leaky_relu(1, 2, 3)", 0, "wrong number of arguments, 3: write leaky_relu(a, slope=0.01)"),
        ("maximum(a)", 0, "wrong number of arguments, 1: write maximum(a, b)"),
        ("maximum(a,)", 10, "missing before ')'"),
        ("a + tanh", 4, "tanh is a function: write tanh(a)"),
        ("a + tnah(b)", 4, "unknown function 'tnah'; did you mean tanh?"),
        ("a(b)", 0, "unknown function 'a'; a product is written with *"),
        ("a.real", 1, "no attributes"),
        ("tanh(a).data", 7, "no attributes"),
        ("a[0]", 1, "unexpected '['"),
        ("'a'", 0, "unexpected '''"),
        ('f"{a}"', 1, "unexpected '\"'"),
        ("a < b", 2, "unexpected '<'"),
        ("a == b", 2, "unexpected '=='"),
        ("a // b", 2, "unexpected '//'"),
        ("a % b", 2, "unexpected '%'"),
        ("(a := b)", 3, "unexpected ':='"),
        ("lambda x: x", 0, "unexpected 'lambda'"),
        ("a if b else a", 2, "unexpected 'if'"),
        ("not a", 0, "unexpected 'not'"),
        ("leaky_relu(a, slope=1)", 19, "in order, without names"),
        ("1_000", 1, "an operator is missing before '_000'"),
        ("0x10", 1, "an operator is missing before 'x10'"),
        ("1e", 1, "an operator is missing before 'e'"),
        ("a \u2212 b", 2, "unexpected '\u2212' (MINUS SIGN): minus is written -"),
        ("a\u00b2", 0, "unexpected 'a\u00b2'"),
        ("a + \u0663", 4, "unexpected '\u0663' (ARABIC-INDIC DIGIT THREE)"),
        ("a\0b", 1, "unexpected '\\x00'"),
        ("a\u00a0+ b", 1, "unexpected '\\xa0' (NO-BREAK SPACE)"),
        ("a + \udc80", 4, "unexpected '\\udc80' (a character without a name)"),
        ("a # b", 2, "unexpected '#'"),
    ],
)
def test_refusals_name_the_cause_and_the_place(text: str, position: int, words: str) -> None:
    error = refusal(text)
    assert words in error.message
    assert (error.text, error.position) == (text, position)


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_an_empty_expression_has_no_picture(text: str) -> None:
    assert str(refusal(text)) == "the expression is empty"


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("tanh(a*b + d)", "  tanh(a*b + d)\n             ^"),
        ("a\t+\n^", "  a + ^\n      ^"),
        ("\0", "  \\x00\n  ^"),
        ("a + \x01\x02 ^", "  a + \\x01\\x02 ^\n      ^"),
        ("変数 + ^", "  変数 + ^\n         ^"),
        ("a + \udc80", "  a + \\udc80\n      ^"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, picture: str) -> None:
    assert str(refusal(text)).split("\n", 1)[1] == picture


def test_the_picture_of_a_long_expression_is_an_excerpt() -> None:
    text, caret = str(refusal("a + " * 50 + "^" + " + b" * 50)).splitlines()[1:]
    assert text[caret.index("^")] == "^"
    assert text.startswith("  ...")
    assert text.endswith("...")
    assert len(text) < 80


def test_errors_are_pickled_whole() -> None:
    error = refusal("a + $")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.position) == (str(error), 4)


def test_visible_text_is_one_printable_line() -> None:
    assert visible("x" * 100, most=11) == "xxxx...xxxx"
    assert visible("\n\x1b[1m") == " \\x1b[1m"


# --- anything --------------------------------------------------------------------------------------------------------

SCOPE = {
    **{name: getattr(math, name) for name in ("sin", "cos", "tanh", "exp", "hypot", "atan2")},
    "abs": math.fabs,
    "maximum": max,
    "a": 1.5,
    "b": -0.75,
    "pi": math.pi,
    "__builtins__": {},
}

PIECES = st.recursive(
    st.sampled_from(["a", "b", "pi", "2.0", "0.5", "3e-1", ".25"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-"), inner).map("".join),
        st.tuples(inner, st.sampled_from([" + ", "-", " * ", "/", " ** "]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "exp", "abs"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["hypot", "atan2", "maximum"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_values_are_pythons(text: str) -> None:
    read = value(text, a=1.5, b=-0.75)
    try:
        expected = eval(text, dict(SCOPE))
    except (ArithmeticError, ValueError, TypeError):
        return  # Python has no answer, or a complex number, where there is an inf or nan
    assume(not isinstance(expected, complex))
    assert read == pytest.approx(expected, rel=1e-12, abs=1e-300, nan_ok=True)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.text("ab1.e+-*/(), tanh", max_size=30)))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        refused = error
    else:
        assert isinstance(expression.evaluate(dict.fromkeys(expression.names, 1.0)).data, float)
        return
    assert 0 <= refused.position <= len(text)
    assert str(refused).isascii() or not text.isascii()
    assert all(c.isprintable() or c == "\n" for c in str(refused))
