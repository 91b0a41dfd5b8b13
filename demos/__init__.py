"""Short programs that each tell one story and end with a picture: ``python -m demos`` lists them."""
