"""What is saved is loaded again to the bit, a kill at any moment loses nothing, and faulty files are named."""

import os
import stat
import sys

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograd_lite import Value, nn, optim
from autograd_lite.cells import scalars
from autograd_lite.training import files, load, save
from tests.training.scripts import run_script
from tests.training.states import STATE, check_equal


def round_trip(path, state):
    save(path, state)
    check_equal(load(path), state)
    assert os.listdir(path.parent) == [path.name]


# --- there and back ---


def test_there_and_back(path):
    round_trip(path, STATE)


@pytest.mark.parametrize(
    "array",
    [
        *(3.5, 7, True, np.float32(0.1), np.array(2.0)),
        *(np.zeros(0), np.zeros((0, 3)), np.zeros((2, 0, 3), np.float32)),
        np.arange(6.0).reshape(2, 3).T,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(4, 6)[::2, 1::2],
        np.arange(5.0)[::-1],
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.arange(6.0).reshape(2, 3).astype(">f8"),
        np.arange(6.0).astype(">f4")[::2],
        np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        *(np.arange(2, dtype=kind) for kind in ("i1", "u1", "i2", "u4", "i8", "f2", "f4", "?")),
        [[1.0, 2.0], [3.0, 4.0]],
    ],
    ids=repr,
)
def test_every_form_of_array(path, array):
    round_trip(path, {"w": array, "other": np.ones(3)})


@pytest.mark.parametrize(
    "names",
    [
        ["a/b", "a.b", "a", "/", "..", "../x", "a\\b"] if os.name != "nt" else ["a/b", "a.b", "a"],
        ["w", "w.npy", "w.npy.npy", ".npy", ""],
        ["file", "allow_pickle", "self", "args", "arr_0", "kwds"],
        ["λ", "权重", "🙂", "a b", "a\nb", "W", "w", "layers[0].weight", "x" * 300],
    ],
    ids=["paths", "endings", "keywords", "letters"],
)
def test_every_name(path, names):
    round_trip(path, {name: np.full(2, float(i)) for i, name in enumerate(names)})


def test_nothing(path):
    round_trip(path, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    state=st.dictionaries(
        st.text(st.characters(exclude_characters="\0\\", exclude_categories=["Cs"]), max_size=8),
        hnp.arrays(
            st.sampled_from(["<f8", ">f8", "<f4", ">i4", "?", "u1"]),
            hnp.array_shapes(min_dims=0, min_side=0, max_side=3),
        ),
        max_size=4,
    )
)
def test_any_state(path, state):
    round_trip(path, state)


def test_loaded_arrays_may_be_written_to(path):
    save(path, STATE)
    first = load(path)
    first["0.weight"] += 1
    check_equal(load(path), STATE)


def test_the_same_state_gives_the_same_bytes(path):
    save(path, STATE)
    before = path.read_bytes()
    save(path, STATE)
    assert path.read_bytes() == before


def test_numpy_and_safetensors_read_our_files_and_we_read_theirs(path):
    save(path, STATE)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as theirs:
            check_equal(dict(theirs), STATE)
        np.savez_compressed(path, **STATE)
    else:
        check_equal(safetensors.numpy.load_file(path), STATE)
        safetensors.numpy.save_file(STATE, path, metadata={"format": "pt"})
    check_equal(load(path), STATE)


def test_strings_are_paths_too(path):
    save(str(path), STATE)
    check_equal(load(str(path)), STATE)


# --- models and optimisers ---


def network(seed):
    return nn.Sequential(nn.Linear(3, 4, seed=seed), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2, seed=seed + 1))


@pytest.mark.parametrize("one", ["to_arrays", "to_scalars"])
@pytest.mark.parametrize("other", ["to_arrays", "to_scalars"])
def test_a_model_there_and_back(path, one, other):
    model, twin = getattr(network(0), one)(), getattr(network(7), other)()
    save(path, model.state_dict())
    twin.load_state_dict(load(path))
    check_equal(twin.state_dict(), model.state_dict())
    x = np.ones((2, 3))
    a, b = (np.vectorize(lambda v: getattr(v, "data", v))(getattr(m(x), "data", m(x))) for m in (model, twin))
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=0, atol=1e-15)


