"""Rolled programs beside NumPy by hand, JAX and PyTorch; the programs are those of the tests of the compiler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from benchmarks.harness import GC_MODES, OURS, Contestant, Workload, ahead, at_most
from benchmarks.report import Report, Target, seconds, times_as_fast
from benchmarks.rerolled import lifting, training
from benchmarks.rerolled.by_hand import PLAIN
from benchmarks.rerolled.contestants import (
    buffered,
    jax_jit,
    micrograd,
    plain,
    program,
    torch_fused,
    torch_plain,
)

NUMPY, BUFFERS, JAX, TORCH, FUSED = "NumPy", "NumPy, buffers", "JAX, jit", "torch", "torch, fused"
THREADS = "float64, one thread for everyone (BLAS, XLA and torch)"

Make = Callable[[str], Contestant]

OTHERS: dict[str, dict[str, Make]] = {
    "moons": {TORCH: torch_plain, FUSED: torch_fused, "micrograd": micrograd},
    "microgpt": {TORCH: torch_plain, FUSED: torch_fused},
    "softmax regression": {FUSED: torch_fused},
    "RNN": {FUSED: torch_fused},
    "attention": {FUSED: torch_fused},
    "convolution": {FUSED: torch_fused},
}
"""Who takes part beside us, NumPy and JAX."""


TARGETS: dict[str, list[Target]] = {
    "moons": [
        at_most(1.2, "moons", BUFFERS),
        ahead("moons", [JAX]),
        ahead("moons", [TORCH], 10),
        ahead("moons", ["micrograd"], 20_000),
    ],
    "microgpt": [at_most(1.5, "microgpt", NUMPY), ahead("microgpt", [JAX, TORCH, FUSED])],
    **{name: [at_most(1.5, name, NUMPY)] for name in ("softmax regression", "RNN", "attention", "convolution")},
}


def workload(name: str) -> Workload:
    """One program: value and gradient."""
    makers: dict[str, Make] = {
        OURS: program,
        NUMPY: plain,
        BUFFERS: buffered,
        JAX: jax_jit,
        **OTHERS.get(name, {}),
    }
    return Workload(
        f"rerolled-{name.lower().replace(' ', '-')}",
        f"value and gradient of {name}, ours from scalar code; {THREADS}",
        {who: partial(make, name) for who, make in makers.items()},
        TARGETS.get(name, []),
    )


def adds_at_most(limit: float, who: str) -> Callable[[Report], tuple[str, bool | None]]:
    """A judge: a step of `who` takes at most `limit` seconds more than ours."""

    def judge(report: Report) -> tuple[str, bool | None]:
        both = [report.samples.get(name, {}).get(GC_MODES[0]) for name in (who, OURS)]
        if not all(both):
            return "missing", None
        more: Any = median(a - b for a, b in zip(*both, strict=True))  # type: ignore[arg-type]
        return f"{seconds(more)} more", more <= limit

    return judge


LOOP, LISTS = "training loop", "training loop, lists"

TRAINING = Workload(
    "rerolled-loop",
    f"moons, a step of gradient descent: the program on one vector, and the plain loop on 337 Values; {THREADS}",
    {OURS: training.sgd_on_theta, LOOP: training.loop_on_values, LISTS: training.loop_on_lists},
    [Target("the plain training loop adds at most 100 us a step at 337 parameters", adds_at_most(100e-6, LOOP))],
)

ADAM = Workload(
    "rerolled-adam",
    f"microgpt, a training step with Adam on 4,192 parameters; {THREADS}",
    {
        OURS: training.adam_ours,
        NUMPY: training.adam_plain,
        BUFFERS: training.adam_buffered,
        JAX: training.adam_jax,
        FUSED: training.adam_torch,
    },
    [at_most(1.5, "microgpt with Adam", NUMPY), ahead("microgpt with Adam", [JAX, FUSED])],
)

LIFTED, SCALAR = "trace and lift", "scalar step"

LIFTING = Workload(
    "rerolled-lift",
    "moons, 65,818 nodes with their constants: rolling the scalar graph up, and a step of the scalar graph itself",
    {LIFTED: lifting.trace_and_lift, "first call": lifting.first_call, SCALAR: lifting.scalar_step},
    [Target("tracing and lifting take at most two scalar steps", times_as_fast(LIFTED, [SCALAR], 0.5, GC_MODES))],
    ours=LIFTED,
)

SIZES = lifting.SizesWorkload(
    "rerolled-sizes",
    "the first call of moons against the number of nodes",
    {},
    [
        Target("a million nodes in at most 30 s and 1.5 GB", lifting.within(30, 1.5e9)),
        Target("near linear", lifting.near_linear),
    ],
)

REROLLED: list[Workload] = [*map(workload, PLAIN), TRAINING, ADAM, LIFTING, SIZES]
