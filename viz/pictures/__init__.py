"""Graphs as pictures: colours, boxes, arrows, legends, and Graphviz' own `Digraph`."""
