"""The command line: ``python -m autograd_lite "tanh(a*b + c)" --at a=2 b=-3 c=10``.

It prints the graph with its values and gradients, checks the gradient numerically and, when asked, draws the graph.
"""

from __future__ import annotations

import argparse
import keyword
import math
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from autograd_lite import __version__
from autograd_lite.expression import Expression, ExpressionError, call_of, functions, parse, visible
from autograd_lite.value import Constant, Value

__all__ = ["UsageError", "main"]

PROGRAM = "python -m autograd_lite"
FORMATS = ("svg", "png", "pdf")
AGREES, DISAGREES, REFUSED, INTERRUPTED, NOBODY_READS = 0, 1, 2, 130, 141
"""Exit codes; the last two are what a shell reports of a program that SIGINT or SIGPIPE ended."""


class UsageError(ValueError):
    """A command line that is not understood, or a picture that could not be made."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if it is left out.

    Returns
    -------
    int
        0 when the check passes, 1 when it finds a derivative wrong, 2 for input that is refused.

    Examples
    --------
    >>> main(["--version"])
    autograd_lite ...
    0
    """
    if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks the tree's lines shows ? in their place
        sys.stdout.reconfigure(errors="replace")
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
        print(end="", flush=True)  # what cannot be written is to show here, not when the process ends
    except (UsageError, ExpressionError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # of standard output: a full disk, or `| head -1`
        _give_up_output()
        if isinstance(error, BrokenPipeError):
            return NOBODY_READS
        return _refuse(f"cannot write the output: {error.strerror or error}")
    return status


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return REFUSED


def _note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)


def _give_up_output() -> None:
    """Send what is still in the buffer nowhere, or Python would try again, and complain, when the process ends."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


# --- what is done ----------------------------------------------------------------------------------------------------


def _run(argv: list[str]) -> int:
    parser = _parser()
    if not argv:
        print(_SHORT_HELP)
        return AGREES
    try:
        options = parser.parse_args([_protected(argument) for argument in argv])
    except SystemExit:  # after --help and --version
        return AGREES
    if options.draw is not None:
        _check_ending(options.draw)
    expression = parse(_expression_text(options))
    numbers = _numbers(options.at)
    _check_names(expression, numbers)
    values = {name: Value(numbers[name], label=name) for name in expression.names if name in numbers}
    root = expression.evaluate(values)
    _print_tree(root)
    agrees = options.no_check or _check(expression, values, options.step)
    if options.draw is not None:
        _draw(root, options.draw)
    return AGREES if agrees else DISAGREES


def _print_tree(root: Value) -> None:
    from viz import tree
    from viz.terminal.table import takes_color

    if not isinstance(root, Constant):
        root.backward()
    print(tree(root, names={}, color=takes_color(sys.stdout)))


def _check(expression: Expression, values: dict[str, Value], step: float) -> bool:
    """Compare the gradient with numerical derivatives, print the table, and tell whether none is wrong."""
    from autograd_lite.checks import check_grads

    names = list(values)
    if not names:
        _note("there is no name to differentiate with respect to, so there is nothing to check")
        return True

    def evaluate(*arguments: Value) -> Value:
        return expression.evaluate(dict(zip(names, arguments, strict=True)))

    report = check_grads(evaluate, *(v.data for v in values.values()), step=step, names=names)
    print(f"\n{report}")
    for verdict, meaning in _VERDICTS.items():
        if any(check.verdict == verdict for check in report.checks):
            _note(f"{verdict}: {meaning}")
    return report.ok


_VERDICTS = {
    "kink": "the slopes to the left and to the right differ; the gradient lies between them",
    "unjudged": "the expression is not finite at the point or beside it, so the check cannot judge",
}


def _draw(root: Value, path: str) -> None:
    from viz import draw_dot

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            draw_dot(root, names={}).render(outfile=path, cleanup=True)
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot draw {visible(path)}: {reason}") from error
    for warning in caught:
        _note(str(warning.message))
    print(f"\nwrote {visible(path, most=1000)}")


# --- the arguments ---------------------------------------------------------------------------------------------------


class _ArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{visible(message, most=400)}; {PROGRAM} --help explains")


def _parser() -> argparse.ArgumentParser:
    parser = _ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} EXPRESSION [--at NAME=NUMBER ...] [--draw FILE] [--step H] [--no-check]",
        description="Show how an expression is computed, with its values and gradients, and check the gradient.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    say = parser.add_argument
    say("expression", metavar="EXPRESSION", nargs="*", type=_unprotected, help="what to compute, in quotes")
    say("--at", metavar="NAME=NUMBER", nargs="+", action="extend", default=[], type=_unprotected, help=_AT)
    say("--draw", metavar="FILE", type=_unprotected, help=f"draw the graph; the ending is {_either(FORMATS)}")
    say("--step", metavar="H", default=0.001, type=_step, help="the step of the numerical check (default: 0.001)")
    say("--no-check", action="store_true", help="leave out the numerical check")
    say("--version", action="version", version=f"autograd_lite {__version__}")
    return parser


_AT = "the numbers, such as a=2 b=-3 c=1e-3; nan and inf are numbers too"

_EXAMPLES = f"""\
examples:
  {PROGRAM} "tanh(a*b + c)" --at a=2 b=-3 c=10
  {PROGRAM} "sin(2*pi*x) / x" --at x=0.3 --draw sinc.svg
  {PROGRAM} "-log(sigmoid(w*x))" --at w=0.5 x=2 --step 1e-4
