"""Fixtures of the tests of the pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.viz.helpers import ROOT, Run


@pytest.fixture
def python() -> Run:
    """Run a program in a fresh interpreter, every warning an error."""

    def run(program: str, *flags: str, path: Path = ROOT, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)])}
        return subprocess.run(
            [sys.executable, "-W", "error", *flags, "-c", program],
            capture_output=True,
            text=True,
            timeout=30,
            env=environment,
            **options,  # type: ignore[call-overload]
        )

    return run
