"""The command line: what it prints, what it refuses, and its exit codes."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import __version__, backward, checks
from autograd_lite.cli import main
from autograd_lite.expression import functions

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


def run(*argv: str) -> Outcome:
    """Run the command line in this process; an exception is an error of the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(argv)
    return Outcome(status, out.getvalue(), err.getvalue())


def refusal(*argv: str) -> str:
    """The message of a refusal, which is on standard error and all there is."""
    outcome = run(*argv)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    return outcome.err.removeprefix("error: ").removesuffix("\n")


def process(*argv: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "autograd_lite", *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", **options.pop("env", {})},
        stderr=subprocess.PIPE,
        **options,
    )


def lines(text: str) -> list[str]:
    return textwrap.dedent(text).strip("\n").splitlines()


# --- what it prints --------------------------------------------------------------------------------------------------


def test_the_example_of_the_readme() -> None:
    outcome = run("tanh(a*b + c)", "--at", "a=2", "b=-3", "c=10")
    assert outcome.out.splitlines() == lines("""
                               value    grad        ±10, log
        v5 = tanh(v4)          0.9993   1                │━━━━   saturated
        └── v4 = v3 + c        4        0.001341         │━
            ├── v3 = a * b     -6       0.001341         │━
            │   ├── a  input   2        -0.004023      ╺━│
            │   └── b  input   -3       0.002682         │━╸
            └── c  input       10       0.001341         │━

        name     analytic      numeric  curvature    error  allowed  complex step  verdict
        a     -0.00402285  -0.00403494   -1.2e-05  2.4e-08  1.5e-07   -0.00402285  ok
        b       0.0026819   0.00267655   -5.4e-06  7.1e-09  4.3e-08     0.0026819  ok
        c      0.00134095   0.00133961   -1.3e-06  8.9e-10  5.4e-09    0.00134095  ok
        numeric: (f(x + 0.001) - f(x)) / 0.001, off by the curvature f''(x) / 2 * 0.001; error: what remains
    """)
    assert (outcome.status, outcome.err) == (0, "")


def test_no_check_prints_the_tree_alone() -> None:
    outcome = run("a*a", "--at", "a=3", "--no-check")
    assert "verdict" not in outcome.out
    assert "a * a" in outcome.out
    assert outcome.status == 0


def test_the_step_is_that_of_the_check() -> None:
    assert " 6.001 " in run("a**2", "--at", "a=3").out
    assert " 6.1 " in run("a**2", "--at", "a=3", "--step", "0.1").out


def test_a_wrong_gradient_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    true = backward.cotangents
    monkeypatch.setattr(checks, "cotangents", lambda *args: [1.01 * g for g in true(*args)])
    outcome = run("a*b", "--at", "a=2", "b=3")
    assert outcome.status == 1
    assert outcome.out.count("WRONG") == 2


def test_at_a_kink_the_check_says_so() -> None:
    outcome = run("abs(a)", "--at", "a=0")
    assert outcome.status == 0
    assert outcome.err.startswith("note: kink: ")


@pytest.mark.parametrize("argv", [("log(a)", "--at", "a=0"), ("a*a", "--at", "a=nan"), ("a*2", "--at", "a=-inf")])
def test_what_is_not_finite_cannot_be_judged(argv: tuple[str, ...]) -> None:
    outcome = run(*argv)
    assert outcome.status == 0
    assert outcome.err.startswith("note: unjudged: ")


def test_without_names_there_is_nothing_to_check() -> None:
    outcome = run("2*pi")
    assert outcome.status == 0
    assert "6.283" in outcome.out
    assert outcome.err.startswith("note: there is no name")


def test_numbers_that_are_not_used_are_mentioned() -> None:
    outcome = run("a", "--at", "a=1", "b=2", "c=3")
    assert outcome.status == 0
    assert outcome.err == "note: the expression does not use b, c\n"


def test_given_numbers_replace_the_constants() -> None:
    assert "e  input" in run("e*2", "--at", "e=1").out
    assert "e  constant" in run("e*x", "--at", "x=1").out


@pytest.mark.parametrize(
    "argv",
    [
        ("-a**2", "--at", "a=3"),
        ("--at", "a=3", "-a**2"),
        ("--at", "a=3", "--no-check", "--", "-a**2"),
        ("--no-check", "-a**2", "--at", "a=3"),
        ("-a**2", "--at= a = 3 "),
        ("---a**2", "--at", "a=3"),
        ("--(-a**2)", "--at", "a=3"),
    ],
)
def test_the_expression_may_begin_with_minus_and_come_last(argv: tuple[str, ...]) -> None:
    outcome = run(*argv)
    assert outcome.status == 0
    assert "= -v2" in outcome.out


def test_without_arguments_it_explains_itself() -> None:
    outcome = run()
    assert outcome.status == 0
    assert "examples:" in outcome.out
    assert len(outcome.out.splitlines()) < 15


def test_help_lists_every_function_and_the_exit_codes() -> None:
    outcome = run("--help")
    assert outcome.status == 0
    listed = outcome.out.replace(",", " ").replace("(", " ").split()
    assert set(functions()) <= set(listed)
    assert "exit codes:" in outcome.out
    assert "\0" not in outcome.out


def test_version() -> None:
    assert run("--version") == Outcome(0, f"autograd_lite {__version__}\n", "")


# --- what it refuses -------------------------------------------------------------------------------------------------


def test_a_missing_number_is_pointed_at() -> None:
    message = refusal("tanh(a*b + d)", "--at", "a=2", "b=-3", "c=10")
    assert message.splitlines() == [
        "unknown name 'd'; the names given are a, b, c (give it a number with --at d=...)",
        "  tanh(a*b + d)",
        "             ^",
    ]


