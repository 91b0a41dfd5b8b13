"""The frames of the modules that are generated: for NumPy, JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MEMORY = "# --- constants and memory, made once ---"

FORWARD = '''"""{title}"""

{imports}
{memory}
{static}

# --- forward pass ---
def forward({arguments}):
{forward}
    return {result}


@np.errstate(all="ignore")
def value({arguments}):
    return forward({given}){first}
'''
BACKWARD = """

@np.errstate(all="ignore")
def value_and_grad({arguments}):
    {result} = forward({given})
    # --- backward pass ---
{backward}
    return {value}, {gradient}
"""
GUARD_BROKEN = '''class GuardBroken(Exception):
    """A comparison came out otherwise than when it was traced."""'''


CHECKED = """def checked(name, x, shape):
    x = np.asarray(x, float)
    if x.shape != shape:
        raise ValueError(f"{name} has shape {x.shape}; this program was made for the shape {shape}")
    return x"""

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each argument of a program."""


def standing_alone(text: str, shapes: Shapes, has_guards: bool, constants: str, functions: Sequence[str]) -> str:
    """The text of a NumPy program as a module that needs nothing else.

    `constants` is the name of the file of long constants beside it, empty if there are none; `functions` is the text of
    those that the program calls.
    """
    brings = [CHECKED, GUARD_BROKEN] if has_guards else [CHECKED]
    if constants:
        brings.append(f"with np.load(Path(__file__).with_name({constants!r})) as file:\n    CONSTANTS = dict(file)")
    head, rest = text.split(MEMORY, 1)
    if constants:
        head = head.replace("import numpy", "from pathlib import Path\n\nimport numpy", 1)
    checks = "".join(f"    {name} = checked({name!r}, {name}, {shape})\n" for name, shape in shapes.items())
    for name in ("value", "value_and_grad"):
        signature = f"def {name}({', '.join(shapes)}):\n"
        rest = rest.replace(signature, signature + checks)
    return "\n\n".join([head.rstrip("\n"), *brings, *functions]) + "\n\n" + MEMORY + rest


JAX = '''"""Value and gradient for JAX: pure functions, for jax.jit. Made by autograd_lite."""

from math import inf, nan

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)  # float64, as in NumPy
{constants}

def checked(name, x, shape):
    if jnp.shape(x) != shape:
        raise ValueError(f"{{name}} has shape {{jnp.shape(x)}}; this program was made for the shape {{shape}}")


@jax.jit
def value_and_grad({arguments}):
{lines}
    return {value}, {gradient}


@jax.jit
def value({arguments}):
    return value_and_grad({arguments})[0]  # jit leaves out what is not needed
'''
TORCH = '''"""Value and gradient for PyTorch, on tensors of float64. Made by autograd_lite."""

from math import inf, nan

import torch

{constants}

def checked(name, x, shape):
    found = tuple(torch.as_tensor(x).shape)
    if found != shape:
        raise ValueError(f"{{name}} has shape {{found}}; this program was made for the shape {{shape}}")


@torch.no_grad()
def value_and_grad({arguments}):
{lines}
    return {value}, {gradient}


def value({arguments}):
    return value_and_grad({arguments})[0]
'''
