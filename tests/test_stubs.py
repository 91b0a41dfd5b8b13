"""The committed type stubs are those of the table."""

import subprocess
import sys
from pathlib import Path

STUBS = Path(__file__).resolve().parent.parent / "tools" / "stubs.py"


def test_stubs_are_current() -> None:
    checked = subprocess.run([sys.executable, str(STUBS), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