def test_training_goes_on_from_a_file_as_if_it_had_not_stopped(path):
    x, y = np.ones((4, 3)), np.ones((4, 2))

    def steps(model, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            nn.mse(model(x), y).backward()
            optimizer.step()

    model, twin = network(0), network(7)
    optimizer, later = (optim.Adam(m.parameters(), lr=lr) for m, lr in ((model, 0.1), (twin, 0.5)))
    steps(model, optimizer, 3)
    save(path, model.state_dict())
    save(path.with_stem("optimizer"), optimizer.state_dict())
    twin.load_state_dict(load(path))
    later.load_state_dict(load(path.with_stem("optimizer")))
    steps(model, optimizer, 3)
    steps(twin, later, 3)
    check_equal(twin.state_dict(), model.state_dict())


def test_a_file_that_does_not_suit_the_model_is_named(path):
    model = nn.Linear(3, 2, seed=0)
    before = model.state_dict()
    for change, error, words in (
        ({"bias": None}, KeyError, "bias"),
        ({"scale": np.ones(2)}, KeyError, "scale"),
        ({"weight": np.ones((2, 3))}, ValueError, r"weight.*\(3, 2\).*\(2, 3\)"),
        ({"weight": np.ones((3, 2), np.float32)}, TypeError, "weight.*float64.*float32"),
    ):
        state = {name: numbers for name, numbers in (before | change).items() if numbers is not None}
        save(path, state)
        with pytest.raises(error, match=words):
            model.load_state_dict(load(path))
        check_equal(model.state_dict(), before)


# --- refused ---


def test_what_cannot_be_saved_is_named_and_leaves_the_old_file(path):
    save(path, STATE)
    faults = {
        "w is a Value; save its numbers, w.data": Value(1.0),
        "w has dtype object": scalars([1.0]),
        "w has dtype <U1": "a",
        "w has dtype complex128": 1j,
        "w has dtype object; arrays of integers": None,
        "w is not an array of numbers: .*inhomogeneous": [[1.0], [2.0, 3.0]],
        "w is not an array of numbers: .*leave the graph": [Value(1.0)],
        "w has dtype datetime64": np.array(["2020-01-01"], "M8[D]"),
    }
    for words, item in faults.items():
        with pytest.raises(TypeError, match=words):
            save(path, {"ok": 1.0, "w": item})
    for state in (nn.Linear(2, 1, seed=0), [("w", 1.0)], None):
        with pytest.raises(TypeError, match=rf"a {type(state).__name__}; .* save\(path, model\.state_dict\(\)\)"):
            save(path, state)
    for name in (1, None, ("a", "b"), b"w"):
        with pytest.raises(TypeError, match="names are strings"):
            save(path, {name: 1.0})
    with pytest.raises(ValueError, match="surrogates"):
        save(path, {"\ud800": 1.0})
    if path.suffix == ".npz":
        with pytest.raises(ValueError, match=r"'a\\x00b' holds a null character"):
            save(path, {"a\0b": 1.0, "a": 2.0})
    else:
        with pytest.raises(ValueError, match=r"__metadata__: a \.safetensors file cannot keep this name"):
            save(path, {"__metadata__": 1.0})
        if np.dtype(np.longdouble).itemsize > 8:
            with pytest.raises(ValueError, match=r"w: a \.safetensors file cannot keep dtype float"):
                save(path, {"w": np.longdouble(1)})
    check_equal(load(path), STATE)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("given", ["model.npz", None, [("weight", 1.0)]])
def test_what_is_no_state_is_refused_with_advice(given):
    model = nn.Linear(2, 1, seed=0)
    optimizer = optim.Adam(model.parameters())
    for owner in (model, optimizer, optim.Schedule(optimizer, optim.cosine(10))):
        words = rf"the state is a {type(given).__name__}; give a mapping of names to arrays, such as load\(path\)"
        with pytest.raises(TypeError, match=words):
            owner.load_state_dict(given)


@pytest.mark.parametrize("name", ["model.pt", "model", "model.npz.gz", "model.NPZ", ".npz"])
def test_an_unknown_ending(tmp_path, name):
    words = f"the format of .*{name} is unknown: its name must end in .npz or .safetensors"
    with pytest.raises(ValueError, match=words):
        save(tmp_path / name, STATE)
    with pytest.raises(ValueError, match=words):
        load(tmp_path / name)
    assert not os.listdir(tmp_path)


def test_a_missing_file_and_a_missing_folder(path):
    with pytest.raises(FileNotFoundError, match=path.name):
        load(path)
    with pytest.raises(FileNotFoundError, match=f"no folder .*nowhere to save {path.name} in"):
        save(path.parent / "nowhere" / path.name, STATE)


def test_a_library_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "model.safetensors"
    words = "a .safetensors file needs safetensors, which is not here: pip install safetensors"
    with pytest.raises(ImportError, match=words):
        save(path, STATE)
    assert not os.listdir(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ImportError, match=words):
        load(path)


# --- all or nothing ---


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(path, monkeypatch, fault, at):
    save(path, STATE)

    def fails(*args):
        raise fault

    place = files.os, at
    monkeypatch.setattr(*place, fails)
    with pytest.raises(type(fault)):
        save(path, {"w": np.ones(3)})
    monkeypatch.undo()
    check_equal(load(path), STATE)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_mode_is_the_users(path):
    mask = os.umask(0o027)
    try:
        save(path, STATE)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o600)
        save(path, STATE)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(mask)


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_a_link_stays_a_link(path):
    target = path.with_stem("target")
    path.symlink_to(target.name)
    save(path, STATE)
    assert path.is_symlink()
    check_equal(load(target), STATE)


SCRIPT = """
    import os, random, signal, sys, time
    from pathlib import Path
    import numpy as np
    from autograd_lite.training import load, save

    path, kills = Path(sys.argv[1]), int(sys.argv[2])
    states = [{f"{i}": np.full(20_000, float(k)) for i in range(4)} for k in range(2)]
    dice, seen, left_over = random.Random(0), set(), 0
    save(path, states[0])
    for _ in range(kills):
        child = os.fork()
        if not child:
            for k in range(10**9):
                save(path, states[(k + 1) % 2])
        time.sleep(dice.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        loaded = load(path)
        numbers = {x for array in loaded.values() for x in array}
        assert len(loaded) == 4 and len(numbers) == 1 and {a.size for a in loaded.values()} == {20_000}, numbers
        seen |= numbers
        for other in path.parent.glob(".*.tmp"):
            left_over += 1
            other.unlink()
    assert os.listdir(path.parent) == [path.name]
    print(len(seen), left_over)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(path):
    """50 processes that save 640 kB over and over, each killed within 30 ms; many of them within a save."""
    states, left_over = map(int, run_script(SCRIPT, path, 50).split())
    assert states == 2
    assert left_over > 10
