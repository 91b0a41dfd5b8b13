"""Run the tests on every supported Python of this machine, each in a fresh virtual environment, and print a table.

``python tools/test_all.py`` looks for them on PATH and among pyenv's versions; ``python tools/test_all.py PYTHON ...``
takes those that are named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def version_of(python: str) -> tuple[int, ...] | None:
    """Return (3, 11, 7), or None for what does not run."""
    script = "import sys; print(*sys.version_info[:3])"
    try:
        ran = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(map(int, ran.stdout.split()))


def installed() -> list[str]:
    """Find Pythons on PATH and in pyenv's folder."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 30)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = [path for path in map(shutil.which, ["python3", *names]) if path]
    return on_path + [str(path) for path in sorted(pyenv.glob("versions/*/bin/python3"))]


def newest_of_each_minor(pythons: list[str]) -> dict[tuple[int, ...], str]:
    """Return, for each supported minor version in order, the newest Python."""
    found: dict[tuple[int, ...], tuple[tuple[int, ...], str]] = {}
    for python in pythons:
        version = version_of(python)
        if version and version >= OLDEST and version > found.get(version[:2], ((), ""))[0]:
            found[version[:2]] = (version, python)
    return dict(found[minor] for minor in sorted(found))


def run(python: str, pytest_arguments: list[str]) -> tuple[bool, str]:
    """Install into a fresh environment and run the tests there; return whether they passed and pytest's last line."""
    with tempfile.TemporaryDirectory() as folder:
        inside = str(Path(folder, "Scripts" if os.name == "nt" else "bin", "python"))
        last = "no output"
        for command in (
            [python, "-m", "venv", folder],
            [inside, "-m", "pip", "install", "-q", "-e", ".[test]"],
            [inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *pytest_arguments],
        ):
            print("$", *command, flush=True)
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as job:
                assert job.stdout is not None
                for line in job.stdout:
                    print(line, end="", flush=True)
                    last = line.strip() or last
            if job.returncode:
                return False, last
        return True, last


def main() -> None:
    """Test with each Python and exit with 1 if one fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="a program, such as python3.13 or a path")
    options, pytest_arguments = parser.parse_known_args()
    pythons = newest_of_each_minor(options.pythons or installed())
    if not pythons:
        sys.exit(f"no Python >= {'.'.join(map(str, OLDEST))} found; name one: python tools/test_all.py PATH")
    rows = []
    for version, python in pythons.items():
        start = time.monotonic()
        passed, last = run(python, pytest_arguments)
        rows.append((".".join(map(str, version)), "passed" if passed else "FAILED", time.monotonic() - start, last))
    print(f"\n{'Python':<10}{'':<10}{'seconds':>7}   last line")
    for name, outcome, seconds, last in rows:
        print(f"{name:<10}{outcome:<10}{seconds:>7.0f}   {last}")
    sys.exit(any(outcome == "FAILED" for _, outcome, _, _ in rows))


if __name__ == "__main__":
    main()
