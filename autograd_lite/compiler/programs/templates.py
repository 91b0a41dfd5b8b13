"""The frames of the modules that are generated: for NumPy, JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

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


def standing_alone(text: str, has_guards: bool, constants: str, functions: Sequence[str]) -> str:
    """The text of a NumPy program as a module that needs nothing else.

    `constants` is the name of the file of long constants beside it, empty if there are none; `functions` is the text of
    those that the program calls.
    """
    brings = [GUARD_BROKEN] if has_guards else []
    if constants:
        brings.append(f"with np.load(Path(__file__).with_name({constants!r})) as file:\n    CONSTANTS = dict(file)")
    head, rest = text.split(MEMORY, 1)
    if constants:
        head = head.replace("import numpy", "from pathlib import Path\n\nimport numpy", 1)
    return "\n\n".join([head.rstrip("\n"), *brings, *functions]) + "\n\n" + MEMORY + rest


JAX = '''"""Value and gradient for JAX: pure functions, for jax.jit. Made by autograd_lite."""

from math import inf, nan

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)  # float64, as in NumPy
{constants}

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

@torch.no_grad()
def value_and_grad({arguments}):
{lines}
    return {value}, {gradient}


def value({arguments}):
    return value_and_grad({arguments})[0]
'''
