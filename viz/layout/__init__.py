"""Where things stand: `dot` in a process of its own, and our own layout by rank."""
