"""Files that are cut short, damaged or something else are named, and never run code."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from autograd_lite.training import load, save
from tests.training.states import STATE


def faulty(path):
    """The message about a file."""
    with pytest.raises(ValueError, match=rf"{path.name} is not a sound {path.suffix} file: ") as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_every_shorter_file_is_refused(path):
    save(path, STATE)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert "it is cut short or damaged" in faulty(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"epoch,cost\n1,0.5\n2,0.25\n", r"it starts with b'epoch,co'"),
        (pickle.dumps({"w": np.ones(3)}), "as a pickle does"),
        (b"\x89PNG\r\n\x1a\n and so on", r"it starts with b'\x89PNG"),
    ],
)
def test_foreign_files_are_named(path, content, words):
    path.write_bytes(content)
    assert words in faulty(path)


def test_each_format_under_the_others_name(tmp_path):
    one, other = tmp_path / "one.npz", tmp_path / "other.safetensors"
    save(one, STATE)
    save(other, STATE)
    a, b = one.read_bytes(), other.read_bytes()
    one.write_bytes(b)
    other.write_bytes(a)
    assert "it starts with" in faulty(one)
    assert "it starts with b'PK" in faulty(other)


def test_a_file_that_would_run_code_does_not(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "boom"),)

    path = tmp_path / "model.npz"
    np.savez(path, w=np.array([Bomb()], dtype=object))
    assert "w, in it, is not an array of numbers" in faulty(path)
    assert not (tmp_path / "boom").exists()


def test_other_zips(tmp_path):
    path = tmp_path / "model.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"")
    assert "data.pkl, in it, is no .npy file" in faulty(path)
    inside = io.BytesIO()
    np.save(inside, np.ones(2))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", inside.getvalue())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("w.npy", inside.getvalue())
    assert "w.npy is in it twice" in faulty(path)
    np.savez(path, w=np.array(["words"]))
    assert "w, in it, is not an array of numbers" in faulty(path)


def test_arrays_that_safetensors_gives_read_only_may_be_written_to(tmp_path, monkeypatch):
    """Some versions do, others do not."""
    path = tmp_path / "model.safetensors"
    save(path, STATE)
    monkeypatch.setattr(safetensors.numpy, "load", lambda content: {"w": np.frombuffer(bytes(16))})
    load(path)["w"][0] = 1.0


def test_a_type_that_numpy_lacks(tmp_path):
    path = tmp_path / "model.safetensors"
    header = json.dumps({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert "it holds numbers of type 'BF16', which NumPy does not have" in faulty(path)


def test_random_damage_never_gives_another_error(path):
    save(path, STATE)
    whole, rng, messages = path.read_bytes(), np.random.default_rng(0), []
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=3):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            loaded = load(path)
        except ValueError as error:
            messages.append(str(error))
            continue
        if path.suffix == ".npz":  # its check sums let no wrong number through; names have none
            assert {a.tobytes() for a in loaded.values()} <= {a.tobytes() for a in STATE.values()}
    assert all(str(path) in message for message in messages)
    assert len(messages) > 50
