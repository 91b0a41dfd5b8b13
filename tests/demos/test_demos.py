"""The demos' command line."""

import subprocess
import sys

import pytest

from demos.__main__ import NEEDED, demos, main


def test_without_a_name_all_demos_are_listed(capsys):
    main([])
    listed = capsys.readouterr().out
    for name, story in demos().items():
        assert name in listed
        assert story.endswith(".")
        assert story in listed


def test_an_unknown_demo_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["no_such_demo"])
    assert "no_such_demo" in capsys.readouterr().err


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_without_its_libraries_a_demo_says_what_to_install(missing):
    script = f"import sys; sys.modules[{missing!r}] = None; from demos.__main__ import main; main(['logistic'])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.strip() == f"The demos need {missing}: run  pip install 'autograd_lite[demos]'"
