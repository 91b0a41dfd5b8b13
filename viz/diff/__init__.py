"""Two passes, or two training steps, on one picture."""