def test_all_missing_numbers_are_named() -> None:
    message = refusal("a + tanh(b) * a")
    assert message.startswith("unknown names 'a', 'b'; no names are given (give them numbers with --at a=... b=...)\n")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["a"], "--at a: write a name, = and a number, as in a=2"),
        (["=2"], "--at =2: write a name"),
        (["2=a"], "--at 2=a: write a name"),
        (["lambda=2"], "--at lambda=2: write a name"),
        (["a-b=2"], "--at a-b=2: write a name"),
        (["a="], "--at a=: '' is not a number such as"),
        (["a=b"], "--at a=b: 'b' is not a number such as"),
        (["a=1=2"], "--at a=1=2: '1=2' is not a number"),
        (["a=1+2j"], "'1+2j' is not a number"),
        (["a=\udc80\n"], "--at a=\\udc80 : '\\udc80' is not a number"),
        (["a=1", "a=2"], "--at a=2: a was given before, as 1"),
        (["tanh=2"], "--at tanh=2: tanh is a function; choose another name"),
        (["asin=2"], "--at asin=2: asin is a function"),
    ],
)
def test_malformed_pairs(pairs: list[str], words: str) -> None:
    assert words in refusal("a", "--at", *pairs)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("",), "the expression is empty"),
        (("--at", "a=2"), "there is no expression"),
        (("a", "*", "b"), "in several pieces: put it in quotes"),
        (("a*b", "a=1", "b=2"), "and the numbers after --at"),
        (("a", "--at"), "expected at least one argument"),
        (("a", "--stpe", "1"), "unrecognized arguments: --stpe"),
        (("a", "--step", "0"), "'0' is not a step: a positive number"),
        (("a", "--step", "-1"), "is not a step"),
        (("a", "--step", "nan"), "'nan' is not a step"),
        (("a", "--step", "inf"), "'inf' is not a step"),
        (("a", "--step", "small"), "'small' is not a step"),
        (("a", "--draw", "a.gif"), "--draw a.gif: the ending tells the format; it is .svg, .png or .pdf"),
        (("a", "--draw", "svg"), "the ending tells the format"),
        (("a", "--x\udc80"), "unrecognized arguments: --x\\udc80"),
    ],
)
def test_refused_arguments(argv: tuple[str, ...], words: str) -> None:
    assert words in refusal(*argv)


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("-b.PNG", b"\x89PNG"), ("c.pdf", b"%PDF-")])
def test_pictures(name: str, start: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("a*b", "--at", "a=2", "b=3", "--no-check", "--draw", name)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.endswith(f"\nwrote {name}\n")
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.svg").mkdir()
    for name in ("file/out.svg", "folder.svg", "nul\0.svg", "x" * 300 + ".svg"):
        outcome = run("a", "--at", "a=2", "--draw", str(tmp_path / name))
        assert outcome.status == 2, name
        assert outcome.err.startswith("error: cannot draw "), name
        assert outcome.err.count("\n") == 1, name
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.svg"]


# --- as a process ----------------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_incident() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with process("a*a", "--at", "a=2", stdout=writer) as child:
        os.close(writer)
        assert child.stderr is not None
        assert (child.stderr.read(), child.wait()) == (b"", 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "wb") as full, process("a*a", "--at", "a=2", stdout=full) as child:
        assert child.stderr is not None
        assert (child.stderr.read(), child.wait()) == (b"error: cannot write the output: No space left on device\n", 2)


def test_a_terminal_without_lines() -> None:
    with process("a*é", "--at", "a=2", "é=3", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"}) as child:
        out, err = child.communicate()
        assert (err, child.returncode) == (b"", 0)
        assert b"|-- a  input" in out


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "check_grads", interrupt)
    outcome = run("a", "--at", "a=2")
    assert (outcome.status, outcome.err) == (130, "")


# --- anything --------------------------------------------------------------------------------------------------------

ALMOST = st.lists(
    st.sampled_from([*"ab1.+-*/()", "**", " ", ", ", "exp(", "1e999", "pi", "log(", "sqrt(", "sign("]), max_size=9
).map("".join)
PAIRS = st.lists(
    st.one_of(
        st.text(),
        st.tuples(
            st.sampled_from(["a", "b", "é", "exp", ""]), st.one_of(st.text(max_size=5), st.floats().map(repr))
        ).map("=".join),
    ),
    min_size=1,
    max_size=3,
)


def assert_orderly(outcome: Outcome) -> None:
    assert outcome.status in (0, 1, 2)
    assert "Traceback" not in outcome.err
    if outcome.status == 2:
        assert outcome.err.startswith("error: ")
        assert outcome.out == ""


@pytest.mark.filterwarnings("error")
@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), ALMOST))
def test_any_expression(text: str) -> None:
    assert_orderly(run(text, "--at", "a=0.5", "b=-2"))


@pytest.mark.filterwarnings("error")
@settings(max_examples=300, deadline=None)
@given(PAIRS, st.sampled_from(["a*b", "a/b - a", "exp(a)**b", "1"]))
def test_any_pairs(pairs: list[str], text: str) -> None:
    assert_orderly(run(text, "--at", *pairs))


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", ["(" * 100_000 + "a" + ")" * 100_000, "+".join("a" * 10_000), "-" * 10_000 + "a"])
def test_long_and_deep_expressions(text: str) -> None:
    outcome = run(text, "--at", "a=2", "--no-check")
    assert (outcome.status, outcome.err) == (0, "")
    assert len(outcome.out) < 100_000
