"""One HTML file to look at a graph in a browser."""
