"""The compiler: a function of scalars and loops in, a straight-line NumPy program out, forward and backward."""
