"""Speed and memory of autograd_lite beside its peers, measured in one run: ``python -m benchmarks``.

Importing this package sets the thread pools of BLAS and OpenMP to one thread, which only works before NumPy is
imported; every contestant then computes on one core.
"""

import os

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

for _variable in THREAD_VARIABLES:
    os.environ[_variable] = "1"
