"""Flip every derivative rule of the table in turn, and report which flips the tests do not notice.

    python tools/mutate.py            # all rules, both flips: sign and factor
    python tools/mutate.py tanh sum   # the rules of these rows

For each rule a fresh process loads the table with that one rule negated, or doubled, and runs the tests of the row. A
flip with which the tests pass survives; the exit status is 1 if one does.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy  # noqa: F401  (imported once, before the processes fork)
import pytest

ROOT = Path(__file__).resolve().parent.parent
FLIPS: dict[str, tuple[str, float]] = {"sign": ("-({})", -1.0), "factor": ("2 * ({})", 2.0)}

Mutation = tuple[str, str, str]
"""Row, input, flip."""


def load_operation() -> Any:
    """Load autograd_lite.operation before the package fills its table, so that it can be changed before."""
    empty = types.ModuleType("autograd_lite")
    empty.__path__ = [str(ROOT / "autograd_lite")]
    sys.modules["autograd_lite"] = empty
    module = importlib.import_module("autograd_lite.operation")
    del sys.modules["autograd_lite"]  # the real package finds its operation module loaded
    return module


def all_rules() -> list[tuple[str, str]]:
    """Every (row, input) of the table that has a rule."""
    sys.path.insert(0, str(ROOT))
    from autograd_lite import TABLE

    return [(row.name, name) for row in TABLE.values() for name in row.inputs]


def flip_table(row: str, name: str, flip: str) -> None:
    """Change how rows are entered, so that one rule comes out flipped."""
    module = load_operation()
    text, factor = FLIPS[flip]
    enter_elementwise, enter_array = module.elementwise, module.array_operation

    def elementwise(call: str, value: str, **given: Any) -> Any:
        if call.partition("(")[0] == row:
            given[name] = "1" if given[name] == "0" else text.format(given[name])
        return enter_elementwise(call, value, **given)

    def scaled(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: rule(*args, **kwargs) * factor

    def array_operation(*, vjp: Any, **given: Any) -> Any:
        def enter(function: Callable[..., Any]) -> Any:
            if (given.get("name") or function.__name__.strip("_")) != row:
                return enter_array(vjp=vjp, **given)(function)
            flipped = scaled(vjp) if callable(vjp) else {k: scaled(r) if k == name else r for k, r in vjp.items()}
            return enter_array(vjp=flipped, **given)(function)

        return enter

    module.elementwise, module.array_operation = elementwise, array_operation


def run_tests(mutation: Mutation) -> int:
    """In this process: flip, then run the row's tests; pytest's exit status."""
    row, _, _ = mutation
    flip_table(*mutation)
    sys.path.insert(0, str(ROOT))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(
            pytest.main(["-x", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "test_table.py"), "-k", row])
        )


def is_noticed(mutation: Mutation) -> bool:
    """Whether the row's tests fail, in a process of their own, when the rule is flipped."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = run_tests(mutation)
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"the tests did not run for {mutation}: pytest's exit status is {status}")
    return status == pytest.ExitCode.TESTS_FAILED


def results(mutations: list[Mutation]) -> Iterator[tuple[Mutation, bool]]:
    """Try all mutations, as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from zip(mutations, pool.map(is_noticed, mutations), strict=True)


def main(names: list[str]) -> int:
    """Report every flip; 1 if one survives."""
    command = [sys.executable, __file__, "--list"]  # in a process of its own: the table must not be loaded here
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    rules = [tuple(rule.split(":")) for rule in listing]
    mutations = [(*rule, flip) for rule, flip in itertools.product(rules, FLIPS) if not names or rule[0] in names]
    survivors = []
    for mutation, noticed in results(mutations):  # type: ignore[arg-type]
        print(
            f"{'noticed ' if noticed else 'SURVIVED'}  {mutation[2]:6} of d {mutation[0]} / d {mutation[1]}", flush=True
        )
        if not noticed:
            survivors.append(mutation)
    print(f"{len(mutations)} flips of {len(mutations) // 2} rules, {len(survivors)} survived")
    return 1 if survivors or not mutations else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(*(f"{row}:{name}" for row, name in all_rules()), sep="\n")
    else:
        sys.exit(main(sys.argv[1:]))
