"""Write the type stubs of what is generated from the table: autograd_lite/functions.pyi and methods.pyi.

python tools/stubs.py            # write them
python tools/stubs.py --check    # fail if they are not what the table says
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "autograd_lite"
sys.path.insert(0, str(PACKAGE.parent))

from autograd_lite import TABLE  # noqa: E402
from autograd_lite.calls import OPERATORS, UNARY_OPERATORS  # noqa: E402
from autograd_lite.functions import INTERNAL, OWN_FORM  # noqa: E402
from autograd_lite.operation import Operation  # noqa: E402

HEAD = """# Generated from the table of operations by tools/stubs.py; do not edit.
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from numpy.typing import ArrayLike

from autograd_lite.operation import Operation
from autograd_lite.axes import Axis
from autograd_lite.shaping import Shape
from autograd_lite.value import Value

Operand = Value | ArrayLike
"""

FUNCTIONS = """
INTERNAL: set[str]
OWN_FORM: tuple[str, ...]

def publish(row: Operation, text: str = "") -> Callable[..., Any]: ...
def sum(a: Operand | Iterable[Any], axis: Axis = None, *, keepdims: bool = False) -> Any: ...
def max(a: Operand | Sequence[Any], axis: Axis = None, *, keepdims: bool = False) -> Any: ...
def min(a: Operand | Sequence[Any], axis: Axis = None, *, keepdims: bool = False) -> Any: ...
def dot(a: Operand | Sequence[Any], b: Operand | Sequence[Any]) -> Any: ...
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any: ...
def stack(arrays: Sequence[Any], axis: int = 0) -> Any: ...
def einsum(subscripts: str, *operands: Operand) -> Any: ...
"""

HAND_WRITTEN = {"sum", "max", "min", "dot", "concatenate", "stack", "einsum"}

METHODS = """
class Methods:
    def reshape(self, *shape: int | Shape) -> Value: ...
    def transpose(self, *axes: int | Shape) -> Value: ...
    def concatenate(self, *others: Operand, axis: int | None = 0) -> Value: ...
    def stack(self, *others: Operand, axis: int = 0) -> Value: ...
    def einsum(self, subscripts: str, *others: Operand) -> Value: ...
"""


def parameter(p: inspect.Parameter, kind: str) -> str:
    """`axis: int | None = None`."""
    default = "" if p.default is inspect.Parameter.empty else f" = {p.default!r}"
    return f"{p.name}: {kind}{default}"


def arguments(row: Operation, kinds: dict[str, str], skip: str = "") -> str:
    """The row's parameters, annotated; inputs by `kinds`, others as the row says."""
    written, starred = [], False
    for p in row.signature.parameters.values():
        if p.name == skip:
            continue
        if p.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            written.append("*")
            starred = True
        written.append(parameter(p, kinds.get(p.name, p.annotation)))
    return ", ".join(written)


def function(row: Operation, name: str) -> Iterator[str]:
    """Overloads: with a Value among the inputs a Value comes out, without one a number or an array."""
    required = [i for i in row.inputs if row.signature.parameters[i].default is inspect.Parameter.empty]
    for one in required:
        kinds = dict.fromkeys(row.inputs, "Operand") | {one: "Value"}
        yield f"@overload\ndef {name}({arguments(row, kinds)}) -> Value: ..."
    yield f"@overload\ndef {name}({arguments(row, dict.fromkeys(row.inputs, 'ArrayLike'))}) -> Any: ..."


def method(row: Operation, name: str) -> str:
    """The method: self is the first input."""
    rest = arguments(row, dict.fromkeys(row.inputs, "Operand"), skip=row.inputs[0])
    return f"    def {name}(self{', ' + rest if rest else ''}) -> Value: ..."


def stubs() -> dict[Path, str]:
    """File and text of each stub."""
    from autograd_lite.functions import __all__ as names

    listing = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in names) + "]\n"
    functions, methods = [HEAD + listing + FUNCTIONS], [HEAD + METHODS.rstrip("\n")]
    for row in TABLE.values():
        for name in (row.name, *row.aliases):
            if name not in INTERNAL and name not in HAND_WRITTEN:
                functions += function(row, name)
            if not row.variadic and name not in OWN_FORM:
                methods.append(method(row, name))
        if row.name in UNARY_OPERATORS:
            methods.append(f"    def {UNARY_OPERATORS[row.name]}(self) -> Value: ...")
        if row.name in OPERATORS:
            methods += [f"    def __{r}{OPERATORS[row.name]}__(self, other: Operand) -> Value: ..." for r in ("", "r")]
    return {PACKAGE / "functions.pyi": "\n".join(functions) + "\n", PACKAGE / "methods.pyi": "\n".join(methods) + "\n"}


def main() -> int:
    """Write, or with --check compare."""
    stale = [path for path, text in stubs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is not what the table says: run  python tools/stubs.py")
        return 1 if stale else 0
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
