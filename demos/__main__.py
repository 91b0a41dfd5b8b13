"""Run a demo: ``python -m demos logistic``; without a name, list them all."""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from pathlib import Path

NEEDED = {"matplotlib", "sklearn", "tqdm"}


def demos() -> dict[str, str]:
    """Return every demo's name and the first line of its docstring, without importing it.

    Examples
    --------
    >>> demos()["logistic"]
    'Logistic regression tells benign from malignant tumours, by gradient descent.'
    """
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        found[path.stem] = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
    return found


def main(argv: list[str] | None = None) -> None:
    """Run the demo that the command line names."""
    stories = demos()
    parser = argparse.ArgumentParser(
        prog="python -m demos",
        description="Run a demo. It prints what it finds and leaves pictures in a folder.",
        epilog="demos:\n" + "\n".join(f"  {name:<14} {story}" for name, story in stories.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("demo", nargs="?", choices=list(stories), metavar="DEMO", help="one of those below")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for pictures (default: out/DEMO)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all randomness (default: 0)")
    parser.add_argument("--quick", action="store_true", help="fewer steps, to see that it runs")
    options = parser.parse_args(argv)
    if options.demo is None:
        parser.print_help()
        return
    try:
        story = importlib.import_module(f"demos.{options.demo}")
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in NEEDED:
            raise
        sys.exit(f"The demos need {missing}: run  pip install 'autograd_lite[demos]'")
    pictures = story.main(options.out or Path("out", options.demo), options.seed, options.quick)
    print("\nPictures:", *pictures, sep="\n  ")


if __name__ == "__main__":
    main()
