"""The flow of gradients: through one graph, and through the layers over a training run."""