"""

_SHORT_HELP = f"""\
usage: {PROGRAM} EXPRESSION [--at NAME=NUMBER ...] [--draw FILE] [--step H] [--no-check]

Show how an expression is computed, with its values and gradients, and check the gradient.

{_EXAMPLES}
{PROGRAM} --help lists the options and the functions."""


def _epilog() -> str:
    table = functions()
    calls = ", ".join(call_of(row).replace(" ", "\0") for name, row in table.items() if name == row.name)
    aliases = ", ".join(f"{name} = {row.name}".replace(" ", "\0") for name, row in table.items() if name != row.name)
    return f"""\
{_EXAMPLES}
expressions:
  numbers (2, .5, 1e-3), names, parentheses, calls, and + - * / ** with Python's
  precedence: -a**2 is -(a**2), and a**b**c is a**(b**c). pi and e are the
  constants, unless --at gives them. Nothing else is understood.

functions:
{_wrapped(calls)}

  other names: {_wrapped(aliases).lstrip()}

exit codes:
  0  the numerical check agrees, or finds a kink or nothing finite to judge
  1  the numerical check finds a derivative wrong
  2  the input was refused, or the picture could not be made
"""


def _wrapped(words: str) -> str:
    """Break words into lines; what a zero byte joins stays on one line."""
    return textwrap.fill(words, 78, initial_indent="  ", subsequent_indent="  ").replace("\0", " ")


def _either(words: Iterable[str]) -> str:
    *most, last = (f".{word}" for word in words)
    return f"{', '.join(most)} or {last}"


def _protected(argument: str) -> str:
    """Keep argparse from taking an expression such as -a**2 for an option."""
    return argument if argument == "-h" or not re.match(r"-(?!-[A-Za-z]|-\Z)", argument) else f" {argument}"


def _unprotected(argument: str) -> str:
    return argument[1:] if argument.startswith(" -") else argument


def _step(text: str) -> float:
    step = _float(text)
    if step is None or not 0 < step < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a step: a positive number such as 0.001")
    return step


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _check_ending(path: str) -> None:
    if Path(path).suffix[1:].lower() not in FORMATS:
        raise UsageError(f"--draw {visible(path)}: the ending tells the format; it is {_either(FORMATS)}")


def _expression_text(options: argparse.Namespace) -> str:
    pieces, pairs = options.expression, options.at
    if not pieces and pairs and "=" not in pairs[-1]:
        pieces = [pairs.pop()]  # --at a=2 "a*a": --at took what follows it
    if not pieces:
        raise UsageError(f"there is no expression; {PROGRAM} --help explains")
    if len(pieces) > 1:
        raise UsageError("the expression came in several pieces: put it in quotes, and the numbers after --at")
    return str(pieces[0])


def _numbers(pairs: Iterable[str]) -> dict[str, float]:
    """Read the numbers of --at, by name."""
    numbers: dict[str, float] = {}
    for pair in pairs:
        name, _, text = (part.strip() for part in pair.partition("="))
        number = _float(text)
        where = f"--at {visible(pair)}"
        if not name.isidentifier() or keyword.iskeyword(name) or "=" not in pair:
            raise UsageError(f"{where}: write a name, = and a number, as in a=2")
        if number is None:
            raise UsageError(f"{where}: '{visible(text)}' is not a number such as 2, -3 or 1e-3")
        if name in functions():
            raise UsageError(f"{where}: {name} is a function; choose another name")
        if name in numbers:
            raise UsageError(f"{where}: {visible(name)} was given before, as {numbers[name]:g}")
        numbers[name] = number
    return numbers


def _check_names(expression: Expression, numbers: dict[str, float]) -> None:
    """Refuse an expression with names that have no number; mention numbers that it does not use."""
    missing = expression.missing(numbers)
    if missing:
        names = ", ".join(f"'{visible(name)}'" for name in missing)
        given = f"the names given are {', '.join(map(visible, numbers))}" if numbers else "no names are given"
        todo = " ".join(f"{visible(name)}=..." for name in missing)
        what, them = ("unknown name", "it a number") if len(missing) == 1 else ("unknown names", "them numbers")
        raise expression.error_at(missing[0], f"{what} {names}; {given} (give {them} with --at {todo})")
    unused = [visible(name) for name in numbers if name not in expression.names]
    if unused:
        _note(f"the expression does not use {', '.join(unused)}")
