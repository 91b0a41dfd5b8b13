"""The frames of the modules that are generated: for NumPy, JAX and PyTorch."""

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
    return forward({given})[0]
'''
BACKWARD = """

@np.errstate(all="ignore")
def value_and_grad({arguments}):
    {result} = forward({given})
    # --- backward pass ---
{backward}
    return {value}, {gradient}
"""

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
