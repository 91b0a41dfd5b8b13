"""What is drawn: a graph at one moment, and what makes it smaller or clearer."""
