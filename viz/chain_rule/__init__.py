"""The chain rule written out: every path from an input to the root, and their sum."""
