"""From a graph of arrays to a straight-line NumPy program, forward and backward."""
