"""The harness of the benchmarks: who is timed, who is refused, and what is written about it; no times."""

import gc
import json
import math
import re
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import arrays, mlp_large, scalar, scalar_training
from benchmarks.compared import PEERS, Run, ratios
from benchmarks.harness import OURS, Contestant, Options, Workload, difference, frozen_heap
from benchmarks.markdown import BEGIN, END, check_marks, everything, overview, put_in
from benchmarks.plot import plot
from benchmarks.report import Report, Table, Target, times_as_fast

pytestmark = pytest.mark.no_cover  # others run the same lines, and coverage takes its time

ROOT = Path(__file__).parent.parent


def answering(value, gradient):
    return lambda: Contestant(lambda: (value, [gradient]), lambda found: found)


def failing():
    return Contestant(lambda: 1 / 0, None)


def missing():
    raise ImportError("No module named 'nowhere'")


WORKLOAD = Workload(
    "sums",
    "a workload of nothing",
    {
        OURS: answering(2.0, 3.0),
        "torch": answering(2.0, 3.0),
        "mygrad": answering(2.0, 3.1),
        "tinygrad": answering(2.1, 3.0),
        "JAX, jit": answering(2.0, [3.0]),
        "micrograd": missing,
        "autograd (HIPS)": failing,
    },
)


class Short(Options):
    rounds = 2
    sample_seconds = 1e-5


def report(**seconds):
    samples = {name: {"gc on": times, "gc off": times} for name, times in seconds.items()}
    return Report("sums", "of numbers", samples, [Table(["a", "b"], [["c", "d"]])], ["a note"], OURS, "gc on")


def test_only_who_agrees_is_timed():
    found = WORKLOAD.measure(Short())
    assert set(found.samples) == {OURS, "torch"}
    refused = [note.partition(":")[0] for note in found.notes if "REFUSED" in note]
    assert refused == ["mygrad", "tinygrad", "JAX, jit"]
    assert "autograd (HIPS): FAILED, not timed: ZeroDivisionError: division by zero" in found.notes
    assert "micrograd: missing (No module named 'nowhere')" in found.notes


def test_every_turn_leaves_a_sample_with_and_without_the_collector():
    found = WORKLOAD.measure(Short())
    assert {mode: len(times) for mode, times in found.samples["torch"].items()} == {"gc on": 2, "gc off": 2}


def test_nobody_pays_for_what_others_do_at_a_collection():
    called = []
    gc.callbacks.append(lambda *_: called.append(1))
    try:
        with frozen_heap():
            called.clear()
            gc.collect()
            assert not called
        gc.collect()
        assert called
    finally:
        gc.callbacks.pop()


def test_a_callback_of_a_library_that_is_imported_late_stays():
    before = gc.callbacks[:]

    def late(*_):
        pass

    with frozen_heap():
        gc.callbacks.append(late)
    assert gc.callbacks == [*before, late]
    gc.callbacks.pop()


def test_nan_does_not_agree():
    assert difference((1.0, [1.0]), (math.nan, [1.0]))
    assert difference((1.0, [1.0]), (1.0, [math.nan]))


def test_a_ratio_is_the_median_over_the_rounds():
    assert report(autograd_lite=[1.0, 2.0, 4.0], torch=[3.0, 4.0, 8.0]).ratio("torch", OURS, "gc on") == 2.0


def test_a_peer_is_shown_with_its_fastest_form():
    found = report(**{OURS: [1.0], "torch": [3.0], "torch, fused": [2.0], "mygrad": [0.5]})
    assert {name: ratio.value for name, ratio in ratios(found).items()} == {"PyTorch": 2.0, "MyGrad": 0.5}


def test_verdicts():
    target = Target("fast", times_as_fast(OURS, ["torch"], 2, ["gc on"]))
    assert target.verdict(report(autograd_lite=[1.0], torch=[2.0])) == "[met] fast: torch 2.00x"
    assert target.verdict(report(autograd_lite=[1.0], torch=[1.5])).startswith("[NOT MET]")
    assert target.verdict(report(autograd_lite=[1.0])).startswith("[not measured]")


def test_every_peer_is_named_as_the_workloads_name_it():
    named = {name for workload in command.WORKLOADS.values() for name in workload.contestants}
    assert {name for peer in PEERS.values() for name in peer.contestants} <= named


# --- what is written -----------------------------------------------------------------------------------------------


@pytest.fixture
def run():
    return Run({"date": "today"}, [report(**{OURS: [1.0], "torch": [2.0], "NumPy": [0.5]})], ["[met] fast"])


