"""Graphs as text, for a terminal."""
