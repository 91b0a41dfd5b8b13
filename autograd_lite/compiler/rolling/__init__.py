"""From the graph of scalars to a graph of arrays."""
