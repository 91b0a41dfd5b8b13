"""`save` and `load`: parameters in ``.npz`` or ``.safetensors`` files, neither of which can run code when loaded."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.replacing import replacing
from autograd_lite.training.libraries import optional
from autograd_lite.value import Value

Arrays = dict[str, NDArray[Any]]
PathLike = str | os.PathLike[str]

NUMBERS = "biuf"
"""The kinds of dtype that are kept: bools, integers, floats."""


def save(path: PathLike, state: Mapping[str, Any]) -> None:
    """Write named arrays to a file, all or nothing.

    The file is written under another name beside its place, and takes that place when it is complete: whenever the
    program is killed, or the power fails, there is the old file or the new one. (A kill may leave the other file, whose
    name starts with a dot and ends with ``.tmp``.)

    Parameters
    ----------
    path : str or path
        Where to: ``name.npz``, which `numpy.load` reads too, or ``name.safetensors``, which needs the safetensors
        library. A symbolic link stays one.
    state : mapping of str to array_like
        Arrays and numbers by name, as from ``model.state_dict()``: of integers, floats or bools. They are written in C
        order and in the machine's byte order.

    Raises
    ------
    ValueError
        If the path ends otherwise, or the format cannot hold a name or a dtype.
    TypeError
        If the state is no mapping, a name is not a string, or something is not an array of numbers.
    ImportError
        If the safetensors library is needed and not installed.
    OSError
        If the folder is missing or cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from autograd_lite import nn
    >>> path = Path(tempfile.mkdtemp(), "model.npz")
    >>> model, twin = nn.Linear(2, 1, seed=0), nn.Linear(2, 1, seed=1)
    >>> save(path, model.state_dict())
    >>> twin.load_state_dict(load(path))
    >>> bool((model.weight.data == twin.weight.data).all())
    True
    """
    if not isinstance(state, Mapping):
        raise TypeError(
            f"the state is a {type(state).__name__}; give named arrays, as in save(path, model.state_dict())"
        )
    place = Path(os.path.realpath(path))
    form = _format(place)
    arrays = {_name(name): _numbers(name, item) for name, item in state.items()}
    if not place.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {place.parent} to save {place.name} in")
    with replacing(place) as file:
        form.write(file, arrays)


def load(path: PathLike) -> Arrays:
    """Read the arrays that `save` wrote, or another program in the same format; no code in the file is run.

    Whether they suit a model is checked by ``model.load_state_dict``, which names what is missing or does not fit.

    Parameters
    ----------
    path : str or path
        A file whose name ends in ``.npz`` or ``.safetensors``.

    Returns
    -------
    dict of str to ndarray
        Arrays to keep and change. What was saved as a number is an array of shape ().

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut short, damaged, or something else than its ending says; if it holds objects.
    ImportError
        If the safetensors library is needed and not installed.
    """
    form = _format(Path(path))
    content = Path(path).read_bytes()
    try:
        return form.read(content)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # decoders have many errors; on bytes in memory they all mean that the bytes are wrong
        fault = _fault(content, form, error)
        raise ValueError(f"{os.fspath(path)} is not a sound {form.ending} file: {fault}") from error


# --- what goes in ---


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name {name!r} is of type {type(name).__name__}; names are strings")
    return name


def _numbers(name: str, item: Any) -> NDArray[Any]:
    """An item as an array that can be written as it lies in memory."""
    if isinstance(item, Value):
        raise TypeError(f"{name} is a Value; save its numbers, {name}.data, or model.state_dict()")
    try:
        array = np.asarray(item)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is not an array of numbers: {error}") from error
    if array.dtype.kind not in NUMBERS:
        raise TypeError(f"{name} has dtype {array.dtype}; arrays of integers, floats and bools can be saved")
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


# --- the formats ---


class Format(NamedTuple):
    """A file format: how it is written and read, and how its files begin: with `start` after `skip` bytes."""

    ending: str
    write: Callable[[IO[bytes], Arrays], None]
    read: Callable[[bytes], Arrays]
    skip: int
    start: bytes


class _Unsuitable(ValueError):
    """A file is whole, but holds what we do not take."""


def _write_npz(file: IO[bytes], arrays: Arrays) -> None:
    """A zip of .npy files. Not by `numpy.savez`, which takes the names as keywords, of which "file" is its own."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            if "\0" in name:
                raise ValueError(f"the name {name!r} holds a null character, which a .npz file cannot keep")
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(content: bytes) -> Arrays:
    """Read member by member: by `numpy.load`, "w" and "w.npy" would be one."""
    arrays: Arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            name = member.removesuffix(".npy")
            if name == member or name in arrays:
                raise _Unsuitable(f"{member} is in it twice" if name in arrays else f"{member}, in it, is no .npy file")
            arrays[name] = _read_npy(name, archive.read(member))
    return arrays


def _read_npy(name: str, content: bytes) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise _Unsuitable(f"{name}, in it, is not an array of numbers: {error}") from error
    if array.dtype.kind not in NUMBERS:
        raise _Unsuitable(f"{name}, in it, is not an array of numbers: its dtype is {array.dtype}")
    return array


def _write_safetensors(file: IO[bytes], arrays: Arrays) -> None:
    library = optional("safetensors.numpy", "a .safetensors file")
    for name, array in arrays.items():
        if name == "__metadata__" or array.dtype.itemsize > 8:
            fault = f"dtype {array.dtype}" if array.dtype.itemsize > 8 else "this name"
            raise ValueError(f"{name}: a .safetensors file cannot keep {fault}")
    file.write(library.save(arrays))


def _read_safetensors(content: bytes) -> Arrays:
    library = optional("safetensors.numpy", "a .safetensors file")
    try:
        arrays = library.load(content)
    except KeyError as error:
        raise _Unsuitable(f"it holds numbers of type {error}, which NumPy does not have") from error
    return {name: np.array(array) for name, array in arrays.items()}


FORMATS = {
    form.ending: form
    for form in (
        Format(".npz", _write_npz, _read_npz, 0, b"PK"),
        Format(".safetensors", _write_safetensors, _read_safetensors, 8, b"{"),
    )
}


def _format(path: Path) -> Format:
    if path.suffix not in FORMATS:
        raise ValueError(f"the format of {path} is unknown: its name must end in {' or '.join(FORMATS)}")
    return FORMATS[path.suffix]


def _fault(content: bytes, form: Format, error: Exception) -> str:
    """What is wrong with a file that could not be read."""
    if isinstance(error, _Unsuitable):
        return str(error)
    start = content[form.skip :][: len(form.start)]
    if not form.start.startswith(start):
        return f"it starts with {content[:8]!r}" + (", as a pickle does" if content[:1] == b"\x80" else "")
    return f"it is cut short or damaged ({error})"
