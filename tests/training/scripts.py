"""Programs of their own, for what must not happen to the one that runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap


def run_script(text: str, *arguments: object) -> str:
    """Run a Python program; return what it prints.

    Coverage is not measured in it: an interrupt within its own bookkeeping leaves a lock locked.
    """
    command = [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
