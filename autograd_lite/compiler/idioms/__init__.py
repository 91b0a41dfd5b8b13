"""Simplifications of a graph of arrays, as the study notes make them."""
