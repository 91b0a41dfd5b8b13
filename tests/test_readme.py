"""README.md's shell sessions; its Python sessions are doctests, and .ci/run runs its two commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
SESSIONS = re.findall(r"```console\n\$ python (.+)\n((?:.*\n)*?)```", README.read_text("utf-8"))


def test_there_are_sessions():
    assert SESSIONS


@pytest.mark.parametrize(("arguments", "shown"), SESSIONS)
def test_a_command_prints_what_the_readme_shows(arguments, shown):
    command = [sys.executable, "-X", "utf8", *shlex.split(arguments)]
    ran = subprocess.run(command, cwd=README.parent, capture_output=True, text=True, encoding="utf-8", check=True)
    assert ran.stdout == shown