def test_losses_are_as_plain_as_wins(run):
    text = overview(run)
    assert "| sums | 1.00 s | **0.50** | 2.00 |" in text
    assert "Of 2 comparisons we are ahead in 1 and behind in 1" in text
    assert all(words in text for words in ("date: today", "[met] fast"))


def test_everything_is_told_of_everyone(run):
    assert (
        everything(run) == "- date: today\n\n## sums\n\nOf numbers.\n\n| a | b |\n| --- | ---: |\n| c | d |\n\na note"
    )


def test_the_spread_is_told():
    found = report(**{OURS: [1.0] * 5, "torch": [1.0, 1.5, 2.0, 2.5, 3.0]})
    assert ratios(found)["PyTorch"].spread == 0.5
    assert "apart by 50% of it (median of all figures), at most 50%" in overview(Run({}, [found], []))


def test_a_file_keeps_what_stands_around_the_marks(run, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_in(path, Run({"date": "yesterday"}, run.reports, []))
    put_in(path, run)
    assert path.read_text() == f"before\n{BEGIN}\n{overview(run)}\n{END}\nafter\n"


def test_the_tables_of_one_workload(run, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"<!-- benchmarks: sums -->\nold\n{END}\nand\n<!-- benchmarks: other -->\nold\n{END}\n")
    put_in(path, run)
    first, second = path.read_text().split("\nand\n")
    assert first == f"<!-- benchmarks: sums -->\n| a | b |\n| --- | ---: |\n| c | d |\n{END}"
    assert "\nold\n" in second  # it was not run


def test_pages_ask_for_workloads_that_exist():
    pages = [ROOT / name for name in ("README.md", "docs/benchmarks.md", "docs/performance.md")]
    for page in pages:
        check_marks(page)
    asked = re.findall("<!-- benchmarks: (.*?) -->", "".join(page.read_text("utf-8") for page in pages))
    assert "cost-node" in asked
    assert set(asked) - {"everything"} <= set(command.WORKLOADS)


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}", f"{BEGIN}{END}{END}"])
def test_a_file_without_the_marks_is_left_alone(run, tmp_path, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(ValueError, match="must have a line"):
        put_in(path, run)
    assert path.read_text() == text


def test_a_saved_run_is_the_same_run(run, tmp_path):
    run.save(tmp_path / "run.json")
    assert Run.load(tmp_path / "run.json") == run


def test_files_from_an_earlier_run(run, tmp_path):
    earlier, page = tmp_path / "run.json", tmp_path / "page.md"
    run.save(earlier)
    page.write_text(f"{BEGIN}\n{END}\n")
    command.main(["--from", str(earlier), "--markdown", str(page), "--plot", str(tmp_path / "plot.svg")])
    assert overview(run) in page.read_text()
    assert "<svg" in (tmp_path / "plot.svg").read_text()


def test_nothing_to_plot(tmp_path):
    with pytest.raises(ValueError, match="nothing to draw"):
        plot(Run({}, [], []), tmp_path / "plot.svg")


def test_the_command_runs_a_workload(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(command.WORKLOADS, "expression", WORKLOAD)
    command.main(["--only", "expression", "--quick", "--json", str(tmp_path / "run.json")])
    assert "REFUSED" in capsys.readouterr().out
    content = json.loads((tmp_path / "run.json").read_text())
    assert (
        content["conditions"]["command"] == f"python -m benchmarks --only expression --quick --json {tmp_path}/run.json"
    )
    assert set(content["workloads"][0]["samples"]) == {OURS, "torch"}


# --- those that need no other library agree with us ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("workload", "names"),
    [
        (scalar.EXPRESSION, [scalar.SLOTTED]),
        (scalar.MLP, [scalar.BY_OPERATORS, scalar.SLOTTED]),
        (scalar_training.MOONS_SCALAR, [scalar_training.BY_DOT, scalar_training.BY_NN, scalar.SLOTTED]),
        (scalar_training.MICROGPT_SCALAR, [scalar_training.BY_DOT, scalar.SLOTTED]),
        (arrays.MLP_ARRAY, [arrays.NUMPY, "NumPy, buffers"]),
        (mlp_large.MLP_LARGE, [mlp_large.NUMPY, mlp_large.BUFFERS]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_agreement(workload, names):
    expected = workload._answer(workload.contestants[workload.ours]())
    for name in names:
        assert difference(expected, workload._answer(workload.contestants[name]())) == "", name
