"""A state to save, and whether one is another."""

import numpy as np

STATE = {"0.weight": np.arange(6.0).reshape(2, 3), "0.bias": np.float32([1, 2, 3])}


def check_equal(loaded, state):
    assert set(loaded) == set(state)
    for name, numbers in state.items():
        expected = np.asarray(numbers)
        assert type(loaded[name]) is np.ndarray
        assert loaded[name].dtype == expected.dtype.newbyteorder("=")
        assert loaded[name].shape == expected.shape
        np.testing.assert_array_equal(loaded[name], expected)
