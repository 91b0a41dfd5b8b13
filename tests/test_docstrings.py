"""The help of every operation, which is generated, says what is true."""

from __future__ import annotations

import doctest

import pytest

import autograd_lite as ag
from autograd_lite.functions import OWN_FORM


@pytest.mark.parametrize("name", [n for n in ag.functions.__all__ if n not in OWN_FORM])
def test_examples_run(name: str) -> None:
    function = getattr(ag, name)
    assert function.__doc__.strip()
    assert "Examples" in function.__doc__
    example = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, None)
    assert example.examples
    results = doctest.DocTestRunner(verbose=False).run(example)
    assert results.failed == 0
