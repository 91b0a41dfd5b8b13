"""Numbers for people: four significant digits, and arrays in a line."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["array_lines", "number_text", "shape_text", "short_number"]

SMALL_ARRAY = 6
"""Arrays of so many elements show them all."""


def number_text(x: float) -> str:
    """Four significant digits.

    Examples
    --------
    >>> number_text(0.70710678), number_text(-6.0), number_text(float("nan"))
    ('0.7071', '-6', 'nan')
    """
    return f"{float(x) + 0.0:.4g}"  # no -0


def array_lines(array: Any) -> list[str]:
    """Show the elements of a small array, a line for each row; of a large one the least, mean and greatest.

    Examples
    --------
    >>> array_lines(np.array([[1.0, 2.0], [3.0, 4.0]]))
    ['[[1, 2],', ' [3, 4]]']
    >>> array_lines(np.arange(12.0)), array_lines(np.ones(12))
    (['min 0   mean 5.5   max 11'], ['all 1'])
    """
    array = np.asarray(array)
    if not array.size:
        return ["no elements"]
    if array.size <= SMALL_ARRAY:
        style: Any = {"float_kind": number_text}
        text = np.array2string(array, separator=", ", formatter=style, max_line_width=10**6)
        return [line.rstrip() for line in text.split("\n") if line.strip()]
    with np.errstate(all="ignore"):  # inf - inf in a mean is a nan to show, not an incident
        low, mean, high = array.min(), array.mean(), array.max()
    if low == high:
        return [f"all {number_text(low)}"]
    return [f"min {number_text(low)}   mean {number_text(mean)}   max {number_text(high)}"]


def short_number(x: Any, listed: bool = True) -> str:
    """Show a number or an array in one short line: a small one's elements if they are to be `listed`, else its range.

    Examples
    --------
    >>> short_number(2.0), short_number(np.array([1.0, 2.0])), short_number(np.arange(12.0))
    ('2', '[1, 2]', '0 … 11')
    """
    if not isinstance(x, np.ndarray):
        return number_text(x)
    if x.size <= SMALL_ARRAY // 2 and listed:
        return " ".join(line.strip() for line in array_lines(x))
    low, high = number_text(x.min()), number_text(x.max())
    return low if low == high else f"{low} … {high}"


def shape_text(shape: tuple[int, ...], dtype: str) -> str:
    """Show the shape and dtype of an array.

    Examples
    --------
    >>> shape_text((4, 3), "float32")
    '(4, 3) float32'
    """
    return f"{shape} {dtype}"
