"""What the tests of files share."""

import pytest


@pytest.fixture(params=["npz", "safetensors"])
def path(request, tmp_path):
    return tmp_path / f"model.{request.param}"
