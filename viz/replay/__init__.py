"""Both passes step by step: in words, and as pictures of one layout."""
