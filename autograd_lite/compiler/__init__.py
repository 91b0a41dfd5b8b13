"""The compiler: a function of scalars and loops in, a straight-line NumPy program out, forward and backward.

The rooms in the order of the passes: `tracing`, `rolling`, `idioms`, `programs`; `front` is what users call.
"""
