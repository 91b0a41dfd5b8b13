"""Numbers, names, expressions and derivatives in words: as text, in DOT, in LaTeX."""
