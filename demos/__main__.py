"""Run a demo: ``python -m demos logistic``; without a name, list them all."""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import sys
from pathlib import Path

NEEDED = {"matplotlib", "sklearn", "tqdm"}
COURSE = [
    *("logistic", "loops", "slope", "graph", "photo", "convexity", "linear"),
    *("softmax", "mlp", "formulas", "activations", "initialisation", "broadcasting", "approximation"),
    *("moons", "reroll", "digits", "names"),
]


def demos() -> dict[str, str]:
    """Return every demo's name and the first line of its docstring, without importing it; in the course's order.

    Examples
    --------
    >>> demos()["logistic"]
    'Logistic regression tells benign from malignant tumours, by gradient descent.'
    """
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        found[path.stem] = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
    return {name: found[name] for name in [*COURSE, *found] if name in found}  # a name that comes again keeps its place


def refusal(options: argparse.Namespace, names: list[str]) -> str:
    """Return what is wrong with the command line; nothing if it is fine."""
    if options.demo not in names:
        near = " or ".join(difflib.get_close_matches(options.demo, names))
        hint = f"did you mean {near}?" if near else "they are " + ", ".join(names)
        return f"unknown demo {options.demo!r}; {hint}"
    if options.seed < 0:
        return f"--seed {options.seed}: a seed is 0 or more"
    for path in (options.out, *options.out.parents):
        if path.exists() and not path.is_dir():
            return f"--out {options.out}: {path} is a file; pictures go into a folder"
    return ""


def main(argv: list[str] | None = None) -> None:
    """Run the demo that the command line names."""
    stories = demos()
    parser = argparse.ArgumentParser(
        prog="python -m demos",
        description="Run a demo. It prints what it finds and leaves pictures in a folder.",
        epilog="demos:\n" + "\n".join(f"  {name:<14}  {story}" for name, story in stories.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("demo", nargs="?", metavar="DEMO", help="one of those below")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for pictures (default: out/DEMO)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all randomness (default: 0)")
    parser.add_argument("--quick", action="store_true", help="fewer steps, to see that it runs")
    options = parser.parse_args(argv)
    if options.demo is None:
        parser.print_help()
        return
    options.out = options.out or Path("out", options.demo)
    if wrong := refusal(options, list(stories)):
        parser.error(wrong)
    try:
        story = importlib.import_module(f"demos.{options.demo}")
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in NEEDED:
            raise
        sys.exit(f"The demos need {missing}: run  pip install '.[demos]'  in the project's folder")
    pictures = story.main(options.out, options.seed, options.quick)
    print("\nPictures:", *pictures, sep="\n  ")


if __name__ == "__main__":
    main()
