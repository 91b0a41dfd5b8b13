"""One call of a function, as a graph of scalars."""
